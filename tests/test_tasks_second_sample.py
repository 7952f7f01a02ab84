"""Every point of every sweep draws what a second sampler draws, and every map is its formula."""

import numpy as np
import pytest
from scipy import stats
from second_sampler import mapped, second_sample
from sweeps import MAPS, POINTS, rows_for

from mibench.distributions import digits
from mibench.distributions.draws import Copies, Independent, Padded

LEVELS = 0.03, 0.2, 0.5, 0.8, 0.97


def looks(x, y):
    """What of each pair is compared, a row of its own.

    A difference, and of each side the sum, the sum of squares, and at most 50 coordinates.
    """
    sides = [(z.sum(axis=1), np.einsum("ij,ij->i", z, z), *z[:, :: -(-z.shape[1] // 50)].T) for z in (x, y)]
    return np.vstack([x[:, 0] - y[:, 0], *sides[0], *sides[1]])


def shares_below(z, cuts):
    """The share of values at or below each cut of a row of z, and of both, for pairs from sixteen of the rows."""
    few = np.unique(np.linspace(0, len(z) - 1, 16).astype(int))
    below = np.vstack([z[k] <= cuts[k][:, None] for k in few]).astype(np.float32)
    pairs = (below @ below.T)[np.triu_indices(len(below), 1)] / z.shape[1]
    return np.concatenate([*(np.mean(row <= cut[:, None], axis=1) for row, cut in zip(z, cuts, strict=True)), pairs])


def cuts_of(values):
    """Every value if there are few, else quantiles."""
    distinct = np.unique(values)
    return distinct if len(distinct) <= 20 else np.quantile(values, LEVELS)


@pytest.mark.parametrize("name", POINTS)
def test_sample_is_distributed_like_the_second_samplers(name):
    """Shares within the standard errors that one point in 10⁵ would leave by chance: 5 to 6.5 of them.

    Shares at every value are the table of probabilities, where the values are few, and at quantiles the quantiles.
    """
    task = POINTS[name]
    n = rows_for(task, min(100_000, max(10_000, 500_000 // (task.dim_x + task.dim_y))))
    first = task.sample(n, np.random.default_rng(21))
    second = second_sample(task, n, np.random.default_rng(22))
    assert [z.shape for z in second] == [(n, task.dim_x), (n, task.dim_y)] == [z.shape for z in first]
    one, other = looks(*first), looks(*second)
    cuts = [cuts_of(values) for values in other[:, :1000]]
    a, b = shares_below(one, cuts), shares_below(other, cuts)
    both = (a + b) / 2
    error = np.sqrt(both * (1 - both) * 2 / n)
    np.testing.assert_array_less(np.abs(a - b), stats.norm.isf(1e-5 / 2 / len(a)) * error + 2 / n)


FORMULAS = {name: task for name, task in MAPS.items() if not isinstance(task, Padded | Copies | Independent)}


@pytest.mark.parametrize("task", FORMULAS.values(), ids=FORMULAS.keys())
def test_map_is_its_second_formula(task):
    pair = task.base.sample(rows_for(task, 2000), np.random.default_rng(23))
    for found, expected in zip(task.forward(*pair), mapped(task, *pair), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-8)


POOLS = {name: task for name, task in POINTS.items() if isinstance(task, digits.SameClass | digits.FirstRows)}


@pytest.mark.parametrize("task", POOLS.values(), ids=POOLS.keys())
def test_each_picture_is_drawn_as_often_as_its_pool_says(task):
    """χ² over all pictures: FirstRows draws each alike, SameClass each class alike and each alike within its class."""
    n = 40_000
    found, labels = digits.pictures(task.data)
    place = {row.tobytes(): k for k, row in enumerate(found)}
    sides = task.sample(n // getattr(task, "pictures", 1), np.random.default_rng(24))
    if isinstance(task, digits.FirstRows):
        pools, sides = [np.full(len(found), 1 / len(found))], sides[:1]
    else:
        half = np.arange(len(found)) < len(found) // 2
        of_class = [own & (labels == c) for own in (half, ~half) for c in range(task.classes)]
        pools = [sum(k / k.sum() for k in part) / task.classes for part in np.split(np.array(of_class), 2)]
    for z, probability in zip(sides, pools, strict=True):
        drawn = np.bincount([place[row.tobytes()] for row in z.reshape(-1, found.shape[1])], minlength=len(found))
        possible = probability > 0
        assert ((drawn > 0) == possible).all()  # the rarest is due 22 times
        assert stats.chisquare(drawn[possible], n * probability[possible]).pvalue > 1e-5
