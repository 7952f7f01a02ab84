"""Comparisons: what is planted is found, what is not is not, and what cannot be said is not said."""

import json
import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from frames import fail, trials
from scipy import stats

from mibench.errors import NothingMatched, UsageError
from mibench.findings import compare, summary
from mibench.findings.compare import LEVEL, TOO_FEW
from mibench.findings.places import nearer, places
from mibench.findings.ranking import _cliques, ranking
from mibench.tables import verdict
from mibench.tables.numbers import p_value

POINTS = tuple((dim, mi) for dim in (1, 5, 20) for mi in (0.5, 1.0, 2.0))
TWO = (("ksg", {}, "none"), ("mine", {}, "lower"))


TEMPLATE = summary.tidy(trials(TWO[:1], POINTS))


def noisy(rng, planted=None, shift=0.3):
    """A run and another that shares its samples but not the noise of its estimator; one point may be shifted."""
    rng = np.random.default_rng(rng)
    sample = rng.normal(0, 0.05, len(TEMPLATE))
    first, second = (
        TEMPLATE.assign(mi_estimate=TEMPLATE["mi_true"] + sample + rng.normal(0, 0.05, len(TEMPLATE))) for _ in "12"
    )
    if planted is not None:
        second.loc[second["point"] == planted, "mi_estimate"] += shift
    return first, second


def test_a_run_does_not_differ_from_itself():
    frame = trials(TWO, POINTS)
    found = compare.runs(frame, frame)
    assert found.differing.empty
    assert not found.worse
    assert {over.p for over in found.overs} == {1.0}
    assert "none of 18 cells differs" in verdict.text(found)


def test_rounding_of_another_machine_is_no_difference():
    frame = trials(TWO, POINTS)
    found = compare.runs(frame, frame.assign(mi_estimate=frame["mi_estimate"] + 1e-12))
    assert found.differing.empty


def test_a_planted_difference_is_found_and_no_other():
    first, second = noisy(7, planted="dim=5:mi=1.0")
    found = compare.runs(first, second)
    assert found.differing["point"].tolist() == ["dim=5:mi=1.0"]
    assert found.differing["verdict"].tolist() == ["worse"]
    assert found.worse
    assert not compare.runs(second, first).worse
    cell = found.differing.iloc[0]
    pair = [
        frame[frame["point"] == "dim=5:mi=1.0"].sort_values("seed")["mi_estimate"].to_numpy()
        for frame in (first, second)
    ]
    assert cell["difference"] == pytest.approx(np.mean(pair[1] - pair[0]))
    low, high = stats.ttest_rel(pair[1], pair[0]).confidence_interval()
    assert (cell["low"], cell["high"]) == pytest.approx((low, high))


@pytest.mark.slow
def test_false_alarms_are_as_rare_as_promised():
    """200 pairs without a difference; the draws are seeded, and of these no more than 5 % may alarm."""
    alarms = sum(not compare.runs(*noisy(rng)).differing.empty for rng in range(200))
    assert alarms <= 10


def test_planted_differences_are_found_every_time():
    """Six standard errors of the mean difference at 10 seeds: power far above 90 % even after Holm over 18 tests."""
    missed = 0
    for rng in range(40):
        found = compare.runs(*noisy(rng, planted="dim=1:mi=0.5"))
        missed += "dim=1:mi=0.5" not in found.differing["point"].tolist()
    assert missed <= 2


def test_pairing_sees_what_unpaired_tests_miss():
    """Noise of the sample, shared by both sides, is ten times the difference."""
    first = trials(TWO[:1], ((1, 0.5),), sd=0.001, shared=0.2, seeds=10)
    second = first.assign(mi_estimate=first["mi_estimate"] + 0.02 + np.random.default_rng(0).normal(0, 0.002, 10))
    assert len(compare.runs(first, second).differing) == 1
    assert stats.ttest_ind(first["mi_estimate"], second["mi_estimate"]).pvalue > 0.5


def test_only_shared_samples_are_paired():
    frame = trials(TWO[:1], POINTS)
    found = compare.runs(frame, frame[frame["seed"] < 6])
    assert set(found.cells["pairs"]) == {6}
    assert any("36 of A, 0 of B" in note for note in found.notes)


def test_a_changed_truth_is_said_and_left_out():
    frame = trials(TWO[:1], POINTS)
    other = frame.assign(mi_true=frame["mi_true"].where(frame["point"] != "dim=1:mi=0.5", 0.6))
    found = compare.runs(frame, other)
    assert "dim=1:mi=0.5" not in found.cells["point"].tolist()
    assert any("the task has changed" in note for note in found.notes)


def test_other_settings_under_one_name_are_said():
    frame = trials(TWO[:1], POINTS)
    found = compare.runs(frame, frame.assign(estimator_params='{"k": 9}', code="def"))
    assert any('{} → {"k": 9}' in note for note in found.notes)
    assert any("other code" in note for note in found.notes)


def test_new_failures_are_worse():
    frame = trials(TWO[:1], POINTS)
    found = compare.runs(frame, fail(frame, (frame["seed"] == 0) & (frame["dim_x"] == 1)))
    assert found.worse
    assert "cells that fail more often on one side" in verdict.text(found)
    assert not compare.runs(fail(frame, frame["seed"] == 0), frame).worse


def test_one_estimator_of_each_run_is_compared_whatever_their_names():
    frame = trials(TWO, POINTS)
    found = compare.runs(frame[frame["estimator"] == "ksg"], frame[frame["estimator"] == "mine"])
    assert len(found.cells) == len(POINTS)


def test_runs_with_nothing_in_common_say_so():
    frame = trials(TWO, POINTS)
    with pytest.raises(NothingMatched, match="share no estimator"):
        compare.runs(frame, frame.assign(estimator="x" + frame["estimator"]))
    with pytest.raises(NothingMatched, match="share no task"):
        compare.runs(frame, frame.assign(task="other"))


def test_an_unknown_estimator_is_named():
    with pytest.raises(UsageError, match="no estimator 'ksgg'; did you mean 'ksg'"):
        compare.labels(trials(TWO), "ksgg", "mine")


@pytest.mark.parametrize("cells", [1, 3, 5])
def test_too_few_cells_are_said_not_tested(cells):
    frame = trials(TWO, tuple((dim, 0.5) for dim in range(1, cells + 1)), bias={"mine": 0.5})
    over = compare.labels(frame, "ksg", "mine").overs[0]
    assert math.isnan(over.p)
    assert over.said == TOO_FEW
    assert over.verdict == ""


def test_six_clear_cells_are_enough():
    frame = trials(TWO, tuple((dim, 0.5) for dim in range(1, 7)), bias={"mine": 0.5})
    over = compare.labels(frame, "ksg", "mine").overs[0]
    assert over.p == pytest.approx(2 / 2**6)
    assert over.verdict == "worse"


FIVE = tuple((name, {}, "none") for name in ("a", "b", "c", "d", "e"))


def errors_by_cell(frame):
    """Mean |error| a cell and estimator, by plain loops."""
    table = {}
    for row in frame.to_dict("records"):
        table.setdefault((row["point"], row["estimator"]), []).append(abs(row["mi_estimate"] - row["mi_true"]))
    points = sorted({point for point, _ in table})
    return {name: [float(np.mean(table[point, name])) for point in points] for name, _, _ in FIVE}


def test_ranking_is_wilcoxon_with_holm_over_cells():
    frame = trials(FIVE, tuple((dim, mi) for dim in range(1, 7) for mi in (0.5, 2.0)), bias={"d": 0.1, "e": 0.4})
    found = ranking(frame)
    errors = errors_by_cell(frame)
    names = sorted(errors)
    raw = {pair: stats.wilcoxon(errors[pair[0]], errors[pair[1]]).pvalue for pair in combinations(names, 2)}
    ordered, holm, floor = sorted(raw, key=raw.get), {}, 0.0
    for i, pair in enumerate(ordered):
        floor = max(floor, min(1.0, raw[pair] * (len(raw) - i)))
        holm[frozenset(pair)] = floor
    assert {frozenset((over.first, over.second)): over.p for over in found.pairs} == pytest.approx(holm)
    ranks = stats.rankdata(np.array([errors[name] for name in names]), axis=0).mean(axis=1)
    assert dict(zip(found.labels, found.ranks, strict=True)) == pytest.approx(dict(zip(names, ranks, strict=True)))
    assert found.friedman == pytest.approx(stats.friedmanchisquare(*(errors[name] for name in names)).pvalue)
    assert found.labels[-1] == "e"
    assert not any("e" in clique for clique in found.cliques)


def test_ranking_agrees_with_scikit_posthocs():
    posthocs = pytest.importorskip("scikit_posthocs")
    frame = trials(FIVE, tuple((dim, 0.5) for dim in range(1, 13)), bias={"d": 0.1, "e": 0.4})
    errors = errors_by_cell(frame)
    long = pd.DataFrame([(name, value) for name, values in errors.items() for value in values], columns=["g", "v"])
    theirs = posthocs.posthoc_wilcoxon(long, val_col="v", group_col="g", p_adjust="holm")
    for over in ranking(frame).pairs:
        assert over.p == pytest.approx(theirs.loc[over.first, over.second])


def test_cells_with_failures_are_dropped_or_ranked_last():
    points = tuple((dim, mi) for dim in range(1, 7) for mi in (0.5, 2.0))
    frame = trials(FIVE, points, bias={"b": 0.2, "c": 0.4, "d": 0.6, "e": 0.8}, sd=0.01)
    frame = fail(frame, (frame["estimator"] == "a") & (frame["dim_x"] <= 4))
    dropped = ranking(frame)
    assert (dropped.cells, dropped.dropped) == (12, 0)
    assert dropped.ranks == pytest.approx((1, 2, 3, 4, 5))
    assert {over.cells for over in dropped.pairs if "a" in (over.first, over.second)} == {4}
    assert {over.cells for over in dropped.pairs if "a" not in (over.first, over.second)} == {12}
    assert "a without 8 of 12 cells: 8 failed" in dropped.notes
    assert any("over the 4 of 12 cells that all finished" in note for note in dropped.notes)
    worst = ranking(frame, failures="worst")
    assert worst.cells == 12
    ranks = {"a": 8 * 5 + 4 * 1, "b": 8 * 1 + 4 * 2, "c": 8 * 2 + 4 * 3, "d": 8 * 3 + 4 * 4, "e": 8 * 4 + 4 * 5}
    assert dict(zip(worst.labels, worst.ranks, strict=True)) == pytest.approx({k: v / 12 for k, v in ranks.items()})
    assert dict(zip(worst.labels, worst.wins, strict=True)) == {"a": 4, "b": 8, "c": 0, "d": 0, "e": 0}
    finished = frame[(frame["estimator"] == "a") & (frame["status"] == "ok")]
    errors = dict(zip(worst.labels, worst.errors, strict=True))
    assert errors["a"] == pytest.approx((finished["mi_estimate"] - finished["mi_true"]).abs().mean())


def test_who_never_finished_is_left_out_and_named():
    """Otherwise one estimator that crashes would leave the others without a comparison."""
    frame = trials(FIVE, POINTS)
    rest = ranking(frame[frame["estimator"] != "b"])
    found = ranking(fail(frame, frame["estimator"] == "b", "crashed"))
    assert (found.labels, found.ranks, found.cells) == (rest.labels, rest.ranks, rest.cells)
    assert "b left out: none of its trials ended ok" in found.notes
    with pytest.raises(NothingMatched, match="finished by two"):
        ranking(fail(frame, frame["estimator"] != "b", "crashed"))
    with pytest.raises(NothingMatched, match="finished by any"):
        ranking(fail(frame, frame["estimator"] != "", "crashed"), failures="worst")


def test_what_one_does_not_support_costs_the_others_nothing():
    """Ranks and tests of the others are what they are without it, which is compared where it has cells."""
    points = tuple((dim, mi) for dim in range(1, 9) for mi in (0.5, 2.0))
    frame = trials(FIVE, points, bias={"b": 0.2, "c": 0.4, "d": 0.6, "e": 0.8}, seeds=4)
    frame = fail(frame, (frame["estimator"] == "a") & (frame["dim_x"] > 2), "unsupported")
    for failures in ("drop", "worst"):
        found = ranking(frame, failures=failures)
        rest = ranking(frame[frame["estimator"] != "a"], failures=failures)
        assert found.cells == rest.cells == 16
        assert found.labels == ("a", *rest.labels)
        assert found.ranks == pytest.approx((1, *(place + 1 for place in rest.ranks)))
        raw = {(over.first, over.second): over.change for over in found.pairs}
        assert all(raw[over.first, over.second] == over.change for over in rest.pairs)
        assert "a without 12 of 16 cells: 12 unsupported" in found.notes


def test_who_shares_no_cell_is_left_out():
    one, other = trials(FIVE[:2], ((1, 0.5),)), trials(FIVE[2:3], ((2, 0.5),))
    found = ranking(pd.concat([one, other]))
    assert set(found.labels) == {"a", "b"}
    assert "c left out: it shares no cell with another" in found.notes


def test_places_of_whole_tables_are_mean_ranks():
    values = np.random.default_rng(0).integers(0, 6, (40, 5)).astype(float)  # with ties
    shares = nearer(values[:, None, :] - values[:, :, None])
    assert places(shares) == pytest.approx(stats.rankdata(values, axis=1).mean(axis=0))
    weights = np.random.default_rng(1).integers(0, 3, (2, 40)).astype(float)
    ranks = stats.rankdata(values, axis=1)
    assert places(shares, weights) == pytest.approx(weights @ ranks / weights.sum(axis=1, keepdims=True))


def test_applications_are_not_compared_by_error():
    frame = trials(TWO, POINTS)
    made = frame.assign(kind="application", task="made", mi_true=np.nan, trial_id="a" + frame["trial_id"])
    both = pd.concat([frame.assign(kind="task"), made])
    found = ranking(both)
    assert (found.labels, found.ranks, found.cells) == (ranking(frame).labels, ranking(frame).ranks, 9)
    assert "trials of tasks alone; left out: 180 of kind application" in found.notes


def test_too_few_cells_are_said_once():
    frame = trials(FIVE, ((1, 0.5), (2, 0.5)))
    assert verdict.text(ranking(frame), compare.labels(frame, "a", "b")).count("too few cells") == 1


def test_the_columns_of_two_estimators_are_named_once():
    text = verdict.text(compare.labels(trials(TWO, POINTS, bias={"mine": 0.5}), "ksg", "mine"))
    assert "task  " in text
    assert "estimator" not in text


def test_cliques_are_the_groups_without_a_significant_pair():
    def over(first, second, p):
        return compare.Over(first, second, 12, 0.0, 0.0, 0.0, p, "")

    apart = {("a", "c"), ("a", "d"), ("b", "d")}
    pairs = [over(x, y, 0.01 if (x, y) in apart else 0.9) for x, y in combinations("abcd", 2)]
    assert _cliques("abcd", pairs) == (("a", "b"), ("b", "c"), ("c", "d"))


def test_one_estimator_cannot_be_ranked():
    with pytest.raises(NothingMatched, match="at least two"):
        ranking(trials(TWO[:1]))


def test_units_scale_differences_and_leave_p_alone():
    first, second = noisy(3, planted="dim=5:mi=1.0")
    nats, bits = (compare.runs(first, second, unit=unit) for unit in ("nats", "bits"))
    assert bits.cells["difference"].to_numpy() == pytest.approx(nats.cells["difference"].to_numpy() / math.log(2))
    assert bits.cells["p"].to_numpy() == pytest.approx(nats.cells["p"].to_numpy())


def test_json_holds_what_the_text_says():
    first, second = noisy(7, planted="dim=5:mi=1.0")
    found = compare.runs(first, second)
    document = json.loads(verdict.as_json([found]))
    assert document["worse"] is True
    assert [cell["point"] for cell in document["cells"] if cell["verdict"]] == ["dim=5:mi=1.0"]
    ranked = json.loads(verdict.as_json([ranking(trials(TWO, POINTS))]))
    assert ranked["labels"] == list(ranking(trials(TWO, POINTS)).labels)


def test_friedman_and_pairs_do_not_contradict_each_other():
    """Five cells in one order throughout: together they differ, and no pair can be told apart with five."""
    bias = {name: 0.2 * i for i, (name, _, _) in enumerate(FIVE)}
    few = verdict.text(ranking(trials(FIVE, tuple((dim, 0.5) for dim in range(1, 6)), sd=0.01, bias=bias)))
    assert "at least one differs, but the tests of pairs cannot say which" in few
    assert "no pair told apart among: a, b, c, d, e" in few
    many = verdict.text(ranking(trials(FIVE, tuple((dim, 0.5) for dim in range(1, 15)), sd=0.01, bias=bias)))
    assert "at least one differs\n" in many
    assert "told apart among" not in many


@pytest.mark.parametrize(
    ("p", "shown"),
    [
        (0.0498, "0.0498"),
        (0.0502, "0.0502"),
        (0.05, "0.050"),
        (0.04996, "0.04996"),
        (0.0494, "0.049"),
        (1e-5, "<0.001"),
    ],
)
def test_a_p_is_shown_on_its_side_of_the_level(p, shown):
    assert p_value(p, LEVEL) == shown


def test_a_cell_of_mixed_code_is_marked_and_named():
    first, second = noisy(7, planted="dim=5:mi=1.0")
    second = second.assign(code=["older" if seed < 2 else "abc" for seed in second["seed"]])
    text = verdict.text(compare.runs(first, second))
    assert "gaussian/dim=5:mi=1.0 ‡ " in text
    assert sum(line.startswith("note: B: ‡ ") and "--rerun stale" in line for line in text.splitlines()) == 1
    assert "‡" not in verdict.text(compare.runs(first, first))
    assert "‡" in verdict.text(ranking(trials(TWO, POINTS).assign(code=lambda f: f["seed"].astype(str))))
