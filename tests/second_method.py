"""A second way to every mutual information, sharing no code with the first.

`second_method(task)` is a covariance determinant, an adaptive quadrature, a sum over a table of probabilities, or a
count over a pool of pictures, whichever the task's own formula is not.
"""

import math
from collections import Counter
from functools import lru_cache, singledispatch
from itertools import pairwise

import numpy as np
from scipy import integrate, special, stats

from mibench.distributions import (
    digits,
    discrete,
    draws,
    log_gamma,
    maps,
    mixed,
    mixture,
    noisy_function,
    normal,
    student,
    uniform_noise,
)


@singledispatch
def second_method(task):
    raise NotImplementedError(f"no second method for {type(task).__name__}: its truth is not proven")


def xlogx(p):
    return special.xlogy(p, p)


def of_table(joint):
    """Mutual information of a table of probabilities."""
    joint = np.asarray(joint, dtype=float)
    product = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    seen = joint > 0
    return float(np.sum(joint[seen] * np.log(joint[seen] / product[seen])))


def of_covariance(covariance, dim_x):
    """½ log(|Σx| |Σy| / |Σ|)."""
    parts = covariance[:dim_x, :dim_x], covariance[dim_x:, dim_x:], covariance
    x, y, both = (np.linalg.slogdet(part)[1] for part in parts)
    return (x + y - both) / 2


def quad(function, low, high, **options):
    return integrate.quad(function, low, high, epsabs=1e-12, epsrel=1e-12, limit=500, **options)[0]


# Normals: the covariance the model's equations give, and its determinants.


def paired(dim, pairs, rho):
    """Unit variances, and the correlation rho between the first coordinates of X and of Y."""
    matrix = np.eye(2 * dim)
    for i in range(pairs):
        matrix[i, dim + i] = matrix[dim + i, i] = rho
    return matrix


@singledispatch
def covariance(task):
    """Of (X, Y), for the normal families."""
    raise NotImplementedError(f"{type(task).__name__} is not normal")


@covariance.register
def _(task: normal.CorrelatedNormal):
    return np.kron([[1, task.rho], [task.rho, 1]], np.eye(task.dim))


@covariance.register
def _(task: normal.SparseNormal):
    return paired(task.dim, task.pairs, math.sqrt(1 - math.exp(-2 * task.mi / task.pairs)))


@covariance.register
def _(task: normal.DenseNormal):
    r, rest = task.r_and_rest
    return np.full((2 * task.dim, 2 * task.dim), r) + rest * np.eye(2 * task.dim)


@covariance.register
def _(task: normal.LatentNormal):
    d, lam = task.dim, task.strength
    loadings = np.zeros((2 * d, 1 + d))  # on U, Z_1 … Z_pairs
    loadings[:, 0] = task.alpha
    for i in range(task.pairs):
        loadings[i, 1 + i] = loadings[d + i, 1 + i] = lam
    own = np.tile(np.where(np.arange(d) < task.pairs, 1, 1 + lam**2), 2)
    return (loadings @ loadings.T + np.diag(own)) / (1 + task.alpha**2 + lam**2)


@second_method.register
def _(task: normal.CorrelatedNormal | normal.SparseNormal | normal.DenseNormal | normal.LatentNormal):
    return of_covariance(covariance(task), task.dim)


# Student-t: |x|²/dof, |y|²/dof and 1 over their sum are Dirichlet, so the logs are those of beta variables.


@second_method.register
def _(task: student.StudentT):
    d, half = task.dim, task.dof / 2

    def mean_log_beta(a, b):
        """E log B by quadrature in log B, where the density has no pole."""
        density = lambda t: t * np.exp(a * t + (b - 1) * np.log(-np.expm1(t)) - special.betaln(a, b))  # noqa: E731
        return quad(density, -200 / a, -1e-9) + quad(density, -1e-9, 0)

    constant = special.gammaln(half) + special.gammaln(half + d) - 2 * special.gammaln(half + d / 2)
    logs = (half + d) * mean_log_beta(half, d) - 2 * (half + d / 2) * mean_log_beta(half, d / 2)
    return of_covariance(paired(d, task.pairs, task.rho), d) + constant + logs


@second_method.register
def _(task: student.StudentTAt):
    return second_method(task.solved)


# Uniforms, gammas and functions: h(Y) − h(Y|X) with the entropies by adaptive quadrature.


@second_method.register
def _(task: uniform_noise.UniformNoise):
    e = task.epsilon

    def minus_p_log_p(y):
        p = stats.uniform.cdf(y, -e + 0, 2 * e) - stats.uniform.cdf(y, 1 - e, 2 * e)
        return -xlogx(p)

    corners = sorted([-e, e, 1 - e, 1 + e])
    h = sum(quad(minus_p_log_p, a, b) for a, b in pairwise(corners) if b > a)
    return task.dim * (h - math.log(2 * e))


@second_method.register
def _(task: log_gamma.LogGammaExponential):
    r = task.shape
    log_density = lambda y: math.log(r) + y - (r + 1) * np.logaddexp(0, y)  # noqa: E731
    ends = -60, 0, 10, 40 + 60 / r
    pieces = pairwise(ends)
    h = sum(quad(lambda y: -np.exp(log_density(y)) * log_density(y), a, b) for a, b in pieces)
    return task.dim * (h - (1 + np.euler_gamma))


@lru_cache
def function_mi(f, sigma):
    """The density of Y from F(z) = P(f(X) <= z): the noise integrated over the quantiles of f(X)."""
    quantile = {
        "linear": lambda u: 2 * u - 1,
        "cubic": lambda u: (2 * u - 1) ** 3,
        "sin": lambda u: np.sin(2 * u - 1),
        "sin2pi": lambda u: np.sin(np.pi * (u - 0.5)),  # the arcsine law
    }[f]
    y = np.arange(-1 - 9 * sigma, 1 + 9 * sigma, sigma / 12)
    noise = lambda u: np.exp(-(((y - quantile(u)) / sigma) ** 2) / 2)  # noqa: E731
    density = integrate.quad_vec(noise, 0, 1, epsabs=1e-13, epsrel=1e-11, limit=4000)[0] / (sigma * np.sqrt(2 * np.pi))
    return integrate.trapezoid(-xlogx(density), y) - stats.norm.entropy(scale=sigma)


@second_method.register
def _(task: noisy_function.NoisyFunction):
    return task.dim * function_mi(task.f, task.sigma)


@second_method.register
def _(task: noisy_function.NoisyFunctionAt):
    return second_method(task.solved)


# Mixtures: adaptive cubature, entropies of the margins, Laplace laws.


@second_method.register
@lru_cache
def _(task: mixture.PlaneMixture):
    parts = [
        stats.multivariate_normal(mean, [[xx, xy], [xy, yy]])
        for mean, (xx, xy, yy) in zip(task.means, task.covariances, strict=True)
    ]

    def entropy_of(axis):
        def minus_p_log_p(t):
            scales = [math.sqrt(part.cov[axis, axis]) for part in parts]
            means = [part.mean[axis] for part in parts]
            return -xlogx(np.dot(task.weights, stats.norm.pdf(t, means, scales)))

        edges = sorted({p.mean[axis] + k * math.sqrt(p.cov[axis, axis]) for p in parts for k in (-9, -3, 0, 3, 9)})
        return sum(quad(minus_p_log_p, a, b) for a, b in pairwise(edges) if b - a > 1e-12)

    precision = np.array([np.linalg.inv(part.cov) for part in parts])
    log_scale = np.log(task.weights) + [part.logpdf(part.mean) for part in parts]
    means = np.array([part.mean for part in parts])

    def log_joint(points):
        (a, b), ((aa, ab), (_, bb)) = (points[:, None] - means).transpose(2, 0, 1), precision.transpose(1, 2, 0)
        return special.logsumexp(log_scale - (aa * a**2 + 2 * ab * a * b + bb * b**2) / 2, axis=1)

    # −log p averaged over each component in its own whitened polar coordinates.
    h = 0.0
    for weight, part in zip(task.weights, parts, strict=True):
        root = np.linalg.cholesky(part.cov)

        def at(q, part=part, root=root):
            radius, angle = np.sqrt(q[:, 0]), q[:, 1]
            z = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
            return -log_joint(part.mean + z @ root.T) * np.exp(-q[:, 0] / 2) / (4 * np.pi)

        box = [0.0, 0.0], [60.0, 2 * np.pi]
        h += weight * integrate.cubature(at, *box, rtol=0, atol=3e-9, max_subdivisions=20_000).estimate
    return entropy_of(0) + entropy_of(1) - h


@second_method.register
def _(task: mixture.Concentric):
    i = np.arange(1, task.components + 1)
    surface = task.dim * math.log(math.pi) / 2 + math.log(2) - special.gammaln(task.dim / 2)

    def minus_p_log_p(t):
        """In log |X|, with the sphere's surface between the two densities."""
        log_shell = surface + task.dim * t
        logs = stats.norm.logpdf(0, scale=i) * task.dim - math.exp(2 * t) / (2.0 * i**2)
        log_p = special.logsumexp(logs) - math.log(task.components)
        return -math.exp(log_p + log_shell) * log_p

    h = quad(minus_p_log_p, -30 / task.dim - 3, 2) + quad(minus_p_log_p, 2, math.log(15 * task.components))
    return h - np.mean(task.dim * stats.norm.entropy(scale=i))


@second_method.register
def _(task: mixture.NormalInliers):
    """With two pairs the χ² variables are exponential, and their difference is a Laplace variable."""
    assert task.pairs == 2
    a, rho = task.inliers, task.rho
    pmi = lambda g: np.log((1 - a) * np.exp(g) / (1 - rho**2) + a)  # noqa: E731

    def mean(up, down):
        """Over g = U − V with U ~ Exp of mean `up` and V of mean `down`."""
        right = quad(lambda g: pmi(g) * np.exp(-g / up), 0, 45 * up)
        left = quad(lambda g: pmi(-g) * np.exp(-g / down), 0, 45 * down)
        return (left + right) / (up + down)

    return (1 - a) * mean(rho, rho) + a * mean(rho / (1 + rho), rho / (1 - rho))


@second_method.register
@lru_cache
def _(task: mixture.PairMixture):
    """Entropies by Gauss's rules, Hermite's for the sums and Laguerre's for the squares."""
    d, shifts, rhos = task.dim, np.array(task.shifts), np.array(task.rhos)

    def rule(nodes, weights):
        kept = weights > 1e-18 * weights.sum()
        return nodes[kept], weights[kept] / weights.sum()

    z, of_z = rule(*special.roots_hermitenorm(180))
    (scatter, of_scatter), (squares, of_squares) = (
        rule(*special.roots_genlaguerre(180, k / 2 - 1)) for k in (d - 1, d)
    )

    def minus_log(sums, scatters, squared, parts):
        """−log p but for the 2π, at the sum over √n, the scatter and what is left of (X + Y)/√2 and (X − Y)/√2."""
        logs = [
            -((sums - mean) ** 2) / (2 * a) - scatters / (2 * a) - squared / (2 * b) - half * np.log(a * b)
            for mean, a, b, half in parts
        ]
        return np.log(len(parts)) - special.logsumexp(logs, axis=0)

    both = [(np.sqrt(2 * d) * m, 1 + r, 1 - r, d / 2) for m, r in zip(shifts, rhos, strict=True)]
    one = [(np.sqrt(d) * m, 1, 1, 0) for m in shifts]
    h_both = h_one = 0.0
    for mean, a, b, _ in both:
        u = (mean + np.sqrt(a) * z)[:, None, None]
        at = minus_log(u, 2 * a * scatter[:, None], 2 * b * squares, both)
        h_both += np.einsum("ijk,i,j,k", at, of_z, of_scatter, of_squares) / len(both)
    for mean, *_ in one:
        h_one += (of_z @ minus_log(mean + z, 0.0, 0.0, one) + (d - 1) / 2) / len(one)
    return 2 * h_one - h_both


# Labels: tables of probabilities.


def channel_table(labels, kept):
    """Joint probabilities of a symmetric channel with uniform input."""
    table = np.full((labels, labels), (1 - kept) / (labels - 1))
    np.fill_diagonal(table, kept)
    return table / labels


@second_method.register
def _(task: discrete.SymmetricChannel):
    return task.dim * of_table(channel_table(task.labels, task.kept))


@second_method.register
def _(task: discrete.NoiselessChannel):
    return of_table(np.diag(task.probabilities))


@second_method.register
def _(task: discrete.QuantisedUniform):
    """A fine cut of X, each cell within one interval of Y."""
    edges = np.union1d(np.linspace(0, 1, 50), np.minimum(np.cumsum(task.probabilities), 1))
    middle, length = (edges[:-1] + edges[1:]) / 2, np.diff(edges)
    label = np.searchsorted(np.cumsum(task.probabilities), middle)
    return of_table(length[:, None] * (label[:, None] == np.arange(len(task.probabilities))))


@second_method.register
def _(task: discrete.SmoothedLabels):
    m, w = task.labels, task.width
    corners = np.unique(np.r_[np.arange(m), np.arange(m) + w])
    total = 0.0
    for a, b in pairwise(corners):
        near = np.sum(np.abs((a + b) / 2 - w / 2 - np.arange(m)) < w / 2)
        total += (b - a) * near / (m * w) * math.log(m / near) if near else 0.0
    return total


@second_method.register
def _(task: mixed.ZeroInflatedPoisson):
    def term(k):
        given = lambda x: (1 - task.p) * stats.poisson.pmf(k, x) + task.p * (k == 0)  # noqa: E731
        marginal = (1 - task.p) / 2 ** (k + 1) + task.p * (k == 0)
        integrand = lambda x: math.exp(-x) * special.xlogy(given(x), given(x) / marginal)  # noqa: E731
        return quad(integrand, 0, 2) + quad(integrand, 2, 60)

    return sum(term(k) for k in range(45))


@second_method.register
def _(task: mixed.NormalOrSigns):
    agree = task.agree / 4
    atoms = sum(p * math.log(p / (1 / 4 * 1 / 4)) for p in (agree, agree, 0.25 - agree, 0.25 - agree))
    pair = stats.multivariate_normal([0, 0], [[1, task.rho], [task.rho, 1]])

    def part(z):
        log_ratio = pair.logpdf(z) - stats.norm.logpdf(z).sum(axis=1) + math.log(0.5 / (0.5 * 0.5))
        return 0.5 * pair.pdf(z) * log_ratio

    normals = integrate.cubature(part, [-9, -9], [9, 9], rtol=1e-11, atol=1e-11, max_subdivisions=20_000).estimate
    return atoms + float(normals)


@second_method.register
def _(task: mixed.RareEventChannel):
    """Each block cut in three: within a block X and Y are independent."""
    thirds = np.full((3, 3), 1 / 9)
    blocks = task.probabilities
    table = np.zeros((3 * len(blocks), 3 * len(blocks)))
    for k, p in enumerate(blocks):
        table[3 * k : 3 * k + 3, 3 * k : 3 * k + 3] = p * thirds
    return of_table(table)


# Pictures: every pair of the pool counted.


@second_method.register
def _(task: digits.SameClass):
    _, labels = digits.pictures(task.data)
    half = len(labels) // 2
    x, y = (part[part < task.classes].astype(int) for part in (labels[:half], labels[half:]))
    s, m = task.channel.kept, task.classes
    same = x[:, None] == y
    per_class = np.bincount(x)[x][:, None] * np.bincount(y)[y]
    return task.pictures * of_table(np.where(same, s, (1 - s) / (m - 1)) / (m * per_class))


@second_method.register
def _(task: digits.FirstRows):
    found, _ = digits.pictures(task.data)
    shades = np.round(found[:, : 8 * task.rows] * (task.levels - 1) + 1e-9)
    counts = Counter(map(tuple, shades))
    return stats.entropy(list(counts.values()))


# Maps.


@second_method.register
def _(task: maps.Keeping):
    return second_method(task.base)


@second_method.register
def _(task: draws.Copies):
    return task.times * second_method(task.base)


@second_method.register
def _(task: draws.Independent):
    return 0.0
