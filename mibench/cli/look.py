"""`mibench list`, `mibench describe` and `mibench status`: what there is, and how far a run has come."""

import dataclasses
import inspect
import json
import math
import re
import shlex
import sys
import textwrap
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from mibench import catalogue, citations, specs, store
from mibench.cli import complete, described
from mibench.cli.options import AsJson, DataDir, Plugins, Run, print_unicode
from mibench.errors import MibenchError, NothingMatched, UsageError
from mibench.interface import Application
from mibench.offers import Plugin
from mibench.result import SETTLED

Kind = Literal["estimators", "tasks", "plugins", "runs", "published"]


def list_(
    kind: Annotated[Kind | None, typer.Argument(help="What to list.", show_default="estimators and tasks")] = None,
    folders: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FOLDER…", help="Where to look for runs.", show_default="results and ."),
    ] = None,
    plugins: Plugins = None,
    as_json: AsJson = False,
) -> None:
    """List estimators, tasks, plugins, runs or published tables."""
    if folders and kind != "runs":
        raise UsageError(f"folders are for list runs, not for list {kind}")
    if kind == "runs":
        records = [_run_record(run) for place in folders or (store.RESULTS, Path()) for run in _runs(place)]
        _print(records, as_json, lambda r: f"{r['run']:<44} {r['rows']:>7} of {r['trials']} rows  {r['command']}")
        return
    if kind == "published":
        from mibench.findings import sources

        listed = [{"name": name, **dataclasses.asdict(source)} for name, source in sources.sources().items()]
        _print(listed, as_json, lambda r: f"{r['name']:<24} {re.split('[: ]', r['grade'])[0]:<8} {r['title']}")
        return
    found = catalogue.discover(plugins or ())
    if kind == "plugins":
        _print([_plugin_record(p) for p in found.plugins], as_json, _plugin_line)
        return
    records = []
    if kind in (None, "estimators"):
        records += [
            {
                "kind": "estimator",
                "name": name,
                "bound": getattr(made, "direction", "none"),
                "approach": getattr(made, "approach", None),
                "year": getattr(made, "year", None),
                "about": _about(made),
            }
            for name, made in sorted(found.estimators.items())
        ]
    if kind in (None, "tasks"):
        records += [
            {"kind": kind, "name": name, "points": len(points), "about": _sweep_doc(found, name).partition("\n")[0]}
            for kind in ("task", "application")
            for name, points in sorted(found.tasks.items())
            if kind == ("application" if all(isinstance(p, Application) for p in points.values()) else "task")
        ]
    if as_json:
        typer.echo(json.dumps(records))
    else:
        wide = max((len(record["name"]) for record in records), default=0)
        for heading in dict.fromkeys(record["kind"] for record in records):
            typer.echo(f"{heading}s")
            for r in (r for r in records if r["kind"] == heading):
                said = f"{r['points']:>3} points" if "points" in r else _kind_of_estimator(r)
                typer.echo(f"  {r['name']:<{wide}}  {said}  {r['about']}")
    _tell_broken(found)


def describe(
    name: Annotated[
        str,
        typer.Argument(
            help="An estimator or a task: ksg, mine:steps=500, gaussian, gaussian/dim=5:mi=0.5.",
            autocompletion=complete.names,
        ),
    ],
    plugins: Plugins = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="PNG", help="Draw a sample of the task.")
    ] = None,
    bibtex: Annotated[bool, typer.Option("--bibtex", help="Print the papers it names, as BibTeX.")] = False,
) -> None:
    """Show formula, source and fields of an estimator or task."""
    found = catalogue.discover(plugins or ())
    base = specs.called(name)
    if base not in found.estimators and base not in found.tasks:
        hint = specs.nearest(base, [*found.estimators, *found.tasks])
        raise UsageError(f"no estimator or task '{base}'; {hint}")
    documents = []
    if found.means_estimator(name):
        documents.append(_estimator_document(found, name))
    if base in found.tasks and not (documents and ":" in name):
        documents.append(_task_document(found, name))
    if output is not None:
        if base not in found.tasks:
            raise UsageError(f"-o draws a sample of a task, and {base} is an estimator")
        _draw(found.points(name)[0], output)
    if bibtex:
        _print_papers(found, name, documents, as_json)
        return
    if as_json:
        typer.echo(json.dumps(documents[0] if len(documents) == 1 else documents, default=str))
        return
    for document in documents:
        _print_document(document)


def _print_papers(found: catalogue.Catalogue, name: str, documents: list[dict[str, Any]], as_json: bool) -> None:
    """The papers that its source names, or else what is said about it. Raises NothingMatched if there are none."""
    sources = [document["source"] for document in documents]
    if "estimator" not in documents[-1]:
        sources.append(_sweep_doc(found, specs.called(name)))
    about = "\n".join(document["about"] for document in documents)
    entries = citations.bibtex("\n".join(sources)) or citations.bibtex(about)
    if not entries:
        raise NothingMatched(f"{name} names no paper; its file says what it is: {documents[0]['file']}")
    print_unicode(json.dumps(entries) + "\n" if as_json else "\n\n".join(entries) + "\n")


def status(
    run: Run = None,
    as_json: AsJson = False,
) -> None:
    """Show how far a run has come, also while it goes on, and which rows are not of today's sources."""
    from mibench.standing import standing

    folder = store.find(run)
    facts = store.read_run(folder)
    known = store.known(folder)
    counts = Counter(entry.status for entry in known.values())
    done, unsupported = len(known), counts["unsupported"]
    stale: dict[str, int] | None = None
    untold = ""
    try:
        missing, stale = standing(folder, known)
        total = done + missing
    except MibenchError as error:
        total, untold = max(done, _asked(facts)), str(error)
    failed = done - sum(counts[name] for name in SETTLED)
    record = {
        "run": folder.name,
        "folder": str(folder),
        "trials": total,
        "done": done,
        "counts": dict(counts),
        "failed": failed,
        "unsupported": unsupported,
        "stale": stale,
        "seconds_since_last_row": round(store.age(folder), 1),
        "command": facts.get("command", ""),
        "started_at": facts.get("started_at", ""),
    }
    if as_json:
        typer.echo(json.dumps(record))
        return
    not_able = f"unsupported {unsupported} · " if unsupported else ""
    print_unicode(
        f"{folder}: {done}/{total} · ok {counts['ok']} · {not_able}failed {failed} · "
        f"last row {record['seconds_since_last_row']:.0f} s ago\n"
    )
    for name, count in sorted(counts.items()):
        if name not in SETTLED:
            typer.echo(f"  {count} {name}")
    again = f"mibench resume {shlex.quote(str(folder))}"
    if done < total or failed:
        typer.echo(f"go on with: {again}")
    for name, count in sorted((stale or {}).items()):
        typer.echo(f"{count} rows of {name} were made by another version of it or of its task: {again} --rerun stale")
    if untold:
        typer.echo(f"not compared with today's sources: {untold}")


def _asked(facts: dict[str, Any]) -> int:
    said = store.last_asked(facts).get("trials", 0)
    return said if isinstance(said, int) else 0


def _runs(place: Path) -> list[Path]:
    """The runs in a folder, or the run that it is."""
    if not place.is_dir() and place != store.RESULTS:
        raise UsageError(f"{place} is no folder")
    return [place] if (place / "run.json").is_file() else store.list_runs(place)


def _run_record(folder: Path) -> dict[str, Any]:
    try:
        facts = store.read_run(folder)
    except UsageError as error:
        return {"run": _called(folder), "rows": 0, "trials": 0, "command": str(error)}
    count = len(store.known(folder))
    return {
        "run": _called(folder),
        "rows": count,
        "trials": max(count, _asked(facts)),
        "command": facts.get("command", ""),
    }


def _called(folder: Path) -> str:
    """What other commands find the run by: its name if it lies in results/, else its path."""
    return folder.name if folder.parent == store.RESULTS else str(folder)


def _plugin_record(plugin: Plugin) -> dict[str, Any]:
    return {
        "name": plugin.name,
        "origin": plugin.origin,
        "path": str(plugin.path),
        "estimators": list(plugin.estimators),
        "tasks": list(plugin.tasks),
        "error": plugin.error,
    }


def _plugin_line(record: dict[str, Any]) -> str:
    offers = ", ".join([*(f"-e {n}" for n in record["estimators"]), *(f"-t {n}" for n in record["tasks"])])
    said = f"BROKEN  {record['path']}: {record['error']}" if record["error"] else offers
    return f"{record['name']:<18} {record['origin']:<8} {said}"


def _print(records: list[dict[str, Any]], as_json: bool, line: Any) -> None:
    if as_json:
        typer.echo(json.dumps(records))
        return
    for record in records:
        typer.echo(line(record))
    if not records:
        typer.echo("none yet")


def _tell_broken(found: catalogue.Catalogue) -> None:
    for plugin in found.broken:
        print(f"mibench: not available: {plugin.path}: {plugin.error}", file=sys.stderr)


def _kind_of_estimator(record: dict[str, Any]) -> str:
    return f"{record['bound']:<5}  {record['approach'] or '':<10}  {record['year'] or '':<4}"


def _about(made: Any) -> str:
    """The first line of its file, which names the paper, or of its class where the file is of several things."""
    first, own = (doc.partition("\n")[0] for doc in (_module_doc(made), inspect.getdoc(type(made)) or ""))
    return first if first.endswith(".") or not own else own


def _module_doc(made: Any) -> str:
    return inspect.getdoc(sys.modules.get(type(made).__module__)) or ""


def _sweep_doc(found: catalogue.Catalogue, name: str) -> str:
    path = str(found.homes[f"-t {name}"].path)
    module = next((m for m in list(sys.modules.values()) if getattr(m, "__file__", None) == path), None)
    return inspect.getdoc(module) or ""


def _estimator_document(found: catalogue.Catalogue, spec: str) -> dict[str, Any]:
    choice = found.estimator(spec)
    made = choice.estimator
    drives = getattr(made, "drives", None)
    as_term = f"its {drives} drives a model" if drives else "yes" if getattr(made, "term", None) else "no"
    return {
        "estimator": choice.name,
        "about": inspect.getdoc(type(made)) or "",
        "source": _module_doc(made),
        "bound": getattr(made, "direction", "none"),
        "approach": getattr(made, "approach", ""),
        "year": getattr(made, "year", ""),
        "devices": list(getattr(made, "devices", ("cpu",))),
        **({"cost": cost} if (cost := described.cost(choice.name)) else {}),
        "term": as_term,
        **_published(made),
        "fields": described.fields(made),
        "file": str(found.homes[f"-e {choice.name}"].path),
        "example": f"mibench run -e {spec} -t {'mixed/symbols-1' if getattr(made, 'discrete', False) else 'gaussian'}",
    }


def _published(made: Any) -> dict[str, str]:
    """What `recipe=published` sets, and who says so, if it can be set."""
    known = getattr(made, "published", None)
    if known is None:
        return {}
    return {"published": f"{' '.join(f'{k}={specs.shown(v)}' for k, v in known.settings.items())}: {known.source}"}


def _task_document(found: catalogue.Catalogue, spec: str) -> dict[str, Any]:
    points = found.points(spec)
    first = points[0]
    module = _sweep_doc(found, first.sweep)
    one = len({tuple(map(type, _layers(point.task))) for point in points}) == 1
    if all(point.kind == "application" for point in points):
        return described.application(found, spec, points, module)
    formulas = _formulas(first.task)
    sources = dict.fromkeys(part for p in points for part in str(getattr(p.task, "source", "")).split("; ") if part)
    return {
        "task": first.sweep,
        "about": f"{module.partition(chr(10))[0]}\n\n{formulas}" if formulas and one else module,
        "source": "; ".join(sources) or module.partition("\n")[0],
        "fields": described.fields(first.task) if one else {},
        "points": {point.name: _truth(point.task) for point in points},
        "file": str(found.homes[f"-t {first.sweep}"].path),
        "example": f"mibench run -e ksg -t {spec}",
    }


def _layers(task: Any) -> list[Any]:
    """The task and, if it is a map, what it maps, down to the family."""
    base = getattr(task, "base", None)
    return [task, *_layers(base)] if dataclasses.is_dataclass(base) else [task]


def _formulas(task: Any) -> str:
    """The docstring of the task; of a map also those of what it maps, each under its name."""
    layers = _layers(task)
    docs = [inspect.getdoc(type(layer)) or "" for layer in layers]
    if len(layers) == 1:
        return docs[0]
    return "\n\n".join(f"{type(layer).__name__}: {doc}" for layer, doc in zip(layers, docs, strict=True))


def _at_hand(task: Any) -> float:
    """How many rows there are, of a task that draws from a file."""
    try:
        return float(math.inf if (rows := getattr(task, "rows_at_hand", None)) is None else rows)
    except (OSError, ValueError):
        return math.inf  # a file that cannot be read: drawing from it says so


def _draw(point: catalogue.Point, output: Path) -> None:
    from mibench.plots.sample import sample
    from mibench.samples import drawn

    n = int(min(1000, _at_hand(point.task)))
    x, y, mi = drawn(point, n, 0)
    try:
        title = textwrap.fill(f"{point.sweep}/{point.name}", 44)
        sample(x, y, f"{title}\n{mi:.4g} nats, n = {n}", output)
    except (OSError, ValueError) as error:
        raise UsageError(f"-o {output}: {error}") from error
    print(f"wrote {output}", file=sys.stderr)


def _truth(task: Any) -> Any:
    try:
        error = float(getattr(task, "mi_error", 0.0))
        return f"{float(task.mi):.10g} ± {error:.1g}" if error else float(task.mi)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def _print_document(document: dict[str, Any]) -> None:
    for key, value in document.items():
        if key == "fields":
            _print_fields(key, value)
        elif key == "own_fields":
            for point, own in value.items():
                _print_fields(f"fields of {point}", own)
        elif key == "scores" and isinstance(value, dict):
            for point, scores in value.items():
                typer.echo(f"scores of {point}: {', '.join(scores)}")
        elif key == "points":
            typer.echo(f"points ({len(value)}), with their true mutual information in nats:")
            for name, truth in value.items():
                typer.echo(f"  {name:<40} {truth:.6g}" if isinstance(truth, float) else f"  {name:<40} {truth}")
        elif value in ("", []):
            continue
        elif isinstance(value, str) and "\n" in value:
            typer.echo(f"{key}:")
            for line in value.splitlines():
                typer.echo(f"  {line}".rstrip())
        else:
            typer.echo(f"{key}: {', '.join(value) if isinstance(value, list) else value}")


def _print_fields(heading: str, fields: dict[str, Any]) -> None:
    typer.echo(f"{heading}:")
    for name, one in fields.items():
        typer.echo(f"  {name} = {json.dumps(one['value'], default=str)}   ({one['type']})")
        if one["about"]:
            typer.echo(f"      {one['about']}")
