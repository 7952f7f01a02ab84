"""A user's own samples: read as they are, drawn without replacement, refused where they are not pairs of numbers."""

import re

import numpy as np
import pytest

from mibench.distributions.files import Arrays, Table
from mibench.distributions.maps import Margins


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


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no column 'a'; there are none"),
        (b"a,b\n", "n=1 rows asked for, and there are 0"),
        (b"a,b\n1,two\n", "could not convert string to float: 'two'"),
        (b"a,b\n1,2\n1,2,3\n", "row 2 has more or fewer values than the header"),
        (b"a,b\n1,nan\n", "holds values that are not finite"),
        (b"\xff\xfea,b", "can't decode byte 0xff"),
    ],
)
def test_a_table_that_holds_no_pairs_is_refused(tmp_path, content, said):
    (tmp_path / "data.csv").write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(said)):
        Table(str(tmp_path / "data.csv"), x="a", y="b", mi=0.4).sample(1, np.random.default_rng(0))


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


@pytest.mark.parametrize(
    ("x", "said"),
    [(np.zeros((4, 1)), "has 4 rows and"), (np.zeros((5, 1, 1)), "is not"), (np.full((5, 1), np.nan), "not finite")],
)
def test_arrays_that_are_no_pairs_are_refused(tmp_path, x, said):
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", np.zeros((5, 1)))
    with pytest.raises(ValueError, match=said):
        Arrays(str(tmp_path / "x.npy"), str(tmp_path / "y.npy"), mi=0.0).sample(1, np.random.default_rng(0))


def test_a_file_that_is_no_array_is_named(tmp_path):
    (tmp_path / "x.npy").write_text("hello")
    with pytest.raises(ValueError, match=r"x\.npy: not an NPY file of numbers"):
        Arrays(str(tmp_path / "x.npy"), str(tmp_path / "x.npy"), mi=0.0).sample(1, np.random.default_rng(0))
