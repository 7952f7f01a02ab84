"""`mibench.run` with objects of this very process: the rows are those of a plugin file, and what needs a process of its
own is refused by name."""

import inspect
import sys
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest

import mibench
from mibench import runs
from mibench.errors import UsageError
from mibench.seeds import Seeds

SOURCE = """
from dataclasses import dataclass

import numpy as np

import mibench


@dataclass(frozen=True)
class First:
    share: float = 1.0

    def estimate(self, x, y, seed):
        return mibench.Estimate(self.share * float(x[0, 0]) + np.random.default_rng(seed).normal(), std=0.5)


@dataclass(frozen=True)
class Apart:
    mi: float = 0.0
    dim_x: int = 1

    def sample(self, n, rng):
        return rng.standard_normal((2, n, 1))


@mibench.hookimpl
def mibench_estimators():
    return {"first": First()}


@mibench.hookimpl
def mibench_tasks():
    return {"apart": {"zero": Apart()}}
"""


@pytest.fixture
def written(tmp_path, monkeypatch):
    """A module of an estimator and a task, in a file that is a plugin too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "own_objects", raising=False)
    (tmp_path / "own_objects.py").write_text(SOURCE)
    import own_objects

    return own_objects


@dataclass(frozen=True)
class Zero:
    """An estimator of few words."""

    value: float = 0.0

    def estimate(self, x, y):
        return self.value


@dataclass(frozen=True)
class Pair:
    mi: float = 0.0

    def sample(self, n, rng):
        return rng.standard_normal((2, n, 1))


@dataclass
class Melting:
    def estimate(self, x, y):
        return 0.0


def of_zero(x, y):
    return 0.0


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A small run in a folder of the test; what is given stands above it."""
    monkeypatch.chdir(tmp_path)

    def go(**given):
        return mibench.run(**{"estimators": Zero(), "tasks": Pair(), "samples": 20, "seeds": 2, **given})

    return go


MADE_ANEW = ["run_id", "code", "sequence", "started_at", "fit_seconds", "wall_seconds", "peak_mb"]


def test_objects_give_the_rows_of_the_same_classes_in_a_plugin_file(written):
    asked = {"samples": [20, 30], "seeds": 2}
    objects = mibench.run({"first": written.First()}, {"apart": {"zero": written.Apart()}}, **asked)
    names = mibench.run("first", "apart", plugins="own_objects.py", **asked)
    order = ["n_samples", "seed"]
    one, two = (frame.sort_values(order, ignore_index=True).drop(columns=MADE_ANEW) for frame in (objects, names))
    assert len(one) == 4
    assert set(one["status"]) == {"ok"}
    assert one.equals(two)


def test_objects_stand_beside_names(run):
    rows = run(estimators=[Zero(0.25), "gaussian"], tasks=[Pair(), "gaussian/dim=1:mi=0.5"])
    assert set(zip(rows["estimator"], rows["task"], strict=True)) == {
        (estimator, task) for estimator in ("Zero", "gaussian") for task in ("Pair", "gaussian")
    }
    assert set(rows["status"]) == {"ok"}
    assert set(rows.loc[rows["estimator"] == "Zero", "mi_estimate"]) == {0.25}


def test_points_may_be_a_list(run):
    rows = run(tasks={"pairs": [Pair(0.1), Pair(0.2)]})
    assert set(rows["point"]) == {"mi=0.1", "mi=0.2"}


def test_code_is_of_the_source_and_changes_with_it(run, written, tmp_path, monkeypatch):
    def codes():
        return set(run(estimators=written.First(), tasks=written.Apart())["code"])

    (before,) = codes()
    assert codes() == {before}
    (tmp_path / "own_objects.py").write_text(SOURCE.replace("std=0.5", "std=0.25"))
    monkeypatch.delitem(sys.modules, "own_objects")
    import own_objects

    (after,) = set(run(estimators=own_objects.First(), tasks=own_objects.Apart())["code"])
    assert after != before


def test_code_of_what_was_typed_at_a_prompt_changes_too(run):
    seen = set()
    for value in (0.0, 0.5, 0.5):
        typed = {"dataclass": dataclass}
        exec(f"@dataclass(frozen=True)\nclass Typed:\n    def estimate(self, x, y):\n        return {value}", typed)
        with pytest.raises((OSError, TypeError)):
            inspect.getsource(typed["Typed"])
        seen |= set(run(estimators=typed["Typed"](), seeds=1)["code"])
    assert len(seen) == 2


def test_rows_in_a_folder_are_gone_on_with_from_python_alone(run, tmp_path):
    run(output="out")
    rows = run(output="out", seeds=3)
    assert len(rows) == 3
    with pytest.raises(UsageError, match=r"out was run with objects of a Python process \(Zero, Pair\)"):
        runs.resume("out")


def test_failures_are_rows(run):
    rows = run(estimators={"broken": Zero("no number")})
    assert set(rows["status"]) == {"error"}


REFUSED = {
    "a timeout": ({"timeout": 3}, "timeout=3: 'Zero' is an object of this process"),
    "a limit of memory": ({"memory": "1G"}, "memory=1G: 'Zero' is an object of this process"),
    "a cluster": ({"executor": "dask"}, "executor=dask: 'Zero' is an object of this process"),
    "two of one name": ({"estimators": [Zero(), Zero(1.0)]}, "two objects are called 'Zero': give them names"),
    "a name in use": ({"estimators": {"ksg": Zero()}}, "estimator 'ksg' is in the catalogue"),
    "a class that is not frozen": ({"estimators": [Melting()]}, "'Melting': its class is not frozen"),
    "a class": ({"estimators": Zero}, "estimator 'Zero' is <class"),
    "a function": ({"estimators": of_zero}, "a function needs one around it"),
    "a number": ({"tasks": [3]}, "3 is no estimator and no task"),
    "something else": ({"estimators": {"half": Fraction(1, 2)}}, "no estimator (estimate), task (sample)"),
    "an option that is none": ({"seed": 3}, "no setting 'seed'; did you mean 'seeds'?"),
    "no seeds": ({"seeds": []}, "there is no seed in it"),
    "half a seed": ({"seeds": 2.5}, "seeds=2.5: give a count"),
    "no sample": ({"samples": 0}, "--samples 0: expected at least 1"),
}


@pytest.mark.parametrize(("given", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_done_is_one_line(run, tmp_path, given, said):
    with pytest.raises(UsageError) as refused:
        run(**given)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "results").exists()


SEEDS = [(3, [0, 1, 2]), ("5-6", [5, 6]), (range(2, 4), [2, 3]), (range(0, 6, 3), [0, 3]), ([7, 3, 8], [7, 3, 8]),
         (np.arange(2), [0, 1]), (np.int64(2), [0, 1]), ((4,), [4])]  # fmt: skip


@pytest.mark.parametrize(("given", "seeds"), SEEDS, ids=repr)
def test_seeds_are_what_python_makes_of_them(given, seeds):
    assert list(Seeds.of(given)) == seeds


def test_numbers_may_be_lists_ranges_or_of_numpy(run):
    assert set(run(samples=np.int64(30), seeds=range(3))["seed"]) == {0, 1, 2}
    assert set(run(samples=range(20, 22), seeds=1)["n_samples"]) == {20, 21}
    assert set(run(parameters="Zero.value=1,2", seeds=1)["mi_estimate"]) == {1.0, 2.0}


def test_the_verbs_are_there_to_be_found():
    assert {"estimator", "tasks", "run", "load"} <= set(dir(mibench))
