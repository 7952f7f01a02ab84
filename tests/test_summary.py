"""Every number of a table, recomputed from the rows by code that shares nothing with it."""

import csv
import io
import json
import math
import statistics

import numpy as np
import pandas as pd
import pytest
from frames import fail, trials

from mibench.findings import nearest, paired, summary
from mibench.tables import wide

T_975 = {1: 12.7062, 2: 4.3027, 7: 2.3646, 9: 2.2622}
"""Student's 97.5 % quantiles by degrees of freedom, from printed tables."""


@pytest.fixture
def frame():
    three = (("ksg", {"k": 3}, "none"), ("ksg", {"k": 10}, "none"), ("mine", {"steps": 5}, "lower"))
    frame = trials(three, bias={"mine": -0.2}, samples=(500, 1000))
    frame = fail(frame, (frame.estimator == "mine") & (frame.seed < 2) & (frame.dim_x == 5))
    frame = fail(frame, (frame.estimator == "mine") & (frame.dim_x == 1) & (frame.mi_true == 2.0), "oom")
    frame.loc[(frame.estimator == "mine") & (frame.seed > 6) & (frame.status == "ok"), "flags"] = "saturated,unreliable"
    return frame


def rows_of(frame, cell):
    """The rows of a cell, found again by its settings."""
    k = cell["label"].partition("k=")[2]
    return [
        row
        for row in csv.DictReader(io.StringIO(frame.to_csv()))
        if row["estimator"] == cell["estimator"]
        and (not k or json.loads(row["estimator_params"])["k"] == int(k))
        and row["point"] == cell["point"]
        and int(row["n_samples"]) == cell["n_samples"]
    ]


@pytest.mark.parametrize(("unit", "nat"), [("nats", 1.0), ("bits", 1 / math.log(2))])
def test_cells_are_the_statistics_of_their_rows(frame, unit, nat):
    table = summary.cells(frame, unit).to_dict("records")
    assert len(table) == 3 * 3 * 2
    for cell in table:
        rows = rows_of(frame, cell)
        ok = [float(row["mi_estimate"]) * nat for row in rows if row["status"] == "ok"]
        assert (cell["n_seeds"], cell["n_ok"], cell["n_failed"]) == (len(rows), len(ok), len(rows) - len(ok))
        assert cell["truth"] == pytest.approx(float(rows[0]["mi_true"]) * nat)
        if not ok:
            assert math.isnan(cell["mean"])
            assert cell["failures"] == "oom 10"
            continue
        mean, sd, truth = statistics.fmean(ok), statistics.stdev(ok), cell["truth"]
        half = T_975[len(ok) - 1] * sd / math.sqrt(len(ok))
        assert cell["mean"] == pytest.approx(mean)
        assert cell["sd"] == pytest.approx(sd)
        assert (cell["ci_low"], cell["ci_high"]) == pytest.approx((mean - half, mean + half), rel=1e-4)
        assert cell["bias"] == pytest.approx(mean - truth)
        assert cell["variance"] == pytest.approx(statistics.pvariance(ok))
        assert cell["mse"] == pytest.approx(statistics.fmean((value - truth) ** 2 for value in ok))
        assert cell["mse"] == pytest.approx(cell["bias"] ** 2 + cell["variance"], rel=1e-12)
        assert cell["rmse"] == pytest.approx(math.sqrt(cell["mse"]))
        assert cell["mae"] == pytest.approx(statistics.fmean(abs(value - truth) for value in ok))
        assert cell["median"] == pytest.approx(statistics.median(ok))
        seconds = [float(row["fit_seconds"]) for row in rows if row["status"] == "ok"]
        assert cell["fit_seconds"] == pytest.approx(statistics.median(seconds))
        flagged = sum("saturated" in row["flags"] for row in rows if row["status"] == "ok")
        assert cell["flags"] == (f"saturated {flagged}, unreliable {flagged}" if flagged else "")


def test_labels_tell_settings_apart(frame):
    assert set(summary.tidy(frame)["label"]) == {"ksg k=3", "ksg k=10", "mine"}


def test_labels_tell_devices_apart():
    cuda = trials().assign(device="cuda:0")
    cuda["trial_id"] += "-cuda"
    both = pd.concat([trials(), cuda[cuda.estimator == "mine"]])
    assert set(summary.tidy(both)["label"]) == {"ksg", "mine device=cpu", "mine device=cuda"}


def test_cards_of_one_kind_share_a_cell():
    frame = trials()
    frame["device"] = ["cuda:0" if seed % 2 else "cuda:1" for seed in frame["seed"]]
    assert set(summary.tidy(frame)["label"]) == {"ksg", "mine"}


def test_points_of_one_name_and_other_settings_are_told_apart():
    frame, other = trials(points=((1, 0.5),)), trials(points=((1, 0.5),), task="gaussian")
    other["task_params"] = json.dumps({"dim": 1, "mi": 0.5, "noise": 1})
    other["trial_id"] += "-noise"
    points = set(summary.tidy(pd.concat([frame, other]))["point"])
    assert points == {"dim=1:mi=0.5 noise=absent", "dim=1:mi=0.5 noise=1"}


def test_the_last_row_of_a_trial_wins():
    frame = trials()
    again = frame.iloc[[0]].assign(mi_estimate=99.0)
    assert summary.tidy(pd.concat([frame, again]))["mi_estimate"].max() == 99.0
    assert len(summary.tidy(pd.concat([frame, again]))) == len(frame)


def test_an_estimate_that_is_no_number_is_a_failure():
    frame = trials(seeds=4)
    frame.loc[frame.index[0], "mi_estimate"] = np.inf
    cell = summary.cells(frame).iloc[0]
    assert (cell["n_ok"], cell["failures"]) == (3, "not finite 1")
    assert np.isfinite(cell["mean"])


def test_one_seed_has_no_interval():
    table = summary.cells(trials(seeds=1))
    assert table[["sd", "ci_low", "ci_high"]].isna().all().all()
    assert table["mean"].notna().all()


def test_intervals_cover_the_mean_as_often_as_they_say():
    """2000 cells of 10 seeds: a 95 % interval covers with a standard error of 0.5 %, so within 93 to 97 %."""
    rng = np.random.default_rng(1)
    seeds = 10
    frame = pd.DataFrame(
        {
            "estimator": "a",
            "task": "t",
            "point": np.repeat([f"p{i}" for i in range(2000)], seeds),
            "n_samples": 10,
            "seed": np.tile(np.arange(seeds), 2000),
            "status": "ok",
            "mi_true": 1.0,
            "mi_estimate": rng.normal(1.3, 0.2, 2000 * seeds),
        }
    )
    table = summary.cells(frame)
    covered = ((table["ci_low"] <= 1.3) & (table["ci_high"] >= 1.3)).mean()
    assert 0.93 <= covered <= 0.97


@pytest.mark.parametrize("column", summary.REQUIRED)
def test_a_missing_column_is_named(column):
    with pytest.raises(ValueError, match=f"no column {column}$"):
        summary.cells(trials().drop(columns=column))


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda f: f.assign(mi_estimate="much"), "column mi_estimate holds something that is not a number"),
        (lambda f: f.assign(schema_version=[1, 2] * (len(f) // 2)), "schema versions 1 and 2 are mixed"),
        (lambda f: f.assign(estimator_params="{k"), "settings are not JSON: '{k'"),
        (lambda f: pd.concat([f, f.assign(trial_id=f.trial_id + "x")]), "has seed 0 more than once"),
    ],
    ids=["words", "schema", "json", "twice"],
)
def test_damaged_rows_give_one_clear_line(damage, says):
    with pytest.raises(ValueError, match=says) as caught:
        summary.cells(damage(trials()))
    assert "\n" not in str(caught.value)


def test_no_trials_give_an_empty_table():
    assert summary.cells(trials().iloc[:0]).empty
    assert wide.text(trials().iloc[:0]) == "no trials\n"


def test_holm_is_holm():
    """Worked by hand: sorted p times 3, 2, 1, never falling, at most 1."""
    assert paired.holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert paired.holm([0.5, np.nan, 0.9]) == pytest.approx([1.0, np.nan, 1.0], nan_ok=True)


def test_paired_t_is_scipys():
    from scipy import stats

    difference = np.random.default_rng(0).normal(0.1, 1, 12)
    p = paired.paired_t([difference.mean()], [difference.std(ddof=1)], [12])
    assert p == pytest.approx([stats.ttest_1samp(difference, 0).pvalue])


@pytest.mark.parametrize(("mean", "p"), [(0.0, 1.0), (0.3, 0.0)])
def test_differences_without_noise_are_none_or_certain(mean, p):
    assert paired.paired_t([mean], [0.0], [10]) == [p]


THREE = (("a", {}, "none"), ("b", {}, "none"), ("c", {}, "none"))


def test_marked_are_the_nearest_and_who_is_shown_to_be_as_near():
    """At a noise of 0.004 errors of 0.003, 0.01 and 0.5 are nearest, within 0.02 of it, and far away."""
    frame = trials(THREE, bias={"b": 0.01, "c": 0.5}, shared=0, sd=0.004)
    marked = nearest.nearest(summary.tidy(frame))
    assert marked.groupby("label").sum().to_dict() == {"a": 3, "b": 3, "c": 0}
    assert "* nearest the truth, or shown to be within 0.020 nats or 5 % of the truth of it" in wide.text(frame)


def test_the_margin_grows_with_the_truth():
    """0.1 farther is beyond 0.02 nats, and within 5 % of a truth of 4."""
    frame = trials(THREE[:2], ((1, 0.5), (1, 4.0)), bias={"b": 0.1}, shared=0, sd=0.004)
    marked = nearest.nearest(summary.tidy(frame)).unstack("label")["b"]
    assert marked.groupby("point").first().to_dict() == {"dim=1:mi=0.5": False, "dim=1:mi=4.0": True}


@pytest.mark.parametrize("seeds", [1, 2, 3, 4])
def test_few_seeds_mark_the_nearest_alone(seeds):
    frame = trials(THREE, seeds=seeds, shared=0, sd=0.001)
    assert (nearest.nearest(summary.tidy(frame)).groupby(["task", "point"]).sum() == 1).all()
    assert "under 5 seeds none can be shown to be as near" in wide.text(frame)


def test_noise_does_not_make_anyone_near():
    """Estimates of 0.982 ± 1.410 at a truth of 0.224 are not shown to be near, with three seeds or with ten."""
    for seeds in (3, 10):
        frame = trials(THREE[:2], ((1, 0.224),), seeds=seeds)
        noise = np.random.default_rng(0).normal(0.982, 1.41, seeds)
        wild = frame["estimator"] == "b"
        frame.loc[wild, "mi_estimate"] = noise
        assert nearest.nearest(summary.tidy(frame)).groupby("label").sum().to_dict() == {"a": 1, "b": 0}


def test_rows_with_a_false_mark_are_few():
    """1000 rows in which two rivals err by just the margin more than the nearest: at most 5 % of them mark one.

    The share's standard error is 0.7 %, and one that is far within the margin is marked nearly always.
    """
    rng = np.random.default_rng(3)
    rows, seeds = 1000, 8
    error = {"first": 0.0, "edge": 0.02, "also": 0.02, "near": 0.002}
    frame = pd.DataFrame(
        [
            {"estimator": name, "point": f"p{row}", "seed": seed, "mi_estimate": 1.1 + far}
            for name, far in error.items()
            for row in range(rows)
            for seed in range(seeds)
        ]
    ).assign(task="t", n_samples=10, status="ok", mi_true=0.2)
    frame["mi_estimate"] += rng.normal(0, 0.006, len(frame))
    marked = nearest.nearest(summary.tidy(frame)).unstack("label")
    assert marked[["edge", "also"]].any(axis=1).mean() <= 0.065
    assert marked["near"].mean() > 0.95


def test_a_cell_with_failures_is_never_best():
    frame = trials(bias={"mine": 0.5})
    frame = fail(frame, (frame.estimator == "ksg") & (frame.seed == 0))
    assert nearest.nearest(summary.tidy(frame)).empty


def test_an_unsupported_trial_is_no_failure():
    frame = trials()
    cannot = (frame["estimator"] == "mine") & (frame["dim_x"] == 5)
    frame = fail(frame, cannot, "unsupported")
    table = summary.cells(frame).set_index(["label", "dim_x"])
    assert table.loc[("mine", 5), ["n_ok", "n_failed", "n_unsupported"]].tolist() == [0, 0, 10]
    assert table["n_failed"].sum() == 0
    assert set(table["failures"]) == {""}
    compared = nearest.nearest(summary.tidy(frame)).index.get_level_values("point")
    assert set(compared) == {"dim=1:mi=0.5", "dim=1:mi=2.0"}  # who stands alone in a row is nearest of nobody


def test_rows_of_two_codes_in_one_cell_are_counted():
    frame = trials()
    frame.loc[(frame["estimator"] == "mine") & (frame["seed"] < 3) & (frame["dim_x"] == 5), "code"] = "older"
    table = summary.cells(frame)
    assert table.loc[table["n_codes"] > 1, ["label", "dim_x"]].to_numpy().tolist() == [["mine", 5]]
    (note,) = summary.mixed_note(table)
    assert "mine on gaussian/dim=5:mi=0.5 n = 1000" in note
    assert "--rerun stale" in note


def test_a_later_column_that_a_table_lacks_is_read_as_empty():
    kept = [*summary.REQUIRED, "point"]
    frame = summary.tidy(trials()[kept])
    assert set(summary.OPTIONAL) <= set(frame.columns)
    assert (frame["flags"] == "").all()
    assert (frame["kind"] == "task").all()
    assert frame["steps"].isna().all()
    few, whole = (sorted(summary.cells(trials()[columns])["mean"]) for columns in (kept, trials().columns))
    assert few == pytest.approx(whole)
