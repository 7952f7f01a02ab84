"""What is computed by compiled kernels where these can run: on a CPU, if numba is installed.

Elsewhere torch computes the same, on a CPU a third slower, and rounds it otherwise.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

Activation = Callable[[Tensor], Tensor]

RECTIFIED: dict[Activation, bool] = {functional.silu: False, functional.relu: True}
"""Activations that the kernels know."""

Path = Literal["numba", "torch"]


@cache
def kernels() -> Any:
    """The kernels' module, or None."""
    try:
        from mibench.neural.compiled import kernels
    except ImportError:
        return None
    return kernels


def path(device: torch.device) -> Path:
    """What a result row calls the computation."""
    return "numba" if device.type == "cpu" and kernels() is not None else "torch"


def serve(activation: Activation, x: Tensor) -> bool:
    """Whether `scores` can take these."""
    return activation in RECTIFIED and path(x.device) == "numba"


def array(z: Tensor) -> np.ndarray[Any, np.dtype[np.float32]]:
    """What kernels take: a view, if the tensor is contiguous."""
    found: np.ndarray[Any, np.dtype[np.float32]] = z.detach().contiguous().numpy()
    return found


class Scores(torch.autograd.Function):
    """A perceptron of x_i + y_j, from the first activation to the scores, with its way back written out."""

    @staticmethod
    def forward(ctx: Any, rectified: bool, x: Tensor, y: Tensor, *weights: Tensor) -> Tensor:
        compiled, (k, groups, g_x, features), g_y = kernels(), x.shape, y.shape[2]
        h = x.new_empty(k, groups * g_x * g_y, features)
        layers, slopes = [h], [torch.empty_like(h)]
        compiled.pairs(array(x), array(y), rectified, h.numpy(), slopes[0].numpy())
        for weight, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
            h = torch.bmm(h, weight)
            layers.append(h)
            slopes.append(torch.empty_like(h))
            compiled.hidden(h.numpy(), array(bias[:, 0]), rectified, slopes[-1].numpy())
        out = h.new_empty(h.shape[:2])
        compiled.scores(h.numpy(), array(weights[-2][:, :, 0]), array(weights[-1][:, 0, 0]), out.numpy())
        ctx.save_for_backward(*weights, *layers, *slopes)
        ctx.shapes = x.shape, y.shape
        return out.view(k, groups, g_x, g_y)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        compiled, saved = kernels(), ctx.saved_tensors
        depth = len(saved) // 4
        weights, layers, slopes = saved[: 2 * depth], saved[2 * depth : 3 * depth], saved[3 * depth :]
        d, (dx, dy) = torch.empty_like(layers[-1]), (gradient.new_empty(shape) for shape in ctx.shapes)
        of_weights = [torch.empty_like(w, memory_format=torch.contiguous_format) for w in weights]
        compiled.scores_back(
            array(gradient.flatten(1)),
            layers[-1].numpy(),
            array(weights[-2][:, :, 0]),
            d.numpy(),
            of_weights[-2][:, :, 0].numpy(),
            of_weights[-1][:, 0, 0].numpy(),
        )
        for i in reversed(range(depth - 1)):
            compiled.hidden_back(d.numpy(), slopes[i + 1].numpy(), of_weights[2 * i + 1][:, 0].numpy())
            torch.bmm(layers[i].transpose(1, 2), d, out=of_weights[2 * i])
            d = torch.bmm(d, weights[2 * i].transpose(1, 2))
        compiled.pairs_back(d.numpy(), slopes[0].numpy(), dx.numpy(), dy.numpy())
        return None, dx, dy, *of_weights


def scores(activation: Activation, x: Tensor, y: Tensor, weights: Sequence[Tensor]) -> Tensor:
    """Scores `(K, groups, g_x, g_y)` of readings `(K, groups, g, features)` by the layers that follow the first sum."""
    found: Tensor = Scores.apply(RECTIFIED[activation], x, y, *weights)  # type: ignore[no-untyped-call]
    return found
