"""Three digits on top of each other: a generator of a thousand classes, what it covers and how real it looks."""

from math import isqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from mibench.applications.training import judges
from mibench.applications.training.adversaries import play
from mibench.applications.training.classes import from_uniform
from mibench.applications.training.digits import Part, parts, shares
from mibench.applications.training.driver import Driver, scored
from mibench.applications.training.networks import leaky, perceptron
from mibench.applications.training.streams import Streams
from mibench.interface import MakeTerm, Outcome
from mibench.neural.company import one_thread

if TYPE_CHECKING:
    from mibench.applications.mode_collapse import StackedDigits

HEIGHT = 3
"""Digits in a stack."""

NEIGHBOURS = 3
"""A picture's radius reaches so many of its neighbours."""

COMPARED = 3000
"""Made digits whose precision is measured."""

SHOWN = 32
"""Stacks kept to look at."""


def train(settings: "StackedDigits", make_term: MakeTerm, seed: int, device: str) -> Outcome:
    """Train generator and discriminator and score what is made."""
    streams = Streams(seed, device)
    seen, held_out = parts(settings.data, shares(settings.data, settings.percent), streams)
    pixels = HEIGHT * seen.x.shape[1]
    widths = (settings.noise, *settings.hidden, pixels)
    generator = perceptron(widths, streams.of("generator"), between="batch").append(nn.Sigmoid()).to(device)
    judge = perceptron((pixels, *settings.hidden, 1), streams.of("discriminator"), leaky, between="spectral").to(device)
    driver = Driver(make_term, pixels, settings.noise, settings)
    data = streams.of("data")

    def real() -> Tensor:
        rows = torch.randint(len(seen), (settings.batch_size, HEIGHT), generator=data)
        return seen.x[rows.to(streams.device)].flatten(1)

    def run() -> None:
        play(settings, generator, judge, driver, real, streams)

    @torch.no_grad()
    def score() -> Outcome:
        generator.eval()
        z = streams.normal(streams.of("evaluation"), settings.stacks, settings.noise)
        made = generator(z)
        digits = made.cpu().numpy().reshape(-1, seen.x.shape[1])
        return Outcome(
            judged(digits, seen, held_out, streams),
            mi_estimate=None if driver.term is None else driver.nats(made[:2500], z[:2500]),
            curves=driver.curves(),
            pictures={"generated": digits[: SHOWN * HEIGHT].reshape(SHOWN, -1, isqrt(digits.shape[1]))},
        )

    with one_thread():
        return scored(run, score)


def judged(digits: npt.NDArray[Any], seen: Part, held_out: Part, streams: Streams) -> dict[str, float]:
    """The scores of made digits, three rows a stack."""
    classes = judges.classifier(seen.arrays(), streams)
    pictures, labels = held_out.arrays()
    stacks = classes.predict(digits).reshape(-1, HEIGHT) @ 10 ** np.arange(HEIGHT)
    return {
        "kl": from_uniform(stacks, 10**HEIGHT),
        "precision": precision(digits[:COMPARED], seen.arrays()[0]),
        "modes": float(len(np.unique(stacks))),
        "classifier": float((classes.predict(pictures) == labels).mean()),
    }


def precision(made: npt.NDArray[Any], real: npt.NDArray[Any]) -> float:
    """The share of made pictures that lie within the radius of a real one, to its third neighbour among the real.

    Kynkäänniemi et al. 2019, arXiv:1904.06991, in the space of pixels.
    """
    from scipy.spatial.distance import cdist

    among = np.sort(cdist(real, real), axis=1)[:, NEIGHBOURS]  # the first is the picture itself
    return float((cdist(made, real) <= among).any(1).mean())
