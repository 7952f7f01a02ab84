"""Times KSG against the packages people use, and prints the table of docs/ksg.md.

    python benchmarks/ksg.py [--quick] [--dims 25] [--rounds 3] [--limit SECONDS]

One core. Every figure is the median of the CPU times of a few rounds; within a round all methods take turns, so that a
slow minute of the machine is slow for all. Compilation and the first call are left out. A method that needs more than
`--limit` seconds a call is timed once a size, and not at all at sizes ten times as large. Peers that are not installed
are named and skipped.
"""

import argparse
import os
import sys
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402
from scipy.special import digamma  # noqa: E402
from turns import machine, ratio  # noqa: E402

from mibench import neighbors  # noqa: E402
from mibench.neighbors.scipy_path import ScipyPath  # noqa: E402

K = 3
SIZES = [
    (1, 10**3), (1, 10**4), (1, 10**5), (1, 10**6),
    (2, 10**3), (2, 10**4), (2, 10**5),
    (5, 10**3), (5, 10**4),
    (10, 10**3), (10, 10**4),
    (25, 10**3), (25, 10**4),
]  # fmt: skip

TARGETS = {  # (dim, n): what the project asks of the fast path, then of the base path
    (1, 10**4): ({"scikit-learn": 8, "ennemi": 8}, {"scikit-learn": 2.2}),
    (1, 10**5): ({"scikit-learn": 9, "ennemi": 12}, {"scikit-learn": 2.2}),
    (1, 10**6): ({"scikit-learn": 15}, {"scikit-learn": 5}),
    (2, 10**5): ({"NPEET-style": 5, "ennemi": 9}, {}),
    (5, 10**4): ({"NPEET-style": 4, "ennemi": 12}, {}),
    (10, 10**4): ({"NPEET-style": 7, "ennemi": 20}, {}),
    (25, 10**4): ({"NPEET-style": 10, "ennemi": 35}, {"NPEET-style": 3}),
}


def methods():
    """Name, and a function of (x, y), for all that can run here; and the names of those that cannot."""
    found, missing = {}, []
    fast = neighbors.choose(1, 1)
    if isinstance(fast, ScipyPath):
        missing.append("numba")
    else:
        found["fast"] = lambda x, y: neighbors.ksg(x, y, K).value
    found["base"] = lambda x, y: neighbors.ksg(x, y, K, path=ScipyPath()).value
    for name, make in (
        ("scikit-learn", scikit_learn),
        ("NPEET-style", npeet_style),
        ("ennemi", ennemi),
        ("infomeasure", infomeasure),
    ):
        try:
            found[name] = make()
        except ImportError:
            missing.append(name)
    return found, missing


def scikit_learn():
    """The core of `mutual_info_regression`, without its scaling and noise; one column a side, clipped at 0."""
    from sklearn.feature_selection._mutual_info import _compute_mi_cc

    return lambda x, y: _compute_mi_cc(x[:, 0], y[:, 0], K) if x.shape[1] == y.shape[1] == 1 else None


def npeet_style():
    """What NPEET does in two trees: the k-th neighbour from one, counts alone from scikit-learn's `count_only`."""
    from sklearn.neighbors import BallTree, KDTree

    def plant(z):
        return (BallTree if z.shape[1] >= 20 else KDTree)(z, metric="chebyshev")

    def estimate(x, y):
        xy = np.hstack([x, y])
        radius = np.nextafter(plant(xy).query(xy, k=K + 1)[0][:, -1], 0)
        near_x, near_y = (plant(z).query_radius(z, radius, count_only=True) for z in (x, y))
        return digamma(K) + digamma(len(x)) - np.mean(digamma(near_x)) - np.mean(digamma(near_y))

    return estimate


def ennemi():
    """Its public call takes one column a side; more go through the function behind it."""
    from ennemi._entropy_estimators import _estimate_single_mi

    return lambda x, y: _estimate_single_mi(x, y, K)


def infomeasure():
    import infomeasure

    def estimate(x, y):
        return infomeasure.mutual_information(x, y, approach="ksg", k=K, noise_level=0, normalize=False)

    return estimate


def normal_pair(n, dim, rho=0.75):
    rng = np.random.default_rng([n, dim])
    x = rng.normal(size=(n, dim))
    return x, rho * x + np.sqrt(1 - rho**2) * rng.normal(size=(n, dim))


def timed(method, x, y):
    start = time.process_time()
    value = method(x, y)
    return time.process_time() - start, value


def measure(dim, n, found, slow, rounds, limit):
    """Median CPU seconds by method, and how far each value is from the base path's."""
    x, y = normal_pair(n, dim)
    seconds = {name: [] for name in found}
    values = {}
    for turn in range(rounds + 1):
        for name, method in found.items():
            if slow.get((name, dim), np.inf) * 10 <= n or (turn > 1 and np.median(seconds[name] or [0]) > limit):
                continue
            if turn == 0 and n > 10**4:  # compiled and warm since the smaller sizes
                continue
            if turn == 0 and name not in ("fast", "base") and n > 10**3:
                continue
            took, value = timed(method, x, y)
            if value is None:
                continue
            values[name] = value
            if turn:
                seconds[name].append(took)
                if took > limit:
                    slow[name, dim] = n
    return {name: taken for name, taken in seconds.items() if taken}, values


def verdict(dim, n, seconds):
    """Every target of this size with what was reached, and the two paths beside each other."""
    if "fast" in seconds:
        ratio(f"{dim}+{dim}, n={n}: base / fast", *together(seconds["base"], seconds["fast"]))
    for path, wanted in zip(("fast", "base"), TARGETS.get((dim, n), ({}, {})), strict=True):
        for peer, factor in wanted.items():
            if path in seconds and peer in seconds:
                ratio(f"{dim}+{dim}, n={n}: {peer} / {path}", *together(seconds[peer], seconds[path]), factor)
            elif path in seconds:
                print(f"{dim}+{dim}, n={n}: {peer} / {path} was not timed here")


def together(*taken):
    """The turns that all methods took part in: a slow one takes only the first."""
    turns = min(map(len, taken))
    return [one[:turns] for one in taken]


def exponents(table):
    """The slope of log cost against log n over the last decade at hand, by dimension."""
    by_dim = {}
    for (dim, n), medians in table.items():
        if "fast" in medians:
            by_dim.setdefault(dim, []).append((n, medians["fast"]))
    for dim, points in by_dim.items():
        if len(points) > 1:
            (n0, t0), (n1, t1) = points[-2:]
            yield f"{dim}+{dim}: {np.log(t1 / t0) / np.log(n1 / n0):.2f} from n={n0} to {n1}"


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="sizes up to n = 10⁴ only")
    options.add_argument("--dims", type=int, help="only the rows with this many columns a side")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--limit", type=float, default=15.0, help="seconds of a call that make a method slow")
    chosen = options.parse_args()
    found, missing = methods()
    for name in missing:
        print(f"{name} is not installed: left out", file=sys.stderr)
    print(f"KSG, algorithm 1, k={K}, correlated normal pairs (rho=.75); CPU seconds on one core of {machine()}")
    print("in brackets: how many times the cost of the fast path\n")
    names = list(found)
    print("| dims | n | " + " | ".join(names) + " |")
    print("|---|---|" + "---|" * len(names))
    table, every, slow, worst = {}, {}, {}, 0.0
    for dim, n in SIZES:
        if (chosen.quick and n > 10**4) or chosen.dims not in (None, dim):
            continue
        every[dim, n], values = measure(dim, n, found, slow, chosen.rounds, chosen.limit)
        medians = table[dim, n] = {name: np.median(taken) for name, taken in every[dim, n].items()}
        reference = medians.get("fast", medians["base"])
        cells = [
            f"{medians[name]:.4g}" + (f" ({medians[name] / reference:.1f}x)" if name != "fast" else "")
            if name in medians
            else "–"
            for name in names
        ]
        print(f"| {dim}+{dim} | {n} | " + " | ".join(cells) + " |", flush=True)
        worst = max([worst, *(abs(value - values["base"]) for value in values.values())])
    print()
    for (dim, n), seconds in every.items():
        verdict(dim, n, seconds)
    print("\nCost of the fast path against n, exponent: " + "; ".join(exponents(table)))
    print(f"Largest difference between any two values of one row: {worst:.1g} nats")


if __name__ == "__main__":
    main()
