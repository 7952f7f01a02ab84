"""A run beside published numbers, in any format."""

import json
import math

from mibench.findings.published import Beside
from mibench.findings.summary import MIXED
from mibench.tables.columns import aligned, md, pipes
from mibench.tables.latex import escape, readable, sentences, tables
from mibench.tables.numbers import interval, number, signed

DIFFERS = "what keeps the two from meaning the same:"


def text(outcome: Beside) -> str:
    """The numbers side by side, and under them where the protocols differ."""
    alone = [f"- {line}" for line in outcome.alone]
    lines = [
        outcome.source.title,
        "",
        *aligned(_columns(outcome)),
        "",
        *(["of this run without a counterpart there:", *alone, ""] if alone else []),
        DIFFERS,
        *(f"- {note}" for note in outcome.notes),
    ]
    return "\n".join(lines) + "\n"


def markdown(outcome: Beside) -> str:
    """The same in Markdown."""
    rows = [list(map(md, row)) for row in zip(*_columns(outcome), strict=True)]
    parts = [f"{md(outcome.source.title)}\n\n{pipes(rows)}"]
    for name, lines in (("of this run without a counterpart there:", outcome.alone), (DIFFERS, outcome.notes)):
        parts += [f"{name}\n\n" + "".join(f"- {md(line)}\n" for line in lines)] if lines else []
    return "\n".join(parts)


def latex(outcome: Beside, label: str = "tab:mibench") -> str:
    """The same in LaTeX, what differs in the caption."""
    head, *rows = [[escape(readable(cell)) for cell in row] for row in zip(*_columns(outcome), strict=True)]
    return tables(head, rows, sentences([outcome.source.title, *outcome.notes]), label)


def _columns(outcome: Beside) -> list[list[str]]:
    """The numbers by columns, each with its name on top."""
    table = outcome.table
    cells = zip(table["here"], table["sd"], table["n_codes"], strict=True)
    spread = [
        number(mean) + ("" if math.isnan(sd) else f" ± {number(sd)}") + (f" {MIXED}" if codes > 1 else "")
        for mean, sd, codes in cells
    ]
    return [
        ["estimator", *table["label"]],
        ["there", *table["there"]],
        ["task", *table["task"]],
        ["n", *table["n_samples"].map(str)],
        [f"truth ({outcome.unit})", *table["truth"].map(number)],
        ["published", *table["published"].map(number)],
        ["here", *spread],
        ["difference", *table["difference"].map(signed)],
        ["95 %", *map(interval, table["low"], table["high"])],
    ]


def as_json(outcome: Beside) -> str:
    """The same as one JSON document."""
    table = outcome.table.astype(object).where(outcome.table.notna(), None)
    plain = {
        "source": outcome.source.name,
        "title": outcome.source.title,
        "grade": outcome.source.grade,
        "unit": outcome.unit,
        "rows": table.to_dict("records"),
        "alone": list(outcome.alone),
        "differences": list(outcome.notes),
    }
    return json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
