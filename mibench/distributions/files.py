"""A user's own samples with a stated mutual information: a CSV file, or two NPY files.

    @hookimpl
    def mibench_tasks():
        return {"own": {"first": Table("/data/first.csv", x=("a", "b"), y="c", mi=0.4)}}

Rows are drawn without replacement (repeated rows mislead nearest-neighbour estimators), so n is at most their number.
Nothing is proven here: `mi` is what whoever made the file says it is, and `mi_error` how sure they are.
"""

import csv
import zlib
from dataclasses import dataclass
from functools import cached_property
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
    def rows_at_hand(self) -> int:
        """How many pairs there are."""
        return len(self.arrays[0])

    @property
    def dim_x(self) -> int:
        return int(self.arrays[0].shape[1])

    @property
    def dim_y(self) -> int:
        return int(self.arrays[1].shape[1])

    @cached_property
    def content(self) -> str:
        """A checksum of the rows."""
        return f"{zlib.crc32(np.hstack(self.arrays).tobytes()):08x}"

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        x, y = self.arrays
        if n > len(x):
            raise ValueError(f"{type(self).__name__}: n={n} rows asked for, and there are {len(x)}")
        chosen = rng.permutation(len(x))[:n]
        return x[chosen], y[chosen]


@dataclass(frozen=True)
class Table(Rows):
    """Columns `x` and columns `y`, by name, of a CSV file with a header. Other columns may hold anything."""

    path: str
    x: tuple[str, ...]
    y: tuple[str, ...]
    mi: float
    mi_error: float = 0.0
    source: ClassVar[str] = "stated with the file"

    def __post_init__(self) -> None:
        for side in ("x", "y"):
            names = getattr(self, side)
            object.__setattr__(self, side, (names,) if isinstance(names, str) else tuple(names))
        fields.real(self, "mi", least=0)
        fields.real(self, "mi_error", least=0)

    @cached_property
    def arrays(self) -> tuple[Array, Array]:
        """The columns."""
        wanted = [*self.x, *self.y]
        try:
            with open(self.path, newline="", encoding="utf-8-sig") as file:
                header, *rows = [row for row in csv.reader(file) if row] or [[]]
            names = [name.strip() for name in header]
            if absent := [name for name in wanted if name not in names]:
                raise ValueError(f"no column {absent[0]!r}; there are {', '.join(names) or 'none'}")
            if uneven := [k for k, row in enumerate(rows, 1) if len(row) != len(names)]:
                raise ValueError(f"row {uneven[0]} has more or fewer values than the header")
            places = [names.index(name) for name in wanted]
            both = np.array([[float(row[k]) for k in places] for row in rows]).reshape(-1, len(wanted))
        except (ValueError, csv.Error) as error:
            raise ValueError(f"{self.path}: {error}") from None
        return _checked(self.path, both[:, : len(self.x)]), _checked(self.path, both[:, len(self.x) :])


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
        x, y = (_checked(path, _loaded(path)) for path in (self.x, self.y))
        if len(x) != len(y):
            raise ValueError(f"{self.x} has {len(x)} rows and {self.y} has {len(y)}: rows must be pairs")
        return x, y


def _loaded(path: str) -> Array:
    try:
        return np.asarray(np.load(path, allow_pickle=False), dtype=np.float64)
    except (ValueError, TypeError, EOFError):
        raise ValueError(f"{path}: not an NPY file of numbers") from None


def _checked(path: str, values: Array) -> Array:
    columns = np.asarray(values, dtype=np.float64)
    columns = columns[:, None] if columns.ndim == 1 else columns
    if columns.ndim != 2 or columns.shape[1] == 0:
        raise ValueError(f"{path}: shape {np.shape(values)} is not (rows, columns)")
    if not np.isfinite(columns).all():
        raise ValueError(f"{path}: holds values that are not finite; drop or fill them first")
    return columns
