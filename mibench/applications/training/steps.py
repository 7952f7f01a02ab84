"""Steps of an optimiser."""

from collections.abc import Iterable

import torch
from torch import Tensor


def adam(weights: Iterable[Tensor], rate: float, momentum: float = 0.9) -> torch.optim.Adam:
    """Adam in one kernel for all its weights, which for small networks costs a quarter of a kernel for each."""
    return torch.optim.Adam(weights, lr=rate, betas=(momentum, 0.999), fused=True)


def descend(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    """One step down the loss; gradients from before are forgotten."""
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()


def decayed(optimiser: torch.optim.Optimizer, rate: float, step: int, steps: int) -> None:
    """Set the learning rate of a step, which falls to 0 in a line over the last half of them."""
    for group in optimiser.param_groups:
        group["lr"] = rate * min(1.0, 2 * (1 - step / steps))
