"""What a distribution here knows besides its mutual information, and the shape most of them have."""

from typing import Protocol

from mibench.interface import Array, Task


class Known(Task, Protocol):
    """A task that states its shape before it is drawn, its source, and its pointwise mutual information."""

    @property
    def dim_x(self) -> int:
        """Columns of X."""
        ...

    @property
    def dim_y(self) -> int:
        """Columns of Y."""
        ...

    @property
    def source(self) -> str:
        """The papers and code it comes from, parted by "; "."""
        ...

    def log_pmi(self, x: Array, y: Array) -> Array:
        """log dP(x, y) / dP(x)dP(y) of each row, in nats; also where x or y is discrete."""
        ...


class Square:
    """X and Y both have `dim` coordinates."""

    dim: int

    @property
    def dim_x(self) -> int:
        return self.dim

    @property
    def dim_y(self) -> int:
        return self.dim


class OneByOne:
    """X and Y are numbers."""

    @property
    def dim_x(self) -> int:
        return 1

    @property
    def dim_y(self) -> int:
        return 1
