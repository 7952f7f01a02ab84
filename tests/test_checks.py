"""Every bundled estimator and task keeps the promises of `mibench check`."""

from dataclasses import replace

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
    if isinstance(getattr(estimator, "modes", None), tuple):
        estimator = replace(estimator, modes=tuple(estimator.modes)[:2])
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


class Counted:
    """How far each training was to go."""

    def __init__(self):
        self.steps = []

    def __call__(self, estimator, x, y, seed=0):
        self.steps.append(estimator.steps)
        return 0.5


def test_only_promises_of_a_value_are_trained_for_in_full(monkeypatch):
    """Two estimates of thousands of steps, one of them as 0.5 is too low, and all others of six thousand together."""
    counted = Counted()
    monkeypatch.setattr(estimators, "asked", counted)
    monkeypatch.setattr(estimators, "several", lambda estimator, samples: [counted(estimator, *one) for one in samples])
    list(checks.check("it", FOUND.estimators["mine"], estimators.PROMISES))
    full = [steps for steps in counted.steps if steps == FOUND.estimators["mine"].steps]
    assert len(full) == 2
    assert sum(counted.steps) - sum(full) <= 6000


def test_several_are_tried_apart_and_none_stops_another(mibench, estimator_file):
    dies = estimator_file("dies", "import os\nos.kill(os.getpid(), 9)")
    sound = estimator_file("normal", "import numpy as np\nreturn -np.log(1 - np.corrcoef(x.T, y.T)[0, -1] ** 2) / 2")
    done = mibench("check", dies, "gaussian/dim=1:mi=0.5", sound, "-j", "2")
    lines = done.stdout.splitlines()
    assert done.returncode == 4
    assert any(line.startswith("BROKEN  ") and str(dies) in line for line in lines)
    assert any("ended with code -9" in line for line in lines)
    assert any(line.startswith("ok      gaussian/dim=1:mi=0.5  5 promises kept") for line in lines)
    assert any(line.startswith(f"ok      {sound}  18 promises kept") for line in lines)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name what to check, or write --all"),
        (("ksg", "--all"), "not both"),
        (("ksg", "klg"), "did you mean 'kl'"),
    ],
)
def test_what_is_to_be_checked_must_be_said(mibench, arguments, said):
    done = mibench("check", *arguments)
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.slow
def test_all_that_is_bundled_keeps_its_promises(mibench):
    """At full training, as a user's own would be held to them: minutes."""
    done = mibench("check", "--all", timeout=1800)
    assert done.returncode == 0, done.stdout
