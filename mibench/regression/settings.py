"""What regressions share: their settings, and what they refuse. Nothing here imports torch."""

from dataclasses import dataclass
from math import isqrt
from typing import ClassVar

from mibench.counts import ATOM, most_equal
from mibench.interface import Array, Direction, paired
from mibench.neural.limits import SMALLEST, too_few


@dataclass(frozen=True)
class Regression:
    """A network fitted by least squares on one part of the sample, chosen on a second one and read on a third.

    * `steps`: at most so many steps of Adam;
    * `batch_size`: rows a step;
    * `hidden`: widths of the network's layers;
    * `activation`: "silu", "relu", "gelu", "elu" or "tanh";
    * `learning_rate`: Adam's at the start, halved whenever three validations in a row brought nothing better;
    * `averaging`: what is validated and read are weights averaged over the steps, with this decay; 0 for none;
    * `scaling`: as the bounds have it: "rank" maps each coordinate to the normal scores of its ranks, "standard" sets
      mean 0 and standard deviation 1, "none" leaves it. Fitted on the training part;
    * `split`: shares of the sample for training, validation and test; copies of a row of continuous data are kept in
      one of them, and the estimate is flagged "repeated-rows";
    * `validate_every`: steps from one validation to the next;
    * `patience`: stop when so many validations in a row brought nothing better.
    """

    steps: int = 6000
    batch_size: int = 256
    hidden: tuple[int, ...] = (128, 128, 128)
    activation: str = "silu"
    learning_rate: float = 3e-3
    averaging: float = 0.998
    scaling: str = "rank"
    split: tuple[int, ...] = (70, 10, 20)
    validate_every: int = 200
    patience: int = 8

    direction: ClassVar[Direction] = "none"
    devices: ClassVar[tuple[str, ...]] = ("cuda", "cpu", "mps")
    folds: ClassVar[int] = 1

    def refuses(self, n: int, dim_x: int, dim_y: int, device: str) -> str | None:
        """Why n pairs so wide cannot be estimated on that device, known before a sample is drawn; None if they can."""
        kind = device.partition(":")[0]
        if kind not in self.devices:
            return f"it runs on {', '.join(self.devices)}, not on {kind}"
        try:
            return too_few(self, n)
        except ValueError:  # a setting that is wrong everywhere is no refusal, but the trial's error
            return None

    def checked(self, x: Array, y: Array, device: str) -> tuple[Array, Array]:
        """The sample; a ValueError for a setting that cannot be run, or a sample that is refused."""
        for name in ("steps", "validate_every", "patience"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)} must be at least 1")
        if self.batch_size < 2:
            raise ValueError(f"batch_size={self.batch_size} must be at least 2")
        if not self.hidden or min(self.hidden) < 1:
            raise ValueError(f"hidden={self.hidden} needs the width of at least one layer, such as 64x64")
        x, y = paired(x, y)
        if reason := self.refuses(len(x), x.shape[1], y.shape[1], device):
            raise ValueError(reason)
        return x, y


@dataclass(frozen=True)
class Noised(Regression):
    """A regression on one side with noise in it, given the other side.

    * `diffuse`: the side that noise is added to: "x", "y" or "smaller", the one of fewer coordinates (x if equal);
    * `network`: "perceptron", which starts from the best linear one in canonical coordinates, or "convolution" for a
      noised side that is a square picture, which starts from what a standard normal would have, and whose `hidden`
      are channels, of pictures halved once more each.
    """

    diffuse: str = "smaller"
    network: str = "perceptron"

    def refuses(self, n: int, dim_x: int, dim_y: int, device: str) -> str | None:
        """The same; a convolution reads square pictures alone."""
        said = super().refuses(n, dim_x, dim_y, device)
        if said is None and self.network == "convolution":
            pixels = dim_x if self.noised(dim_x, dim_y) == "x" else dim_y
            side = isqrt(pixels)
            if side * side != pixels or side <= SMALLEST or side & (side - 1):
                return (
                    f"network=convolution needs square pictures with a side of 8, 16, 32, ..., not {pixels} numbers, "
                    "on the side that noise is added to"
                )
        return said

    def noised(self, dim_x: int, dim_y: int) -> str:
        """Which side gets the noise, "x" or "y"."""
        return ("x" if dim_x <= dim_y else "y") if self.diffuse == "smaller" else self.diffuse

    def checked(self, x: Array, y: Array, device: str) -> tuple[Array, Array]:
        """The sample, the side first that noise is added to."""
        for name, known in (("diffuse", ("x", "y", "smaller")), ("network", ("perceptron", "convolution"))):
            if getattr(self, name) not in known:
                raise ValueError(f"{name}={getattr(self, name)!r} is none of {', '.join(known)}")
        x, y = super().checked(x, y, device)
        first, second = (x, y) if self.noised(x.shape[1], y.shape[1]) == "x" else (y, x)
        side = isqrt(first.shape[1])
        if self.network == "convolution" and len(self.hidden) > side.bit_length():
            raise ValueError(f"hidden={self.hidden} halves pictures {side} wide too often: {side.bit_length()} at most")
        if self.network == "perceptron" and (most := max(most_equal(column) for column in first.T)) > ATOM:
            raise ValueError(
                f"one value makes up {most:.0%} of a column that noise is added to, and what is learnt there is the "
                "value itself: use ksg-mixed for discrete or mixed data"
                + ", or noise the other side by `diffuse`"
                * all(most_equal(column) <= ATOM for column in second.T)
            )
        return first, second
