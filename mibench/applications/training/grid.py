"""The 25 normals: a generator and a discriminator, and how well the generated points cover the grid."""

from math import log, nan
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mibench.applications.training.driver import Driver, scored
from mibench.applications.training.networks import leaky, perceptron, taken_for_real, told_apart
from mibench.applications.training.steps import decayed, descend
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
    """Train generator and discriminator in turns, the critic on what the generator made."""
    streams = Streams(seed, device)
    generator = perceptron((settings.noise, *settings.hidden, 2), streams.of("generator")).to(device)
    judge = perceptron((2, *settings.hidden, 1), streams.of("discriminator"), leaky).to(device)
    driver = Driver(make_term, 2, settings.noise, settings)
    makes, judges = (
        torch.optim.Adam(net.parameters(), lr=settings.rate, betas=(0.5, 0.999)) for net in (generator, judge)
    )
    weights = list(generator.parameters())
    data, noise = streams.of("data"), streams.of("noise")

    def run() -> None:
        for step in range(settings.steps):
            for optimiser in (makes, judges):
                decayed(optimiser, settings.rate, step, settings.steps)
            real = drawn(settings, data).to(device)
            z = streams.normal(noise, settings.batch_size, settings.noise)
            fake = generator(z)

            descend(judges, told_apart(judge(real), judge(fake.detach())))
            driver.learn(fake, z, step)
            driver.set_gradients(weights, taken_for_real(judge(fake)), fake, z)
            makes.step()

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


def from_uniform(labels: npt.NDArray[Any], classes: int) -> float:
    """KL(labels ‖ uniform over so many classes) in nats; nan of no labels."""
    if not len(labels):
        return nan
    shares = np.bincount(labels, minlength=classes) / len(labels)
    shares = shares[shares > 0]
    return float((shares * np.log(shares)).sum() + log(classes))
