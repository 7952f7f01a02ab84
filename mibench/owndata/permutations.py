"""Is there any dependence? Pairs are broken in ways that leave all else as it is, and estimated again.

p = (1 + #{broken ≥ whole}) / (1 + B): Phipson & Smyth, Stat. Appl. Genet. Mol. Biol. 9, 39 (2010).
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from mibench.interface import Array
from mibench.owndata.sample import Rows, Sample

LEVEL = 0.05

WORK = 2_000_000
"""Values broken and looked at again, over all permutations, where nobody says how many."""

MOST, FEW, LEAST = 199, 59, 19
"""Of a small sample, of a large one, and at least: 19 let one p be 0.05, and 59 the least of three be so in earnest."""


def usual(n: int, columns: int) -> int:
    """How many permutations: fewer of large samples."""
    return max(FEW, min(MOST, WORK // (n * columns)))


def needed(asked: int, pairs: int) -> int:
    """How many permutations the least of so many p-values needs to be able to stay below the level when adjusted."""
    return max(asked, math.ceil(pairs / LEVEL) - 1)


def broken(sample: Sample, count: int, seed: int) -> Iterator[Rows]:
    """So many orders of y's rows, the same for all estimators.

    Rows are shuffled within their groups. In a series y is turned in time, so that it stays as dependent on its own
    past as it was. All turns are as likely, small ones and none among them: only of all together is the sample as given
    one that chance could have drawn, and without those near it p = 0.05 would come too often.
    """
    rng = np.random.default_rng([seed, 1])
    whole = np.arange(sample.n)
    groups = [whole] if sample.groups is None else _members(sample.groups)
    for _ in range(count):
        order = whole.copy()
        for rows in groups:
            order[rows] = np.roll(rows, rng.integers(len(rows))) if sample.series else rng.permutation(rows)
        yield order


def _members(groups: Rows) -> list[Rows]:
    order = np.argsort(groups, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)


def p_value(value: float, null: Sequence[float]) -> float:
    """The share of broken samples that say as much as the whole one, itself among them; ties to rounding count."""
    slack = 1e-12 * max(1.0, abs(value))
    return float((1 + np.count_nonzero(np.asarray(null) >= value - slack)) / (1 + len(null)))


def adjusted(p: Array, how: str) -> Array:
    """p-values of many pairs: "holm" keeps the chance of any false one, "bh" the share of false ones among those found.

    Holm, Scand. J. Statist. 6, 65 (1979); Benjamini & Hochberg, J. R. Statist. Soc. B 57, 289 (1995).
    """
    order, m = np.argsort(p, kind="stable"), len(p)
    rank = np.arange(1, m + 1)
    if how == "holm":
        stepped = np.maximum.accumulate((m + 1 - rank) * p[order])
    else:
        stepped = np.minimum.accumulate((m / rank * p[order])[::-1])[::-1]
    found = np.empty(m)
    found[order] = np.minimum(stepped, 1)
    return found
