"""A base drawn otherwise: beside noise or beside itself, anew at every step, or with its pairs broken."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mibench.distributions import fields
from mibench.distributions.maps import Keeping
from mibench.interface import Array


@dataclass(frozen=True)
class Padded(Keeping):
    """`x` and `y` more coordinates beside X and Y, standard normals that depend on nothing."""

    base: Any
    x: int = 0
    y: int = 0

    def __post_init__(self) -> None:
        self.check_base()
        fields.count(self, "x", least=0)
        fields.count(self, "y", least=0)

    @property
    def dim_x(self) -> int:
        return int(self.base.dim_x) + self.x

    @property
    def dim_y(self) -> int:
        return int(self.base.dim_y) + self.y

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        x, y = self.base.sample(n, rng)
        return np.hstack([x, rng.standard_normal((n, self.x))]), np.hstack([y, rng.standard_normal((n, self.y))])

    def backward(self, x: Array, y: Array) -> tuple[Array, Array]:
        return x[:, : self.base.dim_x], y[:, : self.base.dim_y]


@dataclass(frozen=True)
class Fresh(Keeping):
    """The base, with a protocol that draws new samples at every training step."""

    base: Any

    def __post_init__(self) -> None:
        self.check_base()

    @property
    def fresh(self) -> bool:
        """Yes."""
        return True

    def forward(self, x: Array, y: Array) -> tuple[Array, Array]:
        return x, y

    def backward(self, x: Array, y: Array) -> tuple[Array, Array]:
        return x, y


@dataclass(frozen=True)
class Independent(Keeping):
    """X from one draw of the base and Y from another: the same margins, and I(X;Y) = 0 whatever they are."""

    base: Any

    def __post_init__(self) -> None:
        self.check_base()

    @property
    def mi(self) -> float:
        return 0.0

    @property
    def mi_error(self) -> float:
        """None."""
        return 0.0

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        return self.base.sample(n, rng)[0], self.base.sample(n, rng)[1]

    def log_pmi(self, x: Array, y: Array) -> Array:
        return np.zeros(len(x))


@dataclass(frozen=True)
class Copies(Keeping):
    """`times` independent draws of the base side by side: mutual information adds up, I = times · I(base)."""

    base: Any
    times: int = 2

    def __post_init__(self) -> None:
        self.check_base()
        fields.count(self, "times")

    @property
    def mi(self) -> float:
        return self.times * float(self.base.mi)

    @property
    def mi_error(self) -> float:
        """As many times the base's."""
        return self.times * super().mi_error

    @property
    def rows_at_hand(self) -> int | None:
        """One in `times` of the base's."""
        rows = super().rows_at_hand
        return None if rows is None else rows // self.times

    @property
    def dim_x(self) -> int:
        return self.times * int(self.base.dim_x)

    @property
    def dim_y(self) -> int:
        return self.times * int(self.base.dim_y)

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        x, y = self.base.sample(self.times * n, rng)
        return x.reshape(n, -1), y.reshape(n, -1)

    def log_pmi(self, x: Array, y: Array) -> Array:
        rows = self.times * len(x)
        each = self.base.log_pmi(x.reshape(rows, -1), y.reshape(rows, -1))
        return np.asarray(each.reshape(len(x), self.times).sum(axis=1))


@dataclass(frozen=True)
class Repeated(Keeping):
    """X beside itself, and Y beside its first `columns` coordinates: processed data add nothing to the data."""

    base: Any
    columns: int

    def __post_init__(self) -> None:
        fields.count(self, "columns", most=self.check_base().dim_y)

    @property
    def dim_x(self) -> int:
        return 2 * int(self.base.dim_x)

    @property
    def dim_y(self) -> int:
        return int(self.base.dim_y) + self.columns

    def forward(self, x: Array, y: Array) -> tuple[Array, Array]:
        return np.hstack([x, x]), np.hstack([y, y[:, : self.columns]])

    def backward(self, x: Array, y: Array) -> tuple[Array, Array]:
        return x[:, : self.base.dim_x], y[:, : self.base.dim_y]


@dataclass(frozen=True)
class Redundant(Keeping):
    """X and Y each `times` times side by side: as many coordinates more, and nothing new in them."""

    base: Any
    times: int = 2

    def __post_init__(self) -> None:
        self.check_base()
        fields.count(self, "times")

    @property
    def dim_x(self) -> int:
        return self.times * int(self.base.dim_x)

    @property
    def dim_y(self) -> int:
        return self.times * int(self.base.dim_y)

    def forward(self, x: Array, y: Array) -> tuple[Array, Array]:
        return np.tile(x, self.times), np.tile(y, self.times)

    def backward(self, x: Array, y: Array) -> tuple[Array, Array]:
        return x[:, : self.base.dim_x], y[:, : self.base.dim_y]
