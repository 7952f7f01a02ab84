"""What docs/own-data.md says of intervals, tests and speed, computed again.

    python benchmarks/owndata.py intervals      do intervals cover what they are for?
    python benchmarks/owndata.py level          how often do data without dependence have p <= 0.05?
    python benchmarks/owndata.py turns          the same of short and long series, by their correlation alone
    python benchmarks/owndata.py power          how often do data with dependence, beside other tests?
    python benchmarks/owndata.py speed          seconds and memory

Seeds are fixed, and no setting was chosen by them. Shares are printed with the standard error of so many data sets, of
which `--scale 0.1` draws a tenth; `--only mine` computes the rows that begin so.
"""

import argparse
import math
import subprocess
import sys
import tempfile
import time

import numpy as np
from scipy.stats import pearsonr

from mibench import catalogue, owndata
from mibench.owndata import lines, permutations

SEED = 2026
FOUND = catalogue.discover()
catalogue.discover = lambda *_: FOUND  # plugins are read once


def said(spec, x, y, groups=None, count=0, seed=0, spread=False, **options):
    """The line of one estimator, as `mibench estimate` asks it."""
    question = owndata.question(estimators=spec, permutations=count, seed=seed, device="cpu", **options)
    prepared = owndata.prepare(question, owndata.of_sides(x, y, groups))
    (asked,) = prepared.panel(prepared.sample)
    *_, last = lines.steps(asked, prepared.sample, count, seed, spread)
    return last.line


def share(hits):
    """In percent, with its binomial standard error."""
    p = np.mean(hits)
    return f"{100 * p:.1f} ± {100 * math.sqrt(p * (1 - p) / len(hits)):.1f}"


def table(header, rows):
    """Print a Markdown table, each row as soon as it is known."""
    print("| " + " | ".join(header) + " |", "|" + "---|" * len(header), sep="\n", flush=True)
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |", flush=True)


def chosen(rows, only):
    """The rows of a table that are asked for."""
    return [(name, what) for name, what in rows.items() if name.startswith(only)]


def normal(rng, n, rho):
    """A normal pair."""
    x = rng.normal(size=n)
    return x, rho * x + math.sqrt(1 - rho**2) * rng.normal(size=n)


INTERVALS = {"ksg": 400, "gaussian-copula": 400, "mine:folds=5": 40}


def intervals(scale, only):
    """Intervals of nominal 95 % beside the mean and the scatter of the estimates themselves, n = 1000."""

    def rows():
        for spec, sets in chosen(INTERVALS, only):
            for rho in (0.6, 0.9):
                rng = np.random.default_rng(SEED)
                seeds = range(max(2, round(sets * scale)))
                found = [said(spec, *normal(rng, 1000, rho), seed=seed, spread=True) for seed in seeds]
                values = np.array([line.value for line in found])
                low, high = np.array([line.interval for line in found]).T
                truth = -math.log1p(-(rho**2)) / 2
                sd = math.sqrt(np.mean([line.spread.sd**2 for line in found]))
                yield (
                    spec, rho, len(found), share((low <= values.mean()) & (values.mean() <= high)),
                    share((low <= truth) & (truth <= high)), f"{sd:.4f}", f"{values.std(ddof=1):.4f}",
                )  # fmt: skip

    table(("estimator", "ρ", "samples", "cover its mean (%)", "cover the truth (%)", "sd said", "sd true"), rows())


def memory(rng, n, a=0.7):
    """An autoregressive series."""
    z = rng.normal(size=n)
    for t in range(1, n):
        z[t] += a * z[t - 1]
    return z


def grouped(rng, n):
    """Both sides have means of their own in four groups, and nothing else in common."""
    x, y = np.repeat(rng.normal(size=(2, 4)) * 3, n // 4, axis=1) + rng.normal(size=(2, n))
    return x, y, np.repeat(np.arange(4), n // 4)


NULLS = {
    "normal": (lambda rng, n: rng.normal(size=(2, n)), {}),
    "ties": (lambda rng, n: (rng.integers(0, 3, n), rng.normal(size=n).round(1)), {}),
    "heavy tails": (lambda rng, n: (rng.standard_cauchy(n), rng.standard_t(1.5, n)), {}),
    "groups": (grouped, {}),
    "series": (lambda rng, n: (memory(rng, n), memory(rng, n)), {"series": True}),
}
TESTED = {
    "gaussian": 2000,
    "ksg:noise=1e-6": 2000,
    "gaussian-copula": 300,
    "ksg-mixed": 300,
    "mine:folds=1:steps=50": 300,
}


def level(scale, only):
    """p of 19 permutations is 0.05 in one sample of twenty, n = 80; 2.3 standard errors hold 98 % of such shares."""

    def rows():
        for spec, sets in chosen(TESTED, only):
            sets = max(2, round(sets * scale))
            cells = []
            for draw, options in NULLS.values():
                rng = np.random.default_rng(SEED)
                found = (said(spec, *draw(rng, 80), count=19, seed=seed, **options) for seed in range(sets))
                p = [line.p for line in found]
                cells.append("n/a" if None in p else share(np.array(p) <= 0.05))
            yield spec, sets, *cells

    table(("p ≤ 0.05 (%)", "samples", *NULLS), rows())


def turns(scale, only):
    """p of 19 turns is 0.05 in so many pairs of independent autoregressive series, by their squared correlation."""

    def rows():
        for memory_of in (0.7, 0.9, 0.97):
            cells = []
            for n, sets in ((80, 40_000), (400, 10_000), (1000, 10_000)):
                rng = np.random.default_rng(SEED)
                z = rng.normal(size=(2, max(2, round(sets * scale)), n + 200))
                for t in range(1, n + 200):
                    z[..., t] += memory_of * z[..., t - 1]
                x, y = z[..., 200:] - z[..., 200:].mean(-1, keepdims=True)
                turned = np.fft.irfft(np.fft.rfft(x) * np.conj(np.fft.rfft(y)), n) ** 2
                null = np.take_along_axis(turned, rng.integers(n, size=(len(turned), 19)), 1)
                slack = 1e-9 * turned[:, :1]
                cells.append(share((null >= turned[:, :1] - slack).sum(1) == 0))
            yield memory_of, *cells

    table(("p ≤ 0.05 (%), memory", "n = 80", "n = 400", "n = 1000"), rows())


def circle(rng, n):
    """Around a circle, with noise."""
    angle = rng.uniform(0, 2 * math.pi, n)
    return np.cos(angle) + 0.4 * rng.normal(size=n), np.sin(angle) + 0.4 * rng.normal(size=n)


def fan(rng, n):
    """x says how far y scatters."""
    x = rng.normal(size=n)
    return x, (0.2 + np.abs(x)) * rng.normal(size=n)


def of_x(function, noise):
    """y is a function of a uniform x, plus noise."""

    def draw(rng, n):
        x = rng.uniform(-1, 1, n)
        return x, function(x) + noise * rng.normal(size=n)

    return draw


SHAPES = {
    "normal, ρ = 0.2": lambda rng, n: normal(rng, n, 0.2),
    "parabola": of_x(lambda x: x**2, 0.6),
    "sine, two periods": of_x(lambda x: np.sin(2 * math.pi * x), 1.2),
    "sine, eight periods": of_x(lambda x: np.sin(8 * math.pi * x), 0.7),
    "circle": circle,
    "spread depends": fan,
}


def distances(z):
    """Doubly centred distances: their mean product is the squared distance covariance (Székely et al. 2007)."""
    d = np.abs(z[:, None] - z)
    return d - d.mean(0) - d.mean(1)[:, None] + d.mean()


def distance_correlation(x, y):
    """The squared distance covariance, for y in any order of its rows; its scale does not matter to a test."""
    a, b = distances(x), distances(y)
    return lambda order: (a * b[np.ix_(order, order)]).mean()


def scikit_learn(x, y):
    """`mutual_info_regression` as it comes."""
    from sklearn.feature_selection import mutual_info_regression

    return lambda order: mutual_info_regression(x[:, None], y[order], random_state=0)[0]


def ours(spec):
    """An estimator on the sample, for y in any order."""
    estimator = FOUND.estimator(spec).estimator
    return lambda x, y: lambda order: estimator.estimate(x[:, None], y[order][:, None]).value


RIVALS = {
    "Pearson": lambda x, y: lambda order: abs(pearsonr(x, y[order])[0]),
    "distance correlation": distance_correlation,
    "mutual_info_regression": scikit_learn,
    "gaussian-copula": ours("gaussian-copula"),
    "ksg": ours("ksg:scaling=rank"),
    "ksg, k = 20": ours("ksg:scaling=rank:k=20"),
}


def power(scale, only, n=200, count=99):
    """The same 99 broken samples for all, 100 data sets of 200 rows a shape."""

    def rows():
        sets = max(2, round(100 * scale))
        for name, draw in chosen(SHAPES, only):
            rng = np.random.default_rng(SEED)
            found = {rival: [] for rival in RIVALS}
            for _ in range(sets):
                x, y = draw(rng, n)
                orders = [rng.permutation(n) for _ in range(count)]
                for rival, made in RIVALS.items():
                    value = made(x, y)
                    p = permutations.p_value(value(np.arange(n)), [value(order) for order in orders])
                    found[rival].append(p <= 0.05)
            yield name, *map(share, found.values())

    table(("p ≤ 0.05 (%)", *RIVALS), rows())


CHILD = """
import resource, subprocess, sys
done = subprocess.run([sys.executable, "-m", "mibench", *sys.argv[1:]], capture_output=True, text=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(done.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20, sep=",")
"""


def speed(scale, only):
    """Each command in a process of its own: wall and CPU seconds, when the first estimate came, the peak of memory."""
    with tempfile.TemporaryDirectory() as folder:
        rng = np.random.default_rng(SEED)
        x, y = normal(rng, max(1000, round(10**6 * scale)), 0.6)
        np.save(f"{folder}/million.npy", np.column_stack([x, y]))
        np.savetxt(f"{folder}/ten.csv", np.column_stack([x, y])[:10_000], delimiter=",", header="x,y", comments="")
        wide = rng.normal(size=(1000, 51))
        wide[:, 50] += wide[:, 0]
        names = ",".join([*(f"x{k}" for k in range(50)), "y"])
        np.savetxt(f"{folder}/wide.csv", wide, delimiter=",", header=names, comments="")
        asked = {
            "1 + 1, n = 10,000, the panel": ["ten.csv"],
            "50 × 1, n = 1000, ksg, 1000 permutations": ["wide.csv", "--pairs", "-e", "ksg", "--permutations", "1000"],
            f"1 + 1, n = {len(x):,}, ksg": ["million.npy", "-e", "ksg"],
        }
        table(("", "s", "CPU s", "first estimate, s", "peak, GB"), (timed(*row, folder) for row in chosen(asked, only)))


def timed(name, arguments, folder):
    """A row of the table of times."""
    began, first = time.perf_counter(), None
    command = [sys.executable, "-c", CHILD.replace("capture_output=True, text=True", "stdout=subprocess.DEVNULL")]
    with subprocess.Popen(
        [*command, "estimate", *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        for text in running.stderr:
            if first is None and " nats" in text:
                first = time.perf_counter() - began
        code, cpu, peak = running.stdout.read().split(",")
    assert code == "0", name
    seconds = time.perf_counter() - began
    return name, f"{seconds:.0f}", f"{float(cpu):.0f}", "–" if first is None else f"{first:.1f}", f"{float(peak):.2f}"


if __name__ == "__main__":
    commands = {function.__name__: function for function in (intervals, level, turns, power, speed)}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=commands, nargs="?", default="speed")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    print(commands[asked.what].__doc__.splitlines()[0], end="\n\n")
    commands[asked.what](asked.scale, asked.only)
