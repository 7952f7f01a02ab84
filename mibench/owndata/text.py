"""The findings as a page of text, for someone who knows no estimator."""

import math
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mibench.owndata import calibration
from mibench.owndata.lines import UNITS
from mibench.owndata.permutations import LEVEL
from mibench.owndata.sample import Sample
from mibench.tables.numbers import number, p_value

if TYPE_CHECKING:
    from mibench.owndata.findings import Findings
    from mibench.owndata.pairs import Matrix

WIDTH = 100
MOST_COLUMNS = 12
"""Columns of a side that are told one by one."""
BOUNDS = {"lower": "≥", "upper": "≤", "none": ""}


def page(found: "Findings") -> str:
    """Layout, estimates, an answer in words, and warnings."""
    blocks = [layout(found), table(found), answer(found), fitting(found), told(found.warnings)]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def layout(found: "Findings | Matrix") -> list[str]:
    """How the table was understood."""
    sample = found.sample
    facts = [f"{found.source}: {sample.n} rows", *found.said]
    if sample.dropped:
        facts.append(f"{sample.dropped} of {sample.of} rows left out, where {sample.first_dropped}")
    if sample.lag:
        facts.append(f"each y stands {sample.lag} rows behind its x")
    if sample.groups is not None:
        facts.append(f"{len(set(sample.groups.tolist()))} groups")
    if found.left_out:
        facts.append(f"{found.left_out} other column{'s' * (found.left_out > 1)} not used")
    lines = wrapped("; ".join(facts))
    shown = [
        (side, one.name, one.kind, f"{one.distinct} values", f"first: {one.shown(0)}")
        for side, columns in (("x", sample.x), ("y", sample.y))
        for one in columns[:MOST_COLUMNS]
    ]
    rows = aligned([[cut(cell) for cell in row] for row in shown])
    for side, columns in (("x", sample.x), ("y", sample.y)):
        if len(columns) > MOST_COLUMNS:
            rows.append(f"  {side}  … and {len(columns) - MOST_COLUMNS} more, to {columns[-1].name}")
    return lines + sorted(rows, key=lambda row: row[2])


def table(found: "Findings") -> list[str]:
    """A line for each estimator."""
    unit = UNITS[found.unit]
    tested = any(line.null for line in found.lines)
    rows = [["estimator", found.unit, "95 % interval", *(["p"] if tested else []), ""]]
    for line in found.lines:
        if line.value is None:
            rows.append([line.asked.label, "n/a", "", *([""] if tested else []), cut(line.reason, 200)])
            continue
        low, high = line.interval or (math.nan, math.nan)
        interval = "none" if math.isnan(low) else f"{number(low * unit)} to {number(high * unit)}"
        p = [p_value(line.p, LEVEL) if line.p is not None else "–"] if tested else []
        sign = BOUNDS[line.asked.direction]
        flags = ", ".join(line.estimate.flags) if line.estimate else ""
        rows.append([line.asked.label, f"{sign} {number(line.value * unit)}".strip(), interval, *p, flags])
    return [*aligned(rows, under=True), "", *list(_notes(found))]


def _notes(found: "Findings") -> Iterator[str]:
    good = [line for line in found.lines if line.value is not None]
    if any(line.asked.direction == "lower" for line in good):
        yield from wrapped("≥ a lower bound, on rows that training did not see: the truth is likely this or more")
    for how in dict.fromkeys(line.spread.how for line in good if line.spread):
        of = [line for line in good if line.spread and line.spread.how == how]
        spread = of[0].spread
        assert spread is not None
        yield from wrapped(
            f"interval of {', '.join(line.asked.label for line in of)}: where its own mean over such samples lies, "
            f"from {how}"
            + (f"; its width is known to within {spread.relative_error:.0%}" if spread.relative_error else "")
        )
    for why in dict.fromkeys(line.no_spread for line in good if line.no_spread):
        of = [line for line in good if line.no_spread == why]
        yield from wrapped(f"no interval of {', '.join(line.asked.label for line in of)}: {why}")
    for why in dict.fromkeys(line.no_test for line in good if line.no_test):
        yield from wrapped(f"no test: {why}")
    if counts := {len(line.null) for line in good if line.null}:
        yield from wrapped(
            f"p: how often {max(counts)} samples whose pairs were broken {_how_broken(found.sample)} say as much"
        )


def _how_broken(sample: Sample) -> str:
    within = " within their groups" if sample.groups is not None else ""
    return f"by turning y in time{within}" if sample.series else f"by shuffling y{within}"


def answer(found: "Findings") -> list[str]:
    """What it comes to, in words."""
    good = [line for line in found.lines if line.status == "ok" and line.value is not None]
    if not good:
        return []
    if found.interrupted:
        return ["Interrupted: what was done by then is above."]
    x, y = (_named([one.name for one in side]) for side in (found.sample.x, found.sample.y))
    tested = [line for line in good if line.p is not None]
    least = min((line.p for line in tested if line.p is not None), default=None)
    values = [value for line in good if (value := line.value) is not None]
    low, high = min(values), max(values)
    unit = UNITS[found.unit]
    size = number(low * unit) if len(good) == 1 else f"{number(low * unit)} to {number(high * unit)}"
    if least is not None and least <= LEVEL < least * len(tested):
        said = (
            f"Whether {x} and {y} depend on each other is not settled: the least p of {len(tested)} estimators is "
            f"{p_value(least, LEVEL)}, which one of them comes to by chance too easily. Ask one of them alone, chosen "
            f"beforehand. {_estimates(len(good)).capitalize()} {size} {found.unit}."
        )
    elif least is not None and least > LEVEL:
        said = (
            f"No dependence of {x} and {y} is shown (p = {p_value(least, LEVEL)}): estimates of {size} {found.unit} "
            "come from samples without any just as well. That is no proof that there is none."
        )
    else:
        sure = f" (p = {p_value(least, LEVEL)})" if least is not None else ""
        said = f"{x} and {y} depend on each other{sure}" if sure else f"Of {x} and {y}"
        said += f"{':' if sure else ','} {_estimates(len(good))} {size} {found.unit}{_like(low, high, found.sample)}."
    return wrapped(said)


def fitting(found: "Findings") -> list[str]:
    """Which true values fit, where that was asked."""
    return [] if found.calibrated is None else wrapped(calibration.words(found.calibrated, found.unit))


def _estimates(count: int) -> str:
    return "the estimate is" if count == 1 else "the estimates are"


def _like(low: float, high: float, sample: Sample) -> str:
    """The correlation of a normal pair that has as much."""
    if sample.kind == "discrete" or high <= 0:
        return ""
    ends = [math.sqrt(-math.expm1(-2 * max(value, 0.0))) for value in (low, high)]
    said = f"{ends[0]:.2f}" if f"{ends[0]:.2f}" == f"{ends[1]:.2f}" else f"{ends[0]:.2f} to {ends[1]:.2f}"
    return f", as much as of a normal pair with a correlation of {said}"


def _named(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 3 else f"{names[0]}, … {names[-1]} ({len(names)} columns)"


def told(warnings: Sequence[str]) -> list[str]:
    """Each warning from a line of its own on."""
    return [line for said in warnings for line in wrapped(f"! {said}", "  ")]


def wrapped(text: str, indent: str = "") -> list[str]:
    """The text in lines of at most `WIDTH`."""
    return textwrap.wrap(text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def cut(text: str, most: int = 40) -> str:
    """The beginning of what is too long."""
    return text if len(text) <= most else text[: most - 1] + "…"


def aligned(rows: Sequence[Sequence[str]], under: bool = False) -> list[str]:
    """The rows with two blanks between columns that are as wide as their widest cell; a line under the first."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    if under:
        last = widths[-1] and max(len(rows[0][-1]), 1)
        lines.insert(1, "  ".join("─" * width for width in [*widths[:-1], last] if width))
        return lines
    return [f"  {line}" for line in lines]
