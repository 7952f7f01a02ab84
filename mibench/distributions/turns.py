"""Maps that move the coordinates of X, or of Y, among each other: rotations, sums, spirals, shears, a roll."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from mibench.distributions import fields
from mibench.distributions.maps import Keeping
from mibench.distributions.mixture import VECTOR_COPULAS
from mibench.interface import Array


@dataclass(frozen=True)
class Rotated(Keeping):
    """X and Y each turned by a random orthogonal matrix (uniform, from `seed`), so that every coordinate tells."""

    base: Any
    seed: int = 0

    def __post_init__(self) -> None:
        self.check_base()
        fields.count(self, "seed", least=0)

    @property
    def matrices(self) -> tuple[Array, Array]:
        """Orthogonal matrices for X and for Y."""
        rng = np.random.default_rng((self.seed, 0x726F74))
        qx, qy = (_orthogonal(dim, rng) for dim in (self.dim_x, self.dim_y))
        return qx, qy

    def forward(self, x: Array, y: Array) -> tuple[Array, Array]:
        qx, qy = self.matrices
        return x @ qx, y @ qy

    def backward(self, x: Array, y: Array) -> tuple[Array, Array]:
        qx, qy = self.matrices
        return x @ qx.T, y @ qy.T


def _orthogonal(dim: int, rng: np.random.Generator) -> Array:
    """Uniform on the orthogonal group: QR of normals, the signs of the diagonal made positive (Mezzadri 2007)."""
    q, r = np.linalg.qr(rng.standard_normal((dim, dim)))
    return np.asarray(q * np.sign(np.diag(r)))


def turn(z: Array, plane: int, angle: Array | float) -> Array:
    """Rows turned by their angle in the plane of coordinates `plane` and `plane` + 1."""
    turned = z.copy()
    a, b = z[:, plane], z[:, plane + 1]
    turned[:, plane] = np.cos(angle) * a - np.sin(angle) * b
    turned[:, plane + 1] = np.sin(angle) * a + np.cos(angle) * b
    return turned


@dataclass(frozen=True)
class Spiral(Keeping):
    """X turned by the angle speed_x |X|² in one plane, and Y likewise: the norm stays, so the angle can be undone."""

    base: Any
    speed_x: float
    speed_y: float = 0.0
    plane_x: int = 0
    plane_y: int = 1

    def __post_init__(self) -> None:
        base = self.check_base()
        for name, dim in (("x", base.dim_x), ("y", base.dim_y)):
            fields.real(self, f"speed_{name}")
            plane = fields.count(self, f"plane_{name}", least=0)
            if getattr(self, f"speed_{name}") and plane + 2 > dim:
                raise ValueError(f"Spiral: plane_{name}={plane} needs {plane + 2} dimensions, and {name} has {dim}")

    def forward(self, x: Array, y: Array) -> tuple[Array, Array]:
        return _spiral(x, self.plane_x, self.speed_x), _spiral(y, self.plane_y, self.speed_y)

    def backward(self, x: Array, y: Array) -> tuple[Array, Array]:
        return _spiral(x, self.plane_x, -self.speed_x), _spiral(y, self.plane_y, -self.speed_y)


def _spiral(z: Array, plane: int, speed: float) -> Array:
    return turn(z, plane, speed * (z**2).sum(axis=1)) if speed else z


@dataclass(frozen=True)
class Turned(Keeping):
    """The first two coordinates of X turned by `degrees`."""

    base: Any
    degrees: float

    def __post_init__(self) -> None:
        if self.check_base().dim_x < 2:
            raise ValueError("Turned: x must have two dimensions or more")
        fields.real(self, "degrees")

    def forward(self, x: Array, y: Array) -> tuple[Array, Array]:
        return turn(x, 0, math.radians(self.degrees)), y

    def backward(self, x: Array, y: Array) -> tuple[Array, Array]:
        return turn(x, 0, -math.radians(self.degrees)), y


@dataclass(frozen=True)
class SwissRoll(Keeping):
    """X = u in (0, 1) rolled up: t = 1.5π (1 + 2u), X' = (t cos t, t sin t)/21. Its norm tells t, so u is not lost."""

    base: Any

    def __post_init__(self) -> None:
        if self.check_base().dim_x != 1:
            raise ValueError(f"SwissRoll: x must have one dimension, not {self.base.dim_x}")

    @property
    def dim_x(self) -> int:
        return 2

    def forward(self, x: Array, y: Array) -> tuple[Array, Array]:
        if x.min() < 0 or x.max() > 1:
            raise ValueError('SwissRoll: x must lie in [0, 1]; put Margins(base, x="cdf", ...) below it')
        t = 1.5 * math.pi * (1 + 2 * x)
        return np.hstack([t * np.cos(t), t * np.sin(t)]) / 21, y

    def backward(self, x: Array, y: Array) -> tuple[Array, Array]:
        t = 21 * np.hypot(x[:, :1], x[:, 1:])
        return (t / (1.5 * math.pi) - 1) / 2, y


@dataclass(frozen=True)
class Bent(Keeping):
    """X_1 moved by height · sin(frequency · X_2): a shear, undone by moving it back. Then X is scaled and shifted."""

    base: Any
    height: float = 5.0
    frequency: float = 3.0
    scale: tuple[float, float] = (0.1, 0.5)
    shift: tuple[float, float] = (-0.8, 0.0)

    def __post_init__(self) -> None:
        if self.check_base().dim_x != 2:
            raise ValueError(f"Bent: x must have two dimensions, not {self.base.dim_x}")
        fields.real(self, "height")
        fields.real(self, "frequency")
        for name in ("scale", "shift"):
            numbers = getattr(self, name)
            if np.shape(numbers) != (2,) or not np.isfinite(numbers).all():
                raise ValueError(f"Bent: {name}={numbers} must be two finite numbers")
        if 0 in self.scale:
            raise ValueError(f"Bent: scale={self.scale} must not hold 0")

    def forward(self, x: Array, y: Array) -> tuple[Array, Array]:
        moved = x.copy()
        moved[:, 0] += self.height * np.sin(self.frequency * x[:, 1])
        return moved * np.array(self.scale) + np.array(self.shift), y

    def backward(self, x: Array, y: Array) -> tuple[Array, Array]:
        moved = (x - np.array(self.shift)) / np.array(self.scale)
        moved[:, 0] -= self.height * np.sin(self.frequency * moved[:, 1])
        return moved, y


@dataclass(frozen=True)
class Rippled(Keeping):
    """Z_i moved by height · sin(frequency · Z_{i−1}) for i = 2 … dim, on both sides.

    Z_1 stays and tells how far Z_2 was moved, Z_2 how far Z_3 was, and so on: undone from the first to the last.
    """

    base: Any
    height: float = 1.0
    frequency: float = 2.0

    def __post_init__(self) -> None:
        self.check_base()
        fields.real(self, "height")
        fields.real(self, "frequency")

    def forward(self, x: Array, y: Array) -> tuple[Array, Array]:
        return self._rippled(x), self._rippled(y)

    def backward(self, x: Array, y: Array) -> tuple[Array, Array]:
        return self._stilled(x), self._stilled(y)

    def _rippled(self, z: Array) -> Array:
        moved = z.copy()
        moved[:, 1:] += self.height * np.sin(self.frequency * z[:, :-1])
        return moved

    def _stilled(self, z: Array) -> Array:
        still = z.copy()
        for i in range(1, z.shape[1]):
            still[:, i] -= self.height * np.sin(self.frequency * still[:, i - 1])
        return still


@dataclass(frozen=True)
class Summed(Keeping):
    """Z'_j = Σ_{i ≥ j} Z_i / i on both sides: undone by Z_j = j (Z'_j − Z'_{j+1}).

    A row times the lower triangle of ones whose rows are scaled to sum to 1.
    """

    base: Any
    made_by = VECTOR_COPULAS

    def __post_init__(self) -> None:
        self.check_base()

    def forward(self, x: Array, y: Array) -> tuple[Array, Array]:
        return _summed(x), _summed(y)

    def backward(self, x: Array, y: Array) -> tuple[Array, Array]:
        return _differences(x), _differences(y)


def _summed(z: Array) -> Array:
    parts = z / np.arange(1, z.shape[1] + 1)
    return np.asarray(parts[:, ::-1].cumsum(axis=1)[:, ::-1])


def _differences(z: Array) -> Array:
    return np.asarray(-np.diff(z, append=0) * np.arange(1, z.shape[1] + 1))
