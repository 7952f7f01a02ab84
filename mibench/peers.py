"""What plugins that call other people's packages share: whether the package is there, and its version in the row."""

import importlib.metadata
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from mibench.interface import Estimate


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
