"""What plugins that call other people's packages share: whether the package is there, and its version in the row."""

import importlib.metadata
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mibench.interface import Array, Estimate


def refuses(module: str, package: str, k: int, n: int) -> str | None:
    """Why an estimator of this package can do nothing with n rows; None if it can. Imports nothing."""
    if importlib.util.find_spec(module) is None:
        return f"{package} is not installed: pip install 'mibench[peers]'"
    return None if k < n else f"k={k} needs k < n, and n={n}"


def one_column(dim_x: int, dim_y: int, package: str) -> str | None:
    """Why a package that takes one column a side cannot do these."""
    return None if dim_x == dim_y == 1 else f"{package} takes one column a side, not {dim_x} and {dim_y}"


def answer(nats: float, package: str) -> Estimate:
    """The estimate, its `path` the package and its version."""
    return Estimate(float(nats), path=f"{package} {importlib.metadata.version(package)}")


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """numpy's global generator from this seed, and afterwards as it was: for packages that draw from it."""
    before = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed % 2**32)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002


def elsewhere(python: str, package: str, program: str, x: Array, y: Array, seed: int, threads: int = 1) -> Estimate:
    """What a program gives in an environment of its own, which has a package that cannot be beside mibench's.

    `python` is that environment's; `program` finds `x`, `y` and `seed`, and leaves `nats`. Raises RuntimeError with the
    last words of a program that fails.
    """
    limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    with TemporaryDirectory() as folder:
        np.savez(Path(folder) / "sample.npz", x=x, y=y, seed=seed % 2**31)
        done = subprocess.run(
            [Path(python).expanduser(), "-c", f"{BEFORE}\n{program}\n{AFTER}", folder, package],
            capture_output=True, text=True, errors="replace", check=False, env={**inherited, **limits},
        )  # fmt: skip
        sys.stderr.write(done.stderr)
        if done.returncode:
            said = done.stderr.strip().rpartition("\n")[2]
            raise RuntimeError(f"{package} in {python} ended with {done.returncode}: {said}")
        nats, version = (Path(folder) / "answer").read_text().split()
    return Estimate(float(nats), path=f"{package} {version}")


BEFORE = """
import sys
from importlib.metadata import version
import numpy as np
x, y, seed = np.load(sys.argv[1] + "/sample.npz").values()
seed = int(seed)
np.random.seed(seed)
"""
AFTER = """
with open(sys.argv[1] + "/answer", "w") as file:
    print(repr(float(nats)), version(sys.argv[2]), file=file)
"""
