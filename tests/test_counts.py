"""Tables of counts: the plug-in value of discrete data and of bins, as identities and against what is known."""

import math

import numpy as np
import pytest

import mibench

PLUG_IN, HISTOGRAM = mibench.estimator("plug-in"), mibench.estimator("histogram")
COUNTS = np.array([[6, 1, 1], [2, 5, 1], [1, 1, 4]])
CELLS = np.argwhere(COUNTS > 0).repeat(COUNTS.ravel(), axis=0).astype(float)


def value(estimator, x, y):
    return float(estimator.estimate(x, y))


def test_the_table_gives_the_value():
    p = COUNTS / COUNTS.sum()
    expected = (p * np.log(p / (p.sum(1, keepdims=True) * p.sum(0)))).sum()
    assert value(PLUG_IN, CELLS[:, 0], CELLS[:, 1]) == pytest.approx(expected, abs=1e-14)


def test_it_is_scikit_learns():
    metrics = pytest.importorskip("sklearn.metrics")
    x, y = np.random.default_rng(0).integers(5, size=(2, 400))
    assert value(PLUG_IN, x, y) == pytest.approx(metrics.mutual_info_score(x, y), abs=1e-12)


def test_names_of_values_and_columns_are_no_matter():
    """Two columns are one value, and any one-to-one names of values are as good."""
    x, y = CELLS.T
    two = np.column_stack([x > 0, x > 1])
    assert value(PLUG_IN, two, 7.5 - y) == pytest.approx(value(PLUG_IN, x, y), abs=1e-14)
    assert value(PLUG_IN, y, x) == pytest.approx(value(PLUG_IN, x, y), abs=1e-14)


def test_miller_madow_takes_off_the_bias_of_independent_values():
    """(5 − 1)(4 − 1) / 2n to first order: the mean of 500 samples of 200 rows, to four standard errors."""
    rng = np.random.default_rng(0)
    corrected = mibench.estimator("plug-in:correction=miller-madow")
    samples = [(rng.integers(5, size=200), rng.integers(4, size=200)) for _ in range(500)]
    plain, right = ([value(one, *sample) for sample in samples] for one in (PLUG_IN, corrected))
    error = np.std(plain) / math.sqrt(len(plain))
    assert np.mean(plain) == pytest.approx(4 * 3 / 400, abs=4 * error + 12 / 400**1.5)
    assert np.mean(right) == pytest.approx(0, abs=4 * error + 12 / 400**1.5)


def test_values_that_do_not_repeat_are_an_error():
    x = np.random.default_rng(0).standard_normal(100)
    with pytest.raises(ValueError, match=r"^100 rows fall into 100 cells.*use ksg for continuous"):
        PLUG_IN.estimate(x, x > 0)


def test_equal_bins_of_a_function_hold_log_bins():
    """y = x in 10 bins of 100 rows each: exactly log 10, less (10 + 10 − 10 − 1) cells' correction."""
    x = np.random.default_rng(0).standard_normal(1000)
    plain = mibench.estimator("histogram:correction=none")
    assert value(plain, x, np.exp(x)) == pytest.approx(math.log(10), abs=1e-12)
    assert value(HISTOGRAM, x, -x) == pytest.approx(math.log(10) + 9 / 2000, abs=0.02)


def test_bins_lose_what_happens_within_them():
    """1 nat of a normal pair is 0.93 in infinitely many rows of 10 × 10 bins (by the sum of the normal's boxes)."""
    from scipy import stats

    rho = math.sqrt(1 - math.exp(-2))
    edges = stats.norm.ppf(np.linspace(0, 1, 11)).clip(-9, 9)
    both = stats.multivariate_normal(cov=[[1, rho], [rho, 1]])
    cdf = both.cdf(np.stack(np.meshgrid(edges, edges, indexing="ij"), -1))
    p = np.diff(np.diff(cdf, axis=0), axis=1).clip(1e-15)
    expected = (p * np.log(100 * p)).sum()
    rng = np.random.default_rng(0)
    x = rng.standard_normal(20000)
    y = rho * x + math.sqrt(1 - rho**2) * rng.standard_normal(20000)
    assert expected < 0.97
    assert value(HISTOGRAM, x, y) == pytest.approx(expected, abs=4 / math.sqrt(20000))


def test_what_histogram_and_plug_in_refuse():
    assert HISTOGRAM.refuses(n=999, dim_x=2, dim_y=1).startswith("10 bins in each of 2 + 1 columns are 1000 boxes")
    assert "10^400 boxes" in HISTOGRAM.refuses(n=999, dim_x=200, dim_y=200)
    assert HISTOGRAM.refuses(n=1000, dim_x=2, dim_y=1) is None
    with pytest.raises(ValueError, match="correction='jackknife' is none of 'none', 'miller-madow'"):
        mibench.estimator("plug-in:correction=jackknife").estimate(*CELLS.T)
    with pytest.raises(ValueError, match="bins=1 must be at least 2"):
        mibench.estimator("histogram:bins=1").estimate(*CELLS.T)
