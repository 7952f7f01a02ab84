"""Tables of trained models, one an application: estimators down, scores across, the way that is better by an arrow."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mibench.findings.nearest import FEWEST_SEEDS
from mibench.findings.scores import POINT, WITHOUT, cells
from mibench.findings.summary import MIXED, natural, of_applications, tidy
from mibench.tables import latex as papers
from mibench.tables.columns import aligned, blocks, cell, md, pipes
from mibench.tables.numbers import ARROWS, number

NATS = "term (nats)"
OWN = "below the rule: the application's own baselines, which have no term and are neither marked nor ranked"


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
    terms: int
    """So many labels are terms, the model without one among them; the others are the application's own baselines."""
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
    first = rows.drop_duplicates("label").set_index("label")[["baseline", "estimator"]]
    order = {label: (own, name != WITHOUT, natural(label)) for label, own, name in first.itertuples(name=None)}
    labels = sorted(order, key=order.__getitem__)
    by = rows.groupby("label")
    with np.errstate(over="ignore", invalid="ignore"):
        nats = rows["mi_estimate"].where(rows["ok"]).groupby(rows["label"]).mean().dropna()
    codes = by["code"].nunique()
    return Board(
        "/".join(filter(None, name)),
        int(by.size().max()),
        tuple(labels),
        int((~first["baseline"]).sum()),
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
    failed = rows.loc[rows["failed"], "status"].value_counts()
    failures = ", ".join(f"{status} {count}" for status, count in failed.items())
    return missing(failures, int((rows["status"] == "unsupported").sum()), len(rows))


def missing(failures: str, unsupported: int, seeds: int) -> str:
    """What is said of the seeds of a cell that have no score: why they failed, or that there can be none."""
    absent = "n/a" if unsupported == seeds else f"{unsupported} n/a" if unsupported else ""
    return ", ".join(filter(None, [f"failed: {failures}" if failures else "", absent]))


def _text(board: Board, label: str, score: str, star: str) -> str:
    """A score, and beside the first of them, which decides, what is missing of it."""
    entry, parts = board.entries.get((label, score)), []
    if entry is not None and entry.n:
        seeds = f" n={entry.n}" if entry.n != board.seeds else ""
        parts = [number(entry.mean) + (f" ± {number(entry.sd)}" if entry.n > 1 else "") + seeds]
    parts += [board.remarks.get(label, "")] if score == board.scores[0][0] else []
    return ("  ".join(filter(None, parts)) or "–") + (star if entry is not None and entry.best else "")


def _columns(board: Board, star: str) -> list[list[str]]:
    """The table by columns, each with its name on top; `star` stands behind what is marked."""
    named = [f"{label} {MIXED}" if label in board.mixed else label for label in board.labels]
    columns = [["estimator", *named]]
    for score, better in board.scores:
        texts = [_text(board, label, score, star) for label in board.labels]
        columns.append([f"{score} {ARROWS.get(better, '')}".strip(), *texts])
    if board.nats:
        columns.append([NATS, *(number(board.nats[k]) if k in board.nats else "–" for k in board.labels)])
    if not board.scores:
        columns.append(["not scored", *(board.remarks.get(label, "") for label in board.labels)])
    return columns


def notes(board: Board) -> list[str]:
    """What a reader of the table has to know, a line each."""
    lines = [f"mean ± sd over {board.seeds} seed{'s' * (board.seeds != 1)}; {WITHOUT}: the model without a term"]
    if any(entry.best for entry in board.entries.values()):
        lines.append(mark_note(board.seeds))
    if board.terms < len(board.labels):
        lines.append(OWN)
    if board.nats:
        lines.append(f"{NATS}: the term's own bound at the end")
    if board.mixed:
        lines.append(f"{MIXED} rows made by different code are taken together")
    return lines


def mark_note(seeds: int) -> str:
    """What a mark says, with so many seeds."""
    said = "or shown to be within its margin of it (paired t, 5 %, Holm)"
    if seeds < FEWEST_SEEDS:
        said = f"alone: under {FEWEST_SEEDS} seeds none can be shown to be as good"
    return f"* best of its score, {said}; failures bar it"


def text(frame: pd.DataFrame, width: int = 0) -> str:
    """The tables as text. With a `width`, scores that do not fit go below, with the estimators repeated."""
    parts = []
    for board in boards(frame):
        named, *right = _columns(board, " *")
        lines = [board.name, ""]
        for block in blocks([named], right, width):
            head, rule, *rows = aligned(block)
            apart = [rule] if 0 < board.terms < len(rows) else []
            lines += [head, rule, *rows[: board.terms], *apart, *rows[board.terms :], ""]
        parts.append("\n".join([*lines, *notes(board)]))
    return "\n\n".join(parts) + "\n"


def markdown(frame: pd.DataFrame) -> str:
    """The tables in Markdown, marked scores bold."""
    parts = []
    for board in boards(frame):
        head, *rows = [list(map(md, row)) for row in zip(*_columns(board, " *"), strict=True)]
        bold = [[f"**{t.removesuffix(mark)}**" if t.endswith(mark := md(" *")) else t for t in row] for row in rows]
        own = [[f"*{name}*", *values] for name, *values in bold[board.terms :]]
        said = [note.replace("* best", "Bold: best").replace("below the rule", "Italic") for note in notes(board)]
        parts.append(
            f"{md(board.name)}\n\n{pipes([head, *bold[: board.terms], *own])}\n"
            + "".join(f"{md(note)}.  \n" for note in said)
        )
    return "\n".join(parts)


def latex(frame: pd.DataFrame, label: str = "tab:mibench", title: str = "") -> str:
    """The tables in LaTeX: a line an estimator, a column a score, marked scores bold."""
    parts = []
    for number_, board in enumerate(boards(frame)):
        head = ["estimator"]
        head += [
            papers.escape(f"{papers.readable(score)} {ARROWS.get(way, '')}".strip()) for score, way in board.scores
        ]
        head += [NATS] if board.nats else []
        rows = [
            [
                papers.escape(papers.readable(name)) + (r" $\ddagger$" if name in board.mixed else ""),
                *(_numeral(board.entries.get((name, score)), board.seeds) for score, _ in board.scores),
                *([f"${papers.numeral(board.nats[name])}$" if name in board.nats else "--"] if board.nats else []),
            ]
            for name in board.labels
        ]
        if board.terms < len(rows):
            rows[board.terms][0] = r"\midrule " * (board.terms > 0) + rows[board.terms][0]
        said = [note.replace("* best", "bold: best") for note in notes(board)]
        failed = [f"{name}: {remark}" for name, remark in board.remarks.items()]
        caption = papers.sentences([title, papers.readable(board.name), *said, *failed])
        parts.append(papers.tables(head, rows, caption, f"{label}-{number_}" if number_ else label, 1))
    return "\n".join(parts)


def _numeral(entry: Entry | None, seeds: int) -> str:
    if entry is None or not entry.n:
        return "--"
    value = papers.numeral(entry.mean) + (rf" \pm {papers.numeral(entry.sd)}" if entry.n > 1 else "")
    fewer = f" ($n={entry.n}$)" if entry.n != seeds else ""
    return (rf"$\mathbf{{{value}}}$" if entry.best else f"${value}$") + fewer


LONG = {
    "label": "estimator", "task": "task", "point": "point", "score": "score", "better": "better", "n": "n",
    "failures": "failures", "mean": "mean", "sd": "sd", "ci_low": "95 % from", "ci_high": "to", "mi_estimate": NATS,
    "fit_seconds": "seconds", "flags": "flags",
}  # fmt: skip


def long(frame: pd.DataFrame) -> list[list[str]]:
    """One line a cell, by columns, each with its name on top."""
    table = cells(frame)
    return [[name, *map(cell, table[column])] for column, name in LONG.items()]
