"""The contest: its score is proper, its losers cannot move the number, and what it reports is what it chose."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

import mibench
from mibench import copulas, neighbors
from mibench.chosen import candidates, contest
from mibench.chosen.candidates import CANDIDATES, Critic
from mibench.chosen.judge import chosen, logistic
from mibench.chosen.neighbours import Neighbours, in_groups
from mibench.chosen.sample import shared_out
from mibench.distributions.mixture import Concentric, PlaneMixture
from mibench.distributions.normal import CorrelatedNormal
from mibench.distributions.student import StudentT
from mibench.neural.ratios import critics

CROSS = PlaneMixture((0.5, 0.5), ((0.0, 0.0), (0.0, 0.0)), ((1.0, -0.9, 1.0), (1.0, 0.9, 1.0)))
QUICK = mibench.estimator("auto:candidates=copula")


@pytest.fixture(autouse=True)
def few_modes(monkeypatch):
    """Most of a contest's time goes into mixtures of many."""
    monkeypatch.setattr(candidates, "MODES", (2, 3))


def pairs(task, n=500, seed=100):
    return task.sample(n, np.random.default_rng(seed))


@pytest.mark.parametrize("partners", [1, 4, 16])
def test_the_score_is_least_at_the_log_ratio(partners):
    """On a finite distribution, where its expectation is a sum: of the true T, and of others near and far from it."""
    rng = np.random.default_rng(0)
    joint = rng.dirichlet(np.ones(12)).reshape(3, 4)
    apart = joint.sum(1, keepdims=True) * joint.sum(0)
    truth = np.log(joint / apart)

    def expected(t):
        each = np.repeat(t.reshape(-1, 1), partners, axis=1)
        of_joint = logistic(t.ravel(), np.full_like(each, -1e9))
        of_marginal = logistic(np.full(t.size, 1e9), each)
        return (joint.ravel() * of_joint + apart.ravel() * of_marginal).sum()

    least = expected(truth)
    for size in (1e-3, 0.1, 1.0):
        for _ in range(5):
            assert expected(truth + size * rng.normal(size=truth.shape)) > least


def test_the_simplest_is_kept_unless_the_gain_is_beyond_noise():
    """The gain is 0.1 of a row on average, and its standard error 0.1 √(1/99) of what noise of size 1 leaves."""
    noise = np.where(np.arange(100) % 2, 1.0, -1.0)
    first = np.zeros(100)
    error = noise.std(ddof=1) / 10
    assert chosen(np.stack([first, first - 1.9 * error + noise]), 2.0) == 0
    assert chosen(np.stack([first, first - 2.1 * error + noise]), 2.0) == 1
    assert chosen(np.stack([first, first + 1, first - 2.1 * error + noise]), 2.0) == 2
    assert chosen(first[None], 2.0) == 0


def test_partners_are_the_rest_of_the_group_as_in_a_critics_table():
    assert in_groups(6, 3).tolist() == [[1, 2], [0, 2], [0, 1], [4, 5], [3, 5], [3, 4]]
    x, y = pairs(CorrelatedNormal(3, 1.0), 200)
    sample = shared_out(x, y, 2, 0)
    (trained, _) = critics(Critic(steps=20, validate_every=10), x, y, sample.rotations, 0)
    marginal = trained.scores(x[:60], y[:60], 6)[1]
    rows = in_groups(60, 6)
    for column, others in zip(marginal.T, rows.T, strict=True):
        assert column == pytest.approx(trained.scores(x[:60], y[others], 6)[0], abs=1e-5)


def test_neighbours_among_other_rows_are_those_of_ksg():
    """Each pair's ratio among the rest of the sample, in the mean over the sample, is algorithm 1 of all rows."""
    x, y = pairs(CorrelatedNormal(2, 1.0), 60)
    each = [
        Neighbours(np.delete(x, i, 0), np.delete(y, i, 0), 3).scores(x[[i, i]], y[[i, i]], 2)[0][0] for i in range(60)
    ]
    assert np.mean(each) == pytest.approx(neighbors.ksg_many_k(x, y, [3])[0].value, abs=1e-12)


def test_tied_neighbours_count_as_those_of_mixed_data():
    """One term of Gao et al. is ψ(k̃) + log n − ψ(n_x) − ψ(n_y); ψ(n) and log n differ by less than 1/n."""
    x, y = (z.round(1) for z in pairs(CorrelatedNormal(1, 1.0), 200))
    each = [
        Neighbours(np.delete(x, i, 0), np.delete(y, i, 0), 3).scores(x[[i, i]], y[[i, i]], 2)[0][0] for i in range(200)
    ]
    assert np.mean(each) == pytest.approx(neighbors.ksg_mixed(x, y, 3).value, abs=1 / 200)


def test_a_normal_copula_that_is_believed_is_read_as_the_plug_in_of_all_rows():
    x, y = pairs(CorrelatedNormal(1, 0.5), 300)
    found = mibench.estimator("auto").estimate(x, y, seed=1)
    assert found.chosen["estimator"] == {"gaussian-copula": 5}
    assert found.value == copulas.fit_student(x, y).value


def test_heavy_tails_are_named_with_their_degrees_of_freedom():
    found = replace(QUICK, candidates=("copula", "mixture")).estimate(*pairs(StudentT(1, 1.0)), seed=1)
    ((name, folds),) = found.chosen["estimator"].items()
    assert name.startswith("t-copula:nu=")
    assert folds == 5
    assert float(name.partition("=")[2]) == pytest.approx(1.0, abs=0.4)


def test_where_the_copula_is_not_believed_neighbours_are_read_in_few_columns():
    x, y = pairs(CROSS, 800)
    found = mibench.estimator("auto").estimate(x, y, seed=1)
    assert found.chosen["estimator"] == {"ksg:k=5": 5}
    assert found.value == neighbors.ksg_many_k(x, y, [5], scaling="rank")[0].value


def test_units_and_monotone_maps_change_nothing():
    x, y = pairs(CROSS, 200)
    auto = mibench.estimator("auto")
    assert auto.estimate(1e6 * x + 3, y**3, seed=1).value == pytest.approx(auto.estimate(x, y, seed=1).value, abs=1e-9)


def test_a_mixture_that_wins_is_read_on_rows_it_has_not_seen(monkeypatch):
    """In more columns than neighbours are near in."""
    monkeypatch.setattr(candidates, "MODES", (3,))
    x, y = pairs(Concentric(4, 3), 600)
    found = replace(QUICK, candidates=("copula", "mixture")).estimate(x, y, seed=1)
    assert found.chosen["estimator"] == {"mixture:modes=3": 5}
    sample = shared_out(x, y, 5, 1)
    fits = [copulas.fit_mixture(*sample.left(rotation), 3, seed=1) for rotation in sample.rotations]
    each = [fit.log_ratio(*sample.held_out(r)).mean() for fit, r in zip(fits, sample.rotations, strict=True)]
    assert found.value == pytest.approx(np.mean(each), abs=1e-12)


@pytest.fixture
def short(monkeypatch):
    """Critics of a few steps."""
    monkeypatch.setattr(candidates, "Critic", lambda: Critic(steps=40, validate_every=20, hidden=(8,)))


@pytest.mark.usefixtures("short")
def test_the_seed_alone_decides():
    x, y = pairs(Concentric(5, 3), 200)
    auto = mibench.estimator("auto")
    assert auto.estimate(x, y, seed=1) == auto.estimate(x, y, seed=1)
    one, other = (replace(auto, candidates=("critic",)).estimate(x, y, seed=seed).value for seed in (1, 2))
    assert one != other


@pytest.mark.usefixtures("short")
def test_a_loser_moves_nothing():
    x, y = pairs(CorrelatedNormal(5, 2.0), 300)
    assert mibench.estimator("auto").estimate(x, y, seed=1).value == QUICK.estimate(x, y, seed=1).value


@pytest.mark.usefixtures("short")
def test_discrete_columns_leave_those_that_can_read_them():
    x, y = pairs(CorrelatedNormal(4, 1.0), 200)
    found = mibench.estimator("auto").estimate(x, np.sign(y[:, :1]), seed=1)
    assert found.chosen["estimator"] == {"critic:inputs=canonical": 5}
    assert found.chosen["left_out"] == dict.fromkeys(
        ("copula", "mixture"), "a column repeats values, and ranks with ties have no density"
    )
    few = mibench.estimator("auto").estimate(x[:, :1], np.sign(y[:, :1]), seed=1)
    assert few.chosen["estimator"] == {"ksg-mixed:k=5": 5}


@pytest.mark.usefixtures("short")
def test_likelihoods_decide_where_all_pairs_are_told_apart():
    x, y = pairs(CorrelatedNormal(10, 30.0), 300)
    found = mibench.estimator("auto").estimate(x, y, seed=1)
    assert found.flags == ("saturated",)
    assert found.chosen["judged_by"] == "likelihood"
    assert found.chosen["left_out"] == {"critic:inputs=canonical": contest.NO_LIKELIHOOD}
    assert found.value == copulas.fit_student(x, y).value


@pytest.mark.parametrize(
    ("change", "fields", "said"),
    [
        (lambda x, y: (x, 0 * y), {}, "y is constant"),
        (lambda x, y: (x[:10], y[:10]), {}, "n=10 leaves"),
        (lambda x, y: (x, y), {"candidates": ("mine",)}, "'mine', which is none of copula, mixture, ksg, critic"),
        (lambda x, y: (x, y), {"folds": 1}, "folds=1 must be at least 2"),
        (lambda x, y: (x, np.sign(y)), {"candidates": ("copula",)}, "ranks with ties have no density"),
        (lambda x, y: (np.tile(x, 5), y), {"candidates": ("ksg",)}, "none of ksg is for 6 columns"),
        (lambda x, y: (x, y), {"standard_errors": -1.0}, "standard_errors=-1.0 must be at least 0"),
        (lambda x, y: (x[:-1], y), {}, "199 rows"),
    ],
)
def test_what_cannot_be_judged_says_why(change, fields, said):
    with pytest.raises(ValueError, match=said) as error:
        replace(mibench.estimator("auto"), **fields).estimate(*change(*pairs(CorrelatedNormal(1, 1.0), 200)), seed=1)
    assert "\n" not in str(error.value)


def test_constant_columns_change_nothing():
    x, y = pairs(CorrelatedNormal(2, 1.0))
    beside = np.insert(x, 1, 3.0, axis=1)
    assert QUICK.estimate(beside, y, seed=1) == QUICK.estimate(x, y, seed=1)


def test_every_candidate_is_in_the_default():
    assert mibench.estimator("auto").candidates == tuple(CANDIDATES)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dim", "nats", "n", "within"),
    [
        (20, 10.0, 10_000, 0.2),
        (20, 5.0, 10_000, 0.1),
        (20, 2.0, 1000, 0.1),
        *((dim, 0.0, 10_000, 0.02) for dim in (1, 5, 20)),
    ],
)
def test_rotated_and_independent_normals_are_met(dim, nats, n, within):
    """Two per cent of the truth at n = 10,000 (sampling noise is about 0.02 at d = 20); the mean of four seeds."""
    values = []
    for seed in range(100, 104):
        rng = np.random.default_rng(seed)
        x, y = (z @ np.linalg.qr(rng.normal(size=(dim, dim)))[0] for z in CorrelatedNormal(dim, nats).sample(n, rng))
        values.append(mibench.estimator("auto").estimate(x, y, seed=seed).value)
    assert np.mean(values) == pytest.approx(nats, abs=within)
