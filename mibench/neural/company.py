"""What keeps a critic's numbers the same to the last bit, alone and in any company of other critics.

Critics are trained many at once, as rows of one matrix, and a trial's number must not depend on which trials ran beside
it. Arithmetic makes it depend where a loop over an array takes whole vectors and rounds the rest at its end another
way, or takes another way altogether for one matrix than for several. So:

* each critic has its own random stream, data, learning rate and early stop, and nothing is summed over critics;
* each parameter begins on a whole vector (`ALIGNMENT`), and layers of any width are stored in whole ones (`LANES`), so
  that no critic's numbers lie at an end that another's do not; a function of each number is taken of whole rows
  (`in_whole_vectors`);
* formulas, which see one number a row or a critic, are mapped over the critics in float64, padded with critics of zeros
  to whole vectors (`VECTOR`, `whole`, `over_critics`);
* no product of matrices has a side of width 1 (`critics.affine`, `LANES`): of one pair of matrices it would take
  another way than of several;
* one thread (`one_thread`): how many share a product decides where it is cut.

Compiled kernels need none of this: they take one critic after the other, in one order.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.nn import functional

ALIGNMENT = 64
"""Floats; each parameter begins at a multiple of this."""

LANES = 32
"""Floats that a loop over an array takes at once, at most: layers are stored as wide as a multiple of this."""

VECTOR = 16
"""Critics are padded to a multiple of this before a formula is mapped over them."""


def padded(size: int, to: int = LANES) -> int:
    """The size rounded up to a multiple."""
    return -(-size // to) * to


def in_whole_vectors(function: Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
    """`function` of each number, in rows padded to whole vectors."""
    missing = -z.shape[-1] % LANES
    return function(functional.pad(z, (0, missing)))[..., : z.shape[-1]] if missing else function(z)


def score_dtype(device: torch.device) -> torch.dtype:
    """What formulas are computed in: float64, which only mps lacks."""
    return torch.float32 if device.type == "mps" else torch.float64


def whole(z: Tensor) -> Tensor:
    """Values of K critics `(K, ...)` in `score_dtype`, with critics of zeros behind them up to a whole vector."""
    z = z.to(score_dtype(z.device))
    missing = -len(z) % VECTOR
    return functional.pad(z, (0, 0) * (z.dim() - 1) + (0, missing)) if missing else z


def over_critics(
    formula: Callable[..., Tensor | tuple[Tensor, ...]], joint: Tensor, marginal: Tensor, *state: Tensor
) -> tuple[Tensor, ...]:
    """What `formula(joint, marginal, *state)` of one critic returns, for each; all that goes in is `whole`."""
    mapped = torch.vmap(formula)(joint, marginal, *state)
    return mapped if isinstance(mapped, tuple) else (mapped,)


@contextmanager
def one_thread() -> Iterator[None]:
    """Critics this small also gain nothing from a second thread, and lose much where its core is busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
