"""Critics and nearest neighbours on a GPU: first that the numbers are those of the CPU, then how fast they come.

    python benchmarks/gpu.py                          on the first CUDA device, at most six minutes
    python benchmarks/gpu.py --device cpu --small     the same code on CPU tensors, a minute: proves the script

It needs a checkout of mibench (no installation), torch, numpy, scipy, pandas, numba, pluggy and typer. JAX is timed
where it can be imported. Parts that would begin after LIMIT seconds are left out by name.

Equality: radii and counts of k-NN are the CPU path's to the last bit, and so its estimates. Critics round in float32,
in another order, and a training of STEPS steps carries that on: their estimates may differ by ROUNDING nats.

Shares of the roofline: `copy` is a copy of 1 GiB in this device's memory, `GEMM` a float32 product of 8192 × 8192. A
critic's step is counted as 6 operations a weight and row, and for k-NN as 8 bytes a column and pair, once.
"""

import argparse
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent.parent))

from neural import gaussian, plain_loop, plugin, without_numba
from turns import machine, ratio, turns

from mibench import neighbors
from mibench.neighbors.torch_path import TorchPath

ROUNDING = 1e-3
STEPS, DIM, HIDDEN, ROWS = 100, 5, 64, 2000
CORES = 2
"""Of the CPU path that k-NN is timed beside, however many there are."""
BEGAN, LIMIT = time.monotonic(), 240.0


class Place:
    """A torch device, its clock and its rates."""

    def __init__(self, name, small):
        self.name, self.kind, self.small = name, name.partition(":")[0], small
        self.clock = time.process_time if self.kind == "cpu" else time.perf_counter
        self.threads = 1 if self.kind == "cpu" else torch.get_num_threads()

    def seconds(self, function):
        """Elapsed, from idle to idle; of a CPU its own time, for others may use it too."""
        self.wait()
        started = self.clock()
        function()
        self.wait()
        return self.clock() - started

    def wait(self):
        if self.kind == "cuda":
            torch.cuda.synchronize()

    def on(self, function, *arguments):
        """What torch computes there: on a CPU without the compiled kernels, which a GPU has none of."""
        return without_numba(function, *arguments) if self.kind == "cpu" else function(*arguments)

    def path(self):
        """That of the nearest neighbours; of a CPU the one that runs on any device of torch."""
        return TorchPath(self.name) if self.kind == "cpu" else neighbors.choose(1, 1, device=self.name)

    def rates(self):
        """Bytes a second of a copy, read and written, and operations a second of a product, the best of five each."""
        size, side = (2**24, 1024) if self.small else (2**28, 8192)
        a, c = torch.ones(size, device=self.name), torch.ones(side, side, device=self.name)
        b = torch.empty_like(a)
        copy = min(self.seconds(lambda: b.copy_(a)) for _ in range(6))
        product = min(self.seconds(lambda: c @ c) for _ in range(6))
        return 8 * size / copy, 2 * side**3 / product


def settings(steps):
    """MINE of so many steps without an early stop, whose critics all do the same work."""
    _, mine = plugin("mine")
    return replace(mine, steps=steps, patience=10**6, hidden=(HIDDEN, HIDDEN), scaling="standard")


def estimates(mine, pairs, device):
    xs, ys = zip(*pairs, strict=True)
    return mine.estimate_many(list(xs), list(ys), seeds=range(len(pairs)), device=device)


def pairs_of(k, n=ROWS):
    return [gaussian(DIM, 2.0)(n, np.random.default_rng(seed)) for seed in range(k)]


def same_critics(place):
    """Differences of estimates from the CPU's, by how many are trained together."""
    worst, mine = 0.0, settings(STEPS)
    for k in (1, 4):
        here = estimates(mine, pairs_of(k), "cpu")
        there = place.on(estimates, mine, pairs_of(k), place.name)
        worst = max([worst, *(abs(a.value - b.value) for a, b in zip(here, there, strict=True))])
    good = worst <= ROUNDING
    print(f"critics, K=1 and 4, {STEPS} steps: at most {worst:.2g} nats from the CPU's, allowed {ROUNDING:g}: "
          f"{'met' if good else 'MISSED'}", flush=True)  # fmt: skip
    return good


def same_neighbours(place):
    """Whether estimates and counts are the CPU path's to the last bit: shapes, norms, algorithms, ties."""
    wrong, looked, path = [], 0, place.path()
    for n, dim in ((1000, 1), (1000, 2), (700, 5), (500, 12)):
        x, y = gaussian(dim, 1.0)(n, np.random.default_rng([n, dim]))
        for ties in (False, True):
            if ties:  # and yet no k copies of one row, which every estimator refuses
                x, y = np.round(x, 2 if dim == 1 else 1), np.round(y, 2 if dim == 1 else 1)
            for norm in ("chebyshev", "euclidean"):
                for algorithm in (1, 2):
                    looked += 1
                    asked = x, y, [3, 7], norm, algorithm
                    found = [by.counts(*asked) for by in (neighbors.choose(dim, dim), path)]
                    if not all(np.array_equal(a, b) for a, b in zip(*found, strict=True)):
                        wrong.append(f"{dim}+{dim} {norm} algorithm {algorithm}{' with ties' * ties}")
    said = f"MISSED: {'; '.join(wrong)}" if wrong else "met"
    print(
        f"k-NN by {path.name}, {looked} searches: radii and counts to the last bit the CPU path's: {said}", flush=True
    )
    return not wrong


def critics(place, gemm):
    """Critics together beside a plain loop on the same device, one critic at a time."""
    steps, counts = (10, (1, 2, 4)) if place.small else (STEPS * 5, (1, 16, 256, 1024))
    mine = settings(steps)
    operations = 6 * steps * 650 * (2 * DIM * HIDDEN + HIDDEN * HIDDEN + HIDDEN)
    alone = None
    for k in counts:
        if late(place, f"K={k}"):
            return
        pairs = pairs_of(k)

        def ours(settings, pairs=pairs, k=k):
            return place.on(place.seconds, partial(estimates, settings, pairs, place.name)) / k

        def loop(pairs=pairs):
            return place.seconds(partial(plain_loop, *pairs[0], HIDDEN, steps, place.name))

        kinds = {"ours": partial(ours, mine), "a tenth": partial(ours, settings(steps // 10)), "loop": loop}
        taken = turns(kinds, 1 if place.small or k > 256 else 3)
        alone = alone or taken["ours"]
        each, tenth = np.median(taken["ours"]), np.median(taken["a tenth"])
        bare = (each - tenth) / 0.9
        print(f"K={k} d={DIM} {HIDDEN}-{HIDDEN}: {1000 * each / steps:.3g} s a critic per 1000 steps, preparation and "
              f"test among it; without them {1000 * bare / steps:.3g} s, {operations / bare / gemm:.1%} of GEMM",
              flush=True)  # fmt: skip
        ratio(f"K={k}: a plain loop / ours", taken["loop"], taken["ours"])
        if k == 1024:
            ratio("K=1024: ours one at a time / ours", alone[:1], taken["ours"], least=50)
        jax_beside(place, k, steps, [bare])


def jax_beside(place, k, steps, ours):
    """The same steps as one compiled loop in JAX, which rounds products to TF32; no preparation and no test in it."""
    try:
        import jax
    except ImportError:
        if k == 1:
            print("JAX is not installed: left out")
        return
    if jax.default_backend() != ("gpu" if place.kind == "cuda" else place.kind):
        print(f"JAX runs on {jax.default_backend()}: left out")
        return
    from jax_rivals import ideal

    ratio(
        f"K={k}: jit(vmap(scan)) / ours, steps alone",
        [ideal(DIM, steps, k, time.perf_counter) * steps / 1000],
        ours[:1],
    )


def all_pairs(x, y, k, device):
    """The plain way in torch: all distances of a block of rows, their k-th, and two counts."""
    x, y = (torch.from_numpy(z).to(device) for z in (x, y))
    near = []
    for start in range(0, len(x), block := max(1, 2**24 // len(x) // x.shape[1])):
        rows = slice(start, start + block)
        apart_x, apart_y = ((z[rows, None] - z).abs().amax(2) for z in (x, y))
        radius = torch.maximum(apart_x, apart_y).topk(k + 1, largest=False).values[:, -1:]
        near.append(torch.stack([(apart < radius).sum(1) for apart in (apart_x, apart_y)]))
    near = torch.cat(near, 1).double()
    psi = torch.special.digamma
    return float(psi(torch.tensor(k + 0.0)) + psi(torch.tensor(len(x) + 0.0)) - psi(near).mean(1).sum())


def nearest(place, copy):
    """k-NN beside plain all pairs on the same device, and the CPU path on so many of its cores."""
    sizes = ((1, 1000), (10, 1000)) if place.small else ((1, 10**4), (10, 10**4), (1, 10**5), (10, 10**5), (1, 10**6))
    for dim, n in sizes:
        if late(place, f"k-NN {dim}+{dim}, n={n}"):
            return
        x, y = gaussian(dim, 2.0)(n, np.random.default_rng([n, dim]))
        kinds = {
            "ours": partial(neighbors.ksg, x, y, path=place.path()),
            "plain": partial(all_pairs, x, y, 3, place.name),
            "cpu": partial(neighbors.ksg, x, y, threads=CORES),
        }
        if n > 10**5:
            del kinds["plain"]
        taken = turns({name: partial(place.seconds, f) for name, f in kinds.items()}, 1 if n > 10**4 else 3)
        ours = np.median(taken["ours"])
        print(f"k-NN {dim}+{dim}, n={n}: {ours:.3g} s, {16 * dim * n * n / ours / copy:.1%} of copy", flush=True)
        if "plain" in kinds:
            ratio(f"k-NN {dim}+{dim}, n={n}: plain all pairs / ours", taken["plain"], taken["ours"])
        wanted = 10 if (dim, n) == (10, 10**5) else None
        ratio(f"k-NN {dim}+{dim}, n={n}: CPU path on {CORES} cores / ours", taken["cpu"], taken["ours"], wanted)


def late(place, part):
    """Whether there is no time for a part any more, which is then told."""
    over = not place.small and time.monotonic() - BEGAN > LIMIT
    if over:
        print(f"{part} and what follows it: left out, {LIMIT:.0f} s have passed")
    return over


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--small", action="store_true", help="sizes that a CPU does in a minute")
    args = parser.parse_args()
    if args.device.startswith("cuda") and not torch.cuda.is_available():
        sys.exit("gpu.py: torch sees no CUDA device; --device cpu --small proves the script on a CPU")
    place = Place(args.device, args.small)
    torch.set_num_threads(place.threads)
    card = torch.cuda.get_device_name(args.device) if place.kind == "cuda" else "no card: CPU tensors"
    print(f"{card}; torch {torch.__version__}, CUDA {torch.version.cuda}; {machine()}", flush=True)
    good = same_critics(place) & same_neighbours(place)
    copy, gemm = place.rates()
    print(f"copy {copy / 1e9:.0f} GB/s, GEMM {gemm / 1e12:.3g} Tflop/s", flush=True)
    nearest(place, copy)
    critics(place, gemm)
    print(f"{time.monotonic() - BEGAN:.0f} s")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
