"""One record a cell: the long table as text and Markdown."""

import pandas as pd

from mibench.findings.summary import MIXED, cells, mixed_note
from mibench.tables.columns import aligned, cell, md, pipes
from mibench.tables.grid import BOUND_SIGNS, UNSUPPORTED

LONG = {
    "label": "estimator", "task": "task", "point": "point", "n_samples": "n", "n_ok": "ok", "failures": "failures",
    "truth": "truth", "mean": "mean", "sd": "sd", "ci_low": "95 % from", "ci_high": "to", "bias": "bias",
    "rmse": "rmse", "fit_seconds": "seconds", "flags": "flags",
}  # fmt: skip


MEASURED = ("mean", "sd", "ci_low", "ci_high", "bias", "rmse", "fit_seconds")
"""What an estimator that does not support a point has no value of."""


def columns(frame: pd.DataFrame, unit: str) -> list[list[str]]:
    """The long table by columns, each with its name on top."""
    table = cells(frame, unit)
    bounds = zip(table["label"], table["bound"], strict=True)
    table["label"] = [f"{label} {BOUND_SIGNS[bound]}".strip() for label, bound in bounds]
    shown = {column: list(map(cell, table[column])) for column in LONG}
    for i, (codes, unsupported, seeds) in enumerate(
        table[["n_codes", "n_unsupported", "n_seeds"]].itertuples(index=False, name=None)
    ):
        if unsupported == seeds:
            for column in MEASURED:
                shown[column][i] = "n/a"
        if codes > 1:
            shown["mean"][i] += f" {MIXED}"
    return [[name, *shown[column]] for column, name in LONG.items()]


def text(frame: pd.DataFrame, unit: str = "nats") -> str:
    """A text line a cell, with interval, bias, root mean square error and the median time of a fit."""
    shown = columns(frame, unit)
    if len(shown[0]) == 1:
        return "no trials\n"
    return "\n".join([*aligned(shown), "", *notes(frame, unit)]) + "\n"


def notes(frame: pd.DataFrame, unit: str) -> list[str]:
    """What a reader of the long table has to know, a line each."""
    table = cells(frame, unit)
    said = f"mean, sd, 95 % t-interval of the mean, bias and rmse over the ok seeds, in {unit}; median seconds a fit"
    return [said, *mixed_note(table), *([UNSUPPORTED] if table["n_unsupported"].any() else [])]


def markdown(frame: pd.DataFrame, unit: str = "nats") -> str:
    """The long table in Markdown."""
    rows = [[md(text) for text in row] for row in zip(*columns(frame, unit), strict=True)]
    return pipes(rows) + "\n" + "".join(f"{md(note)}.  \n" for note in notes(frame, unit))
