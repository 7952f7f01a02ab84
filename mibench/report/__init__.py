"""One HTML file of a run: no network, no other file, everything escaped."""

import contextlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from mibench import __version__, store
from mibench import settings as asked
from mibench.errors import MibenchError, NothingMatched
from mibench.findings import compare as comparing
from mibench.findings import wins
from mibench.findings.error_map import error_map
from mibench.findings.ranking import ranking
from mibench.findings.scores import POINT
from mibench.findings.summary import ROW, cells, natural, of_applications, of_tasks, tidy
from mibench.findings.terms import terms
from mibench.plots.kinds import KINDS
from mibench.tables import scores, verdict
from mibench.tables import terms as best_term
from mibench.tables.error_map import KEY, entries, shades, without_task
from mibench.tables.grid import BOUND_SIGNS, Grid, entry_text, flag_signs, grid, notes
from mibench.tables.numbers import number, short, truth_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 6
"""Estimators beside one another in the wide table; more stand below, the tasks repeated."""
GRID_ROWS = 200
"""Rows of the wide table that the page holds; the table of cells has all."""
LOG_CHARACTERS = 4_000
LOGS_CHARACTERS = 300_000
PLACES = re.compile(r"(?<![\w.:/~<-])(?:[A-Za-z]:)?[\\/](?:[^\\/\s\"'`,;:()<>|=]+[\\/])+")
"""The folders of an absolute path: a report is published, and where a machine keeps files says nothing to readers."""
KNOWN = re.compile(r"[\\/]((?:site-packages|mibench|plugins|tasks)[\\/].*)")
"""Folders of ours, or of a library, from which on a path does say something."""
CELL_COLUMNS = (
    "label", "bound", "task", "point", "n_samples", "n_ok", "n_failed", "truth", "mean", "sd", "ci_low", "ci_high",
    "bias", "rmse", "fit_seconds", "failures", "flags", "n_seeds", "n_unsupported", "n_codes",
)  # fmt: skip
TRIAL_COLUMNS = (
    "seed", "status", "mi_estimate", "mi_std", "steps", "samples_seen", "fit_seconds", "flags", "path", "device_name",
    "trial_id", "error",
)  # fmt: skip


def page(
    frame: pd.DataFrame, folders: Sequence[Path], unit: str = "nats", leaderboard: bool = False, title: str = ""
) -> str:
    """The report of trials as one HTML document; the folders they are from have their logs, curves and provenance."""
    import jinja2

    trials = tidy(frame)
    tasks, models = of_tasks(trials)[0], of_applications(trials)
    here = files("mibench.report")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters |= {"number": number, "short": short}
    template = environment.from_string((here / "page.html").read_text(encoding="utf-8"))
    table = grid(trials, unit)
    return template.render(
        title=title or "mibench: " + ", ".join(folder.name for folder in folders),
        style=(here / "page.css").read_text(encoding="utf-8"),
        dense=(here / "dense.css").read_text(encoding="utf-8"),
        script=(here / "page.js").read_text(encoding="utf-8"),
        unit=unit,
        version=__version__,
        counts=_counts(trials),
        blocks=_blocks(table),
        errors=_errors(trials, unit),
        many=len(table.columns) > COLUMNS,
        notes=[note.replace("* nearest", "Bold: nearest") for note in notes(table)],
        left_out=max(0, len(table.rows) - GRID_ROWS),
        of_tasks=bool(len(tasks)) or not len(models),
        models=_models(models),
        trained=_figures(models, unit, folders),
        comparison=_comparison(trials, unit),
        leaderboard=_leaderboard(trials, unit) if leaderboard else None,
        figures=_figures(tasks, unit, folders),
        provenance=[_provenance(folder, trials) for folder in folders],
        data=_embedded(_data(tasks, unit, folders)),
    )


def _models(models: pd.DataFrame) -> str:
    """The table of each application, and where there are several the terms over all of them."""
    if models.empty:
        return ""
    parts = [scores.text(models)]
    if len(models[POINT].drop_duplicates()) > 1:
        with contextlib.suppress(NothingMatched):
            parts.append("the terms over all applications\n\n" + best_term.text(terms(models)))
    return "\n\n".join(parts)


def _counts(trials: pd.DataFrame) -> list[tuple[str, int]]:
    counts = {str(status): int(count) for status, count in trials["status"].value_counts().items()}
    facts = [
        ("trials", len(trials)),
        ("estimators", trials["label"].nunique()),
        ("task points", len(trials[["task", "point"]].drop_duplicates())),
        ("cells", len(trials[[*ROW, "label"]].drop_duplicates())),
    ]
    return [(name, count) for name, count in [*facts, *sorted(counts.items(), key=lambda item: item[0] != "ok")]]


def _blocks(table: Grid) -> list[dict[str, Any]]:
    """The wide table, so many estimators at a time as stand beside one another."""
    signs = flag_signs(table)
    blocks = []
    for start in range(0, len(table.columns), COLUMNS):
        columns = table.columns[start : start + COLUMNS]
        rows = []
        for i, (name, n, truth, error) in enumerate(table.rows[:GRID_ROWS]):
            entries = [table.entries.get((i, label)) for label, _ in columns]
            texts = [(entry_text(entry, table, signs), bool(entry and entry.best)) for entry in entries]
            rows.append({"name": name, "n": n, "truth": truth_text(truth, error), "entries": texts})
        blocks.append({"head": [f"{label} {BOUND_SIGNS[bound]}".strip() for label, bound in columns], "rows": rows})
    return blocks


def _errors(trials: pd.DataFrame, unit: str) -> dict[str, Any] | None:
    """The error map: each entry has its text, how dark it is, and which of the page's cells it is."""
    try:
        found = error_map(of_tasks(trials)[0], unit)
    except NothingMatched:
        return None
    place = {key: i for i, key in enumerate(cells(trials, unit)[[*ROW, "label"]].itertuples(index=False, name=None))}
    groups: list[dict[str, Any]] = []
    room, left_out = GRID_ROWS, 0
    for regime, part in found.groups:
        names, texts, errors = entries(part, found.labels)
        keys = list(part[ROW].drop_duplicates().itertuples(index=False, name=None))
        rows: list[dict[str, Any]] = []
        for name, key, words, shade in zip(names, keys, texts, shades(errors, found), strict=True):
            cells_ = [
                {"text": text, "shade": None if math.isnan(s) else round(float(s), 2), "cell": place.get((*key, label))}
                for text, s, label in zip(words, shade, found.labels, strict=True)
            ]
            rows.append({"name": name, "entries": cells_})
        groups += [{"regime": regime, "rows": rows[:room]}] if room else []
        left_out += max(0, len(rows) - room)
        room = max(0, room - len(rows))
    every = [row for group in groups for row in group["rows"]]
    task, names = without_task([row["name"] for row in every])
    for row, name in zip(every, names, strict=True):
        row["name"] = name
    return {"task": task, "labels": found.labels, "groups": groups, "left_out": left_out, "key": KEY}


def _comparison(trials: pd.DataFrame, unit: str) -> list[str | verdict.Columns]:
    models = [found] if (found := wins.against(trials)) else []
    try:
        ranked = ranking(trials, unit)
    except NothingMatched as reason:
        return verdict.parts(*models) if models else [str(reason)]
    if len(ranked.labels) != 2:
        return verdict.parts(ranked, *models)
    first, second = sorted(ranked.labels, key=natural)
    return verdict.parts(ranked, comparing.labels(trials, first, second, unit))


def _leaderboard(trials: pd.DataFrame, unit: str) -> dict[str, Any]:
    from mibench.findings import leaderboard

    try:
        board = leaderboard.board(trials, unit)
    except NothingMatched as reason:
        return {"rows": [], "notes": [f"there is no ranking: {reason}"], "unit": unit}
    return {"rows": board.table.to_dict("records"), "notes": board.notes, "unit": unit}


def _figures(trials: pd.DataFrame, unit: str, folders: Sequence[Path]) -> list[dict[str, str]]:
    from mibench.plots import figures

    curves = store.read_curves(folders, trials["trial_id"])
    left = store.read_left(folders, of_applications(trials)["trial_id"])
    try:
        drawn = figures.draw(trials, ["all"], unit, curves, left=left)
    except MibenchError:
        return []
    drawn.pop("error", None)  # which the page has as a table
    found = []
    for name, figure in sorted(drawn.items(), key=lambda pair: pair[0].partition(" ")[2]):  # by application
        kind, _, application = name.partition(" ")
        title, slug = f"{KINDS[kind].title} {application}".strip(), figures.slug(name)
        found.append({"kind": slug, "title": title, "svg": _svg(figure, slug)})
    return found


def _svg(figure: "Figure", kind: str) -> str:
    """The figure as an element of the page: ids made its own, no header, no metadata, no address."""
    from mibench.plots.style import save

    buffer = BytesIO()
    save(figure, buffer, "svg", dots=120)
    text = buffer.getvalue().decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="([^"]*)"', rf'id="{kind}-\1"', text)
    text = re.sub(r'(xlink:href="#|url\(#)', rf"\g<1>{kind}-", text)
    # In attributes, hundredths of a point are enough; what stands between tags is to be read.
    text = re.sub(r"<[^>]*>", lambda tag: re.sub(r"(\d\.\d{2})\d+", r"\1", tag[0]), text)
    text = re.sub(r">\s+<", "><", text)
    points = figure.get_figwidth() * 72
    size = f'style="min-width:{min(0.7 * points, 640):.0f}px;max-width:{1.6 * points:.0f}px"'
    return re.sub(r'width="[\d.]+pt" height="[\d.]+pt"', size, text, count=1)


def _provenance(folder: Path, trials: pd.DataFrame) -> dict[str, Any]:
    """Where the numbers of a folder come from, and the command that makes them again."""
    try:
        run = store.read_run(folder)
    except MibenchError:
        return {"name": folder.name, "facts": [], "again": "", "codes": _codes(trials)}
    versions = ", ".join(f"{name} {version}" for name, version in run.get("versions", {}).items() if version)
    git = run.get("git") or {}
    commit = f"{git.get('commit', '')}{' and uncommitted changes' if git.get('dirty') else ''}"
    devices = sorted({str(name) for name in trials["device_name"] if str(name)})
    facts = [
        ("command", str(run.get("command", ""))),
        ("started", str(run.get("started_at", ""))),
        ("versions", versions),
        ("commit", commit),
        ("platform", str(run.get("platform", ""))),
        ("devices", ", ".join(devices) or ", ".join(map(str, run.get("devices", [])))),
    ]
    return {
        "name": folder.name,
        "facts": [(name, _placeless(value)) for name, value in facts if value],
        "again": _placeless(asked.command(run.get("settings", {}))),
        "codes": _codes(trials[trials["run_id"] == run.get("run_id", folder.name)]),
    }


def _placeless(text: str) -> str:
    """The text with absolute paths cut to their end, from the last folder on that a reader knows."""

    def end(match: re.Match[str]) -> str:
        known = KNOWN.search(match[0])
        return known[1] if known else ""

    return PLACES.sub(end, text)


def _known(key: tuple[Any, ...]) -> tuple[Any, ...]:
    """A key that finds itself again: no NaN equals another."""
    return tuple(None if value != value else value for value in key)


def _codes(trials: pd.DataFrame) -> list[tuple[str, str, str]]:
    unique = trials[["label", "task", "code"]].drop_duplicates()
    return sorted((str(a), str(b), str(c)) for a, b, c in unique.itertuples(index=False, name=None))


def _data(trials: pd.DataFrame, unit: str, folders: Sequence[Path]) -> dict[str, Any]:
    """The cells, and under each its trials, as lists in the order of the column names."""
    table = cells(trials, unit)
    keys = [*ROW, "label"]
    order = {_known(key): i for i, key in enumerate(table[keys].itertuples(index=False, name=None))}
    grouped: list[list[list[Any]]] = [[] for _ in order]
    wanted = trials[[*keys, *TRIAL_COLUMNS]].sort_values("seed")
    for row in wanted.itertuples(index=False, name=None):
        if (key := _known(row[:4])) in order:  # a row without a sample size is in no cell
            shown = [_placeless(v) if isinstance(v, str) else v for v in map(_plain, row[4:])]
            grouped[order[key]].append(shown)
    first = trials.drop_duplicates(keys)[[*keys, "estimator_params", "task_params"]]
    said = {_known(row[:4]): [_placeless(str(text)) for text in row[4:]] for row in first.itertuples(False, None)}
    settings = [said[key] for key in order]
    return {
        "unit": unit,
        "cell_columns": CELL_COLUMNS,
        "trial_columns": TRIAL_COLUMNS,
        "cells": [
            [_plain(value) for value in row] for row in table[list(CELL_COLUMNS)].itertuples(index=False, name=None)
        ],
        "trials": grouped,
        "settings": settings,
        "logs": _logs(trials, folders),
    }


def _plain(value: Any) -> Any:
    """A value as JSON holds it, numbers to six digits."""
    if value is None or value is pd.NA:
        return None
    if isinstance(value, str):
        return value
    number = float(value)
    return None if not math.isfinite(number) else int(number) if number.is_integer() else float(f"{number:.6g}")


def _logs(trials: pd.DataFrame, folders: Sequence[Path]) -> dict[str, str]:
    """The ends of the logs of trials that did not end ok, as many as fit."""
    logs: dict[str, str] = {}
    room = LOGS_CHARACTERS
    for trial in trials.loc[trials["failed"], "trial_id"]:
        for folder in folders:
            path = folder / "logs" / f"{trial}.log"
            if room > 0 and trial and path.is_file() and path.resolve().parent == (folder / "logs").resolve():
                text = _placeless(path.read_text(encoding="utf-8", errors="replace"))
                logs[str(trial)] = text[-min(LOG_CHARACTERS, room) :]
                room -= len(logs[str(trial)])
    return logs


def _embedded(data: Mapping[str, Any]) -> str:
    """JSON that no text in it can end the script element of."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text
