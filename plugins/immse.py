"""I-MMSE (Guo, Shamai & Verdú 2005), with learnt denoisers: what MINDE, MMG and InfoBridge have in common.

Guo, Shamai & Verdú, "Mutual information and minimum mean-square error in Gaussian channels", arXiv cs/0412108. MINDE:
Franzese et al., ICLR 2024, arXiv 2310.09031. MMG: NeurIPS 2025. InfoBridge: ICLR 2026. These write one integral in
their own variables; see docs/regression.md.
"""

from dataclasses import dataclass
from typing import ClassVar

from mibench import hookimpl
from mibench.regression import Noised

READS = ("mean", "mse-gap", "score-gap")


@dataclass(frozen=True)
class IMMSE(Noised):
    """I(X;Y) = ½ ∫ mmse(X | Z) − mmse(X | Z, Y) d snr, where Z is X in normal noise: √snr X + N.

    With l = log snr and e the noise, guessed by one network without y (e_m) and with it (e_c), held-out rows give the
    integral twice: the score gap ½ ∫ E|e_c − e_m|² dl, which the network's errors add to, and the gap of squared errors
    ½ ∫ E|e − e_m|² − E|e − e_c|² dl, which errors of e_c are taken from. `reads` is "score-gap", "mse-gap" or "mean":
    in the mean of the two, errors that have nothing to do with the truth cancel. Half their difference goes into `std`,
    and the estimate is flagged "unreliable" where it is above 0.1 nats and a tenth of the value. What a network has
    not learnt yet both gaps lack, and then they agree.

    `centre` and `spread`: levels l are drawn logistic about `centre`, cut at ±4 `spread`; what lies beyond is not seen,
    so that more than 5 nats a coordinate, or a y that fixes x, need a larger `centre`.

    Use it above some 3 nats, and where dependence bends, where critics stay low; for pictures with noise of their own
    with `network=convolution`.
    """

    reads: str = "mean"
    centre: float = 2.0
    spread: float = 3.0

    approach: ClassVar[str] = "diffusion"
    year: ClassVar[int] = 2024

    def estimate(self, x, y, seed=0, device="cpu"):
        from mibench.regression.denoising import Levels, estimate

        if self.reads not in READS:
            raise ValueError(f"reads={self.reads!r} is none of {', '.join(READS)}")
        x, y = self.checked(x, y, device)
        return estimate(self, Levels(self.centre, self.spread), self.reads, x, y, seed, device)


@hookimpl
def mibench_estimators():
    return {"immse": IMMSE()}
