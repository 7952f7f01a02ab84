"""Three digits on top of each other: a generator of a thousand classes, what it covers and how real it looks."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from mibench.applications.training import judges
from mibench.applications.training.adversaries import FALLING, Schedule, play
from mibench.applications.training.classes import from_uniform
from mibench.applications.training.convolution import maker, reader
from mibench.applications.training.digits import Part, as_seen, batches, classes, parts, shares
from mibench.applications.training.driver import Driver, scored
from mibench.applications.training.networks import leaky, perceptron
from mibench.applications.training.steps import in_parts, repeatable
from mibench.applications.training.streams import Streams
from mibench.distributions.albums import album
from mibench.interface import MakeTerm, Outcome

if TYPE_CHECKING:
    from mibench.applications.mode_collapse import StackedDigits, StackedPictures

HEIGHT = 3
"""Digits in a stack."""

NEIGHBOURS = 3
"""A picture's radius reaches so many of its neighbours."""

COMPARED = 3000
"""Made digits whose precision is measured."""

REAL = 5000
"""Real digits, at most, that they are compared to."""

SHOWN = 32
"""Stacks kept to look at."""


def train(settings: "StackedDigits", make_term: MakeTerm, seed: int, device: str) -> Outcome:
    """Train generator and discriminator on fresh stacks and score what is made."""
    streams = Streams(seed, device)
    seen, held_out = parts(settings.data, shares(settings.data, settings.percent), streams)
    pixels = HEIGHT * seen.x.shape[1]
    widths = (settings.noise, *settings.hidden, pixels)
    generator = perceptron(widths, streams.of("generator"), between="batch").append(nn.Sigmoid()).to(device)
    judge = perceptron((pixels, *settings.hidden, 1), streams.of("discriminator"), leaky, between="spectral").to(device)
    data = streams.of("data")

    def real() -> Tensor:
        return stacks(seen, torch.randint(len(seen), (settings.batch_size, HEIGHT), generator=data))

    return played(settings, generator, judge, real, make_term, seen, held_out, streams)


def train_large(settings: "StackedPictures", make_term: MakeTerm, seed: int, device: str) -> Outcome:
    """The same on stacks put together once, with a schedule of its own."""
    streams = Streams(seed, device)
    seen, held_out = parts(settings.data, shares(settings.data, settings.percent), streams)
    channels, side, _ = album(settings.data).shape
    shape = (HEIGHT * channels, side, side)
    generator = maker(settings, settings.noise, shape, streams.of("generator")).to(device)
    judge = reader(settings, shape, 1, streams.of("discriminator"), leaky, "batch").to(device)
    together = torch.randint(len(seen), (settings.train_size, HEIGHT), generator=streams.of("data"))
    order = batches(settings.train_size, settings.batch_size, streams.of("order"))

    def real() -> Tensor:
        return stacks(seen, together[next(order)])

    steady = Schedule(falls=False)
    return played(settings, generator, judge, real, make_term, seen, held_out, streams, steady, at_once=1000)


def stacks(seen: Part, rows: Tensor) -> Tensor:
    """Pictures on top of one another `(n, 3 · pixels)`, by their places `(n, 3)`."""
    return seen.x[rows.to(seen.x.device)].flatten(1)


def played(
    settings: "StackedDigits",
    generator: nn.Module,
    judge: nn.Module,
    real: Callable[[], Tensor],
    make_term: MakeTerm,
    seen: Part,
    held_out: Part,
    streams: Streams,
    schedule: Schedule = FALLING,
    at_once: int | None = None,
) -> Outcome:
    """Train the two networks on the stacks that `real` gives, and score the generator."""
    count = classes(settings.data)  # raises where there are none, before hours of training
    driver = Driver(make_term, HEIGHT * seen.x.shape[1], settings.noise, settings)

    def run() -> None:
        play(settings, generator, judge, driver, real, streams, schedule)

    @torch.no_grad()
    def score() -> Outcome:
        z = streams.normal(streams.of("evaluation"), settings.stacks, settings.noise)
        made = in_parts(generator.eval(), z, at_once or len(z))
        digits = made.cpu().numpy().reshape(-1, seen.x.shape[1])
        return Outcome(
            judged(digits, seen, held_out, streams, count),
            mi_estimate=None if driver.term is None else driver.nats(made[:2500], z[:2500]),
            curves=driver.curves(),
            pictures={"generated": piled(digits[: SHOWN * HEIGHT], album(settings.data).shape)},
        )

    with repeatable():
        return scored(run, score)


def piled(digits: npt.NDArray[Any], shape: tuple[int, int, int]) -> npt.NDArray[Any]:
    """Stacks to look at, of rows that are a digit each: the digits of a stack below one another."""
    channels, side, _ = shape
    return as_seen(digits, shape).reshape(-1, HEIGHT * side, side, *[channels] * (channels > 1))


def judged(digits: npt.NDArray[Any], seen: Part, held_out: Part, streams: Streams, count: int) -> dict[str, float]:
    """The scores of made digits of `count` classes, three rows a stack."""
    told = judges.classifier(seen.arrays(), streams)
    pictures, labels = held_out.arrays()
    stacked = told.predict(digits).reshape(-1, HEIGHT) @ count ** np.arange(HEIGHT)
    return {
        "kl": from_uniform(stacked, count**HEIGHT),
        "precision": precision(digits[:COMPARED], seen.arrays()[0][:REAL]),
        "modes": float(len(np.unique(stacked))),
        "classifier": float((told.predict(pictures) == labels).mean()),
    }


def precision(made: npt.NDArray[Any], real: npt.NDArray[Any]) -> float:
    """The share of made pictures that lie within the radius of a real one, to its third neighbour among the real.

    Kynkäänniemi et al. 2019, arXiv:1904.06991, in the space of pixels.
    """
    from scipy.spatial.distance import cdist

    among = np.sort(cdist(real, real), axis=1)[:, NEIGHBOURS]  # the first is the picture itself
    return float((cdist(made, real) <= among).any(1).mean())
