"""Which true values fit a sample: known mutual information, put between the user's own rows, and what is seen of it.

`families` are pairs of numbers of known information; `features` are numbers of a side, and `repairing` ties one of x to
one of y by pairing the user's rows anew. `surrogates` are fresh draws for dependence in many directions, and `bank`
draws from all of these. `statistics` is what is seen of a sample, `judged` which members look like one's own,
`responses` how estimators do on them, and `calibrated` goes this way. Nothing here imports torch.
"""

from mibench.calibration.calibrated import STRUCTURES, Ask, Calibrated, calibrate, refusal, whole
from mibench.calibration.responses import Response

__all__ = ["STRUCTURES", "Ask", "Calibrated", "Response", "calibrate", "refusal", "whole"]
