"""A part of a frame of trials: some estimators, tasks, sample sizes and points of it."""

from collections.abc import Sequence

import pandas as pd

from mibench import specs
from mibench.errors import NothingMatched, UsageError
from mibench.findings.summary import decoded, plain, tidy


def select(
    frame: pd.DataFrame,
    estimators: Sequence[str] = (),
    tasks: Sequence[str] = (),
    samples: Sequence[str] = (),
    points: Sequence[str] = (),
) -> pd.DataFrame:
    """The checked rows that match each kind of word given, with the labels they have in the whole frame.

    An estimator is named by its label, its name, or its name and fields (`ksg:k=5`); a task by its name, `task/point`,
    or both with fields of the point; a point by its name or some of its fields (`dim=5`). Raises UsageError for a name
    that the frame does not have, NothingMatched where the words together leave no row.
    """
    rows = tidy(frame)
    wanted = pd.Series(True, index=rows.index)
    for words, match, what, known in (
        (_items(estimators, set(rows["label"])), _estimator, "estimator", {*rows["estimator"], *rows["label"]}),
        (specs.split(tasks), _task, "task", {*rows["task"]}),
        (specs.split(points), _point, "point", {*rows["point"]}),
    ):
        if words:
            found = [match(rows, word) for word in words]
            for word, hits in zip(words, found, strict=True):
                if not hits.any():
                    raise UsageError(f"the rows have no {what} '{word}'; {specs.nearest(word, filter(None, known))}")
            wanted &= pd.concat(found, axis=1).any(axis=1)
    sizes = specs.positive(samples, "-n")
    if sizes:
        wanted &= rows["n_samples"].isin(sizes)
    if not wanted.any() and len(rows):
        there = ", ".join(f"{n:.0f}" for n in sorted(rows["n_samples"].dropna().unique()))
        raise NothingMatched(f"no trial of the {len(rows)} matches all that was asked for; n there: {there}")
    return rows[wanted]


def _items(texts: Sequence[str], labels: set[str]) -> list[str]:
    """Comma-separated words, but a label whole, whatever commas it has."""
    return [word for text in texts for word in ([text] if text in labels else specs.split([text]))]


def _estimator(rows: pd.DataFrame, word: str) -> "pd.Series[bool]":
    if word in set(rows["label"]):
        return rows["label"] == word
    name, fields = specs.parse(word)
    return (rows["estimator"] == name) & _has(rows["estimator_params"], fields)


def _task(rows: pd.DataFrame, word: str) -> "pd.Series[bool]":
    task, _, point = word.partition("/")
    name, fields = specs.parse(task)
    hits = (rows["task"] == name) & _has(rows["task_params"], fields)
    return hits & _point(rows, point) if point else hits


def _point(rows: pd.DataFrame, word: str) -> "pd.Series[bool]":
    parts = set(word.split(":"))
    return (rows["point"] == word) | rows["point"].map(lambda point: parts <= set(point.split(":")))


def _has(params: pd.Series, fields: dict[str, str]) -> "pd.Series[bool]":
    """Whether settings, as JSON, have these fields, compared as numbers where both are."""
    if not fields:
        return pd.Series(True, index=params.index)
    fits = {
        text: all(_same(decoded(text).get(name), value) for name, value in fields.items()) for text in params.unique()
    }
    return params.map(fits).astype(bool)


def _same(value: object, text: str) -> bool:
    shown = "x".join(map(plain, value)) if isinstance(value, list) else plain(value)
    try:
        return float(shown) == float(text)
    except ValueError:
        return shown.lower() == text.lower()
