"""The t copula (Demarta & McNeil 2005): correlation, and tails that columns share, its exact bias taken off."""

from dataclasses import dataclass
from math import sqrt

from mibench import Estimate, copulas, hookimpl
from mibench.interface import paired


@dataclass(frozen=True)
class TCopula:
    """½ log(|Rx| |Ry| / |Rxy|) + c(ν) + c(ν+dx+dy) − c(ν+dx) − c(ν+dy) less its bias, c(m) = log Γ(m/2) − (m/2) ψ(m/2).

    R and ν are the likeliest for the ranks; where a ν gains no more than 2 nats of likelihood over a normal copula it
    is one, and the value that of `gaussian-copula`. The bias is `mibench.copulas.wishart_bias`, wider by
    (ν + dx + dy + 2) / (ν + dx + dy), the factor of a t distribution's shape.

    Exact for a t pair, a normal one or either behind monotone maps of its columns; large values rise together in all
    columns, or only their correlation is seen. May be negative. A second or two at n = 10,000 in 32 + 32 columns. For
    heavy tails, and whenever `gaussian-copula` is considered. A column of which one value makes up 5 % is an error.
    """

    direction = "none"
    approach = "parametric"
    year = 2005

    def refuses(self, n, dim_x, dim_y):
        return copulas.too_few(n, dim_x, dim_y)

    def estimate(self, x, y):
        x, y = paired(x, y)
        fitted = copulas.fit_student(x, y)
        return Estimate(fitted.value, std=float(fitted.log_ratio(x, y).std()) / sqrt(len(x)))


@hookimpl
def mibench_estimators():
    return {"t-copula": TCopula()}
