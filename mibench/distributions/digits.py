"""Handwritten digits with an exact mutual information: pictures drawn, with replacement, from finite pools.

Every picture of a pool is distinct and has one label, so a label, or some rows, are functions of the picture. That is
exact and is all that the truths below rest on. They are truths about drawing from these pools; that a pool stands for
all handwriting is not assumed. Where n nears the size of a pool, pictures repeat within a sample.
"""

import gzip
import math
import os
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np

from mibench.distributions import fields
from mibench.distributions.discrete import SymmetricChannel
from mibench.distributions.quadrature import entropy
from mibench.interface import Array

SIDES = {"digits": 8, "mnist": 28, "fashion-mnist": 28}
GREYS = {"digits": 16, "mnist": 255, "fashion-mnist": 255}
FOLDERS = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST"}
DATA_DIR = "MIBENCH_DATA_DIR"


@lru_cache(maxsize=2)
def pictures(data: str) -> tuple[Array, Array]:
    """Pictures (one a row, white 1) and labels in a fixed random order, each picture once and with one label."""
    if data == "digits":
        try:
            from sklearn.datasets import load_digits
        except ImportError:
            message = "the handwritten digits come with scikit-learn: pip install 'mibench[digits]'"
            raise ModuleNotFoundError(message) from None
        found, labels = load_digits(return_X_y=True)
    else:
        folder = _raw_folder(data)
        parts = [_idx_pair(folder, part) for part in ("train", "t10k")]
        found, labels = (np.concatenate(column) for column in zip(*parts, strict=True))
    found, labels = _distinct(found, labels)
    order = np.random.default_rng(20_240).permutation(len(labels))
    return found[order] / GREYS[data], labels[order].astype(float)


def _distinct(found: Array, labels: Array) -> tuple[Array, Array]:
    """One of each picture; none that carries two labels."""
    rows = np.ascontiguousarray(found)
    _, first, which = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    lowest, highest = (np.full(len(first), start) for start in (np.inf, -np.inf))
    np.minimum.at(lowest, which.ravel(), labels)
    np.maximum.at(highest, which.ravel(), labels)
    kept = np.sort(first[lowest == highest])
    return rows[kept], labels[kept]


def _raw_folder(data: str) -> Path:
    root = os.environ.get(DATA_DIR)
    if not root:
        raise ValueError(f"{data}: say where {FOLDERS[data]}/raw is with --data-dir or {DATA_DIR}")
    folder = Path(root) / FOLDERS[data] / "raw"
    if not folder.is_dir():
        raise ValueError(f"{data}: no folder {folder} (torchvision's layout is DATA_DIR/{FOLDERS[data]}/raw)")
    return folder


def _idx_pair(folder: Path, part: str) -> tuple[Array, Array]:
    """Pictures and labels of one part of MNIST, from its two IDX files, checked."""
    found = read_idx(folder / f"{part}-images-idx3-ubyte", 3)
    labels = read_idx(folder / f"{part}-labels-idx1-ubyte", 1)
    if found.shape[1:] != (28, 28) or len(found) != len(labels) or labels.max() > 9:
        raise ValueError(f"{folder}: {part} has pictures {found.shape} and labels {labels.shape} up to {labels.max()}")
    return found.reshape(len(found), -1), labels


def read_idx(path: Path, axes: int) -> Array:
    """An IDX file of unsigned bytes with `axes` axes, plain or with .gz behind its name."""
    packed = path.with_name(path.name + ".gz")
    if path.exists():
        content = path.read_bytes()
    elif packed.exists():
        content = gzip.decompress(packed.read_bytes())
    else:
        raise ValueError(f"no file {path}, nor {packed.name} beside it")
    start = 4 + 4 * axes
    if len(content) < start or content[:4] != bytes([0, 0, 8, axes]):
        raise ValueError(f"{path}: not an IDX file of bytes with {axes} axes (it begins with {content[:4].hex()})")
    shape = tuple(int(size) for size in np.frombuffer(content, ">u4", axes, 4))
    if len(content) != start + math.prod(shape):
        raise ValueError(f"{path}: {len(content)} bytes, and shape {shape} needs {start + math.prod(shape)}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape).astype(float)


@lru_cache(maxsize=4)
def _label_of(data: str) -> dict[bytes, float]:
    found, labels = pictures(data)
    return {row.tobytes(): label for row, label in zip(found, labels, strict=True)}


@dataclass(frozen=True)
class SameClass:
    """`pictures` digits against as many others, whose classes are the first ones' classes sent through a channel.

    The classes are uniform on the first `classes` digits, and each passes a symmetric channel with the capacity for
    `mi`. X shows pictures of one half of the pool and Y of the other. Given the classes the pictures are independent,
    and the class is a function of the picture, so I(X;Y) = I(classes) = mi, exactly.
    """

    mi: float
    classes: int = 10
    pictures: int = 1
    data: str = "digits"
    source: ClassVar[str] = "Lee & Rhee 2024, arXiv:2410.10924"

    def __post_init__(self) -> None:
        fields.choice(self, "data", tuple(SIDES))
        fields.count(self, "classes", least=2, most=10)
        fields.count(self, "pictures")
        most = self.pictures * math.log(self.classes)
        fields.real(self, "mi", least=0, most=most, why=f"{self.pictures} × log {self.classes} is all there is to tell")

    @property
    def channel(self) -> SymmetricChannel:
        """What happens to the classes."""
        return SymmetricChannel(self.pictures, self.mi, self.classes)

    @property
    def dim_x(self) -> int:
        return int(self.pictures * SIDES[self.data] ** 2)

    @property
    def dim_y(self) -> int:
        return self.dim_x

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        found, labels = pictures(self.data)
        half = len(labels) // 2
        x, y = self.channel.sample(n, rng)
        return (
            _pictures_of(x, found[:half], labels[:half], rng).reshape(n, -1),
            _pictures_of(y, found[half:], labels[half:], rng).reshape(n, -1),
        )

    def log_pmi(self, x: Array, y: Array) -> Array:
        return self.channel.log_pmi(self.labels(x), self.labels(y))

    def labels(self, z: Array) -> Array:
        """The classes that pictures of the pool show: `(n, pictures)`."""
        label_of = _label_of(self.data)
        rows = np.ascontiguousarray(z.reshape(len(z) * self.pictures, -1))
        return np.array([label_of[row.tobytes()] for row in rows]).reshape(len(z), self.pictures)


def _pictures_of(classes: Array, found: Array, labels: Array, rng: np.random.Generator) -> Array:
    """A picture of each class, all pictures of a class being equally likely."""
    chosen = np.empty(classes.shape, dtype=int)
    for label in np.unique(classes):
        seats = classes == label
        chosen[seats] = rng.choice(np.flatnonzero(labels == label), seats.sum())
    return found[chosen]


@dataclass(frozen=True)
class FirstRows:
    """A digit against its first `rows` rows, in `levels` shades of grey.

    Y is a function of X, so I(X;Y) = H(Y): the entropy of the first rows over the pool, every picture equally likely.
    """

    rows: int
    levels: int = 2
    data: str = "digits"
    source: ClassVar[str] = "Song & Ermon 2020, arXiv:1910.06222"

    def __post_init__(self) -> None:
        side = SIDES.get(fields.choice(self, "data", tuple(SIDES)), 0)
        fields.count(self, "rows", most=side)
        fields.count(self, "levels", least=2, most=256)

    @property
    def dim_x(self) -> int:
        return int(SIDES[self.data] ** 2)

    @property
    def dim_y(self) -> int:
        return int(SIDES[self.data] * self.rows)

    def top(self, x: Array) -> Array:
        """The first rows in so many shades, from 0 to 1."""
        shades = self.levels - 1
        return np.floor(x[:, : self.dim_y] * shades + 0.5) / shades

    @cached_property
    def _log_probability(self) -> dict[bytes, float]:
        rows = self.top(pictures(self.data)[0])
        distinct, counts = np.unique(rows, axis=0, return_counts=True)
        logs = np.log(counts / len(rows))
        return {row.tobytes(): float(log) for row, log in zip(distinct, logs, strict=True)}

    @cached_property
    def mi(self) -> float:
        return entropy(np.exp(np.array(list(self._log_probability.values()))))

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        found, _ = pictures(self.data)
        x = found[rng.integers(0, len(found), n)]
        return x, self.top(x)

    def log_pmi(self, x: Array, y: Array) -> Array:
        rows = np.ascontiguousarray(y)
        of_y = np.array([-self._log_probability[row.tobytes()] for row in rows])
        return np.asarray(np.where((self.top(x) == y).all(axis=1), of_y, -np.inf))
