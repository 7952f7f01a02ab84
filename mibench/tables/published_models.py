"""Trained models over a paper's tables of such models, in any format; no verdict, and nothing is marked."""

import json
import math

from mibench.findings.published_models import BesideTable, Model, ModelsBeside
from mibench.tables import latex as papers
from mibench.tables.columns import aligned, md, pipes
from mibench.tables.numbers import ARROWS, number
from mibench.tables.published import DIFFERS


def text(found: ModelsBeside) -> str:
    """For a terminal: a run's models, a rule, and the paper's below them."""
    lines = [found.source.title]
    for one in found.tables:
        head, rule, *rows = aligned(_columns(one))
        parts = [[rows[i] for i in part] for part in _parts(one)]
        lines += ["", _title(one), "", head, *(line for part in parts for line in (rule, *part)), "", DIFFERS]
        lines += [f"- {note}" for note in one.notes]
    return "\n".join([*lines, "", "of all of them:", *(f"- {note}" for note in found.notes)]) + "\n"


def markdown(found: ModelsBeside) -> str:
    """In Markdown, the paper's models in italics."""
    parts = [md(found.source.title)]
    for one in found.tables:
        head, *rows = [list(map(md, row)) for row in zip(*_columns(one), strict=True)]
        rows = [
            [f"*{row[0]}*", *row[1:]] if model.kind == "published" else row
            for row, model in zip(rows, one.models, strict=True)
        ]
        notes = "".join(f"- {md(note)}\n" for note in one.notes)
        parts += [md(_title(one)), pipes([head, *rows]) + f"\n{DIFFERS}\n\n{notes}"]
    return "\n\n".join([*parts, "of all of them:\n\n" + "".join(f"- {md(note)}\n" for note in found.notes)])


def latex(found: ModelsBeside, label: str = "tab:mibench") -> str:
    """In LaTeX, a table an application, the paper's models below a rule of their own."""
    parts = []
    for number_, one in enumerate(found.tables):
        head, *rows = map(list, zip(*_columns(one), strict=True))
        rows = [[papers.escape(papers.readable(cell)) for cell in row] for row in rows]
        for first, *_ in _parts(one)[1:]:
            rows[first][0] = r"\midrule " + rows[first][0]
        head = list(map(papers.escape, head))
        said = papers.sentences([papers.readable(_title(one)), *one.notes, *found.notes])
        parts.append(papers.tables(head, rows, said, f"{label}-{number_}" if number_ else label, 3))
    return "\n".join(parts)


def as_json(found: ModelsBeside) -> str:
    """The same as one JSON document; what is not a number is null."""
    document = {
        "source": found.source.name,
        "title": found.source.title,
        "grade": found.source.grade,
        "applications": [
            {
                "point": one.point,
                "table": one.table,
                "scores": dict(one.scores),
                "models": [_record(model) for model in one.models],
                "differences": list(one.notes),
            }
            for one in found.tables
        ],
        "differences": list(found.notes),
    }
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _record(model: Model) -> dict[str, object]:
    scores = {
        name: {"mean": None if math.isnan(mean) else mean, "sd": None if math.isnan(sd) else sd}
        for name, (mean, sd) in model.scores.items()
    }
    return {"name": model.name, "kind": model.kind, "like": model.like, "n": model.n, "scores": scores}


def _parts(one: BesideTable) -> list[list[int]]:
    """Places of the lines that belong together: terms, an application's own baselines, the paper's models."""
    kinds = [model.kind for model in one.models]
    return [[i for i, kind in enumerate(kinds) if kind == each] for each in dict.fromkeys(kinds)]


def _title(one: BesideTable) -> str:
    return f"{one.point} over {one.table}"


def _columns(one: BesideTable) -> list[list[str]]:
    """Who, who of ours a model of theirs is like, seeds, and a column a score."""
    columns = [
        ["model", *(model.name for model in one.models)],
        ["like", *(model.like for model in one.models)],
        ["seeds", *("" if model.n is None else str(model.n) for model in one.models)],
    ]
    for score, better in one.scores:
        columns.append([f"{score} {ARROWS.get(better, '')}".strip(), *(_value(model, score) for model in one.models)])
    return columns


def _value(model: Model, score: str) -> str:
    mean, sd = model.scores.get(score, (math.nan, math.nan))
    return number(mean) + ("" if math.isnan(sd) else f" ± {number(sd)}")
