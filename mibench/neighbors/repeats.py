"""Values and rows that occur more than once, in data that should be continuous.

Distances of rounded values tie, and the counts within a radius are then off by the values on its edge. For a normal
pair of 0.35 nats in 1 + 1 columns, both rounded until 5 % of their values repeat, that moves `ksg` at k = 3 by +0.005
nats (n = 300) or +0.003 (n = 1000), algorithm 2 by −0.009 or −0.005, and k = 1 by +0.014 or +0.006; with 11 % it is two
to three times as much, in more columns less. Copies of rows are worse, and more rows do not mend it: 5 % of them move
k = 3 by +0.04 and algorithm 2 by +0.07 nats at any n.
"""

import numpy as np

from mibench.interface import Array

TIES = 0.05
"""Share of a column's values that may equal an earlier one, rows that are copies left aside."""

COPIES = 0.01
"""Share of rows that may be copies of an earlier one."""


def refuse_repeats(x: Array, y: Array, *, noise_helps: bool = True) -> None:
    """Refuse columns with too many ties, and samples with too many copies of rows.

    `noise_helps` says whether a little noise would make an estimate right: it does for KSG, whose counts are relative,
    and not for an entropy, which would be that of the noise.
    """
    n, z = len(x), np.hstack([x, y])
    distinct, ties = _distinct(z)
    for column, repeated in enumerate(ties):
        if repeated > TIES * len(distinct):
            side, place = ("x", column) if column < x.shape[1] else ("y", column - x.shape[1])
            remedy = "noise=1e-6" if noise_helps else "ksg with noise=1e-6"
            raise ValueError(
                f"column {place} of {side} has {n - _repeated(z[:, column])} different values in {n} rows, and with "
                f"more than {TIES:.0%} repeated this estimator is biased: use ksg-mixed for discrete values, or "
                f"{remedy} for rounded ones"
            )
    if n - len(distinct) > COPIES * n:
        raise ValueError(_copied(n - len(distinct), n))


def refuse_copies(x: Array, y: Array) -> None:
    """Refuse copies of rows, before noise hides them; see `copies`."""
    if copied := copies(x, y):
        raise ValueError(_copied(copied, len(x)))


def copies(x: Array, y: Array) -> int:
    """How many rows are copies of an earlier one, where that looks like a mishap, else 0.

    Discrete data consist of copies. So the distinct rows must be nearly free of ties, as continuous data are, and at
    least a tenth of all, as the values of a discrete y = f(x) seldom are.
    """
    n = len(x)
    distinct, ties = _distinct(np.hstack([x, y]))
    copied = n - len(distinct)
    return copied if copied > COPIES * n and len(distinct) >= n / 10 and max(ties) <= TIES * len(distinct) else 0


def _copied(copied: int, n: int) -> str:
    return (
        f"{copied} of {n} rows are copies of others, and a copy is no further draw: drop them, or use ksg-mixed if the "
        "data are discrete"
    )


def _distinct(z: Array) -> tuple[Array, list[int]]:
    """The rows without copies, and how many values of each of their columns equal an earlier one."""
    ties = [_repeated(column) for column in z.T]
    if min(ties) == 0:
        return z, ties
    suspects = np.arange(len(z))  # a copy repeats in each column, so that few are left to compare whole
    for column in z.T:
        _, where, times = np.unique(column[suspects], return_inverse=True, return_counts=True)
        suspects = suspects[times[where] > 1]
    _, first = np.unique(z[suspects], axis=0, return_index=True)
    kept = np.ones(len(z), dtype=bool)
    kept[suspects] = False
    kept[suspects[first]] = True
    distinct = z[kept]
    return distinct, ties if len(distinct) == len(z) else [_repeated(column) for column in distinct.T]


def _repeated(values: Array) -> int:
    ordered = np.sort(values)
    return int(np.count_nonzero(ordered[1:] == ordered[:-1]))
