"""Maps of each coordinate to float32, fitted on the training part."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch

from mibench.interface import Array

Single = npt.NDArray[np.float32]
Scale = Callable[[Array], Single]


def normal_scores(train: Array) -> Scale:
    """Each coordinate to Φ⁻¹(its mid-rank among the training values).

    Monotone, so the mutual information stays, but for what ranks round away: values between the same two training
    values become one, which costs nothing of a discrete coordinate and little of a continuous one.
    """
    ordered = np.sort(train, axis=0)

    def scale(z: Array) -> Single:
        position = np.empty(z.shape)
        for k, column in enumerate(ordered.T):
            below, upto = np.searchsorted(column, z[:, k], "left"), np.searchsorted(column, z[:, k], "right")
            position[:, k] = (below + upto + 1) / (2 * (len(column) + 1))
        return np.asarray(torch.special.ndtri(torch.from_numpy(position)).numpy(), np.float32)

    return scale


def standard(train: Array) -> Scale:
    """Each coordinate to mean 0 and standard deviation 1 over the training values; a constant one to 0.

    Units are taken off first, as a power of two, so that nothing overflows or vanishes on the way; then the mean, and
    then that of what is left, because the mean of values far from 0 is itself rounded.
    """
    constant, exponent = train.max(axis=0) == train.min(axis=0), np.frexp(np.abs(train).max(axis=0))[1]
    without_units = np.ldexp(train, -exponent)
    mean = without_units.mean(axis=0)
    rest = (without_units - mean).mean(axis=0)
    sd = np.where(constant, 1, (without_units - mean - rest).std(axis=0))

    def scale(z: Array) -> Single:
        with np.errstate(over="ignore"):
            scaled = (np.ldexp(z, -exponent) - mean - rest) / sd
            return np.where(constant & (z == train[0]), 0, scaled).astype(np.float32)

    return scale


def unscaled(train: Array) -> Scale:
    """The values as they are; a ValueError where float32 cannot tell them apart."""

    def scale(z: Array) -> Single:
        with np.errstate(over="ignore"):
            return z.astype(np.float32)

    for column, rounded in zip(train.T, scale(train).T, strict=True):
        if np.isfinite(rounded).all() and len(np.unique(rounded)) < len(np.unique(column)) / 2:
            raise ValueError(
                f"scaling=none gives critics values as float32, where many of {column.min():.9g} to {column.max():.9g} "
                "become one: set scaling=rank or scaling=standard"
            )
    return scale


SCALINGS: dict[str, Callable[[Array], Scale]] = {"rank": normal_scores, "standard": standard, "none": unscaled}


def held_by_float32(scaled: Single, scaling: str) -> Single:
    """The values; a ValueError if there are any that float32 cannot hold."""
    if not np.isfinite(scaled).all():
        raise ValueError(f"scaling={scaling} leaves values beyond float32, above 3e38: set scaling=rank")
    return scaled
