"""A user's own samples: read as they are, drawn without replacement, refused where they are not pairs of numbers."""

import os
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest

from mibench import catalogue, runs, settings, store
from mibench.distributions.draws import Copies
from mibench.distributions.files import Arrays, Table
from mibench.distributions.maps import Margins
from mibench.distributions.normal import CorrelatedNormal
from mibench.errors import UsageError


def test_a_table_gives_its_rows_each_once(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("a, b,c\n" + "".join(f"{i},{-i},{10 * i}\n" for i in range(20)))
    task = Table(str(path), x=("c", "a"), y=("b",), mi=0.4, mi_error=0.01)
    assert (task.dim_x, task.dim_y, task.mi, task.mi_error) == (2, 1, 0.4, 0.01)
    x, y = task.sample(20, np.random.default_rng(0))
    assert np.array_equal(x[:, 0], 10 * x[:, 1])
    assert np.array_equal(y[:, 0], -x[:, 1])
    assert sorted(x[:, 1]) == list(range(20))
    with pytest.raises(ValueError, match="n=21 rows asked for, and there are 20"):
        task.sample(21, np.random.default_rng(0))
    with pytest.raises(ValueError, match="no column 'd'; there are a, b, c"):
        Table(str(path), x=("d",), y=("b",), mi=0.4).sample(1, np.random.default_rng(0))


TABLES = {
    "nothing": (b"", "no column 'x'; there are none"),
    "no rows": (b"x,y\n\n", "no rows below the header"),
    "a word": (b"x,y\n1,two\n", "column 'y' holds 'two', which is no finite number at row 1 (line 2) (1 such cells"),
    "an empty cell": (b"x,y\n1,2\n\n3, \n4,\n", "column 'y' is empty at row 2 (line 4) (2 such cells in all)"),
    "no number": (b"x,y\n1,nan\n", "column 'y' holds 'nan', which is no finite number at row 1 (line 2)"),
    "an infinity": (b"x,y\n1,2\n-inf,2\n", "column 'x' holds '-inf'"),
    "a long row": (b"x,y\n1,2\n1,2,3\n", "row 2 (line 3) has 3 values and the header 2"),
    "a short row": (b'x,y\n"1\n",2\n1\n', "row 2 (line 4) has 1 value and the header 2: each row needs one a column"),
    "decimal commas": (b"x,y\n0,1,0,2\n", "decimal numbers need a point, not a comma"),
    "quoted decimal commas": (
        b'x,y\n"0,1","0,2"\n',
        "holds '0,1', which is no finite number at row 1 (line 2): write a",
    ),
    "semicolons": (b"x;y\n0,1;0,2\n", "the header is one value, 'x;y': separate values by commas and not by ';'"),
    "tabs": (b"x\ty\n1\t2\n", "not by '\\t'"),
    "underscores": (
        b"x,y\n1,7_7\n",
        "column 'y' holds '7_7', which is no finite number at row 1 (line 2): write numbers",
    ),
    "columns of one name": (b"x,y, y\n1,2,3\n", "2 columns are called 'y'; give each a name of its own"),
    "a name like it": (b"x,Y\n1,2\n", "no column 'y'; did you mean 'Y'?"),
    "UTF-16": ("x,y\n1,2\n".encode("utf-16"), "not text in UTF-8; save it as CSV in UTF-8"),
    "a null byte": (b"x,y\n1,\x00\n", "no finite number"),
}


@pytest.mark.parametrize(("content", "said"), TABLES.values(), ids=TABLES)
def test_a_table_that_holds_no_pairs_is_refused_in_a_line_that_says_where(tmp_path, content, said):
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        Table(str(path), x="x", y="y", mi=0.4).sample(1, np.random.default_rng(0))
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        ("a", "a", "'a' is named twice"),
        (("a", "a"), "b", "'a' is named twice"),
        ((), "b", "must name"),
        ("a", 3, "iter"),
    ],
)
def test_columns_are_named_once(x, y, said):
    with pytest.raises((ValueError, TypeError), match=said):
        Table("data.csv", x=x, y=y, mi=0.4)


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    places = {
        "absent.csv": "is not there",
        ".": "is a folder",
        "link": "is not there (a link to",
        "pipe": "is no regular file",
        "x" * 300: "File name too long",
        "~nosuchuser/x": "names no file",
        "a\0b": "is not there",
    }
    for name, said in places.items():
        for task in Table(name, x="x", y="y", mi=0, folder=str(tmp_path)), Arrays(name, name, 0, folder=str(tmp_path)):
            with pytest.raises(ValueError, match=re.escape(said)):
                task.sample(1, np.random.default_rng(0))


def test_columns_that_are_not_asked_for_may_hold_words(tmp_path):
    (tmp_path / "data.csv").write_text('\ufeffa,who,b\n1,"Ann, Bob",2\n', encoding="utf-8")
    x, y = Table(str(tmp_path / "data.csv"), x="a", y="b", mi=0.4).arrays
    assert (x.tolist(), y.tolist()) == ([[1.0]], [[2.0]])


def test_other_rows_are_other_content(tmp_path):
    path = tmp_path / "data.csv"

    def content(rows):
        path.write_text("a,b\n" + rows)
        return Margins(Table(str(path), x="a", y="b", mi=0.4), "same", "same").content

    assert content("1,2\n3,4\n") == content("1,2\n3,4.0\n") != content("1,2\n3,5\n")


def test_two_npy_files_give_their_rows(tmp_path):
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((30, 3)).astype(np.float32), rng.standard_normal(30)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    task = Arrays(str(tmp_path / "x.npy"), str(tmp_path / "y.npy"), mi=0.0)
    drawn_x, drawn_y = Margins(task, "same", "same").sample(30, np.random.default_rng(2))
    assert drawn_x.dtype == np.float64
    assert {(*map(float, a), float(b)) for a, b in zip(x, y, strict=True)} == set(
        map(tuple, np.hstack([drawn_x, drawn_y]))
    )


ARRAYS = {
    "other rows": (np.zeros((4, 1)), "has 4 rows and"),
    "a cube": (np.zeros((5, 1, 1)), "has shape (5, 1, 1)"),
    "no rows": (np.zeros((0, 1)), "has shape (0, 1)"),
    "no number": (np.full((5, 1), np.nan), "holds nan at row 0, column 0 (5 such values in all)"),
    "complex": (np.zeros((5, 1), complex), "is complex"),
    "text": (np.array(["0.3"] * 5), "which are no real numbers"),
    "objects": (np.array([[0.3]] * 5, object), "Python objects"),
    "records": (np.zeros(5, [("a", float)]), "no real numbers"),
    "dates": (np.zeros(5, "datetime64[s]"), "no real numbers"),
}


@pytest.mark.parametrize(("x", "said"), ARRAYS.values(), ids=ARRAYS)
def test_arrays_that_are_no_pairs_are_refused(tmp_path, x, said):
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", np.zeros((5, 1)))
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        Arrays("x.npy", "y.npy", mi=0.0, folder=str(tmp_path)).sample(1, np.random.default_rng(0))
    assert "x.npy" in str(caught.value)


def test_a_file_that_is_no_array_is_named(tmp_path):
    np.save(tmp_path / "whole.npy", np.zeros((10**4, 2)))
    whole = (tmp_path / "whole.npy").read_bytes()
    contents = {
        "not an NPY file of numbers": b"hello",
        "the file is shorter than its header says": whole[: len(whole) // 2],
        "header says": whole.replace(b"(10000, 2), }", b"(1000000000000, 2), }".ljust(13))[:4000],
        "an NPZ archive; write each array": b"PK\x03\x04",
        "x.npy: ": whole[:8],
    }
    for said, content in contents.items():
        (tmp_path / "x.npy").write_bytes(content)
        with pytest.raises(ValueError, match=rf"x\.npy: .*{said.removeprefix('x.npy: ')}"):
            Arrays("x.npy", "x.npy", mi=0.0, folder=str(tmp_path)).sample(1, np.random.default_rng(0))


def test_maps_pass_on_how_many_rows_there_are(tmp_path):
    (tmp_path / "own.csv").write_text("a,b\n" + "".join(f"{i},{i * i}\n" for i in range(9)))
    table = Table("own.csv", x="a", y="b", mi=0.4, folder=str(tmp_path))
    assert (table.rows_at_hand, Margins(table, "same", "same").rows_at_hand, Copies(table, 2).rows_at_hand) == (9, 9, 4)
    assert Copies(CorrelatedNormal(1, 0.5), 2).rows_at_hand is None


OWN = """
from mibench import hookimpl
from mibench.distributions.files import Arrays, Table
from mibench.distributions.maps import Margins

@hookimpl
def mibench_tasks():
    table = Table("p.csv", x="x", y="y", mi=0.5)
    arrays = Arrays("x.npy", "y.npy", mi=0.5)
    return {"own": {"table": table, "mapped": Margins(table, "same", "half-cube"), "arrays": arrays}}
"""


@pytest.fixture
def plugin(tmp_path):
    """A folder with a plugin and its files, and another folder, where we stand, with other files of the same names."""
    for place, shift in (("home", 0), ("away", 100)):
        folder = tmp_path / place
        folder.mkdir()
        rows = np.random.default_rng(0).standard_normal((200, 2)) + shift
        np.savetxt(folder / "p.csv", rows, delimiter=",", header="x,y", comments="")
        np.save(folder / "x.npy", rows[:, 0])
        np.save(folder / "y.npy", rows[:, 1])
    path = tmp_path / "home" / "files.py"
    path.write_text(OWN)
    return path


def _means(found, spec):
    return [task.sample(200, np.random.default_rng(0))[0].mean() for task in (p.task for p in found.points(spec))]


def test_a_relative_name_is_found_beside_its_plugin(plugin, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path / "away")
    found = catalogue.discover([plugin])
    assert max(map(abs, _means(found, "own"))) < 1
    changed = found.points("own/mapped:mi=0.6")[0]
    assert abs(changed.task.sample(200, np.random.default_rng(0))[0].mean()) < 1
    (tmp_path / "home" / "p.csv").unlink()
    with pytest.raises(ValueError, match=r"home/p\.csv is not there"):
        _means(catalogue.discover([plugin]), "own/table")


def test_a_relative_name_on_the_command_line_is_found_where_we_stand(plugin, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path / "away")
    found = catalogue.discover([plugin])
    spec = found.settled("own/table:path=p.csv")
    assert spec == f"own/table:path=p.csv:folder={tmp_path / 'away'}"
    assert _means(found, "own/table:path=p.csv")[0] == pytest.approx(100, abs=1)
    assert _means(found, f"own/table:path={tmp_path}/home/p.csv")[0] == pytest.approx(0, abs=1)
    monkeypatch.chdir(tmp_path)
    (point,) = found.points(spec)
    assert _means(found, spec)[0] == pytest.approx(100, abs=1)
    assert found.point(point.sweep, point.origin, point.changes).task.folder == str(tmp_path / "away")
    assert found.settled("own") == "own"
    assert found.settled(spec) == spec
    with pytest.raises(UsageError, match=r"y=y\.npy lies elsewhere; set x and y together"):
        found.points("own/arrays:x=x.npy")


def test_neither_id_nor_sample_depends_on_where_a_file_lies(plugin, tmp_path, monkeypatch):
    """A folder that is moved as a whole, or a file that is named from elsewhere, is the same task."""
    (one, mapped, _) = catalogue.discover([plugin]).points("own")
    shutil.move(tmp_path / "home", tmp_path / "elsewhere")
    (two, moved, _) = catalogue.discover([tmp_path / "elsewhere" / "files.py"]).points("own")
    assert (one.params, one.name, mapped.params) == (two.params, two.name, moved.params)
    monkeypatch.chdir(tmp_path / "away")
    (aimed,) = catalogue.discover([tmp_path / "elsewhere" / "files.py"]).points("own/table:path=p.csv")
    assert aimed.params == one.params
    assert aimed.task.content != two.task.content


def test_all_rows_of_a_file_are_used_where_no_size_is_asked_for(plugin):
    asked = settings.of({"estimators": ("gaussian",), "tasks": ("own/table,gaussian/dim=1:mi=0.5",), "seeds": "2",
        "plugins": (str(plugin),)})  # fmt: skip
    planned = runs.prepare(asked, make_folder=False)
    assert [(trial.point.sweep, trial.n_samples) for trial in planned.trials()] == [
        ("own", 200),
        ("gaussian", 10_000),
    ] * 2
    assert (planned.total, planned.sizes) == (4, [200, 10_000])
    stated = runs.prepare(replace(asked, samples=("50,100",)), make_folder=False)
    assert (stated.total, stated.sizes) == (8, [50, 100])
    (plugin.parent / "p.csv").unlink()  # the trials say what is wrong with a file
    assert runs.prepare(asked, make_folder=False).sizes == [10_000]


def test_a_run_of_own_files_goes_on_from_any_folder(plugin, tmp_path, mibench):
    """The absolute place is settled at plan time: by the plugin's folder, and by the folder `-t` was typed in."""
    done = mibench("run", "-p", "files.py", "-t", "own/table,own/arrays:x=x.npy:y=y.npy:mi=0.6", "-e", "gaussian",
        "-n", "150", "--seeds", "2", "-o", "../R", "-q", cwd=tmp_path / "home")  # fmt: skip
    assert done.returncode == 0, done.stderr
    before = store.load(tmp_path / "R").sort_values("trial_id")
    done = mibench("resume", tmp_path / "R", "--rerun", "all", "-q", cwd=tmp_path / "away")
    assert done.returncode == 0, done.stderr
    after = store.load(tmp_path / "R").sort_values("trial_id")
    assert (len(after), set(after["status"])) == (4, {"ok"})
    for column in ("trial_id", "mi_estimate", "code"):
        assert before[column].tolist() == after[column].tolist()
