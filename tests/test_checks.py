"""Every bundled estimator and task keeps the promises of `mibench check`; and the checks catch those that do not."""

import os
from dataclasses import dataclass

import numpy as np
import pytest

from mibench import catalogue, checks
from mibench.checks import estimators, tasks
from mibench.checks.promises import brief
from mibench.neural import NeuralEstimator

FOUND = catalogue.discover()


OF_THE_TRAINER = (
    estimators.leaves_its_surroundings_alone,
    estimators.stays_on_its_device,
    estimators.is_the_same_in_another_process,
    estimators.does_not_change_with,
    estimators.gives_no_number_for_nothing,
    estimators.sees_nothing_in_ties,
)
"""What one critic keeps if another does: all are trained by the same room."""

STEPS = {
    estimators.is_near_the_truth: 300,
    estimators.holds_where_dependence_is_strong: 150,
    estimators.is_near_zero_when_independent: 100,
}


def quick(estimator, promise):
    """The same estimator, trained for less long: most promises do not wait for convergence."""
    return brief(estimator, STEPS.get(promise, 20))


HELD = [
    (name, promise)
    for name, estimator in FOUND.estimators.items()
    for promise in estimators.PROMISES
    if name != "none"  # which estimates nothing
    and not (promise in OF_THE_TRAINER and isinstance(estimator, NeuralEstimator) and name not in ("mine", "doe"))
]


@pytest.mark.parametrize(("name", "promise"), HELD, ids=lambda v: v if isinstance(v, str) else v.__name__)
def test_bundled_estimators_keep_their_promises(name, promise):
    try:
        promise(quick(FOUND.estimators[name], promise))
    except checks.Refused as reason:
        pytest.skip(str(reason))


POINTS = [point for sweep in FOUND.tasks for point in FOUND.points(sweep) if hasattr(point.task, "sample")]


@pytest.mark.parametrize("point", POINTS, ids=lambda p: f"{p.sweep}/{p.name}")
def test_bundled_tasks_keep_their_promises(point):
    pytest.importorskip("sklearn")
    for promise in tasks.PROMISES:
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


@dataclass(frozen=True)
class Boastful(Constant):
    """A lower bound that lies above the truth."""

    direction = "lower"

    def estimate(self, x, y):
        return 1.05 + float(np.tanh(x.mean())) / 10


@dataclass(frozen=True)
class Litterer(Constant):
    def estimate(self, x, y):
        np.save("left.npy", x)
        return 0.5


@dataclass(frozen=True)
class Wanderer(Constant):
    def estimate(self, x, y):
        os.chdir("/")
        return 0.5


@dataclass(frozen=True)
class Setter(Constant):
    def estimate(self, x, y):
        os.environ["OF_A_TEST"] = str(len(os.environ))
        return 0.5


SEEN = []


@dataclass(frozen=True)
class Remembers(Constant):
    def estimate(self, x, y):
        SEEN.append(x)
        return float(len({len(x) for x in SEEN}))


@dataclass(frozen=True)
class Hoards(Constant):
    def estimate(self, x, y):
        object.__setattr__(self, "fitted", 1)
        return 0.5 + len(vars(self)) / 10

    def __reduce__(self):
        return type(self), ()

    def __post_init__(self):
        object.__setattr__(self, "cache", {})


@dataclass(frozen=True)
class Mixes(Constant):
    """Together it gives the mean of all."""

    def estimate(self, x, y):
        return float(x[0, 0])

    def estimate_many(self, xs, ys):
        return [float(np.mean([x[0, 0] for x in xs]))] * len(xs)


@dataclass(frozen=True)
class Lopsided(Constant):
    """Says that the sides may be swapped."""

    unchanged_by = ("order", "swap")

    def estimate(self, x, y):
        return float(x.std())


@dataclass(frozen=True)
class Counts(Constant):
    """A number for whatever it is given."""

    def estimate(self, x, y):
        return float(len(x)) ** -1


@dataclass(frozen=True)
class Divides(Constant):
    """As if a pair that has a copy said much."""

    def estimate(self, x, y):
        return 40 * (1 - len(np.unique(x)) / len(x))


CAUGHT = [
    (Boastful(), "keeps_its_direction"),
    (Litterer(), "leaves_its_surroundings_alone"),
    (Wanderer(), "leaves_its_surroundings_alone"),
    (Setter(), "leaves_its_surroundings_alone"),
    (Remembers(), "is_the_same_in_another_process"),
    (Hoards(), "is_the_same_in_another_process"),
    (Mixes(), "gives_the_same_among_many"),
    (Lopsided(), "does_not_change_with"),
    (Counts(), "gives_no_number_for_nothing"),
    (Divides(), "sees_nothing_in_ties"),
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


class Counted:
    """How far each training was to go."""

    def __init__(self):
        self.steps = []

    def __call__(self, estimator, x, y, seed=0):
        self.steps.append(estimator.steps)
        return 0.5


def test_only_promises_of_a_value_are_trained_for_in_full(monkeypatch):
    """Two estimates of thousands of steps, and all others of less than five thousand together."""
    counted = Counted()
    monkeypatch.setattr(estimators, "estimate", counted)
    monkeypatch.setattr(estimators, "several", lambda estimator, samples: [counted(estimator, *one) for one in samples])
    list(checks.check("it", FOUND.estimators["mine"], estimators.PROMISES))
    full = [steps for steps in counted.steps if steps == FOUND.estimators["mine"].steps]
    assert len(full) == 2
    assert sum(counted.steps) - sum(full) <= 5000
