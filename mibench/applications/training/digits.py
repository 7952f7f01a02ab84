"""Pictures and labels in parts, and the batches they are trained in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mibench.applications.training.streams import Streams
from mibench.distributions.albums import album


@dataclass(frozen=True)
class Part:
    """Pictures `(n, pixels)`, float32 with white 1, and their classes `(n,)`, on the device."""

    x: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def arrays(self) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Pictures and labels as numpy has them."""
        return self.x.cpu().numpy(), self.labels.cpu().numpy()


def parts(data: str, sizes: Sequence[int], streams: Streams) -> list[Part]:
    """Disjoint parts of so many pictures, and one of all the rest, in an order of the seed's own.

    Pictures without classes are all of class 0. Raises ModuleNotFoundError without scikit-learn, which holds the
    digits, and ValueError for more than there are, or as `album` does.
    """
    found = album(data)
    x, labels = found.x, found.labels if found.labels is not None else np.zeros(len(found.x), dtype=np.int64)
    if sum(sizes) >= len(x):
        asked = ", ".join(map(str, sizes))
        raise ValueError(f"{data} has {len(x)} pictures, too few for parts of {asked} and a rest")
    order = streams.rng("parts").permutation(len(x))
    return [
        Part(
            torch.from_numpy(x[rows].astype(np.float32)).to(streams.device),
            torch.from_numpy(labels[rows]).to(streams.device),
        )
        for rows in np.split(order, np.cumsum(sizes))
    ]


def classes(data: str) -> int:
    """How many classes the pictures have. Raises ValueError where they have none."""
    if not (count := album(data).classes):
        raise ValueError(f"{data}: its pictures have no classes; put each class into a folder, or y into the NPZ file")
    return count


def shares(data: str, percent: int) -> list[int]:
    """The size of a first part of so many percent of the pictures."""
    return [len(album(data).x) * percent // 100]


def as_seen(pictures: npt.NDArray[Any], shape: tuple[int, int, int]) -> npt.NDArray[Any]:
    """Pictures to look at, of rows: grey ones as they are, those in colour `(n, side, side, 3)`."""
    return pictures if shape[0] == 1 else np.moveaxis(pictures.reshape(-1, *shape), 1, 3)


def batches(n: int, size: int, stream: torch.Generator) -> Iterator[Tensor]:
    """Places of whole batches without end, each picture once before any is seen again; of few pictures, all at once."""
    while True:
        order = torch.randperm(n, generator=stream)
        yield from torch.split(order[: max(n // size, 1) * size], size)
