"""Maps that keep mutual information: I(f(X); g(Y)) = I(X;Y) when f and g can be undone.

Each map is a frozen dataclass with a `base`, has the base's mutual information, and carries its own inverse: `backward`
proves that nothing is lost, and gives the pointwise mutual information of what `forward` made. Maps compose.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mibench.distributions import fields
from mibench.distributions.shapes import Known
from mibench.interface import Array


class Keeping:
    """A map of X and of Y, each by itself, that can be undone."""

    base: Known
    made_by = ""
    changed = 0  # how often the map itself came to give other samples

    def forward(self, x: Array, y: Array) -> tuple[Array, Array]:
        """What the map makes of a sample of the base, row by row."""
        raise NotImplementedError

    def backward(self, x: Array, y: Array) -> tuple[Array, Array]:
        """The sample of the base that `forward` made this one of, up to rounding."""
        raise NotImplementedError

    def check_base(self) -> Known:
        """The base, if it is a task that can be mapped. Its truth is not asked for: it may take time."""
        has = {*dir(type(self.base)), *getattr(self.base, "__dataclass_fields__", ())}
        lacks = [name for name in ("mi", "sample", "dim_x", "dim_y") if name not in has]
        if lacks:
            raise ValueError(f"{type(self).__name__}: base={self.base!r} is no task with a known shape: no {lacks[0]}")
        return self.base

    @property
    def mi(self) -> float:
        return self.base.mi

    @property
    def mi_error(self) -> float:
        """The base's."""
        return float(getattr(self.base, "mi_error", 0.0))

    @property
    def version(self) -> int:
        """The base's, raised whenever the map changes too."""
        return int(getattr(self.base, "version", 1)) + self.changed

    @property
    def content(self) -> str:
        """The base's."""
        return str(getattr(self.base, "content", ""))

    @property
    def rows_at_hand(self) -> int | None:
        """The base's; None where rows are drawn without end."""
        return getattr(self.base, "rows_at_hand", None)

    @property
    def fresh(self) -> bool:
        """The base's."""
        return bool(getattr(self.base, "fresh", False))

    @property
    def source(self) -> str:
        """The base's, and where the map comes from if that is elsewhere."""
        known = str(getattr(self.base, "source", ""))
        return known if not self.made_by or self.made_by in known else f"{known}; {self.made_by}"

    @property
    def dim_x(self) -> int:
        return self.base.dim_x

    @property
    def dim_y(self) -> int:
        return self.base.dim_y

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        return self.forward(*self.base.sample(n, rng))

    def log_pmi(self, x: Array, y: Array) -> Array:
        return self.base.log_pmi(*self.backward(x, y))


def increasing_inverse(function: Callable[[Array], Array], values: Array, low: Array, high: Array) -> Array:
    """Where an increasing function takes the values, by bisection to the last bit."""
    low, high = np.broadcast_to(low, values.shape).copy(), np.broadcast_to(high, values.shape).copy()
    for _ in range(56):  # a bracket of any width, to the last bit of float64
        middle = (low + high) / 2
        above = function(middle) > values
        high, low = np.where(above, middle, high), np.where(above, low, middle)
    return np.asarray((low + high) / 2)


def normal_cdf(t: Array) -> Array:
    """Φ(t)."""
    from scipy.special import ndtr

    return np.asarray(ndtr(t))


def normal_quantile(u: Array) -> Array:
    """Φ⁻¹(u)."""
    from scipy.special import ndtri

    return np.asarray(ndtri(u))


def signed_power(t: Array, exponent: float) -> Array:
    """sign(t) |t|^exponent."""
    return np.asarray(np.sign(t) * np.abs(t) ** exponent)


# Both have a positive derivative everywhere: at least 1 − .4 − .34 − .099 for x, 1 − .16 − .221 − .086 for y.
def wiggly_x(t: Array) -> Array:
    """t + 0.4 sin t + 0.2 sin(1.7 t + 1) + 0.03 sin(3.3 t − 2.5)."""
    return np.asarray(t + 0.4 * np.sin(t) + 0.2 * np.sin(1.7 * t + 1) + 0.03 * np.sin(3.3 * t - 2.5))


def wiggly_y(t: Array) -> Array:
    """t − 0.4 sin(0.4 t) + 0.17 sin(1.3 t + 3.5) + 0.02 sin(4.3 t − 2.5)."""
    return np.asarray(t - 0.4 * np.sin(0.4 * t) + 0.17 * np.sin(1.3 * t + 3.5) + 0.02 * np.sin(4.3 * t - 2.5))


def _inverse_of(function: Callable[[Array], Array], reach: float) -> Callable[[Array], Array]:
    """The inverse of an increasing function that moves no point by more than `reach`."""
    return lambda values: increasing_inverse(function, values, values - reach, values + reach)


def _two_normals(
    weight: float, first: float, second: float
) -> tuple[Callable[[Array], Array], Callable[[Array], Array]]:
    """F⁻¹(Φ(t)) and back, F of weight N(first, 1) + (1 − weight) N(second, 1): from t + first to t + second."""

    def cdf(t: Array) -> Array:
        return weight * normal_cdf(t - first) + (1 - weight) * normal_cdf(t - second)

    def there(t: Array) -> Array:
        return increasing_inverse(cdf, normal_cdf(t), t + first, t + second)

    return there, lambda t: normal_quantile(cdf(t))


MARGINS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "same": (lambda t: t, lambda t: t),
    "cdf": (normal_cdf, normal_quantile),
    "half-cube": (lambda t: signed_power(t, 1.5), lambda t: signed_power(t, 1 / 1.5)),
    "cube": (lambda t: signed_power(t, 3), np.cbrt),
    "asinh": (np.arcsinh, np.sinh),
    "sinh": (np.sinh, np.arcsinh),
    "tanh": (np.tanh, np.arctanh),
    "exp": (np.exp, np.log),
    "wiggly-x": (wiggly_x, _inverse_of(wiggly_x, 0.63)),
    "wiggly-y": (wiggly_y, _inverse_of(wiggly_y, 0.59)),
    "bimodal-x": _two_normals(0.3, 0.0, 5.0),
    "bimodal-y": _two_normals(0.5, -1.0, 3.0),
}
"""Increasing functions and their inverses. "cdf" is Φ, which has float64 numbers to go to for t below 8."""


@dataclass(frozen=True)
class Margins(Keeping):
    """One increasing function on every coordinate of X, one on every coordinate of Y (the names in `MARGINS`)."""

    base: Any
    x: str
    y: str

    def __post_init__(self) -> None:
        self.check_base()
        fields.choice(self, "x", tuple(MARGINS))
        fields.choice(self, "y", tuple(MARGINS))

    def forward(self, x: Array, y: Array) -> tuple[Array, Array]:
        return MARGINS[self.x][0](x), MARGINS[self.y][0](y)

    def backward(self, x: Array, y: Array) -> tuple[Array, Array]:
        return MARGINS[self.x][1](x), MARGINS[self.y][1](y)


@dataclass(frozen=True)
class Power(Keeping):
    """sign(t) |t|^exponent on every coordinate: the tails grow heavier with the exponent."""

    base: Any
    exponent: float

    def __post_init__(self) -> None:
        self.check_base()
        fields.real(self, "exponent", above=0)

    def forward(self, x: Array, y: Array) -> tuple[Array, Array]:
        return signed_power(x, self.exponent), signed_power(y, self.exponent)

    def backward(self, x: Array, y: Array) -> tuple[Array, Array]:
        return signed_power(x, 1 / self.exponent), signed_power(y, 1 / self.exponent)


@dataclass(frozen=True)
class Affine(Keeping):
    """Every coordinate of X times `scale_x` plus `shift_x`, and of Y likewise: what standardising undoes."""

    base: Any
    scale_x: float = 1.0
    shift_x: float = 0.0
    scale_y: float = 1.0
    shift_y: float = 0.0

    def __post_init__(self) -> None:
        self.check_base()
        for name in ("scale_x", "shift_x", "scale_y", "shift_y"):
            fields.real(self, name)
        if self.scale_x == 0 or self.scale_y == 0:
            raise ValueError("Affine: scale_x and scale_y must not be 0")

    def forward(self, x: Array, y: Array) -> tuple[Array, Array]:
        return self.scale_x * x + self.shift_x, self.scale_y * y + self.shift_y

    def backward(self, x: Array, y: Array) -> tuple[Array, Array]:
        return (x - self.shift_x) / self.scale_x, (y - self.shift_y) / self.scale_y
