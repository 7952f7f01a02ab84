"""How often `mibench estimate --calibrate` holds the truth, and how wide it is: the tables of docs/calibration.md.

    python benchmarks/calibration.py run -o FOLDER [--sets 100] [--seed 0] [--groups 1+1,3+3,10+1] [-j 1]
    python benchmarks/calibration.py table FOLDER

A data set is a sample of a task of the catalogue: 500 rows of 1 + 1 columns, 1000 of 3 + 3 and of 10 + 1. Families take
turns, the task within one is drawn, and none of the tasks is in the bank. `run` goes on where it ended: a row a data
set in FOLDER/calibration.csv. Settings were chosen on seeds from 1000 on.
"""

import argparse
import csv
import itertools
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

import mibench
from mibench import owndata
from mibench.owndata import calibration
from mibench.owndata.sample import sample

GROUPS = {
    "1+1": (500, {
        "normal": ["beyond-normal/1v1-normal-0.75", "mine-figure1/1v1-rho-0.9", "mine-figure1/1v1-rho-0.5",
                   "mine-figure1/1v1-rho+0.3", "gaussian/dim=1:mi=0.5", "gaussian/dim=1:mi=2.0"],
        "warped margins": ["beyond-normal/wiggly-1v1-normal-0.75", "beyond-normal/half_cube-1v1-normal-0.75",
                           "beyond-normal/normal_cdf-1v1-normal-0.75"],
        "uniform noise": ["beyond-normal/1v1-additive-0.75", "beyond-normal/1v1-additive-0.1"],
        "mixtures": ["beyond-normal/1v1-bimodal-0.75", "fine-distributions/1v1-X-0.9", "fine-distributions/1v1-AI"],
        "Student": ["beyond-normal/student-identity-1-1-1", "beyond-normal/asinh-student-identity-1-1-1"],
        "functions": ["nonlinear/f=cubic:mi=0.5", "nonlinear/f=cubic:mi=1.0", "nonlinear/f=sin:mi=0.5",
                      "nonlinear/f=sin:mi=1.0", "nonlinear/f=sin2pi:mi=0.5", "nonlinear/f=sin2pi:mi=1.0"],
        "discrete": ["mixed/gao-labels-2", "mixed/gao-labels-5", "mixed/gao-poisson-0", "mixed/gao-poisson-0.15",
                     "mixed/quantised-0.5", "mixed/quantised-1", "mixed/symbols-1"],
        "independent": ["independent/normal-1", "independent/bimodal-1", "independent/student-1",
                        "independent/cross-1", "independent/counts-1", "independent/signs-1"],
    }),
    "3+3": (1000, {
        "normal": ["beyond-normal/multinormal-sparse-3-3-2-2.0", "beyond-normal/multinormal-dense-3-3-0.5",
                   "high-mi/sparse-0.5", "high-mi/sparse-1", "high-mi/sparse-1.5", "high-mi/sparse-2"],
        "half-cubed": ["high-mi/half-cube-0.5", "high-mi/half-cube-1", "high-mi/half-cube-1.5", "high-mi/half-cube-2",
                       "beyond-normal/half_cube-multinormal-sparse-3-3-2-2.0"],
        "powers": ["tails/power-1.89", "tails/power-3.22", "tails/power-5.00"],
        "Student": ["beyond-normal/student-identity-3-3-2", "beyond-normal/student-identity-3-3-3",
                    "beyond-normal/asinh-student-identity-3-3-2", "tails/student-1", "tails/student-3",
                    "tails/student-7"],
        "spirals": ["high-mi/spiral-0.5", "high-mi/spiral-1", "high-mi/spiral-1.5",
                    "beyond-normal/spiral-multinormal-sparse-3-3-2-2.0",
                    "beyond-normal/spiral-normal_cdf-multinormal-sparse-3-3-2-2.0"],
        "independent": ["high-mi/sparse-0", "high-mi/spiral-0", "high-mi/half-cube-0"],
        "3 nats and more": ["high-mi/sparse-3", "high-mi/sparse-4", "high-mi/half-cube-3"],
    }),
    "10+1": (1000, {
        "normal": ["ten-to-one/normal-beside", "ten-to-one/normal-hidden"],
        "warped": ["ten-to-one/normal-hidden-half-cube", "ten-to-one/normal-hidden-wiggly",
                   "ten-to-one/cubic-hidden"],
        "spiral": ["ten-to-one/normal-spiral"],
        "mixtures": ["ten-to-one/normal-hidden-bimodal", "ten-to-one/cross-hidden"],
        "sine": ["ten-to-one/sin-hidden"],
        "noise": ["ten-to-one/uniform-noise-hidden", "ten-to-one/log-gamma-hidden"],
        "radius": ["ten-to-one/radius"],
        "discrete": ["ten-to-one/label-hidden", "ten-to-one/symbol-hidden", "ten-to-one/count-hidden"],
        "independent": ["independent/rings-10"],
    }),
}  # fmt: skip
"""For each size the rows, and its families of tasks."""

COLUMNS = (
    "size", "number", "task", "family", "n", "dim_x", "dim_y", "truth", "low", "high", "fits", "at_least", "distance",
    "alone_low", "alone_high", "seconds",
)  # fmt: skip


@threadpool_limits.wrap(limits=1)
def data_set(job):
    """The row of one data set."""
    size, number, seed = job
    n, families = GROUPS[size]
    order = np.random.default_rng([seed, number // len(families), 0]).permutation(len(families))
    family = list(families)[order[number % len(families)]]
    rng = np.random.default_rng([seed, number, *map(ord, size)])
    name = str(rng.choice(families[family]))
    suite, _, point = name.partition("/")
    task = mibench.tasks(suite)[point]
    x, y = task.sample(n, rng)
    began = time.process_time()
    data = owndata.of_sides(x, y)
    *_, (found, _) = calibration.steps(sample(data.x, data.y), (), seed * 1000 + number, threads=1)
    return {
        "size": size, "number": number, "task": name, "family": family, "n": n, "dim_x": task.dim_x,
        "dim_y": task.dim_y, "truth": max(task.mi, 0.0), "low": found.interval[0], "high": found.interval[1],
        "fits": found.fits, "at_least": found.at_least, "distance": found.distance, "alone_low": found.by_ksg[0],
        "alone_high": found.by_ksg[1], "seconds": round(time.process_time() - began, 2),
    }  # fmt: skip


def run(args):
    """The data sets that the folder lacks."""
    path = Path(args.output) / "calibration.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    done = set()
    if path.exists():
        with path.open(newline="") as file:
            done = {(row["size"], int(row["number"])) for row in csv.DictReader(file)}
    else:
        path.write_text(",".join(COLUMNS) + "\n")
    every = itertools.product(range(args.sets), args.groups.split(","))
    jobs = [(size, number, args.seed) for number, size in every if (size, number) not in done]
    with ProcessPoolExecutor(args.jobs) as pool, path.open("a", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        for row in pool.map(data_set, jobs):
            writer.writerow(row)
            file.flush()


def table(args):
    """A row a family and one a size, and the worst family."""
    rows = pd.concat([pd.read_csv(Path(folder) / "calibration.csv") for folder in args.folders])
    rows["covered"] = (rows["low"] <= rows["truth"] + 1e-9) & (rows["truth"] <= rows["high"] + 1e-9)
    rows.loc[rows["at_least"], "covered"] = rows["low"] <= rows["truth"]
    rows["width"], rows["alone"] = rows["high"] - rows["low"], rows["alone_high"] - rows["alone_low"]
    rows["alone_covered"] = (rows["alone_low"] <= rows["truth"]) & (rows["truth"] <= rows["alone_high"])
    print("| columns | family | data sets | covered | width | ksg alone: covered | width | flagged |")
    print("|---|---|---|---|---|---|---|---|")
    for size, part in rows.groupby("size", sort=False):
        for family, some in [*part.groupby("family"), ("**all**", part)]:
            print(
                f"| {size} | {family} | {len(some)} | {some['covered'].sum()} | {some['width'].mean():.2f} "
                f"| {some['alone_covered'].sum()} | {some['alone'].mean():.2f} | {(~some['fits']).sum()} |"
            )
    for size, part in rows.groupby("size", sort=False):
        small = part[part["truth"] < 1.5]
        shares = part.groupby("family")["covered"].mean()
        print(
            f"\n{size}: covered {part['covered'].mean():.0%}, worst {shares.idxmin()} {shares.min():.0%}; width "
            f"{part['width'].mean() / part['alone'].mean():.0%} of ksg alone; flagged {(~part['fits']).mean():.0%}; at "
            f"least {small['at_least'].mean():.0%} below 1.5 nats; {part['seconds'].mean():.1f} CPU s a data set"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("run")
    one.add_argument("-o", "--output", required=True)
    one.add_argument("--sets", type=int, default=100)
    one.add_argument("--seed", type=int, default=0)
    one.add_argument("--groups", default=",".join(GROUPS))
    one.add_argument("-j", "--jobs", type=int, default=1)
    one.set_defaults(do=run)
    other = commands.add_parser("table")
    other.add_argument("folders", nargs="+")
    other.set_defaults(do=table)
    given = parser.parse_args()
    given.do(given)
