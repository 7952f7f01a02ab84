"""Maps of each coordinate to float32, fitted on the training part, that leave the mutual information as it is."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch

from mibench.interface import Array

Single = npt.NDArray[np.float32]
Scale = Callable[[Array], Single]


def normal_scores(train: Array) -> Scale:
    """Each coordinate to Φ⁻¹(its mid-rank among the training values): monotone, so the mutual information stays."""
    ordered = np.sort(train, axis=0)

    def scale(z: Array) -> Single:
        position = np.empty(z.shape)
        for k, column in enumerate(ordered.T):
            below, upto = np.searchsorted(column, z[:, k], "left"), np.searchsorted(column, z[:, k], "right")
            position[:, k] = (below + upto + 1) / (2 * (len(column) + 1))
        return np.asarray(torch.special.ndtri(torch.from_numpy(position)).numpy(), np.float32)

    return scale


def standard(train: Array) -> Scale:
    """Each coordinate to mean 0 and standard deviation 1 over the training values; a constant one to 0."""
    mean, sd = train.mean(axis=0), train.std(axis=0)
    return lambda z: np.asarray((z - mean) / np.where(sd > 0, sd, 1), np.float32)


SCALINGS: dict[str, Callable[[Array], Scale]] = {
    "rank": normal_scores,
    "standard": standard,
    "none": lambda train: lambda z: z.astype(np.float32),
}
