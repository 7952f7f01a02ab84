"""A generator against a discriminator, with a term on (G(z), z) beside them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor, nn

from mibench.applications.training.driver import Driver
from mibench.applications.training.networks import taken_for_real, told_apart
from mibench.applications.training.steps import adam, decayed, descend
from mibench.applications.training.streams import Streams


class Settings(Protocol):
    """What the game is told."""

    @property
    def steps(self) -> int:
        """Steps of each network."""

    @property
    def batch_size(self) -> int:
        """Rows of a step."""

    @property
    def noise(self) -> int:
        """Coordinates of z, which is standard normal."""

    @property
    def rate(self) -> float:
        """The generator's learning rate."""

    @property
    def judge_rate(self) -> float:
        """The discriminator's learning rate."""


@dataclass(frozen=True)
class Schedule:
    """The decay of Adam's first moment, and whether learning rates fall to 0 over the last half of the steps."""

    momentum: float = 0.5
    falls: bool = True


FALLING = Schedule()


def play(
    settings: Settings,
    generator: nn.Module,
    judge: nn.Module,
    driver: Driver,
    real: Callable[[], Tensor],
    streams: Streams,
    schedule: Schedule = FALLING,
) -> None:
    """Train both in turns, and the critic on what the generator made. One batch of noise serves a whole step."""
    weights = list(generator.parameters())
    makes = adam(weights, settings.rate, schedule.momentum)
    judges = adam(judge.parameters(), settings.judge_rate, schedule.momentum)
    noise = streams.of("noise")
    for step in range(settings.steps):
        if schedule.falls:
            decayed(makes, settings.rate, step, settings.steps)
            decayed(judges, settings.judge_rate, step, settings.steps)
        z = streams.normal(noise, settings.batch_size, settings.noise)
        fake = generator(z)
        descend(judges, told_apart(judge(real()), judge(fake.detach())))
        driver.learn(fake, z, step)
        driver.set_gradients(weights, taken_for_real(judge(fake)), fake, z)
        makes.step()
