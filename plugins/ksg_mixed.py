"""The estimator of Gao, Kannan, Oh & Viswanath, "Estimating mutual information for discrete-continuous mixtures",
NIPS 2017 (arXiv:1709.06212)."""

from dataclasses import dataclass

from mibench import hookimpl, neighbors


@dataclass(frozen=True)
class KSGMixed:
    """⟨ψ(k̃) + log n − log(n_x + 1) − log(n_y + 1)⟩, for discrete, continuous and mixed data.

    n_x counts the rows no farther in x than the k-th neighbour in (x, y), and k̃ is k, or, where that neighbour is at
    distance zero, the number of rows there. On discrete data with many rows a value it tends to the plug-in estimate.

    `norm` and `scaling` are those of `ksg`.
    """

    k: int = 5
    norm: str = "chebyshev"
    scaling: str = "none"

    direction = "none"
    devices = ("cpu", "cuda")

    def estimate(self, x, y, threads=1, device="cpu"):
        return neighbors.ksg_mixed(x, y, self.k, norm=self.norm, scaling=self.scaling, threads=threads, device=device)


@hookimpl
def mibench_estimators():
    return {"ksg-mixed": KSGMixed()}
