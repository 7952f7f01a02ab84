"""ennemi's `estimate_mi` (Laarne et al. 2021), its KSG for one column against one."""

from dataclasses import dataclass

from mibench import hookimpl, peers
from mibench.interface import paired


@dataclass(frozen=True)
class Ennemi:
    """KSG algorithm 1 in nats, with the package's own approximate digamma, never clipped.

    It scales both columns to unit variance and adds normal noise of 1e-10 from a seed of its own. It takes y before x.
    One column a side. The row's `path` says which version.
    """

    k: int = 3

    direction = "none"
    approach = "peer"
    year = 2021

    def refuses(self, n, dim_x, dim_y):
        return peers.refuses("ennemi", "ennemi", self.k, n) or peers.one_column(dim_x, dim_y, "ennemi")

    def estimate(self, x, y, threads=1):
        import ennemi

        x, y = paired(x, y)
        return peers.answer(ennemi.estimate_mi(y[:, 0], x[:, 0], k=self.k, max_threads=threads).item(), "ennemi")


@hookimpl
def mibench_estimators():
    return {"ennemi": Ennemi()}
