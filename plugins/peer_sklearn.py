"""scikit-learn's `mutual_info_regression`, its KSG for one column against one (Kraskov et al. 2004, Ross 2014)."""

from dataclasses import dataclass

from mibench import hookimpl, peers
from mibench.interface import paired


@dataclass(frozen=True)
class SklearnKSG:
    """max(0, KSG algorithm 1) in nats: scikit-learn clips at zero, and that cannot be undone here.

    It scales both columns to unit variance and adds normal noise of 1e-10 of their size. `k` is its `n_neighbors`.
    One column a side. The row's `path` says which version; `ksg:scaling=standard` computes the same without the clip.
    """

    k: int = 3

    direction = "none"
    approach = "peer"
    year = 2004

    def refuses(self, n, dim_x, dim_y):
        return peers.refuses("sklearn", "scikit-learn", self.k, n) or peers.one_column(dim_x, dim_y, "scikit-learn")

    def estimate(self, x, y, seed=0):
        from sklearn.feature_selection import mutual_info_regression

        x, y = paired(x, y)
        (nats,) = mutual_info_regression(
            x, y[:, 0], discrete_features=False, n_neighbors=self.k, random_state=seed % 2**32
        )
        return peers.answer(nats, "scikit-learn")


@hookimpl
def mibench_estimators():
    return {"sklearn-ksg": SklearnKSG()}
