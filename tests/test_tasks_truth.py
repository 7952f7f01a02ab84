"""The truth of every point of every sweep, by a second method and by the sample itself."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from second_method import second_method
from sweeps import MAPS, POINTS, SWEEPS, rows_for

from mibench.distributions.draws import Copies, Independent
from mibench.distributions.images import Picture

each_point = pytest.mark.parametrize("task", POINTS.values(), ids=POINTS.keys())


@each_point
def test_truth_equals_the_second_method(task):
    assert task.mi == pytest.approx(second_method(task), abs=1e-8)


def check_pointwise(task, n, seed):
    """E log dP(x, y)/dP(x)dP(y) is the mutual information, within 4 standard errors of its mean."""
    pmi = task.log_pmi(*task.sample(n, np.random.default_rng(seed)))
    assert pmi.shape == (n,)
    assert pmi.mean() == pytest.approx(task.mi, abs=4 * pmi.std() / math.sqrt(n) + 1e-9)


@each_point
def test_mean_pointwise_information_is_the_truth(task):
    check_pointwise(task, rows_for(task, 10_000), seed=7)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@each_point
def test_mean_pointwise_information_is_the_truth_in_a_million(task):
    """In parts of 32 MiB a side. For pictures the numbers they hold are drawn: each row's pmi is the same, below."""
    drawn = task.base if isinstance(task, Picture) else task
    n, rng = 1_000_000, np.random.default_rng(8)
    part = rows_for(drawn, n)
    sizes = (min(part, n - start) for start in range(0, n, part))
    pmi = np.concatenate([drawn.log_pmi(*drawn.sample(size, rng)) for size in sizes])
    assert len(pmi) == n
    assert pmi.mean() == pytest.approx(task.mi, abs=4 * pmi.std() / math.sqrt(n) + 1e-9)


@each_point
def test_pointwise_information_is_a_ratio_of_probabilities(task):
    """Over pairs drawn apart, dP(x, y)/dP(x)dP(y) averages to 1; above 1.5 nats its mean is too rare an event."""
    if task.mi > 1.5:
        return
    n = rows_for(task, 20_000)
    x, _ = task.sample(n, np.random.default_rng(9))
    _, y = task.sample(n, np.random.default_rng(10))
    ratio = np.exp(task.log_pmi(x, y))
    assert ratio.mean() == pytest.approx(1, abs=5 * ratio.std() / math.sqrt(n) + 1e-9)


UNDONE = {name: task for name, task in MAPS.items() if not isinstance(task, Copies | Independent)}
each_undone = pytest.mark.parametrize("task", UNDONE.values(), ids=UNDONE.keys())


@each_undone
def test_map_can_be_undone(task):
    """What is mapped and mapped back is where it was: nothing is lost."""
    x, y = task.sample(200, np.random.default_rng(3))
    back_x, back_y = task.base.sample(200, np.random.default_rng(3))
    found_x, found_y = task.backward(x, y)
    np.testing.assert_allclose(found_x, back_x, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(found_y, back_y, rtol=1e-6, atol=1e-7)


@each_undone
def test_map_keeps_the_pointwise_information_of_each_row(task):
    n = rows_for(task, 2000)
    pmi = task.log_pmi(*task.sample(n, np.random.default_rng(12)))
    of_base = task.base.log_pmi(*task.base.sample(n, np.random.default_rng(12)))
    np.testing.assert_allclose(pmi, of_base, rtol=1e-6, atol=1e-6)


REFERENCE = json.loads((Path(__file__).parent / "beyond_normal.json").read_text())
BOTH_SUITES = {**SWEEPS["beyond-normal"], **SWEEPS["fine-distributions"]}


def test_the_53_tasks_are_the_sources_by_name_and_shape():
    shapes = {name: (task.dim_x, task.dim_y) for name, task in BOTH_SUITES.items()}
    assert shapes == {name: (known["dim_x"], known["dim_y"]) for name, known in REFERENCE["tasks"].items()}


@pytest.mark.parametrize("name", [name for name, known in REFERENCE["tasks"].items() if known["mi"] is not None])
def test_truth_is_the_sources(name):
    assert BOTH_SUITES[name].mi == pytest.approx(REFERENCE["tasks"][name]["mi"], abs=1e-6)


@pytest.mark.parametrize("name", [name for name, known in REFERENCE["tasks"].items() if "x_quantiles" in known])
def test_sample_is_distributed_like_the_sources(name):
    """The share below each of its quantiles, and rank correlations, within 5 standard errors of both samples."""
    n, known = 20_000, REFERENCE["tasks"][name]
    x, y = BOTH_SUITES[name].sample(n, np.random.default_rng(11))
    error = math.sqrt(1 / n + 1 / known["n"])
    levels = np.array(REFERENCE["quantile_levels"])
    for z, quantiles in ((x, known["x_quantiles"]), (y, known["y_quantiles"])):
        for k, values in enumerate(quantiles):
            below = np.mean(z[:, k, None] < np.array(values), axis=0)
            # 0.001: the quantiles are rounded to four decimals.
            np.testing.assert_array_less(np.abs(below - levels), 5 * error * np.sqrt(levels * (1 - levels)) + 1e-3)
    for i, row in enumerate(known["spearman_xy"]):
        for j, rank_correlation in enumerate(row):
            assert stats.spearmanr(x[:, i], y[:, j]).statistic == pytest.approx(rank_correlation, abs=5 * error + 5e-4)
