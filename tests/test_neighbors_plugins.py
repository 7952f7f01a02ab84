"""The three nearest-neighbour plugins, as files."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mibench import Estimate, Estimator

PLUGINS = Path(__file__).parent.parent / "plugins"


def plugin(file):
    spec = importlib.util.spec_from_file_location(f"plugin_{file}", PLUGINS / f"{file}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ESTIMATORS = {
    name: estimator
    for file in ("ksg", "kl", "ksg_mixed")
    for name, estimator in plugin(file).mibench_estimators().items()
}


@pytest.fixture(scope="module")
def pair():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(1500, 1))
    return x, 0.75 * x + np.sqrt(1 - 0.75**2) * rng.normal(size=(1500, 1))


def test_names():
    assert list(ESTIMATORS) == ["ksg", "kl", "ksg-mixed"]


@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_estimate_says_which_path_ran_and_does_not_depend_on_threads(name, pair):
    """Sampling noise at this n: about 0.025 nats for ksg, twice that for three entropies."""
    estimator = ESTIMATORS[name]
    assert isinstance(estimator, Estimator)
    found = estimator.estimate(*pair)
    assert isinstance(found, Estimate)
    assert found.path in ("numba-strip", "scipy")
    assert found.value == pytest.approx(-np.log(1 - 0.75**2) / 2, abs=0.15)
    assert estimator.estimate(*pair, threads=2) == found


def test_a_family_of_k_has_the_single_values(pair):
    base = ESTIMATORS["ksg"]
    siblings = [replace(base, k=k) for k in (10, 1, 3, 5)]
    assert base.estimate_family(*pair, siblings, threads=2) == [s.estimate(*pair) for s in siblings]


def test_a_family_differs_in_k_alone(pair):
    base = ESTIMATORS["ksg"]
    with pytest.raises(ValueError, match=r"differs from .* in more than k"):
        base.estimate_family(*pair, [replace(base, k=5, algorithm=2)])


def test_noise_takes_the_seed_it_is_given(pair):
    noisy = replace(ESTIMATORS["ksg"], noise=1e-3)
    assert noisy.estimate(*pair, seed=1) == noisy.estimate(*pair, seed=1) != noisy.estimate(*pair, seed=2)


@pytest.mark.parametrize(
    ("field", "value", "line"),
    [
        ("algorithm", 3, "algorithm=3 is unknown: it is 1 or 2"),
        ("norm", "manhattan", "norm='manhattan' is unknown"),
        ("scaling", "robust", "scaling='robust' is unknown"),
        ("noise", -1.0, "noise=-1.0 is negative"),
    ],
)
def test_unknown_settings_are_refused(field, value, line, pair):
    with pytest.raises(ValueError, match=line):
        replace(ESTIMATORS["ksg"], **{field: value}).estimate(*pair)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_no_other_device(name, pair):
    with pytest.raises(ValueError, match="run on cpu or cuda, not on 'mps'"):
        ESTIMATORS[name].estimate(*pair, device="mps")
