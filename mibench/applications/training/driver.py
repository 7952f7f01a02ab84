"""How a term and a model learn beside each other: the critic's own steps, and the term's part in the model's."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from mibench.applications.training.steps import adam, descend
from mibench.applications.with_term import WithTerm
from mibench.interface import Diverged, MakeTerm, Outcome
from mibench.neural import clip_adaptive

LOOKS = 50
"""How often the bound is written down in a training."""


class Driver:
    """A term beside a model that wants the information between x `(n, dim_x)` and z `(n, dim_z)` raised, or lowered.

    Without a term, and with a weight of 0, the model's gradients are those of its own loss. `mi` is the bound in nats
    over the steps.
    """

    def __init__(self, make_term: MakeTerm, dim_x: int, dim_z: int, settings: WithTerm, *, lower: bool = False):
        self.term = make_term(dim_x, dim_z)
        self.settings, self.sign = settings, 1.0 if lower else -1.0
        self.mi: list[tuple[int, float]] = []
        if self.term is not None:
            self.critic = adam(self.term.parameters(), settings.critic_rate)

    def learn(self, x: Tensor, z: Tensor, step: int) -> None:
        """The critic's steps on a batch; nothing of them reaches the model."""
        if self.term is None:
            return
        x, z = x.detach(), z.detach()
        for _ in range(self.settings.critic_steps):
            descend(self.critic, self.term.loss(x, z))
        if step % max(self.settings.steps // LOOKS, 1) == 0:
            self.mi.append((step, self.nats(x, z)))

    def nats(self, x: Tensor, z: Tensor) -> float:
        """The term's bound on a batch. Raises AttributeError where there is no term."""
        with torch.no_grad():
            return float(self.term.bound(x, z))  # type: ignore[union-attr]

    def set_gradients(self, parameters: Sequence[Tensor], loss: Tensor | None, x: Tensor, z: Tensor) -> None:
        """Give the parameters the gradient of the loss and of the term; the loss None stands for the term alone.

        Raises Diverged, and sets none, if one of them is not finite.
        """
        own: Sequence[Tensor | None] = [None] * len(parameters)
        if loss is not None:
            own = torch.autograd.grad(loss, parameters, retain_graph=self.term is not None, allow_unused=True)
            _finite(own, "the model's own loss")
        terms: Sequence[Tensor | None] = [None] * len(parameters)
        if self.term is not None:
            terms = torch.autograd.grad(self.sign * self.term(x, z), parameters, allow_unused=True)
            _finite(terms, "the term")
            terms = clip_adaptive(own, terms) if self.settings.clip else terms
        for parameter, of_loss, of_term in zip(parameters, own, terms, strict=True):
            parameter.grad = of_loss
            if of_term is not None:
                weighted = self.settings.weight * of_term
                parameter.grad = weighted if of_loss is None else of_loss + weighted

    def curves(self) -> dict[str, list[tuple[int, float]]]:
        """The curve of the bound, if there is a term."""
        return {"mi": self.mi} if self.mi else {}


def _finite(gradients: Sequence[Tensor | None], of: str) -> None:
    norms = [gradient.norm() for gradient in gradients if gradient is not None]
    if norms and not bool(torch.stack(norms).isfinite().all()):
        raise Diverged(f"the gradient of {of} is not finite")


def scored(train: Callable[[], None], score: Callable[[], Outcome]) -> Outcome:
    """Train and score. A model that broke down is scored as it was before, and the outcome goes with the error."""
    try:
        train()
    except Diverged as broken:
        raise Diverged(str(broken), score()) from None
    return score()
