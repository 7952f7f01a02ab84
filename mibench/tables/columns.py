"""Columns of cells set side by side, as aligned text or in Markdown."""

import re
from collections.abc import Sequence

from mibench.tables.numbers import number


def cell(value: object) -> str:
    """What stands in a table for a value: a `number`, or the text as it is."""
    return number(value) if isinstance(value, float) else str(value)


def aligned(columns: Sequence[Sequence[str]]) -> list[str]:
    """Columns padded to one width, the first line of each its name, and a rule below the names."""
    widths = [max(map(len, column)) for column in columns]
    lines = [
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in zip(*columns, strict=True)
    ]
    return [lines[0], "  ".join("─" * w for w in widths), *lines[1:]]


def blocks(left: list[list[str]], right: list[list[str]], width: int) -> list[list[list[str]]]:
    """The columns in groups no wider than `width`, each beginning with the left ones."""

    def room(columns: list[list[str]]) -> int:
        return sum(max(map(len, column)) + 2 for column in columns) - 2

    found = [list(left)]
    for column in right:
        if width and len(found[-1]) > len(left) and room([*found[-1], column]) > width:
            found.append(list(left))
        found[-1].append(column)
    return found


def pipes(lines: Sequence[Sequence[str]]) -> str:
    """Rows as a Markdown table, the first its head; the cells are Markdown already."""
    marked = ["| " + " | ".join(row) + " |" for row in lines]
    rule = "|" + "|".join([":--"] + ["--:"] * (len(lines[0]) - 1)) + "|"
    return "\n".join([marked[0], rule, *marked[1:]]) + "\n"


def md(text: str) -> str:
    """Any text as Markdown that prints it."""
    return re.sub(r"([|<>*_`\\\[\]])", r"\\\1", text)
