"""A user's own samples with a stated mutual information: a CSV file, or two NPY files.

    @hookimpl
    def mibench_tasks():
        return {"own": {"first": Table("first.csv", x=("a", "b"), y="c", mi=0.4)}}

A relative name in a plugin is found beside the plugin's file, whatever the working directory is, and one on the command
line (`-t own:path=first.csv`) from the working directory. Rows are drawn without replacement (repeated rows mislead
nearest-neighbour estimators), so n is at most their number. Nothing is proven here: `mi` is what whoever made the file
says it is, and `mi_error` how sure they are.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mibench.distributions import delimited, fields
from mibench.interface import Array, columns


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Paired rows, read once.

    * `folder`: where relative names are found; the plugin's folder, or the working directory if that is not known.
    """

    folder: str = field(default="", repr=False, compare=False, metadata={"place": True})

    @property
    def arrays(self) -> tuple[Array, Array]:
        """All of X and of Y. Raises ValueError, in one line that begins with the file, where they are no pairs."""
        raise NotImplementedError

    @property
    def rows_at_hand(self) -> int:
        """How many pairs there are."""
        return len(self.arrays[0])

    @property
    def dim_x(self) -> int:
        """Columns of X."""
        return int(self.arrays[0].shape[1])

    @property
    def dim_y(self) -> int:
        """Columns of Y."""
        return int(self.arrays[1].shape[1])

    @cached_property
    def content(self) -> str:
        """A checksum of the rows."""
        return f"{zlib.crc32(np.hstack(self.arrays).tobytes()):08x}"

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """`n` of the rows in random order, none twice. Raises ValueError if there are fewer."""
        x, y = self.arrays
        if n > len(x):
            raise ValueError(f"{type(self).__name__}: n={n} rows asked for, and there are {len(x)}; lower -n")
        chosen = rng.permutation(len(x))[:n]
        return x[chosen], y[chosen]

    def _file(self, name: str) -> Path:
        """The file that a field names. Raises ValueError if it is none that can be read."""
        try:
            path = Path(self.folder, Path(name).expanduser()).absolute()
            if path.is_file():
                return path
            said = "a folder" if path.is_dir() else "no regular file" if path.exists() else "not there"
        except (OSError, RuntimeError, ValueError) as error:  # a name too long, an unknown ~user, a null byte
            raise ValueError(f"{name!r} names no file: {getattr(error, 'strerror', None) or error}") from None
        link = f" (a link to {path.readlink()})" if path.is_symlink() else ""
        raise ValueError(f"{path} is {said}{link}; give a file of samples")


@dataclass(frozen=True)
class Table(Rows):
    """Columns `x` and columns `y`, by name, of a CSV file with a header. Other columns may hold anything.

    * `path`: the file, UTF-8, values separated by commas, a point in decimal numbers.
    * `x`, `y`: names of columns, one or several; no column is on both sides.
    * `mi`, `mi_error`: the stated mutual information in nats, and how sure it is.
    """

    path: str = field(metadata={"file": True})
    x: tuple[str, ...]
    y: tuple[str, ...]
    mi: float
    mi_error: float = 0.0
    source: ClassVar[str] = "stated with the file"

    def __post_init__(self) -> None:
        for side in ("x", "y"):
            names = getattr(self, side)
            names = (names,) if isinstance(names, str) else tuple(names)
            object.__setattr__(self, side, names)
            if not names or not all(isinstance(name, str) and name for name in names):
                raise ValueError(f"Table: {side}={names!r} must name one column or several")
        wanted = [*self.x, *self.y]
        if twice := [name for k, name in enumerate(wanted) if name in wanted[:k]]:
            raise ValueError(f"Table: column {twice[0]!r} is named twice in x and y; name each column once")
        fields.real(self, "mi", least=0)
        fields.real(self, "mi_error", least=0)

    @cached_property
    def arrays(self) -> tuple[Array, Array]:
        """The columns."""
        path = self._file(self.path)
        with delimited.reading(path):
            both = _numbers(delimited.lines(path), [*self.x, *self.y])
        return both[:, : len(self.x)], both[:, len(self.x) :]


@dataclass(frozen=True)
class Arrays(Rows):
    """Two NPY files of shapes (rows, dim_x) and (rows, dim_y), or (rows,).

    * `x`, `y`: the files, as `numpy.save` writes them.
    * `mi`, `mi_error`: the stated mutual information in nats, and how sure it is.
    """

    x: str = field(metadata={"file": True})
    y: str = field(metadata={"file": True})
    mi: float
    mi_error: float = 0.0
    source: ClassVar[str] = "stated with the files"

    def __post_init__(self) -> None:
        fields.real(self, "mi", least=0)
        fields.real(self, "mi_error", least=0)

    @cached_property
    def arrays(self) -> tuple[Array, Array]:
        """What the files hold."""
        x, y = (_copied(self._file(name)) for name in (self.x, self.y))
        if len(x) != len(y):
            raise ValueError(f"{self.x} has {len(x)} rows and {self.y} has {len(y)}: rows must be pairs")
        return x, y


def _copied(path: Path) -> Array:
    return np.array(columns(loaded(path), str(path)))  # a copy: the file may change


def loaded(path: Path) -> npt.NDArray[Any]:
    """The array of an NPY file, mapped and not read. Raises ValueError, in one line that begins with the file."""
    try:
        with path.open("rb") as file:
            start = file.read(6)
        if start[:2] == b"PK":
            raise ValueError("an NPZ archive; write each array with numpy.save and name the two files")
        if start != b"\x93NUMPY":
            raise ValueError("not an NPY file of numbers; numpy.save writes those")
        # mapped, so that a header that promises terabytes is found out before memory is asked for
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror or error}") from None
    except Exception as error:  # numpy raises many kinds for a header that makes no sense
        said = " ".join(str(error).split())
        short = "the file is shorter than its header says; write it again" if "mmap length" in said else said
        raise ValueError(f"{path}: {short}") from None


def _numbers(lines: Iterator[delimited.Line], wanted: list[str]) -> Array:
    """The wanted columns of a table's lines, each with its number in the file; the first one is the header."""
    _, header = next(lines, (0, []))
    places = [delimited.place(name, header) for name in wanted]
    rows = list(delimited.whole(lines, header))
    if not rows:
        raise ValueError("no rows below the header")
    try:
        if any("_" in row[place] for _, row in rows for place in places):  # float() takes "7_7" for 77
            raise ValueError
        both = np.array([[float(row[place]) for place in places] for _, row in rows])
        if not np.isfinite(both).all():
            raise ValueError
    except ValueError:
        raise ValueError(_first_wrong(rows, wanted, places)) from None
    return both


def _first_wrong(rows: list[delimited.Line], wanted: list[str], places: list[int]) -> str:
    """What is wrong with the first cell that is no number, and how many there are."""
    wrong = [
        (k, line, name, row[place])
        for k, (line, row) in enumerate(rows, 1)
        for name, place in zip(wanted, places, strict=True)
        if not delimited.is_finite(row[place])
    ]
    k, line, name, cell = wrong[0]
    said = "is empty" if not cell.strip() else f"holds {cell!r:.40}, which is no finite number"
    more = f": {instead}" if (instead := delimited.meant(cell)) else ""
    count = f" ({len(wrong)} such cells in all); drop or fill them first" if not more else f" ({len(wrong)} such cells)"
    return f"column {name!r} {said} at row {k} (line {line}){more}{count}"
