"""Our KSG against theirs: a run, and of it one table and one figure of numbers and seconds.

    python benchmarks/peers.py [-o FOLDER] [-n 1000] [--dims 1,5,20] [--seeds 5] [-e NAME,…]

Estimators of packages that are not installed are `n/a`; more may be named, such as bmi:python=~/bmi/bin/python. Seconds
are medians of `fit_seconds`, a trial at a time, without the start of a process and of its libraries.
"""

import argparse
from pathlib import Path

import matplotlib

import mibench
from mibench.findings import summary

PEERS = "ksg,ksg:scaling=standard,sklearn-ksg,ennemi,npeet-plus,infomeasure"


def table(cells):
    """In Markdown, a row a point."""
    names = list(dict.fromkeys(cells["label"]))
    print(f"| | truth | {' | '.join(names)} |\n|---|--:|{'---|' * len(names)}")
    for (point, truth), part in cells.groupby(["point", "truth"], sort=False):
        said = {
            row["label"]: f"{row['mean']:.3f} ± {row['sd']:.3f}, {row['fit_seconds']:.2g} s"
            for row in part.to_dict("records")
            if row["n_ok"]
        }
        print(f"| {point} | {truth:.3f} | {' | '.join(said.get(name, 'n/a') for name in names)} |")


def figure(cells, path):
    """Numbers left, seconds right, both over the number of columns."""
    matplotlib.use("agg")
    from matplotlib import pyplot

    drawn, (numbers, seconds) = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    cells = cells.assign(columns=cells["point"].str.extract(r"dim=(\d+)")[0].astype(int))
    names = list(dict.fromkeys(cells["label"]))
    for place, name in enumerate(names):
        part = cells[(cells["label"] == name) & (cells["n_ok"] > 0)]
        beside = part["columns"] * 1.03 ** (place - len(names) / 2)  # equal numbers would hide one another
        numbers.errorbar(beside, part["mean"], part["sd"], marker="o", ms=4, lw=1, capsize=2, label=name)
        seconds.plot(part["columns"], part["fit_seconds"], marker="o", ms=4, lw=1)
    truth = cells.drop_duplicates("columns").sort_values("columns")
    numbers.plot(truth["columns"], truth["truth"], color="black", ls="--", lw=1, label="truth")
    numbers.set(xscale="log", xlabel="columns a side", ylabel="nats, mean ± sd")
    seconds.set(xscale="log", yscale="log", xlabel="columns a side", ylabel="seconds a trial, median")
    for axes in (numbers, seconds):
        axes.set_xticks(truth["columns"], [str(dim) for dim in truth["columns"]])
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
    found = summary.cells(rows)
    table(found)
    picture = Path(args.output) / "ours-against-theirs.png"
    figure(found, picture)
    print(f"\nfigure: {picture}")
