"""Delimited text: lines of cells with where they stand, and what is wrong with one that should be a number."""

import contextlib
import csv
import difflib
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

Line = tuple[int, list[str]]
"""The number of a line in its file, and its cells."""


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Say in one line that begins with the file what cannot be read of it. Raises ValueError."""
    try:
        yield
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not text in UTF-8; save it as CSV in UTF-8") from None
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, csv.Error) as error:
        raise ValueError(f"{path}: {error}") from None


def lines(path: Path, separator: str = ",") -> Iterator[Line]:
    """The lines that are not blank, the header first."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file, delimiter=separator)
        for row in reader:
            if row:
                yield reader.line_num, row


def whole(rows: Iterable[Line], names: Sequence[str]) -> Iterator[Line]:
    """The lines below a header. Raises ValueError at one that has more or fewer cells than the header."""
    for k, (line, row) in enumerate(rows, 1):
        if len(row) != len(names):
            hint = ": each row needs one a column"
            if len(row) == 2 * len(names):
                hint = "; decimal numbers need a point, not a comma"
            elif any("\n" in cell for cell in row):
                hint = ": a quote is opened and not closed"
            count = f"{len(row)} value{'s' * (len(row) != 1)}"
            raise ValueError(f"row {k} (line {line}) has {count} and the header {len(names)}{hint}")
        yield line, row


def place(name: str, header: Sequence[str]) -> int:
    """Where the column of a name stands. Raises ValueError where there is none, with the nearest, or several."""
    names = [cell.strip() for cell in header]
    if name not in names:
        raise ValueError(f"no column {name!r}; {_instead(name, header)}")
    if names.count(name) > 1:
        raise ValueError(f"{names.count(name)} columns are called {name!r}; give each a name of its own")
    return names.index(name)


def _instead(name: str, header: Sequence[str]) -> str:
    if len(header) == 1 and (other := next((sign for sign in ";\t|" if sign in header[0]), None)):
        return f"the header is one value, {header[0]!r:.60}: separate values by commas and not by {other!r}"
    names = [cell.strip() for cell in header]
    small = {cell.lower(): cell for cell in names}
    near = difflib.get_close_matches(name.lower(), small, n=1, cutoff=0.5)
    return f"did you mean {small[near[0]]!r}?" if near else f"there are {', '.join(names) or 'none'}"


def is_finite(cell: str) -> bool:
    """Whether a cell is a finite number: "7_7", which Python reads as 77, is none."""
    return is_number(cell) and math.isfinite(float(cell))


def is_number(cell: str) -> bool:
    """Whether a cell is a number, not finite ones among them."""
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell


def meant(cell: str) -> str:
    """How a cell that looks like a number should be written, "" where it looks like none."""
    if "_" in cell and is_number(cell.replace("_", "")):
        return "write numbers without underscores"
    if "\N{MINUS SIGN}" in cell and is_number(cell.replace("\N{MINUS SIGN}", "-")):
        return "write a hyphen as the minus sign"
    if "," in cell and is_number(cell.replace(",", ".", 1)):
        return "write a point, not a comma, in decimal numbers"
    return ""
