"""How evenly classes are met."""

from math import log, nan
from typing import Any

import numpy as np
import numpy.typing as npt


def from_uniform(labels: npt.NDArray[Any], classes: int) -> float:
    """KL(labels ‖ uniform over so many classes) in nats; nan of no labels."""
    if not len(labels):
        return nan
    shares = np.bincount(labels, minlength=classes) / len(labels)
    shares = shares[shares > 0]
    return float((shares * np.log(shares)).sum() + log(classes))
