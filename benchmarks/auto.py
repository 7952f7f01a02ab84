"""`auto` beside single estimators, on suites it was made on and on others: the tables of docs/auto.md.

    python benchmarks/auto.py run -o FOLDER [-n 10000] [--seeds 0-7] [--suites bent,images] [-e auto,mine,…] [-j 1]
    python benchmarks/auto.py table FOLDER
    python benchmarks/auto.py cost [--dims 1,5,20] [-n 1000,10000]

`run` goes on where it ended. `table` has a row a suite and sample size: the mean |estimate − truth| of `auto` in nats,
of the single estimator that has the least one there, which is known only afterwards, and of the worst. An estimator
counts in a suite if it has a number for every trial that `auto` has one for. `cost` is CPU time on one thread, of each
estimator alone, as a multiple of `mine`: normal pairs of 2 nats.
"""

import argparse
import time

import numpy as np

import mibench
from mibench.distributions.normal import CorrelatedNormal

PICTURES = [f"{kind}-{pixels}-{mi}" for kind in ("plate", "rectangle") for pixels in (16, 32) for mi in (1, 2.5, 5)]
SUITES = {
    **{suite: [suite] for suite in ("beyond-normal", "fine-distributions", "ten-to-one", "nonlinear", "bent", "vce")},
    "images": [f"images/{point}" for point in PICTURES],
    "independent": [f"independent/normal-{dim}" for dim in (1, 5, 20)],
}
ESTIMATORS = (
    "auto,mine,jsd,dv,mine-f,nwj,tuba,infonce,smile,flo,doe,club,deep-infomax,ksg,ksg-mixed,kl,gaussian,"
    "gaussian-copula,t-copula,gmm,gan-dime,infonce-anchor"
)


def run(args):
    """The trials that the folder lacks."""
    tasks = [task for suite in args.suites.split(",") for task in SUITES[suite]]
    names, samples = args.estimators.split(","), args.samples.split(",")
    mibench.run(names, tasks, samples, args.seeds, args.output, jobs=args.jobs, device="cpu")


def table(args):
    """A row a suite and sample size."""
    rows = mibench.load(*args.folders)
    rows = rows.assign(off=(rows["mi_estimate"] - rows["mi_true"]).abs())
    print("| suite | n | trials | `auto` | best single | worst | `auto` / best |\n|---|---|---|---|---|---|---|")
    for (suite, n), part in rows[rows["mi_estimate"].notna()].groupby(["task", "n_samples"]):
        off = part.pivot_table(index=["point", "seed"], columns="estimator", values="off")
        off = off[off["auto"].notna()].dropna(axis=1)
        mean = off.mean().sort_values()
        single = mean.drop("auto")
        if len(single):
            named = [f"`{single.index[k]}` {single.iloc[k]:.3f}" for k in (0, -1)]
            ratio = mean["auto"] / single.iloc[0]
            print(f"| {suite} | {n:.0f} | {len(off)} | {mean['auto']:.3f} | {' | '.join(named)} | {ratio:.2f} |")


def cost(args):
    """A row a dimension and sample size."""
    names = args.estimators.split(",")
    made = {name: mibench.estimator(name) for name in names}
    print(f"| | {' | '.join(f'`{name}`' for name in names)} |\n|---|{'---|' * len(names)}")
    for dim in map(int, args.dims.split(",")):
        for n in map(int, args.samples.split(",")):
            x, y = CorrelatedNormal(dim, 2.0).sample(n, np.random.default_rng(0))
            seconds = {}
            for name, estimator in made.items():
                estimator.estimate(x[:200], y[:200], seed=0)  # compiles and imports
                started = time.process_time()
                estimator.estimate(x, y, seed=0)
                seconds[name] = time.process_time() - started
            cells = [f"{seconds[name] / seconds['mine']:.1f} × ({seconds[name]:.1f} s)" for name in names]
            print(f"| d={dim}, n={n} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_subparsers(required=True)
    one = what.add_parser("run")
    one.add_argument("-o", "--output", required=True)
    one.add_argument("-n", "--samples", default="10000")
    one.add_argument("--seeds", default="0-7")
    one.add_argument("--suites", default=",".join(SUITES))
    one.add_argument("-e", "--estimators", default=ESTIMATORS)
    one.add_argument("-j", "--jobs", type=int, default=1)
    one.set_defaults(do=run)
    one = what.add_parser("table")
    one.add_argument("folders", nargs="+")
    one.set_defaults(do=table)
    one = what.add_parser("cost")
    one.add_argument("--dims", default="1,5,20")
    one.add_argument("-n", "--samples", default="1000,10000")
    one.add_argument("-e", "--estimators", default="mine,auto")
    one.set_defaults(do=cost)
    args = parser.parse_args()
    args.do(args)
