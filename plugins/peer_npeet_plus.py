"""npeet-plus's `mi`, the KSG of NPEET (Ver Steeg) as its successor on PyPI keeps it."""

from dataclasses import dataclass
from math import e

from mibench import hookimpl, peers
from mibench.interface import paired


@dataclass(frozen=True)
class NpeetPlus:
    """KSG algorithm 1, any dimensions, columns as they are but for uniform noise up to 1e-10; never clipped.

    The package's own unit is the bit: it is asked for base e. `alpha` above 0 adds its correction for local
    non-uniformity (Gao, Ver Steeg & Galstyan 2015). The row's `path` says which version.
    """

    k: int = 3
    alpha: float = 0.0

    direction = "none"
    approach = "peer"
    year = 2015

    def refuses(self, n):
        return peers.refuses("npeet_plus", "npeet-plus", self.k, n)

    def estimate(self, x, y, seed=0):
        import npeet_plus

        x, y = paired(x, y)
        with peers.seeded(seed):
            return peers.answer(npeet_plus.mi(x, y, k=self.k, base=e, alpha=self.alpha), "npeet-plus")


@hookimpl
def mibench_estimators():
    return {"npeet-plus": NpeetPlus()}
