"""Our KSG against theirs: a run, and of it one table and one figure of numbers and seconds.

    python benchmarks/peers.py [-o FOLDER] [-n 1000] [--dims 1,5,20] [--seeds 5] [-e NAME,…]

Estimators of packages that are not installed are `n/a`; more may be named, such as bmi:python=~/bmi/bin/python. Seconds
are medians of `fit_seconds`, a trial at a time, without the start of a process and of its libraries.
"""

import argparse
from pathlib import Path

import mibench

PEERS = "ksg,ksg:scaling=standard,sklearn-ksg,ennemi,npeet-plus,infomeasure"


def cells(rows):
    """By point and estimator, in the order of the run: mean and sd of the estimates, median seconds."""
    ok = rows[rows["status"] == "ok"]
    found = ok.groupby(["point", "estimator_label"], sort=False)
    return found.agg(
        dim=("dim_x", "first"),
        truth=("mi_true", "first"),
        mean=("mi_estimate", "mean"),
        sd=("mi_estimate", "std"),
        seconds=("fit_seconds", "median"),
    ).reset_index()


def table(found):
    """In Markdown, a row a point."""
    names = list(dict.fromkeys(found["estimator_label"]))
    print(f"| columns | truth | {' | '.join(names)} |\n|--:|--:|{'---|' * len(names)}")
    for (dim, truth), part in found.groupby(["dim", "truth"]):
        said = {
            row.estimator_label: f"{row['mean']:.3f} ± {row.sd:.3f}, {row.seconds:.3g} s" for _, row in part.iterrows()
        }
        print(f"| {dim:.0f} + {dim:.0f} | {truth:.3f} | {' | '.join(said.get(name, 'n/a') for name in names)} |")


def figure(found, path):
    """Numbers left, seconds right, both over the number of columns."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    drawn, (numbers, seconds) = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    names = list(dict.fromkeys(found["estimator_label"]))
    for place, name in enumerate(names):
        part = found[found["estimator_label"] == name]
        beside = part["dim"] * 1.03 ** (place - len(names) / 2)  # equal numbers would hide one another
        numbers.errorbar(beside, part["mean"], part["sd"], marker="o", ms=4, lw=1, capsize=2, label=name)
        seconds.plot(part["dim"], part["seconds"], marker="o", ms=4, lw=1)
    truth = found.drop_duplicates("dim")
    numbers.plot(truth["dim"], truth["truth"], color="black", ls="--", lw=1, label="truth")
    numbers.set(xscale="log", xlabel="columns a side", ylabel="nats, mean ± sd")
    seconds.set(xscale="log", yscale="log", xlabel="columns a side", ylabel="seconds a trial, median")
    for axes in (numbers, seconds):
        axes.set_xticks(sorted(set(found["dim"])), [f"{dim:.0f}" for dim in sorted(set(found["dim"]))])
        axes.minorticks_off()
        axes.spines[["top", "right"]].set_visible(False)
    drawn.legend(*numbers.get_legend_handles_labels(), loc="outside right center", frameon=False)
    drawn.savefig(path, dpi=120)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", default="results/peers")
    parser.add_argument("-n", "--samples", default="1000")
    parser.add_argument("--dims", default="1,5,20")
    parser.add_argument("--mi", default="0.5")
    parser.add_argument("--seeds", default="5")
    parser.add_argument("-e", "--estimators", default=PEERS)
    args = parser.parse_args()
    names, sizes = args.estimators.split(","), args.samples.split(",")
    asked = {"dims": args.dims.split(","), "mi": args.mi, "jobs": 1}
    rows = mibench.run(
        args.estimators.split(","), "gaussian", args.samples.split(","), args.seeds, args.output, **asked
    )
    every = cells(rows)
    table(every)
    picture = Path(args.output) / "ours-against-theirs.png"
    figure(every, picture)
    print(f"\nfigure: {picture}")
