"""The self-consistency table as text, Markdown, LaTeX, CSV and JSON."""

import pandas as pd

from mibench.errors import UsageError
from mibench.findings.consistency import SWEEP, table
from mibench.store.frame import for_spreadsheets
from mibench.tables.columns import aligned, cell, md, pipes
from mibench.tables.latex import escape, tables


def render(trials: pd.DataFrame, form: str) -> str:
    """The table as text, md, latex, csv or json. Raises UsageError where the run holds no such trials."""
    found = table(trials)
    if found.empty:
        raise UsageError(f"there are no finished trials of the task {SWEEP}; run them with -t {SWEEP}")
    if form == "csv":
        return for_spreadsheets(found).to_csv(index=False)
    if form == "json":
        return str(found.to_json(orient="records")) + "\n"
    shown = found.drop(columns="estimator_params")
    columns = [[str(name), *map(cell, shown[name])] for name in shown]
    rows = list(zip(*columns, strict=True))
    if form == "latex":
        head, *body = [[escape(cell) for cell in row] for row in rows]
        return tables(head, body, "Ratios of estimates on pictures: mean and sd over seeds", "tab:mibench-consistency")
    if form == "md":
        return pipes([[md(cell) for cell in row] for row in rows])
    return "\n".join(aligned(columns)) + "\n"
