"""A user's own samples with a stated mutual information: a CSV file, or two NPY files.

    @hookimpl
    def mibench_tasks():
        return {"mine": {"first": Table("/data/first.csv", x=("a", "b"), y=("c",), mi=0.4)}}

Rows are drawn without replacement (repeated rows mislead nearest-neighbour estimators), so n is at most their number.
Nothing is proven here: `mi` is what whoever made the file says it is, and `mi_error` how sure they are.
"""

import csv
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np

from mibench.distributions import fields
from mibench.interface import Array


class Rows:
    """Paired rows, read once."""

    @property
    def arrays(self) -> tuple[Array, Array]:
        """All of X and of Y."""
        raise NotImplementedError

    @property
    def dim_x(self) -> int:
        return int(self.arrays[0].shape[1])

    @property
    def dim_y(self) -> int:
        return int(self.arrays[1].shape[1])

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        x, y = self.arrays
        if n > len(x):
            raise ValueError(f"{type(self).__name__}: n={n} rows asked for, and there are {len(x)}")
        chosen = rng.permutation(len(x))[:n]
        return x[chosen], y[chosen]


@dataclass(frozen=True)
class Table(Rows):
    """Columns `x` and columns `y`, by name, of a CSV file with a header."""

    path: str
    x: tuple[str, ...]
    y: tuple[str, ...]
    mi: float
    mi_error: float = 0.0
    source: ClassVar[str] = "stated with the file"

    def __post_init__(self) -> None:
        fields.real(self, "mi", least=0)
        fields.real(self, "mi_error", least=0)

    @cached_property
    def arrays(self) -> tuple[Array, Array]:
        """The columns."""
        with open(self.path, newline="", encoding="utf-8") as file:
            header = [name.strip() for name in next(csv.reader(file), [])]
        for name in (*self.x, *self.y):
            if name not in header:
                raise ValueError(f"{self.path}: no column {name!r}; there are {', '.join(header)}")
        both = np.loadtxt(self.path, delimiter=",", skiprows=1, ndmin=2, encoding="utf-8")
        x, y = (both[:, [header.index(name) for name in names]] for names in (self.x, self.y))
        return _checked(self.path, x), _checked(self.path, y)


@dataclass(frozen=True)
class Arrays(Rows):
    """Two NPY files of shapes (rows, dim_x) and (rows, dim_y), or (rows,)."""

    x: str
    y: str
    mi: float
    mi_error: float = 0.0
    source: ClassVar[str] = "stated with the files"

    def __post_init__(self) -> None:
        fields.real(self, "mi", least=0)
        fields.real(self, "mi_error", least=0)

    @cached_property
    def arrays(self) -> tuple[Array, Array]:
        """What the files hold."""
        x, y = (_checked(path, np.load(Path(path), allow_pickle=False)) for path in (self.x, self.y))
        if len(x) != len(y):
            raise ValueError(f"{self.x} has {len(x)} rows and {self.y} has {len(y)}: rows must be pairs")
        return x, y


def _checked(path: str, values: Array) -> Array:
    columns = np.asarray(values, dtype=np.float64)
    columns = columns[:, None] if columns.ndim == 1 else columns
    if columns.ndim != 2 or columns.shape[1] == 0:
        raise ValueError(f"{path}: shape {np.shape(values)} is not (rows, columns)")
    if not np.isfinite(columns).all():
        raise ValueError(f"{path}: holds values that are not finite; drop or fill them first")
    return columns
