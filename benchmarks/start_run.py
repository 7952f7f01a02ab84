"""What a run costs beside its estimates: planning, loading libraries, starting processes, and tables at the end.

    python benchmarks/start_run.py [--points 20] [--seeds 2] [--turns 3] [--beside CHECKOUT]

CPU seconds of all processes. `plan` is a dry run on points of `beyond-normal`; `run` the run, with critics of one step;
`libraries` what the process that starts the others loads, once a run; `a process` what each of those costs, the mean
of twenty that estimate with `gaussian`. `--beside` takes turns with another checkout of mibench.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from itertools import count
from pathlib import Path
from statistics import median

from turns import machine, ratio

import mibench

HERE = Path(__file__).parent.parent
folders = count()

PROBE = """
import os, pickle, sys, tempfile, time
from pathlib import Path
from mibench import catalogue
from mibench.engine import child, devices, modules
from mibench.engine.parcels import pack
from mibench.trial import plan

found = catalogue.discover()
files = {found.homes[name].path for name in ("-e mine", "-e gaussian", "-t beyond-normal")}
trials = list(plan(found, [found.estimator("gaussian")], found.points("beyond-normal")[:1], [100], range(20),
                   lambda choice, point: "cpu"))
slot = devices.slots([devices.CPU], 1, 1)[0]
began = time.process_time()
modules.load(["mibench.engine.child", "numpy.random", *modules.preload(files)])
getattr(child, "pools", lambda: None)()
libraries = time.process_time() - began
costs = []
for one in trials:
    folder = Path(tempfile.mkdtemp(dir=sys.argv[1]))
    (folder / child.PARCEL).write_bytes(pickle.dumps(pack([one], found, (), slot, None)))
    before = os.times()
    pid = os.fork()
    if pid == 0:
        child.main(str(folder))
    os.waitpid(pid, 0)
    costs.append(sum(os.times()[:4]) - sum(before[:4]))
    assert b'"ok"' in (folder / child.ROWS).read_bytes()
print(libraries, sum(costs) / len(costs))
"""


def cpu(checkout, scratch, *words):
    """CPU seconds of a command of that checkout and of all that it starts, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    done = subprocess.run(
        [sys.executable, *words], cwd=scratch, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def costs(checkout, scratch, points, seeds):
    """Seconds of each part in that checkout."""
    tasks = ",".join(f"beyond-normal/{name}" for name in list(mibench.tasks("beyond-normal"))[:points])
    run = ["-m", "mibench", "run", "-e", "mine:steps=1", "-t", tasks, "-n", "1000", "--seeds", str(seeds), "-q"]
    plan, _ = cpu(checkout, scratch, *run, "--dry-run", "-o", "none")
    whole, _ = cpu(checkout, scratch, *run, "-o", f"out{next(folders)}")
    libraries, process = map(float, cpu(checkout, scratch, "-c", PROBE, scratch)[1].split())
    return {"plan": plan, "run": whole, "libraries": libraries, "a process": process}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--points", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--beside", type=Path, help="another checkout, to compare with")
    args = parser.parse_args()
    print(machine(), flush=True)
    checkouts = {"here": HERE} | ({"beside": args.beside.resolve()} if args.beside else {})
    taken = {where: [] for where in checkouts}
    with tempfile.TemporaryDirectory() as scratch:
        for _ in range(args.turns):
            for where, checkout in checkouts.items():
                taken[where].append(costs(checkout, scratch, args.points, args.seeds))
    parts = {where: {part: [turn[part] for turn in turns] for part in turns[0]} for where, turns in taken.items()}
    for where, seconds in parts.items():
        print(f"{where}: " + ", ".join(f"{part} {median(values):.3f} s" for part, values in seconds.items()))
    ratio("a process / libraries", parts["here"]["a process"], parts["here"]["libraries"])
    ratio("plan / libraries", parts["here"]["plan"], parts["here"]["libraries"])
    if args.beside:
        for part, values in parts["here"].items():
            ratio(f"{part}: beside / here", parts["beside"][part], values)


if __name__ == "__main__":
    main()
