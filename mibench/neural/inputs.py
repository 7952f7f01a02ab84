"""What a critic is given of each side: its scaled coordinates, and beside them what `inputs` adds."""

import numpy as np
import torch
from torch import Tensor

from mibench.interface import Array
from mibench.neural.bound import Bound
from mibench.neural.company import one_thread
from mibench.neural.critics import one_of
from mibench.neural.limits import added
from mibench.neural.scaling import SCALINGS, Scale, Single


def fitted(settings: Bound, x: Array, y: Array) -> tuple[Scale, Scale]:
    """The maps of x and of y to what a critic is given of them, fitted on these pairs."""
    fit_scale = one_of(SCALINGS, settings.scaling, "scaling")
    scale_x, scale_y = fit_scale(x), fit_scale(y)
    of_x, of_y = added(settings, x.shape[1], y.shape[1])
    if not of_x + of_y:
        return scale_x, scale_y
    scaled_x, scaled_y = scale_x(x), scale_y(y)
    directions = leading(scaled_x, scaled_y, max(of_x, of_y) - 1)
    return (
        beside(scale_x, scaled_x, directions[0][:, : of_x - 1]) if of_x else scale_x,
        beside(scale_y, scaled_y, directions[1][:, : of_y - 1]) if of_y else scale_y,
    )


def beside(scale: Scale, fit: Single, directions: Array) -> Scale:
    """The scaled coordinates z, and beside them |z|² and zᵀ`directions`, of mean 0 and variance 1 over `fit`."""

    def more(z: Single) -> Array:
        wide = np.float64(z)
        with one_thread():
            along = torch.from_numpy(wide) @ torch.from_numpy(directions)
        return np.column_stack([np.square(wide).sum(axis=1), along.numpy()])

    found = more(fit)
    mean, sd = found.mean(axis=0), found.std(axis=0)
    sd[sd == 0] = 1

    def scaled(z: Array) -> Single:
        with np.errstate(over="ignore"):
            own = scale(z)
            return np.hstack([own, np.float32((more(own) - mean) / sd)])

    return scaled


def leading(x: Single, y: Single, count: int) -> tuple[Array, Array]:
    """The directions `(dim, count)` along which the two sides correlate most: leading canonical variates.

    The covariances of x and of y are moved towards a multiple of the identity by dim / (n + dim), so that there are
    such directions in any dimension, and those that rest on few rows count less.
    """
    if not count:
        return np.empty((x.shape[1], 0)), np.empty((y.shape[1], 0))
    with one_thread():
        centred = [torch.from_numpy(z).double() for z in (x, y)]
        centred = [z - z.mean(0) for z in centred]
        whitening = [_whitening(z) for z in centred]
        left, _, right = torch.linalg.svd(whitening[0] @ (centred[0].T @ centred[1]) @ whitening[1])
        return (whitening[0] @ left[:, :count]).numpy(), (whitening[1] @ right.T[:, :count]).numpy()


def _whitening(centred: Tensor) -> Tensor:
    """The inverse root of the shrunk covariance."""
    n, dim = centred.shape
    variances, axes = torch.linalg.eigh(centred.T @ centred / n)
    share = dim / (n + dim)
    shrunk = (1 - share) * variances.clamp(min=0) + share * (float(variances.mean()) or 1.0)
    found: Tensor = (axes / shrunk.sqrt()) @ axes.T
    return found
