"""Find plugins; turn "ksg:k=5" into the object it names.

Nothing is privileged: bundled estimators and tasks come through the same pluggy hooks as anyone's. One broken plugin
never stops the others; it stays in the catalogue with its reason.
"""

import dataclasses
import importlib.metadata
import importlib.util
import inspect
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Literal

import pluggy

import mibench
from mibench import fingerprint, hooks, specs
from mibench.errors import NothingMatched, UsageError, one_line
from mibench.fence import fenced

PACKAGE = Path(mibench.__file__).parent
HOOKS = ("mibench_estimators", "mibench_tasks")
NAME = re.compile(r"[^\s:,/=]+")


@dataclass(frozen=True)
class Plugin:
    """A file or package that offered estimators or tasks, or the reason why it could not."""

    name: str
    path: Path
    origin: Literal["bundled", "file", "package", "object"]
    estimators: Mapping[str, Any] = field(default_factory=dict)
    tasks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    error: str | None = None
    source: str | None = None
    """Of an object made in Python, the text of its class: it may lie in no file."""

    @property
    def label(self) -> str:
        """What it is called on any machine."""
        return f"{self.origin}:{self.name}"


@dataclass(frozen=True)
class Choice:
    """One estimator with its settings. `changes` against the plugin's defaults rebuild it in any process."""

    name: str
    changes: Mapping[str, Any]
    estimator: Any = dataclasses.field(repr=False, compare=False)

    @cached_property
    def params(self) -> str:
        """All its fields, as one JSON text."""
        return specs.canonical(specs.fields(self.estimator))

    @cached_property
    def family(self) -> str:
        """The same without the field that siblings of `estimate_family` differ in."""
        skipped = getattr(self.estimator, "family", None)
        return specs.canonical({key: v for key, v in specs.fields(self.estimator).items() if key != skipped})


@dataclass(frozen=True)
class Point:
    """One task of a sweep. `origin`, the point's name in the sweep, and `changes` rebuild it in any process."""

    sweep: str
    origin: str
    changes: Mapping[str, Any]
    name: str
    task: Any = dataclasses.field(repr=False, compare=False)

    @cached_property
    def params(self) -> str:
        """The task's whole definition, as one JSON text."""
        return specs.canonical(specs.typed_fields(self.task))


def bundled_folders() -> list[tuple[Path, str]]:
    """Where bundled plugins lie: beside the package in a checkout, inside it from the wheel."""
    root = PACKAGE if (PACKAGE / "plugins").is_dir() else PACKAGE.parent
    return [(root / "plugins", "mibench_plugin"), (root / "tasks", "mibench_task")]


class Catalogue:
    """Every estimator and task that could be found."""

    def __init__(self, plugins: Sequence[Plugin]):
        self.plugins = tuple(plugins)
        self.estimators = {name: made for plugin in plugins for name, made in plugin.estimators.items()}
        self.tasks = {name: points for plugin in plugins for name, points in plugin.tasks.items()}
        self._codes: dict[tuple[str, str], str] = {}

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
                made.append(_object(name, thing))
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

    def code(self, estimator: str, task: str) -> str:
        """The fingerprint of the sources that a number of this estimator on this task comes from."""
        if (estimator, task) not in self._codes:
            homes = self.homes[f"-e {estimator}"], self.homes[f"-t {task}"]
            texts = [home.source for home in homes if home.source is not None]
            self._codes[estimator, task] = fingerprint.code([h.path for h in homes if h.source is None], texts)
        return self._codes[estimator, task]

    def estimator(self, spec: str) -> Choice:
        """The estimator that a spec names: `"ksg"`, `"ksg:k=5"`."""
        name, changes = specs.parse(spec)
        if name not in self.estimators:
            raise self._unknown("estimator", name, self.estimators)
        return self.choice(name, changes)

    def means_estimator(self, spec: str) -> bool:
        """Whether a spec can mean an estimator: the name may be a task's too, and then its fields decide."""
        name, changes = specs.parse(spec.partition("/")[0])
        if "/" in spec or name not in self.estimators:
            return False
        return name not in self.tasks or all(specs.has_field(self.estimators[name], key) for key in changes)

    def choice(self, name: str, changes: Mapping[str, Any]) -> Choice:
        """The estimator of this name with some fields changed; text is read by the field's type. Raises UsageError."""
        default = self.estimators[name]
        made = specs.change(default, changes, name)
        defaults = specs.fields(default)
        different = {key: value for key, value in specs.fields(made).items() if value != defaults[key]}
        return Choice(name, different, made)

    def points(self, spec: str, aims: Sequence[Mapping[str, Any]] = ({},)) -> list[Point]:
        """The points a task spec names, in order: `"gaussian"`, `"gaussian:dim=5"`, `"beyond-normal/1v1-normal-0.75"`.

        `aims` are further field settings, each applied to every point; points that become equal are kept once.
        """
        sweep, name, changes = self._parsed(spec)
        whole = self.tasks[sweep]
        if name:
            chosen, more = self._named(sweep, name)
            whole, changes = {chosen: whole[chosen]}, {**changes, **more}
        made = [
            self.point(sweep, origin, {**changes, **specs.placing(task, changes), **aim})
            for aim in aims
            for origin, task in whole.items()
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
        sweep = re.split("[:/]", spec, maxsplit=1)[0]
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

    def _unknown(self, kind: str, name: str, known: Iterable[str]) -> UsageError:
        for plugin in self.broken:
            if plugin.name.replace("_", "-") == name or f'"{name}"' in _text(plugin.path):
                return UsageError(f"{kind} '{name}' is not available: {plugin.path}: {plugin.error}")
        if not name:
            return UsageError(f"a {kind} has no name; write for example {next(iter(known), kind)}")
        hint = specs.nearest(name, known)
        if kind == "estimator" and re.fullmatch(r"[\d.]+", name):
            hint = "commas separate estimators; to sweep a field write -P NAME.FIELD=3,5"
        return UsageError(f"no {kind} '{name}'; {hint}")


def _changes_name(task: Any, changes: Mapping[str, Any]) -> str:
    return ":".join(f"{key}={_shown(value)}" for key, value in changes.items() if key not in specs.places(task))


def _truth(task: Any, who: str) -> float:
    try:
        return float(task.mi)
    except Exception as error:  # a task may be anyone's
        raise UsageError(f"'{who}' has no mutual information: {_reason(error)}") from error


def _shown(value: Any) -> str:
    return "x".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


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
            found.append(_load(manager, path, f"{prefix}_{path.stem}", "bundled", taken))
    named = [item for item in os.environ.get("MIBENCH_PLUGINS", "").split(os.pathsep) if item]
    asked = dict.fromkeys(specs.folder_or_file(item, "-p") for item in [*named, *extra])
    if only is None or any(label.startswith("package:") for label in only):
        for point in sorted(importlib.metadata.entry_points(group="mibench"), key=lambda p: p.name):
            found.append(_load_entry_point(manager, point, taken))
    for item in asked:
        found += _load_asked(manager, item, taken)
    return Catalogue(found)


def _load_asked(manager: pluggy.PluginManager, item: Path, taken: dict[str, Path]) -> list[Plugin]:
    if not item.exists():
        return [Plugin(item.stem, item, "file", error="there is no such file or folder")]
    paths = sorted(item.glob("[!_.]*.py")) if item.is_dir() else [item]
    tag = sha256(str(item).encode()).hexdigest()[:8]
    loaded = [_load(manager, path, f"mibench_file_{tag}_{path.stem}", "file", taken) for path in paths]
    if item.is_dir():  # a module without hooks beside plugins is something they import
        loaded = [plugin for plugin in loaded if plugin.error != NO_HOOK]
        return loaded or [Plugin(item.name, item, "file", error="no plugin file (*.py with a mibench hook) in it")]
    return loaded


NO_HOOK = "it implements neither mibench_estimators nor mibench_tasks (is the @hookimpl marker missing?)"


def _load(manager: pluggy.PluginManager, path: Path, module_name: str, origin: Any, taken: dict[str, Path]) -> Plugin:
    try:
        with fenced():
            module = _import(path, module_name)
    except BaseException as error:  # a plugin may raise anything at import, SystemExit too
        if isinstance(error, KeyboardInterrupt):
            raise
        return Plugin(path.stem, path, origin, error=_reason(error))
    return _register(manager, module, path, path.stem, origin, taken)


def _load_entry_point(
    manager: pluggy.PluginManager, point: importlib.metadata.EntryPoint, taken: dict[str, Path]
) -> Plugin:
    try:
        with fenced():
            module = point.load()
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return Plugin(point.name, Path(point.value), "package", error=_reason(error))
    return _register(manager, module, Path(getattr(module, "__file__", None) or "."), point.name, "package", taken)


def _import(path: Path, name: str) -> ModuleType:
    """The file as a module under a name that every process gives it."""
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError("it is not a Python file")
    folder = str(path.parent)
    if not name.startswith(("mibench_plugin_", "mibench_task_")) and folder not in sys.path:
        sys.path.append(folder)  # last, so that a file beside a plugin can shadow no library
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _register(
    manager: pluggy.PluginManager, module: ModuleType, path: Path, name: str, origin: Any, taken: dict[str, Path]
) -> Plugin:
    try:
        with fenced():
            offers = _offers(manager, module)
            estimators = offers.get("mibench_estimators", {})
            for key, made in estimators.items():
                _accept(f"estimator {key!r}", key, made, "estimate")
            tasks = {
                sweep: _points(sweep, points, path.parent) for sweep, points in offers.get("mibench_tasks", {}).items()
            }
        claims = [*(f"estimator '{key}'" for key in estimators), *(f"task '{key}'" for key in tasks)]
        for claim in claims:
            if claim in taken:
                raise ValueError(f"{claim} is taken by {taken[claim]}; choose another name")
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return Plugin(name, path, origin, error=str(error) if isinstance(error, NotOffered) else _reason(error))
    taken.update(dict.fromkeys(claims, path))
    return Plugin(name, path, origin, estimators, tasks)


class NotOffered(Exception):
    """Why a module offers nothing, or not what it should; its text alone is the reason."""


def _offers(manager: pluggy.PluginManager, module: ModuleType) -> dict[str, dict[Any, Any]]:
    """What the module's hooks return. Raises NotOffered for a hook that is misspelt, unmarked or missing."""
    for name, made in list(vars(module).items()):
        options = getattr(made, "mibench_impl", None)
        hook = (options.get("specname") if isinstance(options, dict) else None) or name
        if isinstance(options, dict) and hook not in HOOKS:
            raise NotOffered(f"it implements {hook}, which is no hook of mibench; {specs.nearest(hook, HOOKS)}")
        if options is None and name in HOOKS and isinstance(made, FunctionType):
            raise NotOffered(f"{name} lacks the @hookimpl marker")
    manager.register(module)
    offers: dict[str, dict[Any, Any]] = {}
    for hook in HOOKS:
        for implementation in getattr(manager.hook, hook).get_hookimpls():
            if implementation.plugin is module:
                given = implementation.function()
                if not isinstance(given, Mapping):
                    raise NotOffered(f"{hook} returned {type(given).__name__}; expected a mapping from names")
                offers[hook] = dict(given)
    if not offers:
        raise NotOffered(NO_HOOK)
    return offers


def _points(sweep: Any, points: Any, folder: Path) -> dict[str, Any]:
    """The points by name, each of them checked; files they name are found in the folder."""
    _named_well(f"task {sweep!r}", sweep)
    if not isinstance(points, Mapping | list | tuple):
        raise TypeError(f"task '{sweep}' is {type(points).__name__}; expected a list or a mapping of tasks")
    for name, point in points.items() if isinstance(points, Mapping) else enumerate(points):
        _accept(f"task '{sweep}/{name}'", sweep, point, "sample")
        if not hasattr(type(point), "mi") and "mi" not in (f.name for f in dataclasses.fields(point)):
            raise TypeError(f"task '{sweep}/{name}' has no mi: a field or a property, in nats")
    named = dict(points) if isinstance(points, Mapping) else {specs.point_name(p): p for p in points}
    if len(named) < len(points):
        raise ValueError(f"task '{sweep}' has two points of one name; give them names with a mapping")
    for name in named:
        if not isinstance(name, str):
            raise TypeError(f"task '{sweep}' calls a point {name!r}; a name is text: write {str(name)!r}")
        if not name or not name.isprintable():
            raise ValueError(f"task '{sweep}' calls a point {name!r}; a name is printable text")
    return {name: specs.placed(point, folder) for name, point in named.items()}


def _named_well(who: str, name: Any) -> None:
    if not isinstance(name, str):
        raise TypeError(f"{who}: a name is text, and this is {type(name).__name__}: write {str(name)!r}")
    if not NAME.fullmatch(name) or not name.isprintable():
        raise ValueError(f"{who}: a name holds no space, colon, comma, slash, equals sign or unprintable character")


def _accept(who: str, name: Any, made: Any, method: str) -> None:
    _named_well(who, name)
    if isinstance(made, type) or not dataclasses.is_dataclass(made):
        raise TypeError(f"{who} is {made!r}; expected an instance of a frozen dataclass")
    if not getattr(made, "__dataclass_params__").frozen:  # noqa: B009
        raise TypeError(f"{who}: its class is not frozen; write @dataclass(frozen=True)")
    if not callable(getattr(made, method, None)):
        raise TypeError(f"{who} has no method {method}")
    try:
        specs.canonical(specs.typed_fields(made))
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"{who}: {error}") from error


def _object(name: str, thing: Any) -> Plugin:
    """An estimator, a task, or the points of a sweep, as a plugin of its own."""
    first = next(iter(thing.values()), None) if isinstance(thing, Mapping) else thing
    try:
        source = inspect.getsource(type(first))
    except (OSError, TypeError):
        source = repr(type(first))
    path = Path(inspect.getfile(type(first)) if source[:1] != "<" else ".")
    if hasattr(first, "estimate"):
        _accept(f"estimator '{name}'", name, thing, "estimate")
        return Plugin(name, path, "object", estimators={name: thing}, source=source)
    if not hasattr(first, "sample"):
        raise TypeError(f"'{name}' is {one_line(repr(thing), 80)}: neither an estimator (estimate) nor a task (sample)")
    points = _points(name, thing if isinstance(thing, Mapping) else [thing], Path.cwd())
    return Plugin(name, path, "object", tasks={name: points}, source=source)


def _reason(error: BaseException) -> str:
    return one_line(f"{type(error).__name__}: {error}")
