"""Which estimator is the best term, baselines apart, and trained models over a paper's tables."""

import json

import numpy as np
import pandas as pd
import pytest
from frames import models
from scipy.stats import rankdata
from test_report import folder
from typer.testing import CliRunner

from mibench import catalogue, report
from mibench.cli import app, options
from mibench.errors import NothingMatched
from mibench.findings import published_models, scores, sources, wins
from mibench.findings.summary import tidy
from mibench.findings.terms import terms
from mibench.tables import formats
from mibench.tables import published_models as over
from mibench.tables import terms as tables

KL = {"none": [1.0, 1.1, 0.9, 1.0, 1.1, 0.9], "mine": [0.5, 0.6, 0.4, 0.5, 0.6, 0.4],
      "jsd": [0.51, 0.6, 0.41, 0.52, 0.6, 0.42], "ideal": [0.0] * 6}  # fmt: skip
"""Less is better; `ideal` is no term."""
ACCURACY = {"none": [0.1, 0.2, 0.1, 0.2, 0.1, 0.2], "mine": [0.6] * 6, "jsd": [0.7, 0.1, 0.7, 0.7, 0.7, 0.7]}
OTHER = {"score": "accuracy", "better": "higher", "application": ("other", "q")}


def both(**more):
    return pd.concat([models(KL, own=("ideal",), **more), models(ACCURACY, **OTHER)], ignore_index=True)


def of(frame, label, task):
    table = terms(frame).table
    return table[(table["label"] == label) & (table["task"] == task)].iloc[0]


def test_gains_are_over_none_by_seed_and_positive_where_better():
    mine, jsd = of(both(), "mine", "app"), of(both(), "jsd", "other")
    assert (mine["gain"], mine["wins"], mine["pairs"]) == (pytest.approx(0.5), 6, 6)
    assert (jsd["gain"], jsd["wins"], jsd["pairs"]) == (pytest.approx(0.45), 5, 6)
    assert np.isnan(of(both(), "none", "app")["gain"])


def test_where_all_have_all_the_rank_is_the_mean_rank():
    """`places` says so; here against scipy's ranks, ties shared."""
    draw = np.random.default_rng(0).integers(0, 4, size=(4, 5, 3)).astype(float)
    values = [{name: list(draw[a, k]) for k, name in enumerate("abcde")} for a in range(4)]
    frame = pd.concat([models(one, application=("app", f"p{a}")) for a, one in enumerate(values)])
    table = terms(frame).table.drop_duplicates("label").set_index("label")["rank"]
    expected = rankdata(draw.mean(axis=2), axis=1).mean(axis=0)
    assert table[list("abcde")].to_numpy() == pytest.approx(expected)


def test_who_failed_has_no_place_there_and_comes_last():
    frame = both(failed={("mine", 2)})
    table = terms(frame).table.drop_duplicates("label").set_index("label")
    assert list(table.index) == ["jsd", "none", "mine"]
    assert table["finished"].to_dict() == {"jsd": 2, "none": 2, "mine": 1}
    assert table.loc["mine", "rank"] == 1.5, "beside none in the other application it is first, and second to jsd"
    text = tables.render(frame, "text")
    assert "1.50 (1 of 2)" in text
    assert "0.520 ± 0.084 (+0.500, 5/5) failed: oom 1" in text
    assert "(1 of 2): finished so many" in text


def test_what_has_no_term_is_not_ranked():
    frame = pd.concat([both(), models({"ksg": [0.0] * 6}).assign(status="unsupported", scores=None)])
    table = terms(frame).table
    assert table["label"].iloc[-1] == "ksg"
    assert np.isnan(table["rank"].iloc[-1])
    assert [line.split() for line in tables.render(frame, "text").splitlines() if "ksg" in line] == [
        ["ksg", "–", "n/a", "not", "run"]
    ]


def test_a_baseline_is_shown_and_neither_marked_nor_ranked():
    frame = both()
    cells = scores.cells(frame)
    assert set(cells.loc[cells["best"], "label"]) == {"mine", "jsd"}
    assert set(cells.loc[cells["baseline"], "label"]) == {"ideal"}
    lines = formats.text(frame).splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith("ideal"))
    assert lines[place - 1] == lines[place - 5], "a rule as below the head, three terms above"
    assert lines[place].split() == ["ideal", "0.000", "±", "0.000"]
    assert "*ideal* | 0.000 ± 0.000 |" in formats.markdown(frame)
    assert r"\midrule ideal & $0.000 \pm 0.000$" in formats.papers(frame, "nats", "tab:x", "")
    assert "ideal" not in set(terms(frame).table["label"])
    assert "ideal" not in tables.render(frame, "text")


def test_a_baseline_is_a_side_where_it_is_named():
    assert set(wins.against(both()).table["second"]) == {"mine", "jsd"}
    named = wins.against(both(), reference="ideal").table
    assert set(zip(named["first"], named["second"], strict=True)) == {("ideal", s) for s in ("none", "mine", "jsd")}
    assert wins.against(models({"none": [1.0], "ideal": [0.0]}, own=("ideal",))) is None


def test_a_baseline_and_a_term_of_one_name_are_two():
    frame = pd.concat([models(KL), models({"mine": [0.3] * 6}, own=("mine",)).assign(trial_id=list("abcdef"))])
    assert set(tidy(frame)["label"]) >= {"mine baseline=false", "mine baseline=true"}


def test_every_format_says_the_same():
    frame, table = both(), terms(both()).table
    text = tables.render(frame, "text")
    assert "0.500 ± 0.089 (+0.500, 6/6) *" in text
    assert text.index("app/p") < text.index("other/q")
    assert "**0.500 ± 0.089 (+0.500, 6/6)**" in tables.render(frame, "md")
    paper = tables.render(frame, "latex", label="tab:terms", title="Terms")
    assert r"$\mathbf{0.500 \pm 0.089}$ (+0.500, 6/6)" in paper
    assert r"app, p, kl $\downarrow$ & other, q, accuracy $\uparrow$ \\" in paper
    document = json.loads(tables.render(frame, "json"))
    assert [one["label"] for one in document] == list(table["label"])
    assert document[-1]["gain"] is None or isinstance(document[-1]["gain"], float)
    assert len(tables.render(frame, "csv").splitlines()) == 1 + len(table)


@pytest.mark.parametrize("width", [50, 80])
def test_applications_beyond_the_width_stand_below(width):
    names = ("none", "mine", "jsd", "infonce")
    frame = pd.concat([models({k: [0.5] * 5 for k in names}, application=("app", f"p{i}")) for i in range(5)])
    blocks = tables.render(frame, "text", width).split("\n\n")[:-1]
    assert len(blocks) > 1
    assert max(len(line) for block in blocks for line in block.splitlines()) <= width
    assert all(block.startswith("estimator") for block in blocks)
    parts = formats.text(frame, width=width).split("\n\n")
    assert max(len(line) for part in parts for line in part.splitlines() if "±" in line and "sd" not in line) <= width


def test_without_models_there_is_no_best_term():
    with pytest.raises(NothingMatched, match="no scores of trained models"):
        terms(both().assign(scores=None))


def test_the_report_has_the_terms_where_there_are_several_applications(tmp_path):
    frame = both()
    folder(tmp_path / "run", frame)
    assert "0.500 ± 0.089 (+0.500, 6/6) *" in report.page(frame, [tmp_path / "run"])
    assert "(+0.500, 6/6)" not in report.page(models(KL), [tmp_path / "run"])


def test_a_terminal_shows_the_best_term_in_colour():
    text = tables.render(both(), "text")
    assert "\x1b[1;32m0.500 ± 0.089 (+0.500, 6/6) *\x1b[0m" in options.coloured(text)


SOURCE = sources.source("mine-2018-downstream")
PARAMS = json.dumps({"data": "digits", "hidden": [256, 256], "steps": 2000, "batch_size": 128})


def reconstruction(**more):
    made = {"score": "accuracy", "better": "higher", "application": ("reconstruction", "digits"), "params": PARAMS}
    return models({**ACCURACY, "mean-picture": [0.1] * 6}, own=("mean-picture",), **{**made, **more})


@pytest.mark.parametrize("table", SOURCE.applications, ids=lambda one: one.table)
def test_a_published_table_is_mapped_to_what_there_is(table):
    rows = [row for row in SOURCE.rows if row["source_locator"] == table.table]
    assert set(table.scores) == {row["metric"] for row in rows}
    assert set(table.estimators) <= {row["estimator"] for row in rows}
    found = catalogue.discover([])
    small = [found.points(name) for name in table.points if "/" in name]
    names = {name.partition(",")[0] for name in table.estimators.values()}
    assert names <= {*found.estimators, "vib"}
    for (point,) in small:
        assert {*table.scores.values()} - {"ms-ssim"} <= {*point.task.scores}
        assert names - {*point.task.baselines} <= {*found.estimators}
        assert {field for said in table.differs.values() for field in said["here"]} <= {*vars(point.task)}


def test_every_published_model_stands_under_a_table():
    assert {table.table for table in SOURCE.applications} == {row["source_locator"] for row in SOURCE.rows}


def test_a_papers_models_stand_under_the_runs():
    (one,) = published_models.beside(reconstruction(), SOURCE.name).tables
    by = {(model.kind, model.name): model for model in one.models}
    kinds = [model.kind for model in one.models]
    assert list(dict.fromkeys(kinds)) == ["term", "baseline", "published"]
    assert by["term", "mine"].scores["accuracy"] == pytest.approx((0.6, 0.0))
    assert by["term", "mine"].n == 6
    theirs = by["published", "MINE"]
    assert {name: mean for name, (mean, _) in theirs.scores.items()} == pytest.approx(
        {"accuracy": 0.9610, "squared-error": 9.73, "ms-ssim": 0.99}
    )
    assert (theirs.like, by["published", "ALICE(l2)"].like) == ("mine", "")
    assert "data: MNIST, 28 pixels wide there; data=digits here" in one.notes
    assert any(note.startswith("network: ") and "hidden=256x256 here" in note for note in one.notes)
    assert any(note.startswith("budget: ") and "steps=2000, batch_size=128 here" in note for note in one.notes)
    assert any(note.startswith("metric: ") for note in one.notes)


def test_a_spread_is_read_with_its_mean():
    stacked = models({"none": [3.0, 4.0]}, application=("mode-collapse", "stacked-digits:steps=9"), params=PARAMS)
    (one,) = published_models.beside(stacked, SOURCE.name).tables
    found = {model.name: model.scores for model in one.models if model.kind == "published"}
    assert found["GAN+MINE"]["kl"] == (0.05, 6.9e-3)
    assert found["DCGAN"]["modes"][0] == 99.0


def test_the_tables_of_a_paper_come_in_every_format():
    found = published_models.beside(reconstruction(), SOURCE.name)
    text = over.text(found)
    assert [line.split()[:3] for line in text.splitlines() if line.startswith("MINE")] == [["MINE", "mine", "0.961"]]
    assert over.DIFFERS in text
    assert "| *MINE* | mine |  | 0.961 |" in over.markdown(found)
    paper = over.latex(found)
    assert paper.count(r"\midrule ") == 2, "before the baselines and before the paper's"
    assert r"accuracy $\uparrow$" in paper
    document = json.loads(over.as_json(found))
    (one,) = document["applications"]
    assert one["models"][-1] == {
        "name": "MINE", "kind": "published", "like": "mine", "n": None,
        "scores": {
            "accuracy": {"mean": pytest.approx(0.961), "sd": None}, "squared-error": {"mean": 9.73, "sd": None},
            "ms-ssim": {"mean": 0.99, "sd": None},
        },
    }  # fmt: skip


def test_models_without_a_table_are_told_which_there_are():
    with pytest.raises(NothingMatched, match=r"there are tables for .*reconstruction/digits.*, here is app/p"):
        published_models.beside(models(KL), SOURCE.name)


def test_at_the_command_line(tmp_path):
    folder(tmp_path / "run", reconstruction())

    def typed(*words):
        return CliRunner().invoke(app, [*words, str(tmp_path / "run")])

    assert "rank" in typed("table", "--best-term").stdout
    beside = typed("compare", "--published", SOURCE.name, "-f", "latex")
    assert r"\begin{tabular}" in beside.stdout
    assert "--format latex is for --published" in str(typed("compare", "-f", "latex").exception)
