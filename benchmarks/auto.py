"""`auto` beside single estimators, on suites it was made on and on others: the tables of docs/auto.md.

    python benchmarks/auto.py run -o FOLDER [--part rotated] [--seeds 0-7] [-e auto,mine,…] [-j 1] [-d cpu]
    python benchmarks/auto.py keep FOLDER … [-o results/auto]
    python benchmarks/auto.py points [results/auto] [--part rotated]
    python benchmarks/auto.py suites [results/auto]
    python benchmarks/auto.py cost [--dims 1,5,20] [-n 1000,10000] [-e mine,auto]
    python benchmarks/auto.py costs

`run` goes on where it ended, a part after the other, and in a part an estimator after the other, the cheap ones first
(on a GPU, whose processes are slow to start, all that are named together).
`keep` writes the rows of a run as a small table a part, which the others read.

`points` says of each estimator, at each point, mean ± standard deviation of its values, and of how many seeds. `suites`
has a row a suite, of pictures one a size, and sample size: the mean |estimate − truth| of `auto` in nats, of the single
estimator that has the least one there, which is known only afterwards, and of the worst. An estimator counts in a suite
if it has a number for every trial that `auto` has one for. `cost` is CPU time on one thread, of each estimator alone,
as a multiple of `mine`: normal pairs of 2 nats. `costs` writes it of each of our own, at n = 10,000 in 20 + 20 columns,
to the file that `mibench describe` reads.
"""

import argparse
import time
from inspect import signature
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

import mibench
from mibench.catalogue import discover
from mibench.distributions.normal import CorrelatedNormal

COPULAS = "gaussian-copula,t-copula,gmm"
CLASSIC = "gaussian,ksg,ksg-mixed,kl,mine,jsd,dv,mine-f,nwj,tuba,infonce,smile,flo,doe,club,deep-infomax"
NEW = "histogram,gan-dime,hd-dime,kl-dime,infonce-anchor,alpha-tuba,l1out,latent-mi"
SLOW = "cfmmi,immse"
PICTURES = [f"{kind}-{pixels}-{mi}" for kind in ("plate", "rectangle") for pixels in (16, 32) for mi in (1, 2.5, 5)]
UNSEEN = ["fine-distributions", "ten-to-one", "nonlinear", "bent", *(f"images/{point}" for point in PICTURES)]

PARTS = {
    "rotated": [
        (["rotated/2-nats"], "1000", f"{COPULAS},auto,mine"),
        (["rotated/10-nats", "rotated/5-nats"], "10000", f"{COPULAS},auto,gan-dime,infonce-anchor,mine"),
    ],
    "independent": [
        ([f"independent/normal-{dim}" for dim in (1, 5, 20)], "10000", f"{COPULAS},auto,{CLASSIC},{NEW},{SLOW}")
    ],
    "vce": [(["vce"], "10000", f"{COPULAS},auto,gan-dime,infonce-anchor,mine,jsd,doe,{SLOW}")],
    "beyond-normal": [(["beyond-normal"], "1000,10000", f"{COPULAS},auto,{CLASSIC},gan-dime,infonce-anchor")],
    "unseen": [(UNSEEN, "10000", f"{COPULAS},auto,{CLASSIC},gan-dime,infonce-anchor")],
}
"""Points, sample sizes and estimators of each part."""

COSTS = Path(mibench.__file__).parent / "costs.toml"
HEADING = """\
# CPU time on one thread as a multiple of what `mine` takes: n = 10,000, 20 + 20 normal columns of 2 nats, each alone.
# Written by `python benchmarks/auto.py costs`, read by `mibench describe`.
"""

KEPT = ["task", "point", "n_samples", "estimator", "seed", "mi_true", "mi_estimate", "mi_std", "status", "flags"]
KEPT += ["chosen", "error", "device", "code"]
PLACE = ["task", "point", "n_samples"]


def run(args):
    """The trials that the folder lacks."""
    for part in args.part.split(","):
        for points, samples, names in PARTS[part]:
            sizes = [int(n) for n in samples.split(",")]
            chosen = [name for name in names.split(",") if not args.estimators or name in args.estimators.split(",")]
            for group in [[name] for name in chosen] if args.device == "cpu" else [chosen]:
                mibench.run(group, points, sizes, args.seeds, args.output, jobs=args.jobs, device=args.device)


def keep(args):
    """A table a part, of the rows that belong to it: of each trial the last."""
    trial = [*PLACE, "estimator", "seed"]
    rows = mibench.load(*args.folders).sort_values("started_at").drop_duplicates(trial, keep="last")
    Path(args.output).mkdir(parents=True, exist_ok=True)
    for part, runs in PARTS.items():
        suites = {point.partition("/")[0] for points, _, _ in runs for point in points}
        kept = rows[rows["task"].isin(suites)].sort_values(trial)
        if len(kept):
            kept[KEPT].round({"mi_estimate": 5, "mi_std": 5, "mi_true": 6}).to_csv(
                Path(args.output, f"{part}.csv"), index=False
            )


def kept_rows(args):
    """The rows of all parts, or of those asked for."""
    parts = args.part.split(",") if args.part else sorted(path.stem for path in Path(args.folder).glob("*.csv"))
    rows = pd.concat([pd.read_csv(Path(args.folder, f"{part}.csv")) for part in parts])
    return rows[rows["mi_estimate"].notna()]


def points(args):
    """A row an estimator, a column a point."""
    rows = kept_rows(args)
    for task, part in rows.groupby("task"):
        places = sorted(part[["mi_true", "point", "n_samples"]].drop_duplicates().itertuples(index=False, name=None))
        print(
            f"\n| {task} | {' | '.join(f'{point}, n={n:.0f}' for _, point, n in places)} |\n|---|{'---|' * len(places)}"
        )
        print(f"| truth | {' | '.join(f'{truth:.3f}' for truth, _, _ in places)} |")
        for name in dict.fromkeys(part["estimator"]):
            cells = []
            for _, point, n in places:
                own = part[(part["estimator"] == name) & (part["point"] == point) & (part["n_samples"] == n)]
                values = own["mi_estimate"]
                cells.append(f"{values.mean():.3f} ± {values.std():.3f} ({len(values)})" if len(values) else "")
            print(f"| `{name}` | {' | '.join(cells)} |")


def suites(args):
    """A row a suite and sample size."""
    rows = kept_rows(args)
    pixels = rows["point"].str.extract(r"^(?:plate|rectangle)-(\d+)-", expand=False)
    suite = rows["task"].where(pixels.isna(), rows["task"] + ", " + pixels + " pixels")
    rows = rows.assign(suite=suite, off=(rows["mi_estimate"] - rows["mi_true"]).abs())
    print("| suite | n | trials | `auto` | best single | worst | `auto` / best |\n|---|---|---|---|---|---|---|")
    for (suite, n), part in rows.groupby(["suite", "n_samples"]):
        off = part.pivot_table(index=["point", "seed"], columns="estimator", values="off")
        if "auto" not in off:
            continue
        off = off[off["auto"].notna()].dropna(axis=1)
        mean = off.mean().sort_values()
        single = mean.drop("auto")
        if len(single):
            named = [f"`{single.index[k]}` {single.iloc[k]:.3f}" for k in (0, -1)]
            ratio = mean["auto"] / single.iloc[0]
            print(f"| {suite} | {n:.0f} | {len(off)} | {mean['auto']:.3f} | {' | '.join(named)} | {ratio:.2f} |")


@threadpool_limits.wrap(limits=1)
def cpu_seconds(names, dim, n):
    """CPU seconds of each estimator that takes normal pairs so wide, by name."""
    x, y = CorrelatedNormal(dim, 2.0).sample(n, np.random.default_rng(0))
    found = {}
    for name in names:
        estimator = mibench.estimator(name)
        try:
            estimator.estimate(x[:1000], y[:1000], **seeded(estimator))  # compiles and imports
            started = time.process_time()
            estimator.estimate(x, y, **seeded(estimator))
        except (ValueError, ImportError) as error:
            print(f"{name}: {error}", flush=True)
            continue
        found[name] = time.process_time() - started
    return found


def seeded(estimator):
    """A seed, for one that takes one."""
    return {"seed": 0} if "seed" in signature(estimator.estimate).parameters else {}


def cost(args):
    """A row a dimension and sample size."""
    names = args.estimators.split(",")
    print(f"| | {' | '.join(f'`{name}`' for name in names)} |\n|---|{'---|' * len(names)}")
    for dim in map(int, args.dims.split(",")):
        for n in map(int, args.samples.split(",")):
            seconds = cpu_seconds(names, dim, n)
            cells = [f"{seconds[name] / seconds['mine']:.1f} × ({seconds[name]:.1f} s)" for name in names]
            print(f"| d={dim}, n={n} | {' | '.join(cells)} |", flush=True)


def costs(args):
    """The file of multiples of what `mine` takes, of each of our own estimators that takes such pairs."""
    dim, n, found = 20, 10000, discover()
    ours = [name for name in found.estimators if not found.homes[f"-e {name}"].path.name.startswith("peer_")]
    own = [cpu_seconds(["mine"], dim, n)["mine"] for _ in range(3)]
    seconds = cpu_seconds([name for name in ours if name != "mine"], dim, n)
    own = median([*own, *cpu_seconds(["mine"], dim, n).values()])
    lines = [f"{name} = {value / own:.2g}\n" for name, value in sorted((seconds | {"mine": own}).items())]
    COSTS.write_text(HEADING + "".join(lines))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_subparsers(required=True)
    one = what.add_parser("run")
    one.add_argument("-o", "--output", required=True)
    one.add_argument("--part", default=",".join(PARTS))
    one.add_argument("--seeds", default="0-7")
    one.add_argument("-e", "--estimators", default="")
    one.add_argument("-j", "--jobs", type=int, default=1)
    one.add_argument("-d", "--device", default="cpu")
    one.set_defaults(do=run)
    one = what.add_parser("keep")
    one.add_argument("folders", nargs="+")
    one.add_argument("-o", "--output", default="results/auto")
    one.set_defaults(do=keep)
    for name, do in (("points", points), ("suites", suites)):
        one = what.add_parser(name)
        one.add_argument("folder", nargs="?", default="results/auto")
        one.add_argument("--part", default="")
        one.set_defaults(do=do)
    one = what.add_parser("cost")
    one.add_argument("--dims", default="1,5,20")
    one.add_argument("-n", "--samples", default="1000,10000")
    one.add_argument("-e", "--estimators", default="mine,auto")
    one.set_defaults(do=cost)
    what.add_parser("costs").set_defaults(do=costs)
    args = parser.parse_args()
    args.do(args)
