"""Numbers from papers, beside which a run can be set: what matches, how far apart, and where the protocols differ."""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from mibench import specs
from mibench.errors import NothingMatched, UsageError
from mibench.findings.sources import Source, source
from mibench.findings.summary import MOST_NAMED, UNITS, cells, mixed_note, natural, of_tasks, tidy

READ_ON = {
    "held out": "held-out samples",
    "training batch": "the training batch, which training has seen",
    "whole sample": "the whole sample, which training has seen",
}
"""What a value is of, by the word of sources.toml."""
SAME_TRUTH = 2e-3
"""Nats, absolute and relative: published truths are rounded."""


def like(
    name: str, estimators: Sequence[str] = (), has_field: Callable[[str, str], bool] = lambda estimator, field: True
) -> dict[str, Any]:
    """The settings of the run that comes nearest to a source's protocol, by the names of `mibench.settings`.

    With `estimators`, specs of any, these run in place of the source's own: each takes over the protocol's fields that
    `has_field(estimator, field)` says it has, and keeps those its spec sets.
    """
    found = source(name)
    if not found.like:
        raise UsageError(f"mibench has no run like {name}: {found.notes[0]}")
    settings: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in found.like.items()}
    fields, others = settings.pop("fields", ""), settings.pop("others", "")
    listed = tuple(f"{spec}:{fields}" if fields else spec for spec in settings["estimators"])
    settings["estimators"] = listed
    if estimators:
        settings["estimators"] = tuple(_taken_over(spec, listed, fields or others, has_field) for spec in estimators)
    return settings


def _taken_over(spec: str, listed: Sequence[str], fields: str, has_field: Callable[[str, str], bool]) -> str:
    """The spec with the protocol's fields: of the one listed estimator of its name, or the others'."""
    name, own = specs.parse(spec)
    same = [theirs for theirs_name, theirs in map(specs.parse, listed) if theirs_name == name]
    protocol = same[0] if len(same) == 1 else specs.parse(f"{name}:{fields}")[1] if fields else {}
    taken = {field: value for field, value in protocol.items() if has_field(name, field)}
    return ":".join([name, *(f"{field}={value}" for field, value in {**taken, **own}.items())])


@dataclass(frozen=True)
class Beside:
    """A run's cells beside published numbers, in `unit`, and what keeps the two from meaning the same."""

    source: Source
    unit: str
    table: pd.DataFrame
    alone: tuple[str, ...]
    """Of each estimator of the run the cells that the source has no counterpart of, and why."""
    notes: tuple[str, ...]


def beside(frame: pd.DataFrame, name: str, unit: str = "nats") -> Beside:
    """Match a run's cells with a source by estimator, settings, task, point, dimensions, truth and, if fixed, n.

    The point counts where the source names any.
    """
    found = source(name)
    if not found.tasks:
        raise NothingMatched(f"{name} cannot be set beside a run: {found.notes[0]}")
    trials, _ = of_tasks(tidy(frame))
    table = cells(trials)
    settings = trials.drop_duplicates("label").set_index("label")["estimator_params"].map(json.loads)
    scale = UNITS[unit]
    matched = []
    for row in _numbers(found):
        for cell in table[table["task"].isin(found.tasks) & (table["n_ok"] > 0)].to_dict("records"):
            if _same(found, row, cell, settings[cell["label"]]):
                difference = cell["mean"] - float(row["mean_nats"])
                error, reach = _welch([(cell["sd"], cell["n_ok"]), *_seeds(row)])
                matched.append(
                    {
                        "point_there": row["task_params"],
                        "label": cell["label"],
                        "there": row["estimator"],
                        "task": "/".join(filter(None, (cell["task"], cell["point"]))),
                        "n_samples": cell["n_samples"],
                        "truth": cell["truth"] * scale,
                        "published": float(row["mean_nats"]) * scale,
                        "here": cell["mean"] * scale,
                        "sd": cell["sd"] * scale,
                        "n_codes": cell["n_codes"],
                        "difference": difference * scale,
                        "standard_error": error * scale,
                        "low": (difference - reach) * scale,
                        "high": (difference + reach) * scale,
                        "settings_there": row["estimator_settings"],
                        "locator": row["source_locator"],
                        "evidence": row["evidence"],
                    }
                )
    if not matched:
        raise NothingMatched(
            f"no cell of the run has a counterpart in {name}: {_mismatch(found, table)}; try mibench run --like {name}"
        )
    labels = {item["label"] for item in matched}
    tasks = {item["task"] for item in matched}
    names = trials["task"] + ("/" + trials["point"]).where(trials["point"] != "", "")
    used = trials[trials["label"].isin(labels) & names.isin(tasks)]
    notes = [*_differences(found, used), *mixed_note(cells(used))]
    return Beside(found, unit, _once(pd.DataFrame(matched)), tuple(_alone(found, table, matched)), tuple(notes))


def _once(matched: pd.DataFrame) -> pd.DataFrame:
    """Each published number once: a source may have it at two points, of ρ and −ρ; other numbers are told apart."""
    where = ["label", "there", "task", "n_samples"]
    kept = matched.drop_duplicates([*where, "settings_there", "published"])
    kept = kept.assign(there=kept["there"].astype(object))
    for _, group in kept.groupby(where, sort=False):
        if len(group) > 1:
            said = [_parts(row) for row in group.to_dict("records")]
            for index, parts in zip(group.index, said, strict=True):
                shared = set.intersection(*map(set, said))
                own = [part for part in parts if part not in shared]
                kept.loc[index, "there"] = " ".join([str(kept.loc[index, "there"]), *own])
    return kept.drop(columns="point_there").reset_index(drop=True)


def _parts(row: dict[Any, Any]) -> list[str]:
    """What a published number says of its settings and its point, in parts."""
    point = json.loads(row["point_there"])
    return [*row["settings_there"].split("; "), *(f"{name}={value}" for name, value in point.items())]


def _alone(found: Source, table: pd.DataFrame, matched: Sequence[dict[str, Any]]) -> Iterator[str]:
    """What of the run has no counterpart, an estimator a line."""
    have = {(item["label"], item["task"], item["n_samples"]) for item in matched}
    names = {specs.parse(spec)[0] for spec in found.estimators.values()}
    for label, part in table.groupby("label", sort=False):
        rows = part.to_dict("records")
        points = [("/".join(filter(None, (cell["task"], cell["point"]))), cell) for cell in rows]
        left = [(point, cell) for point, cell in points if (label, point, cell["n_samples"]) not in have]
        if not left:
            continue
        if rows[0]["estimator"] not in names:
            yield f"{label}: {found.name} has no numbers of {rows[0]['estimator']}"
            continue
        named = [f"{point} n = {cell['n_samples']}{'' if cell['n_ok'] else ' (no ok trial)'}" for point, cell in left]
        more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
        yield f"{label}: {', '.join(named[:MOST_NAMED])}{more}"


def _numbers(found: Source) -> Iterator[dict[str, str]]:
    """The rows of a source that are estimates of mutual information and that may be matched."""
    for row in found.rows:
        if row.get("mean_nats") and row["estimator"] in found.estimators:
            yield row


def _mismatch(found: Source, table: pd.DataFrame) -> str:
    """What keeps every cell of a run from having a counterpart, the first reason that holds."""
    names = sorted({specs.parse(spec)[0] for spec in found.estimators.values()})
    if not table["task"].isin(found.tasks).any():
        return f"there are numbers for {', '.join(found.tasks)}, here is {', '.join(sorted(set(table['task'])))}"
    if not table["estimator"].isin(names).any():
        return f"there are numbers for {', '.join(names)}, here is {', '.join(sorted(set(table['estimator'])))}"
    rows = list(_numbers(found))
    at = [("dimension", {row["dim_x"] for row in rows}), ("truth", {row["true_mi_nats"] for row in rows})]
    if found.samples == "fixed":
        at.append(("n", {row["n_samples"] for row in rows}))
    places = "; ".join(f"{what} {', '.join(sorted(values, key=natural))}" for what, values in at)
    return f"its numbers are for {', '.join(found.estimators.values())} at {places}"


def _same(found: Source, row: dict[str, str], cell: dict[Any, Any], settings: dict[str, Any]) -> bool:
    name, fields = specs.parse(found.estimators[row["estimator"]])
    if cell["estimator"] != name or any(_unlike(settings.get(key), text) for key, text in fields.items()):
        return False
    if found.points and found.points.get(row["task"]) != cell["point"]:
        return False
    kind = "separable" if "critic=separable" in row["estimator_settings"] else "concat"
    if "critic=" in row["estimator_settings"] and settings.get("critic", kind) != kind:
        return False
    truth = float(row["true_mi_nats"])
    if abs(cell["truth"] - truth) > SAME_TRUTH * max(1.0, truth):
        return False
    if (row["dim_x"], row["dim_y"]) != (f"{cell['dim_x']:g}", f"{cell['dim_y']:g}"):
        return False
    return found.samples == "fresh" or row["n_samples"] == str(cell["n_samples"])


def _unlike(value: Any, text: str) -> bool:
    try:
        return float(value) != float(text)
    except (TypeError, ValueError):
        return str(value) != text


def _seeds(row: dict[str, str]) -> Iterator[tuple[float, int]]:
    """The sd and number of seeds of a published mean, where it is one over seeds."""
    if row["std_nats"] and row["n_seeds"].isdigit() and int(row["n_seeds"]) > 1:
        yield float(row["std_nats"]), int(row["n_seeds"])


def _welch(sides: list[tuple[float, int]]) -> tuple[float, float]:
    """Standard error and reach of Welch's 95 % interval, from the sd and n of one mean or of two; NaN for n < 2."""
    from scipy.special import stdtrit

    parts = [(sd**2 / n, n - 1) for sd, n in sides]
    error = math.sqrt(sum(part for part, _ in parts))
    if not error > 0:
        return error, error
    freedom = error**4 / sum(part**2 / free for part, free in parts)
    return error, error * float(stdtrit(freedom, 0.975))


def _sampling(row: dict[Any, Any]) -> str:
    """Whether a trial drew new samples as it went: by its settings or its task, or if it saw more than it was given."""
    asked = json.loads(row["estimator_params"]).get("fresh") or json.loads(row["task_params"]).get("type") == "Fresh"
    seen = row.get("samples_seen")
    if seen is None or pd.isna(seen):
        return ""
    return "fresh" if asked or float(seen) > row["n_samples"] else "fixed"


def _differences(found: Source, used: pd.DataFrame) -> Iterator[str]:
    """Where the protocol of the source is not that of the run."""
    yield f"evidence of {found.name}: {found.grade}"
    here = set(map(_sampling, used.to_dict("records"))) - {""}
    if here and here != {found.samples}:
        yield f"samples: {found.samples} there, {' and '.join(sorted(here))} here; these are different experiments"
    seen = used["flags"].str.contains("training-batch", regex=False)
    told = sorted({"training batch" if one else "held out" for one in seen})
    if told != [found.reported]:
        here_on = " and ".join(READ_ON[one] for one in told)
        yield f"reported there: the value on {READ_ON[found.reported]}; here: on {here_on}"
    if not found.selection.startswith("none"):
        yield f"selection there: {found.selection}; here: none"
    ceilings = pd.to_numeric(used["ceiling"]).dropna().unique()
    if found.cap is not None and len(ceilings) and any(abs(c - found.cap) > 1e-3 for c in ceilings):
        values = ", ".join(f"{c:.3f}" for c in sorted(ceilings))
        yield f"InfoNCE cannot exceed {found.cap:.3f} nats there and {values} here: another number of negatives"
    if found.js_offset is not None and (used["estimator"] == "jsd").any():
        yield (
            f"Jensen-Shannon numbers there are read at T − 1 and sit {found.js_offset:.3f} nats (1/e) below the truth "
            "at the optimum; here they are not shifted"
        )
    if all(row["n_seeds"] == "1" for row in found.rows):
        yield "each number there is of one sample or run: the intervals cover noise here alone"
    apart = _settings_apart(found, used)
    if apart:
        yield f"settings of run --like {found.name}, where they are others here: {'; '.join(apart)}"
    yield from found.notes


def _settings_apart(found: Source, used: pd.DataFrame) -> list[str]:
    """The fields that are set otherwise than in the run nearest the source: "steps=4000 (here 400)"."""
    identity = {field for spec in found.estimators.values() for field in specs.parse(spec)[1]}
    here: dict[tuple[str, str], list[str]] = {}
    for name, theirs in map(specs.parse, like(found.name)["estimators"] if found.like else ()):
        for params in used.loc[used["estimator"] == name, "estimator_params"].unique():
            settings = json.loads(params)
            for field in sorted(theirs.keys() & settings.keys() - identity):
                value = settings[field]
                shown = "x".join(map(str, value)) if isinstance(value, list) else str(value).lower()
                if _unlike(shown, theirs[field]):
                    here.setdefault((field, theirs[field]), []).append(shown)
    return [f"{field}={there} (here {', '.join(dict.fromkeys(ours))})" for (field, there), ours in here.items()]
