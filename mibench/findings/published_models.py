"""A run's trained models over a paper's tables of such models: whose numbers, by which score, and what differs."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from mibench.errors import NothingMatched
from mibench.findings.scores import POINT, cells
from mibench.findings.sources import ModelTable, Source, source
from mibench.findings.summary import of_applications, tidy


@dataclass(frozen=True)
class Model:
    """A line of the table."""

    name: str
    kind: Literal["term", "baseline", "published"]
    """A run's estimator, an application's own baseline, or a model of the paper."""
    like: str
    """Who of mibench comes nearest to a model of the paper; empty where none does."""
    scores: dict[str, tuple[float, float]]
    """Mean and sd by score, NaN where there is none."""
    n: int | None
    """Seeds of a run's line."""


@dataclass(frozen=True)
class BesideTable:
    """One application of a run over one table of a paper; `scores` are (name, which values are better)."""

    point: str
    table: str
    scores: tuple[tuple[str, str], ...]
    models: tuple[Model, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ModelsBeside:
    """The applications of a run over the tables of a source, and what is to be said of all of them."""

    source: Source
    tables: tuple[BesideTable, ...]
    notes: tuple[str, ...]


def beside(frame: pd.DataFrame, name: str) -> ModelsBeside:
    """Set each application of a frame over the tables of a source that its sweep or point is listed with."""
    found = source(name)
    rows, table = of_applications(tidy(frame)), cells(frame)
    made = []
    for task, point in table[POINT].drop_duplicates().itertuples(index=False, name=None):
        part = table[(table["task"] == task) & (table["point"] == point)]
        params = json.loads(rows.loc[(rows["task"] == task) & (rows["point"] == point), "task_params"].iloc[0])
        names = {task, f"{task}/{point.partition(':')[0]}"}
        made += [_beside(task, point, part, params, one, found) for one in found.applications if names & {*one.points}]
    if not made:
        here = ", ".join(sorted(set(rows["task"] + "/" + rows["point"]))) or "no trained model"
        listed = ", ".join(dict.fromkeys(point for one in found.applications for point in one.points))
        raise NothingMatched(
            f"no model of the run has a table in {name}: there are tables for {listed}, here is {here}"
        )
    notes = (f"evidence of {name}: {found.grade}", f"selection there: {found.selection}", *found.notes)
    return ModelsBeside(found, tuple(made), notes)


def _beside(
    task: str, point: str, part: pd.DataFrame, params: dict[str, Any], one: ModelTable, found: Source
) -> BesideTable:
    better = dict(part[["score", "better"]].itertuples(index=False, name=None))
    better |= {name: "" for name in one.scores.values() if name not in better}
    ours = [
        Model(
            str(label),
            "baseline" if rows["baseline"].iloc[0] else "term",
            "",
            {row["score"]: (row["mean"], row["sd"]) for row in rows.to_dict("records")},
            int(rows["n"].max()),
        )
        for label, rows in part.groupby("label", sort=False)
    ]
    return BesideTable(
        f"{task}/{point}",
        one.table,
        tuple(better.items()),
        (*ours, *_theirs(one, found)),
        tuple(_differences(one, params)),
    )


def _theirs(one: ModelTable, found: Source) -> Iterator[Model]:
    """The models of a published table, in its order."""
    models: dict[str, dict[str, tuple[float, float]]] = {}
    for row in found.rows:
        if row["source_locator"] == one.table and row["metric"] in one.scores:
            scale = 0.01 if row["metric"].endswith("(%)") else 1.0
            mean, _, sd = row["value"].partition("±")
            pair = float(mean) * scale, float(sd) * scale if sd else math.nan
            models.setdefault(row["estimator"], {})[one.scores[row["metric"]]] = pair
    for name, scores in models.items():
        yield Model(name, "published", one.estimators.get(name, ""), scores, None)


def _differences(one: ModelTable, params: dict[str, Any]) -> Iterator[str]:
    """What of theirs is known, beside the fields that say it of ours: "data: MNIST there; data=digits here"."""
    for what, said in one.differs.items():
        ours = [f"{field}={_shown(params[field])}" for field in said["here"] if field in params]
        yield f"{what}: {said['there']} there" + (f"; {', '.join(ours)} here" if ours else "")


def _shown(value: Any) -> str:
    return "x".join(map(str, value)) if isinstance(value, list) else str(value)
