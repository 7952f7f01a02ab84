"""MINE of bmi (benchmark-mi 0.1.3) with its own defaults, as an estimator beside mibench's.

    python -m venv bmi && bmi/bin/pip install jax==0.4.30 jaxlib==0.4.30 benchmark-mi==0.1.3
    export BMI_PYTHON=bmi/bin/python
    mibench run -p benchmarks/bmi_mine.py -e bmi-mine,mine,jsd -t beyond-normal --seeds 200-203

It runs in that environment of its own, a process for each batch of trials, so that `fit_seconds` holds the start of JAX
only once in a batch. Its number is the largest of its curve on the part held out, which leans upwards.
"""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mibench import Estimate, hookimpl

WORKER = """
import sys
import numpy as np
from bmi.estimators import MINEEstimator
folder = sys.argv[1]
data = np.load(f"{folder}/samples.npz")
values = []
for k, seed in enumerate(data["seeds"]):
    estimator = MINEEstimator(verbose=False, seed=int(seed) % 2**31)
    values.append(float(estimator.estimate(data[f"x{k}"], data[f"y{k}"])))
np.save(f"{folder}/values.npy", values)
"""


@dataclass(frozen=True)
class BmiMINE:
    """Critic 16-8, batch 256, learning rate 0.1, at most 10000 steps, half of the sample held out."""

    direction = "lower"

    def trials_at_once(self, n, dim_x, dim_y, device):
        return 16

    def estimate(self, x, y, *, seed):
        return self.estimate_many([x], [y], seeds=[seed])[0]

    def estimate_many(self, xs, ys, *, seeds):
        python = os.environ.get("BMI_PYTHON")
        if not python:
            raise ValueError("set BMI_PYTHON to the python of an environment with benchmark-mi")
        with TemporaryDirectory() as folder:
            named = {f"{side}{k}": z for side, zs in (("x", xs), ("y", ys)) for k, z in enumerate(zs)}
            np.savez(Path(folder) / "samples.npz", seeds=np.array(seeds), **named)
            subprocess.run([python, "-c", WORKER, folder], check=True)
            return [Estimate(float(v)) for v in np.load(Path(folder) / "values.npy")]


@hookimpl
def mibench_estimators():
    return {"bmi-mine": BmiMINE()}
