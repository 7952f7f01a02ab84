"""Tables of trained models, one an application: estimators down, scores across, the way that is better by an arrow."""

from dataclasses import dataclass

import pandas as pd

from mibench.findings.nearest import FEWEST_SEEDS
from mibench.findings.scores import POINT, WITHOUT, cells
from mibench.findings.summary import MIXED, natural, of_applications, tidy
from mibench.tables import latex as papers
from mibench.tables.columns import aligned, cell, md, pipes
from mibench.tables.numbers import ARROWS, number

NATS = "term (nats)"


@dataclass(frozen=True)
class Entry:
    """A score of an estimator: mean and sd over `n` seeds, and whether it is marked."""

    mean: float
    sd: float
    n: int
    best: bool


@dataclass(frozen=True)
class Board:
    """The table of one application."""

    name: str
    seeds: int
    labels: tuple[str, ...]
    scores: tuple[tuple[str, str], ...]
    """(name, which values are better)."""
    entries: dict[tuple[str, str], Entry]
    nats: dict[str, float]
    """The mean of the terms' own bounds by label, where there are any."""
    remarks: dict[str, str]
    """What failed, or is not supported, by label."""
    mixed: frozenset[str]
    """Labels with rows of more than one code."""


def boards(frame: pd.DataFrame) -> list[Board]:
    """The table of each application in a frame of trials."""
    rows, table = of_applications(tidy(frame)), cells(frame)
    names = sorted(
        rows[POINT].drop_duplicates().itertuples(index=False, name=None), key=lambda name: (name[0], natural(name[1]))
    )
    return [_board(name, rows[(rows["task"] == name[0]) & (rows["point"] == name[1])], table) for name in names]


def _board(name: tuple[str, str], rows: pd.DataFrame, table: pd.DataFrame) -> Board:
    table = table[(table["task"] == name[0]) & (table["point"] == name[1])]
    first = rows.drop_duplicates("label").set_index("label")["estimator"]
    labels = sorted(first.index, key=lambda label: (first[label] != WITHOUT, natural(label)))
    by = rows.groupby("label")
    nats = rows["mi_estimate"].where(rows["ok"]).groupby(rows["label"]).mean().dropna()
    codes = by["code"].nunique()
    return Board(
        "/".join(filter(None, name)),
        int(by.size().max()),
        tuple(labels),
        tuple(dict.fromkeys(table[["score", "better"]].itertuples(index=False, name=None))),
        {
            (label, score): Entry(mean, sd, n, best)
            for label, score, mean, sd, n, best in table[["label", "score", "mean", "sd", "n", "best"]].itertuples(
                index=False, name=None
            )
        },
        dict(nats),
        {label: remark for label in labels if (remark := _remark(by.get_group(label)))},
        frozenset(codes[codes > 1].index),
    )


def _remark(rows: pd.DataFrame) -> str:
    failed, unsupported = rows.loc[rows["failed"], "status"], int((rows["status"] == "unsupported").sum())
    said = [f"{status} {count}" for status, count in failed.value_counts().items()]
    return ", ".join([*said, *([f"{unsupported} n/a" if unsupported < len(rows) else "n/a"] if unsupported else [])])


def _entry(entry: Entry | None, board: Board) -> str:
    if entry is None or not entry.n:
        return "–"
    spread = f" ± {number(entry.sd)}" if entry.n > 1 else ""
    return number(entry.mean) + spread + (f" n={entry.n}" if entry.n != board.seeds else "")


def _columns(board: Board, star: str) -> list[list[str]]:
    """The table by columns, each with its name on top; `star` stands behind what is marked."""
    named = [f"{label} {MIXED}" if label in board.mixed else label for label in board.labels]
    columns = [["estimator", *named]]
    for score, better in board.scores:
        entries = [board.entries.get((label, score)) for label in board.labels]
        texts = [_entry(entry, board) + (star if entry and entry.best else "") for entry in entries]
        columns.append([f"{score} {ARROWS.get(better, '')}".strip(), *texts])
    if board.nats:
        columns.append([NATS, *(number(board.nats[k]) if k in board.nats else "–" for k in board.labels)])
    if board.remarks:
        columns.append(["not scored", *(board.remarks.get(label, "") for label in board.labels)])
    return columns


def notes(board: Board) -> list[str]:
    """What a reader of the table has to know, a line each."""
    lines = [f"mean ± sd over {board.seeds} seed{'s' * (board.seeds != 1)}; {WITHOUT}: the model without a term"]
    if any(entry.best for entry in board.entries.values()):
        said = "or shown to be within its margin of it (paired t, 5 %, Holm)"
        if board.seeds < FEWEST_SEEDS:
            said = f"alone: under {FEWEST_SEEDS} seeds none can be shown to be as good"
        lines.append(f"* best of its score, {said}; failures bar it")
    if board.nats:
        lines.append(f"{NATS}: the term's own bound at the end")
    if board.mixed:
        lines.append(f"{MIXED} rows made by different code are taken together")
    return lines


def text(frame: pd.DataFrame) -> str:
    """The tables as text."""
    parts = [[board.name, "", *aligned(_columns(board, " *")), "", *notes(board)] for board in boards(frame)]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def markdown(frame: pd.DataFrame) -> str:
    """The tables in Markdown, marked scores bold."""
    parts = []
    for board in boards(frame):
        head, *rows = [list(map(md, row)) for row in zip(*_columns(board, " *"), strict=True)]
        bold = [[f"**{t.removesuffix(mark)}**" if t.endswith(mark := md(" *")) else t for t in row] for row in rows]
        said = [note.replace("* best", "Bold: best") for note in notes(board)]
        parts.append(f"{md(board.name)}\n\n{pipes([head, *bold])}\n" + "".join(f"{md(note)}.  \n" for note in said))
    return "\n".join(parts)


def latex(frame: pd.DataFrame, label: str = "tab:mibench", title: str = "") -> str:
    """The tables in LaTeX: a line an estimator, a column a score, marked scores bold."""
    parts = []
    for number_, board in enumerate(boards(frame)):
        signs = {"higher": r" $\uparrow$", "lower": r" $\downarrow$"}
        head = ["estimator", *(papers.escape(papers.readable(s)) + signs.get(way, "") for s, way in board.scores)]
        rows = [
            [
                papers.escape(papers.readable(name)) + (r" $\ddagger$" if name in board.mixed else ""),
                *(_numeral(board.entries.get((name, score))) for score, _ in board.scores),
            ]
            for name in board.labels
        ]
        said = [note.replace("* best", "bold: best") for note in notes(board) if not note.startswith(NATS)]
        failed = [f"{name}: {remark}" for name, remark in board.remarks.items()]
        caption = ". ".join(
            s[0].upper() + s[1:] for s in filter(None, [title, papers.readable(board.name), *said, *failed])
        )
        parts.append(papers.tables(head, rows, caption, f"{label}-{number_}" if number_ else label, 1))
    return "\n".join(parts)


def _numeral(entry: Entry | None) -> str:
    if entry is None or not entry.n:
        return "--"
    value = papers.numeral(entry.mean) + (rf" \pm {papers.numeral(entry.sd)}" if entry.n > 1 else "")
    return rf"$\mathbf{{{value}}}$" if entry.best else f"${value}$"


LONG = {
    "label": "estimator", "task": "task", "point": "point", "score": "score", "better": "better", "n": "n",
    "failures": "failures", "mean": "mean", "sd": "sd", "ci_low": "95 % from", "ci_high": "to", "mi_estimate": NATS,
    "fit_seconds": "seconds", "flags": "flags",
}  # fmt: skip


def long(frame: pd.DataFrame) -> list[list[str]]:
    """One line a cell, by columns, each with its name on top."""
    table = cells(frame)
    return [[name, *map(cell, table[column])] for column, name in LONG.items()]
