"""What a term costs: a step of a small adversarial model with one, as a multiple of the same step without.

    python benchmarks/term.py [--terms mine,jsd,infonce] [--batch 128,256,512] [--hidden 64,128] [--profile]

The model is that of `mode-collapse/grid25`: a step is one of the discriminator and one of the generator; with a term
also one of the critic, and the term's gradient clipped against the utility's. CPU time of one thread; trainings with
and without are interleaved, and the figure is the median of the ratios, with the least and the greatest. Wanted: at
most 2.5. A term may have fields: `--terms mine,infonce:critic=separable`.
"""

import argparse
import time
from functools import partial
from statistics import median

import torch
from turns import machine, ratio, turns

import mibench


def seconds(model, estimator):
    """CPU seconds a step of a short training."""
    started = time.process_time()
    model.train(
        lambda dim_x, dim_z: estimator and estimator.term(dim_x, dim_z, seed=1, device="cpu"), seed=0, device="cpu"
    )
    return (time.process_time() - started) / model.steps


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--terms", default="mine,jsd,infonce")
    parser.add_argument("--batch", default="128,256,512")
    parser.add_argument("--hidden", default="64,128")
    parser.add_argument("--steps", type=int, default=100, help="steps of a training")
    parser.add_argument("--blocks", type=int, default=7)
    parser.add_argument("--profile", action="store_true", help="print where a step with the term spends its time")
    args = parser.parse_args()
    torch.set_num_threads(1)
    print(machine())
    for name in args.terms.split(","):
        for hidden in args.hidden.split(","):
            for batch in map(int, args.batch.split(",")):
                (model,) = mibench.tasks(f"mode-collapse/grid25:steps={args.steps}:batch_size={batch}").values()
                estimator = mibench.estimator(f"{name}:hidden={hidden}x{hidden}")
                kinds = {"without": partial(seconds, model, None), "with": partial(seconds, model, estimator)}
                taken = turns(kinds, args.blocks)
                who = f"{name} critic {hidden}x{hidden} batch {batch}"
                print(f"{who}: {1000 * median(taken['without']):.2f} ms a step without the term")
                ratio(f"{who}: with / without", taken["with"], taken["without"], most=2.5)
                if args.profile:
                    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as seen:
                        seconds(model, estimator)
                    print(seen.key_averages().table(sort_by="self_cpu_time_total", row_limit=25))


if __name__ == "__main__":
    main()
