"""First drafts of plugins: files that run, keep their promises and say what to change."""

import importlib.util
import keyword
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from mibench.errors import UsageError

PACKAGE = {
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "tests/test_promises.py": "test_promises.py",
    ".github/workflows/test.yml": "test.yml",
}
"""What a package has beside its module, and the templates of these."""


OFFERS = {
    "estimator": ("mibench_estimators", "estimator_checks", ".values()"),
    "task": ("mibench_tasks", "task_checks", '["template-name"]'),
    "application": ("mibench_tasks", "application_checks", '["template-name"], term=mibench.estimator("mine")'),
}
"""For each kind of plugin its hook, its checks, and how these reach what the hook returns."""


def draft(template: str, name: str, folder: Path, package: bool = False) -> list[Path]:
    """Write the draft of a plugin called `name`, a file or a package of its own, and give the files in order.

    Raises UsageError for a name that cannot be one, and where a file stands in the way: nothing is written then.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]*([-_][A-Za-z0-9]+)*", name):
        raise UsageError(
            f"'{name}' cannot be a name; begin with a letter and use letters, digits and dashes, such as 'my-estimator'"
        )
    name = name.replace("_", "-").lower()
    module = name.replace("-", "_")
    if keyword.iskeyword(module):
        raise UsageError(f"'{name}' is a word of Python; add another, such as '{name}-estimator'")
    if importlib.util.find_spec(module) is not None:
        raise UsageError(f"'{name}' is a module that is installed; choose another name, such as '{name}-estimator'")
    kind = "".join(part.capitalize() for part in name.split("-"))
    hook, checks, things = OFFERS.get(template, OFFERS["estimator"])
    words = {
        "IMPORTS": "import mibench\nimport pytest" if template == "application" else "import pytest",
        "CHECKS_OF": checks, "HOOK": hook, "THINGS": f"{hook}(){things}",
        "template-name": name, "template_name": module, "TemplateName": kind, "Template Name": _title(name),
    }  # fmt: skip
    wanted = {f"{module}.py": f"{template}.py"}
    if template == "command":
        wanted[f"{module}_program.py"] = "command_program.py"
    root = folder
    if package:
        wanted = {f"{module}/__init__.py": f"{template}.py", **PACKAGE}
        root = folder / name
    return _write(root, {path: _filled(file, words) for path, file in wanted.items()})


def _title(name: str) -> str:
    return " ".join(name.split("-")).capitalize()


def _filled(template: str, words: Mapping[str, str]) -> str:
    text = files("mibench.scaffold").joinpath("templates", f"{template}.txt").read_text(encoding="utf-8")
    for word, replacement in words.items():
        text = text.replace(word, replacement)
    return text


def _write(root: Path, texts: Mapping[str, str]) -> list[Path]:
    paths = {root / path: text for path, text in texts.items()}
    taken = [path for path in paths if path.exists()]
    if taken:
        raise UsageError(f"{taken[0]} exists; choose another name, or another folder with -o")
    try:
        for path, text in paths.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        root_of = next((place for place in (root, *root.parents) if place.is_file()), None)
        why = f"{root_of} is a file, not a folder" if root_of else f"cannot write {error.filename}: {error.strerror}"
        raise UsageError(f"{why}; choose another folder with -o") from error
    return list(paths)
