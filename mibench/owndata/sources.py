"""Files of several formats that own data come from. Columns not asked for are not read."""

import itertools
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from mibench.distributions import delimited
from mibench.distributions.files import loaded
from mibench.owndata import texts
from mibench.owndata.columns import Raw
from mibench.owndata.held import Held, finite, of_array, of_arrays

SEPARATORS = (",", "\t", ";", "|")
NAMED = {"\t": "tabs", ";": "semicolons", "|": "bars", ",": "commas", " ": "blanks"}
WRITTEN = {"tab": "\t", "\\t": "\t", "space": " ", "blank": " "}
"""How separators are written that a shell would swallow."""
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
class Delimited:
    """A text file: `separator` and `decimal` are given, or told from its first lines; `sure` that a point is one."""

    path: Path
    names: tuple[str, ...]
    separator: str
    decimal: str
    header: bool
    said: tuple[str, ...]
    sure: bool = False

    def read(self, wanted: Sequence[str]) -> dict[str, Raw]:
        """See `Source`. Cells that are no numbers cost a second look at the file."""
        with delimited.reading(self.path):
            places = {name: delimited.place(name, self.names) for name in wanted}
            found: dict[str, list[Any]] = {name: [] for name in wanted}
            words: set[str] = set()
            for block in self._blocks():
                for name in found.keys() - words:
                    try:
                        numbers = (texts.number(row[places[name]], self.decimal) for row in block)
                        found[name].append(np.fromiter(numbers, np.float64, len(block)))
                    except ValueError:
                        words.add(name)
            made = {name: np.concatenate([*parts, []]) for name, parts in found.items() if name not in words}
            doubtful = {name for name, values in made.items() if not self.sure and texts.may_have_thousands(values)}
            cells: dict[str, list[str]] = {name: [] for name in words | doubtful}
            for block in self._blocks() if cells else ():
                for name, column in cells.items():
                    column += [row[places[name]] for row in block]
            for name in doubtful:
                texts.without_thousands(name, cells[name])
            return {
                name: finite(made[name], name) if name in made else texts.categories(name, cells[name], self.decimal)
                for name in found
            }

    def _blocks(self) -> Iterator[list[list[str]]]:
        rows = _lines(self.path, self.separator)
        if self.header:
            next(rows, None)
        cells = (row for _, row in delimited.whole(rows, self.names))
        while block := list(itertools.islice(cells, BLOCK)):
            yield block


def _lines(path: Path, separator: str) -> Iterator[delimited.Line]:
    """The lines of a file; any number of blanks are one separator."""
    rows = delimited.lines(path, separator)
    return ((line, [cell for cell in row if cell]) for line, row in rows) if separator == " " else rows


def opened(path: Path, separator: str | None = None, decimal: str | None = None) -> Source:
    """The columns of a file, by the ending of its name. Raises ValueError, in one line that begins with the file."""
    if not path.is_file():
        said = "is a folder" if path.is_dir() else "is not there"
        raise ValueError(f"{path} {said}; give a file of samples")
    ending = path.suffix.lower()
    if ending == ".npy":
        try:
            return of_array(loaded(path), str(path))
        except ValueError as error:
            if "Python objects" in str(error):
                raise ValueError(
                    f"{path}: holds Python objects; save numbers or texts, or each column in NPZ"
                ) from None
            raise
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
        said, sure = [], decimal is not None
        if decimal not in (None, ".", ","):
            raise ValueError(f"--decimal {decimal!r}: it is a point or a comma")
        if separator is not None:
            separator = WRITTEN.get(separator, separator)
            if len(separator) != 1 or separator in '"\r\n':
                raise ValueError(f"--separator {separator!r}: give one sign, or tab or space")
        else:
            separator = _told(path)
            if separator != ",":
                said.append(f"cells separated by {NAMED[separator]}")
        first = list(itertools.islice(_lines(path, separator), LOOKED_AT))
        if not first:
            raise ValueError("the file is empty")
        names = tuple(cell.strip() for cell in first[0][1])
        if len(names) == 1 and names[0].startswith("#"):
            raise ValueError(f"the first line is a comment, {names[0]!r:.60}: remove it")
        if len(names) == 1:
            raise ValueError(
                f"there is one column, {names[0]!r:.60}, if cells are separated by {NAMED.get(separator, separator)}: "
                f"say by what, such as --separator {next((sign for sign in ':,;|/' if sign in names[0]), ';')!r}"
            )
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
        return Delimited(path, names, separator, decimal, header, tuple(said), sure)


def _told(path: Path) -> str:
    """The separator that gives all of the first lines the same number of cells, and most of them; else the header."""

    def cells(separator: str) -> tuple[int, int]:
        widths = [len(row) for _, row in itertools.islice(_lines(path, separator), LOOKED_AT)] or [1]
        return (widths[0] if len(set(widths)) == 1 else 1), widths[0]

    best = max(SEPARATORS, key=cells)
    return " " if cells(best) == (1, 1) and cells(" ")[0] > 1 else best


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
        if "allow_pickle" in str(error) and zipfile.is_zipfile(path):
            raise ValueError(f"{path}: holds Python objects; save numbers or texts") from None
        if "allow_pickle" in str(error) or isinstance(error, zipfile.BadZipFile):
            raise ValueError(f"{path}: no NPZ file, or part of one; numpy.savez writes those") from None
        raise ValueError(f"{path}: cannot be read: {' '.join(str(error).split())}") from None
    return of_arrays(arrays, str(path))
