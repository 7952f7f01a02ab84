"""Columns in units of their own, so that arithmetic on them neither overflows, vanishes nor drowns in an offset."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mibench.interface import Array

Exponents = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Units:
    """For each column a zero, its median, and a unit, the power of two just above the farthest value's distance.

    The median is one of the values, so near it differences are exact; an outlier does not move it. Powers of two are
    exact. A constant column becomes exact zeros.
    """

    coarse: Exponents
    centre: Array
    fine: Exponents

    def measure(self, z: Array) -> Array:
        """Values in these units, between -1 and 1 for the sample they were chosen for."""
        return np.asarray(np.ldexp(np.ldexp(z, self.coarse) - self.centre, self.fine))

    def restore(self, measured: Array) -> Array:
        """Back to the size they had; the zero stays the median."""
        return np.asarray(np.ldexp(measured, -(self.coarse + self.fine)))

    @property
    def rounding(self) -> Array:
        """In these units, how far the sample's values may lie from those they were rounded from."""
        return np.asarray(np.ldexp(np.finfo(np.float64).eps / 2, self.fine))


def own_units(sample: Array) -> Units:
    """The units of each column of `(n, dim)`, at any offset and scale."""
    coarse = -np.frexp(np.abs(sample).max(axis=0))[1]
    z = np.ldexp(sample, coarse)
    middle = len(z) // 2
    centre = np.partition(z, middle, axis=0)[middle]
    return Units(coarse, centre, -np.frexp(np.abs(z - centre).max(axis=0))[1])


def deviation(measured: Array) -> Array:
    """Standard deviation of each column, 1 for a constant one; of values in their own units."""
    sd = measured.std(axis=0)
    return np.where(sd > 0, sd, 1.0)
