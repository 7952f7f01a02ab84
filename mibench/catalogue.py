"""Find plugins; turn "ksg:k=5" into the object it names.

Nothing is privileged: bundled estimators and tasks come through the same pluggy hooks as anyone's. One broken plugin
never stops the others; it stays in the catalogue with its reason.
"""

import dataclasses
import importlib.metadata
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import pluggy

import mibench
from mibench import fingerprint, hooks, specs
from mibench.errors import NothingMatched, UsageError, one_line
from mibench.fence import fenced
from mibench.interface import Application
from mibench.offers import NO_HOOK, Plugin, from_entry_point, from_file, from_object, reason

PACKAGE = Path(mibench.__file__).parent


@dataclass(frozen=True)
class Choice:
    """One estimator with its settings. `changes` against the plugin's defaults rebuild it in any process."""

    name: str
    changes: Mapping[str, Any]
    estimator: Any = dataclasses.field(repr=False, compare=False)
    baseline: bool = False
    """Whether it is one of an application's own, and no estimator."""

    @cached_property
    def params(self) -> str:
        """All its fields (but see `specs.stated`), as one JSON text."""
        return specs.canonical(specs.stated(self.estimator))

    @cached_property
    def family(self) -> str:
        """The same without the field that siblings of `estimate_family` differ in."""
        skipped = getattr(self.estimator, "family", None)
        return specs.canonical({key: v for key, v in specs.stated(self.estimator).items() if key != skipped})


@dataclass(frozen=True)
class NoTerm:
    """What stands in the place of an estimator for an application's own baselines."""


@dataclass(frozen=True)
class Point:
    """One task or application of a sweep.

    `origin`, the point's name in the sweep, and `changes` rebuild it in any process.
    """

    sweep: str
    origin: str
    changes: Mapping[str, Any]
    name: str
    task: Any = dataclasses.field(repr=False, compare=False)

    @cached_property
    def params(self) -> str:
        """The task's whole definition, as one JSON text."""
        return specs.canonical(specs.typed_fields(self.task))

    @cached_property
    def kind(self) -> Literal["task", "application"]:
        """Which of the two it is."""
        return "application" if isinstance(self.task, Application) else "task"

    @cached_property
    def paired(self) -> str:
        """The definition without an application's `term_fields`: what its data, first weights and noise come from."""
        left_out = getattr(self.task, "term_fields", ()) if self.kind == "application" else ()
        return specs.canonical({k: v for k, v in specs.typed_fields(self.task).items() if k not in left_out})

    @cached_property
    def baselines(self) -> tuple[Choice, ...]:
        """An application's own baselines."""
        return tuple(Choice(name, {}, NoTerm(), baseline=True) for name in _baselines(self.task))

    @cached_property
    def version(self) -> Any:
        """The version the task says it is."""
        return declared(self.task, "version")

    @cached_property
    def rows_at_hand(self) -> int | None:
        """How many rows a task says there are, where they are not drawn without end."""
        found: int | None = declared(self.task, "rows_at_hand")
        return found

    @cached_property
    def dims(self) -> tuple[int | None, int | None]:
        """Dimensions of the two sides as the task declares them, None where only a sample tells."""
        return declared(self.task, "dim_x"), declared(self.task, "dim_y")


def declared(task: Any, name: str) -> Any:
    """What a task says of itself; None where it does not or cannot: sampling then fails, and the row says why."""
    try:
        with fenced():
            return getattr(task, name, None)
    except Exception:  # a task may be anyone's
        return None


def lacking(points: Iterable[Point]) -> str | None:
    """The first thing that one of these points needs and does not find, as it says; None if all have what they need."""
    for point in points:
        if isinstance(reason := declared(point.task, "lacks"), str) and reason.strip():
            return f"-t {point.sweep}/{point.name}: {one_line(reason)}"
    return None


def bundled_folders() -> list[tuple[Path, str]]:
    """Where bundled plugins lie: beside the package in a checkout, inside it from the wheel."""
    root = PACKAGE if (PACKAGE / "plugins").is_dir() else PACKAGE.parent
    return [(root / "plugins", "mibench_plugin"), (root / "tasks", "mibench_task")]


class Catalogue:
    """Every estimator, task and application that could be found."""

    def __init__(self, plugins: Sequence[Plugin]):
        self.plugins = tuple(plugins)
        self.estimators = {name: made for plugin in plugins for name, made in plugin.estimators.items()}
        self.tasks = {name: points for plugin in plugins for name, points in plugin.tasks.items()}
        self._codes: dict[tuple[str | None, str], str] = {}
        self._watched: dict[tuple[str | None, str], dict[str, str]] = {}

    @property
    def objects(self) -> list[Plugin]:
        """What was handed over in Python, and lives in this process alone."""
        return [plugin for plugin in self.plugins if plugin.origin == "object"]

    def with_objects(self, objects: Mapping[str, Any]) -> "Catalogue":
        """This catalogue and, by name, estimators and tasks made in Python; raises UsageError where one is neither."""
        made = []
        for name, thing in objects.items():
            kinds = [kind for kind, known in (("estimator", self.estimators), ("task", self.tasks)) if name in known]
            if kinds:
                raise UsageError(f"{kinds[0]} '{name}' is in the catalogue; give the object another name: {{name: …}}")
            try:
                made.append(from_object(name, thing))
            except (TypeError, ValueError) as error:
                raise UsageError(str(error)) from error
        return Catalogue([*self.plugins, *made])

    @property
    def broken(self) -> list[Plugin]:
        """The plugins that offer nothing, each with its reason."""
        return [plugin for plugin in self.plugins if plugin.error]

    @cached_property
    def homes(self) -> dict[str, Plugin]:
        """The plugin each estimator (`-e NAME`) and sweep (`-t NAME`) comes from."""
        return {
            **{f"-e {name}": plugin for plugin in self.plugins for name in plugin.estimators},
            **{f"-t {name}": plugin for plugin in self.plugins for name in plugin.tasks},
        }

    def code(self, estimator: str | None, task: str) -> str:
        """The fingerprint of the sources that a number of this estimator, or of none, on this task comes from."""
        if (estimator, task) not in self._codes:
            homes = [self.homes[name] for name in filter(None, (estimator and f"-e {estimator}", f"-t {task}"))]
            texts = [home.source for home in homes if home.source is not None]
            paths = [home.path for home in homes if home.source is None]
            self._watched[estimator, task] = fingerprint.own(paths)
            self._codes[estimator, task] = fingerprint.code(paths, texts)
        return self._codes[estimator, task]

    def watched(self, estimator: str | None, task: str) -> dict[str, str]:
        """Checksums of the files that a process with such a trial loads anew, as they were when `code` was taken."""
        self.code(estimator, task)
        return self._watched[estimator, task]

    def estimator(self, spec: str) -> Choice:
        """The estimator that a spec names: `"ksg"`, `"ksg:k=5"`."""
        name, changes = specs.parse(spec)
        if name not in self.estimators:
            raise self._unknown("estimator", name, self.estimators)
        return self.choice(name, changes)

    def means_estimator(self, spec: str) -> bool:
        """Whether a spec can mean an estimator: the name may be a task's too, and then its fields decide."""
        name = specs.called(spec)
        if "/" in spec.partition(":")[0] or name not in self.estimators:
            return False
        changes = specs.parse(spec)[1]
        return name not in self.tasks or all(specs.has_field(self.estimators[name], key) for key in changes)

    def choice(self, name: str, changes: Mapping[str, Any]) -> Choice:
        """The estimator of this name with some fields changed; text is read by the field's type. Raises UsageError."""
        default = self.estimators[name]
        with fenced():
            made = specs.change(default, changes, name)
        defaults = specs.fields(default)
        different = {key: value for key, value in specs.fields(made).items() if value != defaults[key]}
        return Choice(name, different, made)

    def points(
        self, spec: str, aims: Sequence[Mapping[str, Any]] = ({},), swept: Sequence[Mapping[str, Any]] = ({},)
    ) -> list[Point]:
        """The points a task spec names, in order: `"gaussian"`, `"gaussian:dim=5"`, `"beyond-normal/1v1-normal-0.75"`.

        `swept` and `aims` are further field settings, each applied to every point, `aims` to tasks alone; points that
        become equal are kept once.
        """
        sweep, name, changes = self._parsed(spec)
        whole = self.tasks[sweep]
        if name:
            chosen, more = self._named(sweep, name)
            whole, changes = {chosen: whole[chosen]}, {**changes, **more}
        made = [
            self.point(sweep, origin, {**changes, **specs.placing(task, changes), **fields, **aim})
            for fields in swept
            for aim in aims
            for origin, task in whole.items()
            if not isinstance(task, Application)
        ]
        made += [
            self.point(sweep, origin, {**changes, **fields})
            for fields in swept
            for origin, task in whole.items()
            if isinstance(task, Application)
        ]
        if not made:
            raise NothingMatched(f"task '{spec}' has no points")
        unchanged = {point.params for point in made if not point.changes}
        distinct: dict[str, list[Point]] = {}
        for point in made:
            if not point.changes or point.params not in unchanged:  # else another point is that one already
                distinct.setdefault(point.params + ("" if point.changes else point.name), []).append(point)
        aimed = Counter(_changes_name(equal[0].task, equal[0].changes) for equal in distinct.values())
        return [
            # several points became one, and no other is left: it is called by what they were set to
            dataclasses.replace(point, name=short)
            if more
            and aimed[short := _changes_name(point.task, point.changes)] == 1
            and point.name == f"{point.origin}:{short}"
            else point
            for point, *more in distinct.values()
        ]

    def _parsed(self, spec: str) -> tuple[str, str, dict[str, str]]:
        """Sweep, point ("" is all) and changes. A slash after the first colon belongs to a value, as in path=/a.csv."""
        sweep = specs.called(spec)
        if sweep not in self.tasks:
            raise self._unknown("task", sweep, self.tasks)
        selector, _, name = spec.partition("/")
        if ":" in selector and name.partition(":")[0] not in self.tasks[sweep]:
            selector, name = spec, ""
        return sweep, name, specs.parse(selector)[1]

    def settled(self, spec: str) -> str:
        """The spec of a task, so written that the files it names are found from any working directory."""
        sweep, name, changes = self._parsed(spec)
        chosen, more = self._named(sweep, name) if name else (None, {})
        named = [self.tasks[sweep][chosen]] if chosen else self.tasks[sweep].values()
        for task in named:
            for place, folder in specs.placing(task, {**changes, **more}).items():
                if re.search("[:,]", folder):
                    raise UsageError(f"-t {spec}: {folder} holds a colon or comma; name the file in the plugin")
                return f"{spec}:{place}={folder}"
        return spec

    def point(self, sweep: str, origin: str, changes: Mapping[str, Any]) -> Point:
        """The point that the plugin offers as `origin` with some fields changed. Raises UsageError."""
        task = self.tasks[sweep][origin]
        with fenced():
            aimed = specs.change(task, changes, f"{sweep}/{origin}") if changes else task
        if "mi" in changes and (got := _truth(aimed, f"{sweep}/{origin}")) != float(changes["mi"]):
            said = f"with mi={changes['mi']} below it, its mutual information is {got:g}"
            raise UsageError(f"'{sweep}/{origin}' cannot be aimed: {said}")
        if specs.typed_fields(aimed) == specs.typed_fields(task) and not specs.places(task) & {*changes}:
            return Point(sweep, origin, {}, origin, task)
        if origin == specs.point_name(task):
            name = specs.point_name(aimed)
        else:
            name = f"{origin}:{_changes_name(task, changes)}"
        return Point(sweep, origin, dict(changes), name, aimed)

    def _named(self, sweep: str, name: str) -> tuple[str, dict[str, str]]:
        """The point called `name`, or the one called by its beginning, with the rest as field=value changes."""
        whole = self.tasks[sweep]
        if name in whole:
            return name, {}
        parts = name.split(":")
        for cut in range(len(parts) - 1, 0, -1):
            if (head := ":".join(parts[:cut])) in whole:
                return head, dict(specs.assignment(text, name) for text in parts[cut:])
        if all("=" in part for part in parts):
            changes = dict(specs.assignment(text, name) for text in parts)
            for origin, task in whole.items():
                if origin == specs.point_name(task) and all(specs.has_field(task, key) for key in changes):
                    return origin, changes
        raise NothingMatched(f"task '{sweep}' has no point '{name}'; {specs.nearest(name, whole)}")

    def refuse_broken(self, named: Iterable[str | Path]) -> None:
        """A file named with -p must work; others that are broken are only listed. Raises UsageError."""
        paths = [specs.folder_or_file(item, "-p") for item in named]
        for plugin in self.broken:
            if any(plugin.path == path or path in plugin.path.parents for path in paths):
                raise UsageError(f"{plugin.path}: {plugin.error}")

    def _unknown(self, kind: str, name: str, known: Iterable[str]) -> UsageError:
        for plugin in self.broken:
            if plugin.name.replace("_", "-") == name or f'"{name}"' in _text(plugin.path):
                return UsageError(f"{kind} '{name}' is not available: {plugin.path}: {plugin.error}")
        if not name:
            return UsageError(f"a {kind} has no name; write for example {next(iter(known), kind)}")
        hint = specs.nearest(name, known)
        if kind == "estimator" and (owners := self._with_baseline(name)):
            said = f"'{name}' is no estimator but a baseline of {', '.join(owners)}, where it runs by itself"
            return UsageError(f"{said}; write for example -e none -t {owners[0]}")
        if kind == "estimator" and re.fullmatch(r"[\d.]+", name):
            hint = "commas separate estimators; to sweep a field write -P NAME.FIELD=3,5"
        if "=" in name:
            hint = f"commas separate {kind}s; colons join fields: NAME:a=1:b=2"
        return UsageError(f"no {kind} '{name}'; {hint}")

    def _with_baseline(self, name: str) -> list[str]:
        """The applications that have a baseline of this name."""
        return [
            sweep for sweep, every in self.tasks.items() if any(name in _baselines(task) for task in every.values())
        ]


def _baselines(task: Any) -> tuple[str, ...]:
    return tuple(getattr(task, "baselines", ())) if isinstance(task, Application) else ()


def _changes_name(task: Any, changes: Mapping[str, Any]) -> str:
    return ":".join(f"{key}={specs.shown(value)}" for key, value in changes.items() if key not in specs.places(task))


def _truth(task: Any, who: str) -> float:
    try:
        with fenced():
            return float(task.mi)
    except Exception as error:  # a task may be anyone's
        raise UsageError(f"'{who}' has no mutual information: {reason(error)}") from error


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace") if path.is_file() else ""
    except OSError:
        return ""


def discover(extra: Sequence[str | Path] = (), only: frozenset[str] | None = None) -> Catalogue:
    """Look in the bundled folders, the installed packages, `MIBENCH_PLUGINS` and `extra` (files or folders).

    With `only`, the labels of some plugins, others are passed over where that saves time: a trial's process needs but
    two.
    """
    found: list[Plugin] = []
    manager = pluggy.PluginManager("mibench")
    manager.add_hookspecs(hooks)
    taken: dict[str, Path] = {}
    for folder, prefix in bundled_folders():
        for path in sorted(folder.glob("[!_.]*.py")):
            if only is not None and f"bundled:{path.stem}" not in only:
                continue
            found.append(from_file(manager, path, f"{prefix}_{path.stem}", "bundled", taken))
    named = [item for item in os.environ.get("MIBENCH_PLUGINS", "").split(os.pathsep) if item]
    asked = dict.fromkeys(specs.folder_or_file(item, "-p") for item in [*named, *extra])
    if only is None or any(label.startswith("package:") for label in only):
        for point in sorted(importlib.metadata.entry_points(group="mibench"), key=lambda p: p.name):
            found.append(from_entry_point(manager, point, taken))
    for item in asked:
        found += _load_asked(manager, item, taken)
    return Catalogue(found)


def _load_asked(manager: pluggy.PluginManager, item: Path, taken: dict[str, Path]) -> list[Plugin]:
    if not item.exists():
        return [Plugin(item.stem, item, "file", error="there is no such file or folder")]
    paths = sorted(item.glob("[!_.]*.py")) if item.is_dir() else [item]
    tag = sha256(str(item).encode()).hexdigest()[:8]
    loaded = [from_file(manager, path, f"mibench_file_{tag}_{path.stem}", "file", taken) for path in paths]
    if item.is_dir():  # a module without hooks beside plugins is something they import
        loaded = [plugin for plugin in loaded if plugin.error != NO_HOOK]
        return loaded or [Plugin(item.name, item, "file", error="no plugin file (*.py with a mibench hook) in it")]
    return loaded
