"""Tables: what they print is what the cells say, and nothing is left blank."""

import io
import json
import math

import pandas as pd
import pytest
from frames import fail, trials

from mibench.findings import summary
from mibench.tables import formats, latex, long, wide


@pytest.fixture
def frame():
    four = (("ksg", {"k": 3}, "none"), ("ksg", {"k": 10}, "none"), ("mine", {}, "lower"), ("club", {}, "upper"))
    frame = trials(four, bias={"club": 0.3})
    frame = fail(frame, (frame.estimator == "mine") & (frame.seed < 2) & (frame.dim_x == 5))
    frame = fail(frame, (frame.estimator == "club") & (frame.dim_x == 5), "oom")
    frame.loc[(frame.estimator == "mine") & (frame.seed > 6), "flags"] = "saturated"
    return frame[~((frame.estimator_params == '{"k": 10}') & (frame.mi_true == 2.0))]


def test_text_says_every_cell(frame):
    text = wide.text(frame)
    for cell in summary.cells(frame).itertuples():
        if cell.n_ok:
            assert f"{cell.mean:.3f} ± {cell.sd:.3f}" in text
    for said in ("failed: oom 10", "2 failed", "not run", "s3", "club ≥", "mine ≤", "n = 1000", "12 in all"):
        assert said in text


def test_text_in_bits_is_nats_over_log_2(frame):
    nats = summary.cells(frame)["mean"].iloc[0]
    assert f"{nats / math.log(2):.3f} ± " in wide.text(frame, "bits")


def test_text_keeps_to_its_width(frame):
    lines = wide.text(frame, width=75).splitlines()
    table = [line for line in lines if line.startswith(("task", "gaussian", "─"))]
    assert max(map(len, table)) <= 75
    assert sum(line.startswith("task") for line in table) > 1


def test_csv_and_json_hold_the_cells(frame):
    expected = summary.cells(frame)
    from_csv = pd.read_csv(io.StringIO(formats.csv(frame)))
    from_json = pd.DataFrame(json.loads(formats.records(frame)))
    for read in (from_csv, from_json):
        assert read["label"].tolist() == expected["label"].tolist()
        assert pd.to_numeric(read["mean"]).to_numpy() == pytest.approx(expected["mean"].to_numpy(), nan_ok=True)


def test_long_tables_have_a_line_a_cell(frame):
    cells = len(summary.cells(frame))
    assert long.text(frame).split("\n\n")[0].count("\n") == cells + 1
    assert long.markdown(frame).split("\n\n")[0].count("\n") == cells + 1
    assert latex.long(frame).count(r" \\") == cells + 1


def test_names_cannot_break_a_table():
    frame = trials((("a|b<script>_$%", {}, "none"), ("ж&{}", {}, "lower")))
    head = wide.markdown(frame).splitlines()[0]
    assert r"a\|b\<script\>\_$%" in head
    text = latex.wide(frame)
    assert r"a\textbar{}b\textless{}script\textgreater{}\_\$\%" in text
    assert r"U+0436\&\{\}" in text
    assert text.isascii()


def test_latex_splits_what_no_page_holds():
    frame = trials(points=tuple((dim, 0.5) for dim in range(1, 91)), seeds=2)
    text = latex.wide(frame)
    assert text.count(r"\begin{table}") == text.count(r"\bottomrule") == 3
    assert text.count(r" \\") == 90 + 3
    assert "Continued, part 3 of 3" in text


def test_latex_splits_what_no_line_holds():
    """Fourteen estimators are shared out among three parts, each with the tasks and truths, none twice."""
    names = [f"e{i}" for i in range(14)]
    text = latex.wide(trials(tuple((name, {}, "none") for name in names), seeds=2))
    parts = [part.split(r"\midrule")[0] for part in text.split(r"\toprule")[1:]]
    heads = [part.splitlines()[1].removesuffix(r" \\").split(" & ") for part in parts]
    assert [head[:2] for head in heads] == [["task", "truth"]] * 3
    assert [name for head in heads for name in head[2:]] == names
    assert max(map(len, heads)) <= 8


def test_all_failed_is_a_table_that_says_so():
    frame = trials()
    frame = fail(frame, frame["seed"] >= 0, "error")
    assert wide.text(frame).count("failed: error 10") == 6
    assert latex.wide(frame).count("failed: error 10") == 6


def test_a_cell_of_mixed_code_is_marked_in_every_table(frame):
    frame.loc[(frame["estimator"] == "mine") & (frame["seed"] == 5) & (frame["dim_x"] == 5), "code"] = "older"
    for text in (wide.text(frame), wide.markdown(frame), long.text(frame), long.markdown(frame)):
        head, notes = text.split("\n\n", 1)
        assert head.count("‡") == 1
        assert notes.count("‡") == 1
        assert "--rerun stale" in notes
    for text in (latex.wide(frame), latex.long(frame)):
        assert text.count(r"\ddagger") == 2
    assert "‡" not in wide.text(frame[frame["code"] == "abc"])


def test_what_is_not_supported_has_no_number(frame):
    frame = fail(frame, (frame["estimator"] == "club") & (frame["status"] == "oom"), "unsupported")
    for text in (wide.text(frame), wide.markdown(frame), latex.wide(frame)):
        assert "n/a" in text
        assert "club" in text
        assert "failed: oom" not in text
    (line,) = [line for line in long.text(frame).splitlines() if line.startswith("club") and "dim=5" in line]
    assert line.split().count("n/a") == 7
    assert "no failure" in long.text(frame)


def test_no_spreadsheet_takes_a_name_for_a_formula():
    names = ("=1+1", "+a", "-a", "@a", "plain")
    text = formats.csv(trials(tuple((name, {}, "none") for name in names), seeds=2, bias=-0.9))
    read = pd.read_csv(io.StringIO(text))
    assert set(read["label"]) == {"'=1+1", "'+a", "'-a", "'@a", "plain"}
    assert (pd.to_numeric(read["bias"]) < 0).all()
