"""Critics as log ratios: trained on rows that someone else shared out, and asked for their scores of any pairs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mibench.interface import Array, Diverged
from mibench.neural.architectures import build
from mibench.neural.bound import Bound
from mibench.neural.company import one_thread
from mibench.neural.critics import Critic
from mibench.neural.feed import Material, Walk
from mibench.neural.inputs import fitted
from mibench.neural.limits import added, checked
from mibench.neural.scaling import Scale, held_by_float32
from mibench.neural.scores import joint_and_marginal, tables_in_parts
from mibench.neural.split import Parts
from mibench.neural.training import Fitted, train
from mibench.neural.trials import batch_rows


@dataclass(frozen=True, eq=False)
class Trained:
    """A critic T with the maps of its two sides."""

    critic: Critic
    weights: Tensor
    scale_x: Scale
    scale_y: Scale

    @torch.no_grad()
    def scores(self, x: Array, y: Array, group: int) -> tuple[Array, Array]:
        """T of each pair, `(n,)`, and of each row of x with the other rows of its group of y, `(n, group - 1)`.

        Groups are `group` rows that follow each other; rows beyond the last whole one are left.
        """
        x_in, y_in = (torch.from_numpy(scale(z))[None] for scale, z in ((self.scale_x, x), (self.scale_y, y)))
        with one_thread():
            weights = self.critic.unpack(self.weights[None])
            joint, marginal = joint_and_marginal(tables_in_parts(self.critic, weights, x_in, y_in, group))
        return joint[0].numpy(), marginal[0].numpy()


def critics(settings: Bound, x: Array, y: Array, folds: Sequence[Parts], seed: int | None) -> list[Trained]:
    """A critic for each fold, all trained at once on a CPU: nothing is done with the test rows.

    The folds have equally many rows in each part. Raises Diverged if one of them broke down.
    """
    checked(settings)
    materials, scales = [], []
    for rows, stream in zip(folds, np.random.SeedSequence(seed).spawn(len(folds)), strict=True):
        scale_x, scale_y = fitted(settings, x[rows.train], y[rows.train])
        fit, valid = (
            (held_by_float32(scale_x(x[part]), settings.scaling), held_by_float32(scale_y(y[part]), settings.scaling))
            for part in (rows.train, rows.valid)
        )
        rng, size = np.random.default_rng(stream), batch_rows(settings, len(rows.train))
        materials.append(Material(rng, Walk(*fit, rng, size), size, rows.distinct, valid, valid, rows.repeated))
        scales.append((scale_x, scale_y))
    more_x, more_y = added(settings, x.shape[1], y.shape[1])
    critic, fits = build(settings, x.shape[1] + more_x, y.shape[1] + more_y), dict[int, Fitted]()
    with one_thread():
        for ended in train(settings, critic, materials, torch.device("cpu")):
            fits |= ended
    best = [weights for _, fit in sorted(fits.items()) if (weights := fit.best) is not None]
    if len(best) < len(folds):
        raise Diverged("the critic's weights or its bound stopped being finite")
    return [Trained(critic, weights, *scale) for weights, scale in zip(best, scales, strict=True)]
