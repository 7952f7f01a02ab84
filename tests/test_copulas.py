"""Copulas: identities of their densities, their values against truths, and what they refuse."""

import math
import re

import numpy as np
import pytest
from scipy import stats

import mibench
from mibench import copulas
from mibench.chosen.judge import logistic
from mibench.copulas import elliptical, mixture
from mibench.copulas.elliptical import Elliptical
from mibench.distributions.normal import CorrelatedNormal, SparseNormal
from mibench.distributions.student import StudentT, shared_divisor_mi

FITS = {
    "normal": copulas.fit_gaussian,
    "soft": lambda x, y: copulas.fit_gaussian(x, y).softened(len(x), "edge"),
    "t": copulas.fit_student,
    "mixture": lambda x, y: copulas.fit_mixture(x, y, 3),
}


def sample(n, dim=2, dof=3.0, seed=0):
    return StudentT(dim, dof, 0.7, dim).sample(n, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def pairs():
    return sample(500), sample(40, seed=1)


@pytest.mark.parametrize("fit", FITS.values(), ids=FITS)
def test_monotone_maps_of_a_column_change_nothing(fit, pairs):
    """Ranks are all that a fit sees of the sample; between two known values the place is on their line."""
    (x, y), _ = pairs
    plain, curved = fit(x, y), fit(np.exp(x / 100), -(y**3))
    assert plain.value is None or curved.value == pytest.approx(plain.value, abs=1e-9)
    assert curved.log_ratio(np.exp(x / 100), -(y**3)) == pytest.approx(plain.log_ratio(x, y), abs=1e-8)


@pytest.mark.parametrize("fit", FITS.values(), ids=FITS)
def test_a_table_of_log_ratios_holds_that_of_each_pair(fit, pairs):
    """A permutation of all partners is the same as permuted rows; and x and y may change places."""
    (x, y), held_out = pairs
    fitted = fit(x, y)
    orders = np.random.default_rng(2).permuted(np.tile(np.arange(40), (3, 1)), axis=1).T
    table = fitted.log_ratios(*held_out, orders)
    for column, order in zip(table.T, orders.T, strict=True):
        assert column == pytest.approx(fitted.log_ratio(held_out[0], held_out[1][order]), abs=1e-10)


@pytest.mark.parametrize("fit", FITS.values(), ids=FITS)
def test_a_density_has_mass_one_and_its_ratio_is_that_to_its_own_margins(fit):
    """By the trapezium rule over the square of places, 1 + 1 columns; a t density is cut where the places end."""
    x, y = sample(500, dim=1)
    fitted = fit(x, y)
    scores = np.linspace(-12, 12, 601)
    both = np.stack(np.meshgrid(scores, scores, indexing="ij"), -1).reshape(-1, 2)
    joint = np.exp(fitted.model.log_density(both, slice(None))).reshape(601, 601)
    of_x = np.exp(fitted.model.log_density(scores[:, None], slice(0, 1)))
    step = scores[1] - scores[0]
    beyond = 0 if math.isinf(getattr(fitted.model, "dof", math.inf)) else 2 * stats.t.sf(12, fitted.model.dof)
    assert joint.sum() * step**2 == pytest.approx(1, abs=1e-6 + 2 * beyond)
    assert joint.sum(axis=1) * step == pytest.approx(of_x, abs=1e-6 + beyond)


@pytest.mark.parametrize("dof", [1.0, 3.5, math.inf])
def test_densities_are_scipys(dof):
    rng = np.random.default_rng(0)
    shape = np.corrcoef(rng.standard_normal((4, 9)))
    model, scores = Elliptical(shape, dof), rng.standard_normal((20, 4))
    frozen = stats.multivariate_normal(cov=shape) if math.isinf(dof) else stats.multivariate_t(shape=shape, df=dof)
    assert model.log_density(scores, slice(None)) == pytest.approx(frozen.logpdf(scores), abs=1e-10)
    one = stats.norm if math.isinf(dof) else stats.t(dof)
    assert model.log_margins(scores) == pytest.approx(one.logpdf(scores), abs=1e-12)
    assert model.scores(one.cdf(scores)) == pytest.approx(scores, abs=1e-8)


@pytest.mark.parametrize(("dim", "dof"), [(1, 1.0), (3, 2.5), (5, math.inf)])
def test_information_is_the_tasks_truth(dim, dof):
    """At the true correlation and degrees of freedom; the task's own formula was checked by another method."""
    cross = 0.7 * np.eye(dim)
    model = Elliptical(np.block([[np.eye(dim), cross], [cross, np.eye(dim)]]), dof)
    normal = -dim / 2 * math.log(1 - 0.7**2)
    assert model.information(dim) == pytest.approx(
        normal + (0 if math.isinf(dof) else shared_divisor_mi(dim, dim, dof)), abs=1e-12
    )


@pytest.mark.parametrize(("n", "dim_x", "dim_y"), [(20, 1, 1), (30, 5, 2), (40, 10, 10)])
def test_bias_of_the_plug_in_is_exact(n, dim_x, dim_y):
    """Of independent normal columns the mean of 2000 plug-ins is the bias, to four standard errors of that mean.

    It depends on no correlation: a linear map makes any into these.
    """
    rng = np.random.default_rng(0)
    z = rng.standard_normal((2000, n, dim_x + dim_y))
    z -= z.mean(axis=1, keepdims=True)
    covariances = np.swapaxes(z, 1, 2) @ z
    logdets = [np.linalg.slogdet(covariances[:, s, s])[1] for s in (slice(dim_x), slice(dim_x, None), slice(None))]
    found = (logdets[0] + logdets[1] - logdets[2]) / 2
    error = found.std() / math.sqrt(len(found))
    assert copulas.wishart_bias(n, dim_x, dim_y) == pytest.approx(found.mean(), abs=4 * error)
    assert copulas.wishart_bias(n, dim_x, dim_y) > 4 * error


@pytest.mark.parametrize("dof", [1.5, 6.0])
def test_bias_of_a_t_is_wider_by_its_tails(dof):
    """Margins and dof known, 300 fits; four standard errors, and the next order, a tenth of the bias at n = 10 dim."""
    rng, dim, n, found = np.random.default_rng(0), 4, 80, []
    for _ in range(300):
        z = rng.standard_normal((n, dim)) / np.sqrt(rng.chisquare(dof, (n, 1)) / dof)
        shape = elliptical.student_correlation(z, dof, np.eye(dim))
        found.append(Elliptical(shape, dof).information(2))
    bias = Elliptical(shape, dof).bias(n, 2)
    error = np.std(found) / math.sqrt(len(found))
    expected = shared_divisor_mi(2, 2, dof) + bias
    assert np.mean(found) == pytest.approx(expected, abs=4 * error + bias / 10)


@pytest.mark.parametrize("dim", [1, 5, 20])
def test_normal_and_t_copulas_find_the_mutual_information_of_normals(dim):
    """Four standard deviations of the plug-in, √(Σ ρ²/n), at n = 2000; a t copula is kept only where it is likelier."""
    task = SparseNormal(dim, 1.5, dim)
    rho = math.sqrt(1 - math.exp(-2 * 1.5 / dim))
    x, y = task.sample(2000, np.random.default_rng(0))
    normal, student = copulas.fit_gaussian(x, np.exp(y)), copulas.fit_student(x, np.exp(y))
    assert normal.value == pytest.approx(task.mi, abs=4 * rho * math.sqrt(dim / 2000))
    assert student.value == pytest.approx(normal.value, abs=0.01)


@pytest.mark.parametrize(("dim", "dof"), [(1, 1.0), (2, 2.0), (5, 3.0), (10, 1.0)])
def test_a_t_copula_finds_dof_and_mutual_information(dim, dof):
    """At n = 3000, to four standard errors of the mean pointwise mutual information: the plug-in is no worse.

    1/ν has a standard error of about √2/(ν √n) in one pair, less in more columns.
    """
    task = StudentT(dim, dof, 0.7, dim)
    x, y = task.sample(3000, np.random.default_rng(1))
    fitted = copulas.fit_student(x, y)
    assert 1 / fitted.model.dof == pytest.approx(1 / dof, abs=8 / (dof * math.sqrt(3000)))
    assert fitted.value == pytest.approx(task.mi, abs=4 * task.log_pmi(x, y).std() / math.sqrt(3000))
    assert fitted.log_ratio(x, y).std() == pytest.approx(task.log_pmi(x, y).std(), rel=0.2)


def test_a_soft_fit_judges_held_out_pairs_better_and_reads_the_same_value():
    """25 + 25 columns, 700 rows, two pairs dependent: at the true ratio the mean would be the mutual information."""
    task = SparseNormal(25, 1.022, 2)
    x, y = task.sample(1400, np.random.default_rng(0))
    raw = copulas.fit_gaussian(x[:700], y[:700])
    soft = raw.softened(700, "edge")
    assert soft.value == raw.value
    means = [fitted.log_ratio(x[700:], y[700:]).mean() for fitted in (raw, soft)]
    assert abs(means[1] - task.mi) < abs(means[0] - task.mi) - 0.3
    assert raw.value == pytest.approx(task.mi, abs=4 * math.sqrt(2 / 1400))


def test_softening_lets_a_strong_correlation_be_and_takes_noise_away():
    rng = np.random.default_rng(0)
    z = rng.standard_normal((400, 20))
    z[:, 10] = z[:, 0] + 1e-3 * z[:, 10]
    soft = elliptical.softened(elliptical.normal_correlation(z), 10, 400, "edge")
    across = np.linalg.svd(soft[:10, 10:], compute_uv=False)
    assert across[0] == pytest.approx(math.sqrt(1 - 20 / 400), abs=0.02)
    assert across[1:] == pytest.approx(0, abs=1e-12)
    assert np.linalg.eigvalsh(soft)[0] > 0


def test_of_many_weak_correlations_a_share_is_the_better_judge():
    """20 of each side with ρ² = 0.05, of which few rise above the edge in 700 rows."""
    task, n = CorrelatedNormal(20, -10 * math.log(0.95)), 700
    x, y = task.sample(1700, np.random.default_rng(9))
    partners = 17 * (np.arange(1700) // 17)[:, None] + (np.arange(1700)[:, None] + np.arange(1, 17)) % 17
    for seed in range(4):
        fitted = copulas.fit_gaussian(*task.sample(n, np.random.default_rng(seed)))
        soft = {way: fitted.softened(n, way) for way in ("edge", "share")}
        lost = [logistic(one.log_ratio(x, y), one.log_ratios(x, y, partners)).mean() for one in soft.values()]
        nothing = logistic(np.zeros(1), np.zeros((1, 16))).item()
        assert lost[1] < lost[0]
        assert lost[1] < nothing - 0.03
        assert soft["share"].value == fitted.value


def test_a_share_of_nothing_is_nothing():
    """Σρ² of independent sides is what chance makes it, within sampling, and nothing or little of it is kept."""
    x, y = np.random.default_rng(0).standard_normal((2, 400, 10))
    soft = copulas.fit_gaussian(x, y).softened(400, "share")
    assert np.linalg.norm(soft.model.correlation[:10, 10:]) < 0.1


def test_a_mixture_of_one_is_the_normal_copula():
    """The same density but for the variance of normal scores, which a mixture takes from them."""
    x, y = SparseNormal(3, 1.0, 3).sample(2000, np.random.default_rng(0))
    one, normal = copulas.fit_mixture(x, y, 1), copulas.fit_gaussian(x, y)
    assert one.log_ratio(x, y) == pytest.approx(normal.log_ratio(x, y), abs=0.05)


def test_expectation_maximisation_ends_where_scikit_learn_does():
    """From one start, three components far apart, so that the rows that regularise weigh little."""
    learn = pytest.importorskip("sklearn.mixture")
    rng = np.random.default_rng(0)
    centres = np.array([[0, 0], [8, 0], [0, 8]])
    z = centres[rng.integers(3, size=4000)] + rng.standard_normal((4000, 2)) @ [[1, 0.5], [0, 0.8]]
    ours = mixture.fit(z, 3, np.random.default_rng(0))
    theirs = learn.GaussianMixture(3, means_init=ours.means, tol=1e-8, max_iter=500).fit(z)
    assert ours.log_density(z, slice(None)).mean() == pytest.approx(theirs.score(z), abs=2e-3)
    assert ours.means == pytest.approx(theirs.means_, abs=0.02)
    assert ours.weights == pytest.approx(theirs.weights_, abs=0.005)


def test_a_mixture_is_likelier_than_a_normal_where_there_is_one():
    """The value is that of the true density ratio on the same rows, to a twentieth of a nat of fitting."""
    rng = np.random.default_rng(0)
    sign = rng.choice([-1, 1], (4000, 1))
    x = rng.standard_normal((4000, 1))
    y = 0.9 * sign * x + math.sqrt(1 - 0.81) * rng.standard_normal((4000, 1))
    both = [stats.multivariate_normal(cov=[[1, r], [r, 1]]).pdf(np.hstack([x, y])) for r in (-0.9, 0.9)]
    true = np.log(np.mean(both, axis=0)) - stats.norm.logpdf(x[:, 0]) - stats.norm.logpdf(y[:, 0])
    two, one = (copulas.fit_mixture(x[:2000], y[:2000], modes) for modes in (2, 1))
    assert two.log_ratio(x[2000:], y[2000:]).mean() == pytest.approx(true[2000:].mean(), abs=0.05)
    assert two.log_copula(x[2000:], y[2000:]).mean() > one.log_copula(x[2000:], y[2000:]).mean() + 0.2


BAD = {
    "too few rows": (lambda x, y: (x[:4], y[:4]), r"^2 \+ 2 columns need more than n=4 samples"),
    "constant": (lambda x, y: (x, np.hstack([y, 0 * y[:, :1] + 7])), r"^column 2 of y is constant \(7\): drop it"),
    "a copy": (lambda x, y: (np.hstack([x, x[:, :1] ** 3]), y), r"^the ranks of column (0|2) of x follow"),
    "a function": (lambda x, y: (x, np.exp(x[:, :1])), "^the ranks of x and y follow from one another"),
}


@pytest.mark.parametrize(("make", "said"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("fit", FITS.values(), ids=FITS)
def test_what_cannot_be_fitted_is_said_in_one_line(fit, make, said, pairs):
    x, y = make(*pairs[0])
    if fit is FITS["mixture"] and len(x) == 4:
        said = "^modes=3 in 4 columns needs more than 15 samples, not n=4"
    with pytest.raises(ValueError, match=said) as error:
        fit(x, y)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("fit", [FITS["t"], FITS["mixture"]], ids=["t", "mixture"])
def test_a_density_refuses_atoms_and_takes_rounded_values(fit, pairs):
    (x, y), _ = pairs
    with pytest.raises(ValueError, match=r"^one value makes up 5\d% of column 1 of y"):
        fit(x, np.column_stack([y[:, 0], y[:, 1] > 0]))
    assert np.isfinite(fit(np.round(20 * x), y).log_ratio(np.round(20 * x), y)).all()
    few = x[:18, :1], y[:18, :1]
    assert np.isfinite(fit(*few).log_ratio(*few)).all(), "each value is more than 5 % of 18"


@pytest.mark.parametrize("scale", [1e-320, 1e-300, 1e307])
def test_units_at_the_ends_of_float64_are_no_matter(scale, pairs):
    (x, y), (x_new, y_new) = pairs
    largest = max(np.abs(x).max(), np.abs(x_new).max())
    fitted = copulas.fit_gaussian(x / largest * scale, y)
    assert np.isfinite(fitted.log_ratio(x_new / largest * scale, y_new)).all()
    assert scale < 1e-310 or fitted.value == pytest.approx(copulas.fit_gaussian(x, y).value, abs=1e-9)


def test_the_estimators_read_the_room_and_each_other():
    """A sample of normals has no use for ν or for modes: three estimates of one number, their own errors near too."""
    x, y = SparseNormal(2, 1.0, 2).sample(2000, np.random.default_rng(3))
    names = "gaussian:corrected=true", "gaussian-copula", "t-copula", "gmm:modes=1x2:folds=3"
    found = [mibench.estimator(name).estimate(x, np.exp(y)) for name in names[1:]]
    known = mibench.estimator(names[0]).estimate(x, y)
    rho = math.sqrt(1 - math.exp(-1))
    assert known.value == mibench.estimator("gaussian").estimate(x, y).value - copulas.wishart_bias(2000, 2, 2)
    for estimate in found:
        assert estimate.value == pytest.approx(known.value, abs=0.02)
        assert estimate.std == pytest.approx(rho * math.sqrt(2 / 2000), rel=0.1)


REFUSED = {
    "columns": ("gaussian-copula", (40, 30, 10), r"30 \+ 10 columns need more than n=40 samples"),
    "t": ("t-copula", (40, 30, 10), r"30 \+ 10 columns need more than n=40 samples"),
    "modes above rows": ("gmm:modes=50", (50, 1, 1), "modes=50 in 2 columns needs more than 150 samples, not n=30"),
    "mixture of one": ("gmm", (60, 20, 20), "modes=1 in 40 columns needs more than 41 samples, not n=36"),
}


@pytest.mark.parametrize(("name", "shape", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_too_few_is_said_beforehand_and_in_the_same_words(name, shape, said):
    estimator, (n, dim_x, dim_y) = mibench.estimator(name), shape
    assert re.fullmatch(f"{said}.*", estimator.refuses(n=n, dim_x=dim_x, dim_y=dim_y))
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=said):
        estimator.estimate(rng.standard_normal((n, dim_x)), rng.standard_normal((n, dim_y)))


@pytest.mark.parametrize(("name", "said"), [("gmm:folds=2", "folds=2 must be"), ("gmm:modes=0x1", "needs numbers of")])
def test_settings_of_a_mixture_that_are_none(name, said):
    with pytest.raises(ValueError, match=said):
        mibench.estimator(name).estimate(*sample(100))


@pytest.mark.parametrize("name", ["gaussian-copula", "t-copula", "gmm:modes=1x2"])
def test_tails_of_one_degree_of_freedom_are_no_trouble(name):
    """Ranks see no outlier: values stay between 0 and the truth's neighbourhood, whatever the copula's form."""
    task = StudentT(5, 1.0, 0.7, 5)
    found = mibench.estimator(name).estimate(*task.sample(1000, np.random.default_rng(0)))
    assert 0.3 * task.mi < found.value < 1.1 * task.mi


def test_every_bundled_estimator_says_its_family():
    found = {name: mibench.estimator(name) for name in ("mine", "ksg", "gmm", "t-copula", "l1out", "plug-in", "doe")}
    assert {name: (made.approach, made.year) for name, made in found.items()} == {
        "mine": ("critic", 2018), "ksg": ("neighbours", 2004), "gmm": ("density", 2023), "plug-in": ("table", 1955),
        "t-copula": ("parametric", 2005), "l1out": ("density", 2019), "doe": ("density", 2020),
    }  # fmt: skip
