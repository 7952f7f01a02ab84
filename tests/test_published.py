"""Published numbers: kept as they stand, converted rightly, matched only with what they may stand beside."""

import csv
import json
import math
import tomllib

import numpy as np
import pandas as pd
import pytest
from frames import trials
from scipy import stats

from mibench.errors import NothingMatched, UsageError
from mibench.findings import published, sources
from mibench.tables import published as tables

SOURCES = sources.sources()
NATS = {"nats": 1.0, "bits": math.log(2)}
ESTIMATES = {name: source for name, source in SOURCES.items() if name != "mine-2018-downstream"}


@pytest.mark.parametrize("name", SOURCES)
def test_every_row_has_source_and_locator(name):
    assert SOURCES[name].rows
    for row in SOURCES[name].rows:
        assert row["source"]
        assert row["source_locator"]


@pytest.mark.parametrize("name", ESTIMATES)
def test_every_number_has_evidence_and_is_converted(name):
    for row in ESTIMATES[name].rows:
        assert row["evidence"]
        json.loads(row["task_params"])
        assert float(row["true_mi_nats"]) >= 0
        if row["unit_in_source"] in NATS:
            nats = float(row["mean"]) * NATS[row["unit_in_source"]]
            assert float(row["mean_nats"]) == pytest.approx(nats, abs=1e-6)
            if row["std"]:
                assert float(row["std_nats"]) == pytest.approx(
                    float(row["std"]) * NATS[row["unit_in_source"]], abs=1e-6
                )
        else:
            assert row["mean_nats"] == ""


def test_smile_truths_are_those_of_their_correlations():
    """I = −d/2 log(1 − ρ²), and the correlations are printed with six digits."""
    for row in SOURCES["smile-2020"].rows:
        params = json.loads(row["task_params"])
        mi = -params["dim"] / 2 * math.log(1 - params["rho"] ** 2)
        assert float(row["true_mi_nats"]) == pytest.approx(mi, abs=1e-4)


def test_names_stand_for_something():
    for source in SOURCES.values():
        names = {row["estimator"] for row in source.rows}
        assert set(source.estimators) <= names


def at_the_published_point(estimator="infonce", params=None, task="staircase", dim=20, mi=2.0, value=1.7, **columns):
    params = {"critic": "concat", **(params or {})}
    frame = trials(((estimator, params, "lower"),), ((dim, mi),), task=task, seeds=5)
    return frame.assign(mi_estimate=value + 0.01 * np.arange(5), **columns)


def test_a_match_is_a_plain_difference():
    found = published.beside(at_the_published_point(), "smile-2020")
    rows = found.table.to_dict("records")
    with SOURCES["smile-2020"].path.open() as file:
        theirs = [
            float(row["mean"])
            for row in csv.DictReader(file)
            if row["estimator"] == "InfoNCE (CPC)"
            and row["true_mi_nats"] == "2"
            and row["estimator_settings"].startswith("critic=concat")
        ]
    assert [row["published"] for row in rows] == theirs
    assert rows[0]["difference"] == pytest.approx(1.72 - theirs[0])
    assert rows[0]["standard_error"] == pytest.approx(0.01 * math.sqrt(2.5) / math.sqrt(5))


def test_units_scale_what_is_printed():
    nats, bits = (published.beside(at_the_published_point(), "smile-2020", unit).table for unit in ("nats", "bits"))
    for column in ("truth", "published", "here", "sd", "difference"):
        assert bits[column].to_numpy() == pytest.approx(nats[column].to_numpy() / math.log(2))


NEAREST = {"k": 3, "scaling": "standard"}


@pytest.mark.parametrize("dim", [1, 13, 25, 37, 50])
def test_the_low_rank_task_is_matched_at_every_dimension(dim):
    frame = at_the_published_point("ksg", NEAREST, "low-rank", dim, math.log(2), 0.5).drop(columns="ceiling")
    found = published.beside(frame, "latentmi-2024").table
    theirs = [
        float(row["mean_nats"])
        for row in SOURCES["latentmi-2024"].rows
        if (row["estimator"], row["dim_x"], row["n_samples"]) == ("KSG", str(dim), "1000")
    ]
    assert found["published"].tolist() == theirs


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"task": "nonlinear"}, "there are numbers for staircase, gaussian, here is nonlinear"),
        ({"estimator": "flo"}, "there are numbers for infonce, nwj, smile, here is flo"),
        ({"dim": 7}, "dimension 20; truth 2, 4, 6, 8, 10"),
    ],
    ids=["task", "estimator", "dimension"],
)
def test_what_keeps_a_run_from_matching_is_said(other, says):
    with pytest.raises(NothingMatched, match=says):
        published.beside(at_the_published_point(**other), "smile-2020")


def beside_ten_seeds():
    """A run at a point that was published in bits, with ten seeds; the outcome, and the row of the source."""
    frame = at_the_published_point("ksg", NEAREST, "low-rank", 1, math.log(2), 0.69).drop(columns="ceiling")
    theirs = next(
        row
        for row in SOURCES["latentmi-2024"].rows
        if (row["estimator"], row["dim_x"], row["n_samples"]) == ("KSG", "1", "1000")
    )
    return frame, published.beside(frame, "latentmi-2024").table.iloc[0], theirs


def test_bits_are_converted():
    _, row, theirs = beside_ten_seeds()
    assert row["published"] == pytest.approx(float(theirs["mean"]) * math.log(2), abs=1e-6)
    error = math.sqrt((float(theirs["std"]) * math.log(2)) ** 2 / 10 + 0.01**2 * 2.5 / 5)
    assert row["standard_error"] == pytest.approx(error, rel=1e-4)


def test_the_interval_of_a_difference_is_welchs():
    """Five seeds here and ten there: scipy's, of two samples that have these means and deviations."""
    frame, row, theirs = beside_ten_seeds()
    ten = np.arange(10) - 4.5
    sample = float(theirs["mean_nats"]) + ten * float(theirs["std_nats"]) / ten.std(ddof=1)
    interval = stats.ttest_ind(frame["mi_estimate"], sample, equal_var=False).confidence_interval()
    assert (row["low"], row["high"]) == pytest.approx(tuple(interval), abs=1e-9)


def test_the_interval_beside_a_single_run_is_students():
    frame = at_the_published_point()
    row = published.beside(frame, "smile-2020").table.iloc[0]
    interval = stats.ttest_1samp(frame["mi_estimate"], row["published"]).confidence_interval()
    assert (row["low"], row["high"]) == pytest.approx(np.array(interval) - row["published"])
    alone = published.beside(frame[frame["seed"] == 0], "smile-2020").table.iloc[0]
    assert math.isnan(alone["low"])


def test_settings_that_differ_are_named():
    theirs = {"steps": 4000, "hidden": [256, 256, 256], "learning_rate": 5e-4, "scaling": "none", "averaging": 0.0}
    same = published.beside(at_the_published_point(params=theirs), "smile-2020")
    assert not any(note.startswith("settings") for note in same.notes)
    other = published.beside(at_the_published_point(params={**theirs, "steps": 400, "hidden": [64, 64]}), "smile-2020")
    said = "hidden=256x256x256 (here 64x64); steps=4000 (here 400)"
    assert f"settings of run --like smile-2020, where they are others here: {said}" in other.notes


@pytest.mark.parametrize(
    "other",
    [{"mi": 2.5}, {"dim": 10}, {"task": "staircase-cubic"}, {"estimator": "flo"}, {"params": {"critic": "bilinear"}}],
    ids=["truth", "dimension", "task", "estimator", "critic"],
)
def test_what_is_not_the_same_is_not_matched(other):
    with pytest.raises(NothingMatched, match="no cell of the run has a counterpart in smile-2020"):
        published.beside(at_the_published_point(**other), "smile-2020")


def test_a_setting_tells_estimators_apart():
    frame = at_the_published_point("smile", {"clip": 5.0})
    assert set(published.beside(frame, "smile-2020").table["there"]) == {"SMILE tau=5"}


def test_fixed_samples_must_have_the_same_n():
    frame = at_the_published_point("ksg", NEAREST, "low-rank", 1, math.log(2)).assign(n_samples=1500)
    with pytest.raises(NothingMatched):
        published.beside(frame, "latentmi-2024")


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"samples_seen": 800}, "samples: fresh there, fixed here"),
        ({"ceiling": math.log(256)}, "InfoNCE cannot exceed 4.159 nats there and 5.545 here"),
        ({}, "reported there: the value on the training batch"),
    ],
)
def test_protocols_that_differ_are_named(columns, says):
    found = published.beside(at_the_published_point(**columns), "smile-2020")
    assert any(says in note for note in found.notes)
    assert says in tables.text(found)


def test_protocols_that_agree_are_not():
    found = published.beside(at_the_published_point(samples_seen=256_000, ceiling=math.log(64)), "smile-2020")
    assert not any(note.startswith(("samples:", "InfoNCE")) for note in found.notes)


@pytest.mark.parametrize(
    "columns",
    [{"params": {"fresh": True}}, {"task_params": '{"base":{"dim":20,"mi":2.0},"type":"Fresh"}'}],
    ids=["setting", "task"],
)
def test_fresh_samples_are_known_however_few_were_seen(columns):
    found = published.beside(at_the_published_point(samples_seen=800, **columns), "smile-2020")
    assert not any(note.startswith("samples:") for note in found.notes)


def test_the_offset_of_jensen_shannon_is_said_where_it_matters():
    level = 2 * math.log(2)
    with_js = published.beside(at_the_published_point("jsd", {}, "gaussian", 10, level), "mibenchmark-2024")
    without = published.beside(at_the_published_point("nwj", {}, "gaussian", 10, level), "mibenchmark-2024")
    assert any("0.368 nats (1/e)" in note for note in with_js.notes)
    assert not any("1/e" in note for note in without.notes)


def test_choice_by_the_truth_is_said():
    frame = at_the_published_point("mine", {}, "gaussian", 128, 4.130465)
    assert any("nearest to it" in note for note in published.beside(frame, "mcallester-stratos-2020").notes)


def test_json_is_the_same():
    found = published.beside(at_the_published_point(), "smile-2020")
    document = json.loads(tables.as_json(found))
    assert document["source"] == "smile-2020"
    assert pd.DataFrame(document["rows"])["difference"].tolist() == pytest.approx(found.table["difference"].tolist())


def test_markdown_and_latex_are_the_same():
    found = published.beside(at_the_published_point(), "smile-2020")
    row = next(line for line in tables.markdown(found).splitlines() if line.startswith("| infonce"))
    assert [cell.strip() for cell in row.split("|")][5:8] == ["2.000", "1.739", "1.720 ± 0.016"]
    assert "- reported there: the value on the training batch" in tables.markdown(found)
    assert "1.739 & 1.720 $\\pm$ 0.016" in tables.latex(found)
    assert "Reported there: the value on the training batch" in tables.latex(found)


def test_names_are_checked():
    with pytest.raises(UsageError, match="did you mean 'smile-2020'"):
        published.beside(trials(), "smile-2021")
    with pytest.raises(NothingMatched, match="mean over dimensions"):
        published.beside(trials(), "mutinfo-lowdim")


@pytest.mark.parametrize("name", [name for name, source in SOURCES.items() if source.like])
def test_runs_like_a_source_can_be_prepared(name):
    from mibench import runs, settings

    prepared = runs.prepare(settings.of(published.like(name)), make_folder=False)
    truths = {float(point.task.mi) for point in prepared.points}
    theirs = {float(row["true_mi_nats"]) for row in published._numbers(SOURCES[name])}
    assert all(min(abs(mi - truth) for mi in truths) <= published.SAME_TRUTH * max(1, truth) for truth in theirs)


def test_named_estimators_take_over_the_protocol_they_have_fields_of():
    def has(name, field):
        return name != "half" and not (name == "ksg" and field in ("hidden", "steps", "batch_size"))

    made = published.like("latentmi-2024", ["mine", "ksg:k=5", "half", "nwj:steps=50"], has)
    assert made["estimators"] == (
        "mine:scaling=standard:hidden=16x8:batch_size=256:steps=10000",
        "ksg:k=5:scaling=standard",
        "half",
        "nwj:scaling=standard:hidden=16x8:batch_size=256:steps=50",
    )
    assert made["tasks"] == ("low-rank",)
    assert not {"fields", "others"} & made.keys()
    (smile,) = published.like("smile-2020", ["smile"])["estimators"]
    assert "clip" not in smile
    assert ":steps=4000:" in smile


def test_where_both_read_training_batches_nothing_is_to_be_said():
    """But where one of them alone does."""
    here = at_the_published_point(flags="training-batch")
    assert not any(note.startswith("reported there") for note in published.beside(here, "smile-2020").notes)
    low = at_the_published_point("ksg", NEAREST, "low-rank", 1, math.log(2)).assign(flags="training-batch")
    said = "reported there: the value on held-out samples; here: on the training batch, which training has seen"
    assert said in published.beside(low, "latentmi-2024").notes


def test_points_of_one_truth_are_told_apart_where_the_source_names_them():
    """Wrapped and spiral normals have the same dimensions, n and truth."""
    frame = at_the_published_point("mine", {}, "vce", 32, 10.7735128522).assign(n_samples=10_000)
    both = [frame.assign(point=point, trial_id=point + frame["trial_id"]) for point in ("wrapped", "spiral")]
    table = published.beside(pd.concat(both), "vce-2025").table.set_index("task")["published"]
    assert table.to_dict() == {"vce/wrapped": 4.002, "vce/spiral": 7.589}
    with pytest.raises(NothingMatched):
        published.beside(both[0].assign(point="turned"), "vce-2025")


def test_a_value_on_the_sample_itself_is_said():
    frame = at_the_published_point("mine", {}, "vce", 32, 12.4563654).assign(n_samples=10_000, point="student")
    notes = published.beside(frame, "vce-2025").notes
    assert "reported there: the value on the whole sample, which training has seen; here: on held-out samples" in notes


@pytest.mark.parametrize("name", [name for name, source in SOURCES.items() if source.points])
def test_points_that_a_source_names_are_there_with_its_truth(name):
    from sweeps import SWEEPS

    for row in SOURCES[name].rows:
        (task,) = [
            sweep[point]
            for sweep in map(SWEEPS.__getitem__, SOURCES[name].tasks)
            if (point := SOURCES[name].points[row["task"]]) in sweep
        ]
        assert (row["dim_x"], row["dim_y"]) == (str(task.dim_x), str(task.dim_y))
        assert float(row["true_mi_nats"]) == pytest.approx(task.mi, abs=published.SAME_TRUTH * max(1, task.mi))


def test_what_has_no_counterpart_is_said():
    mine = at_the_published_point()
    ours = at_the_published_point(estimator="half", task="staircase")
    far = at_the_published_point(mi=2.5)
    found = published.beside(pd.concat([mine, ours, far]), "smile-2020")
    assert found.alone == (
        "half: smile-2020 has no numbers of half",
        "infonce: staircase/dim=20:mi=2.5 n = 1000",
    )
    assert "of this run without a counterpart there:\n- half:" in tables.text(found)
    assert json.loads(tables.as_json(found))["alone"] == list(found.alone)
    assert published.beside(mine, "smile-2020").alone == ()


def test_a_number_that_a_source_has_twice_is_shown_once():
    """gmm-mi-2022 has each truth at ρ and −ρ: KSG's numbers are the same at both, MINE's are told apart."""
    params = {"k": 1, "scaling": "standard"}
    frame = trials((("ksg", params, "none"), ("mine", {}, "lower")), ((1, 1.958518),), samples=(200,), seeds=5)
    table = published.beside(frame, "gmm-mi-2022").table
    ksg, mine = table[table["label"] == "ksg"], table[table["label"] == "mine"]
    assert ksg["there"].tolist() == ["KSG"]
    assert set(mine["there"]) == {"MINE rho=-0.99", "MINE rho=0.99"}
    assert mine["published"].nunique() == 2


def test_a_source_without_a_run_says_why():
    with pytest.raises(UsageError, match="no run like mutinfo-lowdim"):
        published.like("mutinfo-lowdim")


def test_the_manifest_is_whole():
    folder = SOURCES["smile-2020"].path.parent
    kept = tomllib.loads((folder / "sources.toml").read_text())
    assert {path.stem for path in folder.glob("*.csv")} == set(kept)


def test_a_cell_of_mixed_code_is_marked_beside_published_numbers():
    frame = at_the_published_point()
    assert "‡" not in tables.text(published.beside(frame, "smile-2020"))
    text = tables.text(published.beside(frame.assign(code=list("aabbb")), "smile-2020"))
    assert "1.720 ± 0.016 ‡" in text
    assert "- ‡ rows made by different code" in text
