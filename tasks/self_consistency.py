"""The self-consistency tests of Song & Ermon 2020 (arXiv:1910.06222), on handwritten digits.

rows-r: a picture X against its first r rows Y_r. blank: rows of another picture, I = 0. twice-r: [X, X] against
[Y_r, Y_r−1], which tells no more: I(rows-r). pair-r: two pictures against both their rows: 2 I(rows-r).
Without a known truth an estimator is judged by the ratios alone; `mibench.findings.consistency` makes that table.
"""

from mibench import hookimpl
from mibench.distributions.digits import SIDES, FirstRows
from mibench.distributions.draws import Copies, Independent, Repeated


@hookimpl
def mibench_tasks():
    side = SIDES["digits"]
    points = {"blank": Independent(FirstRows(side))}
    for r in (2, 3, 4, 8):
        rows = FirstRows(r)
        points[f"rows-{r}"] = rows
        points[f"twice-{r}"] = Repeated(rows, side * (r - 1))
        points[f"pair-{r}"] = Copies(rows, 2)
    return {"self-consistency": points}
