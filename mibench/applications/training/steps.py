"""Steps of an optimiser, and how they are made to come out the same again."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from mibench.neural.company import one_thread

AT_ONCE = 4096
"""Pictures that a network is shown at once where it learns nothing."""


@contextmanager
def repeatable() -> Iterator[None]:
    """One thread on the CPU, and on a GPU the convolutions whose sums have one order."""
    with one_thread(), torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
        yield


def in_parts(network: Callable[[Tensor], Tensor], x: Tensor, at_once: int = AT_ONCE) -> Tensor:
    """What a network makes of rows, so many at once: all of them might not fit into memory."""
    return torch.cat([network(part) for part in torch.split(x, at_once)])


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
