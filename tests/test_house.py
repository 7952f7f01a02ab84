"""Imports go one way, and what a user types first starts quickly because it loads little."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HARNESS = ROOT / "mibench"
HEAVY = {"torch", "pandas", "scipy", "matplotlib", "sklearn", "numba", "distributed", "dask", "pyarrow"}
FILES = sorted(HARNESS.rglob("*.py"))
PLUGINS = sorted([*(ROOT / "plugins").glob("*.py"), *(ROOT / "tasks").glob("*.py")])


def imports(path):
    """Absolute names of the modules a file imports when it runs; names from a package count as its modules."""
    tree = ast.parse(path.read_text())
    typing_only = [
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    ]
    for node in ast.walk(tree):
        if node in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(path):
    parts = path.relative_to(HARNESS).with_suffix("").parts
    return parts[0]


ALLOWED = {
    "interface": set(),
    "errors": set(),
    "fence": set(),
    "device": set(),
    "explained": set(),
    "compiled": set(),
    "fingerprint": set(),
    "hooks": {"interface"},
    "seeds": {"errors"},
    "specs": {"errors", "seeds"},
    "settings": {"errors", "specs"},
    "failures": {"errors", "interface"},
    "result": {"interface"},
    "answers": {"errors", "failures", "interface", "result", "specs"},
    "offers": {"errors", "interface", "specs", "fence"},
    "catalogue": {"interface", "hooks", "errors", "specs", "fingerprint", "offers", "fence"},
    "trial": {"errors", "failures", "interface", "device", "called", "catalogue", "result", "answers", "fence"},
    "engine": {
        "errors", "interface", "device", "result", "answers", "trial", "catalogue", "fingerprint", "fence", "compiled",
    },
    "store": {"errors", "result"},
    "provenance": {"device", "settings", "catalogue"},
    "request": {"errors", "specs", "settings", "catalogue"},
    "runs": {
        "errors", "device", "specs", "seeds", "settings", "catalogue", "request", "result", "trial", "engine", "store",
        "provenance",
    },
    "standing": {"errors", "store", "runs"},
    "in_python": {"errors", "seeds", "settings", "runs"},
    "owndata": {
        "errors", "failures", "fence", "fingerprint", "interface", "specs", "answers", "called", "catalogue", "result",
        "trial", "device", "engine", "distributions", "tables", "calibration",
    },
    "__init__": {"errors", "interface", "hooks", "catalogue", "in_python", "specs", "store", "owndata"},
    "distributions": {"interface"},
    "units": {"interface"},
    "called": set(),
    "copulas": {"interface", "counts"},
    "calibration": {"interface", "copulas", "neighbors"},
    "counts": {"interface"},
    "chosen": {"interface", "copulas", "neighbors", "neural"},
    "neighbors": {"interface", "compiled", "units"},
    "neural": {"interface", "compiled", "counts"},
    "regression": {"interface", "counts", "neural"},
    "applications": {"interface", "distributions", "neural"},
    "samples": {"errors", "interface", "catalogue", "trial"},
    "findings": {"errors", "interface", "device", "specs", "result"},
    "tables": {"errors", "interface", "store", "findings"},
    "plots": {"errors", "interface", "specs", "findings", "tables", "owndata"},
    "report": {"errors", "settings", "store", "findings", "tables", "plots", "owndata"},
    "checks": {"answers", "called", "fence", "interface"},
    "adapters": {"errors", "interface"},
    "peers": {"interface"},
    "citations": set(),
    "scaffold": {"errors"},
    "doctor": {"catalogue", "compiled", "device", "engine", "provenance", "neighbors", "neural", "__init__"},
    "cli": {
        "errors", "interface", "specs", "explained", "settings", "offers", "catalogue", "result", "trial", "runs",
        "standing", "store", "samples", "checks", "scaffold", "doctor", "findings", "tables", "plots", "report",
        "owndata", "citations", "device",
    },
    "__main__": {"cli"},
}  # fmt: skip
"""Rooms of ours that each room may import, itself beside them; those of `__init__` inside its functions."""


def test_the_map_holds_every_room():
    assert set(ALLOWED) == {room(path) for path in FILES}


def test_the_map_has_no_circle():
    left = {name: set(needs) for name, needs in ALLOWED.items()}
    while free := {name for name, needs in left.items() if not needs & left.keys()}:
        left = {name: needs for name, needs in left.items() if name not in free}
    assert not left


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_rooms_import_one_way(path):
    mine = room(path)
    rooms = {name.split(".")[1] for name in imports(path) if name.startswith("mibench.")}
    rooms &= {room(other) for other in FILES}
    assert rooms - {mine} <= ALLOWED[mine]


WITHOUT_CIRCLES = sorted({room(path) for path in FILES if len(path.relative_to(HARNESS).parts) > 1})


def module(path):
    parts = ("mibench", *path.relative_to(HARNESS).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("name", WITHOUT_CIRCLES)
def test_no_circle_stands_inside_a_room(name):
    """Each turn takes away the modules that need none of those left; a circle is what no turn can take."""
    inside = {module(path): set(imports(path)) for path in FILES if room(path) == name}
    needs = {one: {other for other in named & inside.keys() if other != one} for one, named in inside.items()}
    for one in needs:  # a name taken from a module's own package means the module, not the package
        needs[one] -= {other for other in needs[one] if any(deeper.startswith(f"{other}.") for deeper in needs[one])}
    while free := {one for one, named in needs.items() if not named & needs.keys()}:
        needs = {one: named for one, named in needs.items() if one not in free}
    assert not needs


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_nobody_imports_the_command_line_or_a_plugin(path):
    named = set(imports(path))
    if room(path) not in ("cli", "__main__"):
        assert not [name for name in named if name.startswith("mibench.cli")]
    assert not [name for name in named if name.split(".")[0] in ("plugins", "tasks")]


@pytest.mark.parametrize("path", PLUGINS, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_plugin_files_do_not_import_one_another(path):
    stems = {other.stem for other in PLUGINS if other.parent == path.parent} - {path.stem}
    tops = {name for name in imports(path) if name and "." not in name}
    assert not tops & stems - {"gaussian"}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_matplotlib_and_torch_have_one_home(path):
    libraries = {name.split(".")[0] for name in imports(path)}
    where = path.relative_to(HARNESS).parts
    if "matplotlib" in libraries:
        assert where[0] in ("plots", "plots.py")
    if "torch" in libraries:
        trains = where[:2] in (("applications", "training"), ("applications", "warm.py"))
        assert where[0] in ("neural", "regression", "neighbors") or trains


QUICK = {
    "--help": ["--help"],
    "list": ["list"],
    "list plugins": ["list", "plugins"],
    "run --help": ["run", "--help"],
    "a usage error": ["run", "-e", "ksgg", "-t", "gaussian"],
}


@pytest.mark.parametrize("arguments", QUICK.values(), ids=QUICK)
def test_starting_loads_no_heavy_library(arguments, tmp_path):
    heavy = HEAVY | {"numpy", "pluggy"} if arguments == ["--help"] else HEAVY
    script = (
        f"import sys; sys.argv[1:] = {arguments!r}\n"
        "from mibench.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print('LOADED', sorted({heavy!r} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "LOADED []"


def test_the_public_names():
    import mibench

    assert mibench.__all__ == [
        "Application", "Array", "Diverged", "Draw", "Estimate", "Estimator", "Outcome", "Score", "Task", "Term",
        "__version__", "estimate", "estimator", "hookimpl", "load", "run", "scores", "tasks",
    ]  # fmt: skip
    assert set(mibench.__all__) <= set(dir(mibench))


def test_no_room_is_named_for_nothing():
    nothing = {"utils", "util", "common", "core", "base", "helpers", "helper", "misc"}
    tracked = [p for p in ROOT.rglob("*") if ".venv" not in p.parts and ".git" not in p.parts]
    assert not [p for p in tracked if p.stem in nothing and (p.is_dir() or p.suffix == ".py")]


def public(tree):
    """The module and every class, function and method in it whose name has no underscore in front, by dotted name."""
    yield "", tree
    waiting = [("", tree)]
    while waiting:
        above, node = waiting.pop()
        for inner in ast.iter_child_nodes(node):
            if isinstance(inner, ast.FunctionDef | ast.ClassDef) and not inner.name.startswith("_"):
                yield f"{above}{inner.name}", inner
                if isinstance(inner, ast.ClassDef):
                    waiting.append((f"{above}{inner.name}.", inner))


LISTED = re.compile(r"^\* `(\w+)[`(]", re.MULTILINE)
CONTRACTS = (
    "interface.py", "hooks.py", "distributions/shapes.py", "distributions/maps.py", "neighbors/paths.py",
    "neural/bound.py", "neural/critics.py", "neural/estimator.py",
)  # fmt: skip
CONTRACT = {
    said
    for path in CONTRACTS
    for name, node in public(ast.parse((HARNESS / path).read_text()))
    for said in (
        name.rpartition(".")[2] * bool(ast.get_docstring(node)),
        *LISTED.findall(ast.get_docstring(node) or ""),
    )
}
"""Methods and hooks whose meaning is said once, where the contract is: classes that keep it need not repeat it."""


@pytest.mark.parametrize("path", [*FILES, *PLUGINS], ids=lambda p: str(p.relative_to(ROOT)))
def test_every_public_name_has_a_docstring(path):
    bare = [
        name or "the module"
        for name, node in public(ast.parse(path.read_text()))
        if not ast.get_docstring(node) and name.rpartition(".")[2] not in CONTRACT
    ]
    assert not bare


def test_the_wheel_and_the_checkout_hold_the_same_files():
    """The wheel's mapping names the folders that hold plugins, tasks and published numbers."""
    import tomllib

    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["sources"] == {
        "plugins": "mibench/plugins",
        "tasks": "mibench/tasks",
        "results/published": "mibench/published",
    }
    assert all(Path(ROOT / folder).is_dir() for folder in ("plugins", "tasks"))
