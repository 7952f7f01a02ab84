"""Which true values fit what was seen: those whose bank members look like it."""

from dataclasses import dataclass

import numpy as np

from mibench.interface import Array

NEAREST = 60
"""Members from whose two samples the scatter of the statistics is read."""

SHRUNK = 0.3
"""Share of the covariance that is its diagonal alone."""

DROP, WIDEST = 7.0, 2.0
"""A member fits if its squared distance exceeds the least by at most `DROP`; if none is near, up to twice as much."""

FOLLOWERS = 25.0
"""Members, in effect, that the local regression is made from."""

LEVEL = 0.9
ALONE = 2.0
"""Standard deviations that one estimate alone may be off."""


@dataclass(frozen=True, eq=False)
class Judged:
    """The interval in nats, whether anything in the bank looks like the sample, and the interval by ksg alone."""

    interval: tuple[float, float]
    fits: bool
    by_first: tuple[float, float]
    distance: float


def judged(truths: Array, seen: Array, observed: Array) -> Judged:
    """`truths` `(m,)` of the members, `seen` `(m, 2, p)` statistics of two draws of each, `observed` `(p,)`."""
    p = len(observed)
    means, halves = seen.mean(axis=1), (seen[:, 0] - seen[:, 1]) / np.sqrt(2)
    scale = np.median(np.abs(halves), axis=0) / 0.6745 + 1e-9
    far = (((means - observed) / scale) ** 2).sum(axis=1)
    for _ in range(2):  # once more with the covariance of those that are near by it
        near = np.argsort(far, kind="stable")[:NEAREST]
        covariance = halves[near].T @ halves[near] / len(near)
        covariance = (1 - SHRUNK) * covariance + SHRUNK * np.diag(np.diag(covariance)) + 1e-10 * np.eye(p)
        inverse = np.linalg.inv(covariance)
        apart = means - observed
        far = np.einsum("mi,ij,mj->m", apart, inverse, apart) / 1.5
    least = float(far.min())
    phi = float(np.clip(least / p, 1.0, WIDEST))
    hull = truths[far <= least + DROP * phi]
    low, high = _followed(truths, seen, observed, inverse, phi)
    low, high = min(low, float(hull.min())), max(high, float(hull.max()))
    fits = least <= p
    by_first = alone(truths, seen[:, :, 0], float(observed[0]))
    if not fits:
        low, high = min(low, by_first[0]), max(high, by_first[1])
    low, high = np.clip([low, high], 0.0, truths.max())  # beyond the bank nothing is known
    return Judged((float(low), float(high)), fits, by_first, least / p)


def alone(truths: Array, values: Array, observed: float) -> tuple[float, float]:
    """The same by one number: truths of members whose mean of two draws `(m, 2)` is near; the nearest if none is."""
    means = values.mean(axis=1)
    near = np.argsort(np.abs(means - observed), kind="stable")[: max(15, len(means) // 4)]
    sd = float(np.sqrt(np.mean((values[near, 0] - values[near, 1]) ** 2) / 2 * 1.5))
    within = truths[np.abs(means - observed) <= max(ALONE * sd, float(np.abs(means - observed).min()))]
    return float(within.min()), float(within.max())


def _followed(truths: Array, seen: Array, observed: Array, inverse: Array, phi: float) -> tuple[float, float]:
    """Where a local regression of truths on statistics puts it, by the residuals of members that it leaves out."""
    m, _, p = seen.shape
    apart = seen.reshape(2 * m, p) - observed
    far = np.einsum("mi,ij,mj->m", apart, inverse, apart) / 2
    own = np.repeat(truths, 2)
    weights = _weights(far)
    whitened = apart @ np.linalg.cholesky(inverse)
    design = np.hstack([np.ones((len(own), 1)), whitened])
    gram = design.T @ (weights[:, None] * design)
    gram[np.diag_indices_from(gram)] += np.r_[0.0, np.ones(p)]
    solved = np.linalg.solve(gram, (weights[:, None] * design).T)
    beta = solved @ own
    leverage = np.einsum("mi,im->m", design, solved)
    residual = (own - design @ beta) / np.maximum(1 - leverage, 0.1)
    order = np.argsort(residual, kind="stable")
    upto = np.cumsum(weights[order]) / weights.sum()
    tail = (1 - LEVEL) / 2
    low, high = (float(residual[order][min(np.searchsorted(upto, at), len(own) - 1)]) for at in (tail, 1 - tail))
    middle = float(beta[0])
    return middle + low * np.sqrt(phi), middle + high * np.sqrt(phi)


def _weights(far: Array) -> Array:
    """Weights that fall with the distance, as fast as leaves `FOLLOWERS` members in effect."""
    low, high = -5.0, 15.0
    for _ in range(40):
        middle = (low + high) / 2
        weights = np.exp(-(far - far.min()) / 2 / np.exp(middle))
        if weights.sum() ** 2 / (weights**2).sum() < FOLLOWERS:
            low = middle
        else:
            high = middle
    return np.asarray(weights)
