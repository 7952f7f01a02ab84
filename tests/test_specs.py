"""The small languages of the command line, and the fields of frozen dataclasses."""

import enum
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from mibench import specs
from mibench.errors import UsageError
from mibench.seeds import Seeds


@dataclass(frozen=True)
class Inner:
    dim: int = 1
    mi: float = 0.5

    def __post_init__(self):
        if self.dim < 1:
            raise ValueError(f"dim={self.dim} must be at least 1")


@dataclass(frozen=True)
class Outer:
    base: Inner = field(default_factory=Inner)
    power: float = 1.5
    hidden: tuple[int, ...] = (64, 64)
    norm: Literal["chebyshev", "euclidean"] = "chebyshev"
    clip: float | None = None
    fresh: bool = False
    name: str = "a"


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({"power": "2"}, Outer(power=2.0)),
        ({"power": "1e-3"}, Outer(power=1e-3)),
        ({"hidden": "128x32"}, Outer(hidden=(128, 32))),
        ({"hidden": "8"}, Outer(hidden=(8,))),
        ({"norm": "euclidean"}, Outer(norm="euclidean")),
        ({"clip": "5"}, Outer(clip=5.0)),
        ({"clip": "none"}, Outer()),
        ({"fresh": "true"}, Outer(fresh=True)),
        ({"name": "3"}, Outer(name="3")),
        ({"dim": "7"}, Outer(base=Inner(dim=7))),
        ({"mi": "2", "power": "1"}, Outer(base=Inner(mi=2.0), power=1.0)),
    ],
)
def test_text_is_read_by_the_fields_type_and_a_maps_base_is_searched(texts, expected):
    assert specs.change(Outer(), texts, "outer") == expected


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"pwer": "2"}, "'outer' has no field 'pwer'; did you mean 'power'?"),
        ({"power": "two"}, "outer:power=two: expected a number"),
        ({"dim": "1.5"}, "expected a whole number"),
        ({"dim": "0"}, "dim=0 must be at least 1"),
        ({"norm": "euclid"}, "did you mean 'euclidean'?"),
        ({"fresh": "perhaps"}, "expected true or false"),
    ],
)
def test_wrong_fields_are_usage_errors(texts, message):
    with pytest.raises(UsageError, match=r".") as caught:
        specs.change(Outer(), texts, "outer")
    assert message in str(caught.value)


def test_fields_survive_json_and_rebuild_the_object():
    made = Outer(base=Inner(dim=3), hidden=(1, 2), clip=0.1)
    kept = specs.fields(made)
    assert kept["base"] == {"type": "Inner", "dim": 3, "mi": 0.5}
    changes = {"dim": 3, "hidden": kept["hidden"], "clip": kept["clip"]}
    assert specs.change(Outer(), changes, "outer") == made


class Shade(enum.Enum):
    DARK = 1


def plain(x):
    return x


FIELDS = {
    "a path": (Path("a/b.csv"), "a/b.csv"),
    "a numpy integer": (np.int64(3), 3),
    "a numpy number": (np.float64(0.5), 0.5),
    "an array": (np.eye(2), [[1.0, 0.0], [0.0, 1.0]]),
    "a large integer": (10**30, 10**30),
    "no number": (float("nan"), "nan"),
    "infinities": ((float("inf"), float("-inf")), ["inf", "-inf"]),
    "bytes": (b"\xff", "b'\\xff'"),
    "a set": ({"b", "a"}, ["a", "b"]),
    "a mapping": ({1: (2, 3)}, {"1": [2, 3]}),
    "a member": (Shade.DARK, "<Shade.DARK: 1>"),
    "a function": (plain, "plain"),
    "a class": (Inner, "Inner"),
    "half a pair": ("\ud800", "\ud800"),
}


@pytest.mark.parametrize(("value", "kept"), FIELDS.values(), ids=FIELDS)
def test_any_field_has_one_text_in_json(value, kept):
    @dataclass(frozen=True)
    class One:
        field: Any

    assert specs.fields(One(value)) == {"field": kept}
    text = specs.canonical(specs.fields(One(value)))
    assert json.loads(text.encode()) == {"field": kept}


@pytest.mark.parametrize(
    "value", [lambda x: x, object(), [object()], 10**5000], ids=["lambda", "object", "deep", "int"]
)
def test_a_field_without_a_lasting_text_is_refused(value):
    @dataclass(frozen=True)
    class One:
        field: Any

    with pytest.raises(TypeError, match="field field holds"):
        specs.fields(One(value))


def test_what_cannot_be_a_number_in_json_comes_back_as_it_was():
    @dataclass(frozen=True)
    class Ends:
        upper: float = 1.0
        both: tuple[float, ...] = (0.0, 1.0)
        inner: Inner = field(default_factory=Inner)
        home: Path = Path("a")

    made = Ends(float("inf"), (-float("inf"), 2.0), Inner(dim=7), Path("b/c"))
    assert specs.change(Ends(), json.loads(specs.canonical(specs.fields(made))), "ends") == made


def test_canonical_text_does_not_depend_on_order():
    assert specs.canonical({"a": 1, "b": [2.5]}) == specs.canonical({"b": [2.5], "a": 1})


SEEDS = {
    "10": [*range(10)],
    "0-9": [*range(10)],
    "5-5": [5],
    "1": [0],
    "0-3,15": [0, 1, 2, 3, 15],
    "7,5": [7, 5],
    "2-4,0-9,3": [2, 3, 4, 0, 1, 5, 6, 7, 8, 9],
}


@pytest.mark.parametrize(("text", "expected"), SEEDS.items(), ids=SEEDS)
def test_seeds_are_a_count_ranges_and_lists_each_once_in_order(text, expected):
    seeds = Seeds.read(text)
    assert [*seeds] == expected
    assert (len(seeds), seeds[0], seeds[-1], [*seeds[:3]]) == (len(expected), expected[0], expected[-1], expected[:3])
    assert [*Seeds.read(str(seeds))] == [*Seeds.of(expected)] == expected
    assert 10**6 not in seeds
    assert [*Seeds.of(np.array(expected))] == expected


def test_a_billion_seeds_take_no_room():
    seeds = Seeds.of(range(10**9))
    assert (len(seeds), seeds[-1], next(iter(seeds))) == (10**9, 10**9 - 1, 0)
    assert len(Seeds.read(f"0-{10**18},5,{10**17}")) == 10**18 + 1
    with pytest.raises(IndexError):
        Seeds.read("3")[3]


@pytest.mark.parametrize("text", ["0", "9-0", "a", "-3", "1,", "", "²", "1_0", "9" * 20, "9" * 5000, "0-9" + "9" * 20])
def test_seeds_that_name_none_are_refused(text):
    with pytest.raises(UsageError, match="--seeds"):
        Seeds.read(text)


@pytest.mark.parametrize("given", [[1.5], 1.5, ["1"], [], range(0), [-1], None, True], ids=repr)
def test_seeds_from_python_are_whole_numbers(given):
    with pytest.raises(UsageError, match="seeds"):
        Seeds.of(given)


@pytest.mark.parametrize("text", ["9" * 5000, "1e400", "²", "٣", "1__0", "9" * 19])
def test_counts_that_are_none_are_refused(text):
    with pytest.raises(UsageError, match="-n"):
        specs.positive([text], "-n")


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("10m", 600), ("1.5h", 5400), ("2min", 120)])
def test_durations(text, seconds):
    assert specs.duration(text) == seconds


@pytest.mark.parametrize(("text", "size"), [("8G", 8 << 30), ("500M", 500 << 20), ("2GiB", 2 << 30), ("1k", 1024)])
def test_sizes(text, size):
    assert specs.size(text) == size


@pytest.mark.parametrize("text", ["", "0s", "ten", "-1m", "5 days", "9" * 400])
def test_bad_durations_are_refused(text):
    with pytest.raises(UsageError, match="--timeout"):
        specs.duration(text)


def test_specs_split_at_commas_and_colons_only():
    assert specs.split(["mine,ksg:k=5", "dv"]) == ["mine", "ksg:k=5", "dv"]
    assert specs.parse("ksg:k=5:norm=euclidean") == ("ksg", {"k": "5", "norm": "euclidean"})
    assert specs.sweep("mine-f.batch-size=64,128") == ("mine-f", "batch_size", ["64", "128"])


def test_points_are_called_by_their_fields():
    assert specs.point_name(Inner(dim=5, mi=2.0)) == "dim=5:mi=2.0"
    assert specs.point_name(Inner()) == "Inner"
