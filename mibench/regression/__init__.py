"""Networks fitted by least squares on a part of the sample, and what mutual information follows from them.

`settings` says what all share; `training` fits one network; `coordinates` is where noise is added; `networks` are what
is fitted. On these stand `denoising` (the I-MMSE identity), `flow` (entropies along a learnt flow) and `codes` (codes
that predict the other side). Importing this package imports no torch; training does.
"""

from mibench.regression.settings import Noised, Regression

__all__ = ["Noised", "Regression"]
