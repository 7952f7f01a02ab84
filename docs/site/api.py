"""The Python API as its docstrings say it."""

import dataclasses
import importlib
import inspect
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from catalogue_pages import prose

ROOT = Path(__file__).parent.parent.parent
INTERFACE = ("Estimator", "Estimate", "Task", "Application", "Term", "Score", "Outcome", "Diverged")
ROOMS: dict[str, tuple[str, Sequence[str]]] = {
    "Verbs": ("mibench", ("estimate", "estimator", "tasks", "run", "load", "scores")),
    "What a plugin is": ("mibench.interface", INTERFACE),
    "Samples of any shape": ("mibench.interface", ("paired", "columns")),
    "Others' code as an estimator": ("mibench.adapters", ("Command", "from_function", "from_sklearn")),
    "Promises for a test suite": ("mibench.checks", ("estimator_checks", "task_checks", "application_checks")),
    "Own data": ("mibench.owndata", ("Question", "Findings", "Matrix")),
    "Samples in files": ("mibench.distributions.files", ("Table", "Arrays")),
    "Neural bounds": ("mibench.neural", ("NeuralEstimator", "objective", "clip_adaptive")),
    "Errors": ("mibench.errors", ("MibenchError", "UsageError", "NothingMatched")),
}
"""Headings, each with the module and the names that stand under it."""
MODULES = r"\b(?:typing|collections\.abc|pathlib|numpy|pandas\.\w+(?:\.\w+)*|mibench(?:\.\w+)+)\.(?=\w)"
"""Modules in front of a type, which a signature does without."""


def page() -> str:
    """Every public name under its heading, with signature and docstring."""
    parts = []
    for heading, (module, names) in ROOMS.items():
        parts.append(f"## {heading}")
        room = importlib.import_module(module)
        parts += [entry(module, name, getattr(room, name)) for name in names]
    return "\n\n".join(parts)


def entry(module: str, name: str, made: Any) -> str:
    """One function or class, its public methods and properties inside it, and the file that it is written in."""
    file = Path(inspect.getsourcefile(made) or "").relative_to(ROOT)
    said = [prose(_doc(made)), f"In `{file}`."]
    head = f"{module}.{name}"
    if not inspect.isclass(made):
        return directive("function", head + signature(made), said)
    if dataclasses.is_dataclass(made):
        head += signature(made)
    kind = "exception" if issubclass(made, BaseException) else "class"
    return directive(kind, head, [*said, *_members(made)], fence="`" * 5)


def _members(made: type) -> Iterator[str]:
    for name, member in vars(made).items():
        if name.startswith("_"):
            continue
        if isinstance(member, property):
            yield directive("property", name, [prose(_doc(member))])
        elif inspect.isfunction(member) and inspect.getdoc(member):
            yield directive("method", name + signature(member), [prose(_doc(member))])


def directive(kind: str, head: str, paragraphs: Sequence[str], fence: str = "`" * 4) -> str:
    """A description of an object, in the words of the site's builder."""
    text = "\n\n".join(paragraphs)
    return f"{fence}{{py:{kind}}} {head}\n{text}\n{fence}"


def signature(made: Any) -> str:
    """Parameters and what comes back, without the modules that types live in."""
    text = re.sub(r"<factory>|<object object at \w+>", "...", str(inspect.signature(made)))
    text = re.sub(r"(-> |: )'([^']*)'", r"\1\2", text)
    text = re.sub(MODULES, "", text)
    return text.replace("(self, ", "(").replace("(self)", "()")


def _doc(made: Any) -> str:
    return inspect.getdoc(made) or ""
