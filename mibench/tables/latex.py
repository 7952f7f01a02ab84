"""Tables for papers: LaTeX with booktabs, ready for `\\input` (needs the packages booktabs and graphicx)."""

import re
from collections.abc import Iterable
from itertools import pairwise

import pandas as pd

from mibench.tables import long as records
from mibench.tables.grid import Entry, Grid, flag_signs, grid, notes
from mibench.tables.numbers import number, truth_text

ROWS_A_PAGE = 40
ESTIMATORS_ABREAST = 6
"""More would shrink to what nobody can read."""
SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "|": r"\textbar{}", "<": r"\textless{}",
    ">": r"\textgreater{}", '"': r"\textquotedbl{}", "±": r"$\pm$", "≤": r"$\leq$", "≥": r"$\geq$",
    "–": "--", "−": r"$-$", "‡": r"$\ddagger$", "↑": r"$\uparrow$", "↓": r"$\downarrow$",
}  # fmt: skip
ENCODABLE = set(map(chr, range(32, 127))) | set("ÀÁÂÄÇÈÉÊËÍÎÏÑÓÔÖÙÚÛÜßàáâäçèéêëíîïñóôöùúûü")
WORDS = ("estimator", "task", "point")
BOUNDS = {"lower": r"$^{\leq}$", "upper": r"$^{\geq}$", "none": ""}


def escape(text: str) -> str:
    """Any text as LaTeX that prints it; what a plain LaTeX font lacks becomes its code point."""
    return "".join(SPECIAL.get(c, c if c in ENCODABLE else f"U+{ord(c):04X}") for c in text)


def readable(name: str) -> str:
    """A name of the command line as a paper would have it: `gaussian/dim=5:mi=2.0` as "gaussian, dim = 5, mi = 2.0"."""
    name = re.sub(r"\s+(?=[A-Za-z]\w*=)|[/:](?=[^/])", ", ", name)
    return re.sub(r"(?<=\w)=(?=\S)", " = ", name)


def _entry(entry: Entry | None, table: Grid, signs: dict[str, str]) -> str:
    if entry is None:
        return "not run"
    parts = []
    if entry.n_ok:
        value = numeral(entry.mean) + (rf" \pm {numeral(entry.sd)}" if entry.n_ok > 1 else "")
        value += r"\ddagger" if entry.n_codes > 1 else ""
        marks = [f"{signs[word]}{times}" for word, times in entry.counts]
        raised = r"^{\mathrm{" + r"\,".join(marks) + "}}" if marks else ""
        parts.append(rf"$\mathbf{{{value}}}{raised}$" if entry.best else f"${value}{raised}$")
        if entry.n_seeds != table.seeds:
            parts.append(f"($n={entry.n_seeds}$)")
    if entry.n_failed:
        text = f"{entry.n_failed} failed" if entry.n_ok else f"failed: {escape(entry.failures)}"
        parts.append(rf"\textit{{{text}}}")
    if entry.n_unsupported:
        parts.append(f"{entry.n_unsupported} n/a" if parts else "n/a")
    return " ".join(parts)


def numeral(value: float) -> str:
    """A number in math mode."""
    text = number(value)
    mantissa, _, exponent = text.partition("e")
    plain = text.replace("–", r"\text{--}").replace("inf", r"\infty")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else plain


def wide(frame: pd.DataFrame, unit: str = "nats", label: str = "tab:mibench", title: str = "") -> str:
    """The wide table: best of a row and what is not worse than it in bold; bounds, flags and failures marked."""
    table = grid(frame, unit)
    signs = flag_signs(table)
    one_n = table.one_n is not None
    head = ["task", *([] if one_n else ["$n$"]), "truth"]
    head += [escape(readable(name)) + BOUNDS[bound] for name, bound in table.columns]
    rows = []
    for i, (name, n, truth, error) in enumerate(table.rows):
        left = [escape(readable(name)), *([] if one_n else [str(n)]), escape(truth_text(truth, error))]
        rows.append(left + [_entry(table.entries.get((i, column)), table, signs) for column, _ in table.columns])
    said = [note.replace("* nearest", "bold: nearest") for note in notes(table)]
    caption = sentences([title, *said]) if table.rows else "No trials"
    return tables(head, rows, caption, label, len(head) - len(table.columns))


def long(frame: pd.DataFrame, unit: str = "nats", label: str = "tab:mibench", title: str = "") -> str:
    """The long table: a line a cell."""
    named = [list(map(readable, column)) if column[0] in WORDS else column for column in records.columns(frame, unit)]
    head, *rows = [[escape(cell) for cell in row] for row in zip(*named, strict=True)]
    return tables(head, rows, sentences([title, *records.notes(frame, unit)]), label)


def sentences(said: Iterable[str]) -> str:
    """Notes as the text of a caption, those that are empty left out."""
    return ". ".join(note[0].upper() + note[1:] for note in said if note)


def tables(head: list[str], rows: list[list[str]], caption: str, label: str, left: int | None = None) -> str:
    """As many table environments as rows and columns need, each shrunk to the line where it is wider.

    With `left`, so many columns name the row and stand in each part, and the others are shared out.
    """
    left = len(head) if left is None else left
    parts = -(-(len(head) - left) // ESTIMATORS_ABREAST) or 1
    ends = [left + (len(head) - left) * i // parts for i in range(parts + 1)]
    shares = [[*range(left), *range(start, end)] for start, end in pairwise(ends)]
    lines = [rows[i : i + ROWS_A_PAGE] for i in range(0, len(rows), ROWS_A_PAGE)] or [[]]
    pages = [[[row[k] for k in share] for row in [head, *some]] for some in lines for share in shares]
    text = [r"% \usepackage{booktabs} \usepackage{graphicx} \usepackage{amsmath}"]
    for page, (names, *part) in enumerate(pages):
        said = escape(caption) if page == 0 else "Continued"
        said += f", part {page + 1} of {len(pages)}" if len(pages) > 1 else ""
        text += [
            r"\begin{table}[tbp]",
            r"\centering\small",
            rf"\caption{{{said}.}}",
            rf"\label{{{label}{f'-{page + 1}' if page else ''}}}",
            r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
            rf"\begin{{tabular}}{{l{'r' * (len(names) - 1)}}}",
            r"\toprule",
            " & ".join(names) + r" \\",
            r"\midrule",
            *(" & ".join(row) + r" \\" for row in part),
            r"\bottomrule",
            r"\end{tabular}}",
            r"\end{table}",
        ]
    return "\n".join(text) + "\n"
