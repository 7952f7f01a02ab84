"""A comparison or a ranking, said in words and as JSON."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from mibench.findings.compare import LEVEL, TOO_FEW, Comparison, Over
from mibench.findings.ranking import Ranking
from mibench.findings.summary import MIXED
from mibench.findings.wins import Wins
from mibench.tables.columns import aligned
from mibench.tables.numbers import ARROWS, interval, number, p_value, signed

Outcome = Comparison | Ranking | Wins

Columns = list[list[str]]
"""A table: its columns, the first entry of each its name."""
MOST = 40
"""Lines of cells that the text lists; JSON has them all."""


def _p(p: float) -> str:
    return p_value(p, LEVEL)


def _said(over: Over) -> str:
    if over.said and over.said != TOO_FEW:  # that one is a note, said once
        return over.said
    if math.isnan(over.p):
        return "no test"
    return {"better": f"{over.second} is nearer the truth", "worse": f"{over.first} is nearer the truth"}.get(
        over.verdict, "no difference beyond noise"
    )


def _overs(overs: tuple[Over, ...], unit: str) -> Columns:
    return [
        ["first", *(over.first for over in overs)],
        ["second", *(over.second for over in overs)],
        ["cells", *(str(over.cells) for over in overs)],
        [f"change of |error| ({unit})", *(signed(over.change) for over in overs)],
        ["95 %", *(interval(over.low, over.high) for over in overs)],
        ["p", *(_p(over.p) for over in overs)],
        ["", *(_said(over) for over in overs)],
    ]


def text(*outcomes: Outcome) -> str:
    """The outcomes in words and aligned tables, and below them what is to be said of them all, once."""
    lines: list[str] = []
    for part in parts(*outcomes):
        lines += [part] if isinstance(part, str) else aligned(part)
    return "\n".join(lines) + "\n"


def parts(*outcomes: Outcome) -> list[str | Columns]:
    """What `text` says, from above to below: lines, and tables as columns, the first entry of each its name."""
    found: list[str | Columns] = []
    for outcome in outcomes:
        found += [*_parts(outcome), ""]
    notes = [f"note: {note}" for note in dict.fromkeys(note for outcome in outcomes for note in outcome.notes)]
    found += [*notes, ""] if notes else []
    found.append(
        "p-values are adjusted by Holm; a cell's interval covers noise between seeds, that over cells their choice"
    )
    return found


def _parts(outcome: Outcome) -> list[str | Columns]:
    if isinstance(outcome, Wins):
        return _wins(outcome)
    return _comparison(outcome) if isinstance(outcome, Comparison) else _ranking(outcome)


def _wins(wins: Wins) -> list[str | Columns]:
    """Pairs of models of one seed, application by application."""
    table = wins.table
    return [
        "models of one seed side by side, by the score that decides; a win: the second's is better",
        "",
        [
            ["application", *(table["task"] + "/" + table["point"])],
            ["score", *(f"{s} {ARROWS.get(b, '')}" for s, b in zip(table["score"], table["better"], strict=True))],
            ["first", *table["first"]],
            ["second", *table["second"]],
            ["wins", *(f"{w} of {n}" for w, n in zip(table["wins"], table["pairs"], strict=True))],
            ["mean first", *table["mean_first"].map(number)],
            ["mean second", *table["mean_second"].map(number)],
            ["difference", *table["difference"].map(signed)],
            ["95 %", *map(interval, table["low"], table["high"])],
            ["p", *map(_p, table["p"])],
            ["", *(f"{row.second} {row.verdict}" * bool(row.verdict) for row in table.itertuples())],
        ],
    ]


def worse(outcome: Comparison | Wins) -> list[str]:
    """A line for each cell, and each estimator over cells, in which the second side is worse, and how."""
    if isinstance(outcome, Wins):
        return [
            f"worse than the reference: {row['second']} on {row['task']}/{row['point']}: {row['score']} "
            f"{number(row['mean_second'])}, {number(row['mean_first'])} there, {row['failed_second']} failed"
            for row in outcome.worse.to_dict("records")
        ]
    comparison, lines = outcome, []
    for cell in comparison.worse_cells.head(MOST).to_dict("records"):
        failing = cell["failed_second"] > cell["failed_first"]
        how = (
            f"{cell['failed_second']} failed, {cell['failed_first']} in the reference"
            if failing
            else f"|error| larger by {number(cell['change'])} {comparison.unit}, p {_p(cell['p_change'])}"
        )
        where = "/".join(filter(None, (cell["task"], cell["point"])))
        label = comparison.second if cell["label"] == comparison.first else cell["label"]
        lines.append(f"worse than the reference: {label} on {where}, n = {cell['n_samples']:.0f}: {how}")
    more = len(comparison.worse_cells) - MOST
    lines += [f"worse than the reference: {more} more cells"] if more > 0 else []
    return lines + [
        f"worse than the reference: {over.second} over {over.cells} cells: |error| larger by {number(over.change)} "
        f"{comparison.unit}, p {_p(over.p)}"
        for over in comparison.overs
        if over.verdict == "worse"
    ]


def _comparison(comparison: Comparison) -> list[str | Columns]:
    """Who is nearer the truth over cells, and the cells where the two sides disagree beyond noise."""
    differing = comparison.differing
    failing = comparison.cells[comparison.cells["failed_first"] != comparison.cells["failed_second"]]
    count, tests = len(comparison.cells), int(comparison.cells[["p", "p_change"]].notna().sum().sum())
    lines: list[str | Columns] = [
        f"{comparison.second} against {comparison.first}; a change below 0: {comparison.second} is nearer the truth",
        "",
        _overs(comparison.overs, comparison.unit),
        "",
    ]
    if len(differing):
        lines.append(f"{len(differing)} of {count} cells differ beyond noise (paired t, Holm over {tests} tests, 5 %):")
        lines.append(_cells(differing.head(MOST), comparison))
        if len(differing) > MOST:
            lines.append(f"… and {len(differing) - MOST} more; --json lists all")
    elif tests:
        lines.append(f"none of {count} cells differs beyond noise (paired t, Holm over {tests} tests, 5 %)")
    else:
        lines.pop()
    if len(failing):
        lines += ["", "cells that fail more often on one side:"]
        lines.append(_failing(failing.head(MOST), comparison))
        if len(failing) > MOST:
            lines.append(f"… and {len(failing) - MOST} more; --json lists all")
    return lines


def _where(table: pd.DataFrame, comparison: Comparison) -> Columns:
    """The columns that name a cell; the estimator only where it is not one of the two sides."""
    mixed = table[["codes_first", "codes_second"]].max(axis=1) > 1
    names = (table["task"] + "/" + table["point"]).str.rstrip("/") + mixed.map({True: f" {MIXED}", False: ""})
    columns = [["task", *names], ["n", *table["n_samples"].map("{:.0f}".format)]]
    return columns if set(table["label"]) == {comparison.first} else [["estimator", *table["label"]], *columns]


def _failing(table: pd.DataFrame, comparison: Comparison) -> Columns:
    return [
        *_where(table, comparison),
        [f"failed in {comparison.first}", *table["failed_first"].map(str)],
        [f"failed in {comparison.second}", *table["failed_second"].map(str)],
    ]


def _cells(table: pd.DataFrame, comparison: Comparison) -> Columns:
    words = {"better": f"{comparison.second} nearer", "worse": f"{comparison.first} nearer", "differs": "differ"}
    return [
        *_where(table, comparison),
        ["pairs", *table["pairs"].map(str)],
        ["truth", *table["truth"].map(number)],
        [comparison.first, *table["first"].map(number)],
        [comparison.second, *table["second"].map(number)],
        ["difference", *table["difference"].map(signed)],
        ["95 %", *map(interval, table["low"], table["high"])],
        ["p", *map(_p, table[["p", "p_change"]].min(axis=1))],
        ["", *table["verdict"].map(words)],
    ]


def _ranking(ranking: Ranking) -> list[str | Columns]:
    """Mean ranks, the groups that cannot be told apart, and every pair."""
    lines: list[str | Columns] = [
        f"{len(ranking.labels)} estimators over {ranking.cells} cells, nearest the truth first",
        "",
        [
            ["estimator", *ranking.labels],
            ["mean rank", *(f"{rank:.2f}" for rank in ranking.ranks)],
            [f"mean |error| ({ranking.unit})", *map(number, ranking.errors)],
            ["wins", *map(str, ranking.wins)],
        ],
        "",
    ]
    if not math.isnan(ranking.friedman):
        lines.append(f"Friedman test of no difference at all: p {_p(ranking.friedman)}, {_friedman(ranking)}")
    lines += [f"no pair told apart among: {', '.join(clique)}" for clique in ranking.cliques]
    return [*lines, "", _overs(ranking.pairs, ranking.unit)]


def _friedman(ranking: Ranking) -> str:
    """What the test of all together says, beside what the tests of pairs can."""
    apart = any(over.p <= LEVEL for over in ranking.pairs)
    if ranking.friedman <= LEVEL:
        return "at least one differs" + ("" if apart else ", but the tests of pairs cannot say which")
    return "no difference shown" + (", though the tests of pairs find some" if apart else "")


def as_json(outcomes: Sequence[Outcome]) -> str:
    """Everything that was found, as one JSON document, a list if there are several; what is not a number is null."""
    plain = [_finite(_plain(outcome)) for outcome in outcomes]
    return json.dumps(plain[0] if len(plain) == 1 else plain, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, Wins):
        return {"applications": outcome.table.to_dict("records"), "notes": list(outcome.notes)}
    if isinstance(outcome, Ranking):
        return {**asdict(outcome), "pairs": [_over(over) for over in outcome.pairs]}
    return {
        "first": outcome.first,
        "second": outcome.second,
        "unit": outcome.unit,
        "worse": outcome.worse,
        "over_cells": [_over(over) for over in outcome.overs],
        "cells": outcome.cells.to_dict("records"),
        "notes": list(outcome.notes),
    }


def _over(over: Over) -> dict[str, Any]:
    return {**asdict(over), "verdict": over.verdict}


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
