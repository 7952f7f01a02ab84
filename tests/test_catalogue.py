"""Plugins are found three ways; one that is broken is listed with its reason and stops no other."""

import contextlib
import importlib.metadata
import json
import os
import signal
import sys
import warnings

import pytest

from mibench import catalogue, fence
from mibench.cli import described
from mibench.errors import NothingMatched, UsageError


@pytest.fixture(scope="module")
def found():
    return catalogue.discover()


def test_bundled_plugins_all_load(found):
    assert [(plugin.path.name, plugin.error) for plugin in found.broken] == []
    assert {"mine", "mine-f", "jsd", "ksg", "gaussian"} <= set(found.estimators)
    assert {"gaussian", "nonlinear"} <= set(found.tasks)


def test_what_each_of_ours_costs_was_measured_or_it_takes_no_such_sample(found):
    ours = {name for name in found.estimators if not found.homes[f"-e {name}"].path.name.startswith("peer_")}
    assert {name for name in ours if not described.cost(name)} == {"histogram", "none", "plug-in"}


def test_the_gaussian_sweep_is_the_documented_one(found):
    names = [point.name for point in found.points("gaussian")]
    assert names == [f"dim={dim}:mi={mi}" for dim in (1, 5, 20) for mi in (0.0, 0.5, 2.0)]


def test_aims_replace_fields_and_points_that_become_equal_are_kept_once(found):
    points = found.points("gaussian:dim=7")
    assert [point.name for point in points] == ["dim=7:mi=0.0", "dim=7:mi=0.5", "dim=7:mi=2.0"]
    points = found.points("gaussian", [{"dim": "3", "mi": "1"}, {"dim": "4", "mi": "1"}])
    assert [point.name for point in points] == ["dim=3:mi=1.0", "dim=4:mi=1.0"]
    points = found.points("staircase", [{"mi": "2"}, {"mi": "3"}, {"mi": "10"}])
    assert [point.name for point in points] == ["2-nats", "mi=3", "10-nats"]
    points = found.points("high-mi:mi=1.25")
    assert [point.name for point in points] == ["sparse-0:mi=1.25", "spiral-0:mi=1.25", "half-cube-0:mi=1.25"]


@pytest.mark.parametrize("aim", [{"mi": "1.25"}, {"mi": "1"}, {"dim": "12"}, {"dim": "12", "mi": "1.25"}])
def test_points_of_one_name_are_one_task(found, aim):
    """Of points that are aimed alike those that still differ keep different names, so that none hides another."""
    aimed = 0
    for sweep in found.tasks:
        with contextlib.suppress(UsageError):  # a sweep that cannot be aimed so
            points = found.points(sweep, [aim])
            assert len({point.name for point in points}) == len({point.params for point in points}) == len(points)
            aimed += 1
    assert aimed >= 8


def test_an_aim_that_the_truth_does_not_follow_is_refused(found):
    with pytest.raises(UsageError, match=r"'independent/normal-1' cannot be aimed: with mi=1 .* is 0"):
        found.points("independent/normal-1", [{"mi": "1"}])


@pytest.mark.parametrize("spec", ["gaussian/dim=5:mi=0.5", "gaussian/dim=30:mi=0.25", "beyond-normal/1v1-normal-0.75"])
def test_one_point_can_be_picked(found, spec):
    (point,) = found.points(spec)
    assert point.name == spec.partition("/")[2]


def test_names_and_changes_rebuild_the_same_objects(found):
    """What a trial's process is given leads to an equal task and estimator."""
    for point in found.points("gaussian", [{"dim": "2", "mi": "0.3"}]) + found.points("beyond-normal"):
        changes = json.loads(json.dumps(dict(point.changes)))
        assert found.point(point.sweep, point.origin, changes).task == point.task
    choice = found.estimator("mine:hidden=32x16:steps=7")
    again = found.choice(choice.name, json.loads(json.dumps(choice.changes)))
    assert again.estimator == choice.estimator


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda f: f.estimator("ksgg"), "no estimator 'ksgg'; did you mean 'ksg'?"),
        (lambda f: f.estimator("ksg:kk=3"), "'ksg' has no field 'kk'; did you mean 'k'?"),
        (lambda f: f.estimator("ksg:k"), "'k' in 'ksg:k' is no field=value"),
        (lambda f: f.estimator("5"), "to sweep a field write -P NAME.FIELD=3,5"),
        (lambda f: f.points("gausian"), "no task 'gausian'; did you mean 'gaussian'?"),
        (lambda f: f.points("gaussian:dims=3"), "has no field 'dims'; did you mean 'dim'?"),
        (lambda f: f.points("gaussian:dim=0"), "does not take dim=0"),
        (lambda f: f.points("gaussian:mi=-1"), "does not take mi=-1"),
    ],
)
def test_unknown_names_and_fields_are_told_with_the_nearest(found, ask, message):
    with pytest.raises(UsageError) as caught:
        ask(found)
    assert message in str(caught.value)


def test_a_point_that_is_not_there_is_told_with_the_nearest(found):
    with pytest.raises(NothingMatched, match=r"did you mean '1v1-normal-0\.75'"):
        found.points("beyond-normal/1v1-normal-0.7")


HEAD = (
    "from dataclasses import dataclass\nfrom typing import Any\nfrom mibench import hookimpl\n@dataclass(frozen=True)\n"
    "class A:\n    mi: Any = 0.5\n    def estimate(self, x, y): return 0.0\n    def sample(self, n, rng): ...\n"
)
"""A class that is an estimator and a task."""


def offering(hook, value, more=""):
    return f"{HEAD}@hookimpl\ndef {hook}():\n    return {value}\n{more}"


BROKEN = {
    "does not import": ("import no_such_library_here", "No module named 'no_such_library_here'"),
    "does not parse": ("def f(:", "invalid syntax"),
    "exits": ("raise SystemExit('bye')", "SystemExit: bye"),
    "has no hook": ("x = 1", "implements neither"),
    "has a hook that raises": (
        "from mibench import hookimpl\n@hookimpl\ndef mibench_estimators():\n    raise RuntimeError('no licence')",
        "RuntimeError: no licence",
    ),
    "is no dataclass": (
        "from mibench import hookimpl\nclass A:\n    def estimate(self, x, y): return 0.0\n"
        "@hookimpl\ndef mibench_estimators():\n    return {'a': A()}",
        "expected an instance of a frozen dataclass",
    ),
    "is not frozen": (
        "from dataclasses import dataclass\nfrom mibench import hookimpl\n@dataclass\nclass A:\n"
        "    def estimate(self, x, y): return 0.0\n@hookimpl\ndef mibench_estimators():\n    return {'a': A()}",
        "not frozen",
    ),
    "has a bad name": (
        "from dataclasses import dataclass\nfrom mibench import hookimpl\n@dataclass(frozen=True)\nclass A:\n"
        "    def estimate(self, x, y): return 0.0\n@hookimpl\ndef mibench_estimators():\n    return {'a:b': A()}",
        "a name holds no",
    ),
    "leaves at once": ("import os\nos._exit(0)", "the plugin called os._exit(0)"),
    "has a misspelt hook": (
        offering("mibench_estimators", "{}", "@hookimpl\ndef mibench_taks():\n    return {}\n"),
        "it implements mibench_taks, which is no hook of mibench; did you mean 'mibench_tasks'?",
    ),
    "has an unmarked hook": (
        offering("mibench_estimators", "{}", "def mibench_tasks():\n    return {}\n"),
        "mibench_tasks lacks the @hookimpl marker",
    ),
    "returns a list": (offering("mibench_estimators", "[A()]"), "returned list; expected a mapping from names"),
    "returns one task": (offering("mibench_tasks", "{'a': A()}"), "'a' is A; expected a list or a mapping of tasks"),
    "numbers its estimators": (offering("mibench_estimators", "{1: A()}"), "a name is text, and this is int"),
    "numbers its tasks": (offering("mibench_tasks", "{1: [A()]}"), "a name is text, and this is int"),
    "numbers its points": (offering("mibench_tasks", "{'a': {1: A()}}"), "calls a point 1; a name is text: write '1'"),
    "has an unprintable name": (offering("mibench_estimators", "{'a\\ud800': A()}"), "or unprintable character"),
    "has an unprintable point": (offering("mibench_tasks", "{'a': {'b\\x1b[2J': A()}}"), "a name is printable text"),
    "keeps a lambda": (
        offering("mibench_estimators", "{'a': A(lambda: 0)}"),
        "'a': field mi holds <function mibench_estimators.<locals>.<lambda>",
    ),
    "keeps a huge number": (offering("mibench_tasks", "{'a': {'b': A(10**5000)}}"), "more than 10 000 bits"),
}


@pytest.mark.parametrize(("source", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_plugin_is_listed_with_its_reason(tmp_path, source, reason):
    path = tmp_path / "broken.py"
    path.write_text(source)
    found = catalogue.discover([path])
    (plugin,) = found.broken
    assert plugin.path == path
    assert reason in plugin.error
    assert "ksg" in found.estimators
    with pytest.raises(UsageError, match=r"broken\.py"):
        found.estimator("broken")


def test_a_taken_name_is_refused_and_the_first_keeps_it(estimator_file):
    path = estimator_file("ksg")
    found = catalogue.discover([path])
    assert "estimator 'ksg' is taken by" in found.broken[0].error
    assert found.homes["-e ksg"].path.name == "ksg.py"


def test_a_folder_of_plugins_may_hold_modules_they_import(tmp_path, estimator_file):
    (tmp_path / "a_part.py").write_text("VALUE = 0.25\n")
    estimator_file("mine-too", "import a_part\nreturn a_part.VALUE")
    found = catalogue.discover([tmp_path])
    assert not found.broken
    assert found.estimators["mine-too"].estimate(None, None, seed=0) == 0.25


def test_the_environment_names_plugins_too(monkeypatch, estimator_file):
    monkeypatch.setenv("MIBENCH_PLUGINS", str(estimator_file("from-outside")))
    assert "from-outside" in catalogue.discover().estimators


def test_the_working_directory_is_never_searched(monkeypatch, tmp_path, estimator_file):
    estimator_file("lurking")
    (tmp_path / "plugins").mkdir()
    monkeypatch.chdir(tmp_path)
    assert "lurking" not in catalogue.discover().estimators


def test_packages_are_found_by_entry_point_and_a_broken_one_stops_none(monkeypatch, tmp_path, estimator_file):
    estimator_file("packaged", file="packaged_plugin.py")
    monkeypatch.syspath_prepend(str(tmp_path))
    points = [
        importlib.metadata.EntryPoint("good", "packaged_plugin", "mibench"),
        importlib.metadata.EntryPoint("bad", "no_such_package_at_all", "mibench"),
    ]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: points)
    found = catalogue.discover()
    assert "packaged" in found.estimators
    assert [plugin.name for plugin in found.broken] == ["bad"]


def test_a_point_without_a_truth_is_refused(tmp_path):
    path = tmp_path / "untrue.py"
    path.write_text(
        "from dataclasses import dataclass\nfrom mibench import hookimpl\n@dataclass(frozen=True)\nclass T:\n"
        "    def sample(self, n, rng): ...\n@hookimpl\ndef mibench_tasks():\n    return {'untrue': [T()]}"
    )
    assert "has no mi" in catalogue.discover([path]).broken[0].error


MEDDLING = """
import os, signal, subprocess, sys, warnings
print("hello")
os.write(1, b"from below\\n")
subprocess.run(["echo", "from a child"])
os.chdir("/")
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGINT, signal.SIG_IGN)
warnings.simplefilter("error")
sys.stdout = sys.stdin = sys.__stderr__
if os.fork() == 0:
    os._exit(0)
"""


def test_what_a_plugin_does_while_it_is_loaded_stays_inside(tmp_path, monkeypatch, capfd):
    path = tmp_path / "meddling.py"
    path.write_text(MEDDLING + offering("mibench_estimators", "(print('hooked'), {'meddling': A()})[1]"))
    monkeypatch.chdir(tmp_path)

    def outside():
        return os.getcwd(), os._exit, sys.stdout, warnings.filters[:], *map(signal.getsignal, fence.SIGNALS)

    before = outside()
    found = catalogue.discover([path])
    assert outside() == before
    assert found.broken == []
    said = capfd.readouterr()
    assert said.out == ""
    assert {"hello", "from below", "from a child", "hooked"} <= set(said.err.splitlines())


def test_a_truth_that_cannot_be_had_is_told(tmp_path):
    path = tmp_path / "untrue.py"
    path.write_text(offering("mibench_tasks", "{'untrue': {'a': A()}}"))
    found = catalogue.discover([path])
    with pytest.raises(UsageError, match="'untrue/a' has no mutual information: ValueError"):
        found.points("untrue:mi=much")
