"""The small languages of the command line: "ksg:k=5", "0-9", "10m", "8G"; and the fields of a frozen dataclass."""

import ast
import dataclasses
import difflib
import json
import re
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from mibench.errors import UsageError

Fields = Mapping[str, Any]


def split(texts: Iterable[str]) -> list[str]:
    """Comma-separated items of a repeatable option, in order, empty ones dropped."""
    return [item.strip() for text in texts for item in text.split(",") if item.strip()]


def parse(spec: str) -> tuple[str, dict[str, str]]:
    """`"ksg:k=5:norm=euclidean"` as `("ksg", {"k": "5", "norm": "euclidean"})`."""
    name, *assignments = spec.split(":")
    return name, dict(assignment(text, spec) for text in assignments)


def assignment(text: str, where: str) -> tuple[str, str]:
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
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f"did you mean '{close[0]}'?"
    return f"there are: {', '.join(known)}" if known else "there are none"


def fields(thing: Any) -> dict[str, Any]:
    """The fields of a frozen dataclass as JSON holds them; one inside another carries its class name as `type`."""
    return {f.name: _jsonable(getattr(thing, f.name)) for f in dataclasses.fields(thing) if f.init}


def _jsonable(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return typed_fields(value)
    if isinstance(value, list | tuple):
        return [_jsonable(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _jsonable(item) for key, item in value.items()}
    if hasattr(value, "tolist"):
        return value.tolist()
    return value


def typed_fields(thing: Any) -> dict[str, Any]:
    """`fields`, with the class name first: a task's whole definition."""
    return {"type": type(thing).__name__, **fields(thing)}


def canonical(value: Any) -> str:
    """One JSON text for equal values, whatever their order."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=repr)


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
            changes[field] = read(value, kind, f"{who}:{field}") if isinstance(value, str) else _tupled(value)
        elif has_field(thing, field):
            deeper[field] = value
        else:
            raise UsageError(f"'{who}' has no field '{field}'; {nearest(field, _all_fields(thing))}")
    if deeper:
        changes["base"] = change(thing.base, deeper, who)
    try:
        return dataclasses.replace(thing, **changes)
    except (ValueError, TypeError, ArithmeticError) as error:
        said = ", ".join(f"{field}={value}" for field, value in texts.items())
        raise UsageError(f"'{who}' does not take {said}: {error}") from error


def has_field(thing: Any, field: str) -> bool:
    """Whether `change` would find the field, in the object or in its bases."""
    return field in _all_fields(thing)


def _all_fields(thing: Any) -> set[str]:
    own = {f.name for f in dataclasses.fields(thing) if f.init}
    base = getattr(thing, "base", None)
    return own | _all_fields(base) if "base" in own and dataclasses.is_dataclass(base) else own


def _hints(kind: type) -> dict[str, Any]:
    try:
        return typing.get_type_hints(kind)
    except (NameError, TypeError):
        return {}


def _tupled(value: Any) -> Any:
    return tuple(_tupled(item) for item in value) if isinstance(value, list) else value


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
        if re.fullmatch(r"[+-]?\d[\d_]*", text):
            return int(text)
        if re.fullmatch(r"\d+(\.\d+)?[eE]\+?\d+", text) and float(text).is_integer():
            return int(float(text))
    elif kind is float:
        try:
            return float(text)
        except ValueError:
            pass
    elif kind is str:
        return text
    else:
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError):
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
        if not f.init or (f.default is not dataclasses.MISSING and value == f.default):
            continue
        if dataclasses.is_dataclass(value):
            shown.append(f"{f.name}={type(value).__name__}({point_name(value)})")
        elif isinstance(value, tuple):
            shown.append(f"{f.name}={'x'.join(map(str, value))}")
        else:
            shown.append(f"{f.name}={value}")
    return ":".join(shown) or type(task).__name__


def seeds(text: str) -> range:
    """`"10"` is the first ten seeds, `"0-9"` the same, `"5-5"` one seed."""
    match = re.fullmatch(r"(\d+)(?:-(\d+))?", text.strip())
    if not match:
        raise UsageError(f"--seeds {text}: write a count (10) or a range (0-9)")
    first, last = (0, int(match[1]) - 1) if match[2] is None else (int(match[1]), int(match[2]))
    if last < first:
        raise UsageError(f"--seeds {text}: no seed in it; write a count of at least 1 (10) or a range (0-9)")
    return range(first, last + 1)


def positive(texts: Iterable[str], option: str) -> tuple[int, ...]:
    """Whole numbers of at least 1: `"1000,1e4"`."""
    values = tuple(read(text, int, option) for text in split(texts))
    for value in values:
        if value < 1:
            raise UsageError(f"{option} {value}: expected at least 1")
    return values


def duration(text: str) -> float:
    """Seconds: `"90"`, `"90s"`, `"10m"`, `"1.5h"`."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|sec|m|min|h)?", text.strip().lower())
    if not match or float(match[1]) <= 0:
        raise UsageError(f"--timeout {text}: write seconds, minutes or hours, for example 90s, 10m, 1.5h")
    return float(match[1]) * {"s": 1, "m": 60, "h": 3600}[(match[2] or "s")[0]]


def size(text: str) -> int:
    """Bytes: `"8G"`, `"500M"`, `"2GiB"`; a kilobyte is 1024 bytes."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt])?(?:i?b)?", text.strip().lower())
    if not match or float(match[1]) <= 0:
        raise UsageError(f"--memory {text}: write a size, for example 8G or 500M")
    return int(float(match[1]) * 1024 ** " kmgt".index(match[2] or " "))
