"""Square pictures to train models on: the digits, and what lies in the folder of data under a name of its own.

`NAME.npz` holds `x`, shape (n, side, side) or (n, side, side, 3), bytes or numbers from 0 to 1, and, if there are
classes, `y`, shape (n,). A folder NAME holds PNG files of 8 bits, grey or colour: of one class in each of its folders,
or all together without classes.
"""

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mibench.distributions import digits

LEAST_OF_A_CLASS = 5
"""Pictures that a class must have, so that there are some to learn from, to validate with and to test with."""


@dataclass(frozen=True, eq=False)
class Album:
    """Pictures `(n, channels · side²)`, channel by channel, white 1, and classes `(n,)` from 0, if there are any."""

    x: npt.NDArray[np.floating[Any]]
    labels: npt.NDArray[np.int64] | None
    shape: tuple[int, int, int]
    """Channels, side, side."""

    @property
    def classes(self) -> int:
        """How many classes there are; 0 if none are told."""
        return 0 if self.labels is None else int(self.labels.max()) + 1


def album(data: str) -> Album:
    """The pictures of this name.

    Raises ModuleNotFoundError where a package that brings them is lacking, and ValueError, in one line with the file's
    name, where they are not there, are damaged or of several sizes, or where a class has too few.
    """
    if data not in digits.SIDES:
        return _own(data, digits.root(data))
    x, labels = digits.pictures(data)
    return Album(x, labels.astype(np.int64), (1, digits.SIDES[data], digits.SIDES[data]))


@lru_cache(maxsize=2)
def _own(data: str, folder: Path) -> Album:
    found, names = _npz(folder / f"{data}.npz") if _is_npz(folder, data) else _pngs(files(data), folder / data)
    n, side = found.shape[:2]
    x = np.moveaxis(found.reshape(n, side, side, -1), 3, 1)
    scaled = x.astype(np.float32) / (255 if x.dtype == np.uint8 else 1)
    labels = None if names is None else _counted(names, f"{data} in {folder}")
    return Album(scaled.reshape(n, -1), labels, x.shape[1:])


def files(data: str) -> list[Path]:
    """Where the pictures of this name lie, if they do in files; raises as `album` does where these are not there."""
    if data == "mnist5k":
        return [digits.mnist5k()]
    if data in digits.FOLDERS:
        return [path for pair in digits.idx_files(data) for path in pair]
    if data in digits.SIDES:
        return []
    folder = digits.root(data)
    if _is_npz(folder, data):
        return [folder / f"{data}.npz"]
    if found := sorted(path for path in (folder / data).rglob("*") if path.suffix.lower() == ".png"):
        return found
    raise ValueError(f"{data}: neither {data}.npz nor a folder {data} with PNG files in {folder}")


def checksum(data: str) -> str | None:
    """What the bytes of the files come to; None where there are none. Raises as `files` does."""
    found = files(data)
    return _checksum(tuple((path, path.stat().st_mtime_ns) for path in found)) if found else None


@lru_cache(maxsize=8)
def _checksum(versions: tuple[tuple[Path, int], ...]) -> str:
    total = 0
    for path, _ in versions:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                total = zlib.crc32(block, total)
    return f"{total:08x}"


def _is_npz(folder: Path, data: str) -> bool:
    return (folder / f"{data}.npz").is_file()


def _counted(names: npt.NDArray[Any], where: str) -> npt.NDArray[np.int64]:
    """The classes from 0 on, in the order of their names."""
    known, labels, counts = np.unique(names, return_inverse=True, return_counts=True)
    if len(known) < 2:
        raise ValueError(f"{where}: all pictures are of class {known[0]}; give two classes or more, or none")
    if counts.min() < LEAST_OF_A_CLASS:
        fewest = known[counts.argmin()]
        raise ValueError(f"{where}: {counts.min()} pictures of class {fewest}; give {LEAST_OF_A_CLASS} or more of each")
    return labels.astype(np.int64)


def _npz(path: Path) -> tuple[npt.NDArray[Any], npt.NDArray[Any] | None]:
    try:
        with np.load(path, allow_pickle=False) as file:
            if "x" not in file:
                raise ValueError(f"no array x in it; there are {', '.join(file) or 'none'}")
            x, y = file["x"], file.get("y")
        return _squares(x), None if y is None else _classes(y, len(x))
    except (OSError, EOFError, ValueError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        said = " ".join(str(error).split()) or "it is cut short"
        raise ValueError(f"{path}: {said}") from None


def _squares(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    shape = x.shape
    if x.ndim not in (3, 4) or not len(x) or shape[1] != shape[2] or shape[3:] not in ((), (1,), (3,)):
        raise ValueError(f"x has shape {shape}; expected (n, side, side) or (n, side, side, 3)")
    if x.dtype == np.uint8:
        return x
    if x.dtype.kind != "f":
        raise ValueError(f"x holds {x.dtype}; expected bytes (uint8), or floats from 0 to 1")
    if not (np.isfinite(x).all() and x.min() >= 0 and x.max() <= 1):
        bad = x[~((x >= 0) & (x <= 1))]
        raise ValueError(f"x holds {bad[0]} ({len(bad)} such values in all); floats must lie from 0 to 1")
    return x


def _classes(y: npt.NDArray[Any], n: int) -> npt.NDArray[Any]:
    if y.shape != (n,) or y.dtype.kind not in "iuU":
        raise ValueError(f"y has shape {y.shape} and holds {y.dtype}; expected ({n},) whole numbers or names")
    return y


def _pngs(paths: Sequence[Path], folder: Path) -> tuple[npt.NDArray[Any], npt.NDArray[Any] | None]:
    """Pictures one by one, and the names of the folders that they lie in, where there are several."""
    found = [_png(path) for path in paths]
    for path, picture in zip(paths, found, strict=True):
        if picture.shape != found[0].shape:
            said = f"shape {picture.shape}, and {paths[0].name} has {found[0].shape}"
            raise ValueError(f"{path}: {said}; give pictures of one size, all grey or all in colour")
    names = [path.parent.relative_to(folder).as_posix() for path in paths]
    if "." in (apart := set(names)) and len(apart) > 1:
        raise ValueError(f"{folder}: PNG files beside folders of them; give a folder for each class, or none at all")
    return np.stack(found), np.array(names) if len(apart) > 1 else None


def _png(path: Path) -> npt.NDArray[np.uint8]:
    from PIL import Image

    try:
        with Image.open(path, formats=["PNG"]) as picture:
            size, mode, pixels = picture.size, picture.mode, np.asarray(picture)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path}: no PNG file that can be read: {' '.join(str(error).split())}") from None
    if mode not in ("L", "RGB") or size[0] != size[1]:
        seen = f"{size[0]} x {size[1]} pixels of mode {mode}"
        raise ValueError(f"{path}: {seen}; give squares of 8 bits, grey (L) or in colour (RGB)")
    return pixels
