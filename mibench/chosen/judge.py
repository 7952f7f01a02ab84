"""Which log ratio to believe, from its values on joint and on marginal pairs that it was not fitted to."""

import numpy as np

from mibench.interface import Array


def logistic(joint: Array, marginal: Array) -> Array:
    """The logarithmic score `(n,)` of "which of these pairs is the joint one?", asked of each pair on its own.

    T is of n joint pairs, `(n,)`, and of each row with m partners, `(n, m)`; before it is looked at, a pair is a joint
    one with odds of 1 to m. softplus(log m − T) + Σ softplus(T − log m) over the partners is a proper score: least in
    expectation at T = log p(x, y) / p(x) p(y), and nowhere else. With m = 1 it is the Jensen-Shannon objective.
    """
    odds = np.log(marginal.shape[1])
    lost: Array = np.logaddexp(0, odds - joint) + np.logaddexp(0, marginal - odds).sum(axis=1)
    return lost


def chosen(losses: Array, standard_errors: float) -> int:
    """The place of the candidate that is believed, of losses `(candidates, ...)` on parts, the simplest one first.

    The simplest is, unless the best of the others is better by more than so many standard errors of the paired gain.
    """
    lost = losses.reshape(len(losses), -1)
    if len(lost) == 1:
        return 0
    best = 1 + int(lost[1:].mean(axis=1).argmin())
    gain = lost[0] - lost[best]
    return best if gain.mean() > standard_errors * gain.std(ddof=1) / np.sqrt(len(gain)) else 0
