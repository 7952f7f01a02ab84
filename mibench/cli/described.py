"""What `describe` says of the fields of a thing, and of an application."""

import dataclasses
import inspect
import tomllib
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from mibench import specs
from mibench.catalogue import Catalogue, Point
from mibench.explained import field_docs
from mibench.tables.numbers import ARROWS


def fields(made: Any) -> dict[str, Any]:
    """Value, type and meaning of each field, by name."""
    kinds = {
        f.name: f.type if isinstance(f.type, str) else getattr(f.type, "__name__", str(f.type))
        for f in dataclasses.fields(made)
    }
    about = field_docs(type(made))
    return {
        name: {"value": value, "type": kinds[name], "about": about[name]} for name, value in specs.fields(made).items()
    }


def cost(name: str) -> str | None:
    """What a bundled estimator costs beside `mine`, in words, where both can do the same (see `costs.toml`)."""
    known = tomllib.loads(files("mibench").joinpath("costs.toml").read_text())
    if name not in known:
        return None
    return f"{known[name]:g} × the CPU time of mine, alone on one thread at n = 10,000 in 20 + 20 columns"


def application(found: Catalogue, spec: str, points: Sequence[Point], module: str) -> dict[str, Any]:
    """The document of an application's points: once what they share, and by point what they do not."""
    first = points[0].task
    one = len({type(point.task) for point in points}) == 1
    scores = {point.name: _scores(point.task) for point in points}
    each = {point.name: fields(point.task) for point in points}
    shared = {
        name: field
        for name, field in each[points[0].name].items()
        if all(name in own and own[name]["value"] == field["value"] for own in each.values())
    }
    apart = {point: {name: field for name, field in own.items() if name not in shared} for point, own in each.items()}
    return {
        "application": points[0].sweep,
        "about": (inspect.getdoc(type(first)) or "") if one else module,
        "source": str(getattr(first, "source", "")) or module.partition("\n")[0],
        "scores": scores if len(set(map(tuple, scores.values()))) > 1 else scores[points[0].name],
        "baselines": list(dict.fromkeys(name for point in points for name in getattr(point.task, "baselines", ()))),
        "fields": shared,
        "own_fields": {point: own for point, own in apart.items() if own},
        "models": list(each),
        "file": str(found.homes[f"-t {points[0].sweep}"].path),
        "example": f"mibench run -e none,mine -t {spec}",
    }


def _scores(task: Any) -> list[str]:
    margins = {name: f", margin {score.margin:g}" * bool(score.margin) for name, score in task.scores.items()}
    return [
        f"{name} {ARROWS[score.direction]} ({score.direction} is better{margins[name]})"
        for name, score in task.scores.items()
    ]
