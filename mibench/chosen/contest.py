"""Fit, judge, choose, and read the value of the one chosen on rows that neither fitted nor judged it."""

from collections.abc import Sequence
from math import sqrt

import numpy as np

from mibench.chosen.candidates import CANDIDATES, Entrant
from mibench.chosen.judge import chosen, logistic
from mibench.chosen.sample import Sample, shared_out
from mibench.interface import Array, Estimate, paired
from mibench.neural.bound import Bound
from mibench.neural.limits import too_few

TOLD_APART = 0.01
"""Nats a joint pair. A loss below this says that all pairs are told apart, whoever is nearer to the truth."""

NO_LIKELIHOOD = "joint and marginal pairs are all told apart, which leaves likelihoods to judge by, and it has none"


def refuses(folds: int, n: int) -> str | None:
    """Why n rows cannot be shared out; None if they can."""
    said = too_few(Bound(folds=folds), n)
    return said and f"folds={folds} of {said}"


def estimate(
    candidates: Sequence[str], folds: int, standard_errors: float, x: Array, y: Array, seed: int | None
) -> Estimate:
    """The value of the candidate that is believed; see `plugins/auto.py` for the settings.

    What is read on one fold was fitted without it, and chosen by the losses on the others; a plug-in is read on all
    rows. In few columns neighbours are read wherever the copula is not believed, whoever beat it.

    Raises ValueError for unknown candidates, rows that cannot be shared out, and where no candidate could be fitted.
    """
    from threadpoolctl import threadpool_limits

    if unknown := set(candidates) - CANDIDATES.keys():
        raise ValueError(f"candidates has {min(unknown)!r}, which is none of {', '.join(CANDIDATES)}")
    if standard_errors < 0:
        raise ValueError(f"standard_errors={standard_errors} must be at least 0")
    if folds < 2:
        raise ValueError(f"folds={folds} must be at least 2: a candidate is judged on rows that it was not fitted to")
    sample = shared_out(*paired(x, y), folds, seed)
    with threadpool_limits(1):  # matrices this small lose by a second thread, several times over where it has no core
        entered, left_out = entrants(sample, candidates)
    rivals = [one for ones in entered.values() for one in ones]
    lost = [logistic(one.joint, one.marginal) for one in rivals]
    saturated = bool(min(each.mean() for each in lost) < TOLD_APART)
    likelihoods = {k: one.density for k, one in enumerate(rivals) if saturated and one.density is not None}
    if likelihoods:
        left_out |= {one.name: NO_LIKELIHOOD for one in rivals if one.density is None}
        rivals, lost = [rivals[k] for k in likelihoods], [-density for density in likelihoods.values()]
    losses = np.stack([each.reshape(folds, -1, sample.group).mean(axis=2) for each in lost])
    winners = [rivals[chosen(np.delete(losses, fold, axis=1), standard_errors)] for fold in range(folds)]
    near = entered.get("ksg", [])
    readers = [one if one in entered.get("copula", []) or not near else near[0] for one in winners]
    names = [one.name for one in readers]
    value, variance = 0.0, 0.0
    for one in {one.name: one for one in readers}.values():
        kept = np.repeat([reader is one for reader in readers], len(one.joint) // folds)
        value += float(kept.mean()) * one.value(kept)
        variance += float(kept.mean() * (one.joint[kept] if one.read is None else one.read).var() / len(kept))
    return Estimate(
        value=value,
        std=sqrt(variance),
        flags=("saturated",) * saturated + ("repeated-rows",) * any(one.repeated for one in sample.rotations),
        chosen={
            "estimator": {name: names.count(name) for name in dict.fromkeys(names)},
            "judged_by": "likelihood" if likelihoods else "logistic score",
            "left_out": left_out,
        },
    )


def entrants(sample: Sample, candidates: Sequence[str]) -> tuple[dict[str, list[Entrant]], dict[str, str]]:
    """Those that could be fitted by their candidate's name, the simplest first, and why others could not.

    Raises ValueError, with the reason of the first, where none could.
    """
    entered, left_out = dict[str, list[Entrant]](), dict[str, str]()
    for name in (name for name in CANDIDATES if name in candidates):
        try:
            entered[name] = list(CANDIDATES[name](sample))
        except ValueError as error:
            left_out[name] = str(error)
    if not any(entered.values()):
        raise ValueError(
            next(iter(left_out.values()), f"none of {', '.join(candidates)} is for {sample.columns} columns")
        )
    return entered, left_out
