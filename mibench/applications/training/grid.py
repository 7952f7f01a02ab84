"""The 25 normals: a generator and a discriminator, and how well the generated points cover the grid."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from mibench.applications.training.adversaries import FALLING, Schedule, play
from mibench.applications.training.classes import from_uniform
from mibench.applications.training.digits import batches
from mibench.applications.training.driver import Driver, scored
from mibench.applications.training.networks import leaky, maxout, perceptron
from mibench.applications.training.steps import repeatable
from mibench.applications.training.streams import Streams
from mibench.interface import MakeTerm, Outcome

if TYPE_CHECKING:
    from mibench.applications.mode_collapse import Grid, LargeGrid

AXIS = np.array([-4.0, -2.0, 0.0, 2.0, 4.0])
MODES = np.array([(a, b) for a in AXIS for b in AXIS])
"""The means `(25, 2)`."""

HIGH_QUALITY = 3
"""Standard deviations from a mode within which a point is of high quality."""


def train(settings: "Grid", make_term: MakeTerm, seed: int, device: str) -> Outcome:
    """Train generator and discriminator on fresh points and score what is made."""
    streams = Streams(seed, device)
    generator = perceptron((settings.noise, *settings.hidden, 2), streams.of("generator")).to(device)
    judge = perceptron((2, *settings.hidden, 1), streams.of("discriminator"), leaky).to(device)
    data = streams.of("data")

    def real() -> Tensor:
        return drawn(settings, settings.batch_size, data).to(device)

    return played(settings, generator, judge, real, make_term, streams)


def train_large(settings: "LargeGrid", make_term: MakeTerm, seed: int, device: str) -> Outcome:
    """The same on points drawn once, with a schedule of its own."""
    streams = Streams(seed, device)
    widths = (settings.noise, *settings.hidden, 2)
    generator = perceptron(widths, streams.of("generator"), between="batch").to(device)
    judge = maxout((2, *settings.judge_hidden, 1), settings.pieces, streams.of("discriminator")).to(device)
    points = drawn(settings, settings.train_size, streams.of("data")).to(device)
    order = batches(len(points), settings.batch_size, streams.of("order"))

    def real() -> Tensor:
        return points[next(order).to(device)]

    steady = Schedule(settings.momentum, falls=False)
    return played(settings, generator, judge, real, make_term, streams, steady)


def played(
    settings: "Grid",
    generator: nn.Module,
    judge: nn.Module,
    real: Callable[[], Tensor],
    make_term: MakeTerm,
    streams: Streams,
    schedule: Schedule = FALLING,
) -> Outcome:
    """Train the two networks on the points that `real` gives, and score the generator."""
    driver = Driver(make_term, 2, settings.noise, settings)

    def run() -> None:
        play(settings, generator, judge, driver, real, streams, schedule)

    def score() -> Outcome:
        z = streams.normal(streams.of("evaluation"), settings.points, settings.noise)
        with torch.no_grad():
            made = generator.eval()(z)
        return Outcome(
            coverage(made.double().cpu().numpy(), settings.sd),
            mi_estimate=driver.nats(made, z) if driver.term is not None else None,
            curves=driver.curves(),
            pictures={"generated": made.cpu().numpy(), "modes": MODES},
        )

    with repeatable():
        return scored(run, score)


def drawn(settings: "Grid", n: int, stream: torch.Generator) -> Tensor:
    """So many real points."""
    means = torch.from_numpy(MODES).float()[torch.randint(25, (n,), generator=stream)]
    return means + settings.sd * torch.randn(n, 2, generator=stream)


def coverage(points: npt.NDArray[Any], sd: float) -> dict[str, float]:
    """The scores of points `(n, 2)`: see `Grid`."""
    distance = np.linalg.norm(points[:, None] - MODES, axis=2)
    nearest, good = distance.argmin(1), distance.min(1) < HIGH_QUALITY * sd
    return {
        "reverse-kl": from_uniform(nearest, 25),
        "high-quality": float(good.mean()),
        "modes": float(len(np.unique(nearest[good]))),
        "reverse-kl-of-high-quality": from_uniform(nearest[good], 25),
    }
