"""The peak memory of k-NN trials, as their rows say it: `peak_mb`, the whole process with all its libraries.

    python benchmarks/memory.py [--estimators ksg,ksg-mixed,kl] [--dim 10] [-n 1000000] [--task curves]

A trial is a process of its own, so each row is of one estimator. Memory depends on the rows and columns, time on how
they lie: `curves` are columns that follow one number a side, so that a million rows of ten are searched in seconds, and
`gaussian:mi=1` takes a quarter of an hour for the same memory. Wanted: under 2048 MB.
"""

import argparse
import tempfile
from pathlib import Path

from turns import machine

import mibench

WANTED = 2048

CURVES = '''
from dataclasses import dataclass
import numpy as np
from mibench import hookimpl

@dataclass(frozen=True)
class Curves:
    """Each side is a curve in dim columns, and a point on one says nothing of the other."""
    dim: int
    mi = 0.0

    def sample(self, n, rng):
        turn = np.arange(1, self.dim + 1) / self.dim
        return tuple(np.sin(rng.uniform(0, 1, (n, 1)) * turn) for _ in range(2))

@hookimpl
def mibench_tasks():
    return {"curves": [Curves(10)]}
'''


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--estimators", default="ksg,ksg-mixed,kl")
    parser.add_argument("--dim", default="10", help="columns of each side; several with commas")
    parser.add_argument("-n", "--samples", default="1000000")
    parser.add_argument("--task", default="curves")
    args = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        plugin = Path(folder) / "curves.py"
        plugin.write_text(CURVES)
        rows = mibench.run(
            args.estimators.split(","), [f"{args.task}:dim={dim}" for dim in args.dim.split(",")],
            [*map(int, args.samples.split(","))], 1, Path(folder) / "out", jobs=1, device="cpu", plugins=[plugin],
        )  # fmt: skip
    for row in rows.itertuples():
        who = f"{row.estimator} {row.dim_x:.0f}+{row.dim_y:.0f} n={row.n_samples:.0f} {row.task}"
        met = "met" if row.peak_mb < WANTED else "MISSED"
        print(
            f"{who}: {row.status}, peak {row.peak_mb:.0f} MB, {row.fit_seconds:.0f} s; wanted under {WANTED} MB: {met}"
        )


if __name__ == "__main__":
    main()
