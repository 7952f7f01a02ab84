"""The small languages of the command line, and the fields of frozen dataclasses."""

from dataclasses import dataclass, field
from typing import Literal

import pytest

from mibench import specs
from mibench.errors import UsageError


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


def test_canonical_text_does_not_depend_on_order():
    assert specs.canonical({"a": 1, "b": [2.5]}) == specs.canonical({"b": [2.5], "a": 1})


@pytest.mark.parametrize(
    ("text", "expected"), [("10", range(10)), ("0-9", range(10)), ("5-5", range(5, 6)), ("1", range(1))]
)
def test_seeds(text, expected):
    assert specs.seeds(text) == expected


@pytest.mark.parametrize("text", ["0", "9-0", "a", "-3", "1,2"])
def test_seeds_that_name_none_are_refused(text):
    with pytest.raises(UsageError, match="--seeds"):
        specs.seeds(text)


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("10m", 600), ("1.5h", 5400), ("2min", 120)])
def test_durations(text, seconds):
    assert specs.duration(text) == seconds


@pytest.mark.parametrize(("text", "size"), [("8G", 8 << 30), ("500M", 500 << 20), ("2GiB", 2 << 30), ("1k", 1024)])
def test_sizes(text, size):
    assert specs.size(text) == size


@pytest.mark.parametrize("text", ["", "0s", "ten", "-1m", "5 days"])
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
