"""A small picture of a task's sample: what an estimator is given."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from mibench.interface import Array


def sample(x: Array, y: Array, title: str, path: Path) -> Path:
    """Scatter of the most correlated pair of coordinates, or the first pictures where rows are pictures."""
    side = round(x.shape[1] ** 0.5)
    if side >= 8 and side * side == x.shape[1]:
        figure = _pictures(x, y, side, title)
    else:
        figure = _scatter(x, y, title)
    figure.savefig(path, dpi=150)
    return path


def _scatter(x: Array, y: Array, title: str) -> Figure:
    figure = Figure(figsize=(3.6, 3.4), layout="constrained")
    axes = figure.subplots()
    rank_x, rank_y = _ranks(x), _ranks(y)
    i, j = np.unravel_index(np.argmax(np.abs(rank_x.T @ rank_y)), (x.shape[1], y.shape[1]))
    axes.plot(x[:, i], y[:, j], ".", markersize=3, alpha=0.5, color="#1f4e79", markeredgewidth=0)
    axes.set_xlabel(f"x{i} of {x.shape[1]}")
    axes.set_ylabel(f"y{j} of {y.shape[1]}")
    axes.set_title(title, fontsize=8)
    return figure


def _ranks(z: Array) -> Array:
    """Ranks in each column, equal values alike, with mean 0 and norm 1; a column of one value is 0."""
    ranks = np.column_stack([np.unique(column, return_inverse=True)[1] for column in z.T]).astype(float)
    ranks -= ranks.mean(axis=0)
    norm = np.linalg.norm(ranks, axis=0)
    return ranks / np.where(norm > 0, norm, 1)


def _pictures(x: Array, y: Array, side: int, title: str) -> Figure:
    figure = Figure(figsize=(5.2, 2.6), layout="constrained")
    grid = figure.subplots(2, 6)
    for column in range(6):
        for row, pictures in enumerate((x, y)):
            axes = grid[row][column]
            axes.set(xticks=[], yticks=[])
            if column < len(pictures):
                shape = (-1, side) if pictures.shape[1] % side == 0 else (1, -1)
                axes.imshow(pictures[column].reshape(shape), cmap="gray_r", aspect="equal")
    figure.suptitle(f"{title}\n(above: x, below: y)", fontsize=8)
    return figure
