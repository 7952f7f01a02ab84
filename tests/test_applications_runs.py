"""Models trained with a term, from the command to rows, tables and comparisons, on an application of milliseconds."""

import dataclasses
import html
import json
import math
import pickle
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest
from frames import models
from toy_application import Bound, Toy
from typer.testing import CliRunner

import mibench as public
from mibench import catalogue, offers, report, request, runs, settings, store, trial
from mibench.checks import applications, check
from mibench.cli import app, described
from mibench.device import Device
from mibench.errors import MibenchError, UsageError
from mibench.findings import scores, wins
from mibench.in_python import whole
from mibench.interface import Application, Diverged, Outcome, Score
from mibench.result import read_scores
from mibench.tables import formats

PLUGIN = str(Path(__file__).with_name("toy_application.py"))


def asked(estimators, tasks="toy/small", **more):
    return settings.of({"estimators": (estimators,), "tasks": (tasks,), "plugins": (PLUGIN,), "seeds": "2", **more})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run of two trials at once."""
    output = tmp_path_factory.mktemp("toy") / "two"
    whole(runs.prepare(asked("none,bound,plain,spoilt", output=str(output), jobs=2)))
    return output


@pytest.fixture(scope="module")
def rows(folder):
    return public.load(folder)


def of(rows, estimator):
    return rows[rows["estimator"] == estimator].sort_values("seed")


def test_a_row_holds_scores_and_no_truth(rows):
    assert isinstance(Toy(), Application)
    assert set(rows["kind"]) == {"application"}
    assert rows[["mi_true", "n_samples", "dim_x"]].isna().all(axis=None)
    kept = read_scores(of(rows, "bound")["scores"].iloc[0])
    assert list(kept) == ["error", "slope"]
    assert [(one.better, one.margin) for one in kept.values()] == [("lower", 0.01), ("higher", 0.0)]
    assert of(rows, "bound")["mi_estimate"].notna().all()
    assert of(rows, "none")["mi_estimate"].isna().all()
    assert set(of(rows, "none")["chosen"]) == {'{"step":6}'}
    assert set(of(rows, "bound")["threads"]) == {1}


def test_a_later_score_that_is_nan_is_a_dash_in_the_line_of_its_cell(tmp_path, mibench):
    """No slope is learnt in no steps."""
    done = mibench("run", "-p", PLUGIN, "-e", "none", "-t", "toy/small:steps=0", "--seeds", "2", "-o", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    assert "slope – ↑" in done.stderr


def test_a_term_that_is_none_after_all_is_no_term(tmp_path):
    """It would stand among the terms as what is the model without one."""
    found = whole(runs.prepare(asked("empty", output=str(tmp_path / "run"))))
    (row,) = found[(found["estimator"] == "empty") & (found["seed"] == 0)].to_dict("records")
    assert row["status"] == "error"
    assert "term() returned None" in row["error"]


def test_baselines_are_rows_of_their_own_once_a_seed(rows):
    assert list(of(rows, "mean")["seed"]) == [0, 1]
    assert set(of(rows, "mean")["status"]) == {"ok"}
    assert list(read_scores(of(rows, "mean")["scores"].iloc[0])) == ["error"]
    flagged = rows["flags"].fillna("").str.contains("baseline")
    assert set(rows.loc[flagged, "estimator"]) == {"mean"}


def test_a_baseline_that_was_stopped_is_still_one():
    (point,) = catalogue.discover([PLUGIN]).points("toy/small")
    (own,) = point.baselines
    assert trial.Trial(own, point, None, 0, "cpu", "").row("timeout").flags == "baseline"
    assert trial.Trial(own, point, None, 0, "cpu", "").row("ok", flags="no-pictures").flags == "baseline,no-pictures"


def test_an_estimator_without_a_term_is_unsupported(rows):
    assert set(of(rows, "plain")["status"]) == {"unsupported"}
    assert of(rows, "plain")["scores"].isna().all()


def test_a_term_that_gives_nan_keeps_the_scores_from_before(rows):
    """Its loss is not finite at the first step: the scores are those of the first weights."""
    assert set(of(rows, "spoilt")["status"]) == {"diverged"}
    assert of(rows, "spoilt")["error"].str.contains("the loss is nan at step 0").all()
    for row in of(rows, "spoilt").itertuples():
        found = trial_of("none", Toy(steps=0), row.seed, origin="small", changed_from=Toy())
        assert read_scores(row.scores)["error"].value == found.scores["error"]


def trial_of(name, task, seed, origin, changed_from):
    """The outcome of the application with the streams of the row's own definition."""
    point = catalogue.Point("toy", origin, {}, origin, changed_from)
    found = catalogue.discover([PLUGIN])
    planned = trial.Trial(found.estimator(name), point, None, seed, "cpu", "")
    return task.train(lambda dim_x, dim_z: None, seed=planned.model_seed, device="cpu")


def test_scores_are_tidy(folder):
    table = public.scores(folder)
    assert list(table.columns[-4:]) == ["score", "value", "better", "margin"]
    assert len(table) == 2 * (2 + 2 + 2 + 1)  # none, bound and spoilt have two scores, the baseline one
    written = pd.read_csv(folder / "scores.csv")
    pd.testing.assert_frame_equal(written, table, check_dtype=False)


def test_curves_and_pictures_lie_beside_the_rows(folder, rows):
    ids = rows["trial_id"]
    curves, pictures = store.read_named_curves([folder], ids), store.read_pictures([folder], ids)
    with_one = set(rows.loc[rows["estimator"].isin(["none", "bound", "spoilt"]), "trial_id"])
    assert set(curves) == with_one
    assert all([step for step, _ in curves[trial]["loss"]] == list(range(6)) for trial in of(rows, "bound")["trial_id"])
    assert set(pictures) == with_one
    assert all(one["codes"].shape == (4, 1) and one["codes"].dtype == np.float32 for one in pictures.values())
    assert not store.read_curves([folder], ids), "these are no learning curves of estimators"


def test_a_run_of_one_job_gone_on_with_gives_the_same_numbers(folder, rows, tmp_path):
    begun = runs.prepare(asked("none,bound,plain,spoilt", output=str(tmp_path / "one"), jobs=1))
    half = begun.results()
    for _ in range(5):
        next(half)
    half.close()
    frame = whole(runs.resume(tmp_path / "one"))
    assert runs.resume(tmp_path / "one").survey() == 2, "what diverged, and nothing else, is due again"
    key = ["trial_id", "status", "scores", "mi_estimate", "chosen", "code"]
    first, second = (one.sort_values("trial_id")[key].reset_index(drop=True) for one in (rows, frame))
    pd.testing.assert_frame_equal(first, second)


def test_the_report_has_the_table_of_scores(folder, rows):
    page = report.page(rows, [folder])
    assert "Trained models" in page
    assert html.escape(formats.text(rows).splitlines()[4]) in page


def test_an_application_made_in_python_runs_in_this_process(tmp_path):
    made = {"bound": Bound(), "double": Bound(2.0)}
    frame = public.run(made, {"small": Toy()}, seeds=1, output=tmp_path / "here")
    assert dict(zip(frame["estimator"], frame["status"], strict=True)) == dict.fromkeys(["mean", *made], "ok")
    assert len(store.read_pictures([tmp_path / "here"], frame["trial_id"])) == 2


class Wide(Toy):
    """Has another score, and other steps."""

    scores = {"loss": Score("higher")}


@pytest.mark.parametrize("twice", [False, True])
def test_describe_says_what_points_share_and_what_they_do_not(twice):
    points = {"small": Toy(), "wide": dataclasses.dataclass(frozen=True)(Wide)(steps=9) if twice else Toy(rows=9)}
    found = catalogue.discover([PLUGIN]).with_objects({"both": points})
    said = described.application(found, "both", found.points("both"), "")
    assert list(said["own_fields"]["small"]) == list(said["own_fields"]["wide"]) == ["steps" if twice else "rows"]
    assert said["own_fields"]["wide"]["steps" if twice else "rows"]["value"] == 9
    assert said["fields"]["weight"]["value"] == 0.5
    usual = ["error ↓ (lower is better, margin 0.01)", "slope ↑ (higher is better)"]
    assert said["scores"] == ({"small": usual, "wide": ["loss ↑ (higher is better)"]} if twice else usual)


def planned(estimators, tasks="toy/small", **more):
    return runs.prepare(asked(estimators, tasks, **more), make_folder=False)


def test_rivals_and_weights_share_data_and_first_weights():
    every = list(planned("none,bound", parameters=("toy.weight=0.1,0.5", "bound.factor=1,2"), seeds="1").trials())
    assert len({one.model_seed for one in every}) == 1
    assert len({one.id for one in every}) == len(every) == 2 * (1 + 3)
    assert len({one.estimator_seed for one in every if one.choice.name == "bound"}) == 2, "the critic's is the weights'"
    other = next(iter(planned("none", "toy/small:rows=65", seeds="1").trials()))
    assert other.model_seed != every[0].model_seed


def test_a_field_is_swept_of_whichever_has_the_name():
    found = catalogue.discover([PLUGIN])
    both = asked("toy", "toy/small", parameters=("toy.factor=1,2", "toy.weight=0.1,0.2,0.3"))
    choices, points = request.choices_and_points(found, both)
    assert [choice.estimator.factor for choice in choices] == [1.0, 2.0]
    assert [point.task.weight for point in points] == [0.1, 0.2, 0.3]
    with pytest.raises(UsageError, match="both have rows: write -e toy:rows=1,toy:rows=2 or -t toy:rows=1,toy:rows=2"):
        request.choices_and_points(found, asked("toy", "toy", parameters=("toy.rows=1,2",)))
    with pytest.raises(UsageError, match=r"write -P toy\.rows=1,2, or -t toy/small:rows=1,toy/small:rows=2"):
        request.choices_and_points(found, asked("none", "toy", parameters=("toy/small.rows=1,2",)))
    with pytest.raises(UsageError, match="'gaussian' is not among the estimators or tasks of this run"):
        request.choices_and_points(found, asked("toy", "toy", parameters=("gaussian.dim=1",)))


@pytest.mark.parametrize(("name", "value"), [("samples", "100"), ("dims", "2"), ("mi", "0.5")])
def test_what_sets_samples_does_not_apply(name, value):
    with pytest.raises(UsageError, match="does not apply to toy"):
        planned("none", **{name: (value,)})
    mixed = planned("bound", "toy/small,gaussian/dim=1:mi=0.5", **{name: (value,)}).trials()
    assert {one.n_samples for one in mixed if one.point.kind == "application"} == {None}


@dataclasses.dataclass(frozen=True)
class OnGpu(Bound):
    """Would use a GPU, were it asked."""

    devices = ("cuda", "cpu")


def test_the_application_says_where_it_runs_for_all_its_rivals():
    ready = planned("bound")
    ready.devices, (point,) = [Device("cuda", 0)], ready.points
    assert ready._device(catalogue.Choice("gpu", {}, OnGpu()), point) == "cpu"
    able = dataclasses.make_dataclass("Able", [], bases=(Toy,), frozen=True, namespace={"devices": ("cuda", "cpu")})
    assert ready._device(catalogue.Choice("plain", {}, Bound()), dataclasses.replace(point, task=able())) == "cuda"


def test_a_mixed_run_at_the_command_line(mibench):
    tasks = "toy/small,gaussian/dim=1:mi=0.5"
    done = mibench("run", "-p", PLUGIN, "-e", "none,bound,plain", "-t", tasks, "-n", "50", "--seeds", "2", "-o", "r")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("2 trials of plain not supported: it has no term") == 1
    assert done.stderr.count("2 trials of none not supported") == 1
    assert "error ↓" in done.stdout
    assert "truth" in done.stdout
    lines = [line for line in done.stderr.splitlines() if line.startswith("bound") and "toy/small" in line]
    assert len(lines) == 1
    assert {"error", "±", "↓"} <= set(lines[0].split())
    document = json.loads(mibench("table", "r", "-f", "json").stdout)
    assert {cell["kind"] for cell in document} == {"task", "application"}
    side = mibench("compare", "r", "-e", "none,bound")
    assert side.returncode == 0, side.stderr
    assert "of 2" in side.stdout


NOTHING = {
    "no term": ("plain", "toy", 5, "nothing to run: plain: it has no term"),
    "a setting of estimates": ("choosy:folds=5", "toy", 2, "-e choosy cannot be the term of toy/small: folds=5"),
    "the same beside tasks": ("choosy:folds=5", "gaussian,toy", 2, "cannot be the term of toy/small"),
    "an unknown field": ("none", "toy:wieght=1", 2, "no field 'wieght'; did you mean 'weight'?"),
    "a weight below 0": ("none", "toy:weight=-1", 2, "weight=-1.0 is below 0"),
    "a weight of minus infinity": ("none", "toy:weight=-1e400", 2, "below 0 (weight=-1e400 is not finite)"),
    "a baseline": ("mean", "toy", 2, "'mean' is no estimator but a baseline of toy, where it runs by itself"),
}


@pytest.mark.parametrize(("estimators", "tasks", "code", "said"), NOTHING.values(), ids=NOTHING)
def test_what_no_model_can_be_trained_with_ends_before_the_run(estimators, tasks, code, said, tmp_path):
    words = ["run", "-p", PLUGIN, "-e", estimators, "-t", tasks, "-o", str(tmp_path / "nothing")]
    error = CliRunner().invoke(app, words).exception
    assert isinstance(error, MibenchError)
    assert error.exit_code == code
    assert said in str(error)
    assert "\n" not in str(error)
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(("said", "told"), [(None, None), ("  ", None), ("files", "-t toy/small: files")])
def test_an_application_lacks_what_it_says(said, told):
    kind = dataclasses.dataclass(frozen=True)(type("Lacking", (Toy,), {"lacks": said}))
    assert catalogue.lacking([catalogue.Point("toy", "small", {}, "small", kind())]) == told


def test_settings_that_are_no_terms_are_a_task_s_to_use():
    assert [one.choice.estimator.folds for one in planned("choosy:folds=5", "gaussian/dim=1:mi=0.5").trials()] == [5, 5]


NEAR = {"none": [1.0, 1.1, 0.9, 1.0, 1.1, 0.9], "mine": [0.50, 0.60, 0.40, 0.50, 0.60, 0.40],
        "jsd": [0.51, 0.60, 0.41, 0.52, 0.60, 0.42]}  # fmt: skip


def marked(frame):
    table = scores.cells(frame)
    return set(table.loc[table["best"], "label"])


def test_the_best_is_marked_and_from_five_seeds_on_what_is_as_good():
    """jsd is worse by 0.01 ± 0.009 in every seed, well below the margin of 0.05; none by 0.5."""
    assert marked(models(NEAR, seeds=4)) == {"mine"}
    assert marked(models(NEAR)) == {"mine", "jsd"}
    assert marked(models(NEAR, margin=0.0)) == {"mine"}
    assert marked(models(NEAR, better="higher")) == {"none"}
    assert marked(models(NEAR, failed={("mine", 0)})) == {"jsd"}, "failures bar it"
    assert marked(models({"none": [25.0], "mine": [25.0], "jsd": [26.0]})) == {"none", "mine"}, "a tie is no one's"


def test_the_table_has_none_first_and_arrows():
    text = formats.text(models(NEAR))
    lines = text.splitlines()
    assert lines[0] == "app/p"
    assert "kl ↓" in lines[2]
    assert [line.split()[0] for line in lines[4:7]] == ["none", "jsd", "mine"]
    assert f"{np.mean(NEAR['mine']):.3f} ± {np.std(NEAR['mine'], ddof=1):.3f} *" in text
    paper = formats.papers(models(NEAR), "nats", "tab:x", "")
    assert r"kl $\downarrow$" in paper
    assert r"$\mathbf{0.500 \pm 0.089}$" in paper
    assert "**0.500 ± 0.089**" in formats.markdown(models(NEAR))


def test_latex_has_the_term_and_fewer_seeds_as_the_text_has():
    """One of 6 seeds of jsd failed; only mine says a bound."""
    frame = models(NEAR, failed={("jsd", 0)})
    frame.loc[frame["estimator"] == "mine", "mi_estimate"] = 2.0
    paper = formats.papers(frame, "nats", "tab:x", "")
    assert r"estimator & kl $\downarrow$ & term (nats) \\" in paper
    assert r"\begin{tabular}{lrr}" in paper
    assert r"none & $1.000 \pm 0.089$ & -- \\" in paper
    assert r"mine & $\mathbf{0.500 \pm 0.089}$ & $2.000$ \\" in paper
    assert r"($n=5$) & -- \\" in paper
    assert "term (nats): the term's own bound at the end" in paper.lower()


@pytest.mark.filterwarnings("error")
def test_scores_near_the_largest_float_have_a_mean_and_an_sd():
    """Their sums are beyond it. Of ±a, twice each, the sd is a·√(4/3)."""
    frame = models({"none": [1.0] * 4, "mine": [1e308] * 4, "jsd": [1e308, -1e308] * 2})
    table = scores.cells(frame).set_index("label")
    assert table["mean"].tolist() == [1.0, 0.0, 1e308]
    assert table["sd"].to_numpy() == pytest.approx([0, 1e308 * math.sqrt(4 / 3), 0])
    text = formats.text(frame)
    assert "1e+308 ± 0.000" in text
    assert "0.000 ± 1.15e+308 *" in text
    assert set(wins.against(frame).table["second"]) == {"mine", "jsd"}


def test_wins_are_counted_by_seed():
    """none is worse in every seed by 0.5; t-tests of equal differences give p = 0."""
    found = wins.against(models(NEAR))
    table = found.table.set_index("second")
    assert table.loc["mine", ["first", "pairs", "wins", "losses"]].tolist() == ["none", 6, 6, 0]
    assert table.loc["mine", "difference"] == pytest.approx(-0.5)
    assert set(table["verdict"]) == {"better"}
    turned = wins.against(models(NEAR, better="higher"), reference="mine").table.set_index("second")
    assert turned.loc["none", ["wins", "verdict"]].tolist() == [6, "better"]
    assert wins.against(models({"none": [1.0]})) is None
    beside = models({**NEAR, "ksg": [0.0] * 6})
    beside.loc[beside["estimator"] == "ksg", "status"] = "unsupported"
    assert set(wins.against(beside).table["second"]) == {"mine", "jsd"}
    with pytest.raises(UsageError, match="no estimator 'mein'; did you mean 'mine'"):
        wins.against(models(NEAR), reference="mein")


def test_a_run_against_itself_has_no_wins():
    table = wins.runs(models(NEAR), models(NEAR), ("A", "B")).table
    assert (table[["wins", "losses"]] == 0).all(axis=None)
    assert set(table["verdict"]) == {""}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"scores": {}}, "expected a mapping of names to Score"),
        ({"scores": {"a": 1.0}}, "expected a mapping of names to Score"),
        ({"scores": MappingProxyType({"a": Score("up")})}, "a direction is 'higher' or 'lower'"),
        ({"scores": {"a": Score("higher", margin=-1)}}, "a margin 0 or more"),
        ({"baselines": "pca"}, "baselines is 'pca'; expected a tuple of names"),
        ({"baselines": ("pca", "none")}, "a baseline is called 'none', as the model without a term is"),
        ({"baselines": ("pca", "pca")}, "baselines names one twice: pca, pca"),
        ({"term_fields": ("wieght",)}, "'wieght', which is no field; did you mean 'weight'"),
    ],
)
def test_an_application_that_says_too_little_is_refused(changes, said):
    made = dataclasses.dataclass(frozen=True)(type("Odd", (Toy,), changes))
    with pytest.raises((TypeError, ValueError)) as told:
        offers.from_object("odd", made())
    assert said in str(told.value)


def test_what_cannot_be_tried_without_a_term_is_no_broken_promise():
    verdicts = list(check("-t toy", Toy(), applications.promises(applications.can_be_term([object()]))))
    assert not [v for v in verdicts if v.broken]
    assert sum(v.unsupported is not None for v in verdicts) == 3


def test_diverged_carries_an_outcome_through_a_pickle():
    again = pickle.loads(pickle.dumps(Diverged("lost", Outcome({"a": 1.0}))))
    assert again.last.scores == {"a": 1.0}
