"""The small languages of the command line: "ksg:k=5", "10m", "8G"; and the fields of a frozen dataclass.

A field may say in its metadata what it is: `{"file": True}` the name of a file; `{"place": True}` the folder where
relative names are found, which is no part of what the thing is (see `placed`); `{"later": True}` one that came later
than rows of the class (see `stated`).
"""

import ast
import dataclasses
import difflib
import enum
import json
import math
import os
import re
import types
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePath
from typing import Any, Literal

from mibench.errors import UsageError
from mibench.seeds import LARGEST


def split(texts: Iterable[str]) -> list[str]:
    """Comma-separated items of a repeatable option, in order, empty ones dropped."""
    return [item.strip() for text in texts for item in text.split(",") if item.strip()]


def parse(spec: str) -> tuple[str, dict[str, str]]:
    """`"ksg:k=5:norm=euclidean"` as `("ksg", {"k": "5", "norm": "euclidean"})`."""
    name, *assignments = spec.split(":")
    return name, dict(assignment(text, spec) for text in assignments)


def called(spec: str) -> str:
    """The name that a spec begins with: `"own"` of `"own/table:mi=2"` and of `"own:path=/data/a.csv"`."""
    return re.split("[:/]", spec, maxsplit=1)[0]


def assignment(text: str, where: str) -> tuple[str, str]:
    """`"k=5"` as `("k", "5")`. Raises UsageError that tells the text and `where` it stands."""
    field, equals, value = text.partition("=")
    if not (field and equals and value):
        raise UsageError(f"'{text}' in '{where}' is no field=value; write NAME:FIELD=VALUE, for example ksg:k=5")
    return field.strip().replace("-", "_"), value.strip()


def sweep(text: str) -> tuple[str, str, list[str]]:
    """`"ksg.k=3,5,10"` as `("ksg", "k", ["3", "5", "10"])`."""
    target, equals, values = text.partition("=")
    name, dot, field = target.rpartition(".")
    if not (name and dot and field and equals and split([values])):
        raise UsageError(f"-P {text}: write NAME.FIELD=VALUE,VALUE, for example ksg.k=3,5,10")
    return name.strip(), field.strip().replace("-", "_"), split([values])


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint to end an error with: the nearest known name, or all of them when none is near."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{close[0]}'?"
    return f"there are: {', '.join(known)}" if known else "there are none"


def fields(thing: Any) -> dict[str, Any]:
    """The fields of a frozen dataclass as JSON holds them; one inside another carries its class name as `type`.

    Raises TypeError for a value that has no text which is the same in every process.
    """
    shown = [f for f in dataclasses.fields(thing) if f.init and not f.metadata.get("place")]
    return {f.name: _jsonable(getattr(thing, f.name), f.name) for f in shown}


def stated(thing: Any) -> dict[str, Any]:
    """`fields` without later ones at their default: ids and random streams stay what they were without such a field."""
    later = [f for f in dataclasses.fields(thing) if f.metadata.get("later")]
    unsaid = {f.name for f in later if getattr(thing, f.name) == f.default}
    return {name: value for name, value in fields(thing).items() if name not in unsaid}


def _jsonable(value: Any, field: str) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))  # JSON has neither nan nor inf
    if isinstance(value, int) and not isinstance(value, enum.Enum):
        if value.bit_length() > 10_000:
            raise TypeError(f"field {field} holds a whole number of more than 10 000 bits")
        return int(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return typed_fields(value)
    if isinstance(value, list | tuple):
        return [_jsonable(item, field) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((_jsonable(item, field) for item in value), key=canonical)
    if isinstance(value, Mapping):
        return {str(key): _jsonable(item, field) for key, item in value.items()}
    if isinstance(value, PurePath):
        return value.as_posix()
    if hasattr(value, "tolist"):
        return _jsonable(value.tolist(), field)
    if callable(value) and "<lambda>" not in getattr(value, "__qualname__", "<lambda>"):
        return value.__qualname__
    if re.search(r" at 0x[0-9a-fA-F]+", text := repr(value)):
        raise TypeError(f"field {field} holds {text}, which is called otherwise in every process: keep text or numbers")
    return text


def typed_fields(thing: Any) -> dict[str, Any]:
    """`fields`, with the class name first: a task's whole definition."""
    return {"type": type(thing).__name__, **fields(thing)}


def canonical(value: Any) -> str:
    """One JSON text for equal values, whatever their order."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def placed(thing: Any, folder: Path) -> Any:
    """`thing` with `folder` as the place where it, and what it is made of, finds files of relative names."""
    changes: dict[str, Any] = {}
    for f in dataclasses.fields(thing):
        value = getattr(thing, f.name)
        if f.init and f.metadata.get("place"):
            changes |= {} if value else {f.name: str(folder)}
        elif f.init and dataclasses.is_dataclass(value) and not isinstance(value, type):
            inner = placed(value, folder)
            changes |= {} if inner is value else {f.name: inner}
    return dataclasses.replace(thing, **changes) if changes else thing


def places(thing: Any) -> set[str]:
    """The fields of a thing and of its bases that say where its files are, and nothing of what it is."""
    return {f.name for layer in _layers(thing) for f in dataclasses.fields(layer) if f.metadata.get("place")}


def placing(thing: Any, texts: Mapping[str, str]) -> dict[str, str]:
    """The change that lets file names among `texts` be found from the working directory, wherever they are read.

    Raises UsageError where another file, named in the plugin, would be sought there too.
    """
    for layer in _layers(thing):
        files = [f.name for f in dataclasses.fields(layer) if f.metadata.get("file")]
        place = next((f.name for f in dataclasses.fields(layer) if f.metadata.get("place")), None)
        if place is None or place in texts or all(os.path.isabs(texts.get(name, "/")) for name in files):
            continue
        if other := [name for name in files if name not in texts and not os.path.isabs(getattr(layer, name))]:
            raise UsageError(
                f"{other[0]}={getattr(layer, other[0])} lies elsewhere; set {' and '.join(files)} together"
            )
        return {place: os.getcwd()}
    return {}


def _layers(thing: Any) -> list[Any]:
    """A dataclass and, if it is a map, what it maps, down to the family."""
    layers = []
    while dataclasses.is_dataclass(thing):
        layers.append(thing)
        thing = getattr(thing, "base", None)
    return layers


def change(thing: Any, texts: Mapping[str, Any], who: str) -> Any:
    """`thing` with fields replaced; text is read by the field's type, and a field a map lacks is sought in its `base`.

    Raises UsageError for an unknown field, a text that does not fit the type, and a value the class refuses.
    """
    own = {f.name for f in dataclasses.fields(thing) if f.init}
    hints = _hints(type(thing))
    changes: dict[str, Any] = {}
    deeper: dict[str, Any] = {}
    for field, value in texts.items():
        if field in own:
            kind = hints.get(field, type(getattr(thing, field)))
            changes[field] = _changed(getattr(thing, field), value, kind, f"{who}:{field}")
        elif has_field(thing, field):
            deeper[field] = value
        else:
            raise UsageError(f"'{who}' has no field '{field}'; {nearest(field, _all_fields(thing))}")
    if deeper:
        changes["base"] = change(thing.base, deeper, who)
    try:
        return dataclasses.replace(thing, **changes)
    except Exception as error:  # a class may be anyone's
        said = ", ".join(f"{field}={value}" for field, value in texts.items())
        odd = [field for field, value in changes.items() if isinstance(value, float) and not math.isfinite(value)]
        beyond = f" ({odd[0]}={texts[odd[0]]} is not finite)" if odd else ""
        raise UsageError(f"'{who}' does not take {said}: {error}{beyond}") from error


def _changed(now: Any, value: Any, kind: Any, who: str) -> Any:
    if isinstance(value, str):
        return read(value, kind, who)
    if isinstance(value, Mapping) and dataclasses.is_dataclass(now) and value.get("type") == type(now).__name__:
        return change(now, {key: inner for key, inner in value.items() if key != "type"}, who)
    return _tupled(value, kind)


def has_field(thing: Any, field: str) -> bool:
    """Whether `change` would find the field, in the object or in its bases."""
    return field in _all_fields(thing)


def _all_fields(thing: Any) -> set[str]:
    own = {f.name for f in dataclasses.fields(thing) if f.init}
    base = getattr(thing, "base", None)
    return own | _all_fields(base) if "base" in own and dataclasses.is_dataclass(base) else own


def texts(thing: Any) -> dict[str, list[str]]:
    """Every field that `change` finds, with the texts it may be where these are few, else the one that it is."""
    found: dict[str, list[str]] = {}
    for layer in _layers(thing):
        hints = _hints(type(layer))
        for f in dataclasses.fields(layer):
            value = getattr(layer, f.name)
            if f.init and not f.metadata.get("place") and not dataclasses.is_dataclass(value):
                found.setdefault(f.name, _words(hints.get(f.name)) or [shown(value)])
    return found


def _words(kind: Any) -> list[str]:
    if kind is bool:
        return ["true", "false"]
    if typing.get_origin(kind) is Literal:
        return [str(choice) for choice in typing.get_args(kind)]
    return []


def shown(value: Any) -> str:
    """A value as `read` takes it."""
    return "x".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def _hints(kind: type) -> dict[str, Any]:
    try:
        return typing.get_type_hints(kind)
    except (NameError, TypeError):
        return {}


def _tupled(value: Any, kind: Any) -> Any:
    if isinstance(value, list):
        inner = (*typing.get_args(kind), None)[0]
        return tuple(_tupled(item, inner) for item in value)
    return float(value) if kind is float and isinstance(value, str) else value  # "inf", as `fields` writes it


def read(text: str, kind: Any, who: str) -> Any:
    """The value that `text` stands for in a field of type `kind`: `"64x64"` is `(64, 64)` for a tuple."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if type(None) in arguments and text.lower() in ("none", "null"):
            return None
        for choice in sorted((a for a in arguments if a is not type(None)), key=lambda a: a is str):
            try:
                return read(text, choice, who)
            except UsageError:
                continue
        raise UsageError(f"{who}={text}: expected {_kind_name(kind)}")
    if origin is Literal:
        for choice in arguments:
            if str(choice) == text:
                return choice
        raise UsageError(f"{who}={text}: {nearest(text, map(str, arguments))}")
    if kind is tuple or origin is tuple:
        inner = arguments[0] if arguments else float
        return tuple(read(part, inner, who) for part in re.split(r"[x+]", text) if part)
    if kind is bool:
        words = {
            "true": True,
            "yes": True,
            "on": True,
            "1": True,
            "false": False,
            "no": False,
            "off": False,
            "0": False,
        }
        if text.lower() in words:
            return words[text.lower()]
    elif kind is int:
        if re.fullmatch(r"[+-]?[0-9]+(_[0-9]+)*", text) and len(text) <= 1000:
            return int(text)
        if re.fullmatch(r"[0-9]+(\.[0-9]+)?[eE]\+?[0-9]+", text) and float(text).is_integer():
            return int(float(text))
    elif kind is float:
        try:
            return float(text)
        except ValueError:
            pass
    elif kind is str:
        return text
    elif isinstance(kind, type) and issubclass(kind, PurePath):
        return kind(text)
    else:
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return text
    raise UsageError(f"{who}={text}: expected {_kind_name(kind)}")


def _kind_name(kind: Any) -> str:
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
    arguments = [a for a in typing.get_args(kind) if a is not type(None)]
    return names.get(kind) or (" or ".join(_kind_name(a) for a in arguments) if arguments else str(kind))


def point_name(task: Any) -> str:
    """How an unnamed point is called: its fields, those at their default left out (`dim=5:mi=2.0`)."""
    shown = []
    for f in dataclasses.fields(task):
        value = getattr(task, f.name)
        if not f.init or f.metadata.get("place") or (f.default is not dataclasses.MISSING and value == f.default):
            continue
        if dataclasses.is_dataclass(value):
            shown.append(f"{f.name}={type(value).__name__}({point_name(value)})")
        elif isinstance(value, tuple):
            shown.append(f"{f.name}={'x'.join(map(str, value))}")
        else:
            shown.append(f"{f.name}={value}")
    return ":".join(shown) or type(task).__name__


def positive(texts: Iterable[str], option: str) -> tuple[int, ...]:
    """Whole numbers of at least 1: `"1000,1e4"`."""
    values = tuple(read(text, int, option) for text in split(texts))
    for value in values:
        if value < 1:
            raise UsageError(f"{option} {value}: expected at least 1")
        if value > LARGEST:
            raise UsageError(f"{option} {value}: expected at most {LARGEST}")
    return values


def folder_or_file(text: str | Path, option: str) -> Path:
    """A path that a user wrote, absolute, `~` spelt out. Raises UsageError where it names nothing that can be."""
    try:
        path = Path(text).expanduser().resolve()
        path.exists()
    except (OSError, RuntimeError, ValueError) as error:
        raise UsageError(f"{option} {text}: {getattr(error, 'strerror', None) or error}") from error
    return path


def duration(text: str) -> float:
    """Seconds: `"90"`, `"90s"`, `"10m"`, `"1.5h"`."""
    match = re.fullmatch(r"([0-9]{1,15}(?:\.[0-9]+)?)\s*(s|sec|m|min|h)?", text.strip().lower())
    if not match or float(match[1]) <= 0:
        raise UsageError(f"--timeout {text}: write seconds, minutes or hours, for example 90s, 10m, 1.5h")
    return float(match[1]) * {"s": 1, "m": 60, "h": 3600}[(match[2] or "s")[0]]


def size(text: str) -> int:
    """Bytes: `"8G"`, `"500M"`, `"2GiB"`; a kilobyte is 1024 bytes."""
    match = re.fullmatch(r"([0-9]{1,18}(?:\.[0-9]+)?)\s*([kmgt])?(?:i?b)?", text.strip().lower())
    if not match or not 0 < float(match[1]) * 1024 ** " kmgt".index(match[2] or " ") <= LARGEST:
        raise UsageError(f"--memory {text}: write a size, for example 8G or 500M")
    return int(float(match[1]) * 1024 ** " kmgt".index(match[2] or " "))
