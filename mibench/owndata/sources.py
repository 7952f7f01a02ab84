"""Where own data come from: files of several formats, and what Python holds. Columns not asked for are not read."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from mibench.distributions import delimited
from mibench.distributions.files import loaded
from mibench.interface import columns as as_columns
from mibench.owndata import texts
from mibench.owndata.columns import Raw

SEPARATORS = (",", "\t", ";", "|")
BLOCK = 2**16
"""Lines converted at once."""
LOOKED_AT = 50
"""Lines from which a separator is told."""

TEXT = (".csv", ".tsv", ".txt", ".tab")
COLUMNAR = (".parquet", ".pq", ".feather", ".arrow")


class Source(Protocol):
    """Columns by name."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns, in order."""
        ...

    @property
    def said(self) -> tuple[str, ...]:
        """What was understood of the layout, beside what is plain."""
        ...

    def read(self, wanted: Sequence[str]) -> dict[str, Raw]:
        """These columns, each of all rows. Raises ValueError, in one line, where one cannot be used."""
        ...


@dataclass(frozen=True)
class Held:
    """Columns that are in memory, or mapped."""

    names: tuple[str, ...]
    column: Callable[[str], Any]
    said: tuple[str, ...] = ()

    def read(self, wanted: Sequence[str]) -> dict[str, Raw]:
        """See `Source`."""
        return {name: raw(self.column(name), name) for name in wanted}


@dataclass(frozen=True)
class Delimited:
    """A text file: `separator` and `decimal` are given, or told from its first lines."""

    path: Path
    names: tuple[str, ...]
    separator: str
    decimal: str
    header: bool
    said: tuple[str, ...]

    def read(self, wanted: Sequence[str]) -> dict[str, Raw]:
        """See `Source`. Cells that are no numbers cost a second look at the file."""
        with delimited.reading(self.path):
            places = {name: delimited.place(name, self.names) for name in wanted}
            found: dict[str, list[Any]] = {name: [] for name in wanted}
            words: set[str] = set()
            for block in self._blocks():
                for name in found.keys() - words:
                    try:
                        cells = (texts.number(row[places[name]], self.decimal) for row in block)
                        found[name].append(np.fromiter(cells, np.float64, len(block)))
                    except ValueError:
                        words.add(name)
            for name in words:
                found[name] = []
            for block in self._blocks() if words else ():
                for name in words:
                    found[name] += [row[places[name]] for row in block]
            return {
                name: texts.categories(name, parts) if name in words else _finite(np.concatenate([*parts, []]), name)
                for name, parts in found.items()
            }

    def _blocks(self) -> Iterator[list[list[str]]]:
        rows = delimited.lines(self.path, self.separator)
        if self.header:
            next(rows, None)
        cells = (row for _, row in delimited.whole(rows, self.names))
        while block := list(itertools.islice(cells, BLOCK)):
            yield block


def opened(path: Path, separator: str | None = None, decimal: str | None = None) -> Source:
    """The columns of a file, by the ending of its name. Raises ValueError, in one line that begins with the file."""
    if not path.is_file():
        said = "is a folder" if path.is_dir() else "is not there"
        raise ValueError(f"{path} {said}; give a file of samples")
    ending = path.suffix.lower()
    if ending == ".npy":
        return _of_array(loaded(path), str(path))
    if ending == ".npz":
        return _of_archive(path)
    if ending in COLUMNAR:
        return _columnar(path, ending)
    if ending in (".xlsx", ".xls", ".ods"):
        raise ValueError(f"{path} is a spreadsheet; save the sheet as CSV")
    if ending not in TEXT:
        known = ", ".join([*TEXT, *COLUMNAR, ".npy", ".npz"])
        raise ValueError(f"{path} ends in {ending or 'nothing'!r}; files are told by their ending: {known}")
    return _delimited(path, separator, decimal)


def _delimited(path: Path, separator: str | None, decimal: str | None) -> Delimited:
    with delimited.reading(path):
        said = []
        if separator is None:
            separator = _told(path)
            if separator != ",":
                said.append(f"cells separated by {NAMED[separator]}")
        first = list(itertools.islice(delimited.lines(path, separator), LOOKED_AT))
        if not first:
            raise ValueError("the file is empty")
        names = tuple(cell.strip() for cell in first[0][1])
        header = not all(texts.NUMERAL.fullmatch(name) for name in names)
        if not header:
            names = tuple(map(str, range(len(names))))
            said.append("no header: columns are called 0, 1, …")
        if decimal is None:
            below = [row for _, row in first[header:]]
            commas = separator != "," and any(texts.has_decimal_commas(cells) for cells in zip(*below, strict=False))
            decimal = "," if commas else "."
            if commas:
                said.append("decimal commas")
        return Delimited(path, names, separator, decimal, header, tuple(said))


NAMED = {"\t": "tabs", ";": "semicolons", "|": "bars", ",": "commas", " ": "spaces"}


def _told(path: Path) -> str:
    """The separator that gives all of the first lines the same number of cells, and most of them; else the header."""

    def cells(separator: str) -> tuple[int, int]:
        widths = [len(row) for _, row in itertools.islice(delimited.lines(path, separator), LOOKED_AT)] or [1]
        return (widths[0] if len(set(widths)) == 1 else 1), widths[0]

    return max(SEPARATORS, key=cells)


def _columnar(path: Path, ending: str) -> Held:
    import pyarrow as pa
    from pyarrow import feather, parquet

    def column(name: str) -> Any:
        read = parquet.read_table if ending in (".parquet", ".pq") else feather.read_table
        return read(path, columns=[name]).column(0).to_pandas()

    try:
        schema = (
            parquet.read_schema(path)
            if ending in (".parquet", ".pq")
            else pa.ipc.open_file(pa.memory_map(str(path))).schema
        )
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"{path}: cannot be read: {' '.join(str(error).split())}") from None
    return Held(tuple(schema.names), column)


def _of_archive(path: Path) -> Held:
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except Exception as error:  # numpy and zipfile raise many kinds
        raise ValueError(f"{path}: cannot be read: {' '.join(str(error).split())}") from None
    return _of_arrays(arrays, str(path))


def _of_array(array: npt.NDArray[Any], who: str) -> Held:
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2:
        raise ValueError(f"{who} has shape {array.shape}; it must be (rows, columns)")
    return Held(tuple(map(str, range(array.shape[1]))), lambda name: array[:, int(name)])


def _of_arrays(arrays: Mapping[str, npt.NDArray[Any]], who: str) -> Held:
    """Each array is a column, or several: x becomes x0, x1, …"""
    held: dict[str, npt.NDArray[Any]] = {}
    for name, array in arrays.items():
        if array.ndim not in (1, 2):
            raise ValueError(f"{who}: {name} has shape {array.shape}; it must be (rows,) or (rows, columns)")
        parts = [array] if array.ndim == 1 else list(array.T)
        held |= {name if len(parts) == 1 else f"{name}{k}": part for k, part in enumerate(parts)}
    if len({len(part) for part in held.values()}) > 1:
        sizes = ", ".join(f"{name} {len(array)}" for name, array in arrays.items())
        raise ValueError(f"{who}: its arrays differ in rows: {sizes}")
    return Held(tuple(held), held.__getitem__)


def of_frame(frame: Any) -> Held:
    """The columns of a DataFrame."""
    names = tuple(str(name).strip() for name in frame.columns)
    return Held(names, lambda name: frame.iloc[:, names.index(name)])


def of_side(given: Any, name: str) -> Held:
    """One side as Python holds it: a frame, a Series, an array of one or two dimensions, a list, a tensor."""
    if hasattr(given, "columns") and hasattr(given, "iloc"):
        frame = of_frame(given)
        for column in frame.names:
            delimited.place(column, frame.names)
        return frame
    if hasattr(given, "to_numpy") and hasattr(given, "index"):
        return Held((str(name if given.name is None else given.name),), lambda _: given)
    if hasattr(given, "detach"):
        given = as_columns(given, name)
    if isinstance(given, np.ma.MaskedArray) and not np.ma.getmaskarray(given).any():
        given = given.data
    if isinstance(given, np.ma.MaskedArray):
        raise ValueError(f"{name} is a masked array: drop the masked rows, or give them as NaN")
    try:
        array = np.asarray(given)
    except ValueError:
        raise ValueError(f"{name} is of type {type(given).__name__} and no array (n, dim) of values") from None
    if array.ndim not in (1, 2) or array.size == 0:
        raise ValueError(f"{name} has shape {array.shape}; it must be (n,) or (n, dim) with n >= 1 and dim >= 1")
    return _of_arrays({name: array}, name)


def raw(values: Any, name: str) -> Raw:
    """Values of one column as float64 with NaN, or as objects. Raises ValueError for what can be neither."""
    if getattr(getattr(values, "dtype", None), "kind", "") in "OSUT" or str(getattr(values, "dtype", "")) in WORDS:
        return _objects(values, name)
    array = (
        values.to_numpy(dtype=np.float64, na_value=np.nan) if hasattr(values, "isna") and _is_real(values) else values
    )
    array = np.asarray(array)
    if array.dtype.kind == "b":
        return np.where(array, "true", "false").astype(object)
    if array.dtype.kind == "c":
        raise ValueError(f"column {name!r} is complex: give its real and its imaginary part as columns of their own")
    if array.dtype.kind not in "iuf":
        raise ValueError(f"column {name!r} holds {array.dtype} values, which are neither numbers nor categories")
    return _finite(array.astype(np.float64), name)


WORDS = ("category", "string", "str", "boolean")


def _is_real(values: Any) -> bool:
    return str(values.dtype).lower().startswith(("int", "uint", "float", "double"))


def _objects(values: Any, name: str) -> Raw:
    """Objects of a column: numbers if all are, else texts as they are read from a file."""
    found = [None if _is_nothing(value) else value for value in values]
    given = [value for value in found if value is not None]
    if any(isinstance(value, complex) for value in given):
        raise ValueError(f"column {name!r} is complex: give its real and its imaginary part as columns of their own")
    if given and all(isinstance(value, bool | np.bool_) for value in given):
        return _as_objects([None if value is None else str(bool(value)).lower() for value in found])
    if not any(isinstance(value, str | bytes) for value in given):
        try:
            return _finite(np.array([np.nan if value is None else float(value) for value in found]), name)
        except (TypeError, ValueError):
            raise ValueError(
                f"column {name!r} holds values such as {given[0]!r:.40}, which are neither numbers nor categories"
            ) from None
    return texts.categories(name, ["" if value is None else str(value) for value in found])


def _as_objects(values: Sequence[Any]) -> Raw:
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


def _is_nothing(value: Any) -> bool:
    return value is None or type(value).__name__ == "NAType" or (isinstance(value, float) and np.isnan(value))


def _finite(values: npt.NDArray[np.float64], name: str) -> Raw:
    if (infinite := np.isinf(values)).any():
        raise ValueError(
            f"column {name!r} holds {values[infinite][0]} at row {np.flatnonzero(infinite)[0] + 1} "
            f"({infinite.sum()} such cells in all): drop or correct them"
        )
    return values
