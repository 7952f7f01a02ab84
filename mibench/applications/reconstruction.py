"""Adversarial encoders and decoders that pair pictures and codes: does a term on (x, E(x)) make them fit?"""

from dataclasses import dataclass
from typing import ClassVar

from mibench.applications.of_pictures import OfPictures
from mibench.applications.with_term import WithTerm
from mibench.distributions import fields
from mibench.interface import MakeTerm, Outcome, Score


@dataclass(frozen=True)
class Bidirectional(OfPictures, WithTerm):
    """Adversarially learned inference, with a term on (x, E(x)) that is raised.

    A discriminator sees pictures with their codes (x, E(x)) and made pictures with the noise they were made of
    (G(z), z); encoder and decoder learn to leave it no difference. The encoder is normal, its code has `code`
    coordinates; all three networks are perceptrons with `hidden` layers, the decoder's batch-normalised and the
    discriminator's spectrally normalised; learning rates fall to 0 over the last half of the steps.

    Scores are of the pictures held out, given back as G(mean of E(x)): `accuracy`, the share of them in which a
    classifier, trained on the real pictures that were not held out, sees the class of the original; `squared-error`,
    summed over the pixels (white 1). `generated-kl` is KL(classes it sees in 2000 made pictures ‖ uniform) in nats.

    Baselines: the mean picture for all, and an autoencoder of the same encoder and decoder that learns the squared
    error for as many steps. The first makes no pictures and has no
    `generated-kl`, and the second makes them of normal noise it never saw.
    """

    steps: int = 2000
    batch_size: int = 128
    rate: float = 5e-4
    judge_rate: float = 1e-3
    hidden: tuple[int, ...] = (256, 256)
    code: int = 8
    data: str = "digits"
    percent: int = 70

    scores: ClassVar = {
        "accuracy": Score("higher", 0.02),
        "squared-error": Score("lower", 0.1),
        "generated-kl": Score("lower", 0.01),
    }
    baselines: ClassVar = ("mean-picture", "autoencoder")
    source: ClassVar[str] = "Belghazi et al. 2018, arXiv:1801.04062; Dumoulin et al. 2017, arXiv:1606.00704"

    def __post_init__(self) -> None:
        super().__post_init__()
        fields.count(self, "batch_size", least=2)
        fields.count(self, "code")
        fields.count(self, "percent", most=99)
        fields.real(self, "rate", above=0)
        fields.real(self, "judge_rate", above=0)
        self.check_data()

    def train(self, make_term: MakeTerm, *, seed: int, device: str, baseline: str | None = None) -> Outcome:
        """Train encoder, decoder and discriminator and score what is given back; or a baseline."""
        from mibench.applications.training import bidirectional

        return bidirectional.train(self, make_term, seed, device, self.baseline(baseline))


@dataclass(frozen=True)
class LargeBidirectional(Bidirectional):
    """The same of larger pictures: see `Bidirectional`.

    `networks` "convolution" has convolutions of `channels` outputs, each of which halves the side, behind them
    `hidden` layers, and the same on the way back; the discriminator's `hidden` layers see the code too. "perceptron"
    has `hidden` layers alone. Encoder and decoder are batch-normalised, the discriminator spectrally.

    `ms-ssim` is the multi-scale structural similarity of the pictures held out to what is given back: two scales from
    28 pixels on, three from 44, four from 88, five from 176; nan where pictures are smaller.
    """

    steps: int = 100_000
    batch_size: int = 100
    rate: float = 1e-4
    judge_rate: float = 1e-4
    hidden: tuple[int, ...] = (512,)
    code: int = 64
    data: str = "mnist"
    percent: int = 85
    networks: str = "convolution"
    channels: tuple[int, ...] = (64, 128, 256)

    scores: ClassVar = {**Bidirectional.scores, "ms-ssim": Score("higher", 0.005)}

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_networks()


@dataclass(frozen=True)
class WithoutClasses(LargeBidirectional):
    """The same of pictures that have no classes, or whose classes do not matter: see `LargeBidirectional`."""

    data: str = "pictures"
    channels: tuple[int, ...] = (64, 128, 256, 512)

    scores: ClassVar = {name: LargeBidirectional.scores[name] for name in ("squared-error", "ms-ssim")}
