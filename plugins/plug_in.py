"""The plug-in estimator for discrete data: the mutual information of the table of counts (Miller-Madow 1955)."""

from dataclasses import dataclass

from mibench import Estimate, counts, hookimpl
from mibench.interface import paired

ALONE = 0.5
"""Share of cells, among rows, above which the table says more of the number of rows than of the distribution."""


@dataclass(frozen=True)
class PlugIn:
    """Σ p(x,y) log p(x,y) / p(x)p(y) with the sample's frequencies for p; several columns of a side are one value.

    The likeliest value, and too large by about (values of x − 1)(values of y − 1) / 2n. `correction` is "none" or
    "miller-madow", which takes that off, counted from the cells that were seen. For a small number of values on both
    sides; more cells seen than half the rows are an error, for there the value is near log n whatever the truth. For
    continuous data use `ksg`, for a mixture of both `ksg-mixed`. It takes milliseconds.
    """

    correction: str = "none"

    direction = "none"
    panel = {"discrete": {}}
    discrete = True
    approach = "table"
    year = 1955

    def estimate(self, x, y):
        x, y = paired(x, y)
        value, error, cells = counts.information(x, y, self.correction)
        if cells > ALONE * len(x):
            raise ValueError(
                f"{len(x)} rows fall into {cells} cells, so that most are alone in theirs: a table needs values that "
                "repeat; use ksg for continuous data, ksg-mixed for mixed"
            )
        return Estimate(value, std=error)


@hookimpl
def mibench_estimators():
    return {"plug-in": PlugIn()}
