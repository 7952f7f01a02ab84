"""What may be wrong with an estimate from own data, and what to do about it."""

import math
from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from mibench.interface import Array
from mibench.owndata.columns import Column
from mibench.owndata.lines import Line
from mibench.owndata.sample import Sample, most_entropy

COPIES = 0.01
"""Share of rows of continuous data that may equal an earlier one."""

ROWS_A_COLUMN = 50
TAIL = 20.0
"""Beyond so many times its middle half's width a value is an outlier to distances."""

ALONE = 30.0
"""A value so many times as far out as any other is a slip more often than a draw."""

DEPENDENT = 0.8
"""Share of rows that counts; below it rows are not as good as independent ones."""

SATURATED = 0.75
"""Share of log n above which n rows may not show all there is."""

FLAGS = {
    "unreliable": "rests on a few pairs: trust its lower end at most, or give more rows",
    "saturated": "is near the most it can say: read it as “at least”",
    "step-cap": "stopped training before it was done: raise steps",
    "collapsed": "learnt nothing, which says nothing of the data: trust the others",
    "repeated-rows": "saw rows that are copies of others: --distinct keeps one of each",
}


def _by_chance(sample: Sample) -> int:
    """Rows that equal an earlier one when the pairs are broken: what the values of the sides themselves bring."""
    x, y = (np.column_stack([one.values for one in side]) for side in (sample.x, sample.y))
    broken = np.hstack([x, np.random.default_rng(0).permutation(y)])
    return 2 * (len(broken) - len(np.unique(broken, axis=0)))


def of_sample(sample: Sample, turned: str = "") -> Iterator[str]:
    """What can be said before anything is estimated; `turned` says why the table looks transposed."""
    if turned:
        yield turned
    if rounded := [one for one in sample.every if one.rounded]:
        worst = max(rounded, key=lambda one: one.ties)
        others = f", as {len(rounded) - 1} more" if len(rounded) > 1 else ""
        noise = "noise of 1e-6 standard deviations breaks them"
        if sample.kind == "rounded":
            noise = "the field noise=1e-6 breaks them, and is set unless said otherwise"
        yield (
            f"{worst.name} is rounded{others}: {worst.distinct} different values in {sample.n} rows. Nearest "
            f"neighbours mistake ties for dependence: {noise}"
        )
    for one in sample.every:
        yield from _of_column(one, sample.series)
    copied = sample.kind in ("continuous", "rounded") and sample.n == sample.of - sample.dropped
    more = sample.repeated - COPIES * sample.of
    if copied and more > 0 and more > _by_chance(sample):
        yield (
            f"{sample.repeated} of {sample.of - sample.dropped} rows equal an earlier one in all columns used, "
            f"the first of them row {sample.first_repeated}. A copy is no further draw, and looks like dependence: "
            "--distinct keeps one of each"
        )
    width = sum(max(1, len(one.levels)) for one in sample.every)
    if sample.n < ROWS_A_COLUMN * width:
        yield (
            f"{sample.n} rows are few for {width} columns: nearest neighbours then come out too low and critics learn "
            f"little. Take fewer columns, or {ROWS_A_COLUMN * width} rows and more"
        )
    left = effective(sample)
    if not sample.series and left < DEPENDENT * sample.n:
        yield (
            "rows are like their neighbours. If the table was sorted, that harms nothing; if rows are in the order of "
            f"time, {sample.n} count as about {left:.0f} independent ones, and p is too small: say --series"
        )


def _of_column(one: Column, series: bool) -> Iterator[str]:
    """What may be wrong with one column's values."""
    slip = None if one.levels else outlier(one.values)
    if slip is not None:
        rows = int((one.values == slip).sum())
        yield (
            f"{one.name} is {slip:.6g} in {rows} row{'s' * (rows > 1)}, far from all others. If that is a slip, or "
            "stands for no value, correct it or leave the cell empty; estimators that take ranks hardly mind it, "
            "others may see nothing else"
        )
    elif len(one.atoms):
        share = np.isin(one.values, one.atoms).mean()
        named = " or ".join(f"{value:.6g}" for value in sorted(one.atoms))
        yield (
            f"{one.name} is {named} in {share:.0%} of the rows, and many numbers in others: estimators of mixed data "
            "take that for a class of its own. If it stands for no value, leave those cells empty"
        )
    steps = np.diff(one.values)
    if not one.levels and not series and np.allclose(steps, steps[0], rtol=1e-6, atol=0):
        yield (
            f"{one.name} counts the rows: an estimate then says whether there is a trend along the table, and p is "
            "right only if rows would be independent without one"
        )


def outlier(values: Array) -> float | None:
    """The value that lies `ALONE` times as far from the middle as any other, if there is one."""
    far = np.abs(values - np.median(values))
    most = far.max()
    rest = far[values != values[far.argmax()]]
    low, high = np.quantile(values, [0.25, 0.75])
    lonely = len(rest) and most > ALONE * rest.max() > 0 and most > TAIL * (high - low)
    return float(values[far.argmax()]) if lonely else None


def of_lines(sample: Sample, lines: Sequence[Line]) -> Iterator[str]:
    """What can be said of the estimates."""
    good = [line for line in lines if line.status == "ok"]
    for line in good:
        yield from _of_line(sample, line)
    for one, other in combinations(good, 2):
        if said := _apart(one, other):
            yield said
            break


def _of_line(sample: Sample, line: Line) -> Iterator[str]:
    assert line.estimate is not None
    value, label = line.estimate.value, line.asked.label
    for flag in line.estimate.flags:
        if flag in FLAGS:
            yield f"{label} {FLAGS[flag]}"
    if value > SATURATED * math.log(sample.n) and line.asked.direction != "upper":
        yield (
            f"{label} says {value:.2f} nats, and {sample.n} rows can hardly show more than log n = "
            f"{math.log(sample.n):.2f}: read it as “at least”, or look whether one side is computed from the other"
        )
    spread = line.spread
    if spread is not None and spread.drift is not None and abs(spread.drift) > max(2 * spread.sd, 0.02):
        way = "rises" if spread.drift < 0 else "falls"
        yield (
            f"{label} still {way} with the number of rows, from {spread.means[-1]:.3f} nats at n = {spread.sizes[-1]} "
            f"to {value:.3f} at {sample.n}: it is too {'low' if spread.drift < 0 else 'high'} by "
            f"about {abs(spread.drift):.2f}. Take fewer columns or more rows"
        )
    scaling = getattr(line.asked.choice.estimator, "scaling", "rank") if not line.asked.trained else "rank"
    if scaling != "rank" and (
        tails := [one.name for one in sample.every if not one.levels and tail(one.values) > TAIL]
    ):
        yield f"{tails[0]} has heavy tails, which distances are lost in: {line.asked.choice.name}:scaling=rank"
    if (most := limit(sample)) is not None and value > most:
        yield f"{label} says more than the {most:.3f} nats that the discrete side holds at all: it is too high"


def _apart(one: Line, other: Line) -> str:
    """Estimates whose intervals share nothing. A lower bound may be below one that is none."""
    if one.interval is None or other.interval is None:
        return ""
    low, high = sorted((one, other), key=lambda line: line.value or 0.0)
    assert low.interval is not None
    assert high.interval is not None
    if low.interval[1] >= high.interval[0] or (low.asked.direction == "lower" != high.asked.direction):
        return ""
    why = (
        "a held-out lower bound seldom is too high" if high.asked.direction == "lower" else "no interval holds its bias"
    )
    return (
        f"{low.asked.label} and {high.asked.label} differ by more than their intervals, and {why}. Believe neither "
        "alone: look at how each moves with the number of rows, and at the warnings about it"
    )


def limit(sample: Sample) -> float | None:
    """Nats that the discrete side of less entropy may hold: no information is larger."""
    return min((h for side in (sample.x, sample.y) if (h := most_entropy(side)) is not None), default=None)


def tail(values: Array) -> float:
    """How far out the farthest value is, in widths of the middle half."""
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return float(np.abs(values - middle).max() / (high - low)) if high > low else 0.0


def effective(sample: Sample) -> float:
    """How many independent rows count as much: n / (1 + 2 Σ ρ_x(h) ρ_y(h)), of ranks, over lags that stand out.

    Bartlett, J. R. Statist. Soc. 98, 536 (1935). Of several columns a side, the most dependent count.
    """
    n = sample.n
    lags = min(n // 4, 200)
    rho_x, rho_y = (
        np.max([autocorrelation(one.values, lags) for one in side], axis=0) for side in (sample.x, sample.y)
    )
    noise = 3 / math.sqrt(n)
    quiet = np.flatnonzero((rho_x < noise) | (rho_y < noise))
    upto = quiet[0] if len(quiet) else lags
    return float(n / (1 + 2 * (rho_x[:upto] * rho_y[:upto]).sum()))


def autocorrelation(values: Array, lags: int) -> Array:
    """Of the ranks of a column in the order of its rows, at lags 1, 2, …"""
    ranks = np.unique(values, return_inverse=True)[1].astype(float)
    ranks -= ranks.mean()
    size = 1 << (2 * len(ranks) - 1).bit_length()
    power = np.abs(np.fft.rfft(ranks, size)) ** 2
    found = np.fft.irfft(power, size)[: lags + 1]
    return np.asarray(found[1:] / found[0])


def transposed(rows: int, columns: int, who: str) -> str:
    """Why a table looks transposed, if it does."""
    if rows >= columns or not rows:
        return ""
    return f"{who} has {rows} rows and {columns} columns: if rows are variables and columns draws, transpose it"
