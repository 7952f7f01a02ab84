"""One number for data of unknown shape: several estimates, and the one that held-out pairs speak for."""

from dataclasses import dataclass

from mibench import chosen, hookimpl


@dataclass(frozen=True)
class Auto:
    """Fits copulas, neighbours and critics, believes the log ratio with the best held-out score, and reports its value.

    Each candidate gives T(x, y), near log p(x, y) / p(x) p(y), fitted once for each fold without it. Its score on
    held-out pairs is softplus(log m − T) of a joint pair and softplus(T − log m) of each of its m mismatched partners,
    in sum: a proper score, least at the true log ratio. The truth has no say. The copula, which comes first, is
    believed unless the best of the others is better by more than `standard_errors` of the paired gain.

    What is read: of a copula the mutual information of a fit to all rows less its exact bias; in up to 4 columns, where
    the copula is not believed, KSG of all rows; else, fold by fold, E_joint[T] of a mixture or E_joint[T] − log
    E_marginal[e^T] of a critic, fitted without the fold and chosen by the scores on the others. `chosen` in the row
    says who won how many folds. Where all pairs are told apart ("saturated"), copulas and mixtures are judged by
    likelihood; critics and neighbours, which have none, are left out, and `chosen` says so, as it does of candidates
    that could not be fitted.

    * `candidates`: who is in the running. "copula": a t copula, or the normal one where degrees of freedom gain
      nothing. "mixture": 2, 3, 5, 10 and 20 normals on normal scores, as far as there are two rows a parameter. "ksg":
      neighbours, in up to 4 columns. "critic": one trained by the Jensen-Shannon objective with `inputs=canonical`, in
      more. Ties in a column leave ksg, in its mixed form, and the critic; constant columns are dropped;
    * `folds`: shares of the rows, each held out once;
    * `standard_errors`: of the paired gain that a less simple candidate must bring.

    For data of unknown shape, where one number is wanted. It is no bound, and no term of a model. Where the shape is
    known, or one method is under study, that estimator itself says more. It runs on one thread. In more than 4 columns
    most of its cost are the critics, one a fold, trained together.
    """

    candidates: tuple[str, ...] = ("copula", "mixture", "ksg", "critic")
    folds: int = 5
    standard_errors: float = 2.0

    direction = "none"
    panel = {kind: {} for kind in ("continuous", "rounded", "mixed", "discrete")}
    approach = "choice"
    year = 2026

    def refuses(self, n):
        return chosen.refuses(self.folds, n)

    def estimate(self, x, y, seed=0):
        return chosen.estimate(self.candidates, self.folds, self.standard_errors, x, y, seed)


@hookimpl
def mibench_estimators():
    return {"auto": Auto()}
