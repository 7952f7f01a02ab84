"""Numbers drawn as pictures: the pixels hold the numbers exactly, so mutual information is kept (cf. mutinfo)."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mibench.distributions import fields
from mibench.distributions.discrete import MUTINFO
from mibench.distributions.maps import Keeping
from mibench.interface import Array


class Picture(Keeping):
    """X and Y, `numbers` uniforms each, become pictures of pixels × pixels, flattened row by row."""

    pixels: int
    numbers: int
    made_by = MUTINFO

    def __post_init__(self) -> None:
        base = self.check_base()
        fields.count(self, "pixels", least=8)
        if (base.dim_x, base.dim_y) != (self.numbers, self.numbers):
            seen = f"{base.dim_x} and {base.dim_y}"
            raise ValueError(f"{type(self).__name__}: x and y must have {self.numbers} dimensions each, not {seen}")

    @property
    def dim_x(self) -> int:
        return self.pixels**2

    @property
    def dim_y(self) -> int:
        return self.pixels**2

    def draw(self, u: Array) -> Array:
        """One picture a row of numbers in (0, 1)."""
        raise NotImplementedError

    def read(self, picture: Array) -> Array:
        """The numbers, from the pixels."""
        raise NotImplementedError

    def forward(self, x: Array, y: Array) -> tuple[Array, Array]:
        if min(x.min(), y.min()) < 0 or max(x.max(), y.max()) > 1:
            raise ValueError(
                f'{type(self).__name__}: x and y must lie in [0, 1]; put Margins(base, "cdf", "cdf") below'
            )
        return self.draw(x), self.draw(y)

    def backward(self, x: Array, y: Array) -> tuple[Array, Array]:
        return self.read(x), self.read(y)


SPREAD = 0.2  # the plate's standard deviation, in sides of the picture


@dataclass(frozen=True)
class GaussianPlate(Picture):
    """(u, v) becomes exp(−((g − u)² + (h − v)²)/(2·0.2²)) over g, h on a grid from 0 to 1.

    The logarithm of two neighbouring pixels' ratio is linear in u, or in v: any two neighbours give the number back.
    """

    base: Any
    pixels: int = 16
    numbers = 2

    def draw(self, u: Array) -> Array:
        """The bumps, flattened row by row."""
        grid = np.linspace(0, 1, self.pixels)
        rows, columns = (np.exp(-((grid - u[:, k : k + 1]) ** 2) / (2 * SPREAD**2)) for k in range(2))
        return np.asarray((rows[:, :, None] * columns[:, None, :]).reshape(len(u), -1))

    def read(self, picture: Array) -> Array:
        """Where each bump stands, from the logarithms of its flanks."""
        grid = np.linspace(0, 1, self.pixels)
        square = picture.reshape(-1, self.pixels, self.pixels)
        found = []
        for profile in (square.sum(axis=2), square.sum(axis=1)):
            # The brightest pixel and its neighbour: log ratio = (gap)(u − their middle)/0.04.
            k = np.minimum(profile.argmax(axis=1), self.pixels - 2)
            rows = np.arange(len(k))
            slope = np.log(profile[rows, k + 1] / profile[rows, k]) / (grid[1] - grid[0])
            found.append(slope * SPREAD**2 + (grid[k] + grid[k + 1]) / 2)
        return np.column_stack(found)


LEAST_SIDE = 0.2  # of a rectangle, in sides of the picture


@dataclass(frozen=True)
class Rectangle(Picture):
    """Four uniforms become a white rectangle with soft edges: where it begins and ends across, and down.

    The rectangle is uniform among those with sides of 0.2 or more: begin = 0.8 (1 − √(1 − u)), end = begin + 0.2 +
    u' (0.8 − begin). A pixel at g is clip(min(g − begin, end − g), 0, 1) across times the same down, in pixels. Pixels
    are 1 apart and a side is longer than 2, so exactly one pixel lies on the first slope and tells where it begins, one
    on the last, and some pixel between is fully white: the four numbers are not lost.
    """

    base: Any
    pixels: int = 16
    numbers = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        fields.count(self, "pixels", least=16)

    def draw(self, u: Array) -> Array:
        """The rectangles, flattened row by row."""
        g = np.arange(self.pixels)
        profiles = []
        for axis in range(2):
            begin = (1 - LEAST_SIDE) * (1 - np.sqrt(1 - u[:, 2 * axis]))
            end = begin + LEAST_SIDE + u[:, 2 * axis + 1] * (1 - LEAST_SIDE - begin)
            begin, end = (self.pixels - 1) * begin[:, None], (self.pixels - 1) * end[:, None]
            profiles.append(np.clip(np.minimum(g - begin, end - g), 0, 1))
        return np.asarray((profiles[0][:, :, None] * profiles[1][:, None, :]).reshape(len(u), -1))

    def read(self, picture: Array) -> Array:
        """Where each rectangle begins and ends, from its soft edges."""
        square = picture.reshape(-1, self.pixels, self.pixels)
        found = []
        for profile in (square.max(axis=2), square.max(axis=1)):
            rows, white = np.arange(len(profile)), profile > 0
            first, last = white.argmax(axis=1), self.pixels - 1 - white[:, ::-1].argmax(axis=1)
            begin = (first - profile[rows, first]) / (self.pixels - 1)
            end = (last + profile[rows, last]) / (self.pixels - 1)
            found.append(1 - (1 - begin / (1 - LEAST_SIDE)) ** 2)
            found.append((end - begin - LEAST_SIDE) / (1 - LEAST_SIDE - begin))
        return np.column_stack(found)
