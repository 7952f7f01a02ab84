"""Columns of texts: which are numbers, which are categories, and which are numbers that were written otherwise."""

import re
from collections.abc import Iterable, Sequence

import numpy as np

from mibench.distributions.delimited import is_finite, is_number, meant
from mibench.owndata.columns import Raw

MISSING = frozenset({"", "na", "n/a", "nan", "null", "#n/a"})
"""Cells that stand for no value, in small letters."""

NUMERAL = re.compile(r"[-+]?[$€£]?\d[\d.,_' \u00a0]*(e[-+]?\d+)?\s?[%€$£]?", re.IGNORECASE)
"""What looks like a number to people: with thousands signs, a comma, a unit."""

WITH_COMMA = re.compile(r"[-+]?\d*,?\d+(e[-+]?\d+)?", re.IGNORECASE)
THOUSANDS = re.compile(r"[-+]?\d{1,3}(,\d{3})+")


def is_missing(cell: str) -> bool:
    """Whether a cell holds no value."""
    return cell.strip().lower() in MISSING


def number(cell: str, decimal: str = ".") -> float:
    """The number in a cell, NaN where it is missing. Raises ValueError where there is none."""
    if is_missing(cell):
        return np.nan
    if decimal == ",":
        if "." in cell:
            raise ValueError(cell)
        cell = cell.replace(",", ".")
    if "_" in cell:
        raise ValueError(cell)
    return float(cell)


def has_decimal_commas(cells: Iterable[str]) -> bool:
    """Whether all are numbers if commas are points, and some can be read in no other way."""
    given = [cell.strip() for cell in cells if not is_missing(cell)]
    commas = [cell for cell in given if "," in cell]
    return (
        bool(commas)
        and all(WITH_COMMA.fullmatch(cell) for cell in given)
        and not all(THOUSANDS.fullmatch(cell) for cell in commas)
    )


def categories(name: str, cells: Sequence[str]) -> Raw:
    """The cells as categories. Raises ValueError, naming a row, where most of them are, or look like, numbers."""
    given = [(row, cell.strip()) for row, cell in enumerate(cells, 1) if not is_missing(cell)]
    numerals = sum(NUMERAL.fullmatch(cell) is not None for _, cell in given)
    if 2 * numerals >= len(given) > 0:
        wrong = [(row, cell) for row, cell in given if not is_finite(cell)]
        if not wrong:
            raise ValueError(
                f"column {name!r} holds {given[0][1]!r:.40} at row {given[0][0]}, whose point is no decimal comma: "
                "leave --decimal , away"
            )
        row, cell = wrong[0]
        raise ValueError(
            f"column {name!r} holds {cell!r:.40} at row {row}, among numbers{_instead(cell)} "
            f"({len(wrong)} such cells in all)"
        )
    found = np.empty(len(cells), dtype=object)
    found[:] = [None if is_missing(cell) else cell.strip() for cell in cells]
    return found


def _instead(cell: str) -> str:
    if THOUSANDS.fullmatch(cell):
        return ": write numbers without thousands signs, or say --decimal , if the comma is a decimal one"
    if said := meant(cell):
        return f": {said}" + (", or say --decimal ," if "," in cell else "")
    if NUMERAL.fullmatch(cell):
        return ": write numbers with digits and a point alone"
    return (
        ", and is no finite one: correct it" if is_number(cell) else ": correct it, or leave it empty if it is missing"
    )
