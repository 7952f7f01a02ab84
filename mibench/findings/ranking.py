"""Many estimators, each pair compared over the cells that both have.

Tests are of pairs: Wilcoxon's signed-rank test of the cells' mean |estimate − truth|, adjusted by Holm over the pairs
(Benavoli, Corani and Mangili, arXiv:1505.02288, say why pairwise tests and not mean ranks).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import pandas as pd

from mibench.errors import NothingMatched, UsageError
from mibench.findings.compare import LEVEL, PAIR, TOO_FEW, Over, adjusted, over_cells
from mibench.findings.places import TIES, differences, nearer, places
from mibench.findings.summary import ROW, UNITS, cells, mixed_note, natural, of_tasks, tidy, without_idle
from mibench.interface import Array


@dataclass(frozen=True)
class Ranking:
    """Estimators by pairs over the cells that both have, best first."""

    labels: tuple[str, ...]
    ranks: tuple[float, ...]
    """See `mibench.findings.places`."""
    errors: tuple[float, ...]
    """Mean over the cells that all finished of the mean |estimate − truth|, in `unit`; NaN if there is none."""
    wins: tuple[int, ...]
    """Cells in which no other that has them is nearer."""
    cells: int
    """Cells that two estimators or more have."""
    dropped: int
    friedman: float
    """Of the cells that all have; NaN with fewer than two."""
    pairs: tuple[Over, ...]
    cliques: tuple[tuple[str, ...], ...]
    """Largest groups of neighbours in rank of which no two differ significantly."""
    unit: str
    notes: tuple[str, ...] = field(default=())


def ranking(frame: pd.DataFrame, unit: str = "nats", failures: str = "drop") -> Ranking:
    """All estimators of a frame by mean |estimate − truth|, each pair over the cells and seeds that both have ok.

    What an estimator failed, does not support or was not run on is left out of its pairs alone; with `failures="worst"`
    one that lacks a seed of a cell or failed is last in it, unless it does not support the cell.
    """
    if failures not in ("drop", "worst"):
        raise UsageError(f"failures '{failures}' is neither drop nor worst")
    rows, notes = of_tasks(tidy(frame))
    if rows.empty:
        raise NothingMatched("there are no trials to compare")
    if rows["label"].nunique() < 2:
        raise NothingMatched("one estimator alone cannot be ranked; run at least two")
    notes += mixed_note(cells(rows))
    if failures == "drop":
        rows, idle = without_idle(rows)
        notes += idle
    rows = rows.assign(error=((rows["mi_estimate"] - rows["mi_true"]).abs() * UNITS[unit]).where(rows["ok"]))
    by_seed = rows.set_index([*PAIR, "label"])["error"].unstack("label")
    by_seed = by_seed[sorted(by_seed, key=natural)]
    if failures == "drop":
        measured = by_seed.groupby(ROW).mean()
        changes = differences(by_seed, ROW)
    else:
        measured = by_seed.groupby(ROW).mean().where(by_seed.notna().groupby(ROW).all()).dropna(how="all")
        table, punished = _worst(measured, rows)
        changes = table.to_numpy()[:, None, :] - table.to_numpy()[:, :, None]
        if punished:
            notes.append(
                "who failed or was not run counts as ten times the worst |error| of the cell; "
                "mean |error| is over the cells that all finished"
            )
    return _ranked(rows, measured, changes, unit, notes)


def _worst(measured: pd.DataFrame, rows: pd.DataFrame) -> tuple[pd.DataFrame, bool]:
    """The cells' mean |error|, ten times the worst of a cell for who is to be last in it; and whether anyone is."""
    spared = (rows["status"] == "unsupported").groupby([rows[key] for key in (*ROW, "label")]).all().unstack("label")
    spared = spared.reindex(index=measured.index, columns=measured.columns).eq(True)
    last = measured.isna() & ~spared
    worst = pd.DataFrame({label: 10 * measured.max(axis=1) for label in measured})
    return measured.where(~last, worst), bool(last.any(axis=None))


def _gaps(rows: pd.DataFrame, measured: pd.DataFrame, common: int) -> list[str]:
    """Of each estimator the cells that it has no value for, by why; and over what the mean |error| is."""
    total = len(rows.drop_duplicates(ROW))
    if common == total:
        return []
    notes = [f"mean |error| over the {common} of {total} cells that all finished; ranks and tests by pairs"]
    by = rows.groupby([*ROW, "label"])
    for label in measured:
        missing = measured.index[measured[label].isna()]
        seen = by[["failed", "ok"]].sum().xs(label, level="label").reindex(missing)
        why = {
            "failed": int((seen["failed"] > 0).sum()),
            "unsupported": int((seen["failed"] == 0).sum()),
            "not run": int(seen["failed"].isna().sum()) + total - len(measured),
        }
        said = ", ".join(f"{count} {word}" for word, count in why.items() if count)
        notes += [f"{label} without {sum(why.values())} of {total} cells: {said}"] if said else []
    return notes


def _ranked(rows: pd.DataFrame, measured: pd.DataFrame, changes: Array, unit: str, notes: Sequence[str]) -> Ranking:
    from scipy.stats import friedmanchisquare

    labels, notes = list(map(str, measured)), list(notes)
    rivals = np.isfinite(changes)
    rivals[:, np.arange(len(labels)), np.arange(len(labels))] = False
    kept = rivals.any(axis=(1, 2))
    if not kept.any():
        by = "two estimators; use --failures worst" if rows["ok"].any() else "any estimator"
        raise NothingMatched(f"no cell was finished by {by}")
    rank = places(nearer(changes))
    alone = [label for label, place in zip(labels, rank, strict=True) if np.isnan(place)]
    notes += [f"{label} left out: it shares no cell with another" for label in alone]
    order = sorted(
        (i for i in range(len(labels)) if not np.isnan(rank[i])), key=lambda i: (rank[i], natural(labels[i]))
    )
    over = {(i, j): pd.Series(changes[:, i, j]) for i, j in combinations(order, 2)}
    pairs = adjusted([over_cells(change, labels[i], labels[j]) for (i, j), change in over.items()])
    common = measured.iloc[:, order].dropna()
    friedman = np.nan
    if len(order) > 2 and len(common) > 1:
        with np.errstate(invalid="ignore"):  # all ranks tied
            friedman = float(friedmanchisquare(*(common.iloc[:, k] for k in range(len(order)))).pvalue)
    total = len(rows.drop_duplicates(ROW))
    notes += _gaps(rows, measured[[labels[i] for i in order]], len(common))
    if any(one.said == TOO_FEW for one in pairs):
        notes.append(TOO_FEW)
    elif not any(one.p <= LEVEL for one in pairs):
        smallest = len(pairs) * 2 / 2.0 ** max(one.cells for one in pairs)
        if smallest > LEVEL:
            notes.append(
                f"{int(kept.sum())} cells cannot separate {len(pairs)} pairs: the smallest adjusted p is {smallest:.2g}"
            )
    unbeaten = (np.where(rivals, changes.round(TIES), np.inf) >= 0).all(axis=2) & rivals.any(axis=2)
    names = tuple(labels[i] for i in order)
    return Ranking(
        names,
        tuple(float(rank[i]) for i in order),
        tuple(float(mean) for mean in common.mean()),
        tuple(int(won) for won in unbeaten.sum(axis=0)[order]),
        int(kept.sum()),
        total - int(kept.sum()),
        friedman,
        pairs,
        _cliques(names, pairs),
        unit,
        tuple(notes),
    )


def _cliques(best_first: Sequence[str], pairs: Sequence[Over]) -> tuple[tuple[str, ...], ...]:
    apart = {frozenset((over.first, over.second)) for over in pairs if over.p <= LEVEL}
    found: list[tuple[str, ...]] = []
    for start in range(len(best_first)):
        end = start + 1
        while end < len(best_first) and not any(
            frozenset((other, best_first[end])) in apart for other in best_first[start:end]
        ):
            end += 1
        group = tuple(best_first[start:end])
        if len(group) > 1 and not any(set(group) <= set(other) for other in found):
            found.append(group)
    return tuple(found)
