"""The k-nearest-neighbour estimators of Kraskov, Stögbauer & Grassberger, Phys. Rev. E 69, 066138 (2004)."""

from dataclasses import dataclass, replace

from mibench import hookimpl, neighbors


@dataclass(frozen=True)
class KSG:
    """ψ(k) + ψ(n) − ⟨ψ(n_x + 1) + ψ(n_y + 1)⟩ (algorithm 1), or ψ(k) − 1/k + ψ(n) − ⟨ψ(n_x) + ψ(n_y)⟩ (algorithm 2).

    n_x counts the rows near in x: in algorithm 1 closer than the k-th neighbour in (x, y), in algorithm 2 as close as
    the farthest, in x, of the k neighbours.

    `norm` is the distance within x and within y; between the two it is the larger, as in the paper. "euclidean" is
    there for comparison with published values.

    `scaling` is "none", "standard" (each column in its standard deviations) or "rank" (each column to the normal scores
    of its ranks). Algorithm 1 compares distances in x with distances in y, so that units matter: on a normal pair of
    0.83 nats (n = 1000, k = 3) its bias is +0.02 nats, with x in units 1000 times smaller -0.79, and with either
    scaling +0.02 again; of exp(2x) and exp(2y) it is -0.04, with ranks +0.02. In 5 + 5 columns neither changes the
    bias of -0.21. At 1 + 1 columns and n = 10⁵ "standard" costs a tenth more and "rank" four tenths. See docs/ksg.md.

    `noise`, in standard deviations of each column, is normal noise added first to break the ties of rounded values.

    Ties bias it: a column of which more than 5 % of the values repeat, or a sample of which more than 1 % of the rows
    are copies, is an error. Rounding up to there moves 0.35 nats by less than 0.02 (`mibench.neighbors.repeats`).
    """

    k: int = 3
    algorithm: int = 1
    norm: str = "chebyshev"
    scaling: str = "none"
    noise: float = 0.0

    direction = "none"
    approach = "neighbours"
    year = 2004
    devices = ("cpu", "cuda")
    family = "k"

    def refuses(self, n, device):
        return neighbors.refuses(self.k, n, device)

    def estimate(self, x, y, seed=0, threads=1, device="cpu"):
        return self.estimate_family(x, y, [self], seed=seed, threads=threads, device=device)[0]

    def estimate_family(self, x, y, siblings, seed=0, threads=1, device="cpu"):
        """Estimates of `siblings`, which differ from this one in k alone, from one search; each as on its own."""
        for other in siblings:
            if replace(other, k=self.k) != self:
                raise ValueError(f"{other} differs from {self} in more than k: estimate it on its own")
        x, y = neighbors.with_noise(x, y, self.noise, seed)
        return neighbors.ksg_many_k(
            x,
            y,
            [other.k for other in siblings],
            algorithm=self.algorithm,
            norm=self.norm,
            scaling=self.scaling,
            threads=threads,
            device=device,
        )


@hookimpl
def mibench_estimators():
    return {"ksg": KSG()}
