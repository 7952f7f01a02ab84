"""What a critic trains on, and batches of it for many critics at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mibench.interface import Draw
from mibench.neural.scaling import Scale, Single
from mibench.neural.split import Rows

BLOCK = 32
"""Batches drawn at once."""

Pairs = tuple[Single, Single]


class Walk:
    """Blocks of batches of a sample's rows, one shuffle of them after another; no row is twice in a batch."""

    def __init__(self, x: Single, y: Single, rng: np.random.Generator, size: int):
        self.data, self.rows = (x, y), self._rows(len(x), rng, size)

    def __iter__(self) -> Iterator[Pairs]:
        return self

    def __next__(self) -> Pairs:
        rows = next(self.rows)
        return self.data[0][rows], self.data[1][rows]

    @staticmethod
    def _rows(n: int, rng: np.random.Generator, size: int) -> Iterator[Rows]:
        rows, block = n // size * size, BLOCK * size
        while True:
            order = np.concatenate([rng.permutation(n)[:rows] for _ in range(max(1, block // rows))])
            for start in range(0, len(order), block):
                yield order[start : start + block]


def fresh_walk(draw: Draw, scale_x: Scale, scale_y: Scale, size: int) -> Iterator[Pairs]:
    """Blocks of batches of pairs never seen before."""
    while True:
        x, y = draw(BLOCK * size)
        yield scale_x(x), scale_y(y)


@dataclass(frozen=True)
class Material:
    """What one critic trains on: blocks of batches of `size` rows, and the parts it is validated and tested on.

    `distinct` is how many different pairs the blocks hold; None if they are always new. `repeated` says that copies of
    rows were found and kept in one part.
    """

    rng: np.random.Generator
    blocks: Iterator[Pairs]
    size: int
    distinct: int | None
    valid: Pairs
    test: Pairs
    repeated: bool


def stacked(pairs: Sequence[Pairs], device: torch.device) -> tuple[Tensor, Tensor]:
    """x and y of several critics, `(K, n, dim)`."""
    x, y = (torch.from_numpy(np.stack([pair[side] for pair in pairs])).to(device) for side in (0, 1))
    return x, y


class Feed:
    """Batches for the critics still in training, cut from blocks that each of them draws of its own.

    A GPU keeps samples whole and is sent the places of rows, which the CPU draws while it computes.
    """

    def __init__(self, materials: Sequence[Material], device: torch.device):
        self.blocks, self.size, self.device, self.start = [m.blocks for m in materials], materials[0].size, device, 0
        walks = [one for one in self.blocks if isinstance(one, Walk)]
        resident = device.type == "cuda" and len(walks) == len(materials)
        self.data = stacked([walk.data for walk in walks], device) if resident else None
        self.block = self.draw()

    def draw(self) -> tuple[Tensor, Tensor]:
        """The next block of each critic."""
        if self.data is None:
            return stacked([next(block) for block in self.blocks], self.device)
        rows = np.stack([next(block.rows) for block in self.blocks if isinstance(block, Walk)])
        there = torch.from_numpy(rows).pin_memory().to(self.device, non_blocking=True)
        each = torch.arange(len(there), device=self.device)[:, None]
        return self.data[0][each, there], self.data[1][each, there]

    def next(self) -> tuple[Tensor, Tensor]:
        """One batch a critic, x and y."""
        if self.start >= self.block[0].shape[1]:
            self.block, self.start = self.draw(), 0
        rows = slice(self.start, self.start + self.size)
        self.start = rows.stop
        return self.block[0][:, rows], self.block[1][:, rows]

    def keep(self, kept: list[int]) -> None:
        """Go on with those critics alone."""
        self.blocks = [self.blocks[k] for k in kept]
        if self.data is not None:
            self.data = self.data[0][kept], self.data[1][kept]
        self.block = self.block[0][kept], self.block[1][kept]
