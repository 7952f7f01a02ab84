"""Estimators with a fault each, and the promise whose check is to catch it."""

import os
import random
from dataclasses import dataclass

import numpy as np
import torch

from mibench.neural import NeuralEstimator


@dataclass(frozen=True)
class Constant:
    value: float = 1.0

    def estimate(self, x, y):
        return self.value


@dataclass(frozen=True)
class Restless(Constant):
    def estimate(self, x, y):
        return float(np.random.default_rng().standard_normal())


@dataclass(frozen=True)
class Greedy(Constant):
    def estimate(self, x, y):
        return float(np.random.standard_normal())  # noqa: NPY002


@dataclass(frozen=True)
class Scribbler(Constant):
    def estimate(self, x, y):
        x -= x.mean()
        return 0.0


@dataclass(frozen=True)
class Blind(Constant):
    def estimate(self, x, y):
        return 0.0


@dataclass
class Melting:
    value: float = 0.0

    def estimate(self, x, y):
        return self.value


@dataclass(frozen=True)
class Bursts(NeuralEstimator):
    """Its objective divides by zero once its bound has risen to 2 nats."""

    steps: int = 300
    validate_every: int = 20

    direction = "lower"

    def bound(self, joint, marginal):
        return joint.mean() - (marginal - 1).exp().mean()

    def objective(self, joint, marginal):
        value = self.bound(joint, marginal)
        return -value / (value < 2.0).double()


@dataclass(frozen=True)
class Sinks(Bursts):
    """Its value comes to log 1e-6, whatever the data."""

    learning_rate: float = 0.3

    selects = "objective"

    def bound(self, joint, marginal):
        return (joint.sigmoid() + 1e-6).log().mean()

    def objective(self, joint, marginal):
        return joint.mean()


@dataclass(frozen=True)
class Narrow(Constant):
    """Takes so many columns a side, and no more."""

    columns: int = 1

    def refuses(self, dim_x, dim_y):
        return None if max(dim_x, dim_y) <= self.columns else f"it takes {self.columns} columns a side"


@dataclass(frozen=True)
class Boastful(Constant):
    """A lower bound that lies above the truth."""

    direction = "lower"

    def estimate(self, x, y):
        return 1.05 + float(np.tanh(x.mean())) / 10


@dataclass(frozen=True)
class Litterer(Constant):
    def estimate(self, x, y):
        np.save("left.npy", x)
        return 0.5


@dataclass(frozen=True)
class Wanderer(Constant):
    def estimate(self, x, y):
        os.chdir("/")
        return 0.5


@dataclass(frozen=True)
class Setter(Constant):
    def estimate(self, x, y):
        os.environ["OF_A_TEST"] = "always the same"
        return 0.5


SEEN = []


@dataclass(frozen=True)
class Remembers(Constant):
    def estimate(self, x, y):
        SEEN.append(x)
        return float(len({len(x) for x in SEEN}))


@dataclass(frozen=True)
class Hoards(Constant):
    def estimate(self, x, y):
        object.__setattr__(self, "fitted", 1)
        return 0.5 + len(vars(self)) / 10

    def __reduce__(self):
        return type(self), ()

    def __post_init__(self):
        object.__setattr__(self, "cache", {})


@dataclass(frozen=True)
class Mixes(Constant):
    """Together it gives the mean of all."""

    def estimate(self, x, y):
        return float(x[0, 0])

    def estimate_many(self, xs, ys):
        return [float(np.mean([x[0, 0] for x in xs]))] * len(xs)


@dataclass(frozen=True)
class Lopsided(Constant):
    """Says that the sides may be swapped."""

    unchanged_by = ("order", "swap")

    def estimate(self, x, y):
        return float(x.std())


@dataclass(frozen=True)
class Counts(Constant):
    """A number for whatever it is given."""

    def estimate(self, x, y):
        return float(len(x)) ** -1


@dataclass(frozen=True)
class Divides(Constant):
    """As if a pair that has a copy said much."""

    def estimate(self, x, y):
        return 40 * (1 - len(np.unique(x)) / len(x))


@dataclass(frozen=True)
class Sideways(Constant):
    direction = "sideways"


@dataclass(frozen=True)
class Humble(Constant):
    """An upper bound that lies below the truth."""

    direction = "upper"

    def estimate(self, x, y):
        return 0.95 + float(np.tanh(x.mean())) / 10


@dataclass(frozen=True)
class Square(Constant):
    """Has a number only where both sides are as wide."""

    def estimate(self, x, y):
        return 0.5 if x.shape == y.shape else float("nan")


@dataclass(frozen=True)
class Crashes(Constant):
    def estimate(self, x, y):
        return float((x - y).mean())


@dataclass(frozen=True)
class Reseeds(Constant):
    """Its number is the same, and everyone's randomness after it."""

    library: str = "numpy"

    def estimate(self, x, y):
        {"numpy": np.random.seed, "python": random.seed, "torch": torch.manual_seed}[self.library](0)
        return 0.5


@dataclass(frozen=True)
class ScribblesOnY(Constant):
    def estimate(self, x, y):
        y.sort(axis=0)
        return 0.5


@dataclass(frozen=True)
class Sorted(Constant):
    """Says that rows may come in any order."""

    unchanged_by = ("order",)

    def estimate(self, x, y):
        return float(x[0, 0])


@dataclass(frozen=True)
class Unitless(Sorted):
    """Says that it has no unit."""

    unchanged_by = ("scale",)


@dataclass(frozen=True)
class Unheard(Sorted):
    unchanged_by = ("colour",)


@dataclass(frozen=True)
class Mumbles(Constant):
    """Its error on NaN tells nothing."""

    kind: type = ValueError

    def estimate(self, x, y):
        if np.isnan(x).any():
            raise self.kind
        return 0.5


@dataclass(frozen=True)
class Lonely(Constant):
    """A number for a single row."""

    def estimate(self, x, y):
        return 0.0 if np.ptp(x) == 0 and len(x) > 1 else 0.5


USED = []


@dataclass(frozen=True)
class Strays(Constant):
    def estimate(self, x, y):
        USED.append("a GPU")
        return 0.5


CAUGHT = [
    (Boastful(), "keeps_its_direction"),
    (Litterer(), "leaves_its_surroundings_alone"),
    (Wanderer(), "leaves_its_surroundings_alone"),
    (Setter(), "leaves_its_surroundings_alone"),
    (Remembers(), "is_the_same_in_another_process"),
    (Hoards(), "is_the_same_in_another_process"),
    (Mixes(), "gives_the_same_among_many"),
    (Lopsided(), "does_not_change_with"),
    (Counts(), "gives_no_number_for_nothing"),
    (Divides(), "sees_nothing_in_ties"),
    (Bursts(), "holds_where_dependence_is_strong"),
    (Sinks(), "is_near_the_truth"),
    (Melting(), "is_frozen"),
    (Restless(), "repeats_itself"),
    (Constant(), "is_near_zero_when_independent"),
    (Blind(), "is_near_the_truth"),
    (Scribbler(), "leaves_its_input_alone"),
    (Greedy(), "leaves_global_randomness_alone"),
    (Constant(), "refuses_bad_input_clearly"),
    (Mumbles(), "refuses_bad_input_clearly"),
    (Mumbles(kind=KeyError), "refuses_bad_input_clearly"),
    (Sideways(), "says_its_direction"),
    (Humble(), "keeps_its_direction"),
    (Square(), "accepts_the_shapes"),
    (Crashes(), "accepts_the_shapes"),
    (Reseeds(), "leaves_global_randomness_alone"),
    (Reseeds(library="python"), "leaves_global_randomness_alone"),
    (Reseeds(library="torch"), "leaves_global_randomness_alone"),
    (ScribblesOnY(), "leaves_its_input_alone"),
    (Sorted(), "does_not_change_with"),
    (Unitless(), "does_not_change_with"),
    (Unheard(), "does_not_change_with"),
    (Lonely(), "gives_no_number_for_nothing"),
    (Strays(), "stays_on_its_device"),
]
