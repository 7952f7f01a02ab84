"""What is said of own data: intervals, tests and warnings keep what they promise."""

import functools
import json
import math
import re

import numpy as np
import pytest
from scipy.special import stdtrit
from scipy.stats import binom, false_discovery_control, rankdata

import mibench
from mibench import catalogue, neighbors, owndata
from mibench.owndata import cautions, intervals, lines, permutations
from mibench.owndata.sample import Sample, sample

discover = functools.cache(catalogue.discover)


@pytest.fixture(autouse=True)
def _one_catalogue(monkeypatch):
    monkeypatch.setattr(catalogue, "discover", discover)


def normal_pair(n, rho, rng):
    x = rng.normal(size=n)
    return x, rho * x + math.sqrt(1 - rho**2) * rng.normal(size=n)


def asked(x, y, **options):
    return mibench.estimate(x, y, **{"estimators": "gaussian", "permutations": 0, **options})


def test_the_number_is_the_estimators_own():
    """Nothing is done to data between the table and the estimator but what the settings say."""
    x, y = normal_pair(400, 0.6, np.random.default_rng(0))
    for spec in ("ksg:scaling=none", "ksg:scaling=rank", "gaussian"):
        assert asked(x, y, estimators=spec).lines[0].value == mibench.estimator(spec).estimate(x, y).value


def test_the_panel_is_what_estimators_say_they_are_for():
    x, y = normal_pair(400, 0.6, np.random.default_rng(0))
    kinds = {"continuous": x, "rounded": x.round(1), "mixed": x > 0, "discrete": None}
    for kind, side in kinds.items():
        data = owndata.of_sides(x > 0, y > 0) if side is None else owndata.of_sides(side, y)
        prepared = owndata.prepare(owndata.question(), data)
        panel = prepared.panel(prepared.sample)
        assert prepared.sample.kind == kind
        fitting = {name for name, made in discover().estimators.items() if kind in getattr(made, "panel", {})}
        assert {one.choice.name for one in panel} == fitting
        assert [one.trained for one in panel] == sorted(one.trained for one in panel)
        for one in panel:
            assert one.choice.changes.items() <= {**one.choice.estimator.panel[kind]}.items()


def test_what_is_set_stands_and_the_rest_is_as_in_the_panel():
    x, y = normal_pair(400, 0.6, np.random.default_rng(0))
    prepared = owndata.prepare(owndata.question(estimators="ksg:k=7:noise=0"), owndata.of_sides(x.round(1), y))
    (one,) = prepared.panel(prepared.sample)
    assert (one.choice.estimator.k, one.choice.estimator.noise, one.choice.estimator.scaling) == (7, 0, "rank")


def test_rounded_values_are_estimated_as_what_they_stand_for():
    """Tenths of a normal lose less than 0.001 nats, and ksg alone is 0.2 off on them."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=1000)
    y = x + rng.normal(size=1000)
    assert asked(x.round(1), y, estimators="ksg").lines[0].value == pytest.approx(math.log(2) / 2, abs=0.1)


def test_rain_is_estimated_as_what_it_is():
    """Of max(x, 0) and the sign of x the information is log 2: half of the rows are 0, all alike."""
    x = np.random.default_rng(5).normal(size=2000)
    (line,) = asked(np.maximum(x, 0), x > 0, estimators="ksg-mixed").lines
    assert line.value == pytest.approx(math.log(2), abs=0.02)


def test_rounded_values_beside_a_label_too():
    """A label that is the sign of x, one in ten turned, has log 2 − H(0.1) = 0.368 nats, which tenths keep."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=2000)
    label = (x > 0) ^ (rng.random(2000) < 0.1)
    (line,) = asked(x.round(1), label, estimators="ksg-mixed").lines
    assert line.value == pytest.approx(math.log(2) + 0.1 * math.log(0.1) + 0.9 * math.log(0.9), abs=0.06)


def test_the_spread_of_a_mean_is_that_of_its_rows():
    """Each cut into k parts tells the variance of the rows, so all of them together do."""
    rng = np.random.default_rng(3)
    product = rng.normal(size=2000)
    found: dict[int, list[float]] = {}
    for k, rows in intervals.parts(2000, rng, series=False):
        found.setdefault(k, []).append(product[rows].mean())
    spread = intervals.from_parts(product.mean(), 2000, found)
    assert spread.freedom == 45
    assert spread.sd == pytest.approx(product.std() / math.sqrt(2000), rel=3 * spread.relative_error)
    assert spread.drift == pytest.approx(0, abs=spread.sd)
    low, high = spread.interval(0.0)
    assert high == -low == pytest.approx(spread.sd * stdtrit(45, 0.975))


def test_the_formula_of_the_spread():
    """Var(n) = Σ (k − 1)/k · s_k² / Σ (k − 1)."""
    found = {2: [1.0, 3.0], 3: [0.0, 3.0, 6.0]}
    spread = intervals.from_parts(2.0, 200, found)
    assert spread.sd == pytest.approx(math.sqrt((1 / 2 * 2 + 2 / 3 * 9) / 3))
    assert (spread.sizes, spread.means) == ((200, 100, 66), (2.0, 2.0, 3.0))


def test_parts_are_disjoint_and_of_a_series_without_gaps():
    for series in (False, True):
        cut: dict[int, list[int]] = {}
        for k, rows in intervals.parts(505, np.random.default_rng(0), series):
            cut.setdefault(k, []).extend(rows.tolist())
            steps = np.diff(rows)
            assert len(rows) == 505 // k
            assert not series or set((steps % 505).tolist()) == {1}
        assert list(cut) == list(range(2, 11))
        assert all(len(set(rows)) == len(rows) for rows in cut.values())


def test_a_drift_is_the_bias_that_falls_with_n():
    """Means of a + b/n at n/k are a + (b/n) k."""
    found = {k: [0.5 + 0.03 * k] * k for k in range(2, 11)}
    assert intervals.from_parts(0.53, 1000, found).drift == pytest.approx(0.03)


def test_folds_are_left_out_one_at_a_time():
    values = [0.2, 0.5, 0.3, 0.4]
    mean = np.mean(values)
    left_out = [np.mean(values[:k] + values[k + 1 :]) for k in range(4)]
    jackknife = math.sqrt(3 / 4 * sum((one - mean) ** 2 for one in left_out))
    assert intervals.from_folds(values).sd == pytest.approx(jackknife)


def test_critics_are_cross_fitted_and_give_their_folds():
    x, y = normal_pair(200, 0.6, np.random.default_rng(0))
    line, single = asked(x, y, estimators="mine:steps=5:folds=3,mine:steps=5:folds=1").lines
    assert len(line.estimate.parts) == 3
    assert np.mean(line.estimate.parts) == pytest.approx(line.value)
    assert line.spread.how == "a jackknife over 3 folds"
    assert single.spread is None
    assert "folds=5" in single.no_spread


def test_few_rows_have_no_interval_and_the_page_says_why():
    found = asked(*normal_pair(149, 0.6, np.random.default_rng(0)))
    assert found.lines[0].interval is None
    assert "no interval of gaussian: 149 rows cannot be cut into parts enough; 150 are needed" in str(found)
    assert asked(*normal_pair(150, 0.6, np.random.default_rng(0))).lines[0].interval is not None


def test_p_counts_the_whole_sample_among_the_broken_ones():
    assert permutations.p_value(1.0, [0.0] * 19) == 0.05
    assert permutations.p_value(0.0, [0.0, 1e-17, -1.0]) == 0.75


def test_pairs_are_broken_within_groups_and_a_series_is_turned():
    group = np.repeat([0, 1, 2], [10, 30, 60])
    whole = np.arange(100)
    columns = owndata.of_sides(whole, whole**2)
    plain = pairs(columns)
    blocks = Sample(plain.x, plain.y, 100, groups=group)
    for order in permutations.broken(blocks, 20, seed=1):
        assert np.array_equal(group[order], group)
        assert sorted(order) == whole.tolist()
    turned = list(permutations.broken(Sample(plain.x, plain.y, 100, series=True), 2000, seed=1))
    assert all(np.array_equal(order, np.roll(whole, -order[0])) for order in turned)
    assert {order[0] for order in turned} == set(range(100))
    first, again = (list(permutations.broken(plain, 3, seed)) for seed in (1, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, list(permutations.broken(plain, 3, seed=2)))


@pytest.mark.parametrize("m", [1, 2, 50])
def test_adjusted_p_are_what_their_papers_say(m):
    """Holm's is the largest (m − j + 1) p_(j) up to its own rank; Benjamini and Hochberg's is scipy's."""
    p = np.random.default_rng(0).random(m) ** 3
    p[: m // 5] = p[0]
    ordered = sorted(p)
    holm = [
        min(1, max((m - j) * ordered[j] for j in range(ordered.index(one) + list(p[:k]).count(one) + 1)))
        for k, one in enumerate(p)
    ]
    assert permutations.adjusted(p, "holm") == pytest.approx(holm)
    assert permutations.adjusted(p, "bh") == pytest.approx(false_discovery_control(p))


def test_so_many_permutations_that_the_least_adjusted_p_can_be_small():
    for m in (1, 7, 50, 1000):
        count = permutations.needed(19, m)
        assert m / (1 + count) <= permutations.LEVEL
        assert count == 19 or m / count > permutations.LEVEL


NULLS = {
    "ties": (lambda rng, n: (rng.integers(0, 3, n), rng.normal(size=n).round(1)), {}),
    "heavy tails": (lambda rng, n: (rng.standard_cauchy(n), rng.standard_t(1.5, n)), {}),
    "groups": (lambda rng, n: grouped(rng, n), {"groups": np.repeat(np.arange(4), 20)}),
    "series": (lambda rng, n: (drifting(rng, n), drifting(rng, n)), {"series": True}),
}


def drifting(rng, n, memory=0.7):
    """An autoregressive series."""
    z = rng.normal(size=n)
    for t in range(1, n):
        z[t] += memory * z[t - 1]
    return z


def grouped(rng, n):
    """Each side has a mean of its own in each group, so that shuffling all rows would find them dependent."""
    shift = np.repeat(rng.normal(size=(2, 4)) * 3, n // 4, axis=1)
    return shift + rng.normal(size=(2, n))


def pairs(data, **options):
    return sample(data.x, data.y, data.groups, **options)


def ranked(of, seed, count):
    """The permutation test of a rank correlation: its p, by the orders that estimators are tested with."""
    x, y = (rankdata(side[:, 0]) for side in of.arrays(False))
    x, y = x - x.mean(), y - y.mean()
    null = [abs(x @ y[order]) for order in permutations.broken(of, count, seed)]
    return permutations.p_value(abs(x @ y), null)


@pytest.mark.parametrize(("drawn", "options"), NULLS.values(), ids=NULLS)
def test_the_level_of_the_test(drawn, options):
    """Of independent data p ≤ 0.05 in 5 % at most, here within four standard deviations of a hundred samples."""
    rng, small = np.random.default_rng(11), 0
    for seed in range(100):
        x, y = drawn(rng, 80)
        data = owndata.of_sides(x, y, options.get("groups"))
        small += ranked(pairs(data, series=options.get("series", False)), seed, 19) <= 0.05
    assert small <= binom.isf(1e-4, 100, 0.05)


def test_a_series_that_is_shuffled_as_if_it_were_none_is_found_dependent_too_often():
    """What --series is for: the test above would fail without it."""
    rng = np.random.default_rng(11)
    samples = [pairs(owndata.of_sides(drifting(rng, 80, 0.9), drifting(rng, 80, 0.9))) for _ in range(40)]
    small = sum(ranked(one, seed, 19) <= 0.05 for seed, one in enumerate(samples))
    assert small > binom.isf(1e-4, 40, 0.05)


def test_dependence_is_found_and_the_page_says_so():
    x, y = normal_pair(200, 0.6, np.random.default_rng(0))
    found = asked(x, y, permutations=19)
    assert found.lines[0].p == 0.05
    assert "x and y depend on each other (p = 0.050)" in str(found)
    none = asked(x, np.random.default_rng(9).normal(size=200), permutations=19)
    assert none.lines[0].p > 0.05
    assert re.search(r"No dependence of x and y is shown \(p = [01]\.\d+\)", str(none))


def test_the_least_of_several_p_is_not_taken_at_its_word():
    x, y = normal_pair(200, 0.6, np.random.default_rng(0))
    unsettled = " ".join(str(asked(x, y, estimators="gaussian,kl", permutations=19)).split())
    assert "is not settled: the least p of 2 estimators is 0.050" in unsettled
    assert "depend on each other (p = 0.025)" in str(asked(x, y, estimators="gaussian,kl", permutations=39))


def test_critics_are_tested_only_where_that_is_asked_for():
    x, y = normal_pair(60, 0.6, np.random.default_rng(0))
    prepared = owndata.prepare(owndata.question(permutations=19), owndata.of_sides(x, y))
    assert {one.trained: prepared.tests(one) for one in prepared.panel(prepared.sample)} == {False: 19, True: 0}
    (line,) = asked(x, y, estimators="mine:steps=2:folds=1", permutations=19).lines
    assert len(set(line.null)) == 19


def test_json_has_what_the_contract_says_and_repeats_itself():
    x, y = normal_pair(200, 0.6, np.random.default_rng(0))
    texts = [
        json.dumps(asked(x, y, estimators="ksg,mine:steps=5:folds=2", permutations=19).to_dict()) for _ in range(2)
    ]
    assert texts[0] == texts[1]
    document = json.loads(texts[0])
    assert {"n", "x", "y", "warnings", "estimates", "calibrated"} <= set(document)
    assert document["calibrated"] is None
    for one in document["estimates"]:
        assert {"estimator", "value", "interval", "p", "flags", "status"} <= set(one)
    frame = asked(x, y, estimators="ksg,gaussian").to_frame()
    assert frame["estimator"].tolist() == ["ksg:scaling=rank", "gaussian"]
    assert (frame["low"] < frame["value"]).all()


def test_bits_are_nats_over_log_2():
    x, y = normal_pair(200, 0.6, np.random.default_rng(0))
    in_nats, in_bits = (asked(x, y, unit=unit).to_dict()["estimates"][0] for unit in ("nats", "bits"))
    for name in ("value", "sd", "drift"):
        assert in_bits[name] == pytest.approx(in_nats[name] / math.log(2))


def test_an_estimator_that_refuses_the_data_is_unsupported_with_its_reason():
    x, y = normal_pair(200, 0.6, np.random.default_rng(0))
    found = asked(np.repeat(x, 2), np.repeat(y, 2), estimators="ksg,none,gaussian")
    assert [line.status for line in found.lines] == ["unsupported", "unsupported", "ok"]
    assert "are copies of others" in found.lines[0].reason
    assert "n/a" in str(found)


def said(x, y, **options):
    return " ".join(asked(x, y, **options).warnings)


def test_warnings_say_what_to_do():
    rng = np.random.default_rng(0)
    x, y = normal_pair(400, 0.6, rng)
    assert said(x, y) == ""
    assert "x is rounded" in said(x.round(1), y)
    twice = np.repeat(x[:200], 2), np.repeat(y[:200], 2)
    assert "200 of 400 rows equal an earlier one in all columns used, the first of them row 2." in said(*twice)
    assert "--distinct" in said(*twice)
    assert said(*twice, distinct=True) == ""
    assert "200 left out that equal an earlier one, the first of them row 2" in str(asked(*twice, distinct=True))
    assert "400 rows are few for 13 columns" in said(rng.normal(size=(400, 12)), y)
    assert "x beside y has 50 rows and 61 columns" in said(rng.normal(size=(50, 60)), y[:50], estimators="kl")
    assert "say --series" in said(np.cumsum(x), np.cumsum(y))
    assert said(np.cumsum(x), np.cumsum(y), series=True).count("--series") == 0
    assert "log n" in said(x, x + 1e-6 * y, estimators="ksg")
    rain = np.maximum(x, 0)
    assert re.search("x is 0 in 5.% of the rows, and many numbers in others", said(rain, y))
    assert "x is -999 in 30 rows, far from all others" in said(np.where(np.arange(400) < 30, -999, x), y)
    assert "x is 1e+300 in 1 row" in said(np.where(np.arange(400) < 1, 1e300, x), y)
    assert "x counts the rows" in said(np.arange(400), y)
    assert "heavy tails" in said(rng.standard_cauchy(400), y, estimators="ksg:scaling=standard")
    assert "heavy tails" not in said(rng.standard_cauchy(400), y, estimators="ksg")


def test_rows_of_a_series_count_as_fewer():
    """Of two autoregressive series of memory a, n rows are as good as n (1 − a²) / (1 + a²)."""
    rng = np.random.default_rng(2)
    n, memory = 4000, 0.8
    data = owndata.of_sides(drifting(rng, n, memory), drifting(rng, n, memory))
    expected = n * (1 - memory**2) / (1 + memory**2)
    assert cautions.effective(pairs(data)) == pytest.approx(expected, rel=0.2)


def test_nothing_tells_more_of_a_label_than_its_entropy():
    label = np.repeat([0, 1], [100, 300])
    data = owndata.of_sides(label > 0, np.random.default_rng(0).normal(size=400))
    entropy = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    error = math.sqrt(0.25 * 0.75 / 400) * math.log(3)  # of the log of its probability, 0.25 or three times that
    assert cautions.limit(pairs(data)) == pytest.approx(entropy + 2 * error)


def test_estimates_that_are_apart_are_told():
    x, _ = normal_pair(1000, 0, np.random.default_rng(0))
    y = x**2 + 0.1 * np.random.default_rng(1).normal(size=1000)
    assert "differ by more than their intervals" in said(x, y, estimators="gaussian,ksg")


def test_many_pairs_are_tested_and_adjusted():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 4))
    y = x[:, [2]] + 0.5 * rng.normal(size=(100, 1))
    found = mibench.estimate(x, y, estimators="gaussian", pairs=True)
    assert [(pair.x, pair.y) for pair in found.pairs] == [(f"x{k}", "y") for k in range(4)]
    p = [pair.line.p for pair in found.pairs]
    assert [pair.adjusted for pair in found.pairs] == pytest.approx(permutations.adjusted(np.array(p), "holm"))
    assert found.pairs[2].adjusted < 0.05
    assert found.pairs[2].line.value == mibench.estimator("gaussian").estimate(x[:, 2], y).value
    assert "1 of 4 pairs shows dependence" in str(found)
    assert found.to_frame()["p_adjusted"].min() == found.pairs[2].adjusted


def test_ksg_on_raw_data_is_what_the_bare_estimator_gives():
    x, y = normal_pair(300, 0.6, np.random.default_rng(0))
    value = asked(x * 1000, y, estimators="ksg:scaling=none").lines[0].value
    assert value == neighbors.ksg(x[:, None] * 1000, y[:, None]).value


def test_ksg_as_others_count_it_is_what_they_say():
    """scikit-learn scales columns and adds noise of 1e-10; NPEET does neither, and takes 3 + 1 columns too."""
    rng = np.random.default_rng(0)
    x, y = normal_pair(300, 0.6, rng)
    pytest.importorskip("sklearn")
    ours, theirs = asked(x * 1000, y, estimators="ksg:scaling=standard,sklearn-ksg").lines
    assert ours.value == pytest.approx(theirs.value, abs=1e-6)
    pytest.importorskip("npeet_plus")
    ours, theirs = asked(np.c_[x, rng.normal(size=(300, 2))], y, estimators="ksg:scaling=none,npeet-plus").lines
    assert ours.value == pytest.approx(theirs.value, abs=1e-6)


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("rho", [0.6, 0.9])
def test_the_interval_of_sub_samples_covers_the_estimators_own_mean(rho):
    """90 to 98 % of 400 intervals of nominal 95 %, and sd within 20 % of the true one; ksg, n = 1000."""
    rng = np.random.default_rng(2026)
    found = [asked(*normal_pair(1000, rho, rng), estimators="ksg", seed=seed).lines[0] for seed in range(400)]
    values = np.array([line.value for line in found])
    ends = np.array([line.interval for line in found])
    covered = ((ends[:, 0] <= values.mean()) & (values.mean() <= ends[:, 1])).mean()
    sd = math.sqrt(np.mean([line.spread.sd**2 for line in found]))
    print(f"rho {rho}: covered {covered:.3f}, sd {sd:.4f}, true {values.std(ddof=1):.4f}")
    assert 0.90 <= covered <= 0.98
    assert sd == pytest.approx(values.std(ddof=1), rel=0.2)


def significant(estimator, data, seed, **options):
    """Whether an estimator's p of 19 permutations is 0.05."""
    question = owndata.question(estimators=estimator, permutations=19, seed=seed, **options)
    prepared = owndata.prepare(question, data)
    (one,) = prepared.panel(prepared.sample)
    (line,) = [step.line for step in lines.steps(one, prepared.sample, 19, seed, spread=False)][-1:]
    return line.p == 0.05


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize(("drawn", "options"), NULLS.values(), ids=NULLS)
@pytest.mark.parametrize(("estimator", "sets"), [("gaussian", 2000), ("ksg:noise=1e-6", 300)])
def test_the_level_of_estimators(estimator, sets, drawn, options):
    """One sample in twenty without dependence has p = 0.05, within four standard deviations of so many of them."""
    rng = np.random.default_rng(2026)
    series = options.get("series", False)
    drawn_sets = (owndata.of_sides(*drawn(rng, 80), options.get("groups")) for _ in range(sets))
    share = np.mean([significant(estimator, data, seed, series=series) for seed, data in enumerate(drawn_sets)])
    print(f"{estimator} {share:.4f}")
    assert share == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / sets))


def test_pairs_are_estimated_by_what_sees_any_shape():
    """A parabola, which no copula of straight lines sees."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(300, 2))
    found = mibench.estimate(x, x[:, 0] ** 2 + 0.3 * rng.normal(size=300), pairs=True, permutations=39)
    assert {pair.line.asked.label.partition(":")[0] for pair in found.pairs} == {"ksg"}
    assert found.pairs[0].adjusted <= 0.05 < found.pairs[1].adjusted
