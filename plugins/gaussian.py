"""Mutual information of the Gaussian with the sample's covariance (Cover & Thomas, Elements of Information Theory)."""

from dataclasses import dataclass, field

import numpy as np

from mibench import Estimate, copulas, hookimpl
from mibench.interface import paired
from mibench.units import own_units

REDUNDANT = "column {column} of %s is a linear function of columns before it: drop it, it adds nothing"
INFINITE = (
    "x and y are linear functions of one another, wholly or in part: the mutual information of continuous data is then "
    "infinite; for discrete data use ksg-mixed"
)
COARSE = 1e-6
"""Rounding by more than so many standard deviations is a property of the data, and hides no exact relation."""


def standardised(z, name):
    """Columns of mean 0 and variance 1, and how far, in standard deviations, rounding may have moved a value."""
    units = own_units(z)
    centred = units.measure(z)
    constant = np.flatnonzero((centred == centred[0]).all(axis=0))
    if len(constant):
        raise ValueError(f"column {constant[0]} of {name} is constant ({z[0, constant[0]]:g}): drop it")
    centred = centred - centred.mean(axis=0)
    sd = np.sqrt((centred**2).mean(axis=0))
    return centred / sd, min((units.rounding / sd).max(), COARSE)


def logdet(triangle, rounding, refusal):
    """log |RᵀR|. The eigenvalues are the squares of R's singular values, so that small ones stay exact.

    The least of them is the variance of the linear combination of columns that varies least. Where rounding explains
    it, the matrix is singular; the refusal then names the column that follows most closely from those before it.
    """
    spread = np.linalg.svd(triangle, compute_uv=False)
    if spread[-1] <= 8 * len(spread) * rounding:
        raise ValueError(refusal.format(column=np.argmin(np.abs(np.diag(triangle)))))
    return 2 * np.log(spread).sum()


@dataclass(frozen=True)
class Gaussian:
    """I(X;Y) = ½ log(|Σx| |Σy| / |Σxy|), exact when X and Y are jointly normal.

    Consistent for normal data, with a bias of about dim_x·dim_y / 2n, which `corrected` takes off exactly (see
    `mibench.copulas.wishart_bias`); elsewhere it sees linear dependence only. A column that is constant, or a linear
    function of the others of its side to within rounding, is an error that names it; so is a y that is a linear
    function of x, where the formula is infinite.
    """

    corrected: bool = field(default=False, metadata={"later": True})

    direction = "none"
    approach = "parametric"

    def refuses(self, n, dim_x, dim_y):
        return copulas.too_few(n, dim_x, dim_y)

    def estimate(self, x, y):
        x, y = paired(x, y)
        if reason := self.refuses(len(x), x.shape[1], y.shape[1]):
            raise ValueError(reason)
        (x, rounding_x), (y, rounding_y) = standardised(x, "x"), standardised(y, "y")
        both = np.linalg.qr(np.hstack([x, y]) / np.sqrt(len(x)), mode="r")  # RᵀR is the correlation matrix
        only_x, only_y = both[: x.shape[1], : x.shape[1]], np.linalg.qr(both[:, x.shape[1] :], mode="r")
        own = logdet(only_x, rounding_x, REDUNDANT % "x") + logdet(only_y, rounding_y, REDUNDANT % "y")
        joint = logdet(both, max(rounding_x, rounding_y), INFINITE)
        bias = copulas.wishart_bias(len(x), x.shape[1], y.shape[1]) if self.corrected else 0.0
        return Estimate(float(own - joint) / 2 - bias)


@hookimpl
def mibench_estimators():
    return {"gaussian": Gaussian()}
