"""Copulas of known form, fitted to a sample: parametric mutual information, and its log ratio as a function.

Each side's columns are first taken to their ranks, so that units and monotone maps of a column change nothing.
`elliptical` holds the normal and the t copula, `mixture` a mixture of normals on normal scores, `fits` fits them and
`fitted` says what a fit can be asked. Importing this room imports numpy and nothing heavier.
"""

from mibench.copulas.elliptical import wishart_bias
from mibench.copulas.fits import fit_gaussian, fit_mixture, fit_student, too_few, too_few_for_modes
from mibench.copulas.fitted import Fitted

__all__ = ["Fitted", "fit_gaussian", "fit_mixture", "fit_student", "too_few", "too_few_for_modes", "wishart_bias"]
