"""What critics are given beside coordinates: as wide as said, fitted on training pairs, the same in any company."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from test_neural_training import gaussian, plugin  # noqa: E402

from mibench.neural.inputs import fitted, leading  # noqa: E402
from mibench.neural.limits import added  # noqa: E402


@pytest.mark.parametrize(
    ("stem", "inputs"), [("mine", "norm"), ("mine", "canonical"), ("doe", "canonical"), ("deep_infomax", "norm")]
)
def test_a_critic_of_more_inputs_is_the_same_alone_and_in_company(stem, inputs):
    estimator = replace(plugin(stem), steps=40, validate_every=20, hidden=(13, 7), inputs=inputs)
    data = [gaussian(150, 6, 1, seed) for seed in range(3)]
    whole = estimator.estimate_many([x for x, _ in data], [y for _, y in data], seeds=range(3))
    assert [estimator.estimate(x, y, seed=k) for k, (x, y) in enumerate(data)] == whole
    plain = replace(estimator, inputs="plain")
    assert plain.estimate(*data[0], seed=0) != whole[0]


@pytest.mark.parametrize("inputs", ["plain", "norm", "canonical"])
@pytest.mark.parametrize("dims", [(1, 1), (3, 3), (5, 5), (10, 1), (9, 3)])
@pytest.mark.parametrize("stem", ["mine", "doe"])
def test_sides_are_as_wide_as_said(stem, dims, inputs):
    settings = replace(plugin(stem), inputs=inputs)
    x, y = (np.random.default_rng(dim).normal(size=(50, dim)) for dim in dims)
    for scale, side, more in zip(fitted(settings, x, y), (x, y), added(settings, *dims), strict=True):
        assert scale(side).shape == (50, side.shape[1] + more)
        assert scale(side).dtype == np.float32


def test_added_inputs_are_the_square_and_the_variates_in_units_of_the_training_part():
    x, y = gaussian(500, 6, 2, 0)
    settings = replace(plugin("mine"), inputs="canonical")
    of_x, _ = fitted(settings, x, y)
    plain, _ = fitted(replace(settings, inputs="plain"), x, y)
    assert of_x(x)[:, 6:].mean(axis=0) == pytest.approx(0, abs=1e-5)
    assert of_x(x)[:, 6:].std(axis=0) == pytest.approx(1, abs=1e-5)
    assert np.corrcoef((plain(x) ** 2).sum(axis=1), of_x(x)[:, 6])[0, 1] == pytest.approx(1, abs=1e-6)
    others = np.vstack([x[:3], 5 * x])
    assert np.array_equal(of_x(others)[:3], of_x(x)[:3]), "a row is mapped by what was fitted, whatever is beside it"


def test_leading_directions_are_the_canonical_ones():
    """Of many rows, where little is shrunk: their correlations are the singular values of the whitened cross."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20_000, 8)) @ rng.normal(size=(8, 8))
    y = np.column_stack([x[:, 0] + rng.normal(size=20_000), x @ rng.normal(size=8) + rng.normal(size=20_000)])
    y = np.hstack([y, rng.normal(size=(20_000, 4))])
    bases = [np.linalg.qr(z - z.mean(axis=0))[0] for z in (x, y)]
    expected = np.linalg.svd(bases[0].T @ bases[1], compute_uv=False)[:2]
    found = [np.corrcoef(x @ a, y @ b)[0, 1] for a, b in zip(*(d.T for d in leading(x, y, 2)), strict=True)]
    assert found == pytest.approx(expected, abs=2e-3)


def test_there_are_directions_in_more_columns_than_rows_and_of_constants():
    x, y = np.ones((20, 40), np.float32), np.random.default_rng(0).normal(size=(20, 30)).astype(np.float32)
    for pair in ((x, y), (y, x), (y, y)):
        assert all(np.isfinite(found).all() and found.shape[1] == 4 for found in leading(*pair, 4))


@pytest.mark.parametrize(
    ("stem", "fields", "said"),
    [
        ("mine", {"inputs": "spectral"}, "inputs='spectral' is none of plain, norm, canonical"),
        ("deep_infomax", {"inputs": "norm", "encoder": "convolution"}, "leave inputs=plain"),
    ],
)
def test_what_inputs_cannot_be_says_why(stem, fields, said):
    estimator = replace(plugin(stem), **fields)
    assert estimator.refuses(200, 64, 64, "cpu") is None
    with pytest.raises(ValueError, match=said):
        estimator.estimate(*gaussian(200, 64, 1, 0), seed=0)


def test_inputs_mean_nothing_in_a_term():
    with pytest.raises(ValueError, match=r"inputs=norm means nothing in a term.*leave inputs=plain"):
        replace(plugin("mine"), inputs="norm").term(3, 2)


@pytest.mark.parametrize(
    ("stem", "fields"),
    [("doe", {}), ("doe", {"modes": 2}), ("club", {}), ("l1out", {}), ("doe", {"covariance": "full"})],
)
def test_the_side_that_a_density_is_of_stays_as_it_is_and_holds_no_atoms(stem, fields):
    """What |z|² adds to y follows from y, so that a density of both is none; nor is one of values that repeat."""
    estimator = replace(plugin(stem), inputs="norm", steps=2, **fields)
    assert sorted(zip(estimator.sides("x", "y"), added(estimator, 2, 2), strict=True)) == [("x", 1), ("y", 0)]
    x, y = gaussian(200, 2, 1.0, 0)
    assert np.isfinite(estimator.estimate(x, y, seed=0).value)
    assert np.isfinite(estimator.estimate(np.sign(x), y, seed=0).value)
    with pytest.raises(ValueError, match=r"one value makes up 5\d% of column 0 of y, and a density has no such values"):
        estimator.estimate(x, np.sign(y), seed=0)
