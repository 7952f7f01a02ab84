"""A frame of trials in the format asked for: the table of tasks, and one of each application, whichever it has."""

import json
from typing import Any

import numpy as np
import pandas as pd

from mibench.findings import scores as scored
from mibench.findings.summary import cells, of_applications, of_tasks, tidy
from mibench.store.frame import for_spreadsheets
from mibench.tables import latex, scores, wide
from mibench.tables import long as every
from mibench.tables.columns import aligned, md, pipes


def text(frame: pd.DataFrame, unit: str = "nats", width: int = 0, long: bool = False) -> str:
    """For a terminal; see `wide.text` for the width."""
    tasks, applications = _parts(frame)
    parts = []
    if len(tasks) or applications.empty:
        parts.append(every.text(tasks, unit) if long else wide.text(tasks, unit, width))
    if len(applications):
        parts.append("\n".join(aligned(scores.long(applications))) + "\n" if long else scores.text(applications, width))
    return "\n".join(parts)


def markdown(frame: pd.DataFrame, unit: str = "nats", long: bool = False) -> str:
    """In Markdown."""
    tasks, applications = _parts(frame)
    parts = []
    if len(tasks) or applications.empty:
        parts.append((every if long else wide).markdown(tasks, unit))
    if len(applications):
        rows = [[md(cell) for cell in row] for row in zip(*scores.long(applications), strict=True)]
        parts.append(pipes(rows) if long else scores.markdown(applications))
    return "\n".join(parts)


def papers(frame: pd.DataFrame, unit: str, label: str, title: str, long: bool = False) -> str:
    """In LaTeX; applications have no long table there."""
    tasks, applications = _parts(frame)
    parts = []
    if len(tasks) or applications.empty:
        parts.append((latex.long if long else latex.wide)(tasks, unit, label, title))
    if len(applications):
        parts.append(scores.latex(applications, f"{label}-scores" if len(tasks) else label, title))
    return "\n".join(parts)


def csv(frame: pd.DataFrame, unit: str = "nats") -> str:
    """Every statistic of every cell, one row a cell."""
    return for_spreadsheets(_every(frame, unit)).to_csv(index=False)


def records(frame: pd.DataFrame, unit: str = "nats") -> str:
    """The same as a JSON list; what is not a number is null."""
    table = _every(frame, unit)
    kept: Any = table.astype(object).where(table.notna() & ~table.isin([np.inf, -np.inf]), None)
    return json.dumps(kept.to_dict("records"), indent=1, ensure_ascii=False) + "\n"


def _every(frame: pd.DataFrame, unit: str) -> pd.DataFrame:
    """The cells of tasks, and below them, with columns more, those of applications, if there are any."""
    tasks, applications = _parts(frame)
    table = cells(tasks, unit).assign(unit=unit)
    if applications.empty:
        return table
    models = scored.cells(applications).assign(kind="application")
    return pd.concat([table.assign(kind="task"), models], ignore_index=True) if len(table) else models


def _parts(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = tidy(frame)
    return of_tasks(rows)[0], of_applications(rows)
