"""Which estimators and points a run's settings ask for."""

from collections.abc import Iterable, Sequence

from mibench import settings as asked
from mibench import specs
from mibench.catalogue import Catalogue, Choice, Point, lacking
from mibench.errors import NothingMatched, UsageError
from mibench.settings import Settings


def choices_and_points(found: Catalogue, settings: Settings) -> tuple[list[Choice], list[Point]]:
    """The estimators of `-e` and the points of `-t`, both multiplied by the fields that `-P` sweeps.

    Raises UsageError for names and fields that are wrong, NothingMatched where no point is left.
    """
    choices = [found.estimator(spec) for spec in specs.split(settings.estimators)]
    sweeps = tuple(dict.fromkeys(map(specs.called, settings.tasks)))
    swept: dict[str, list[dict[str, str]]] = {sweep: [{}] for sweep in sweeps}
    for text in settings.parameters:
        name, key, values = specs.sweep(text)
        if _means_task(text, found, choices, sweeps):
            swept[name] = [{**fields, key: value} for fields in swept[name] for value in values]
            continue
        choices = [
            made
            for choice in choices
            for made in (
                [found.choice(name, {**choice.changes, key: value}) for value in values]
                if choice.name == name
                else [choice]
            )
        ]
    points = _points(found, settings, swept)
    return list({specs.canonical([c.name, specs.fields(c.estimator)]): c for c in choices}.values()), points


def _points(found: Catalogue, settings: Settings, swept: dict[str, list[dict[str, str]]]) -> list[Point]:
    aims = asked.aims(settings)
    every = [point for spec in settings.tasks for point in found.points(spec, aims, swept[specs.called(spec)])]
    points = list({(point.sweep, point.name): point for point in every}.values())
    if not points:
        raise NothingMatched(f"no point matches {', '.join(settings.tasks)}")
    given = ("-n", settings.samples), ("--dims", settings.dims), ("--mi", settings.mi)
    idle = [option for option, value in given if value]
    if reason := lacking(points):
        raise UsageError(reason)
    if idle and all(point.kind == "application" for point in points):
        raise UsageError(f"{idle[0]} does not apply to {', '.join(swept)}: an application draws no sample of a task")
    return points


def _means_task(text: str, found: Catalogue, choices: Sequence[Choice], sweeps: Iterable[str]) -> bool:
    """Whether a field that `-P` sweeps is one of a task or application, and not of an estimator."""
    name, key, values = specs.sweep(text)
    names = {choice.name for choice in choices}
    if name not in sweeps and name not in names:
        if (sweep := specs.called(name)) in sweeps and sweep != name:
            one = ",".join(f"{name}:{key}={value}" for value in values)
            raise UsageError(
                f"-P {text}: it sweeps all points of a task; write -P {sweep}.{key}={','.join(values)}, or -t {one}"
            )
        there = name in found.estimators or name in found.tasks
        hint = "is not among the estimators or tasks of this run" if there else "is unknown"
        raise UsageError(f"-P {text}: '{name}' {hint}; {specs.nearest(name, {*sweeps, *names})}")
    if name not in sweeps or name not in names:
        return name in sweeps
    of_task = any(specs.has_field(task, key) for task in found.tasks[name].values())
    if of_task and specs.has_field(found.estimators[name], key):
        either = " or ".join(f"{flag} {','.join(f'{name}:{key}={v}' for v in values)}" for flag in ("-e", "-t"))
        raise UsageError(f"-P {text}: an estimator and a task are called '{name}', and both have {key}: write {either}")
    return of_task
