"""A task's sample as a trial sees it, and as a file for other programs: columns x0 …, y0 …, or beside broken pairs."""

from pathlib import Path

import numpy as np

from mibench import trial
from mibench.catalogue import Point
from mibench.errors import UsageError
from mibench.interface import Array


def drawn(point: Point, n: int, seed: int) -> tuple[Array, Array, float]:
    """The sample of n rows that a run's trial sees, and the truth in nats.

    Raises UsageError, with the task's own words, if there is none.
    """
    if point.kind == "application":
        raise UsageError(
            f"{point.sweep}/{point.name} is an application: it trains a model, and has no sample of its own"
        )
    try:
        return *point.task.sample(n, trial.stream(point, n, seed)), float(point.task.mi)
    except Exception as error:  # a task may be anyone's
        said = " ".join(str(error).split()) or type(error).__name__
        raise UsageError(f"no sample of {point.sweep}/{point.name}: {said}") from error


def columns(x: Array, y: Array) -> dict[str, Array]:
    """The joint sample by column name: x0, x1, …, y0, y1, …"""
    return {f"{side}{k}": z[:, k] for side, z in (("x", x), ("y", y)) for k in range(z.shape[1])}


def joint_beside_marginal(x: Array, z: Array, rng: np.random.Generator) -> dict[str, Array]:
    """Columns x, z, x_bar, z_bar: rows of (x, z) are pairs, and in rows of (x_bar, z_bar) no pair is left.

    The broken pairs follow one random cycle through all rows, so none stays by chance, as a plain shuffle leaves one on
    average.
    """
    if len(x) < 2:
        raise ValueError(f"breaking pairs needs two rows or more, and there are {len(x)}")
    order = rng.permutation(len(x))
    sides = {"x": x, "z": z, "x_bar": x[order], "z_bar": z[np.roll(order, 1)]}
    return {f"{side}{k}": values[:, k] for side, values in sides.items() for k in range(values.shape[1])}


def write(path: Path, table: dict[str, Array]) -> None:
    """The columns as CSV with a header, every digit kept, or as NPZ if the name ends so."""
    if path.suffix == ".npz":
        np.savez_compressed(path, **table)  # type: ignore[arg-type]
        return
    if path.suffix != ".csv":
        raise ValueError(f"{path}: write .csv or .npz")
    rows = np.column_stack(list(table.values()))
    np.savetxt(path, rows, fmt="%.17g", delimiter=",", header=",".join(table), comments="")
