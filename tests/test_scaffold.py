"""Drafts of plugins run, keep their promises unedited, and stand in no one's way."""

import os
import subprocess
import sys
import venv

import pytest
from conftest import ROOT

from mibench import catalogue, checks, scaffold
from mibench.cli.new import Kind, new
from mibench.errors import UsageError

COSTLY = {
    "neural": ("is_frozen", "repeats_itself", "says_its_direction"),
    "command": ("accepts_the_shapes", "is_near_the_truth", "gives_no_number_for_nothing"),
    "application": ("has_the_common_fields", "returns_what_it_declares", "equals_none_at_weight_zero"),
}
"""Of those that take seconds, what is their own: the first is the bundled `dv`, the second starts many programs."""

DRAFTS = ("estimator", "neural", "command", "task", "application")


@pytest.fixture(scope="module")
def drafts(tmp_path_factory):
    """One of each kind, in one folder, and what is found there."""
    folder = tmp_path_factory.mktemp("drafts")
    for template in DRAFTS:
        scaffold.draft(template, f"my-{template}", folder)
    return folder, catalogue.discover([folder / f"my_{template}.py" for template in DRAFTS])


@pytest.mark.parametrize("template", DRAFTS)
def test_a_draft_keeps_its_promises(drafts, template):
    _, found = drafts
    name = f"my-{template}"
    things = [found.estimators[name]] if name in found.estimators else list(found.tasks[name].values())
    for thing in things:
        held = checks.promises(thing, found.estimators["mine"])
        few = [promise for promise in held if promise.__name__ in COSTLY.get(template, promise.__name__)]
        for verdict in checks.check(name, thing, few):
            assert verdict.broken is None, verdict


def test_a_draft_reads_well(drafts):
    folder, _ = drafts
    for file in folder.glob("*.py"):
        text = file.read_text()
        assert "emplate" not in text
        assert text.count("# 1. ") == (not file.stem.endswith("program"))
        assert max(map(len, text.splitlines())) <= 120
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "E,F,UP,B", "--line-length", "120", folder],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("template", ["estimator", "task", "application"])
def test_a_package_holds_its_tests(tmp_path, template):
    """Collected, each promise is a test by its name."""
    scaffold.draft(template, "my-own", tmp_path, package=True)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--collect-only", "-q", "."],
        cwd=tmp_path / "my-own", capture_output=True, text=True, check=False,
        env={"PYTHONPATH": ":".join([str(tmp_path / "my-own"), *sys.path])},
    )  # fmt: skip
    assert "MyOwn-is_frozen" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("7th", "cannot be a name"),
        ("a b", "cannot be a name"),
        ("class", "a word of Python"),
        ("ksg", "is bundled"),
        ("KSG", "'ksg' is bundled"),
        ("mine_f", "'mine-f' is bundled"),
        ("numpy", "is installed"),
    ],
)
def test_a_name_that_cannot_be_one_is_refused(tmp_path, name, said):
    with pytest.raises(UsageError, match=said):
        new(Kind.ESTIMATOR, name, output=tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_stands_there_is_left_alone(tmp_path):
    (tmp_path / "mine_own.py").write_text("kept")
    with pytest.raises(UsageError, match="exists"):
        scaffold.draft("command", "mine-own", tmp_path)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["kept"]


def quietly(*words):
    done = subprocess.run([*map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_package_comes_and_goes_without_traces(tmp_path):
    """From wheels of both, in an environment that has mibench's dependencies and no checkout."""
    home, empty, wheels = (tmp_path / name for name in ("home", "empty", "wheels"))
    empty.mkdir()
    scaffold.draft("estimator", "my-mi", tmp_path, package=True)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    quietly(*pip, "wheel", "-q", "--no-deps", "-w", wheels, ROOT, tmp_path / "my-mi")
    venv.create(home, with_pip=False)
    (site,) = home.glob("lib/python*/site-packages")
    into = [*pip, "--python", home / "bin" / "python"]
    quietly(*into, "install", "-q", "--no-deps", *wheels.glob("mibench-0*.whl"))
    (site / "dependencies.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    outside = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"HOME": str(tmp_path)}

    def mibench(*words):
        done = subprocess.run(
            [home / "bin" / "mibench", *words], cwd=empty, env=outside, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout

    def files():
        return {path for path in home.rglob("*") if "__pycache__" not in path.parts}

    assert "my-mi" not in mibench("list", "estimators")[1]
    quietly(home / "bin" / "python", "-I", "-c", f"import mibench; assert mibench.__file__.startswith({str(home)!r})")
    before = files()
    quietly(*into, "install", "-q", "--no-deps", *wheels.glob("mibench_my_mi*.whl"))
    assert "my-mi" in mibench("list", "estimators")[1]
    code, said = mibench("check", "my-mi")
    assert (code, said.splitlines()[-1]) == (0, "18 of 18 promises kept")
    code, said = mibench("run", "-e", "my-mi,gaussian", "-t", "gaussian/dim=1:mi=0.5", "-n", "500", "-o", "out")
    assert (code, "my-mi" in said) == (0, True)
    quietly(*into, "uninstall", "-q", "-y", "mibench-my-mi")
    assert files() == before
    assert mibench("describe", "my-mi")[0] == 2
    code, said = mibench("table", "out")
    assert (code, "my-mi" in said) == (0, True)
