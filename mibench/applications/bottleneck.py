"""Classifiers that forget their input: does a term on (X, Z) that is lowered make them err less?"""

from dataclasses import dataclass
from typing import ClassVar

from mibench.applications.of_pictures import OfPictures
from mibench.applications.with_term import WithTerm
from mibench.distributions import fields
from mibench.interface import MakeTerm, Outcome, Score


@dataclass(frozen=True)
class Bottleneck(OfPictures, WithTerm):
    """A classifier that lowers H(Y|Z) + β I(X;Z), in which the term stands for I(X;Z).

    A perceptron with `hidden` layers makes `code` numbers μ, standardised over the batch, and with normal ε
    Z = √(1 − s²) μ + s ε has their variance: no growth of μ can outrun the noise. `encoder` "gaussian" learns s for
    each picture and coordinate, "additive" for each coordinate, "propagated" the same and adds normal noise of a
    learnt scale behind each hidden layer. Classes are read from Z by one dense layer.

    `train`, `validation` and the rest for the test are parts of the pictures; of the first two a share `redrawn` of
    the labels is drawn anew. A model is trained for each β in `weight` times `betas`; of all of them, looked at forty
    times, the one that errs least on the validation part is tested. Without a term β is 0, so it stops early by the
    same rule. Predictions are means over 12 draws of the noise.

    Scores: `test-error` on true labels; `upper-bound`, E KL(q(z|μ) ‖ N(0, 1)) in nats, which no information
    about X in Z exceeds, whatever the term says; `validation-accuracy` on redrawn labels. Curves give the errors, the
    upper bound and the term's own bound over the place of β in the list of those tried, which is in `chosen`.

    Baseline: the variational bottleneck, which lowers that upper bound itself, with β from `vib_betas`.
    """

    clip: bool = False
    critic_steps: int = 2
    steps: int = 400
    batch_size: int = 128
    rate: float = 1e-3
    hidden: tuple[int, ...] = (256, 256)
    code: int = 32
    encoder: str = "gaussian"
    redrawn: float = 0.4
    betas: tuple[float, ...] = (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7, 1.0, 2.0)
    vib_betas: tuple[float, ...] = (0.001, 0.003, 0.006, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1)
    data: str = "digits"
    train_size: int = 1000
    validation_size: int = 250

    scores: ClassVar = {
        "test-error": Score("lower", 0.01),
        "upper-bound": Score("lower", 1.0),
        "validation-accuracy": Score("higher", 0.01),
    }
    baselines: ClassVar = ("vib",)
    term_fields: ClassVar = (*WithTerm.term_fields, "betas", "vib_betas")
    source: ClassVar[str] = "Belghazi et al. 2018, arXiv:1801.04062; Alemi et al. 2017, arXiv:1612.00410"

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("batch_size", "code", "train_size", "validation_size"):
            fields.count(self, name, least=2)
        fields.real(self, "rate", above=0)
        fields.real(self, "redrawn", least=0, most=1)
        fields.choice(self, "encoder", ("gaussian", "additive", "propagated"))
        self.check_data()
        for name in ("betas", "vib_betas"):
            grid = getattr(self, name)
            if not grid or not all(isinstance(beta, int | float) and 0 <= beta < float("inf") for beta in grid):
                raise ValueError(f"Bottleneck: {name}={grid!r} must be numbers of at least 0")

    def train(self, make_term: MakeTerm, *, seed: int, device: str, baseline: str | None = None) -> Outcome:
        """Train a classifier for each β, choose one on the validation part and test it."""
        from mibench.applications.training import classifier

        return classifier.train(self, make_term, seed, device, self.baseline(baseline))
