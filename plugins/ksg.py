"""The k-nearest-neighbour estimators of Kraskov, Stögbauer & Grassberger, Phys. Rev. E 69, 066138 (2004)."""

from dataclasses import dataclass

from mibench import hookimpl, neighbors


@dataclass(frozen=True)
class KSG:
    """ψ(k) + ψ(n) − ⟨ψ(n_x + 1) + ψ(n_y + 1)⟩ (algorithm 1), or ψ(k) − 1/k + ψ(n) − ⟨ψ(n_x) + ψ(n_y)⟩ (algorithm 2).

    `norm` is the distance within x and within y; between the two it is the larger, as in the paper. `scaling` is
    "none", "standard" (each column to mean 0, variance 1) or "rank" (each column to the normal scores of its ranks).
    """

    k: int = 3
    algorithm: int = 1
    norm: str = "chebyshev"
    scaling: str = "none"

    def estimate(self, x, y, threads=1):
        return neighbors.ksg(
            x, y, self.k, algorithm=self.algorithm, norm=self.norm, scaling=self.scaling, threads=threads
        )


@hookimpl
def mibench_estimators():
    return {"ksg": KSG()}
