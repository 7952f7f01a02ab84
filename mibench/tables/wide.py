"""The wide table as text and as Markdown: a row a task point, a column an estimator (LaTeX is in `tables.latex`)."""

import pandas as pd

from mibench.tables.columns import aligned, blocks, md, pipes
from mibench.tables.grid import BOUND_SIGNS, entry_text, flag_signs, grid, notes
from mibench.tables.numbers import truth_text


def text(frame: pd.DataFrame, unit: str = "nats", width: int = 0) -> str:
    """The text table that ends a run: a row a task point, a column an estimator.

    With a `width`, estimators that do not fit go below, with the tasks repeated.
    """
    table = grid(frame, unit)
    if not table.rows:
        return "no trials\n"
    signs = flag_signs(table)
    left = [["task", *(name for name, _, _, _ in table.rows)]]
    if table.one_n is None:
        left.append(["n", *(str(n) for _, n, _, _ in table.rows)])
    left.append(["truth", *(truth_text(truth, error) for _, _, truth, error in table.rows)])
    right = []
    for label, bound in table.columns:
        column = [f"{label} {BOUND_SIGNS[bound]}".strip()]
        for i in range(len(table.rows)):
            entry = table.entries.get((i, label))
            column.append(entry_text(entry, table, signs) + (" *" if entry and entry.best else ""))
        right.append(column)
    lines = []
    for block in blocks(left, right, width):
        lines += [*aligned(block), ""]
    return "\n".join([*lines, *notes(table)]) + "\n"


def markdown(frame: pd.DataFrame, unit: str = "nats") -> str:
    """The wide table in Markdown, best entries bold."""
    table = grid(frame, unit)
    signs = flag_signs(table)
    n = [] if table.one_n is not None else ["n"]
    head = ["task", *n, "truth", *(f"{label} {BOUND_SIGNS[bound]}".strip() for label, bound in table.columns)]
    lines = [[md(cell) for cell in head]]
    for i, (name, samples, truth, error) in enumerate(table.rows):
        row = [md(name), *([str(samples)] if n else []), truth_text(truth, error)]
        for label, _ in table.columns:
            entry = table.entries.get((i, label))
            text = md(entry_text(entry, table, signs))
            row.append(f"**{text}**" if entry and entry.best else text)
        lines.append(row)
    said = [note.replace("* nearest", "Bold: nearest") for note in notes(table)]
    return pipes(lines) + "\n" + "\n".join(f"{md(note)}.  " for note in said) + "\n"
