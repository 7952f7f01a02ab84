"""The Gaussian estimator: identities of the formula, at any offset, scale and unit, and what it refuses."""

import numpy as np
import pytest

import mibench
from mibench.units import own_units

GAUSSIAN = mibench.estimator("gaussian")
N = 1000


def value(x, y):
    return GAUSSIAN.estimate(x, y).value


@pytest.fixture(scope="module")
def pair():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((N, 2))
    return x, x @ rng.standard_normal((2, 3)) + rng.standard_normal((N, 3))


def test_the_sample_correlation_gives_the_value():
    """In 1 + 1 columns the formula is −½ log(1 − r²)."""
    rng = np.random.default_rng(1)
    x = rng.standard_normal((N, 1))
    y = 0.8 * x + 0.6 * rng.standard_normal((N, 1))
    r = np.corrcoef(x[:, 0], y[:, 0])[0, 1]
    assert value(x, y) == pytest.approx(-np.log1p(-(r**2)) / 2, abs=1e-13)
    assert float(GAUSSIAN.estimate(x, y)) == value(x, y)


@pytest.mark.parametrize("noise", [1e-3, 1e-6, 1e-9, 1e-12])
def test_a_nearly_exact_relation_has_its_value(noise):
    """½ log(1 + 1 / noise²), to the sampling error of two variances; y keeps the noise to 2⁻⁵³ of itself."""
    rng = np.random.default_rng(2)
    x = rng.standard_normal((N, 1))
    expected = np.log1p(noise**-2) / 2
    assert value(x, x + noise * rng.standard_normal((N, 1))) == pytest.approx(expected, abs=4 / np.sqrt(N))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda z: z * 1e-200, id="1e-200"),
        pytest.param(lambda z: z * 1e200, id="1e200"),
        pytest.param(lambda z: z / np.abs(z).max() * 1.7e308, id="greatest floats"),
        pytest.param(lambda z: z * 1e-300 + 1e-297, id="offset and small"),
        pytest.param(lambda z: z * -3 + 7, id="reflected"),
        pytest.param(lambda z: z * 10.0 ** np.arange(0, 90 * z.shape[1], 90), id="units of each column"),
        pytest.param(lambda z: z[:, ::-1], id="order of columns"),
        pytest.param(lambda z: z @ np.triu(np.ones((z.shape[1],) * 2)), id="another basis"),
    ],
)
def test_invertible_linear_maps_change_nothing(change, pair):
    """Rounding moves values by 2⁻⁵³ of themselves, at most 1e-13 standard deviations."""
    x, y = pair
    assert value(change(x), y) == pytest.approx(value(x, y), abs=1e-9)
    assert value(x, change(y)) == pytest.approx(value(x, y), abs=1e-9)
    assert value(y, x) == pytest.approx(value(x, y), abs=1e-12)


@pytest.mark.parametrize("offset", [0.0, 2.0**60, -(2.0**100)])
def test_offsets_change_nothing(offset, pair):
    """Values on the grid of the offset's floats are moved without rounding."""
    x, y = (np.rint(20 * z) * np.spacing(abs(offset)) if offset else np.rint(20 * z) for z in pair)
    assert value(x + offset, y - offset) == pytest.approx(value(x, y), abs=1e-12)
    assert value(x + offset, y - offset) > 0


def test_it_is_never_negative():
    stamps = 2.0**60 + 256 * (np.arange(N) // 200)
    for seed in range(20):
        assert value(stamps, np.random.default_rng(seed).standard_normal(N)) >= 0


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "relation",
    [
        pytest.param(lambda x: x, id="itself"),
        pytest.param(lambda x: 2 * x + 1, id="2x + 1"),
        pytest.param(lambda x: x / -3 + 1e6, id="offset"),
        pytest.param(lambda x: x * 1e-200, id="tiny"),
        pytest.param(lambda x: np.hstack([x**2, x / 7, x**3]), id="one column of three"),
    ],
)
def test_a_linear_relation_is_one_error_everywhere(relation, seed):
    rng = np.random.default_rng(seed)
    for x in (rng.standard_normal((N, 1)), rng.standard_cauchy((N, 1)), rng.integers(2, size=(40, 1)) * 1.0):
        if len(np.unique(x)) == 2 and relation(x).shape[1] > 1:
            continue  # powers of bits are bits
        with pytest.raises(ValueError, match=r"^x and y are linear functions of one another"):
            value(x, relation(x))
        with pytest.raises(ValueError, match=r"^x and y are linear functions of one another"):
            value(relation(x), x)


@pytest.mark.parametrize("constant", [0.0, 3.0, 0.1, 14.62, np.log(1e-5), 1e300])
@pytest.mark.parametrize("n", [777, 1000, 1003])
def test_a_constant_column_is_named(constant, n):
    """Whatever its mean is rounded to."""
    rng = np.random.default_rng(0)
    x, y, same = rng.standard_normal((n, 1)), rng.standard_normal((n, 1)), np.full((n, 1), constant)
    with pytest.raises(ValueError, match=r"^column 1 of y is constant \(.*\): drop it$"):
        value(x, np.hstack([y, same]))
    with pytest.raises(ValueError, match=r"^column 0 of x is constant"):
        value(same, y)


def test_a_column_that_follows_from_others_of_its_side_is_named(pair):
    x, y = pair
    with pytest.raises(ValueError, match=r"^column 2 of x is a linear function of columns before it: drop it"):
        value(np.hstack([x, x @ [[0.3], [1e5]] + 7]), y)
    with pytest.raises(ValueError, match=r"^column 1 of y is a linear function"):
        value(x, y[:, [0, 0, 1]])


def test_it_says_beforehand_how_many_samples_it_needs(pair):
    x, y = pair
    reason = "2 + 3 columns need more than n=5 samples for a covariance of full rank"
    assert GAUSSIAN.refuses(n=5, dim_x=2, dim_y=3) == reason
    assert GAUSSIAN.refuses(n=6, dim_x=2, dim_y=3) is None
    with pytest.raises(ValueError, match=reason.replace("+", r"\+")):
        value(x[:5], y[:5])
    assert value(x[:6], y[:6]) > 0


@pytest.mark.parametrize("shift", [0.0, 1e15])
@pytest.mark.parametrize("scale", [5e-324, 1e-310, 1.0, 1e300])
def test_units_of_a_column_are_exact(scale, shift):
    """Multiples of the scale come back as multiples of a power of two, the median as 0, and a constant as 0."""
    whole = np.array([[3.0, 9.0], [1000.0, 9.0], [-40.0, 9.0], [4.0, 9.0], [2.0, 9.0]])
    z = whole * scale + (shift if scale == 1 else 0)
    units = own_units(z)
    measured = units.measure(z)
    unit = measured[1, 0] / (1000 - 3)
    assert measured[:, 0].tolist() == pytest.approx(((whole[:, 0] - 3) * unit).tolist(), rel=1e-13)
    assert measured[0, 0] == 0
    assert 0.5 <= np.abs(measured[:, 0]).max() < 1
    assert measured[:, 1].tolist() == [0] * 5
    assert units.restore(measured)[:, 0].tolist() == (z - z[0])[:, 0].tolist()
