"""Every bundled estimator and task keeps the promises of `mibench check`; and the checks catch those that do not."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from mibench import catalogue, checks
from mibench.neural import NeuralEstimator

FOUND = catalogue.discover()


NEEDS_TRAINING = (checks.is_near_the_truth, checks.is_near_zero_when_independent)


def quick(estimator, promise):
    """The same estimator, trained for less long: most promises do not wait for convergence."""
    steps = 300 if promise in NEEDS_TRAINING else 30
    return replace(estimator, steps=steps) if isinstance(estimator, NeuralEstimator) else estimator


@pytest.mark.parametrize("promise", checks.ESTIMATOR_PROMISES, ids=lambda p: p.__name__)
@pytest.mark.parametrize("name", FOUND.estimators)
def test_bundled_estimators_keep_their_promises(name, promise):
    promise(quick(FOUND.estimators[name], promise))


POINTS = [point for sweep in FOUND.tasks for point in FOUND.points(sweep)]


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


CAUGHT = [
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
    verdicts = checks.check("it", careless, checks.ESTIMATOR_PROMISES)
    said = " ".join((getattr(checks, promise).__doc__ or "").split())
    assert any(verdict.promise == said and verdict.broken for verdict in verdicts)
