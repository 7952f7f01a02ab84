"""table, plot, compare and report as a user types them."""

import io
import json
import re
import sys

import pandas as pd
import pytest
from frames import fail, trials
from test_report import folder
from typer.testing import CliRunner

from mibench.cli import app, options
from mibench.errors import MibenchError
from mibench.tables import wide

POINTS = tuple((dim, mi) for dim in (1, 5, 20) for mi in (0.5, 1.0, 2.0))


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    parent = tmp_path_factory.mktemp("runs")
    good = trials(points=POINTS, seeds=6)
    good["trial_id"] = [f"t{i}" for i in range(len(good))]
    worse = good.assign(mi_estimate=good["mi_estimate"].where(good["point"] != "dim=5:mi=1.0", good["mi_estimate"] + 1))
    folder(parent / "good", good)
    folder(parent / "worse", worse)
    folder(parent / "failing", fail(good, good["seed"] == 0))
    return parent


def type_(*words, code=0):
    done = CliRunner().invoke(app, [str(word) for word in words])
    if isinstance(done.exception, MibenchError):
        assert done.exception.exit_code == code, done.exception
        return str(done.exception)
    assert done.exit_code == code, done.output
    return done.stdout


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("no_color", "term", "colours"), [("", "xterm", True), ("1", "xterm", False), ("", "dumb", False)]
)
def test_a_terminal_shows_failures_and_the_nearest_in_colour(monkeypatch, no_color, term, colours):
    """Green is what has a star, red what names failures; the words and the notes are as without."""
    frame = trials(bias={"mine": 0.5}, seeds=5)
    frame = fail(frame, (frame["estimator"] == "mine") & (frame["seed"] == 0))
    frame = fail(frame, (frame["estimator"] == "mine") & (frame["dim_x"] == 5) & (frame["seed"] < 4), "crashed")
    text = wide.text(frame)
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", term)
    options.print_wide(text)
    shown = sys.stdout.getvalue()
    assert re.sub(r"\x1b\[[\d;]*m", "", shown) == text
    table, _, notes = shown.rpartition("\n\n")
    assert "\x1b" not in notes
    marked = re.findall(r"\x1b\[([\d;]+)m(.*?)\x1b\[0m", table)
    assert bool(marked) == colours
    if colours:
        assert [said[-2:] for colour, said in marked if colour == "1;32"] == [" *"] * len(
            re.findall(r" \*(?= |\n)", text)
        )
        assert {said for colour, said in marked if colour == "31"} == set(re.findall(r"\d failed", table))


@pytest.mark.parametrize(
    ("form", "begins"), [("text", "task"), ("md", "| task"), ("latex", "% "), ("csv", "label,"), ("json", "[\n")]
)
def test_table_prints_every_format(runs, form, begins):
    assert type_("table", runs / "good", "--format", form).startswith(begins)
    assert type_("table", runs / "good" / "trials.csv", "-f", form).startswith(begins)


def test_table_of_two_runs_tells_them_apart(runs):
    assert "ksg run=worse" in type_("table", runs / "good", runs / "worse")


def test_table_goes_to_a_file(runs, tmp_path):
    type_("table", runs / "good", "-f", "latex", "-o", tmp_path / "t.tex")
    assert r"\bottomrule" in (tmp_path / "t.tex").read_text(encoding="utf-8")


def test_plot_writes_beside_the_rows(runs):
    out = type_("plot", runs / "good", "-k", "bias,estimate", "-f", "png,pdf")
    for name in ("bias.png", "bias.pdf", "estimate.png", "estimate.pdf"):
        assert (runs / "good" / "figures" / name).is_file()
        assert name in out


def test_compare_with_itself_passes(runs):
    out = type_("compare", runs / "good", runs / "good", "--fail-if-worse")
    assert "none of 18 cells differs" in out


def test_compare_finds_the_worse_run_and_exits_4(runs):
    out = type_("compare", runs / "good", runs / "worse", "--fail-if-worse", code=4)
    assert "2 of 18 cells differ beyond noise" in out
    type_("compare", runs / "worse", runs / "good", "--fail-if-worse")
    type_("compare", runs / "good", runs / "failing", "--fail-if-worse", code=4)


def test_compare_within_a_run(runs):
    assert "2 estimators over 9 cells" in type_("compare", runs / "good")
    assert "mine against ksg" in type_("compare", runs / "good", "--baseline", "ksg")
    document = json.loads(type_("compare", runs / "good", "--by", "estimator", "--json"))
    assert len(document) == 2


def test_compare_draws_critical_differences(runs, tmp_path):
    four = trials(tuple((name, {}, "none") for name in "abcd"), POINTS, seeds=3)
    type_("compare", folder(tmp_path / "four", four), "--diagram", tmp_path / "cd.svg")
    assert "Critical differences" in (tmp_path / "cd.svg").read_text(encoding="utf-8")
    assert "no figure format 'gif'" in type_("compare", tmp_path / "four", "--diagram", tmp_path / "cd.gif", code=2)
    assert "three estimators" in type_("compare", runs / "good", "--diagram", tmp_path / "cd.svg", code=5)


def test_compare_refuses_what_makes_no_sense(runs):
    good = runs / "good"
    assert "one run or two, not 3" in type_("compare", good, good, good, code=2)
    assert "take one run" in type_("compare", good, good, "--by", "estimator", code=2)
    assert "did you mean 'mine'" in type_("compare", good, "--baseline", "mien", code=2)
    assert "protocols differ" in type_("compare", good, "--published", "smile-2020", "--fail-if-worse", code=2)
    assert "no cell of the run" in type_("compare", good, "--published", "smile-2020", code=5)


def test_report_writes_one_file(runs, tmp_path):
    out = type_("report", runs / "good", "--leaderboard", "-o", tmp_path / "r.html")
    assert out.strip() == str(tmp_path / "r.html")
    assert "<h2>Leaderboard</h2>" in (tmp_path / "r.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", ["table", "plot", "compare", "report"])
def test_no_run_is_a_usage_error(command, tmp_path):
    assert "\n" not in type_(command, tmp_path / "nothing", code=2)


COMMANDS = ("table", "plot", "compare", "report")
DAMAGE = {
    "a missing column": (lambda frame: frame.drop(columns="mi_true"), "lacks the columns mi_true"),
    "another schema": (lambda frame: frame.assign(schema_version=9), "rows of schema 9; this mibench reads 1"),
    "mixed schemas": (
        lambda frame: frame.assign(schema_version=[2] * 3 + [1] * (len(frame) - 3)),
        "rows of schema 2; this mibench reads 1",
    ),
    "a word for a number": (lambda frame: frame.assign(mi_true="much"), "cannot be read as a table of trials"),
    "settings that are none": (lambda frame: frame.assign(estimator_params="{k:"), "settings are not JSON"),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_rows_are_a_usage_error_of_one_line(runs, tmp_path, command, damage):
    change, says = DAMAGE[damage]
    change(pd.read_csv(runs / "good" / "trials.csv", keep_default_na=False)).to_csv(
        tmp_path / "trials.csv", index=False
    )
    said = type_(command, tmp_path / "trials.csv", code=2)
    assert says in said
    assert "\n" not in said


@pytest.mark.parametrize("command", COMMANDS)
def test_a_torn_table_is_a_usage_error_of_one_line(runs, tmp_path, command):
    whole = (runs / "good" / "trials.csv").read_text()
    (tmp_path / "trials.csv").write_text(whole[: len(whole) // 2])
    said = type_(command, tmp_path / "trials.csv", code=2)
    assert said.endswith("trials.csv has a row that breaks off before its end")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("trials.csv", b"a,b\n1,2\n"),
        ("trials.csv", b""),
        ("trials.csv", bytes(range(256))),
        ("trials.parquet", b"PAR?"),
        ("note.txt", b"hello"),
    ],
    ids=["foreign", "empty", "no text", "no parquet", "no table"],
)
def test_a_foreign_file_is_a_usage_error_of_one_line(tmp_path, command, name, content):
    (tmp_path / name).write_bytes(content)
    said = type_(command, tmp_path / name, code=2)
    assert str(tmp_path) in said
    assert "\n" not in said
    assert len(said) < 300 + len(str(tmp_path))


@pytest.fixture(scope="module")
def nothing(runs, tmp_path_factory):
    """A run without a row, and one all of whose trials failed."""
    parent = tmp_path_factory.mktemp("nothing")
    good = trials(points=POINTS[:2], seeds=2)
    folder(parent / "empty", good.iloc[:0])
    folder(parent / "failed", fail(good, good["seed"] >= 0))
    return parent


@pytest.mark.parametrize("name", ["empty", "failed"])
def test_a_run_without_results_has_an_honest_table_and_report(nothing, tmp_path, name):
    said = type_("table", nothing / name)
    assert "no trials" in said if name == "empty" else said.count("failed: timeout 2") == 4
    type_("report", nothing / name, "--leaderboard", "-o", tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "No figure can be drawn" in page
    assert "there is no ranking: " in page


@pytest.mark.parametrize(
    ("name", "command", "says"),
    [
        ("empty", "plot", "nothing to draw: 0 trials"),
        ("failed", "plot", "nothing to draw: 8 trials, none of them ok"),
        ("empty", "compare", "there are no trials to compare"),
        ("failed", "compare", "no cell was finished by any estimator"),
    ],
)
def test_a_run_without_results_has_nothing_to_draw_or_compare(nothing, name, command, says):
    said = type_(command, nothing / name, code=5)
    assert says in said
    assert "\n" not in said


def test_an_unwritable_report_says_so(runs, tmp_path):
    assert "cannot write" in type_("report", runs / "good", "-o", tmp_path / "no" / "r.html", code=3)


@pytest.mark.parametrize(
    ("words", "estimators", "points"),
    [
        (["-e", "ksg"], {"ksg"}, 9),
        (["-e", "ksg:k=3,mine:steps=100"], {"ksg", "mine"}, 9),
        (["-t", "gaussian", "--point", "dim=5"], {"ksg", "mine"}, 3),
        (["-t", "gaussian/dim=5:mi=1.0", "-e", "mine"], {"mine"}, 1),
        (["-t", "gaussian:dim=20"], {"ksg", "mine"}, 3),
        (["--point", "mi=0.5,dim=1:mi=2.0", "-n", "1e3"], {"ksg", "mine"}, 4),
    ],
)
def test_a_part_of_a_run_is_shown(runs, words, estimators, points):
    cells = json.loads(type_("table", runs / "good", "-f", "json", *words))
    assert {cell["label"] for cell in cells} == estimators
    assert len({cell["point"] for cell in cells}) == points
    assert len(cells) == len(estimators) * points


@pytest.mark.parametrize("command", COMMANDS)
def test_a_part_that_is_not_there_is_said(runs, command):
    good = runs / "good"
    assert "the rows have no estimator 'kgs'; did you mean 'ksg'" in type_(command, good, "-e", "kgs", code=2)
    assert "no estimator 'ksg:k=4'" in type_(command, good, "-e", "ksg:k=4", code=2)
    assert "no task 'gausian'; did you mean 'gaussian'" in type_(command, good, "-t", "gausian", code=2)
    assert "no point 'dim=7'" in type_(command, good, "--point", "dim=7", code=2)
    assert "n there: 1000" in type_(command, good, "-n", "500", code=5)


def test_a_label_keeps_its_commas(runs, tmp_path):
    frame = trials(
        (("mine", {"hidden": [8, 8]}, "lower"), ("mine", {"hidden": [16, 16]}, "lower")), POINTS[:1], seeds=2
    )
    path = folder(tmp_path / "run", frame)
    for word in ("mine hidden=[8, 8]", "mine:hidden=8x8"):
        (cell,) = json.loads(type_("table", path, "-f", "json", "-e", word))
        assert cell["label"] == "mine hidden=[8, 8]"


def test_what_is_made_of_several_runs_goes_into_neither(runs):
    before = {path for path in runs.glob("*/*") if path.parent.name in ("good", "worse")}
    out = type_("plot", runs / "good", runs / "worse", "-k", "bias")
    assert out.strip() == str(runs / "good+worse" / "figures" / "bias.png")
    out = type_("report", runs / "good", runs / "worse", "-e", "ksg", "--point", "dim=1", "--title", "Two <runs>")
    assert out.strip() == str(runs / "good+worse" / "report.html")
    page = (runs / "good+worse" / "report.html").read_text(encoding="utf-8")
    assert "<h1>Two &lt;runs&gt;</h1>" in page
    assert "dim=5" not in page
    assert before == {path for path in runs.glob("*/*") if path.parent.name in ("good", "worse")}


def test_a_paper_names_its_table_and_reads_its_names(runs):
    text = type_("table", runs / "good", "-f", "latex", "--title", "Gaussians", "--label", "tab:g", "--point", "dim=5")
    assert r"\label{tab:g}" in text
    assert r"\caption{Gaussians. Mean" in text
    assert "gaussian, dim = 5, mi = 0.5 & 0.500 &" in text
    assert type_("table", runs / "good", "--title", "Gaussians").startswith("Gaussians\n\ntask")


def test_fail_if_worse_names_the_cell(runs):
    done = CliRunner().invoke(app, ["compare", str(runs / "good"), str(runs / "worse"), "--fail-if-worse"])
    assert done.exit_code == 4
    said = [line for line in done.stderr.splitlines() if line.startswith("worse")]
    assert len(said) == 2
    for name, line in zip(("ksg", "mine"), said, strict=True):
        assert f"worse than the reference: {name} on gaussian/dim=5:mi=1.0, n = 1000: |error| larger by " in line
    done = CliRunner().invoke(app, ["compare", str(runs / "good"), str(runs / "failing"), "--fail-if-worse"])
    assert done.exit_code == 4
    assert "ksg on gaussian/dim=1:mi=0.5, n = 1000: 1 failed, 0 in the reference" in done.stderr


def test_runs_are_listed_wherever_they_lie(runs, monkeypatch):
    monkeypatch.chdir(runs)
    named = {line.split()[0]: line for line in type_("list", "runs").splitlines()}
    assert {"good", "worse", "failing"} <= named.keys()
    assert "108 of" in named["good"]
    assert type_("list", "runs", runs / "good").split()[0] == str(runs / "good")
    assert "no folder" in type_("list", "runs", "nowhere", code=2)
    assert "folders are for list runs" in type_("list", "tasks", "good", code=2)
    monkeypatch.chdir(runs / "good")
    assert type_("list", "runs").split()[0] == "."


def test_sources_are_listed_field_by_field():
    lines = type_("list", "published").splitlines()
    assert [line.split()[1] for line in lines if line.startswith(("smile-2020 ", "mutinfo"))] == ["high", "high"]
    assert all(line[34:35].strip() and line[33] == " " for line in lines)
