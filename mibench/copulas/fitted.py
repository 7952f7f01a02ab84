"""A copula that was fitted: its value, and its log ratio for pairs that it was not fitted to."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mibench.copulas.elliptical import Elliptical, Softening, softened
from mibench.copulas.margins import Margins
from mibench.copulas.mixture import Mixture
from mibench.interface import Array


@dataclass(frozen=True, eq=False)
class Fitted:
    """A copula of x and y with the margins of the rows it was fitted to.

    `value` is its mutual information in nats less the bias that a fit to so many rows has, of a mixture None: that has
    no closed form, and its bias none either. `parameters` is how many numbers were fitted to the rows.
    """

    margins_x: Margins
    margins_y: Margins
    model: Elliptical | Mixture
    value: float | None
    parameters: int

    def log_ratio(self, x: Array, y: Array) -> Array:
        """log q(x, y) / q(x) q(y) of each pair `(n,)`, in nats."""
        scores, of_x, of_y = self._read(x, y)
        return np.asarray(self.model.log_density(scores, slice(None)) - of_x - of_y)

    def log_ratios(self, x: Array, y: Array, partners: npt.NDArray[np.intp]) -> Array:
        """The same of each row of x with the rows of y that `partners` `(n, m)` names: `(n, m)`."""
        scores, of_x, of_y = self._read(x, y)
        dim_x = x.shape[1]
        found = np.empty(partners.shape)
        for m, rows in enumerate(partners.T):
            pairs = np.hstack([scores[:, :dim_x], scores[rows, dim_x:]])
            found[:, m] = self.model.log_density(pairs, slice(None)) - of_x - of_y[rows]
        return found

    def log_copula(self, x: Array, y: Array) -> Array:
        """log density `(n,)` of the ranks of each pair, all columns together: what fits are compared by."""
        scores = self._scores(x, y)
        return np.asarray(self.model.log_density(scores, slice(None)) - self.model.log_margins(scores).sum(axis=1))

    def softened(self, n: int, way: Softening) -> "Fitted":
        """For judging pairs that it was not fitted to: canonical correlations of n rows lowered, `value` as it was.

        Of a normal or t copula alone; see `elliptical.softened`.
        """
        assert isinstance(self.model, Elliptical)
        lower = softened(self.model.correlation, len(self.margins_x.columns), n, way)
        return replace(self, model=replace(self.model, correlation=lower))

    def _scores(self, x: Array, y: Array) -> Array:
        return self.model.scores(np.hstack([self.margins_x.places(x), self.margins_y.places(y)]))

    def _read(self, x: Array, y: Array) -> tuple[Array, Array, Array]:
        scores, dim_x = self._scores(x, y), x.shape[1]
        of_x = self.model.log_density(scores[:, :dim_x], slice(0, dim_x))
        return scores, of_x, self.model.log_density(scores[:, dim_x:], slice(dim_x, None))
