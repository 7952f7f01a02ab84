"""A trial depends on names, fields and seeds alone; a result says what happened, whatever happened."""

import json
import math
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from mibench import Diverged, Estimate, catalogue, trial
from mibench.catalogue import Choice, Point
from mibench.result import from_row
from mibench.trial import Trial, refusal, run, run_many


@dataclass(frozen=True)
class Pairs:
    mi: float = 0.5
    dim_x: int = 2
    dim_y: int = 1

    def sample(self, n, rng):
        return rng.standard_normal((n, self.dim_x)), rng.standard_normal((n, self.dim_y))


@dataclass(frozen=True)
class Answers:
    """Gives whatever `what` makes of the sample."""

    what: object = None

    def estimate(self, x, y, seed):
        return self.what(x, y, seed) if callable(self.what) else self.what


def make(estimator=None, task=None, seed=0, n=50, name="a", **more):
    made = estimator or Answers(0.0)
    return Trial(
        Choice(name, {}, made), Point("t", "p", {}, "p", task or Pairs()), n, seed, "cpu", "c0de", 0.5, 0.0, **more
    )


@dataclass(frozen=True)
class First:
    """The first number of the sample."""

    def estimate(self, x, y):
        return x[0, 0]


def test_rivals_see_the_same_sample():
    a, b = (run(make(First(), name=name))[0] for name in ("a", "b"))
    assert a.mi_estimate == b.mi_estimate != 0


@dataclass(frozen=True)
class Unreadable:
    """A task whose file is gone: nothing of it is known."""

    mi: float = 0.5

    @property
    def dim_x(self):
        raise FileNotFoundError("no rows.csv")

    dim_y = version = dim_x

    def sample(self, n, rng):
        return self.dim_x


def test_a_task_that_cannot_say_its_shape_ends_in_a_row():
    result, _ = run(make(task=Unreadable()))
    assert (result.status, result.error, result.dim_x) == ("error", "FileNotFoundError: no rows.csv", None)


def test_seeds_sizes_and_tasks_draw_different_samples():
    streams = [make(seed=0), make(seed=1), make(n=51), make(task=Pairs(mi=0.6))]
    draws = [t.stream("data").standard_normal() for t in streams]
    assert len(set(draws)) == len(draws)


def test_the_estimators_stream_is_not_the_datas():
    t = make()
    streams = (t.stream("data"), t.stream("fresh"), np.random.default_rng(t.estimator_seed))
    assert len({rng.standard_normal() for rng in streams}) == 3


def test_the_id_names_what_the_number_depends_on_and_nothing_else():
    base = make()
    assert base.id == make().id
    assert base.id == replace(base, code="other", mi_true=None).id
    assert base.id == replace(base, device="cpu").id
    others = [
        replace(base, seed=1),
        replace(base, n_samples=51),
        replace(base, device="cuda"),
        make(task=Pairs(mi=0.6)),
    ]
    assert len({base.id, *(t.id for t in others)}) == 5
    assert replace(base, device="cuda:0").id == replace(base, device="cuda:1").id


def test_a_raised_version_of_a_task_makes_another_id_of_the_same_stream(monkeypatch):
    """The task's fields give other samples from the stream, so the rows of before must not be taken for it."""
    before = make()
    monkeypatch.setattr(Pairs, "version", 1, raising=False)
    assert make().id == before.id
    monkeypatch.setattr(Pairs, "version", 2)
    assert make().id != before.id
    assert make().stream("data").standard_normal() == before.stream("data").standard_normal()


@dataclass(frozen=True)
class Gives:
    """Gives what it was made with, which is none of its settings."""

    answer: object = field(default=None, metadata={"place": True})

    def estimate(self, x, y):
        return self.answer


def stored(result):
    """The row as a folder gives it back, whatever an estimator put into it."""
    line = json.dumps(asdict(result), allow_nan=False).encode("utf-8")
    assert from_row(json.loads(line)) == tuple(asdict(result).values())


FATES = {
    "a float": (0.25, "ok", 0.25, None),
    "an estimate": (Estimate(0.25, std=0.1, flags=("step-cap",)), "ok", 0.25, None),
    "a numpy number": (np.float32(0.25), "ok", 0.25, None),
    "below zero, never clipped": (-0.25, "ok", -0.25, None),
    "nan": (math.nan, "diverged", None, "the estimate is nan"),
    "inf": (math.inf, "diverged", None, "the estimate is inf"),
    "nothing": (None, "error", None, "estimate returned NoneType"),
    "text": ("0.3", "error", None, "estimate returned str"),
    "bytes": (b"0.3", "error", None, "estimate returned bytes"),
    "a complex number": (np.complex128(0.3 + 1j), "error", None, "estimate returned complex128"),
    "an estimate of text": (Estimate("0.3"), "error", None, "a value that is str"),
    "numpy counts": (Estimate(0.25, steps=np.int64(5), samples_seen=7.0), "ok", 0.25, None),
    "half a step": (Estimate(0.25, steps=2.5), "error", None, "steps=2.5; expected a whole number"),
    "nan steps": (Estimate(0.25, steps=math.nan), "error", None, "steps=nan; expected a whole number"),
    "more than a row holds": (Estimate(0.25, samples_seen=10**30), "error", None, "expected a whole number below 2^63"),
    "a path that is none": (Estimate(0.25, path=Path("x")), "error", None, "path=PosixPath; expected text"),
    "flags in one text": (Estimate(0.25, flags="step-cap"), "error", None, "expected a tuple of words"),
    "an unknown std": (Estimate(0.25, std=math.nan), "ok", 0.25, None),
    "a curve of numbers": (Estimate(0.25, curve=[1, 2]), "error", None, "a curve that is no list of"),
}
"""Answers, and what their rows say."""


@pytest.mark.parametrize(("answer", "status", "value", "error"), FATES.values(), ids=FATES)
def test_every_answer_becomes_a_row(answer, status, value, error):
    result, _ = run(make(Gives(answer)))
    assert (result.status, result.mi_estimate) == (status, value)
    assert error is None or error in result.error
    stored(result)
    assert (result.dim_x, result.dim_y) == (2, 1)


def raising(error):
    def raise_it(x, y, seed):
        raise error

    return Answers(raise_it)


class Mute(Exception):
    """Fails to say what went wrong."""

    def __str__(self):
        raise RuntimeError("no words")


RAISED = {
    "a clear error": (ValueError("k=9 needs n > 9"), "error", "k=9 needs n > 9"),
    "a bug": (KeyError("lost"), "error", "KeyError: 'lost'"),
    "memory": (MemoryError("no room"), "oom", "MemoryError: no room"),
    "torch memory": (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "oom", "can't allocate"),
    "divergence": (Diverged("blew up at step 7", Estimate(0.3, steps=6)), "diverged", "blew up at step 7"),
    "divergence with an odd last": (Diverged("blew up", Estimate(0.3, steps=2.5)), "diverged", "blew up (estimate"),
    "half a character": (ValueError("bad name: \ud800"), "error", r"bad name: \ud800"),
    "lines and colours": (ValueError("one\n\x1b[31mtwo\x07"), "error", r"one two\x07"),
    "a novel": (ValueError("a " * 10**6), "error", "characters)"),
    "an error that cannot say what it is": (Mute(), "error", "Mute"),
}


@pytest.mark.parametrize(("error", "status", "message"), RAISED.values(), ids=RAISED)
def test_every_exception_becomes_a_row(error, status, message, capsys):
    result, _ = run(make(raising(error)))
    assert result.status == status
    assert message in result.error
    assert len(result.error) < 5000
    stored(result)


def test_a_diverged_trial_keeps_its_last_good_value(capsys):
    result, last = run(make(raising(Diverged("blew up", Estimate(0.3, steps=6)))))
    assert (result.mi_estimate, result.steps, last.value) == (0.3, 6, 0.3)


@dataclass(frozen=True)
class Bad:
    what: str
    mi: float = 0.5

    def sample(self, n, rng):
        x, y = rng.standard_normal((n, 1)), rng.standard_normal((n, 1))
        return {"flat": (x.ravel(), y), "short": (x[:-1], y), "nan": (x * np.nan, y)}[self.what]


@pytest.mark.parametrize(
    ("what", "message"), [("flat", "shape (50,)"), ("short", "shape (49, 1)"), ("nan", "not finite")]
)
def test_a_task_that_draws_wrongly_is_told(what, message, capsys):
    result, _ = run(make(task=Bad(what)))
    assert result.status == "error"
    assert message in result.error


@dataclass(frozen=True)
class Together:
    spoil: int = -1

    def estimate(self, x, y):
        return float(x[0, 0])

    def estimate_many(self, xs, ys, *, seeds):
        assert len(seeds) == len(xs)
        return [ValueError("spoilt") if i == self.spoil else float(x[0, 0]) for i, x in enumerate(xs)]


def test_trials_together_give_what_they_give_alone():
    trials = [make(Together(), seed=seed) for seed in range(4)]
    together = [result for result, _ in run_many(trials)]
    alone = [run(t)[0] for t in trials]
    assert [r.mi_estimate for r in together] == [r.mi_estimate for r in alone]
    assert [r.trained_together for r in together] == [4] * 4
    assert [r.trained_together for r in alone] == [None] * 4


@dataclass(frozen=True)
class ByTurns(Together):
    """Gives each answer as it is known, the last one first."""

    def estimate_each(self, xs, ys, *, seeds):
        yield from ((place, float(xs[place][0, 0])) for place in reversed(range(len(xs))))


@dataclass(frozen=True)
class Doubled(ByTurns):
    """Has a way of its own for many, below an inherited one for each."""

    def estimate_many(self, xs, ys, *, seeds):
        return [2 * float(x[0, 0]) for x in xs]


@pytest.mark.parametrize(("estimator", "times"), [(ByTurns(), 1), (Doubled(), 2)], ids=["each", "many below it"])
def test_the_nearest_way_to_estimate_many_is_the_one_that_is_asked(estimator, times):
    trials = [make(estimator, seed=seed) for seed in range(3)]
    found = {result.trial_id: result.mi_estimate for result, _ in run_many(trials)}
    assert found == {t.id: times * run(make(Together(), seed=t.seed))[0].mi_estimate for t in trials}


def test_one_spoilt_trial_leaves_the_others_their_rows():
    results = [result for result, _ in run_many([make(Together(spoil=2), seed=seed) for seed in range(4)])]
    assert [r.status for r in results] == ["ok", "ok", "error", "ok"]


@dataclass(frozen=True)
class Narrow:
    """Takes one column a side, and says so."""

    def refuses(self, dim_x, dim_y):
        return None if dim_x == dim_y == 1 else f"takes one column a side, not {dim_x} and {dim_y}"

    def estimate(self, x, y):
        assert x.shape[1] == y.shape[1] == 1, "asked all the same"
        return 0.5

    def estimate_many(self, xs, ys, *, seeds):
        return [self.estimate(x, y) for x, y in zip(xs, ys, strict=True)]


@dataclass(frozen=True)
class Undeclared:
    """A task that says nothing of its dimensions beforehand."""

    columns: int = 2
    mi: float = 0.5

    def sample(self, n, rng):
        return rng.standard_normal((n, self.columns)), rng.standard_normal((n, 1))


def test_what_an_estimator_refuses_is_no_failure_and_no_number():
    narrow, wide = (make(Narrow(), task=Undeclared(columns)) for columns in (1, 2))
    assert refusal(make(Narrow()), 2, 1) == "takes one column a side, not 2 and 1"
    assert refusal(wide, *wide.dims) is None, "nobody knows before a sample is drawn"
    rows = {result.trial_id: result for result, _ in run_many([narrow, wide])}
    assert (rows[narrow.id].status, rows[wide.id].status) == ("ok", "unsupported")
    assert (rows[wide.id].mi_estimate, rows[wide.id].dim_x, rows[wide.id].error) == (None, 2, refusal(wide, 2, 1))


def test_an_estimator_that_fails_to_say_what_it_refuses_ends_in_a_row(capsys):
    @dataclass(frozen=True)
    class Confused(Gives):
        def refuses(self, n):
            raise RuntimeError("no idea")

    result, _ = run(make(Confused(0.5)))
    assert (result.status, result.error) == ("error", "RuntimeError: no idea")


@pytest.mark.parametrize("mi", [math.nan, math.inf, "0.5"])
def test_a_truth_that_is_none_ends_in_a_row(mi, capsys):
    (planned,) = trial.plan(Catalogue0(), [make().choice], [make(task=Pairs(mi=mi)).point], [50], [0], lambda *_: "cpu")
    result, _ = run(planned)
    if mi == "0.5":
        assert (result.status, result.mi_true) == ("ok", 0.5)
    else:
        assert (result.status, result.mi_true) == ("error", None)
        assert "a truth is finite" in result.error
    stored(result)


class Catalogue0:
    """Knows one fingerprint."""

    def code(self, estimator, task):
        return "c0de"


def test_only_what_is_named_is_offered():
    offered = {"seed": 1, "device": "cpu"}
    assert trial.named(lambda x, y: 0, offered) == {}
    assert trial.named(lambda x, y, device: 0, offered) == {"device": "cpu"}
    assert trial.named(lambda x, y, **every: 0, offered) == offered


def test_the_plan_lets_rivals_meet_early_and_is_lazy():
    found = catalogue.discover()
    choices = [found.estimator(name) for name in ("gaussian", "ksg")]
    trials = trial.plan(
        found, choices, found.points("gaussian"), [100, 200], iter(range(10**9)), lambda choice, point: "cpu"
    )
    first = [next(trials) for _ in range(4)]
    assert [(t.choice.name, t.n_samples, t.seed) for t in first] == [
        ("gaussian", 100, 0), ("ksg", 100, 0), ("gaussian", 200, 0), ("ksg", 200, 0),
    ]  # fmt: skip
