"""Adversarial encoders and decoders that pair pictures and codes: does a term on (x, E(x)) make them fit?"""

from dataclasses import dataclass
from typing import ClassVar

from mibench.applications.with_term import WithTerm
from mibench.distributions import fields
from mibench.distributions.digits import SIDES
from mibench.interface import MakeTerm, Outcome, Score


@dataclass(frozen=True)
class Bidirectional(WithTerm):
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
        fields.choice(self, "data", tuple(SIDES))

    def train(self, make_term: MakeTerm, *, seed: int, device: str, baseline: str | None = None) -> Outcome:
        """Train encoder, decoder and discriminator and score what is given back; or a baseline."""
        from mibench.applications.training import bidirectional

        return bidirectional.train(self, make_term, seed, device, self.baseline(baseline))
