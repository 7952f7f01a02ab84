"""A bound as an estimator: what asks for it needs no torch, training does."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mibench.interface import Array, Draw, Estimate
from mibench.neural.bound import Bound
from mibench.neural.limits import no_term, too_few, unreadable

if TYPE_CHECKING:
    from torch import Tensor

    from mibench.neural.loss import Objective

PAYS = 4
"""Critics that are worth training together on a CPU."""


@dataclass(frozen=True)
class NeuralEstimator(Bound):
    """Trains critics to make its bound tight, and reads it on pairs they never saw; the fields are those of `Bound`."""

    def estimate(
        self,
        x: Array,
        y: Array,
        *,
        seed: int | None = None,
        device: str = "cpu",
        draw: Draw | None = None,
    ) -> Estimate:
        """The mutual information of the pairs (x, y); raises `Diverged` where training broke down."""
        (outcome,) = self.estimate_many([x], [y], seeds=[seed], device=device, draws=[draw])
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def estimate_many(
        self,
        xs: Sequence[Array],
        ys: Sequence[Array],
        *,
        seeds: Sequence[int | None],
        device: str = "cpu",
        draws: Sequence[Draw | None] | None = None,
    ) -> list[Estimate | Exception]:
        """An estimate, or the exception it ended in, for each of several trials of one shape, trained together."""
        found = dict(self.estimate_each(xs, ys, seeds=seeds, device=device, draws=draws))
        return [found[place] for place in range(len(xs))]

    def estimate_each(
        self,
        xs: Sequence[Array],
        ys: Sequence[Array],
        *,
        seeds: Sequence[int | None],
        device: str = "cpu",
        draws: Sequence[Draw | None] | None = None,
    ) -> Iterator[tuple[int, Estimate | Exception]]:
        """The same as pairs of a trial's place and its outcome, each as soon as its critics have stopped."""
        from mibench.neural.trials import estimate_each

        return estimate_each(self, xs, ys, seeds, device, draws if draws is not None else [None] * len(xs))

    def term(self, dim_x: int, dim_z: int, *, seed: int | None = None, device: str = "cpu") -> "Objective":
        """A fresh critic inside a model, on x `(n, dim_x)` and z `(n, dim_z)`: see `mibench.neural.loss.Objective`.

        Raises ValueError for fields of training that are set, which mean nothing there, and for widths that the critic
        cannot read.
        """
        from mibench.neural.loss import Objective

        return Objective(self, dim_x, dim_z, seed, device, self.drives)

    def refuses_term(self) -> str | None:
        """Why these settings can be no term's, known before any model is; None if they can."""
        return no_term(self)

    def least_batch(self, n: int, dim_x: int, dim_y: int, device: str) -> int:
        """The least number of trials that pays when trained together, so that no planner makes smaller ones of many.

        Measured on one thread of a CPU, n = 2000, 5 and 20 dimensions, layers 64-64 and 128-128: a critic costs 2.5 to
        5.4 times alone what it costs among 16, 1.2 to 2.5 times among two, 1.1 to 1.7 among four. On a GPU (an H200) it
        costs 11 times alone what it does among 16, and 28 times what it does among 256: all that fit are asked for.
        """
        most = self.trials_at_once(n, dim_x, dim_y, device)
        return most if device.startswith("cuda") else min(most, -(-PAYS // max(self.folds, 1)))

    def refuses(self, n: int, dim_x: int, dim_y: int, device: str) -> str | None:
        """Why n pairs so wide cannot be estimated on that device, known before a sample is drawn; None if they can."""
        kind = device.partition(":")[0]
        if kind not in self.devices:
            return f"it runs on {', '.join(self.devices)}, not on {kind}"
        try:
            sides = self.sides(dim_x, dim_y)
            reasons = [too_few(self, n), *(unreadable(head, *sides) for head in self.heads)]
        except ValueError:  # a setting that is wrong everywhere is no refusal, but the trial's error
            return None
        return next((reason for reason in reasons if reason), None)

    def trials_at_once(self, n: int, dim_x: int, dim_y: int, device: str) -> int:
        """How many trials pay when trained together: what fits the cache of a CPU core, or the memory of a GPU."""
        width = max((*self.hidden, dim_x + dim_y))
        floats = (1 + self.negatives) * self.batch_size * width
        if device.startswith("cuda"):  # 12 tensors of a layer's width, and the samples, in 4 GiB each
            together, most = min(2**30 // (floats * 12), 2**30 // (n * (dim_x + dim_y))), 1024
        else:
            together, most = 2**20 // floats, 16
        return int(np.clip(together, 4, most)) // max(self.folds, 1) or 1


class RatioEstimator(NeuralEstimator):
    """Trains T by an `objective` that is least at T = log p(x, y) / p(x) p(y), and reads it as that: E_joint[T].

    No bound: the value may exceed the mutual information, and by how much is not seen in it.
    """

    direction = "none"
    selects = "objective"
    drives = "objective"
    exponential = False

    def bound(self, joint: "Tensor", marginal: "Tensor") -> "Tensor":
        """The mean score of the pairs, in nats."""
        return joint.mean()
