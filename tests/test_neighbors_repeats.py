"""Ties and copies of rows: what is refused, in any unit, and that what passes moves the estimate little."""

import numpy as np
import pytest

import mibench
from mibench import neighbors
from mibench.neighbors.repeats import COPIES, TIES, copies

TRUTH = np.log(2) / 2
CONTINUOUS = ["ksg", "ksg:algorithm=2", "kl"]


def pair(n, seed=0, dim=1):
    """½ log 2 nats."""
    rng = np.random.default_rng([seed, n])
    x = rng.standard_normal((n, dim))
    return x, np.hstack([x[:, :1] + rng.standard_normal((n, 1)), rng.standard_normal((n, dim - 1))])


def most_repeated(x, y, steps):
    """The share of values that equal an earlier one, of the worse column, where a unit is cut into so many steps."""
    return max(1 - len(np.unique(np.rint(z * steps))) / len(z) for z in (x, y))


@pytest.mark.parametrize("estimator", CONTINUOUS)
@pytest.mark.parametrize("unit", [1.0, 0.1, 1 / 3, 1e-200, 256.0])
def test_rounded_values_are_refused_in_any_unit(unit, estimator):
    x, y = pair(1000)
    rounded = np.round(x, 1) * 10 * unit
    line = r"^column 0 of {} has \d\d different values in 1000 rows, and with more than 5% repeated this estimator is "
    line += "biased: use ksg-mixed for discrete values, or {}noise=1e-6 for rounded ones$"
    remedy = "ksg with " if estimator == "kl" else ""
    with pytest.raises(ValueError, match=line.format("x", remedy)):
        mibench.estimator(estimator).estimate(rounded, y * unit)
    with pytest.raises(ValueError, match=line.format("y", remedy)):
        mibench.estimator(estimator).estimate(y * unit, rounded)


@pytest.mark.parametrize("offset", [0.0, 2.0**40])
@pytest.mark.parametrize("estimator", ["ksg", "ksg:algorithm=2", "ksg:k=10"])
def test_noise_is_the_way_out_for_rounded_values(estimator, offset):
    """Rounding to tenths loses less than 0.001 nats; sampling noise of one estimate is about 0.04."""
    x, y = pair(1000)
    found = [
        mibench.estimator(f"{estimator}:noise=1e-6").estimate(np.round(x, 1) + offset, y, seed=seed).value
        for seed in (0, 0, 1)
    ]
    assert found[0] == found[1] != found[2]
    assert found[0] == pytest.approx(TRUTH, abs=0.15)


def test_noise_is_none_for_an_entropy():
    """It would be that of the noise: −9.7 nats where 0.35 is right."""
    x, y = pair(1000)
    with pytest.raises(ValueError, match=r"or ksg with noise=1e-6 for rounded ones$"):
        mibench.estimator("kl:noise=1e-6").estimate(np.round(x, 1), y)
    assert mibench.estimator("kl:noise=1e-6").estimate(x, y).value == pytest.approx(TRUTH, abs=0.15)


@pytest.mark.parametrize("estimator", ["ksg", "ksg:algorithm=2", "ksg:k=1"])
def test_ties_that_pass_move_the_estimate_by_less_than_two_hundredths(estimator):
    """The mean over 30 samples; rounding scatters one difference by about 0.005."""
    chosen, moved, shares = mibench.estimator(estimator), [], []
    for seed in range(30):
        x, y = pair(300, seed)
        steps = next(steps for steps in np.geomspace(300, 3000, 40) if most_repeated(x, y, steps) <= TIES)
        rounded = [np.rint(z * steps) / steps for z in (x, y)]
        moved.append(chosen.estimate(*rounded).value - chosen.estimate(x, y).value)
        shares.append(most_repeated(x, y, steps))
    assert np.mean(shares) > 0.9 * TIES
    assert abs(np.mean(moved)) < 0.02


@pytest.mark.parametrize("estimator", CONTINUOUS)
@pytest.mark.parametrize("times", [2, 4])
@pytest.mark.parametrize("dim", [1, 10])
def test_copies_of_rows_are_refused(dim, times, estimator):
    x, y = (np.repeat(z, times, axis=0) for z in pair(250, dim=dim))
    line = f"^{250 * (times - 1)} of {250 * times} rows are copies of others, and a copy is no further draw: drop them"
    for spec in (estimator, f"{estimator}:noise=1e-6"):
        with pytest.raises(ValueError, match=line):
            mibench.estimator(spec).estimate(x, y)
    flagged = mibench.estimator("ksg-mixed").estimate(x, y)
    assert flagged.flags == ("repeated-rows",)


def test_a_few_copies_pass():
    x, y = pair(1000)
    for copied in (int(1000 * COPIES), int(1000 * COPIES) + 1):
        for z in (x, y):
            z[-copied:] = z[:copied]
        if copied > 1000 * COPIES:
            with pytest.raises(ValueError, match=r"^11 of 1000 rows are copies"):
                neighbors.ksg(x, y)
        else:
            assert neighbors.ksg(x, y).value == pytest.approx(neighbors.ksg(*pair(1000)).value, abs=0.05)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda rng: (rng.integers(5, size=(500, 1)),) * 2, id="y is x"),
        pytest.param(lambda rng: (rng.integers(2, size=(500, 4)), rng.integers(2, size=(500, 4))), id="bits"),
        pytest.param(lambda rng: (rng.integers(5, size=(500, 1)), rng.standard_normal((500, 1))), id="mixed"),
        pytest.param(lambda rng: tuple(np.round(z, 1) for z in pair(500)), id="rounded"),
        pytest.param(lambda rng: pair(500), id="continuous"),
    ],
)
def test_discrete_data_consist_of_copies_and_are_left_alone(make):
    x, y = (z.astype(float) for z in make(np.random.default_rng(0)))
    assert copies(x, y) == 0
    assert mibench.estimator("ksg-mixed").estimate(x, y).flags == ()


@pytest.mark.parametrize("name", ["ksg", "kl", "ksg-mixed"])
def test_they_say_beforehand_what_they_cannot_do(name):
    estimator = mibench.estimator(f"{name}:k=5")
    assert estimator.refuses(n=6, device="cuda:1") is None
    assert estimator.refuses(n=5, device="cpu") == "k=5 needs 1 <= k < n, and n=5"
    assert "run on cpu or cuda, not on 'mps'" in estimator.refuses(n=6, device="mps")
    x, y = pair(5)
    with pytest.raises(ValueError, match=r"^k=5 needs 1 <= k < n, and n=5$"):
        estimator.estimate(x, y)
