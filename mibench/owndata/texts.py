"""Columns of texts: which are numbers, which are categories, and which are numbers that were written otherwise."""

import re
from collections.abc import Iterable, Sequence

import numpy as np

from mibench.distributions.delimited import is_finite, is_number, meant
from mibench.owndata.columns import Raw

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "<na>", "#n/a"})
"""Cells that stand for no value, in small letters."""

NUMERAL = re.compile(r"[-+]?[$€£]?\d[\d.,_' \u00a0]*(e[-+]?\d+)?\s?[%€$£]?", re.IGNORECASE)
"""What looks like a number to people: with thousands signs, a comma, a unit."""

WITH_COMMA = re.compile(r"[-+]?\d*,?\d+(e[-+]?\d+)?", re.IGNORECASE)
THOUSANDS = re.compile(r"[-+]?\d{1,3}(,\d{3})+")


DATE = re.compile(r"(\d{4}-\d\d?(-\d\d?)?|\d\d?([./-])\d\d?\3\d{2,4}|\d\d?:\d\d)\b.*")
"""2024-05-17, 17.05.2024 or 5/17/24, with or without a time; 2024-05; 13:45."""

BARE, POINTED = re.compile(r"-?\d{1,3}"), re.compile(r"-?[1-9]\d{0,2}(\.\d{3})+")
"""What is below a thousand, and what is not, where points mark thousands."""


WITH_UNIT = re.compile(r"[-+]?\d[\d.,]*(e[-+]?\d+)?\s?[^\W\d][^\s\d]*", re.IGNORECASE)
"""0.13 kg, 12ms, 3 m/s."""


def have_units(cells: Sequence[str]) -> bool:
    """Whether most of these texts are numbers with a unit behind."""
    return 2 * sum(WITH_UNIT.fullmatch(cell) is not None for cell in cells) > len(cells)


def are_dates(cells: Sequence[str]) -> bool:
    """Whether most of these texts are dates or times."""
    return 2 * sum(DATE.fullmatch(cell) is not None for cell in cells) > len(cells)


def may_have_thousands(values: Raw) -> bool:
    """Whether all numbers could be whole, with points that mark thousands: some are 2.242, and others whole."""
    given = values[np.isfinite(values)]
    whole, thousandths = given == np.round(given), np.abs(given * 1000 - np.round(given * 1000)) < 1e-9
    return bool(whole.any() and not whole.all() and thousandths.all() and (np.abs(given) < 1000).all())


def without_thousands(name: str, cells: Iterable[str]) -> None:
    """Raises ValueError, naming a row, where points mark thousands or may do so: 999 beside 2.242."""
    given = [(row, cell.strip()) for row, cell in enumerate(cells, 1) if not is_missing(cell)]
    pointed = [(row, cell) for row, cell in given if POINTED.fullmatch(cell)]
    bare = [(row, cell) for row, cell in given if BARE.fullmatch(cell)]
    if pointed and bare and len(pointed) + len(bare) == len(given):
        (row, cell), (other, small) = pointed[0], bare[0]
        raise ValueError(
            f"column {name!r} holds {cell!r} at row {row} beside {small!r} at row {other}: "
            "does the point mark thousands or decimals? Write numbers without thousands signs, or say --decimal ."
        )


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


def categories(name: str, cells: Sequence[str], decimal: str = ".") -> Raw:
    """The cells as categories. Raises ValueError, naming a row, where most of them are, or look like, numbers."""
    given = [(row, cell.strip()) for row, cell in enumerate(cells, 1) if not is_missing(cell)]
    numerals = sum(NUMERAL.fullmatch(cell) is not None for _, cell in given)
    if 2 * numerals >= len(given) > 0 and not are_dates([cell for _, cell in given]):
        if decimal == "," and (pointed := [(row, cell) for row, cell in given if "." in cell]):
            raise ValueError(
                f"column {name!r} holds {pointed[0][1]!r:.40} at row {pointed[0][0]}, and commas are decimal ones: "
                f"write numbers without thousands signs, or say --decimal . ({len(pointed)} such cells in all)"
            )
        wrong = [(row, cell) for row, cell in given if not is_finite(cell)]
        if not wrong:
            raise ValueError(
                f"column {name!r} holds numbers as texts, such as {given[0][1]!r:.40}: give them as numbers"
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
