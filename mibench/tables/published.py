"""A run beside published numbers, in words and as JSON."""

import json
import math

from mibench.findings.published import Beside
from mibench.findings.summary import MIXED
from mibench.tables.columns import aligned
from mibench.tables.numbers import interval, number, signed


def text(outcome: Beside) -> str:
    """The numbers side by side, and under them where the protocols differ."""
    table = outcome.table
    alone = [f"- {line}" for line in outcome.alone]
    cells = zip(table["here"], table["sd"], table["n_codes"], strict=True)
    spread = [
        number(mean) + ("" if math.isnan(sd) else f" ± {number(sd)}") + (f" {MIXED}" if codes > 1 else "")
        for mean, sd, codes in cells
    ]
    lines = [
        outcome.source.title,
        "",
        *aligned(
            [
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
        ),
        "",
        *(["of this run without a counterpart there:", *alone, ""] if alone else []),
        "what keeps the two from meaning the same:",
        *(f"- {note}" for note in outcome.notes),
    ]
    return "\n".join(lines) + "\n"


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
