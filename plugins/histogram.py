"""Equiprobable bins (Fraser & Swinney 1986): the oldest estimator for continuous data, to teach against."""

from dataclasses import dataclass

import numpy as np

from mibench import Estimate, counts, hookimpl
from mibench.interface import paired


@dataclass(frozen=True)
class Histogram:
    """Σ p log p / p_x p_y over boxes, each column cut into `bins` parts that hold equally many of its values.

    Bins lose what happens within one, and the table is too large by about (cells of x − 1)(cells of y − 1) / 2n: of
    `correction`, "miller-madow" takes that off and "none" leaves it; few bins err by the one, many by the other. A bin
    that ties fall on holds more than its share. Boxes grow as bins to the number of columns, and above n of them it is
    refused: 1000 rows allow 2 + 1 columns. To show why one needs something else; the value is at most the log of the
    boxes of the smaller side, 2.3 nats of one column. It takes milliseconds.
    """

    bins: int = 10
    correction: str = "miller-madow"

    direction = "none"
    approach = "table"
    year = 1986

    def refuses(self, n, dim_x, dim_y):
        boxes = self.bins ** (dim_x + dim_y)
        if boxes > n:
            many = f"{self.bins}^{dim_x + dim_y}" if boxes > 10**6 else str(boxes)
            return f"{self.bins} bins in each of {dim_x} + {dim_y} columns are {many} boxes, more than n={n} samples"
        return None

    def estimate(self, x, y):
        x, y = paired(x, y)
        if self.bins < 2:
            raise ValueError(f"bins={self.bins} must be at least 2")
        if reason := self.refuses(len(x), x.shape[1], y.shape[1]):
            raise ValueError(reason)
        value, error, _ = counts.information(self.binned(x), self.binned(y), self.correction)
        return Estimate(value, std=error)

    def binned(self, z):
        """The number of the bin of each value: how many inner edges, sample values themselves, lie at or below it."""
        edges = np.sort(z, axis=0)[len(z) * np.arange(1, self.bins) // self.bins]
        return np.column_stack([np.searchsorted(*pair, "right") for pair in zip(edges.T, z.T, strict=True)])


@hookimpl
def mibench_estimators():
    return {"histogram": Histogram()}
