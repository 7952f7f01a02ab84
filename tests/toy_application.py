"""An application that trains in milliseconds, and estimators that can be its term, as one plugin file."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from mibench import Diverged, Outcome, Score, hookimpl


def descend(loss, parameters, rate):
    """A step down the gradient; torch.optim takes seconds to load, in each process anew."""
    gradients = torch.autograd.grad(loss, parameters)
    with torch.no_grad():
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter -= rate * gradient


@dataclass(frozen=True)
class Toy:
    """A linear encoder of two columns into one, which reconstructs the first; the term is on (x, E(x))."""

    rows: int = 64
    weight: float = 0.5
    clip: bool = True
    critic_rate: float = 0.05
    critic_steps: int = 1
    steps: int = 6

    scores: ClassVar = {"error": Score("lower", margin=0.01), "slope": Score("higher")}
    baselines: ClassVar = ("mean",)
    term_fields: ClassVar = ("weight", "clip", "critic_rate", "critic_steps")

    def __post_init__(self):
        if self.weight < 0:
            raise ValueError(f"weight={self.weight} is below 0")

    def train(self, make_term, *, seed, device, baseline=None):
        generator = torch.Generator().manual_seed(seed)
        x = torch.randn(self.rows, 2, generator=generator)
        encoder = torch.randn(2, 1, generator=generator).requires_grad_()
        if baseline == "mean":
            return Outcome({"error": float(x[:, 0].square().mean())})
        term = make_term(2, 1)
        curve = []
        for step in range(self.steps):
            noisy = x + 0.1 * torch.randn(x.shape, generator=generator)
            loss = (noisy @ encoder - x[:, :1]).square().mean()
            curve.append((step, loss.item()))
            if term is not None:
                for _ in range(self.critic_steps):
                    descend(term.loss(noisy, (noisy @ encoder).detach()), [*term.parameters()], self.critic_rate)
                loss = loss - self.weight * term(noisy, noisy @ encoder)
            if not torch.isfinite(loss):
                raise Diverged(f"the loss is {float(loss)} at step {step}", last=self.outcome(x, encoder, None, curve))
            descend(loss, [encoder], 0.1)
        return self.outcome(x, encoder, term, curve)

    def outcome(self, x, encoder, term, curve):
        z = (x @ encoder).detach()
        slope = encoder[0].item() if self.steps else float("nan")
        return Outcome(
            {"error": float((z - x[:, :1]).square().mean()), "slope": slope},
            mi_estimate=None if term is None else float(term.bound(x, z)),
            curves={"loss": curve},
            pictures={"codes": np.asarray(z[:4], dtype=np.float32)},
            chosen={"step": self.steps},
        )


class Bilinear(torch.nn.Module):
    """Donsker and Varadhan's bound with the critic x' W z."""

    def __init__(self, dim_x, dim_z, seed, factor):
        super().__init__()
        torch.randn(3)  # a careless author's draw from the global stream: no model may see it
        start = torch.randn(dim_x, dim_z, generator=torch.Generator().manual_seed(seed))
        self.weight = torch.nn.Parameter(0.1 * start)
        self.factor = factor

    def forward(self, x, z):
        scores = x @ self.weight @ z.T
        n = len(x)
        apart = scores.masked_fill(torch.eye(n, dtype=torch.bool), -torch.inf)
        return self.factor * (scores.diag().mean() - apart.flatten().logsumexp(0) + np.log(n * (n - 1)))

    def bound(self, x, z):
        return self.forward(x, z).detach()

    def loss(self, x, z):
        return -self.forward(x, z)


@dataclass(frozen=True)
class Bound:
    factor: float = 1.0

    def term(self, dim_x, dim_z, *, seed, device):
        return Bilinear(dim_x, dim_z, seed, self.factor)

    def estimate(self, x, y):
        return 0.0


@dataclass(frozen=True)
class Namesake(Bound):
    """Has the name, and a field, of the application."""

    rows: int = 1


@dataclass(frozen=True)
class Choosy(Bound):
    """Has a setting that means nothing in a term."""

    folds: int = 1

    def refuses_term(self):
        return f"folds={self.folds} means nothing in a term" if self.folds > 1 else None


@dataclass(frozen=True)
class Empty(Bound):
    def term(self, dim_x, dim_z, *, seed, device):
        return None


@dataclass(frozen=True)
class Plain:
    def estimate(self, x, y):
        return 0.0


@hookimpl
def mibench_estimators():
    return {
        "bound": Bound(),
        "spoilt": Bound(float("nan")),
        "plain": Plain(),
        "empty": Empty(),
        "toy": Namesake(),
        "choosy": Choosy(),
    }


@hookimpl
def mibench_tasks():
    return {"toy": {"small": Toy(), "large": Toy(rows=128)}}
