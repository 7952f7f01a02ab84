"""Which true values fit the sample: the calibration as it is asked of a sample, and what it says in words."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from mibench.calibration import Ask, Calibrated, calibrate, refusal
from mibench.interface import Array
from mibench.owndata import cautions, columns
from mibench.owndata.lines import UNITS
from mibench.owndata.panel import Asked
from mibench.owndata.sample import Sample
from mibench.tables.numbers import number


def refused(sample: Sample) -> str | None:
    """Why the sample cannot be calibrated."""
    if sample.series:
        return "--calibrate pairs rows anew, which rows that depend on earlier ones do not allow: leave out --series"
    if said := refusal(sample.n, len(sample.every)):
        return f"--calibrate: {said}"
    return None


def steps(sample: Sample, panel: Sequence[Asked], seed: int, threads: int) -> Iterator[tuple[Calibrated | None, float]]:
    """The calibration once it is whole, and the seconds left; estimators that are trained are not shown the bank."""
    asked = []
    for one in panel:
        x, y = one.arrays(sample)
        if not one.trained and one.refusal(x, y) is None:
            asked.append(Ask(one.label, x, y, _values(one, seed)))
    x, y = columns.labels(sample.x), columns.labels(sample.y)
    yield from calibrate(x, y, seed, asked, limit=cautions.limit(sample), threads=threads)


def _values(asked: Asked, seed: int) -> Callable[[Iterable[tuple[Array, Array]]], list[float]]:
    return lambda pairs: [float(found.value) for found in asked.estimates(pairs, seed)]


def words(found: Calibrated, unit: str) -> str:
    """What it comes to: the values that fit, what is assumed, which estimator to trust, and how many rows it takes."""

    def said(value: float) -> str:
        return number(value * UNITS[unit])

    low, high = found.interval
    rows = f"{found.rows} rows" if found.rows == found.n else f"{found.rows} of the {found.n} rows, drawn at random,"
    if found.at_least:
        size = f"at least {said(low)} {unit}: the bank ends before what {rows} can tell does"
    else:
        size = f"{said(low)} to {said(high)} {unit} (nominal 90 %), what estimators are wrong by included"
    text = (
        f"Calibrated: true values that fit are {size}. They were read off {found.structures} kinds of dependence whose "
        "information is known, most of them your own rows paired anew. "
    )
    if found.fits:
        text += "That assumes rows that are independent draws, and one of these kinds near the truth. "
    else:
        text += (
            "But nothing in the bank looks like this, so that the interval also holds what ksg alone leaves: its lower "
            "end says most. "
        )
    return text + _trusted(found, said, unit)


def _trusted(found: Calibrated, said: Callable[[float], str], unit: str) -> str:
    best = found.best
    if best is None:
        return "No quick estimator was asked, so none can be compared."
    worst = said(best.worst(found.interval)[0])
    among = f", the best of the {len(found.responses)} quick ones," if len(found.responses) > 1 else ""
    low, high = (said(end) for end in found.alone[best.label])
    text = (
        f"On samples like this {best.label}{among} was off by {worst} {unit} at worst; by its value alone {low} to "
        f"{high} would fit. "
    )
    target = f"an error of {said(found.target)} {unit}"
    if found.needed is None:
        return text + f"More rows alone would hardly bring it to {target}."
    if found.needed <= found.rows:
        return text + f"So many rows are enough for {target}."
    return text + f"For {target} it would take about {found.needed} rows."
