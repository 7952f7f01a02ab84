"""What exists in another shape, made an estimator: a program, a function, a class with `fit`.

Each gives a frozen dataclass whose fields are the settings, so that these can be set and swept like any others, and
whose place is the module that asks for it. `direction` and `refuses` are what a class of one's own would have by these
names.
"""

import dataclasses
import inspect
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from string import Formatter
from typing import Any, Literal

import numpy as np

from mibench.errors import one_line
from mibench.interface import Array, Direction

Refuses = Callable[..., str | None] | None
"""Why an estimator cannot do a point, of what it names of `n`, `dim_x`, `dim_y`, `device`; None where it can."""

OFFERED = ("seed", "device", "threads", "draw")
"""What `estimate` may ask for by name, so that a function's argument of this name is no setting."""


def Command(
    command: str,
    *,
    files: Literal["csv", "npy"] = "csv",
    direction: Direction = "none",
    refuses: Refuses = None,
    **settings: Any,
) -> Any:
    """A program as an estimator: `Command("Rscript ksg.R {x} {y} {k}", k=3)`.

    In the command `{x}` and `{y}` stand for two files, CSV with a line of names (x0, x1, …) or NPY, with a row a pair;
    `{seed}` for a number, and every setting for its value. A word that names a file beside the module that asks is that
    file. The last line the program prints is the estimate in nats. What it says on stderr goes to the trial's log; a
    code other than 0 is an error that gives the code and its last words; a trial's timeout and memory limit are the
    program's too.
    """
    names = {name for _, name, _, _ in Formatter().parse(command) if name is not None}
    if not {"x", "y"} <= names or not names <= {"x", "y", "seed", *settings}:
        raise ValueError(f"Command: {command!r} needs {{x}} and {{y}}, and may have {{seed}} and its settings beside")
    place = _place()
    here = Path(place.get("__file__") or ".").parent

    def estimate(self: Any, x: Array, y: Array, seed: int | None = None) -> float:
        with tempfile.TemporaryDirectory() as folder:
            told = dataclasses.asdict(self) | {"seed": seed or 0}
            for name, side in (("x", x), ("y", y)):
                told[name] = f"{folder}/{name}.{files}"
                _write(told[name], name, np.asarray(side))
            words = [word.format(**told) for word in shlex.split(command)]
            return _nats([str(here / word) if (here / word).is_file() else word for word in words])

    doc = f"What `{command}` prints."
    return _made("Command", doc, settings, estimate, place, direction, refuses)()


def from_function(
    function: Callable[..., Any], *, direction: Direction = "none", refuses: Refuses = None, **settings: Any
) -> Any:
    """A function of x `(n, dim_x)` and y `(n, dim_y)` that returns nats, as an estimator.

    Its other arguments that have a default are settings, with those given here in place of the defaults; `seed`,
    `device`, `threads` and `draw` are given to it if it has them. `lambda x, y, k=3: f(x, y[:, 0], k) * log(2)` turns
    other shapes and units.
    """
    arguments = inspect.signature(function).parameters
    found = {
        name: argument.default
        for name, argument in list(arguments.items())[2:]
        if name not in OFFERED and argument.default is not inspect.Parameter.empty
    }
    _known(getattr(function, "__name__", "function"), settings, found)
    asked = [name for name in OFFERED if name in arguments]

    def estimate(self: Any, x: Array, y: Array, **offered: Any) -> Any:
        return type(self).function(x, y, **{f.name: getattr(self, f.name) for f in dataclasses.fields(self)}, **offered)

    parameters = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in ("self", "x", "y", *asked)
    ]
    estimate.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    name = getattr(function, "__name__", "function")
    doc = inspect.getdoc(function) or f"The function `{name}`."
    kind = _made(name.strip("<>"), doc, found | settings, estimate, _place(), direction, refuses)
    kind.function = function
    return kind()


def from_sklearn(
    kind: type, read: str, *, direction: Direction = "none", refuses: Refuses = None, **settings: Any
) -> Any:
    """A class with `fit(x, y)`, as scikit-learn's are, as an estimator.

    `read` names the attribute of the fitted object that holds the nats, or the method that gives them of (x, y). The
    parameters of its `__init__` are settings, with those given here in place of the defaults, and `random_state` is the
    trial's seed.
    """
    arguments = inspect.signature(kind).parameters
    found = {
        name: argument.default
        for name, argument in arguments.items()
        if name != "random_state" and argument.default is not inspect.Parameter.empty
    }
    _known(kind.__name__, settings, found)
    seeded = "random_state" in arguments

    def estimate(self: Any, x: Array, y: Array, seed: int | None = None) -> float:
        told = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        fitted = type(self).kind(**told, **({"random_state": seed} if seeded else {})).fit(x, y)
        value = getattr(fitted, read)
        return float(value(x, y) if callable(value) else value)

    doc = inspect.getdoc(kind) or f"The class `{kind.__name__}`."
    made = _made(kind.__name__, doc, found | settings, estimate, _place(), direction, refuses)
    made.kind = kind
    return made()


def _made(
    name: str,
    doc: str,
    settings: Mapping[str, Any],
    estimate: Callable[..., Any],
    place: Mapping[str, Any],
    direction: Direction,
    refuses: Refuses,
) -> Any:
    """A frozen dataclass with these fields and this way to estimate, of the module that asks."""
    fields = [(name, type(value), dataclasses.field(default=value)) for name, value in settings.items()]
    namespace: dict[str, Any] = {
        "estimate": estimate,
        "direction": direction,
        "__doc__": doc,
        "__module__": place["__name__"],
    }
    if refuses is not None:
        namespace["refuses"] = staticmethod(refuses)
    return dataclasses.make_dataclass(name, fields, namespace=namespace, frozen=True)


def _place() -> Mapping[str, Any]:
    """The names of the module that called the adapter."""
    return sys._getframe(2).f_globals


def _known(name: str, given: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    wrong = [setting for setting in given if setting not in found]
    if wrong:
        raise ValueError(f"{name} has no setting {', '.join(wrong)}; it has: {', '.join(found) or 'none'}")


def _write(path: str, name: str, side: Array) -> None:
    if path.endswith(".npy"):
        np.save(path, side)
    else:
        header = ",".join(f"{name}{k}" for k in range(side.shape[1]))
        np.savetxt(path, side, delimiter=",", fmt="%.17g", header=header, comments="")


def _nats(words: list[str]) -> float:
    """The last line that the program prints, as a number. Raises RuntimeError with what it said instead."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False)
    except OSError as error:
        raise RuntimeError(f"{words[0]}: {error.strerror}; is it installed, and on the PATH?") from None
    said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    last = next((line.strip() for line in reversed(done.stdout.split("\n")) if line.strip()), "")
    if done.returncode:
        ended = f"was killed by signal {-done.returncode}" if done.returncode < 0 else f"ended with {done.returncode}"
        wrong = f"{words[0]} {ended}" + (f": {said[-1]}" if said else "")
    else:
        try:
            value = float(last)
        except ValueError:
            wrong = f"{words[0]} printed {last!r} last, which is no number"
        else:
            sys.stderr.write(done.stderr)
            return value
    failure = RuntimeError(one_line(wrong))
    failure.add_note(done.stderr)  # told where its traceback is
    raise failure
