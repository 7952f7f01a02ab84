"""Conditional flow matching (Butakov et al. 2025, arXiv 2511.08552): an entropy difference along a learnt flow."""

from dataclasses import dataclass
from typing import ClassVar

from mibench import hookimpl
from mibench.regression import Noised


@dataclass(frozen=True)
class CFMMI(Noised):
    """I(X;Y) = h(X) − h(X|Y) = −∫₀¹ E[div v(x_t, t, y)] dt, with x_t = (1 − t) x' + t x and x' another row's.

    v is fitted by least squares to x − x' (flow matching), so that it carries X as it lies to X as it lies given y, and
    its divergence is the rate at which the entropy grows. The divergence of the best linear velocity, where the network
    starts, is taken by hand. What the network adds, δ, counts as E[div δ − s·δ] on held-out rows, at stratified times:
    s is minus the slope of the normal log density of x_t given y that belongs to the start. Of the exact δ the mean of
    s·δ is 0, for no linear part is left to it; of what was learnt from noise it takes off the divergence, all of it
    where data are normal. Convolutions are read without s.

    `exact_to`: up to so many coordinates the trace is exact, a derivative each; above it is one random probe a row and
    time (Hutchinson). `std` is the sampling error of the linear part and of the rest, not the network's own error.

    Use it beside `immse`: it has one network task in place of two, costs half where training is long, and its
    errors are others. It has no gauge of them, though.
    """

    exact_to: int = 32

    approach: ClassVar[str] = "flow"
    year: ClassVar[int] = 2025

    def estimate(self, x, y, seed=0, device="cpu"):
        from mibench.regression.flow import estimate

        if self.exact_to < 0:
            raise ValueError(f"exact_to={self.exact_to} must be at least 0")
        x, y = self.checked(x, y, device)
        return estimate(self, self.exact_to, x, y, seed, device)


@hookimpl
def mibench_estimators():
    return {"cfmmi": CFMMI()}
