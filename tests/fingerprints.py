"""Writes what every task draws from one seed, for the test that no task drifts unnoticed.

    python tests/fingerprints.py > tests/fingerprints.json

A task whose line changes needs a new `version`.
"""

import json

import numpy as np
from sweeps import POINTS

ROWS, SEED = 4, 2024


def fingerprint(task):
    """First and last number, sum, and sum of squares of each side."""
    x, y = task.sample(ROWS, np.random.default_rng(SEED))
    sides = {name: [z[0, 0], z[-1, -1], z.sum(), (z**2).sum()] for name, z in (("x", x), ("y", y))}
    numbers = {name: [float(f"{value:.12g}") for value in values] for name, values in sides.items()}
    return {"version": getattr(task, "version", 1), "mi": float(f"{task.mi:.12g}"), **numbers}


if __name__ == "__main__":
    lines = [f"{json.dumps(name)}: {json.dumps(fingerprint(task))}" for name, task in POINTS.items()]
    print("{\n" + ",\n".join(lines) + "\n}")
