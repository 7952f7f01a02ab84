"""Figures of the neural estimators: `accuracy` and `speed`, and what docs/neural.md says of them.

    python benchmarks/neural.py accuracy --estimators mine,jsd,mine_f --dims 1,5,20 --mi 0.5,2,5 --samples 10000
    python benchmarks/neural.py tasks
    python benchmarks/neural.py speed --together 1,4,8,16 --dim 5 --hidden 64 [--device cuda]
    python benchmarks/neural.py rivals --python PYTHON_WITH_JAX
    python benchmarks/neural.py costs --dim 20
    python benchmarks/neural.py parts --together 1,16

Accuracy uses seeds from 2000 on, which no default was chosen on. Speed is CPU time of one thread, interleaved with a
plain torch loop that does the same work for one critic, and with ours where numba is missing; the figure is the median
ratio. On a GPU it is elapsed time, and there is nothing beside it (see gpu.py). `rivals` runs benchmarks/jax_rivals.py
in turn with ours. `costs`: the learning curve's share of the time, and the memory that training adds. `parts`: where a
step's time goes, its products by themselves and beside the core's rate at large ones.
"""

import argparse
import importlib.util
import resource
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch import nn
from turns import machine, ratio, turns

from mibench.neural.architectures import build
from mibench.neural.compiled import perceptron
from mibench.neural.feed import Feed, stacked
from mibench.neural.scores import tables
from mibench.neural.training import Fitted, Stack, keep_freed_memory, validate
from mibench.neural.trials import prepare

PLUGINS = Path(__file__).parent.parent / "plugins"
FIRST_SEED = 2000


def plugin(stem):
    """The only estimator of a plugin file, and its name."""
    spec = importlib.util.spec_from_file_location(f"benchmarked_{stem}", PLUGINS / f"{stem}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return next(iter(module.mibench_estimators().items()))


def gaussian(dim, mi):
    """A sampler of dim independent Gaussian pairs, with that mutual information in all."""
    rho = np.sqrt(-np.expm1(-2 * mi / dim))

    def draw(n, rng):
        x = rng.standard_normal((n, dim))
        return x, rho * x + np.sqrt(1 - rho**2) * rng.standard_normal((n, dim))

    return draw


def cubic(dim, mi):
    """The same, with y cubed."""

    def draw(n, rng):
        x, y = gaussian(dim, mi)(n, rng)
        return x, y**3

    return draw


def student(n, rng):
    """A Student-t pair, one degree of freedom, correlation 0.75: both divided by the root of one chi-square."""
    x, y = gaussian(1, -0.5 * np.log(1 - 0.75**2))(n, rng)
    scale = np.sqrt(rng.chisquare(1, (n, 1)))
    return x / scale, y / scale


def sine(n, rng):
    """Y = sin(2πX) + 0.1 ε with X uniform on (−1, 1)."""
    x = rng.uniform(-1, 1, (n, 1))
    return x, np.sin(2 * np.pi * x) + 0.1 * rng.standard_normal((n, 1))


OTHER_TASKS = {
    # name: truth in nats, n, sampler; the truths of `student` and `sine` were found by quadrature
    "cubic d=1": (2.0, 10000, cubic(1, 2)),
    "student dof=1": (0.638, 10000, student),
    "sine": (1.699, 5000, sine),
}


def estimates(estimator, draw, n, seeds):
    """Estimates of that many samples, in batches of the size the estimator asks for."""
    pairs = [draw(n, np.random.default_rng([FIRST_SEED + s, n])) for s in range(seeds)]
    at_once = estimator.trials_at_once(n, pairs[0][0].shape[1], pairs[0][1].shape[1], "cpu")
    started = time.process_time()
    outcomes = []
    for i in range(0, seeds, at_once):
        some = pairs[i : i + at_once]
        streams = [FIRST_SEED + s for s in range(i, i + len(some))]
        outcomes += estimator.estimate_many([x for x, _ in some], [y for _, y in some], seeds=streams)
    return outcomes, (time.process_time() - started) / seeds


def row(name, task, truth, outcomes, seconds):
    """One line of a table."""
    values = np.array([getattr(o, "value", np.nan) for o in outcomes])
    off = abs(np.nanmean(values) - truth) / truth if truth else abs(np.nanmean(values))
    flags = sorted({f for o in outcomes for f in getattr(o, "flags", ("diverged",))})
    print(
        f"{name:8s} {task:22s} truth {truth:5.3f}  mean {np.nanmean(values):7.4f} ± {np.nanstd(values):6.4f}  "
        f"off {off:6.1%}  {seconds:5.2f} s  {' '.join(flags)}",
        flush=True,
    )
    return off


def accuracy(args):
    for stem in args.estimators.split(","):
        name, estimator = plugin(stem)
        for dim in map(int, args.dims.split(",")):
            offs = []
            for mi in map(float, args.mi.split(",")):
                found = estimates(estimator, gaussian(dim, mi), args.samples, args.seeds)
                offs.append(row(name, f"d={dim} n={args.samples}", mi, *found))
            print(f"{name:8s} d={dim}: mean relative error {np.mean(offs):.1%}", flush=True)


def tasks(args):
    for stem in args.estimators.split(","):
        name, estimator = plugin(stem)
        for task, (truth, n, draw) in OTHER_TASKS.items():
            row(name, task, truth, *estimates(estimator, draw, n, args.seeds))


def plain_loop(x, y, hidden, steps, device="cpu"):
    """CPU seconds of one critic in a straightforward loop: the same batches, objective, averaging and validations."""
    x, y = (torch.from_numpy(z.astype(np.float32)).to(device) for z in (x, y))
    n_train, n_valid, batch, rolls = int(0.7 * len(x)), int(0.1 * len(x)), 130, range(5)
    started = time.process_time()
    layers = [nn.Linear(x.shape[1] + y.shape[1], hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU()]
    critic = nn.Sequential(*layers, nn.Linear(hidden, 1)).to(device)
    average = [p.detach().clone() for p in critic.parameters()]
    adam = torch.optim.Adam(critic.parameters(), lr=3e-3)
    log_mean = None

    def scores(x, y, rolls):
        return critic(torch.cat([torch.cat([x, y.roll(m, 0)], 1) for m in rolls])).view(len(rolls), -1)

    for step in range(1, steps + 1):
        rows = torch.randint(0, n_train, (batch,), device=device)
        joint, *marginal = scores(x[rows], y[rows], rolls)
        mean_exp = torch.stack(marginal).exp().mean()
        log_mean = mean_exp.detach() if log_mean is None else 0.99 * log_mean + 0.01 * mean_exp.detach()
        loss = mean_exp / log_mean - joint.mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        with torch.no_grad():
            for a, p in zip(average, critic.parameters(), strict=True):
                a.lerp_(p, 0.002)
            if step % 100 == 0:
                valid = slice(n_train, n_train + n_valid)
                joint, *marginal = scores(x[valid], y[valid], rolls)
                float(joint.mean() - torch.stack(marginal).flatten().logsumexp(0))
    with torch.no_grad():
        scores(x[n_train + n_valid :], y[n_train + n_valid :], range(17))
    return time.process_time() - started


def train(settings, pairs, device="cpu"):
    """Seconds a critic, test and preparation included: of the CPU, or elapsed on another device."""
    clock = time.process_time if device == "cpu" else time.perf_counter
    started = clock()
    settings.estimate_many([x for x, _ in pairs], [y for _, y in pairs], seeds=range(len(pairs)), device=device)
    return (clock() - started) / len(pairs)


WANTED = {(1, 5, 64): 1.0, (2, 5, 64): 1.6, (16, 5, 64): 3.9}
"""K, columns a side, width of layers: how many times as fast as a plain loop."""


def fixed_steps(args):
    """MINE with so many steps and no early stop."""
    _, mine = plugin("mine")
    return replace(mine, steps=args.steps, patience=10**6, hidden=(args.hidden, args.hidden), scaling="standard")


def normal_pairs(args, k):
    return [gaussian(args.dim, 2.0)(10000, np.random.default_rng(s)) for s in range(k)]


def speed(args):
    mine, per = fixed_steps(args), 1000 / args.steps
    for k in map(int, args.together.split(",")):
        pairs = normal_pairs(args, k)
        kinds = {"ours": partial(train, mine, pairs, args.device)}
        if args.device == "cpu":
            kinds["a plain loop"] = partial(plain_loop, *pairs[0], args.hidden, args.steps)
            kinds["ours without numba"] = partial(without_numba, train, mine, pairs)
        taken = turns(kinds, args.repeats)
        who = f"K={k} d={args.dim} {args.hidden}-{args.hidden}"
        seconds = {kind: median(all_of) * per for kind, all_of in taken.items()}
        print(f"{who}, s a critic per 1000 steps: {', '.join(f'{kind} {s:.2f}' for kind, s in seconds.items())}")
        for kind in list(kinds)[1:]:
            wanted = WANTED.get((k, args.dim, args.hidden)) if kind == "a plain loop" else None
            ratio(f"{who}: {kind} / ours", taken[kind], taken["ours"], wanted)


def without_numba(function, *arguments):
    """What the function returns where torch computes everything."""
    kernels, perceptron.kernels = perceptron.kernels, lambda: None
    try:
        return function(*arguments)
    finally:
        perceptron.kernels = kernels


def rivals(args):
    """Each beside ours with its activation: bmi's critics are of rectified units, the ideal loop's of ours."""
    mine, per = fixed_steps(args), 1000 / args.steps
    script, pairs = Path(__file__).parent / "jax_rivals.py", normal_pairs(args, 16)
    ours = {"silu": mine, "relu": replace(mine, activation="relu")}
    kinds = {"bmi": ("relu", ["bmi", args.dim, args.steps])} | {
        f"jit(vmap(scan)) K={k}": ("silu", ["ideal", args.dim, args.steps, k])
        for k in map(int, args.together.split(","))
    }
    rows = {f"ours {activation} K=16": [] for activation in ours} | {kind: [] for kind in kinds}
    for _ in range(args.repeats):
        for activation, settings in ours.items():
            rows[f"ours {activation} K=16"].append(train(settings, pairs) * per)
        for kind, (_, words) in kinds.items():
            told = subprocess.run([args.python, script, *map(str, words)], capture_output=True, text=True, check=False)
            if told.returncode:
                print(f"{kind} left out: {told.stderr.strip().splitlines()[-1]}", flush=True)
                del rows[kind]
            else:
                rows[kind].append(float(told.stdout.split()[-1]))
        kinds = {kind: words for kind, words in kinds.items() if kind in rows}
    for kind, seconds in rows.items():
        print(f"{kind:24s} {median(seconds):6.2f} s a critic per 1000 steps")
    for kind, (activation, _) in kinds.items():
        wanted = 1.15 if kind.endswith("K=16") else None
        ratio(f"{kind} / ours with {activation}", rows[kind], rows[f"ours {activation} K=16"], wanted)


def costs(args):
    mine, pairs = fixed_steps(args), normal_pairs(args, 16)
    train(replace(mine, steps=1), pairs[:2])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    train(mine, pairs)
    added = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    blind = replace(mine, validate_every=args.steps)
    shares = [train(mine, pairs) / train(blind, pairs) - 1 for _ in range(args.repeats)]
    print(f"K=16 d={args.dim}: training adds {added:.0f} MB; the learning curve {median(shares):.1%} of the time")


def parts(args):
    """Medians over steps, of which what is neither a product nor a pass over layers was wanted to be 15 % at most."""
    mine = fixed_steps(args)
    side = torch.randn(1024, 1024)
    rate = 2 * 1024**3 / min(seconds(lambda: side @ side) for _ in range(9))
    for k in map(int, args.together.split(",")):
        materials = [prepare(mine, x, y, s, None)[0] for s, (x, y) in enumerate(normal_pairs(args, k))]
        critic = build(mine, args.dim, args.dim)
        stack = Stack(critic, torch.stack([critic.draw(m.rng) for m in materials]), mine)
        feed, group, taken = Feed(materials, torch.device("cpu")), mine.negatives + 1, {}
        keep_freed_memory()

        def lap(part, function, taken=taken):
            started = time.perf_counter()
            found = function()
            taken.setdefault(part, []).append(time.perf_counter() - started)
            return found

        for step in range(args.steps):
            x, y = lap("batches", feed.next)
            stack.share.copy_(stack.shares[step])
            table = lap("layers", lambda: tables(critic, stack.weights, x, y, group))  # noqa: B023
            slope, *_ = lap("formula", lambda: stack.formula(table.detach(), *stack.state))  # noqa: B023
            found = lap("layers back", lambda: torch.autograd.grad(table, stack.weights, slope))  # noqa: B023
            lap("Adam", lambda: stack.descend(found))  # noqa: B023
        rows = x.shape[1] // group * group * group
        layer, out = torch.randn(2, k, rows, args.hidden)
        weight, back = torch.randn(2, k, args.hidden, args.hidden)
        products = median(
            seconds(lambda: (torch.bmm(layer, weight, out=out), torch.bmm(out, weight.mT, out=layer)))  # noqa: B023
            + seconds(lambda: torch.bmm(layer.mT, out, out=back))  # noqa: B023
            for _ in range(99)
        )
        valid = stacked([material.valid for material in materials], torch.device("cpu"))
        for _ in range(9):
            lap("validation", lambda: validate(mine, stack, [Fitted() for _ in materials], valid))  # noqa: B023
        each = {part: median(all_of) for part, all_of in taken.items()}
        each["validation"] /= mine.validate_every
        layers = each.pop("layers") + each.pop("layers back")
        shares = {"products": products, "passes over layers": layers - products, **each}
        whole, speed = sum(shares.values()), 6 * k * rows * args.hidden**2 / products
        shown = ", ".join(f"{part} {s / whole:.0%}" for part, s in shares.items())
        print(f"K={k} d={args.dim} {args.hidden}-{args.hidden}: {whole / k * 1e6:.0f} µs a critic and step; {shown}")
        print(f"K={k}: products at {speed / 1e9:.0f} GF/s, of 1024 × 1024 at {rate / 1e9:.0f}")
        ratio(f"K={k}: neither products nor passes / step", [whole - layers], [whole], most=0.15 if k == 16 else None)


def seconds(function):
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    commands = {function.__name__: function for function in (accuracy, tasks, speed, rivals, costs, parts)}
    parser.add_argument("what", choices=commands)
    parser.add_argument("--estimators", default="mine,jsd,mine_f")
    parser.add_argument("--dims", default="1,5,20")
    parser.add_argument("--mi", default="0.5,2,5")
    parser.add_argument("--samples", type=int, default=10000)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--together", default="1,4,8,16")
    parser.add_argument("--dim", type=int, default=5)
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--python", default=sys.executable)
    args = parser.parse_args()
    torch.set_num_threads(1)
    print(machine())
    commands[args.what](args)


if __name__ == "__main__":
    main()
