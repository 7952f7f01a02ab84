"""Encoders learnt by nothing but the information their code has of the picture."""

from dataclasses import dataclass
from typing import ClassVar

from mibench.applications.of_pictures import OfPictures
from mibench.applications.with_term import WithTerm
from mibench.distributions import fields
from mibench.distributions.digits import SIDES
from mibench.interface import MakeTerm, Outcome, Score


@dataclass(frozen=True)
class DeepInfoMax(OfPictures, WithTerm):
    """An encoder E of pictures that raises a term on (X, E(X)), judged by what its frozen code tells of the class.

    The encoder is a perceptron with `hidden` layers whose `code` outputs are standardised over the batch. In training
    normal noise of standard deviation `noise` is added to the code: without it a deterministic encoder has all there is
    to have from the start. `form` "global" pairs the code with the whole picture, "local" with a square `patch` pixels
    wide at a random place of the picture, one a picture and step. With `prior` above 0, a discriminator between codes
    and a standard normal is fooled with that weight, which is the model's own loss; without it there is none, and
    nothing that `clip` could clip the term to.

    Scores are accuracies on the pictures held out: `linear` of logistic regression on the code, `mlp` of a perceptron
    with 200 units, and what each has above the same probe of the untrained encoder, `linear-gain` and `mlp-gain`.
    Without a term the encoder is that untrained one.

    Baselines: PCA to as many numbers, an autoencoder with the same encoder and as many steps, all pixels, and the
    untrained encoder.
    """

    clip: bool = False
    steps: int = 1000
    batch_size: int = 128
    rate: float = 1e-3
    hidden: tuple[int, ...] = (256, 256)
    code: int = 8
    noise: float = 0.5
    form: str = "global"
    patch: int = 4
    prior: float = 0.0
    data: str = "digits"
    percent: int = 70

    forms: ClassVar[tuple[str, ...]] = ("global", "local")
    scores: ClassVar = {
        "linear-gain": Score("higher", 0.01),
        "linear": Score("higher", 0.01),
        "mlp-gain": Score("higher", 0.01),
        "mlp": Score("higher", 0.01),
    }
    baselines: ClassVar = ("pca", "autoencoder", "raw-pixels", "untrained")
    source: ClassVar[str] = "Hjelm et al. 2019, arXiv:1808.06670"

    def __post_init__(self) -> None:
        super().__post_init__()
        fields.count(self, "batch_size", least=2)
        fields.count(self, "code", least=2)
        fields.count(self, "percent", most=99)
        fields.real(self, "rate", above=0)
        fields.real(self, "noise", least=0)
        fields.real(self, "prior", least=0)
        fields.choice(self, "form", self.forms)
        self.check_data()
        fields.count(self, "patch", most=SIDES.get(self.data))
        if self.clip and not self.prior:
            raise ValueError("DeepInfoMax: clip=True has no loss to clip the term to; set prior above 0, or clip=False")

    def train(self, make_term: MakeTerm, *, seed: int, device: str, baseline: str | None = None) -> Outcome:
        """Learn the encoder, freeze it and train the probes; or probe a baseline's code."""
        from mibench.applications.training import infomax

        return infomax.train(self, make_term, seed, device, self.baseline(baseline))


@dataclass(frozen=True)
class LargeInfoMax(DeepInfoMax):
    """The same with an encoder by convolutions, at the size of Hjelm et al. 2019: see `DeepInfoMax`.

    `networks` "convolution" has convolutions of `channels` outputs, each of which halves the side, and behind them
    `hidden` layers, all batch-normalised; `form` "local" then pairs the code with what the last convolution but one
    says of a place, one place a picture and step, and both sides learn. "perceptron" has `hidden` layers alone.

    `form` "two-view" pairs the codes of two views of each picture, which are moved by up to `shift` pixels each way,
    black coming in at the edge. Probes learn from 20 000 pictures at most.
    """

    steps: int = 100_000
    batch_size: int = 64
    rate: float = 1e-4
    critic_rate: float = 1e-4
    hidden: tuple[int, ...] = (1024,)
    code: int = 64
    shift: int = 4
    data: str = "cifar10"
    percent: int = 83
    networks: str = "convolution"
    channels: tuple[int, ...] = (64, 128, 256)

    forms: ClassVar[tuple[str, ...]] = ("global", "local", "two-view")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_networks()
        fields.count(self, "shift")
