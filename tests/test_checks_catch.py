"""The checks of `mibench check` catch what does not keep its promises: a fault planted for each, and its own check."""

import contextlib
import dataclasses
import random
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import torch
from faulty_estimators import CAUGHT, USED, Bursts, Narrow
from toy_application import Bound, Toy

from mibench import checks
from mibench.checks import applications, estimators, tasks
from mibench.checks.promises import seeded
from mibench.interface import Outcome, Score


@pytest.mark.parametrize(("careless", "promise"), CAUGHT, ids=lambda v: v if isinstance(v, str) else type(v).__name__)
def test_each_check_catches_what_it_is_for(careless, promise, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: bool(USED))
    (verdict,) = checks.check("it", careless, (getattr(estimators, promise),))
    assert verdict.promise == " ".join((getattr(estimators, promise).__doc__ or "").split())
    assert verdict.broken


def test_a_sound_bound_up_to_2_nats_is_judged_apart_from_where_it_bursts():
    (verdict,) = checks.check("it", Bursts(), (estimators.is_near_the_truth,))
    assert verdict.broken is None


@pytest.mark.parametrize(("columns", "tried"), [(1, True), (0, False)])
def test_what_an_estimator_refuses_breaks_no_promise(columns, tried):
    """A promise is kept on the data that it takes; where it takes none, it could not be tried."""
    for verdict in checks.check(
        "it", Narrow(columns=columns), (estimators.accepts_the_shapes, estimators.repeats_itself)
    ):
        assert verdict.broken is None
        assert (verdict.unsupported is None) is tried


@dataclass(frozen=True)
class Pair:
    """A task that keeps its promises; the fields are its faults."""

    mi: float = 0.5
    mi_error: float = 0.0
    dim_x: int = 1
    shape: tuple[int, ...] = (-1, 1)
    dtype: str = "float64"
    more: int = 0
    worst: float = 0.0
    stream: str = "its own"

    def sample(self, n, rng):
        if self.stream == "everyone's":
            rng = np.random.default_rng(np.random.randint(2**31))  # noqa: NPY002
        if self.stream == "none":
            rng = np.random.default_rng(0)
        x = rng.standard_normal((n + self.more, 1))
        x[-1:] += self.worst
        return x.reshape(self.shape).astype(self.dtype), x + rng.standard_normal(x.shape)


class Thawed(Pair):
    __setattr__ = object.__setattr__


FAULTS_OF_TASKS = [
    (Thawed(), "is_frozen"),
    (Pair(mi=-0.1), "has_a_truth"),
    (Pair(mi=float("nan")), "has_a_truth"),
    (Pair(mi_error=-1.0), "has_a_truth"),
    (Pair(shape=(-1,)), "draws_the_right_shapes"),
    (Pair(dtype="float32"), "draws_the_right_shapes"),
    (Pair(more=1), "draws_the_right_shapes"),
    (Pair(dim_x=2), "draws_the_right_shapes"),
    (Pair(worst=float("inf")), "draws_finite_values"),
    (Pair(stream="everyone's"), "repeats_its_draws"),
    (Pair(stream="none"), "repeats_its_draws"),
]


class Careless(Toy):
    """Draws noise from the stream that everyone shares."""

    def train(self, make_term, *, seed, device, baseline=None):
        found = super().train(make_term, seed=seed, device=device, baseline=baseline)
        return dataclasses.replace(found, scores={**found.scores, "slope": float(torch.rand(()))})


class Reseeding(Toy):
    """Gives everyone its seed."""

    def train(self, make_term, *, seed, device, baseline=None):
        random.seed(seed)
        return super().train(make_term, seed=seed, device=device, baseline=baseline)


class Leaky(Toy):
    """Draws once more where there is a term."""

    def train(self, make_term, *, seed, device, baseline=None):
        term = make_term(2, 1)
        return super().train(make_term, seed=seed + (term is not None), device=device, baseline=baseline)


class Eager(Toy):
    """Draws for each step of the critic from the model's stream."""

    def train(self, make_term, *, seed, device, baseline=None):
        return super().train(make_term, seed=seed + self.critic_steps, device=device, baseline=baseline)


class Deaf(Toy):
    """Has one stream for all seeds."""

    def train(self, make_term, *, seed, device, baseline=None):
        return super().train(make_term, seed=0, device=device, baseline=baseline)


class Silent(Toy):
    """Declares a score that it does not give."""

    scores: ClassVar = {**Toy.scores, "more": Score("lower")}


class Untold(Toy):
    """Declares a baseline that has no score."""

    baselines: ClassVar = ("mean", "nothing")

    def train(self, make_term, *, seed, device, baseline=None):
        if baseline == "nothing":
            return Outcome({})
        return super().train(make_term, seed=seed, device=device, baseline=baseline)


class Willing(Toy):
    """Takes a weight below 0."""

    def __post_init__(self):
        pass


class Loose(Toy):
    __setattr__ = object.__setattr__


@dataclass(frozen=True)
class Bare:
    """Lacks the fields that all have."""

    scores: ClassVar = Toy.scores


FAULTS_OF_APPLICATIONS = [
    (Careless(), "leaves_global_randomness_alone"),
    (Careless(), "repeats_itself"),
    (Careless(), "equals_none_at_weight_zero"),
    (Reseeding(), "leaves_global_randomness_alone"),
    (Leaky(), "equals_none_at_weight_zero"),
    (Eager(), "keeps_its_streams_from_the_term"),
    (Deaf(), "repeats_itself"),
    (Silent(), "returns_what_it_declares"),
    (Untold(), "returns_what_it_declares"),
    (Willing(), "has_the_common_fields"),
    (Bare(), "has_the_common_fields"),
    (Loose(), "is_frozen"),
]


def broken(thing, promises):
    """The names of the promises that are not kept."""
    named = {" ".join((promise.__doc__ or "").split()): promise.__name__ for promise in promises}
    return {named[verdict.promise] for verdict in checks.check("it", thing, promises) if verdict.broken}


@pytest.mark.parametrize(("careless", "promise"), FAULTS_OF_TASKS, ids=repr)
def test_each_check_of_tasks_catches_what_it_is_for(careless, promise):
    assert promise in broken(careless, tasks.PROMISES)


@pytest.mark.parametrize(("careless", "promise"), FAULTS_OF_APPLICATIONS, ids=lambda v: getattr(type(v), "__name__", v))
def test_each_check_of_applications_catches_what_it_is_for(careless, promise):
    found = set()
    with contextlib.suppress(checks.Broken), seeded(0):  # what they do to everyone's randomness ends here
        found |= broken(careless, applications.promises(Bound()))
    assert promise in found


def test_what_has_no_fault_breaks_no_promise():
    assert not broken(Pair(), tasks.PROMISES)
    assert not broken(Toy(), applications.promises(Bound()))


@pytest.mark.parametrize(
    ("faults", "promises"),
    [
        (CAUGHT, estimators.PROMISES),
        (FAULTS_OF_TASKS, tasks.PROMISES),
        (FAULTS_OF_APPLICATIONS, applications.promises(None)),
    ],
)
def test_a_fault_is_planted_for_each_promise(faults, promises):
    assert {promise for _, promise in faults} == {promise.__name__ for promise in promises}
