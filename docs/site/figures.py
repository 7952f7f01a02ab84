"""What the kept run says of each estimator, as Markdown tables: by dimension, truth, n and kind of data, and its cost.

    python docs/site/figures.py [RUN …]     # results/reference where none is named

prints what the page "Choose an estimator" shows.
"""

import functools
import json
import math
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

import mibench
from mibench import catalogue
from mibench.findings.error_map import DIMENSIONS, TRUTHS
from mibench.findings.ranking import ranking
from mibench.findings.summary import cells, tidy

ROOT = Path(__file__).parent.parent.parent
REFERENCE = ROOT / "results" / "reference"

KINDS = (
    ("wound up", {"Spiral", "SwissRoll", "Rippled", "Bent"}),
    ("pictures", {"GaussianPlate", "Rectangle", "SameClass", "FirstRows"}),
    ("turned", {"Rotated", "Turned"}),
    ("each column bent", {"Margins", "Power"}),
    ("heavy tails", {"StudentT", "StudentTAt"}),
    ("normal", {"CorrelatedNormal", "SparseNormal", "DenseNormal", "LatentNormal"}),
    ("bounded noise", {"UniformNoise", "LogGammaExponential", "NoisyFunction", "NoisyFunctionAt"}),
    ("mixtures", {"PlaneMixture", "Concentric", "NormalInliers", "PairMixture", "NormalOrSigns"}),
    ("discrete", {"SymmetricChannel", "NoiselessChannel", "RareEventChannel"}),
    ("discrete and continuous", {"QuantisedUniform", "SmoothedLabels", "ZeroInflatedPoisson"}),
)
"""Kinds of data by the classes of a task: the first that holds one of its layers."""


@functools.cache
def rows(*runs: Path) -> pd.DataFrame:
    """The trials of tasks in these runs."""
    frame = mibench.load(*runs)
    return frame[frame["kind"] == "task"]


def kind(task_params: str) -> str:
    """What kind of data a task draws, from the fields that its rows keep."""
    layers, task = set(), json.loads(task_params)
    while isinstance(task, dict):
        layers.add(task.get("type"))
        task = task.get("base")
    return next((name for name, classes in KINDS if classes & layers), "other")


@functools.cache
def kept(*runs: Path) -> pd.DataFrame:
    """A row a cell, with its regimes beside it: `dimension`, `size` (of the truth) and `data`."""
    frame = rows(*runs)
    table = cells(frame)
    larger = table[["dim_x", "dim_y"]].max(axis=1).fillna(1)
    table["dimension"] = larger.map(lambda value: next(name for end, name in DIMENSIONS if value <= end))
    table["dimension"] = table["dimension"].str.removeprefix("dimension ")
    table["size"] = table["truth"].map(lambda value: next(name for end, name in TRUTHS if value < end))
    kinds = frame.drop_duplicates(["task", "point"]).set_index(["task", "point"])["task_params"].map(kind)
    table["data"] = [kinds[point] for point in zip(table["task"], table["point"], strict=True)]
    table["n"] = table["n_samples"].map(str)
    return table


@functools.cache
def order(*runs: Path) -> list[str]:
    """Labels of estimators, by mean rank over the points."""
    return list(ranking(tidy(rows(*runs))).labels)


def markdown(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table whose first column is text and whose others are numbers."""
    return "\n".join(
        ["| " + " | ".join(head) + " |", "|:--|" + "--:|" * (len(head) - 1)]
        + ["| " + " | ".join(line) + " |" for line in lines]
    )


def by(table: pd.DataFrame, labels: Sequence[str], column: str, columns: Sequence[str], up: str = "") -> str:
    """Mean |estimate − truth| in nats by estimator and regime; bold is the least of a column."""
    found = dict(iter(table[table["label"].isin(labels)].groupby(["label", column])))
    means = {key: part["mae"].mean() for key, part in found.items() if part["mae"].notna().all()}
    best = {name: min((means[key] for key in means if key[1] == name), default=math.nan) for name in columns}
    counts = {name: table.loc[table[column] == name, ["task", "point"]].drop_duplicates().shape[0] for name in columns}

    def cell(label: str, name: str) -> str:
        part = found.get((label, name))
        if part is None:
            return "–"
        if (label, name) not in means:
            missing = int(part["mae"].isna().sum())
            return "n/a" if missing == len(part) else f"{part['mae'].mean():.2f} ({missing} n/a)"
        shown = f"{means[label, name]:.2f}"
        return f"**{shown}**" if shown == f"{best[name]:.2f}" else shown

    heads = ["estimator", *(f"{name} ({counts[name]})" for name in columns)]
    return markdown(heads, [[linked(label, up), *(cell(label, name) for name in columns)] for label in labels])


def linked(label: str, up: str = "") -> str:
    """An estimator's label, leading to its page if it is one of ours still."""
    name = label.split()[0]
    return f"[`{label}`]({up}estimators/{name}.md)" if name in _known() else f"`{label}`"


@functools.cache
def _known() -> frozenset[str]:
    return frozenset(catalogue.discover().estimators)


def costs(table: pd.DataFrame, trials: pd.DataFrame, labels: Sequence[str], columns: Sequence[str]) -> str:
    """Median seconds of an estimate by dimension, and the largest memory of its process."""
    seconds = table.groupby(["label", "dimension"])["fit_seconds"].median()
    memory = tidy(trials).groupby("label")["peak_mb"].max()
    lines = [
        [linked(label), *(short(seconds.get((label, name), math.nan)) for name in columns), f"{memory[label]:.0f}"]
        for label in labels
    ]
    return markdown(["estimator", *columns, "MB"], lines)


def short(value: float) -> str:
    """Two digits that count; a dash where there is no number."""
    if math.isnan(value):
        return "–"
    return f"{value:.2g}" if value < 10 else f"{value:.0f}"


def present(table: pd.DataFrame, column: str, names: Iterable[str]) -> list[str]:
    """Those of the names that occur, in their order."""
    return [name for name in names if (table[column] == name).any()]


def regimes(table: pd.DataFrame) -> dict[str, tuple[str, list[str]]]:
    """Headings of the tables by what they split by, each with its column and the columns shown."""
    return {
        "dimension": ("dimension", present(table, "dimension", [n.removeprefix("dimension ") for _, n in DIMENSIONS])),
        "size of the mutual information": ("size", present(table, "size", [name for _, name in TRUTHS])),
        "kind of data": ("data", present(table, "data", [*(name for name, _ in KINDS), "other"])),
        "number of rows": ("n", sorted(table["n"].unique(), key=int)),
    }


def conditions(trials: pd.DataFrame) -> str:
    """What the figures are of, in a sentence."""
    tasks = ", ".join(f"`{name}`" for name in sorted(trials["task"].unique()))
    points = trials[["task", "point"]].drop_duplicates().shape[0]
    sizes = ", ".join(str(n) for n in sorted(trials["n_samples"].unique()))
    machine = ", ".join(sorted(trials["device_name"].dropna().unique()))
    seeds = trials["seed"].nunique()
    return f"{points} points of {tasks}, n = {sizes}, seeds: {seeds}; seconds on one thread of {machine}"


def page(*runs: Path) -> str:
    """All tables of the page."""
    table, trials, labels = kept(*runs), rows(*runs), order(*runs)
    parts = [f"Mean |estimate − truth| in nats over {conditions(trials)}."]
    for heading, (column, names) in regimes(table).items():
        if len(names) > 1:
            parts += [f"### By {heading}", by(table, labels, column, names)]
    dimensions = regimes(table)["dimension"][1]
    parts += ["### What it costs", "Median seconds an estimate, by dimension, and the largest memory of its process:"]
    return "\n\n".join([*parts, costs(table, trials, labels, dimensions)])


def of_estimator(name: str, *runs: Path) -> str:
    """What the runs say of one estimator: its errors, where it was farthest off, flags, failures and cost."""
    table, trials = kept(*runs), rows(*runs)
    own = table[table["estimator"] == name]
    if own.empty:
        return ""
    labels = list(dict.fromkeys(own["label"]))
    parts = [f"Over {conditions(trials)}."]
    for heading, (column, names) in regimes(table).items():
        if len(names) > 1 and heading != "number of rows":
            parts.append(_own_line(own, labels, heading, column, names))
    worst = own[own["mae"].notna()].sort_values("mae", ascending=False).head(5)
    if len(worst):
        lines = [
            [f"`{r.task}/{r.point}`", f"{r.truth:.3f}", f"{r.mean:.3f}", f"{r.mean - r.truth:+.3f}"]
            for r in worst.itertuples()
        ]
        parts += ["Where it was farthest off:", markdown(["point", "truth", "mean", "off by"], lines)]
    said = [f"{int(own['n_ok'].sum())} of {int(own['n_seeds'].sum())} trials gave a number"]
    for what, column in (("failed", "n_failed"), ("were unsupported", "n_unsupported")):
        if own[column].sum():
            said.append(f"{int(own[column].sum())} {what}")
    flags = trials.loc[trials["estimator"] == name, "flags"].fillna("")
    counts = pd.Series([flag for text in flags for flag in str(text).split(",") if flag]).value_counts()
    said += [f"{count} were flagged `{flag}`" for flag, count in counts.items()]
    memory = trials.loc[trials["estimator"] == name, "peak_mb"].max()
    seconds = own["fit_seconds"]
    cost = (
        f"An estimate took {short(seconds.median())} s in the median point and {short(seconds.max())} s in the slowest"
    )
    return "\n\n".join([*parts, "; ".join(said) + ".", f"{cost}; the process at most {memory:.0f} MB."])


def of_task(name: str, *runs: Path) -> str:
    """Mean errors of all estimators on one task."""
    own = kept(*runs)
    own = own[own["task"] == name]
    if own.empty:
        return ""
    labels = [label for label in order(*runs) if (own["label"] == label).any()]
    column, names = regimes(own)["dimension"]
    of_it = rows(*runs)
    of_it = of_it[of_it["task"] == name]
    return f"Mean |estimate − truth| in nats over {conditions(of_it)}.\n\n{by(own, labels, column, names, '../')}"


def _own_line(own: pd.DataFrame, labels: list[str], heading: str, column: str, names: list[str]) -> str:
    def mean(label: str, name: str) -> str:
        part = own[(own["label"] == label) & (own[column] == name)]["mae"]
        return "n/a" if part.notna().sum() == 0 else f"{part.mean():.2f}"

    lines = [[f"`{label}`", *(mean(label, name) for name in names)] for label in labels]
    return markdown([f"mean error by {heading}", *names], lines)


if __name__ == "__main__":
    print(page(*(Path(name).resolve() for name in sys.argv[1:] or [REFERENCE])))
