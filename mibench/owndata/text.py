"""The findings as a page of text, for someone who knows no estimator."""

import math
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mibench.errors import one_line
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


def page(found: "Findings | Matrix", rows: Sequence[Sequence[str]], width: int = WIDTH) -> str:
    """Layout, the rows of a table, notes to it, an answer in words, and warnings; lines of at most `width`."""
    notes = [line for said in found.notes for line in wrapped(said, width)]
    told = [line for said in found.warnings for line in wrapped(f"! {said}", width, "  ")]
    blocks = [layout(found, width), aligned(rows, under=True), notes, wrapped(found.answer, width)]
    blocks += [wrapped(found.fitting, width), told]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def facts(found: "Findings | Matrix") -> str:
    """Where the rows are from, and what became of them."""
    sample = found.sample
    said = [f"{found.source}: {sample.n} rows", *found.said]
    if sample.dropped:
        said.append(f"{sample.dropped} of {sample.of} rows left out, where {sample.first_dropped}")
    if twice := sample.of - sample.dropped - sample.n:
        said.append(f"{twice} left out that equal an earlier one, the first of them row {sample.first_repeated}")
    if sample.lag:
        said.append(f"each y stands {sample.lag} rows behind its x")
    if sample.groups is not None:
        count = len(set(sample.groups.tolist()))
        said.append(f"{count} group{'s' * (count > 1)}")
    if found.left_out:
        said.append(f"{found.left_out} other column{'s' * (found.left_out > 1)} not used")
    return "; ".join(said)


def columns(found: "Findings | Matrix") -> list[list[str]]:
    """The columns as they were understood: side, name, kind, how many values, the first row."""
    rows = []
    for side, of in (("x", found.sample.x), ("y", found.sample.y)):
        for one in of[:MOST_COLUMNS]:
            name, first = one_line(one.name), one_line(one.shown(0))
            kind = f"{one.kind}, classes" if one.discrete and not one.levels else one.kind
            rows.append([side, name, kind, f"{one.distinct} values", first])
        if len(of) > MOST_COLUMNS:
            rows.append([side, f"… and {len(of) - MOST_COLUMNS} more, to {one_line(of[-1].name)}", "", "", ""])
    return rows


def layout(found: "Findings | Matrix", width: int) -> list[str]:
    """How the table was understood."""
    rows = [[*map(cut, row[:-1]), f"first: {cut(row[-1])}" * bool(row[-1])] for row in columns(found)]
    return wrapped(facts(found), width) + aligned(rows)


def table(found: "Findings") -> list[list[str]]:
    """A row for each estimator, below the names of what stands in it."""
    unit = UNITS[found.unit]
    tested = any(line.null for line in found.lines)
    flagged = any(line.estimate and line.estimate.flags for line in found.lines)
    rows = [["estimator", found.unit, "95 % interval", *["p"] * tested, *["flags"] * flagged]]
    for line in found.lines:
        said, interval, p, flags = "n/a", "", "", ""
        if line.value is not None:
            said = f"{BOUNDS[line.asked.direction]} {number(line.value * unit)}".strip()
            low, high = line.interval or (math.nan, math.nan)
            interval = "none" if math.isnan(low) else f"{number(low * unit)} to {number(high * unit)}"
            p = "–" if line.p is None else p_value(line.p, LEVEL)
            flags = ", ".join(line.estimate.flags) if line.estimate else ""
        rows.append([line.asked.label, said, interval, *[p] * tested, *[flags] * flagged])
    return rows


def notes(found: "Findings") -> Iterator[str]:
    """What stands in the table, and why something does not."""
    good = [line for line in found.lines if line.value is not None]
    for line in found.lines:
        if line.value is None:
            yield f"{line.asked.label} says nothing: {line.reason}"
    if any(line.asked.direction == "lower" for line in good):
        yield (
            "≥ a lower bound, and an interval of the bound, on rows that training did not see: the truth is likely "
            "this or more"
        )
    for how in dict.fromkeys(line.spread.how for line in good if line.spread):
        of = [line for line in good if line.spread and line.spread.how == how]
        spread = of[0].spread
        assert spread is not None
        yield (
            f"interval of {', '.join(line.asked.label for line in of)}: what it says of such samples on average, not "
            f"where the truth is; from {how}"
            + (f"; its width is known to within {spread.relative_error:.0%}" if spread.relative_error else "")
        )
    for why in dict.fromkeys(line.no_spread for line in good if line.no_spread):
        of = [line for line in good if line.no_spread == why]
        yield f"no interval of {', '.join(line.asked.label for line in of)}: {why}"
    for why in dict.fromkeys(line.no_test for line in good if line.no_test):
        yield f"no test: {why}"
    if counts := {len(line.null) for line in good if line.null}:
        yield f"p: how often {max(counts)} samples whose pairs were broken {_how_broken(found.sample)} say as much"
        if any(not line.null and not line.no_test for line in good):
            yield "–: not tested, as it is trained: name it with -e, and --permutations"


def _how_broken(sample: Sample) -> str:
    within = " within their groups" if sample.groups is not None else ""
    return f"by turning y in time{within}" if sample.series else f"by shuffling y{within}"


def answer(found: "Findings") -> str:
    """What it comes to, in words."""
    if found.interrupted == "estimates":
        return "Interrupted: what was done by then is above." if found.lines else "Interrupted before any estimate."
    if found.interrupted:
        return f"Interrupted before the {found.interrupted} was done. {_answer(found)}"
    return _answer(found)


def _answer(found: "Findings") -> str:
    good = [line for line in found.lines if line.status == "ok" and line.value is not None]
    if not good:
        return ""
    x, y = (_named([one.name for one in side]) for side in (found.sample.x, found.sample.y))
    tested = [p for line in good if (p := line.p) is not None]
    values = [value for line in good if (value := line.value) is not None]
    low, high = min(values), max(values)
    unit = UNITS[found.unit]
    size = number(low * unit) if len(good) == 1 else f"{number(low * unit)} to {number(high * unit)}"
    if not tested:
        return f"Of {x} and {y}, {_estimates(len(good))} {size} {found.unit}{_like(low, high, found.sample)}."
    least = p_value(min(tested), LEVEL)
    if min(tested) > LEVEL:
        return (
            f"No dependence of {x} and {y} is shown (p = {least}): estimates of {size} {found.unit} "
            "come from samples without any just as well. That is no proof that there is none."
        )
    if min(tested) * len(tested) > LEVEL:
        return (
            f"Whether {x} and {y} depend on each other is not settled: the least p of {len(tested)} estimators is "
            f"{least}, which one of them comes to by chance too easily. Ask one of them alone, chosen "
            f"beforehand, or raise --permutations. {_estimates(len(good)).capitalize()} {size} {found.unit}."
        )
    return (
        f"{x} and {y} depend on each other (p = {least}): {_estimates(len(good))} {size} {found.unit}"
        f"{_like(low, high, found.sample)}."
    )


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
    names = [one_line(name) for name in names]
    return ", ".join(names) if len(names) <= 3 else f"{names[0]}, … {names[-1]} ({len(names)} columns)"


def wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """The text in lines of at most `width`."""
    return textwrap.wrap(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def cut(text: str, most: int = 40) -> str:
    """The beginning of what is too long."""
    return text if len(text) <= most else text[: most - 1] + "…"


def aligned(rows: Sequence[Sequence[str]], under: bool = False) -> list[str]:
    """The rows with two blanks between columns that are as wide as their widest cell; a line under the first."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    if under:
        lines.insert(1, "  ".join("─" * width for width in widths))
        return lines
    return [f"  {line}" for line in lines]
