"""The 25 normals: a generator and a discriminator, and how well the generated points cover the grid."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mibench.applications.training.adversaries import play
from mibench.applications.training.classes import from_uniform
from mibench.applications.training.driver import Driver, scored
from mibench.applications.training.networks import leaky, perceptron
from mibench.applications.training.streams import Streams
from mibench.interface import MakeTerm, Outcome
from mibench.neural.company import one_thread

if TYPE_CHECKING:
    from mibench.applications.mode_collapse import Grid

AXIS = np.array([-4.0, -2.0, 0.0, 2.0, 4.0])
MODES = np.array([(a, b) for a in AXIS for b in AXIS])
"""The means `(25, 2)`."""

HIGH_QUALITY = 3
"""Standard deviations from a mode within which a point is of high quality."""


def train(settings: "Grid", make_term: MakeTerm, seed: int, device: str) -> Outcome:
    """Train generator and discriminator and score what is made."""
    streams = Streams(seed, device)
    generator = perceptron((settings.noise, *settings.hidden, 2), streams.of("generator")).to(device)
    judge = perceptron((2, *settings.hidden, 1), streams.of("discriminator"), leaky).to(device)
    driver = Driver(make_term, 2, settings.noise, settings)
    data = streams.of("data")

    def run() -> None:
        play(settings, generator, judge, driver, lambda: drawn(settings, data).to(device), streams)

    def score() -> Outcome:
        z = streams.normal(streams.of("evaluation"), settings.points, settings.noise)
        with torch.no_grad():
            made = generator(z)
        return Outcome(
            coverage(made.double().cpu().numpy(), settings.sd),
            mi_estimate=driver.nats(made, z) if driver.term is not None else None,
            curves=driver.curves(),
            pictures={"generated": made.cpu().numpy(), "modes": MODES},
        )

    with one_thread():
        return scored(run, score)


def drawn(settings: "Grid", stream: torch.Generator) -> Tensor:
    """A batch of real points."""
    means = torch.from_numpy(MODES).float()[torch.randint(25, (settings.batch_size,), generator=stream)]
    return means + settings.sd * torch.randn(settings.batch_size, 2, generator=stream)


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
