"""The one door for samples: what it takes, and the one line in which it refuses the rest."""

import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import mibench
from mibench.interface import columns, paired

ROOT = Path(__file__).parent.parent
CLOSED_FORM = ["gaussian", "ksg", "kl", "ksg-mixed"]
N = 60
X = np.random.default_rng(0).standard_normal((N, 1)).astype(np.float32).astype(np.float64)
Y = X + np.random.default_rng(1).standard_normal((N, 1))


def with_value(value, kind=np.float64):
    z = X.astype(kind)
    z[5] = value
    return z


TAKEN = {
    "1-D": X[:, 0],
    "a list": X[:, 0].tolist(),
    "a list of rows": X.tolist(),
    "a list of arrays": list(X),
    "a Series": pd.Series(X[:, 0], index=range(N, 0, -1)),
    "a Series that could hold <NA>": pd.Series(X[:, 0], dtype="Float64"),
    "a DataFrame": pd.DataFrame(X),
    "a tensor": torch.tensor(X),
    "a tensor with a gradient": torch.tensor(X, requires_grad=True),
    "a 1-D tensor of single precision": torch.tensor(X[:, 0], dtype=torch.float32),
    "single precision": X.astype(np.float32),
    "long doubles": X.astype(np.longdouble),
    "the other byte order": X.astype(">f8"),
    "objects": X.astype(object),
    "a mask that hides nothing": np.ma.masked_array(X, np.zeros_like(X, dtype=bool)),
    "not contiguous": np.repeat(X, 2, axis=1)[:, ::2],
    "read-only": np.broadcast_to(X, X.shape),
}

REFUSED = {
    "NaN": (with_value(np.nan), r"x holds nan at row 5, column 0 \(1 such values in all\): drop these rows"),
    "inf": (with_value(np.inf), r"x holds inf at row 5, column 0"),
    "a long double beyond float64": (with_value(np.longdouble("1e4000"), np.longdouble), r"x holds inf at row 5"),
    "an int beyond float64": (with_value(-(10**400), object), r"x holds -inf at row 5"),
    "complex": (X + 1j * X, r"x is complex: give its real and its imaginary part as columns"),
    "a complex tensor": (torch.tensor(X + 0j), "x is complex"),
    "a complex object": (with_value(1j, object), r"x holds 1j, which is no real number, at row 5"),
    "masked values": (np.ma.masked_array(X, np.arange(N)[:, None] % 10 == 3), r"x is masked at row 3, column 0 \(6 "),
    "masked values, 1-D": (np.ma.masked_array(X[:, 0], np.arange(N) == 3), r"x is masked at row 3, column 0 \(1 "),
    "a masked number": (np.ma.masked, "x is masked at row 0, column 0"),
    "text": (X.astype(str), r"x holds <U\d+ values such as '?.*, which are no real numbers"),
    "a text among numbers": (with_value("0.3", object), r"x holds '0.3', which is no real number, at row 5, column 0"),
    "bytes": (X.astype("S"), r"x holds \|S\d+ values"),
    "a list with a text": ([0.1, "0.3"] * 30, "x holds <U"),
    "None": (with_value(None, object), "x holds None, which is no real number, at row 5"),
    "<NA>": (pd.Series([1, None] * 30, dtype="Int64"), r"x holds (nan|<NA>.*) at row 1, column 0 \(30 such"),
    "dates": (np.arange(N).astype("datetime64[s]"), r"x holds datetime64\[s\] values such as"),
    "durations": (np.arange(N).astype("timedelta64[s]"), r"x holds timedelta64\[s\] values such as"),
    "records": (np.zeros(N, dtype=[("a", float)]), r"x holds \[\('a', '<f8'\)\] values such as"),
    "rows of different lengths": ([[1.0], [1.0, 2.0]] * 30, "x is of type list and no array"),
    "no column": (X[:, :0], r"x has shape \(60, 0\); it must be \(n, dim\) with n >= 1 and dim >= 1"),
    "no row": ([], r"x has shape \(0,\)"),
    "three axes": (X[None], r"x has shape \(1, 60, 1\)"),
    "one number": (0.5, "x is of type float; it must be an array"),
    "a set": ({0.1, 0.2}, "x is of type set"),
    "a sentence": ("0.1 0.2", "x is of type str"),
    "fewer rows": (X[:50], "x has 50 rows and y has 60; rows are pairs"),
}


@pytest.mark.parametrize("name", CLOSED_FORM)
def test_an_estimator_takes_what_holds_the_same_numbers(name):
    estimator = mibench.estimator(name)
    expected = estimator.estimate(X, Y)
    found = {how: estimator.estimate(given, Y) for how, given in TAKEN.items()}
    assert found == dict.fromkeys(TAKEN, expected)
    assert estimator.estimate(Y, pd.Series(X[:, 0])) == estimator.estimate(Y, X)


@pytest.mark.parametrize("name", CLOSED_FORM)
@pytest.mark.parametrize(("given", "line"), REFUSED.values(), ids=REFUSED)
def test_an_estimator_refuses_in_one_line(given, line, name):
    with pytest.raises(ValueError, match=f"^{line}") as caught:
        mibench.estimator(name).estimate(given, Y)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


def test_y_is_named_where_y_is_wrong():
    with pytest.raises(ValueError, match=r"^y holds nan at row 5"):
        paired(X, with_value(np.nan))


@pytest.mark.parametrize(
    "given",
    [
        [True, False],
        np.array([1, 0], dtype=np.int8),
        torch.tensor([True, False]),
        pd.Series([True, False]),
        pd.DataFrame({"a": [1.0, 0.0], "b": [True, False]})[["b"]],
        [Fraction(1), Fraction(0)],
        np.array([np.True_, 0], dtype=object),
    ],
    ids=lambda z: type(z).__name__,
)
def test_truth_values_and_whole_numbers_are_numbers(given):
    assert columns(given, "x").tolist() == [[1.0], [0.0]]


def test_a_frame_of_several_types_keeps_its_columns():
    frame = pd.DataFrame({"a": [0.5, 1.5], "b": [True, False], "c": [2**60, 3]})
    assert columns(frame, "x").tolist() == [[0.5, 1.0, 2.0**60], [1.5, 0.0, 3.0]]


def test_a_decimal_is_asked_to_be_made_a_float():
    with pytest.raises(ValueError, match=r"^x holds Decimal\('0.5'\), which is no real number"):
        columns([Decimal("0.5")], "x")


def test_an_array_that_fits_is_not_copied():
    assert paired(X, Y)[0] is X
    assert np.shares_memory(columns(X[:, 0], "x"), X)


def test_the_door_imports_neither_pandas_nor_torch():
    script = (
        "import sys; from mibench.interface import paired; paired([1, 2], [3, 4])\n"
        "print(sorted({'pandas', 'torch', 'scipy'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_masks_in_a_list_are_refused():
    rows = [np.ma.masked_array([1.0, 2.0], [False, True]), np.ma.masked_array([3.0, 4.0])]
    with pytest.raises(ValueError, match="x is a list of masked arrays"):
        paired(rows, np.arange(2.0))


def test_frames_of_other_indices_are_refused_and_equal_ones_paired_by_position():
    x = pd.Series([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="x and y have different indices"):
        paired(x, x.sort_values(ascending=False))
    again, _ = paired(x, x * 2)
    assert again[:, 0].tolist() == x.tolist()
