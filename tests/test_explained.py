"""A field is explained where its author explained it: beside it, in a list, in a sentence, or in a class above."""

from dataclasses import dataclass, field

from mibench import catalogue
from mibench.explained import field_docs


@dataclass(frozen=True)
class Above:
    """Fits a line. The line passes through `origin`.

    * `steps`, `size`: at most so many steps, of so many
      rows each;
    * `kind`: "flat" or "steep", with `slope` as given; `width` of the band.

    `size` is named here too. It ends.
    """

    steps: int = 1
    size: int = 1
    kind: str = "flat"
    slope: float = 1.0
    width: float = 1.0
    origin: float = 0.0
    bare: int = 0


@dataclass(frozen=True)
class Below(Above):
    """A line of its own, `steps` of which matter: `extra` is added."""

    extra: int = 0
    told: int = field(default=0, metadata={"doc": "told beside it"})


def test_every_place_is_read_in_its_turn():
    assert field_docs(Below) == {
        "steps": "at most so many steps, of so many rows each",
        "size": "at most so many steps, of so many rows each",
        "kind": '"flat" or "steep", with `slope` as given; `width` of the band',
        "slope": '"flat" or "steep", with `slope` as given',
        "width": "`width` of the band",
        "origin": "The line passes through `origin`",
        "bare": "",
        "extra": "`extra` is added",
        "told": "told beside it",
    }


def test_the_fields_of_every_neural_bound_are_explained():
    mine = catalogue.discover().estimators["mine"]
    assert [name for name, said in field_docs(type(mine)).items() if not said] == []
