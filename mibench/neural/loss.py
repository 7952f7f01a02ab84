"""A neural estimator as a part of someone's model: a term to raise or lower, and the clipping of its gradient.

Its critic is alone in its model, so nothing is padded for company (see `mibench.neural.company`), and torch computes
it all, which can be differentiated twice.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from mibench.neural.architectures import build
from mibench.neural.bound import Bound, Drives
from mibench.neural.company import score_dtype
from mibench.neural.limits import checked, no_term
from mibench.neural.scores import apart, tables, tables_in_parts
from mibench.neural.training import keep_freed_memory


class Objective(nn.Module):
    """An estimator's term: a critic of batches x `(n, dim_x)` and z `(n, dim_z)`, whose rows are pairs in random order.

    Calling it gives what a model raises or lowers, differentiable (twice, if need be) in x, z and the critic: the bound
    in nats, or minus the objective where `drives` is "objective". `loss` gives what the critic's own step minimises,
    and that step alone advances the state of the term, such as MINE's moving average. `bound` is for reports.

    Mismatched partners are other rows of the batch, `negatives` a row; rows beyond the last whole group of
    `negatives + 1` are left. Raises ValueError for settings that mean nothing in a term.
    """

    def __init__(
        self,
        estimator: Bound,
        dim_x: int,
        dim_z: int,
        seed: int | None = None,
        device: str = "cpu",
        drives: Drives = "bound",
    ):
        super().__init__()
        said = no_term(estimator)
        if said:
            raise ValueError(said)
        checked(estimator)
        keep_freed_memory()
        self.estimator, self.drives, self.dims = estimator, drives, (dim_x, dim_z)
        self.critic = build(estimator, *estimator.sides(dim_x, dim_z))
        self.critic.differentiable_twice()
        theta = self.critic.draw(np.random.default_rng(seed)).unsqueeze(0)
        self.theta = nn.Parameter(theta.to(device))
        start = torch.tensor(estimator.state, dtype=score_dtype(self.theta.device), device=self.theta.device)
        self.register_buffer("state", start)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        """What a model raises or lowers; the state stays as it is."""
        joint, marginal = self.scores(x, z)
        if self.drives == "objective":
            return -self._objective(joint, marginal)[0].to(wide_enough(x, z))
        return self.estimator.bound(joint, marginal).to(wide_enough(x, z))

    def loss(self, x: Tensor, z: Tensor, advance: bool = True) -> Tensor:
        """What the critic minimises; no amount of information. With `advance` false the state stays as it is."""
        value, after = self._objective(*self.scores(x, z))
        if advance and after:
            self.get_buffer("state").copy_(torch.stack(after).detach())
        return value.to(wide_enough(x, z))

    @torch.no_grad()
    def bound(self, x: Tensor, z: Tensor) -> Tensor:
        """The bound in nats, with `test_negatives` mismatched partners a row, as an estimate reads it. No gradient."""
        weights, one, other = self._inputs(x, z)
        group = min(self.estimator.test_negatives + 1, len(x))
        joint, marginal = self._lone(tables_in_parts(self.critic, weights, one, other, group))
        return self.estimator.bound(joint, marginal)

    def scores(self, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """Joint scores `(n,)` and marginal ones `(n, negatives)`, as formulas take them."""
        weights, one, other = self._inputs(x, z)
        group = min(self.estimator.negatives + 1, len(x))
        return self._lone(tables(self.critic, weights, one, other, group))

    def _objective(self, joint: Tensor, marginal: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The objective, and the state after it."""
        found = self.estimator.objective(joint, marginal, *self.get_buffer("state").clone())
        value, *after = found if isinstance(found, tuple) else (found,)
        return value, after

    def _inputs(self, x: Tensor, z: Tensor) -> tuple[list[Tensor], Tensor, Tensor]:
        """The critic's weights and its two sides, as of one critic among K."""
        shapes = [tuple(side.shape) for side in (x, z)]
        if shapes != [(len(x), dim) for dim in self.dims] or len(x) < 2:
            wanted = " and ".join(f"(n, {dim})" for dim in self.dims)
            raise ValueError(f"x and z have shapes {shapes[0]} and {shapes[1]}; expected {wanted} with one n >= 2")
        dtype = wide_enough(x, z)
        one, other = self.estimator.sides(x, z)
        weights = self.critic.unpack(self.theta.to(dtype))
        return weights, one.to(dtype).unsqueeze(0), other.to(dtype).unsqueeze(0)

    def _lone(self, table: Tensor) -> tuple[Tensor, Tensor]:
        """What `joint_and_marginal` gives, of one critic that needs no company to be the same in."""
        joint, marginal = apart(table.to(score_dtype(table.device)))
        return joint[0], marginal[0]


def wide_enough(x: Tensor, z: Tensor) -> torch.dtype:
    """float32, or float64 if x or z is."""
    return torch.promote_types(torch.promote_types(x.dtype, z.dtype), torch.float32)


def objective(estimator: str | Bound, dim_x: int, dim_z: int, seed: int | None = None) -> Objective:
    """The term of a neural estimator, or of the one of a name, in which the bound drives the model: see `Objective`."""
    if isinstance(estimator, str):
        import mibench

        estimator = mibench.estimator(estimator)
    if not isinstance(estimator, Bound):
        raise ValueError(f"{type(estimator).__name__} is no neural estimator: it has no bound to differentiate")
    return Objective(estimator, dim_x, dim_z, seed)


def clip_adaptive(utility: Sequence[Tensor | None], mutual: Sequence[Tensor | None]) -> list[Tensor | None]:
    """The mutual information's gradients, made no longer than the utility's: min(‖g_u‖, ‖g_m‖) · g_m / ‖g_m‖.

    Adaptive clipping of Belghazi et al. 2018: both are gradients at the parameters of the model that is regularised,
    and the norms are over all of them together. None stands for a parameter without a gradient.
    """
    norm_u, norm_m = (
        torch.stack([g.norm() for g in gs if g is not None] or [torch.zeros(())]).norm() for gs in (utility, mutual)
    )
    scale = torch.where(norm_m > norm_u, norm_u / norm_m, 1.0)
    return [None if g is None else g * scale for g in mutual]
