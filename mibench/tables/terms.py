"""Which estimator is the best term: estimators down, a column an application, in any format."""

import json
from collections.abc import Callable
from typing import Any

import pandas as pd

from mibench.findings.scores import WITHOUT
from mibench.findings.summary import MIXED, natural
from mibench.findings.terms import Terms, terms
from mibench.store.frame import for_spreadsheets
from mibench.tables import latex
from mibench.tables.columns import aligned, blocks, md, pipes
from mibench.tables.numbers import ARROWS, number, signed
from mibench.tables.scores import mark_note, missing

Row = dict[str, Any]
LEFT = 2
"""Columns that name a row: the estimator, and its rank."""


def render(frame: pd.DataFrame, form: str, width: int = 0, label: str = "tab:mibench", title: str = "") -> str:
    """The table as text, md, latex, csv or json; as text, applications beyond the `width` stand below."""
    found = terms(frame)
    if form == "csv":
        return for_spreadsheets(found.table).to_csv(index=False)
    if form == "json":
        plain: Any = found.table.astype(object).where(found.table.notna(), None)
        return json.dumps(plain.to_dict("records"), indent=1, ensure_ascii=False) + "\n"
    if form == "latex":
        return _latex(found, label, title)
    return _markdown(found) if form == "md" else text(found, width)


def text(found: Terms, width: int = 0) -> str:
    """For a terminal."""
    table = _columns(found, lambda row: _entry(row) + " *" * row["best"])
    left = [[name, "", *values] for name, values in table[:LEFT]]
    right = [[*name.split(": "), *values] for name, values in table[LEFT:]]
    lines = []
    for block in blocks(left, right, width):
        lines += [*aligned(block), ""]
    return "\n".join([*lines, *notes(found)]) + "\n"


def _markdown(found: Terms) -> str:
    table = _columns(found, lambda row: f"**{md(_entry(row))}**" if row["best"] else md(_entry(row)))
    columns = [[md(name), *values] for name, values in table]
    columns[0] = list(map(md, [table[0][0], *table[0][1]]))
    said = [note.replace("* best", "Bold: best") for note in notes(found)]
    return pipes(list(zip(*columns, strict=True))) + "\n" + "".join(f"{md(note)}.  \n" for note in said)


def _latex(found: Terms, label: str, title: str) -> str:
    table = _columns(found, _latex_entry)
    columns = [[latex.escape(latex.readable(name.replace(": ", ":"))), *values] for name, values in table]
    columns[0] = [latex.escape(latex.readable(value)) for value in (table[0][0], *table[0][1])]
    head, *rows = map(list, zip(*columns, strict=True))
    said = [note.replace("* best", "bold: best") for note in notes(found)]
    return latex.tables(head, rows, latex.sentences([title, *said]), label, LEFT)


def _columns(found: Terms, entry: Callable[[Row], str]) -> list[tuple[str, list[str]]]:
    """The columns by name: `LEFT` that say estimator and rank, then "application: score" with an entry each."""
    labels = list(dict.fromkeys(found.table["label"]))
    rows: dict[tuple[str, str], dict[str, Row]] = {}
    for row in found.table.to_dict("records"):
        rows.setdefault((row["task"], row["point"]), {})[row["label"]] = {str(key): row[key] for key in row}
    ranked = found.table.drop_duplicates("label")[["rank", "finished"]].itertuples(index=False, name=None)
    ranks = [
        number(rank, 2) + (f" ({finished} of {found.points})" if 0 < finished < found.points else "")
        for rank, finished in ranked
    ]
    columns = [("estimator", labels), ("rank", ranks)]
    for key in sorted(rows, key=lambda key: (key[0], natural(key[1]))):
        first = next(iter(rows[key].values()))
        name = f"{'/'.join(filter(None, key))}: {first['score']} {ARROWS.get(first['better'], '')}"
        columns.append((name, [entry(rows[key][label]) if label in rows[key] else "not run" for label in labels]))
    return columns


def _beside(row: Row) -> list[str]:
    """What stands behind a score: in brackets gain and wins, and what is missing of its seeds."""
    gain = f"({signed(row['gain'])}, {row['wins']:.0f}/{row['pairs']:.0f})" if row["pairs"] > 0 else ""
    return [gain, missing(row["failures"], row["n_unsupported"], row["n_seeds"])]


def _entry(row: Row) -> str:
    score = []
    if row["n"]:
        spread = f" ± {number(row['sd'])}" if row["n"] > 1 else ""
        score = [number(row["mean"]) + spread + f" {MIXED}" * (row["n_codes"] > 1)]
    return " ".join(filter(None, [*score, *_beside(row)])) or "–"


def _latex_entry(row: Row) -> str:
    if not row["n"]:
        return latex.escape(_entry(row))
    value = latex.numeral(row["mean"]) + (rf" \pm {latex.numeral(row['sd'])}" if row["n"] > 1 else "")
    value += r"\ddagger" * (row["n_codes"] > 1)
    value = rf"$\mathbf{{{value}}}$" if row["best"] else f"${value}$"
    return " ".join(filter(None, [value, *map(latex.escape, _beside(row))]))


def notes(found: Terms) -> list[str]:
    """What a reader of the table has to know, a line each."""
    table = found.table
    lines = [f"mean ± sd over {found.seeds} seed{'s' * (found.seeds != 1)} of the score that decides each application"]
    if table["pairs"].gt(0).any():
        lines.append(
            f"in brackets: how much better than {WITHOUT} in the mean of paired seeds, and in how many of them"
        )
    elif WITHOUT not in set(table["estimator"]):
        lines.append(f"no gains: the run lacks {WITHOUT}, the model without a term")
    lines.append("rank: mean place over the applications; their own baselines are no terms and have none")
    if some := sorted({count for count in table["finished"] if 0 < count < found.points}):
        so_many = f"({some[0]} of {found.points})"
        lines.append(f"{so_many}: finished so many without a failure; places are by pairs over those that both did")
    if table["best"].any():
        lines.append(mark_note(found.seeds))
    if table["n_unsupported"].any():
        lines.append("n/a: the estimator has no term that a model could be trained with; no failure")
    if table["n_codes"].gt(1).any():
        lines.append(f"{MIXED} rows made by different code are taken together")
    return lines
