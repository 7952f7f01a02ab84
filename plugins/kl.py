"""Mutual information from three entropies by Kozachenko & Leonenko (1987), the baseline of the KSG paper."""

from dataclasses import dataclass

from mibench import hookimpl, neighbors


@dataclass(frozen=True)
class KL:
    """H(X) + H(Y) − H(X, Y), with H(Z) = ψ(n) − ψ(k) + log c + dim·⟨log ε⟩.

    ε is the distance to the k-th neighbour in Z and c the volume of the unit ball; the joint ball is the product of
    the two others, so the volumes cancel. The three errors do not cancel, which is what KSG was made for.

    `norm`, `scaling` and `noise` are those of `ksg`, and so are the ties it refuses; against those noise does not help
    here, where its own entropy would be measured.
    """

    k: int = 3
    norm: str = "chebyshev"
    scaling: str = "none"
    noise: float = 0.0

    direction = "none"
    approach = "neighbours"
    year = 1987
    devices = ("cpu", "cuda")

    def refuses(self, n, device):
        return neighbors.refuses(self.k, n, device)

    def estimate(self, x, y, seed=0, threads=1, device="cpu"):
        x, y = neighbors.with_noise(x, y, self.noise, seed, noise_helps=False)
        return neighbors.kl(x, y, self.k, norm=self.norm, scaling=self.scaling, threads=threads, device=device)


@hookimpl
def mibench_estimators():
    return {"kl": KL()}
