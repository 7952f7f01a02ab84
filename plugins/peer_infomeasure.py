"""infomeasure's `mutual_information(approach="ksg")`, any dimensions (Kraskov et al. 2004)."""

from dataclasses import dataclass

from mibench import hookimpl, peers
from mibench.interface import paired


@dataclass(frozen=True)
class Infomeasure:
    """KSG algorithm 1 in nats, columns as they are but for normal noise of 1e-10; never clipped.

    `k` is 3 as of the other KSGs, and not the package's own 4. Its `ksg_id=2` is not offered: of 0.6.3 it is not the
    paper's algorithm 2 (docs/ksg.md). The row's `path` says which version.
    """

    k: int = 3

    direction = "none"
    approach = "peer"
    year = 2004

    def refuses(self, n):
        return peers.refuses("infomeasure", "infomeasure", self.k, n)

    def estimate(self, x, y, seed=0):
        import infomeasure

        x, y = paired(x, y)
        nats = infomeasure.mutual_information(x, y, approach="ksg", k=self.k, base="e", seed=seed)
        return peers.answer(nats, "infomeasure")


@hookimpl
def mibench_estimators():
    return {"infomeasure": Infomeasure()}
