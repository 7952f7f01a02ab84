"""The path for CUDA: all pairs in blocks of rows, in float64. The same code runs on any torch device."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from mibench.interface import Array
from mibench.neighbors.paths import Counts, Norm

_BLOCK = 2**24
"""Distances held at once: 128 MiB an array, and four or five arrays at a time."""


@dataclass(frozen=True)
class TorchPath:
    """All n² distances, a block of rows at a time."""

    device: str = "cuda"

    @property
    def name(self) -> str:
        return f"torch-{torch.device(self.device).type}"

    def kth(self, blocks: Sequence[Array], ks: Sequence[int], norm: Norm) -> Array:
        there = [self._send(z) for z in blocks]
        radii = np.empty((len(ks), len(blocks[0])))
        for rows in _row_blocks(len(blocks[0])):
            joint = _distance(there[0], rows, norm)
            for z in there[1:]:
                torch.maximum(joint, _distance(z, rows, norm), out=joint)
            radii[:, rows] = _smallest(joint, rows, ks).T.cpu().numpy()
        return radii

    def within(self, z: Array, radii: Array, norm: Norm) -> Counts:
        there = self._send(z)
        counts = np.empty(radii.shape, dtype=np.int64)
        for rows in _row_blocks(len(z)):
            limits = self._send(radii[:, rows].T)
            counts[:, rows] = _count(_distance(there, rows, norm), limits)
        return counts - 1

    def counts(self, x: Array, y: Array, ks: Sequence[int], norm: Norm, algorithm: int) -> tuple[Array, Counts, Counts]:
        there_x, there_y = self._send(x), self._send(y)
        radii = np.empty((len(ks), len(x)))
        near_x, near_y = np.empty((2, len(ks), len(x)), dtype=np.int64)
        for rows in _row_blocks(len(x)):
            apart_x, apart_y = _distance(there_x, rows, norm), _distance(there_y, rows, norm)
            joint = torch.maximum(apart_x, apart_y)
            block = _smallest(joint, rows, ks)
            if algorithm == 1:
                limit_x = limit_y = block
            else:
                limit_x, limit_y = _margin(apart_x, joint, block), _margin(apart_y, joint, block)
            radii[:, rows] = block.T.cpu().numpy()
            near_x[:, rows], near_y[:, rows] = _count(apart_x, limit_x), _count(apart_y, limit_y)
        return radii, near_x - 1, near_y - 1

    def _send(self, z: Array) -> Any:
        return torch.as_tensor(np.ascontiguousarray(z), dtype=torch.float64, device=self.device)


def _row_blocks(n: int) -> Iterator[slice]:
    step = max(1, _BLOCK // n)
    for start in range(0, n, step):
        yield slice(start, min(start + step, n))


def _distance(z: Any, rows: slice, norm: Norm) -> Any:
    """Column by column, so that the sum of squares is rounded as in every path, and no `(rows, n, dim)` is held."""
    apart = torch.zeros((rows.stop - rows.start, len(z)), dtype=z.dtype, device=z.device)
    for column in z.T:
        step = column[rows, None] - column[None, :]
        if norm == "chebyshev":
            torch.maximum(apart, step.abs_(), out=apart)
        else:
            apart += step.mul_(step)
    return apart


def _smallest(joint: Any, rows: slice, ks: Sequence[int]) -> Any:
    """Distances to the k-th neighbours, `(rows, len(ks))`; a row's distance to itself becomes infinite."""
    here = torch.arange(rows.stop - rows.start, device=joint.device)
    joint[here, here + rows.start] = torch.inf
    nearest = torch.topk(joint, ks[-1], dim=1, largest=False, sorted=True).values
    return nearest[:, [k - 1 for k in ks]]


def _margin(apart: Any, joint: Any, radii: Any) -> Any:
    """The float above the largest distance in one block among the neighbours, `(rows, len(ks))`."""
    widest = [torch.where(joint <= radius[:, None], apart, 0.0).amax(dim=1) for radius in radii.T]
    margin = torch.stack(widest, dim=1)
    return torch.nextafter(margin, torch.full_like(margin, torch.inf))


def _count(apart: Any, limits: Any) -> Counts:
    counted = torch.stack([(apart < limit[:, None]).sum(dim=1) for limit in limits.T])
    return np.asarray(counted.cpu().numpy(), dtype=np.int64)
