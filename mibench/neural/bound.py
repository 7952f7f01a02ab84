"""A bound on the mutual information: its settings and its formula for one critic. Nothing here imports torch."""

from contextlib import suppress
from dataclasses import dataclass, field, fields
from math import log
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

from mibench.interface import Direction
from mibench.neural.published import Published

if TYPE_CHECKING:
    from torch import Tensor

T = TypeVar("T")

Drives = Literal["bound", "objective"]
"""What of an estimator a model raises or lowers: its bound in nats, or minus what its critic minimises."""


def log_mean_exp(scores: "Tensor") -> "Tensor":
    """log of the mean of exp(scores), over all of them; no overflow."""
    return scores.flatten().logsumexp(0) - log(scores.numel())


def jensen_shannon(joint: "Tensor", marginal: "Tensor") -> "Tensor":
    """E_joint[softplus(−T)] + E_marginal[softplus(T)], least at T = log p(x,y) / p(x)p(y). It is not in nats of MI."""
    from torch.nn.functional import softplus

    return softplus(-joint).mean() + softplus(marginal).mean()


@dataclass(frozen=True)
class Bound:
    """A bound read from a critic T(x, y) that is trained on one part of the sample and read on another.

    * `steps`: at most so many steps of Adam;
    * `batch_size`: pairs a step, rounded to whole groups of `negatives + 1`;
    * `negatives`: mismatched partners of each row in training and validation;
    * `hidden`: widths of the critic's layers;
    * `embedding`: outputs of the two perceptrons of a separable or bilinear critic;
    * `activation`: "silu", "relu", "gelu", "elu" or "tanh";
    * `critic`: "concat" (one perceptron on x and y together), "merge" (`relu(W_x x + W_y y)`, then dense),
      "separable" (f(x)·g(y)) or "bilinear" (f(x)ᵀ W g(y));
    * `learning_rate`: Adam's at the start, halved whenever three validations in a row brought nothing better;
    * `averaging`: what is validated and tested are weights averaged over the steps, with this decay; 0 for none;
    * `scaling`: "rank" maps each coordinate to the normal scores of its ranks, which keeps the mutual information up to
      ties and the rounding of values to ranks of the training part; "standard" sets mean 0 and standard deviation 1;
      "none" is an error where float32 cannot hold the values or tell them apart. Fitted on the training part;
    * `inputs`: what a critic is given beside the scaled coordinates z of a side: "plain" nothing; "norm" |z|²;
      "canonical" that and, on a side of more columns, the up to four leading canonical variates, along which the sides
      correlate most. Fitted on the training part, mean 0 and variance 1 there; a y that a density is of stays as it is;
    * `split`: shares of the sample for training, validation and test; copies of a row of continuous data are kept in
      one of them, and the estimate is flagged "repeated-rows";
    * `folds`: above 1, cross-fitting: so many critics, each tested on its own share, and their mean reported;
    * `fresh`: draw new samples at every step instead of training on the sample given;
    * `validate_every`: steps from one validation to the next;
    * `patience`: stop when so many validations in a row brought nothing better;
    * `test_negatives`: mismatched partners of each row in the value reported; a quarter of the test rows at most;
    * `window`: above 0, the value reported is the mean over the last so many training batches, each read before its
      step, and flagged "training-batch"; training then takes all its steps at one rate, keeps the last weights, and
      holds nothing back for the value, which bounds nothing. It is for comparison with papers that did so;
    * `recipe`: "published" sets what the paper or its code did (`published` of the class says what and where), but for
      the fields that are set to something else than mibench's own default.
    """

    steps: int = 5000
    batch_size: int = 128
    negatives: int = 4
    hidden: tuple[int, ...] = (64, 64)
    embedding: int = 32
    activation: str = "silu"
    critic: str = "concat"
    learning_rate: float = 3e-3
    averaging: float = 0.998
    scaling: str = "rank"
    inputs: str = field(default="plain", metadata={"later": True})
    split: tuple[int, ...] = (70, 10, 20)
    folds: int = 1
    fresh: bool = False
    validate_every: int = 100
    patience: int = 10
    test_negatives: int = 16
    window: int = field(default=0, metadata={"later": True})
    recipe: str = field(default="mibench", metadata={"later": True})

    direction: ClassVar[Direction] = "none"
    approach: ClassVar[str] = "critic"
    devices: ClassVar[tuple[str, ...]] = ("cuda", "cpu", "mps")
    indicators: ClassVar[bool] = True
    state: ClassVar[tuple[float, ...]] = ()
    """What `objective` carries from step to step, at its start; one number a critic each."""
    selects: ClassVar[str] = "bound"
    """What validation looks for: the best "bound", or "objective" where that is no lower bound or a noisy judge."""
    drives: ClassVar[Drives] = "bound"
    """What a model raises or lowers where this is its term; "objective" where the paper's models do."""
    published: ClassVar[Published | None] = None
    """What `recipe=published` sets; None where nothing is known that could be set."""
    exponential: ClassVar[bool] = True
    """Whether the bound rests on E_marginal[exp T], so that it matters how many negatives carry that mean."""
    heads: ClassVar[tuple[str, ...]] = ("xy",)
    """What is learnt: "xy" the critic, "x" a function of x alone, "y|x", "x|y" and "y" normal log densities,
    "mixture y|x" and "mixture y" those of mixtures (see `mibench.neural.mixtures`), "encoded" a concatenated critic of
    x and a learnt encoding of y, "encoded-picture" and "places" the same with a convolution (see
    `mibench.neural.pictures`).

    With several of them the bound is given the scores of all: joint `(n, heads)` and marginal `(n, m, heads)`.
    """

    def __post_init__(self) -> None:
        if self.recipe == "published":
            if self.published is None:
                raise ValueError(f"{type(self).__name__} has no settings as published: leave recipe=mibench")
            unset = {f.name for f in fields(self) if getattr(self, f.name) == f.default}
            for name, value in self.published.settings.items():
                if name in unset:
                    object.__setattr__(self, name, value)
        elif self.recipe != "mibench":
            raise ValueError(f"recipe={self.recipe!r} is none of mibench, published")
        if self.window:
            with suppress(AttributeError):  # a class that works its direction out looks at the window itself
                object.__setattr__(self, "direction", "none")

    def bound(self, joint: "Tensor", marginal: "Tensor") -> "Tensor":
        """The value in nats, from scores of n pairs `(n,)` and of each row with m mismatched partners `(n, m)`."""
        raise NotImplementedError(f"{type(self).__name__} needs bound(self, joint, marginal)")

    def objective(self, joint: "Tensor", marginal: "Tensor", *state: "Tensor") -> Any:
        """What training minimises: the negative bound. With `state`, returns (objective, new state)."""
        return -self.bound(joint, marginal)

    def sides(self, x: T, y: T) -> tuple[T, T]:
        """What is scored against what: the pair itself, or one side of it twice, or the other way round."""
        return x, y

    def ceiling(self, negatives: int) -> float | None:
        """A value in nats that the bound cannot exceed with so many negatives a row; None if there is none."""
        return None
