"""Random streams by role, so that what a term does can shift no one else's draws."""

from zlib import crc32

import numpy as np
import torch
from torch import Tensor


class Streams:
    """A stream for each role (first weights, batches, noise, ...) of one seed, and where its draws are put.

    Draws are made on the CPU: a device changes no data, weight or noise.
    """

    def __init__(self, seed: int, device: str):
        self.seed, self.device = seed, torch.device(device)

    def rng(self, role: str) -> np.random.Generator:
        """A new numpy generator of the role."""
        return np.random.default_rng([self.seed, crc32(role.encode())])

    def of(self, role: str) -> torch.Generator:
        """A new torch generator of the role."""
        return torch.Generator().manual_seed(int(self.rng(role).integers(2**63)))

    def normal(self, generator: torch.Generator, *shape: int) -> Tensor:
        """Standard normal numbers, on the device."""
        return torch.randn(shape, generator=generator).to(self.device)
