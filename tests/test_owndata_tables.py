"""Tables as people have them: read as they are meant, or refused in a line that says where and what to do."""

import decimal
import functools
import io
import re

import numpy as np
import pandas as pd
import pyarrow
import pytest
import torch

import mibench
from mibench import catalogue, owndata
from mibench.errors import UsageError
from mibench.owndata import held

N = 40


discover = functools.cache(catalogue.discover)


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(catalogue, "discover", discover)


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    x = rng.normal(size=N)
    return pd.DataFrame({"x": x, "y": x + rng.normal(size=N), "town": rng.choice(["Ulm", "Bonn", "Aix"], N)})


def prepared(path, x=(), y=(), groups=None, separator=None, decimal=None, **options):
    table = owndata.opened(path, separator, decimal)
    return owndata.prepare(owndata.question(**options), owndata.of_table(table, str(path), x, y, groups))


FORMATS = {
    "csv": lambda frame: frame.to_csv("a.csv", index=False),
    "tsv": lambda frame: frame.to_csv("a.tsv", index=False, sep="\t"),
    "txt": lambda frame: frame.to_csv("a.txt", index=False, sep=";", decimal=","),
    "parquet": lambda frame: frame.to_parquet("a.parquet"),
    "feather": lambda frame: frame.to_feather("a.feather"),
    "npz": lambda frame: np.savez("a.npz", x=frame["x"], y=frame["y"], town=frame["town"].to_numpy(str)),
}


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_holds_the_same_pairs(ending, frame):
    FORMATS[ending](frame)
    sample = prepared(f"a.{ending}", ["x", "town"], ["y"]).sample
    assert np.array_equal(sample.x[0].values, frame["x"])
    assert [sample.x[1].shown(row) for row in range(N)] == frame["town"].tolist()
    assert np.array_equal(sample.y[0].values, frame["y"])
    assert [one.kind for one in sample.every] == ["continuous", "categorical", "continuous"]


def test_two_columns_are_x_and_y_and_an_array_has_numbers_for_names(frame):
    both = frame[["x", "y"]].to_numpy()
    np.save("a.npy", both)
    sample = prepared("a.npy").sample
    assert np.array_equal(sample.arrays(False), [both[:, :1], both[:, 1:]])
    np.savetxt("bare.csv", both, delimiter=",", fmt="%.17g")
    bare = prepared("bare.csv", ["0"], ["1"])
    assert np.array_equal(bare.sample.x[0].values, both[:, 0])
    assert "no header: columns are called 0, 1, …" in bare.data.said


def test_only_the_columns_asked_for_are_read(frame, monkeypatch):
    frame.assign(other=1).to_parquet("a.parquet")
    seen = []
    monkeypatch.setattr(held, "raw", lambda values, name: seen.append(name) or np.asarray(values, float))
    prepared("a.parquet", ["x"], ["y"])
    assert seen == ["x", "y"]
    with open("b.csv", "w") as file:
        file.write("x,y,other\n" + "".join(f"{k}.5,{k},garbage 7_7\n" for k in range(N)))
    assert prepared("b.csv", ["x"], ["y"]).data.left_out == 1


SIDES = {
    "array": lambda x, y: (x.to_numpy(), y.to_numpy()),
    "2-d": lambda x, y: (x.to_numpy()[:, None], y.to_numpy()[:, None]),
    "list": lambda x, y: (x.tolist(), y.tolist()),
    "Series": lambda x, y: (x, y),
    "frame": lambda x, y: (x.to_frame(), y.to_frame()),
    "tensor": lambda x, y: (torch.tensor(x.to_numpy(), requires_grad=True), torch.tensor(y.to_numpy())),
    "nullable": lambda x, y: (x.astype("Float64"), y.astype("double[pyarrow]")),
    "objects": lambda x, y: (x.astype(object), y.astype(object)),
    "decimals": lambda x, y: ([decimal.Decimal(v) for v in x], x.index.map(lambda k: np.float64(y[k]))),
    "tensors one by one": lambda x, y: (list(torch.tensor(x)), tuple(torch.tensor(y)[:, None])),
    "arrow": lambda x, y: (pyarrow.array(x), pyarrow.table({"y": y})),
    "a dict": lambda x, y: ({"x": x}, {"y": y.tolist()}),
    "durations": lambda x, y: (pd.to_timedelta(x.round(6), unit="s"), y.round(6)),
}


@pytest.mark.parametrize("given", SIDES)
def test_python_takes_whatever_holds_a_side(given, frame):
    found = mibench.estimate(*SIDES[given](frame["x"], frame["y"]), estimators="gaussian", permutations=0)
    assert found.lines[0].value == pytest.approx(
        mibench.estimator("gaussian").estimate(frame["x"], frame["y"]).value, abs=1e-4 * (given == "durations")
    )


@pytest.mark.parametrize(
    "given",
    [
        lambda numbers, towns: [[a, b] for a, b in zip(numbers.tolist(), towns.tolist(), strict=True)],
        lambda numbers, towns: np.array([numbers, towns], dtype=object).T,
        lambda numbers, towns: np.rec.fromarrays([numbers, towns.to_numpy(str)]),
        lambda numbers, towns: pd.DataFrame({"x0": numbers, "x1": pd.Categorical(towns)}),
        lambda numbers, towns: pd.DataFrame({"x0": numbers.astype("Sparse"), "x1": towns.astype("string[pyarrow]")}),
    ],
    ids=["lists", "objects", "records", "a categorical", "extensions"],
)
def test_numbers_stay_numbers_beside_texts(given, frame):
    sides = owndata.of_sides(given(frame["x"], frame["town"]), frame["y"])
    x, town = owndata.prepare(owndata.question(), sides).sample.x
    assert np.array_equal(x.values, frame["x"])
    assert [town.shown(row) for row in range(N)] == frame["town"].tolist()


def test_python_names_columns_of_a_frame_as_the_command_does(frame):
    frame.to_csv("a.csv", index=False)
    options = {"estimators": ["gaussian"], "permutations": 0}
    of_frame = mibench.estimate("x", "all-but:x,town", data=frame, **options)
    of_file = mibench.estimate(["x"], ["y"], data="a.csv", **options)
    of_dict = mibench.estimate("x", "y", data={name: frame[name].to_numpy() for name in frame}, **options)
    assert of_frame.to_dict()["estimates"] == of_file.to_dict()["estimates"] == of_dict.to_dict()["estimates"]
    with pytest.raises(UsageError, match="data is of type list: give a DataFrame, a dict of columns or a file's name"):
        mibench.estimate("x", "y", data=[1, 2])


NAMES = ("age", "gene_1", "gene_2", "gene_10", "y")

CHOICES = {
    "names": (["gene_2", "age"], ["y"], ["gene_2", "age"], ["y"]),
    "a range": (["age..gene_2"], ["y"], ["age", "gene_1", "gene_2"], ["y"]),
    "a pattern": (["gene_*"], ["y"], ["gene_1", "gene_2", "gene_10"], ["y"]),
    "all but the other side": (["all-but:y"], ["y"], ["age", "gene_1", "gene_2", "gene_10"], ["y"]),
    "all but some": (["all-but:gene_1", "gene_10"], ["y"], ["age", "gene_2"], ["y"]),
    "a rest for y": (["age"], ["all-but:x", "y"], ["age"], ["gene_1", "gene_2", "gene_10"]),
}


@pytest.mark.parametrize(("x", "y", "left", "right"), CHOICES.values(), ids=CHOICES)
def test_columns_are_named_in_short(x, y, left, right):
    assert owndata.selection.sides(NAMES, x, y) == (left, right)


WRONG_CHOICES = {
    "no such": (["agee"], ["y"], "no column 'agee'; did you mean 'age'?"),
    "no match": (["genes*"], ["y"], "--x genes*: no column matches; did you mean 'gene_"),
    "twice": (["age", "ag*"], ["y"], "--x: column 'age' is given twice"),
    "both": (["age"], ["age", "y"], "column 'age' is on both sides"),
    "backwards": (["gene_2..age"], ["y"], "'age' stands before 'gene_2'; write age..gene_2"),
    "one side": (["age"], [], "--x is given and --y is not"),
    "neither": ([], [], "say which columns are --x and which --y; there are age, gene_1"),
    "both the rest": (["all-but:y"], ["all-but:x"], "both say all-but"),
    "nothing left": (["all-but:*"], ["y"], "no column is left"),
}


@pytest.mark.parametrize(("x", "y", "said"), WRONG_CHOICES.values(), ids=WRONG_CHOICES)
def test_columns_that_cannot_be_sides_are_refused(x, y, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        owndata.selection.sides(NAMES, x, y)


def rows(*cells):
    return "x,y\n" + "".join(f"{k / 7},{cells[k % len(cells)]}\n" for k in range(60))


TABLES = {
    "a decimal comma": (rows('"1,5"', '"2,25"'), "column 'y' holds '1,5' at row 1, among numbers: write a point"),
    "a thousands sign": (rows('"1,500"', '"2,250"'), "holds '1,500' at row 1, among numbers: write numbers without th"),
    "a point of thousands": (
        rows("999", "2.242"),
        "column 'y' holds '2.242' at row 2 beside '999' at row 1: does the point mark thousands or decimals? Write",
    ),
    "points among commas": (
        "x;y\n" + "1,5;2.242\n2,5;1.000,5\n" * 30,
        "column 'y' holds '2.242' at row 1, and commas are decimal ones: write numbers without thousands signs",
    ),
    "dates": (
        "x,y\n" + "".join(f"{k},{k % 28 + 1:02}.{k % 12 + 1:02}.2024 10:00\n" for k in range(60)),
        "column 'y' of y holds dates or times such as '01.01.2024 10:00': give a number, such as days since the first",
    ),
    "colons": ("x:y\n1:2\n", "there is one column, 'x:y', if cells are separated by commas: say by what, such as --s"),
    "an underscore": (rows("7_7"), "column 'y' holds '7_7' at row 1, among numbers: write numbers without underscores"),
    "a unit": (rows("5 %"), "holds '5 %' at row 1, among numbers: write numbers with digits and a point alone"),
    "a word": (
        rows("1", "2", "oops"),
        "column 'y' holds 'oops' at row 3, among numbers: correct it, or leave it empty",
    ),
    "infinity": (rows("1", "2", "inf"), "column 'y' holds inf at row 3 (20 such cells in all)"),
    "all missing": (rows("NA"), "column 'y' is missing in all 60 rows"),
    "a constant": (rows("14.62"), "column 'y' of y is constant (14.62 in all 60 rows): leave it out"),
    "one category": (rows("a"), "column 'y' of y is constant (a in all 60 rows)"),
    "names": ("x,y\n" + "".join(f"{k},n{k}\n" for k in range(60)), "has 60 different texts in 60 rows, such as 'n0'"),
    "few rows": ("x,y\n1,2\n2,3\n", "2 rows are too few to estimate from: 30 or more"),
    "few whole rows": (rows("1", "2", "NA", "", " "), "24 rows of 60 without missing values are too few"),
    "two of a name": ("x,y,y\n" + "1,2,3\n" * 60, "2 columns are called 'y'; give each a name of its own"),
    "a short row": ("x,y\n1,2\n3\n", "row 2 (line 3) has 1 value and the header 2: each row needs one a column"),
    "an open quote": (
        'x,y\n1,2\n"3,4\n' + "5,6\n" * 60,
        "(line 63) has 1 value and the header 2: a quote is opened and not closed",
    ),
    "a unit in all": (
        "x,y\n" + "".join(f"{k},{k / 10} kg\n" for k in range(60)),
        "such as '0.0 kg': write numbers without units",
    ),
    "a minus sign": (rows("1.5", "\N{MINUS SIGN}2.5"), "write a hyphen as the minus sign"),
    "nothing": ("", "the file is empty"),
    "a comment": ("# made by hand\nx,y\n1,2\n", "the first line is a comment, '# made by hand': remove it"),
    "a transposed table": (
        "x,y," + ",".join(map(str, range(50))) + "\n" + "1," * 51 + "2\n",
        "too few to estimate from: 30 or more are needed; a.csv has 1 rows and 52 columns: if rows are varia",
    ),
    "no rows": ("x,y\n", "0 rows are too few to estimate from: 30 or more are needed"),
}


@pytest.mark.parametrize(("content", "said"), TABLES.values(), ids=TABLES)
def test_a_table_that_cannot_be_used_is_refused_in_a_line(content, said, tmp_path):
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(UsageError, match=re.escape(said)) as caught:
        prepared("a.csv", ["x"], ["y"])
    assert str(caught.value).startswith("a.csv: ")
    assert "\n" not in str(caught.value)


def test_names_are_said_as_they_are_called_and_cannot_paint_a_terminal(tmp_path):
    rng = np.random.default_rng(0)
    lines = "".join(f"{a},{b},{'' if k < 9 else 'm'}\n" for k, (a, b) in enumerate(rng.normal(size=(60, 2))))
    (tmp_path / "a.csv").write_text('"x,\x1b[31m0","y\nz",town\n' + lines)
    page = owndata.whole(prepared("a.csv", ["x?*"], ["y*"], "town", estimators="gaussian")).page()
    assert "9 of 60 rows left out, where column 'town' has no value at row 1 (9 such rows in\nall); 1 group\n" in page
    assert "\n  x  x,0  " in page
    assert "\n  y  y z  " in page
    with pytest.raises(UsageError, match=r"no column 'x'; .* is written with a \? for its comma: x\?"):
        prepared("a.csv", ["x", "\x1b[31m0"], ["town"])


def test_missing_rows_are_dropped_and_counted_or_refused_by_place(tmp_path):
    (tmp_path / "a.csv").write_text(rows("1", "2", "3", "NA") + "8,\n")
    sample = prepared("a.csv", ["x"], ["y"]).sample
    assert (sample.n, sample.of, sample.dropped) == (45, 61, 16)
    with pytest.raises(UsageError, match=r"column 'y' has no value at row 4 \(16 such rows in all\)"):
        prepared("a.csv", ["x"], ["y"], missing="error")


def test_blanks_and_what_is_said_separate_cells_too(frame, tmp_path):
    both = frame[["x", "y"]].to_numpy()
    np.savetxt("a.txt", both)
    np.savetxt("b.csv", both, delimiter=":", header="x:y", comments="")
    np.savetxt("c.csv", np.round(both, 3), delimiter=",", header="x,y", comments="", fmt="%.3f")
    for source in (prepared("a.txt", ["0"], ["1"]), prepared("b.csv", separator=":"), prepared("c.csv", decimal=".")):
        assert source.sample.arrays(False)[0] == pytest.approx(both[:, :1], abs=0.001)
    for option, said in (
        ({"separator": "ab"}, "give one sign, or tab or space"),
        ({"decimal": "x"}, "a point or a co"),
    ):
        with pytest.raises(UsageError, match=said):
            prepared("b.csv", **option)


@pytest.mark.parametrize(("decimal", "value"), [(",", 1.5), (".", 1500.0)])
def test_what_a_comma_means_can_be_said(tmp_path, decimal, value):
    (tmp_path / "a.csv").write_text("x;y\n" + "".join(f"{k};{'1,500' if k % 2 else '2,250'}\n" for k in range(60)))
    if decimal == ".":
        with pytest.raises(UsageError, match="write numbers without thousands signs, or say --decimal ,"):
            prepared("a.csv", decimal=decimal)
    else:
        assert prepared("a.csv", decimal=decimal).sample.y[0].values[1] == value


def saved(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def archived(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


FILES = {
    "none": ("a.csv", None, "a.csv is not there"),
    "an ending": ("a.dta", b"", "ends in '.dta'; files are told by their ending: .csv"),
    "a spreadsheet": ("a.xlsx", b"", "is a spreadsheet; save the sheet as CSV"),
    "latin letters": ("a.csv", "ä,y\n1,2\n".encode("latin1"), "not text in UTF-8"),
    "no parquet": ("a.parquet", b"nothing", "a.parquet: cannot be read"),
    "no feather": ("a.feather", b"nothing", "a.feather: cannot be read"),
    "no archive": ("a.npz", b"nothing", "a.npz: no NPZ file, or part of one; numpy.savez writes those"),
    "no array": ("a.npy", b"nothing", "not an NPY file of numbers"),
    "objects": ("a.npy", saved(np.array([[1, "a"]], dtype=object)), "a.npy: holds Python objects; save numbers"),
    "objects in an archive": (
        "a.npz",
        archived(a=np.array([[1, "a"]], dtype=object)),
        "a.npz: holds Python objects; save numbers",
    ),
    "no columns": ("a.npz", archived(), "there is no column: x and y need one each"),
}


@pytest.mark.parametrize(("name", "content", "said"), FILES.values(), ids=FILES)
def test_a_file_that_cannot_be_read_is_refused_in_a_line(name, content, said, tmp_path):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=re.escape(said)):
        prepared(name)


def test_a_header_that_promises_more_than_the_file_holds_is_found_out_before_memory_is_asked_for(tmp_path):
    np.save("a.npy", np.zeros((50, 2)))
    whole = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(whole.replace(b"(50, 2), }" + b" " * 11, b"(5000000000000, 2), }", 1))
    with pytest.raises(UsageError, match="the file is shorter than its header says"):
        prepared("a.npy")


WRONG_SIDES = {
    "complex": (np.ones(50) * 1j, "column 'x' is complex: give its real and its imaginary part"),
    "masked": (np.ma.masked_array(np.arange(50.0), np.arange(50) > 40), "x is a masked array"),
    "dates": (
        pd.Series(pd.date_range("2020", periods=50), name="day"),
        "column 'day' of x holds dates or times such as '2020-01-01",
    ),
    "numbers as texts": ([f"{k}.5" for k in range(50)], "column 'x' holds numbers as texts, such as '0.5'"),
    "a name": ("age", "x='age' names columns: say of what with data="),
    "one number": (3.0, "x is of type float and no array (n, dim) of values"),
    "a generator": ((k for k in range(50)), "x is of type generator and no array (n, dim) of values"),
    "lists": ([[1], [2, 3]] * 25, "x is of type list: its rows differ in length"),
    "three dimensions": (np.zeros((50, 2, 2)), "x has shape (50, 2, 2)"),
    "other rows": (np.arange(49.0), "x has 49 rows and y has 50"),
    "turned": (np.random.default_rng(0).normal(size=(3, 50)), "x has 50 columns, so give its transpose"),
    "two of a name": (pd.DataFrame(np.eye(50)[:, :2], columns=["a", "a"]), "2 columns are called 'a'"),
    "objects": ([object()] * 50, "which are neither numbers nor categories"),
}


@pytest.mark.parametrize(("x", "said"), WRONG_SIDES.values(), ids=WRONG_SIDES)
def test_a_side_that_holds_no_columns_is_refused_in_a_line(x, said):
    with pytest.raises(UsageError, match=re.escape(said)) as caught:
        mibench.estimate(x, np.arange(50.0) ** 2, estimators="gaussian")
    assert "\n" not in str(caught.value)


def test_options_that_there_are_not_are_refused():
    x = np.arange(50.0)
    with pytest.raises(UsageError, match="no option 'permutation'; did you mean 'permutations'"):
        mibench.estimate(x, x, permutation=3)
    for wrong, said in (
        ({"unit": "bit"}, "nats nor bits"),
        ({"permutations": 5}, "give 0, or 19"),
        ({"lag": 50}, "49"),
        ({"lag": "3"}, "lag='3': give a whole number"),
        ({"permutations": 20.5}, "permutations=20.5: give a whole number"),
        ({"adjust": "bh"}, "say --pairs too"),
        ({"data": {"a": x}}, "x is of type ndarray: with data= it names columns"),
    ):
        with pytest.raises(UsageError, match=said):
            mibench.estimate(x, x**2, **wrong)


KINDS = {
    "continuous": (lambda rng: rng.normal(size=1000), "continuous", "continuous"),
    "rounded": (lambda rng: rng.normal(size=1000).round(1), "rounded", "rounded"),
    "whole": (lambda rng: rng.integers(0, 200, 1000), "integer", "rounded"),
    "few": (lambda rng: rng.integers(0, 5, 1000), "integer", "mixed"),
    "halves": (lambda rng: rng.integers(0, 5, 1000) / 2, "rounded", "mixed"),
    "rain": (lambda rng: np.maximum(rng.normal(size=1000), 0), "mixed", "mixed"),
    "rain in tenths": (lambda rng: np.maximum(rng.normal(size=1000) * 9, 0).round(1), "mixed", "mixed"),
    "between limits": (lambda rng: np.clip(rng.normal(size=1000), -1, 1.5), "mixed", "mixed"),
    "no number": (lambda rng: np.where(rng.random(1000) < 0.9, rng.integers(0, 99, 1000), -999), "mixed", "mixed"),
    "bools": (lambda rng: rng.random(1000) < 0.5, "categorical", "mixed"),
    "texts": (lambda rng: rng.choice(["a", "b", "c"], 1000), "categorical", "mixed"),
}


@pytest.mark.parametrize(("made", "kind", "pair"), KINDS.values(), ids=KINDS)
def test_kinds_are_told_apart(made, kind, pair):
    rng = np.random.default_rng(1)
    sample = owndata.prepare(owndata.question(), owndata.of_sides(made(rng), rng.normal(size=1000))).sample
    assert sample.x[0].kind == kind
    assert sample.kind == pair


def test_categories_are_indicators_for_critics_and_labels_for_others(frame):
    sample = owndata.prepare(owndata.question(), owndata.of_sides(frame["town"], frame["x"])).sample
    labels, indicators = sample.arrays(False)[0], sample.arrays(True)[0]
    assert sample.x[0].levels == ("Aix", "Bonn", "Ulm")
    assert np.array_equal(indicators, labels == np.arange(3))
    asked = owndata.prepare(owndata.question(estimators="mine,ksg-mixed"), owndata.of_sides(frame["town"], frame["x"]))
    by_name = {one.choice.name: one for one in asked.panel(asked.sample)}
    assert by_name["mine"].arrays(sample)[0].shape == (N, 3)
    assert by_name["ksg-mixed"].arrays(sample)[0].shape == (N, 1)


def test_y_is_taken_behind_x_within_its_group_and_in_order():
    t = np.arange(60.0)
    group = np.repeat(["a", "b"], 30)
    one = owndata.prepare(owndata.question(lag=2), owndata.of_sides(t, t * 10, group)).sample
    assert one.n == 56
    assert np.array_equal(one.y[0].values, 10 * (one.x[0].values + 2))
    assert 28 not in one.x[0].values


def test_repeated_rows_are_counted_and_one_of_each_is_kept():
    rng = np.random.default_rng(0)
    x, y = np.repeat(rng.normal(size=(2, 100)), 2, axis=1)
    whole = owndata.prepare(owndata.question(), owndata.of_sides(x, y)).sample
    kept = owndata.prepare(owndata.question(distinct=True), owndata.of_sides(x, y)).sample
    assert (whole.n, whole.repeated, kept.n) == (200, 100, 100)
    assert np.array_equal(kept.x[0].values, x[::2])
