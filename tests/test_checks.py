"""Every bundled estimator and task keeps the promises of `mibench check`; and the checks catch those that do not."""

from dataclasses import dataclass

import numpy as np
import pytest

from mibench import catalogue, checks
from mibench.neural import NeuralEstimator

FOUND = catalogue.discover()


STEPS = {
    checks.is_near_the_truth: 300,
    checks.holds_where_dependence_is_strong: 150,
    checks.is_near_zero_when_independent: 100,
}


def quick(estimator, promise):
    """The same estimator, trained for less long: most promises do not wait for convergence."""
    return checks.brief(estimator, STEPS.get(promise, 20))


@pytest.mark.parametrize("promise", checks.ESTIMATOR_PROMISES, ids=lambda p: p.__name__)
@pytest.mark.parametrize("name", [name for name in FOUND.estimators if name != "none"])  # which estimates nothing
def test_bundled_estimators_keep_their_promises(name, promise):
    promise(quick(FOUND.estimators[name], promise))


POINTS = [point for sweep in FOUND.tasks for point in FOUND.points(sweep) if hasattr(point.task, "sample")]


@pytest.mark.parametrize("point", POINTS, ids=lambda p: f"{p.sweep}/{p.name}")
def test_bundled_tasks_keep_their_promises(point):
    pytest.importorskip("sklearn")
    for promise in checks.TASK_PROMISES:
        promise(point.task)


@dataclass(frozen=True)
class Constant:
    value: float = 1.0

    def estimate(self, x, y):
        return self.value


@dataclass(frozen=True)
class Restless(Constant):
    def estimate(self, x, y):
        return float(np.random.default_rng().standard_normal())


@dataclass(frozen=True)
class Greedy(Constant):
    def estimate(self, x, y):
        return float(np.random.standard_normal())  # noqa: NPY002


@dataclass(frozen=True)
class Scribbler(Constant):
    def estimate(self, x, y):
        x -= x.mean()
        return 0.0


@dataclass(frozen=True)
class Blind(Constant):
    def estimate(self, x, y):
        return 0.0


@dataclass
class Melting:
    value: float = 0.0

    def estimate(self, x, y):
        return self.value


@dataclass(frozen=True)
class Bursts(NeuralEstimator):
    """Its objective divides by zero once its bound has risen to 2 nats."""

    steps: int = 300
    validate_every: int = 20

    direction = "lower"

    def bound(self, joint, marginal):
        return joint.mean() - (marginal - 1).exp().mean()

    def objective(self, joint, marginal):
        value = self.bound(joint, marginal)
        return -value / (value < 2.0).double()


@dataclass(frozen=True)
class Sinks(Bursts):
    """Its value comes to log 1e-6, whatever the data."""

    learning_rate: float = 0.3

    selects = "objective"

    def bound(self, joint, marginal):
        return (joint.sigmoid() + 1e-6).log().mean()

    def objective(self, joint, marginal):
        return joint.mean()


@dataclass(frozen=True)
class Narrow(Constant):
    """Takes so many columns a side, and no more."""

    columns: int = 1

    def refuses(self, dim_x, dim_y):
        return None if max(dim_x, dim_y) <= self.columns else f"it takes {self.columns} columns a side"


CAUGHT = [
    (Bursts(), "holds_where_dependence_is_strong"),
    (Sinks(), "is_near_the_truth"),
    (Melting(), "is_frozen"),
    (Restless(), "repeats_itself"),
    (Constant(), "is_near_zero_when_independent"),
    (Blind(), "is_near_the_truth"),
    (Scribbler(), "leaves_its_input_alone"),
    (Greedy(), "leaves_global_randomness_alone"),
    (Constant(), "refuses_bad_input_clearly"),
]


@pytest.mark.parametrize(("careless", "promise"), CAUGHT, ids=lambda v: v if isinstance(v, str) else type(v).__name__)
def test_each_check_catches_what_it_is_for(careless, promise):
    (verdict,) = checks.check("it", careless, (getattr(checks, promise),))
    assert verdict.promise == " ".join((getattr(checks, promise).__doc__ or "").split())
    assert verdict.broken


def test_a_sound_bound_up_to_2_nats_is_judged_apart_from_where_it_bursts():
    (verdict,) = checks.check("it", Bursts(), (checks.is_near_the_truth,))
    assert verdict.broken is None


@pytest.mark.parametrize(("columns", "tried"), [(1, True), (0, False)])
def test_what_an_estimator_refuses_breaks_no_promise(columns, tried):
    """A promise is kept on the data that it takes; where it takes none, it could not be tried."""
    for verdict in checks.check("it", Narrow(columns=columns), (checks.accepts_the_shapes, checks.repeats_itself)):
        assert verdict.broken is None
        assert (verdict.unsupported is None) is tried


class Counted:
    """How far each training was to go."""

    def __init__(self):
        self.steps = []

    def __call__(self, estimator, x, y, seed=0):
        self.steps.append(estimator.steps)
        return 0.5


def test_only_promises_of_a_value_are_trained_for_in_full(monkeypatch):
    """Two estimates of thousands of steps, and all others of less than two thousand together."""
    counted = Counted()
    monkeypatch.setattr(checks, "estimate", counted)
    list(checks.check("it", FOUND.estimators["mine"], checks.ESTIMATOR_PROMISES))
    full = [steps for steps in counted.steps if steps == FOUND.estimators["mine"].steps]
    assert len(full) == 2
    assert sum(counted.steps) - sum(full) <= 2000
