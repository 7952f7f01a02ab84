"""A neural estimator as a part of someone's model: a bound to raise or lower, and the clipping of its gradient."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from mibench.neural.architectures import build
from mibench.neural.bound import Bound
from mibench.neural.company import over_critics, whole
from mibench.neural.scores import joint_and_marginal, tables


class Objective(nn.Module):
    """A critic of batches x `(n, dim_x)` and z `(n, dim_z)`, and the bound it gives on their mutual information.

    Calling it gives the bound in nats, differentiable in x, z and the critic; `loss` gives what the critic's own step
    minimises, and that step alone advances the state of the objective, such as MINE's moving average.
    """

    def __init__(self, estimator: Bound, dim_x: int, dim_z: int, seed: int | None = None):
        super().__init__()
        self.estimator = estimator
        self.critic = build(estimator, dim_x, dim_z)
        self.theta = nn.Parameter(self.critic.draw(np.random.default_rng(seed)).unsqueeze(0))
        self.register_buffer("state", torch.tensor([estimator.state], dtype=torch.float64).T)

    def scores(self, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """Joint and marginal scores; partners are other rows of the batch."""
        if len(x) != len(z) or len(x) < 2:
            raise ValueError(f"x and z need the same number of rows, at least 2, not {len(x)} and {len(z)}")
        group = min(self.estimator.negatives + 1, len(x))
        weights = self.critic.unpack(self.theta)
        return joint_and_marginal(tables(self.critic, weights, x.unsqueeze(0), z.unsqueeze(0), group))

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        """The bound on this batch, in nats."""
        return over_critics(self.estimator.bound, *self.scores(x, z))[0][0].to(x.dtype)

    def loss(self, x: Tensor, z: Tensor, advance: bool = True) -> Tensor:
        """What the critic minimises; no amount of information. With `advance` false the state stays as it is."""
        state = self.get_buffer("state")
        value, *after = over_critics(self.estimator.objective, *self.scores(x, z), *(whole(s) for s in state))
        if advance and after:
            state.copy_(torch.stack([s[:1] for s in after]).detach())
        return value[0].to(x.dtype)


def objective(estimator: str | Bound, dim_x: int, dim_z: int, seed: int | None = None) -> Objective:
    """A neural estimator, or the one of a name, as a loss inside a model: see `Objective`."""
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
