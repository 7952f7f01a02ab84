"""The nearest-neighbour estimators of mutual information, in nats.

Kraskov, Stögbauer & Grassberger, "Estimating mutual information", Phys. Rev. E 69, 066138 (2004);
Kozachenko & Leonenko (1987) for the entropies; Gao, Kannan, Oh & Viswanath, "Estimating mutual information for
discrete-continuous mixtures", NIPS 2017 (arXiv:1709.06212).
"""

from collections.abc import Sequence

import numpy as np

from mibench.interface import Array, Estimate, paired
from mibench.neighbors.choice import choose
from mibench.neighbors.paths import Counts, Norm, Path
from mibench.neighbors.repeats import copies
from mibench.neighbors.sample import Scaling, check, scaled


def ksg(
    x: Array,
    y: Array,
    k: int = 3,
    *,
    algorithm: int = 1,
    norm: Norm = "chebyshev",
    scaling: Scaling = "none",
    threads: int = 1,
    device: str = "cpu",
    path: Path | None = None,
) -> Estimate:
    """The KSG estimate for one k: see `ksg_many_k`."""
    return ksg_many_k(
        x, y, [k], algorithm=algorithm, norm=norm, scaling=scaling, threads=threads, device=device, path=path
    )[0]


def ksg_many_k(
    x: Array,
    y: Array,
    ks: Sequence[int],
    *,
    algorithm: int = 1,
    norm: Norm = "chebyshev",
    scaling: Scaling = "none",
    threads: int = 1,
    device: str = "cpu",
    path: Path | None = None,
) -> list[Estimate]:
    """KSG estimates for several k from one search, in the order of `ks`; the same numbers as one by one.

    Algorithm 1: ψ(k) + ψ(n) − ⟨ψ(n_x + 1) + ψ(n_y + 1)⟩, n_x the rows closer in x than the k-th neighbour in (x, y).
    Algorithm 2: ψ(k) − 1/k + ψ(n) − ⟨ψ(n_x) + ψ(n_y)⟩, n_x the rows as close in x as the farthest, in x, of the k
    neighbours. Rows that tie with the k-th neighbour all count as neighbours here, so that the order of rows is
    irrelevant.
    """
    if algorithm not in (1, 2):
        raise ValueError(f"algorithm={algorithm!r} is unknown: it is 1 or 2")
    x, y = paired(x, y)
    check(x, y, ks)
    x, y, norm = comparable(scaled(x, scaling), scaled(y, scaling), norm)
    path = path or choose(x.shape[1], y.shape[1], threads, device, len(x))
    ascending = sorted(set(ks))
    radii, near_x, near_y = path.counts(x, y, ascending, norm, algorithm)
    _refuse_zero(radii, ascending)
    psi = _digamma_table(len(x))
    values = {}
    for row, k in enumerate(ascending):
        if algorithm == 1:
            value = psi[k] + psi[-1] - (_mean(psi, near_x[row] + 1) + _mean(psi, near_y[row] + 1))
        else:
            value = psi[k] - 1 / k + psi[-1] - (_mean(psi, near_x[row]) + _mean(psi, near_y[row]))
        values[k] = Estimate(float(value), path=path.name)
    return [values[k] for k in ks]


def kl(
    x: Array,
    y: Array,
    k: int = 3,
    *,
    norm: Norm = "chebyshev",
    scaling: Scaling = "none",
    threads: int = 1,
    device: str = "cpu",
    path: Path | None = None,
) -> Estimate:
    """H(X) + H(Y) − H(X, Y), each by Kozachenko and Leonenko: H(Z) = ψ(n) − ψ(k) + log c + dim·⟨log ε⟩.

    ε is the distance to the k-th neighbour in that space and c the volume of its unit ball. The joint ball is the
    product of the two others, so the volumes cancel.
    """
    x, y = paired(x, y)
    check(x, y, [k], noise_helps=False)
    x, y, norm = comparable(scaled(x, scaling), scaled(y, scaling), norm)
    path = path or choose(x.shape[1], y.shape[1], threads, device, len(x))
    power = 0.5 if norm == "euclidean" else 1.0
    entropy = {}
    for name, blocks in (("x", (x,)), ("y", (y,)), ("xy", (x, y))):
        radii = path.kth(blocks, [k], norm)
        _refuse_zero(radii, [k])
        # Sorted, so that the sum does not depend on the order of rows.
        log_radius = power * np.log(np.sort(radii[0])).mean()
        entropy[name] = sum(z.shape[1] for z in blocks) * log_radius
    psi = _digamma_table(len(x))
    return Estimate(float(psi[-1] - psi[k] + (entropy["x"] + entropy["y"]) - entropy["xy"]), path=path.name)


def ksg_mixed(
    x: Array,
    y: Array,
    k: int = 3,
    *,
    norm: Norm = "chebyshev",
    scaling: Scaling = "none",
    threads: int = 1,
    device: str = "cpu",
    path: Path | None = None,
) -> Estimate:
    """⟨ψ(k̃) + log n − ψ(n_x) − ψ(n_y)⟩ (Gao et al. 2017, as their code has it), for discrete and mixed data too.

    n_x is the number of rows, the row itself among them, closer in x than the k-th neighbour in (x, y), and k̃ is k.
    Where that neighbour is at distance zero, all three count the rows at distance zero. Copies of rows of continuous
    data, which mislead it too, are flagged "repeated-rows".
    """
    x, y = paired(x, y)
    check(x, y, [k], discrete=True)
    flags = ("repeated-rows",) if copies(x, y) else ()
    x, y, norm = comparable(scaled(x, scaling), scaled(y, scaling), norm)
    n = len(x)
    path = path or choose(x.shape[1], y.shape[1], threads, device, len(x))
    radii = path.kth((x, y), [k], norm)
    limits = np.where(radii > 0, radii, np.nextafter(0, 1))  # nothing but zero is closer than the least float
    near_x, near_y = path.within(x, limits, norm)[0] + 1, path.within(y, limits, norm)[0] + 1
    neighbours = np.full(n, k)
    if (radii == 0).any():
        _, where, times = np.unique(np.hstack([x, y]), axis=0, return_inverse=True, return_counts=True)
        neighbours = np.where(radii[0] > 0, k, times[where.reshape(-1)])
    psi = _digamma_table(n)
    value = _mean(psi, neighbours) + np.log(n) - (_mean(psi, near_x) + _mean(psi, near_y))
    return Estimate(float(value), flags=flags, path=path.name)


def comparable(x: Array, y: Array, norm: Norm) -> tuple[Array, Array, Norm]:
    """Contiguous blocks and the norm to compare them in, both multiplied by one power of two, which is exact.

    In 1+1 dimensions the two norms are one. The factor keeps differences finite and, for squared distances, squares.
    """
    x, y = np.ascontiguousarray(x), np.ascontiguousarray(y)
    if norm not in ("chebyshev", "euclidean"):
        raise ValueError(f'norm={norm!r} is unknown: it is "chebyshev" or "euclidean"')
    if x.shape[1] + y.shape[1] == 2:
        norm = "chebyshev"
    exponent = int(np.frexp(max(np.abs(x).max(), np.abs(y).max()))[1])
    if norm == "euclidean":
        x, y = np.ldexp(x, -exponent), np.ldexp(y, -exponent)
        for name, z in (("x", x), ("y", y)):
            if 0 < np.ptp(z, axis=0).max() < 2.0**-500:
                raise ValueError(
                    f"{name} is more than 1e150 times smaller than the rest, and its squared distances vanish: "
                    'give both in like units, or set scaling="standard"'
                )
    elif exponent > 1022:
        x, y = x / 4, y / 4
    return x, y, norm


def _refuse_zero(radii: Array, ks: Sequence[int]) -> None:
    for k, radius in zip(ks, radii, strict=True):
        zeros = int((radius == 0).sum())
        if zeros:
            raise ValueError(
                f"k={k}: {zeros} of {radius.size} rows have their {k} nearest neighbours at distance zero, where "
                "the formula breaks down: drop repeated rows, raise k, or use ksg-mixed"
            )


def _digamma_table(n: int) -> Array:
    """ψ(0 … n); ψ(0) = −∞ is never asked for, and NaN there would show it."""
    from scipy.special import digamma

    return np.concatenate([[np.nan], digamma(np.arange(1.0, n + 1))])


def _mean(table: Array, index: Counts) -> float:
    """Mean of `table[index]`, summed over the counts' histogram: no order of rows can change a bit of it."""
    histogram = np.bincount(index)
    used = np.flatnonzero(histogram)
    return float(np.dot(histogram[used], table[used]) / index.size)
