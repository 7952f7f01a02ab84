"""Latent mutual information (Gowri et al., NeurIPS 2024, arXiv 2409.02732): nearest neighbours on learnt codes."""

from dataclasses import dataclass, replace
from typing import ClassVar

from mibench import hookimpl, neighbors
from mibench.neural.limits import shares
from mibench.regression import Regression


@dataclass(frozen=True)
class LatentMI(Regression):
    """I(X;Y) ≥ I(E(X); F(Y)), the latter by KSG (algorithm 1, `k`) on held-out codes; no bound, for KSG is none.

    The encoders E and F are learnt with four decoders, which shall find x and y each from E(x) and from F(y): the sum
    of the four squared errors. A code is `codes` wide, and no wider than its side. `hidden` are an encoder's layers; a
    decoder has them the other way round. Half of the rows are held out, and scaled values count as ±10 at most, as in
    the authors' code; layers, batches and rates are those of the harness.

    Use it where few directions of many carry the dependence, such as images. A code keeps what explains most of the
    variance: dependence in what varies little is lost. KSG on wide codes is low: at n = 10,000 it gave 1.5 of 2 nats in
    5 + 5 turned columns, and 0.8 of 10 in 20 + 20, where no 8 directions of a side hold it all.
    """

    codes: int = 8
    k: int = 4
    hidden: tuple[int, ...] = (128, 64)
    learning_rate: float = 1e-3
    scaling: str = "standard"
    split: tuple[int, ...] = (45, 5, 50)

    devices = ("cuda", "cpu")
    approach: ClassVar[str] = "neighbours"
    year: ClassVar[int] = 2024

    def refuses(self, n, dim_x, dim_y, device):
        said = super().refuses(n, dim_x, dim_y, device)
        try:
            held_out = shares(self, n)[2]
        except ValueError:  # a split that is wrong everywhere is the trial's error
            return said
        fewer = neighbors.refuses(self.k, held_out)
        return said or (fewer and f"{fewer} rows are held out of {n}")

    def estimate(self, x, y, seed=0, device="cpu", threads=1):
        from mibench.regression.codes import held_out

        if self.codes < 1:
            raise ValueError(f"codes={self.codes} must be at least 1")
        x, y = self.checked(x, y, device)
        of_x, of_y, fitted = held_out(self, self.codes, x, y, seed, device)
        try:
            found = neighbors.ksg(of_x, of_y, self.k, threads=threads, device=device)
        except ValueError as error:
            raise ValueError(f"the codes of x and y, which neighbours are sought in: {error}") from error
        return replace(fitted.estimate(found.value), path=found.path)


@hookimpl
def mibench_estimators():
    return {"latent-mi": LatentMI()}
