"""Generators that forget modes: does a term on (G(z), z) keep them?"""

from dataclasses import dataclass
from typing import ClassVar

from mibench.applications.of_pictures import OfPictures
from mibench.applications.with_term import WithTerm
from mibench.distributions import fields
from mibench.interface import MakeTerm, Outcome, Score


@dataclass(frozen=True)
class Grid(WithTerm):
    """An adversarial generator of 25 normals on a square grid, with a term on (G(z), z) that is raised.

    The means are {-4, -2, 0, 2, 4}² and the standard deviation is `sd`. Real points are fresh at every step. Generator
    and discriminator are perceptrons with `hidden` layers, their learning rate falls to 0 over the last half of the
    steps, and z is normal with as many coordinates as `noise` says.

    Scores are of `points` generated points. `reverse-kl` is KL(nearest modes of all points ‖ uniform) in nats;
    `high-quality` the share of points within 3 sd of a mode; `modes` how many have such a point;
    `reverse-kl-of-high-quality` the first for these points alone, nan where there are none. The share of high quality
    stands beside the spread because either can be had at the cost of the other.
    """

    steps: int = 3000
    batch_size: int = 256
    rate: float = 1e-3
    judge_rate: float = 1e-3
    hidden: tuple[int, ...] = (128, 128, 128)
    noise: int = 2
    sd: float = 0.05
    points: int = 2500

    scores: ClassVar = {
        "reverse-kl": Score("lower", 0.01),
        "high-quality": Score("higher", 0.02),
        "modes": Score("higher"),
        "reverse-kl-of-high-quality": Score("lower", 0.01),
    }
    source: ClassVar[str] = "Belghazi et al. 2018, arXiv:1801.04062; the grid of Lin et al. 2018, arXiv:1712.04086"

    def __post_init__(self) -> None:
        super().__post_init__()
        fields.count(self, "batch_size", least=2)
        fields.count(self, "noise")
        fields.count(self, "points", least=25)
        fields.real(self, "rate", above=0)
        fields.real(self, "judge_rate", above=0)
        fields.real(self, "sd", above=0)

    def train(self, make_term: MakeTerm, *, seed: int, device: str, baseline: str | None = None) -> Outcome:
        """Train the two networks and score the generator."""
        from mibench.applications.training import grid

        self.baseline(baseline)
        return grid.train(self, make_term, seed, device)


@dataclass(frozen=True)
class LargeGrid(Grid):
    """The 25 normals with the networks and the schedule of Lin et al. 2018: see `Grid` for the scores.

    The generator is a batch-normalised perceptron with `hidden` layers; the discriminator has `judge_hidden` layers, of
    which each takes the greatest of `pieces` dense ones (maxout). `train_size` real points are drawn once and gone
    through in batches; learning rates do not fall, and Adam's first moment has the decay `momentum`.
    """

    steps: int = 400_000
    batch_size: int = 100
    rate: float = 1e-4
    judge_rate: float = 1e-4
    hidden: tuple[int, ...] = (400, 400, 400, 400)
    judge_hidden: tuple[int, ...] = (200, 200, 200)
    pieces: int = 5
    train_size: int = 100_000
    momentum: float = 0.8

    def __post_init__(self) -> None:
        super().__post_init__()
        fields.count(self, "pieces")
        fields.count(self, "train_size", least=2)
        fields.real(self, "momentum", least=0, below=1)

    def train(self, make_term: MakeTerm, *, seed: int, device: str, baseline: str | None = None) -> Outcome:
        """Train the two networks and score the generator."""
        from mibench.applications.training import grid

        self.baseline(baseline)
        return grid.train_large(self, make_term, seed, device)


@dataclass(frozen=True)
class StackedDigits(OfPictures, WithTerm):
    """An adversarial generator of three digits on top of each other, with a term on (G(z), z) that is raised.

    The stacks have a thousand classes, all equally likely but for the frequencies of the digits. Generator and
    discriminator are perceptrons with `hidden` layers, the first batch-normalised and the second spectrally normalised;
    learning rates fall to 0 over the last half of the steps.

    Scores are of `stacks` made stacks, whose classes a classifier tells that was trained on the same `percent` of the
    digits as they. `kl` is KL(classes ‖ uniform over 1000) in nats; `precision` the share of made digits within the
    radius of a real one, the distance to its third neighbour; `modes` how many classes are met; `classifier` the
    accuracy of the classifier on the digits held out. What is no digit is classified too, so that neither `kl` nor
    `modes` means much where the precision is low: below one half this is a smoke test and no evidence.
    """

    steps: int = 2000
    batch_size: int = 64
    rate: float = 5e-4
    judge_rate: float = 1e-3
    hidden: tuple[int, ...] = (256, 256)
    noise: int = 16
    stacks: int = 26_000
    data: str = "digits"
    percent: int = 70

    scores: ClassVar = {
        "kl": Score("lower", 0.02),
        "precision": Score("higher", 0.02),
        "modes": Score("higher", 5.0),
        "classifier": Score("higher", 0.01),
    }
    source: ClassVar[str] = "Belghazi et al. 2018, arXiv:1801.04062; Lin et al. 2018, arXiv:1712.04086"

    def __post_init__(self) -> None:
        super().__post_init__()
        fields.count(self, "batch_size", least=2)
        fields.count(self, "noise")
        fields.count(self, "stacks", least=2)
        fields.count(self, "percent", most=99)
        fields.real(self, "rate", above=0)
        fields.real(self, "judge_rate", above=0)
        self.check_data()

    def train(self, make_term: MakeTerm, *, seed: int, device: str, baseline: str | None = None) -> Outcome:
        """Train the two networks and score the generator."""
        from mibench.applications.training import stacked

        self.baseline(baseline)
        return stacked.train(self, make_term, seed, device)


@dataclass(frozen=True)
class StackedPictures(StackedDigits):
    """Stacks of three pictures with DCGAN's networks and schedule of Lin et al. 2018: see `StackedDigits`.

    `networks` "convolution" has convolutions of `channels` outputs, each of which halves the side, and the same on the
    way back; "perceptron" has `hidden` layers. Both are batch-normalised. `train_size` stacks are put together once and
    gone through in batches; learning rates do not fall. z is normal, and the generator takes one step for one of the
    discriminator, where their code draws z uniformly and takes two.
    """

    steps: int = 100_000
    rate: float = 2e-4
    judge_rate: float = 2e-4
    hidden: tuple[int, ...] = ()
    noise: int = 100
    data: str = "mnist"
    percent: int = 85
    networks: str = "convolution"
    channels: tuple[int, ...] = (64, 128, 256, 512)
    train_size: int = 128_000

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_networks()
        fields.count(self, "train_size", least=2)

    def train(self, make_term: MakeTerm, *, seed: int, device: str, baseline: str | None = None) -> Outcome:
        """Train the two networks and score the generator."""
        from mibench.applications.training import stacked

        self.baseline(baseline)
        return stacked.train_large(self, make_term, seed, device)
