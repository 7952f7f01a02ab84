"""What a module offers: import it, call its hooks, and accept or refuse what they return.

Nothing that a plugin does ends here in an exception: it becomes a `Plugin` with the reason why it offers nothing.
"""

import dataclasses
import importlib.metadata
import importlib.util
import inspect
import marshal
import math
import re
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Literal

import pluggy

from mibench import specs
from mibench.errors import one_line
from mibench.fence import fenced
from mibench.interface import Application, Score

HOOKS = ("mibench_estimators", "mibench_tasks")
NAME = re.compile(r"[^\s:,/=]+")


@dataclass(frozen=True)
class Plugin:
    """A file or package that offered estimators, tasks or applications, or the reason why it could not."""

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


NO_HOOK = "it implements neither mibench_estimators nor mibench_tasks (is the @hookimpl marker missing?)"


def from_file(
    manager: pluggy.PluginManager, path: Path, module_name: str, origin: Any, taken: dict[str, Path]
) -> Plugin:
    """The plugin of a file. `taken` are the names in use and the files they come from; it grows."""
    try:
        with fenced():
            module = _import(path, module_name)
    except BaseException as error:  # a plugin may raise anything at import, SystemExit too
        if isinstance(error, KeyboardInterrupt):
            raise
        return Plugin(path.stem, path, origin, error=reason(error, path))
    return _register(manager, module, path, path.stem, origin, taken)


def from_entry_point(
    manager: pluggy.PluginManager, point: importlib.metadata.EntryPoint, taken: dict[str, Path]
) -> Plugin:
    """The plugin of an installed package."""
    try:
        with fenced():
            module = point.load()
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return Plugin(point.name, Path(point.value), "package", error=reason(error))
    return _register(manager, module, Path(getattr(module, "__file__", None) or "."), point.name, "package", taken)


class _AsItStands(SourceFileLoader):
    """Compiles the source each time: cached code is told by its second and size, and an edit may keep both."""

    def get_code(self, fullname: str) -> Any:
        return self.source_to_code(self.get_data(self.path), self.path)


def _import(path: Path, name: str) -> ModuleType:
    """The file as a module under a name that every process gives it."""
    bundled = name.startswith(("mibench_plugin_", "mibench_task_"))
    loader = None if bundled or path.suffix != ".py" else _AsItStands(name, str(path))
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    if spec is None or spec.loader is None:
        raise ImportError("it is not a Python file")
    folder = str(path.parent)
    if not bundled and folder not in sys.path:
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
        return Plugin(name, path, origin, error=str(error) if isinstance(error, NotOffered) else reason(error, path))
    taken.update(dict.fromkeys(claims, path))
    return Plugin(name, path, origin, estimators, tasks)


class NotOffered(Exception):
    """Why a module offers nothing, or not what it should; its text alone is the reason."""


def _offers(manager: pluggy.PluginManager, module: ModuleType) -> dict[str, dict[Any, Any]]:
    """What the module's hooks return. Raises NotOffered for a hook that is misspelt, unmarked or missing."""
    for name, made in list(vars(module).items()):
        if not isinstance(made, FunctionType):  # to ask a lazy module for an attribute may import it
            continue
        marked = getattr(made, "mibench_impl", None)
        if marked is None and name in HOOKS:
            raise NotOffered(f"{name} lacks the @hookimpl marker")
        if marked is not None and (hook := marked.get("specname") or name) not in HOOKS:
            raise NotOffered(f"it implements {hook}, which is no hook of mibench; {specs.nearest(hook, HOOKS)}")
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
        _accept_point(sweep, name, point)
    named = dict(points) if isinstance(points, Mapping) else {specs.point_name(p): p for p in points}
    if len(named) < len(points):
        raise ValueError(f"task '{sweep}' has two points of one name; give them names with a mapping")
    for name in named:
        if not isinstance(name, str):
            raise TypeError(f"task '{sweep}' calls a point {name!r}; a name is text: write {str(name)!r}")
        if not name or not name.isprintable():
            raise ValueError(f"task '{sweep}' calls a point {name!r}; a name is printable text")
    return {name: specs.placed(point, folder) for name, point in named.items()}


def _accept_point(sweep: str, name: Any, point: Any) -> None:
    """A task, or an application: that one has `train` and `scores`."""
    if hasattr(point, "train"):
        who = f"application '{sweep}/{name}'"
        _accept(who, sweep, point, "train")
        _accept_application(who, point)
        return
    _accept(f"task '{sweep}/{name}'", sweep, point, "sample")
    if not hasattr(type(point), "mi") and "mi" not in (f.name for f in dataclasses.fields(point)):
        raise TypeError(f"task '{sweep}/{name}' has no mi: a field or a property, in nats")


def _accept_application(who: str, made: Any) -> None:
    scores = getattr(made, "scores", None)
    if not isinstance(scores, Mapping) or not scores or not all(isinstance(one, Score) for one in scores.values()):
        raise TypeError(
            f"{who}: scores is {one_line(repr(scores), 60)}; expected a mapping of names to Score, not empty"
        )
    for name, score in scores.items():
        _named_well(f"{who}, score {name!r}", name)
        if score.direction not in ("higher", "lower") or not 0 <= float(score.margin) < math.inf:
            raise ValueError(f"{who}, score {name!r}: a direction is 'higher' or 'lower', a margin 0 or more")
    for what in ("baselines", "term_fields"):
        names = getattr(made, what, ())
        if not isinstance(names, tuple | list):
            raise TypeError(f"{who}: {what} is {one_line(repr(names), 60)}; expected a tuple of names")
        for name in names:
            _named_well(f"{who}, {what}", name)
    baselines = list(getattr(made, "baselines", ()))
    if "none" in baselines:
        raise ValueError(f"{who}: a baseline is called 'none', as the model without a term is; choose another name")
    if len(set(baselines)) < len(baselines):
        raise ValueError(f"{who}: baselines names one twice: {', '.join(baselines)}")
    own = {f.name for f in dataclasses.fields(made)}
    if unknown := [name for name in getattr(made, "term_fields", ()) if name not in own]:
        raise ValueError(
            f"{who}: term_fields names '{unknown[0]}', which is no field; {specs.nearest(unknown[0], own)}"
        )


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


def from_object(name: str, thing: Any) -> Plugin:
    """An estimator, a task, an application, or the points of a sweep, as a plugin of its own."""
    points = thing.values() if isinstance(thing, Mapping) else thing if isinstance(thing, list | tuple) else [thing]
    first = next(iter(points), None)
    source = "".join(map(_source, dict.fromkeys(kind for one in points for kind in type(one).__mro__[:-1])))
    path = Path(getattr(sys.modules.get(type(first).__module__), "__file__", None) or ".")
    if hasattr(first, "estimate"):
        _accept(f"estimator '{name}'", name, thing, "estimate")
        return Plugin(name, path, "object", estimators={name: thing}, source=source)
    if not hasattr(first, "sample") and not isinstance(first, Application):
        raise TypeError(
            f"'{name}' is {one_line(repr(thing), 80)}: no estimator (estimate), task (sample) or application (train)"
        )
    sweep = _points(name, thing if isinstance(thing, Mapping | list | tuple) else [thing], Path.cwd())
    return Plugin(name, path, "object", tasks={name: sweep}, source=source)


def _source(kind: type) -> str:
    """The text of a class, or what it was compiled to where it was typed at a prompt."""
    try:
        return inspect.getsource(kind)
    except (OSError, TypeError):
        codes = [made.__code__ for made in vars(kind).values() if isinstance(made, FunctionType)]
        return "".join(marshal.dumps(code, 2).hex() for code in codes) or repr(kind)


def reason(error: BaseException, path: Path | None = None) -> str:
    """What an exception says, in one line, and at which line of a file it came up."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return one_line(f"{type(error).__name__}: {error}" + (f" (line {lines[-1]})" if lines else ""))
