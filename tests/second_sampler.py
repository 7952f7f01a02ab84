"""A second way to every sample, sharing no code with the first.

`second_sample(task, n, rng)` draws from the model's equations with other samplers, where it can from Y to X or from the
joint table. `mapped(task, x, y)` is what a map makes of a sample, by a formula of its own.
"""

from functools import singledispatch

import numpy as np
from scipy import special, stats
from scipy.interpolate import CubicSpline
from second_method import channel_table, covariance, paired

from mibench.distributions import (
    digits,
    discrete,
    draws,
    images,
    log_gamma,
    maps,
    mixed,
    mixture,
    noisy_function,
    normal,
    student,
    turns,
    uniform_noise,
)


@singledispatch
def second_sample(task, n, rng):
    raise NotImplementedError(f"no second sampler for {type(task).__name__}: its samples are not proven")


@singledispatch
def mapped(task, x, y):
    raise NotImplementedError(f"no second formula for {type(task).__name__}")


# Normals and their kin: the whole covariance at once.


def normals(matrix, n, rng):
    return np.hsplit(rng.multivariate_normal(np.zeros(len(matrix)), matrix, n, method="eigh"), 2)


@second_sample.register
def _(task: normal.CorrelatedNormal | normal.SparseNormal | normal.DenseNormal | normal.LatentNormal, n, rng):
    return normals(covariance(task), n, rng)


@second_sample.register
def _(task: student.StudentT, n, rng):
    law = stats.multivariate_t(shape=paired(task.dim, task.pairs, task.rho), df=task.dof)
    return np.hsplit(law.rvs(n, random_state=rng), 2)


@second_sample.register
def _(task: mixture.NormalInliers, n, rng):
    broken = rng.binomial(n, task.inliers)
    parts = [
        normals(paired(task.dim, task.pairs, rho), rows, rng) for rho, rows in ((0, broken), (task.rho, n - broken))
    ]
    return tuple(map(np.vstack, zip(*parts, strict=True)))


@second_sample.register
def _(task: mixture.PlaneMixture, n, rng):
    counts = rng.multinomial(n, task.weights)
    parts = [
        rng.multivariate_normal(mean, [[xx, xy], [xy, yy]], count)
        for mean, (xx, xy, yy), count in zip(task.means, task.covariances, counts, strict=True)
    ]
    return np.hsplit(np.vstack(parts), 2)


@second_sample.register
def _(task: mixture.Concentric, n, rng):
    """A length and a direction."""
    i = rng.choice(np.arange(1, task.components + 1), (n, 1))
    radius = stats.chi(task.dim).rvs((n, 1), random_state=rng)
    return i * radius * stats.uniform_direction(task.dim).rvs(n, random_state=rng), rng.normal(i, 0.01)


@second_sample.register
def _(task: mixture.PairMixture, n, rng):
    """Each component's own rows, in the turned coordinates."""
    counts = rng.multinomial(n, [1 / len(task.rhos)] * len(task.rhos))
    parts = []
    for count, shift, rho in zip(counts, task.shifts, task.rhos, strict=True):
        u = rng.normal(0, np.sqrt((1 + rho) / 2), (count, task.dim))
        v = rng.normal(0, np.sqrt((1 - rho) / 2), (count, task.dim))
        parts.append((shift + u + v, shift + u - v))
    return tuple(map(np.vstack, zip(*parts, strict=True)))


# Uniforms, gammas and functions.


@second_sample.register
def _(task: uniform_noise.UniformNoise, n, rng):
    noise = stats.uniform(-task.epsilon, 2 * task.epsilon).rvs((n, task.dim), random_state=rng)
    x = rng.beta(1, 1, (n, task.dim))
    return x, x + noise


@second_sample.register
def _(task: log_gamma.LogGammaExponential, n, rng):
    rate = rng.gamma(task.shape, 1, (n, task.dim))
    return np.log(rate), np.log(rng.exponential(1 / rate))


@second_sample.register
def _(task: noisy_function.NoisyFunction, n, rng):
    x = 1 - 2 * rng.random((n, task.dim))
    f = {"linear": x, "cubic": x * x * x, "sin": np.sin(x), "sin2pi": 2 * np.sin(np.pi * x) * np.cos(np.pi * x)}
    return x, rng.normal(f[task.f], task.sigma)


@second_sample.register
def _(task: student.StudentTAt | noisy_function.NoisyFunctionAt, n, rng):
    return second_sample(task.solved, n, rng)


# Labels: from the table of probabilities.


def cells(table, shape, rng):
    """Row and column of so many cells of a table."""
    return np.divmod(rng.choice(table.size, shape, p=table.ravel()), table.shape[1])


@second_sample.register
def _(task: discrete.SymmetricChannel, n, rng):
    x, y = cells(channel_table(task.labels, task.kept), (n, task.dim), rng)
    return x.astype(float), y.astype(float)


@second_sample.register
def _(task: discrete.NoiselessChannel, n, rng):
    x, y = cells(np.diag(task.probabilities), (n, 1), rng)
    return x.astype(float), y.astype(float)


@second_sample.register
def _(task: discrete.QuantisedUniform, n, rng):
    """The interval, and then where in it."""
    ends = np.append(0, np.cumsum(task.probabilities))
    label, _ = cells(np.diag(task.probabilities), (n, 1), rng)
    return rng.uniform(ends[label], ends[label + 1]), label.astype(float)


@second_sample.register
def _(task: discrete.SmoothedLabels, n, rng):
    x = np.floor(rng.uniform(0, task.labels, (n, 1)))
    return x, rng.uniform(x, x + task.width)


@second_sample.register
def _(task: mixed.ZeroInflatedPoisson, n, rng):
    """Without zeros put in, Y is geometric and X given Y a gamma."""
    y = rng.geometric(0.5, (n, 1)) - 1.0
    x = rng.gamma(y + 1, 0.5)
    return x, np.where(rng.random((n, 1)) < task.p, 0, y)


@second_sample.register
def _(task: mixed.NormalOrSigns, n, rng):
    agree, differ = task.agree / 4, (1 - task.agree) / 4
    x, y = cells(np.array([[agree, differ, 0], [differ, agree, 0], [0, 0, 0.5]]), (n, 1), rng)
    pair = normals(np.array([[1, task.rho], [task.rho, 1]]), n, rng)
    return tuple(np.where(cell == 2, z, 2.0 * cell - 1) for cell, z in zip((x, y), pair, strict=True))


@second_sample.register
def _(task: mixed.RareEventChannel, n, rng):
    x, y = cells(np.diag(task.probabilities), (n, 1), rng)
    return rng.uniform(x, x + 1), rng.uniform(y, y + 1)


# Pictures of the pool.


@second_sample.register
def _(task: digits.SameClass, n, rng):
    found, labels = digits.pictures(task.data)
    half = len(labels) // 2

    def shown(classes, found, labels):
        """The pool sorted by class, and a place among those of the class."""
        order = np.argsort(labels)
        first, end = (np.searchsorted(labels[order], classes, side=side) for side in ("left", "right"))
        return found[order[rng.integers(first, end)]].reshape(n, -1)

    x, y = cells(channel_table(task.classes, task.channel.kept), (n, task.pictures), rng)
    return shown(x, found[:half], labels[:half]), shown(y, found[half:], labels[half:])


@second_sample.register
def _(task: digits.FirstRows, n, rng):
    found, _ = digits.pictures(task.data)
    x = rng.choice(found, n)
    borders = (np.arange(task.levels - 1) + 0.5) / (task.levels - 1)
    return x, np.digitize(x[:, : task.dim_y], borders) / (task.levels - 1)


# Maps.


@second_sample.register
def _(task: maps.Keeping, n, rng):
    return mapped(task, *second_sample(task.base, n, rng))


@second_sample.register
def _(task: draws.Padded, n, rng):
    noise = rng.normal(size=(n, task.x + task.y))
    x, y = second_sample(task.base, n, rng)
    return np.hstack([x, noise[:, : task.x]]), np.hstack([y, noise[:, task.x :]])


@second_sample.register
def _(task: draws.Independent, n, rng):
    x, y = second_sample(task.base, n, rng)
    return x, rng.permutation(y)


@second_sample.register
def _(task: draws.Copies, n, rng):
    copies = [second_sample(task.base, n, rng) for _ in range(task.times)]
    return tuple(map(np.hstack, zip(*copies, strict=True)))


@mapped.register
def _(task: draws.Fresh, x, y):
    return x, y


@mapped.register
def _(task: draws.Repeated, x, y):
    return np.tile(x, 2), np.column_stack([y, *y.T[: task.columns]])


@mapped.register
def _(task: draws.Redundant, x, y):
    return np.column_stack([*x.T] * task.times), np.column_stack([*y.T] * task.times)


def waves(*terms):
    """t and a sine for each (amplitude, frequency, phase)."""
    return lambda t: t + sum(a * np.sin(w * t + phase) for a, w, phase in terms)


def bimodal(weight, first, second):
    """The curve through (Φ⁻¹(F(q)), q), F the mixture's distribution function."""
    q = np.linspace(first - 5.9, second + 5.9, 4000)
    u = weight * stats.norm.cdf(q, first) + (1 - weight) * stats.norm.cdf(q, second)
    return CubicSpline(stats.norm.ppf(u), q)


CURVES = {
    "same": lambda t: t,
    "cdf": lambda t: special.erfc(-t / np.sqrt(2)) / 2,
    "half-cube": lambda t: t * np.sqrt(np.abs(t)),
    "cube": lambda t: t * t * t,
    "asinh": lambda t: np.sign(t) * np.log(np.abs(t) + np.sqrt(t * t + 1)),
    "sinh": lambda t: (np.exp(t) - np.exp(-t)) / 2,
    "tanh": lambda t: 2 * special.expit(2 * t) - 1,
    "exp": lambda t: np.e**t,
    "wiggly-x": waves((0.4, 1, 0), (0.2, 1.7, 1), (0.03, 3.3, -2.5)),
    "wiggly-y": waves((-0.4, 0.4, 0), (0.17, 1.3, 3.5), (0.02, 4.3, -2.5)),
    "bimodal-x": bimodal(0.3, 0, 5),
    "bimodal-y": bimodal(0.5, -1, 3),
}


@mapped.register
def _(task: maps.Margins, x, y):
    return CURVES[task.x](x), CURVES[task.y](y)


@mapped.register
def _(task: maps.Power, x, y):
    return tuple(np.copysign(np.exp(task.exponent * np.log(np.abs(z))), z) for z in (x, y))


@mapped.register
def _(task: maps.Affine, x, y):
    return np.polyval([task.scale_x, task.shift_x], x), np.polyval([task.scale_y, task.shift_y], y)


@mapped.register
def _(task: turns.Rotated, x, y):
    return tuple(np.einsum("ni,ij->nj", z, matrix) for z, matrix in zip((x, y), task.matrices, strict=True))


def turned(z, plane, angle):
    """The plane as complex numbers, times e^(i angle)."""
    point = (z[:, plane] + 1j * z[:, plane + 1]) * np.exp(1j * angle)
    return np.column_stack([z[:, :plane], point.real, point.imag, z[:, plane + 2 :]])


@mapped.register
def _(task: turns.Turned, x, y):
    return turned(x, 0, np.deg2rad(task.degrees)), y


@mapped.register
def _(task: turns.Spiral, x, y):
    sides = (x, task.plane_x, task.speed_x), (y, task.plane_y, task.speed_y)
    return tuple(turned(z, k, speed * np.linalg.norm(z, axis=1) ** 2) if speed else z for z, k, speed in sides)


@mapped.register
def _(task: turns.SwissRoll, x, y):
    t = 1.5 * np.pi * (1 + 2 * x[:, 0])
    point = t * np.exp(1j * t) / 21
    return np.column_stack([point.real, point.imag]), y


@mapped.register
def _(task: turns.Bent, x, y):
    sheared = x.T + np.outer([task.height, 0], np.sin(task.frequency * x[:, 1]))
    return (np.diag(task.scale) @ sheared).T + task.shift, y


@mapped.register
def _(task: turns.Rippled, x, y):
    before = [np.roll(z, 1, axis=1) * (np.arange(z.shape[1]) > 0) for z in (x, y)]  # sin 0 = 0
    return tuple(z + task.height * np.sin(task.frequency * b) for z, b in zip((x, y), before, strict=True))


@mapped.register
def _(task: turns.Summed, x, y):
    """The matrix of the source: ones below the diagonal, its rows scaled to sum to 1."""
    triangles = [np.tri(z.shape[1]) / np.tri(z.shape[1]).sum(axis=1, keepdims=True) for z in (x, y)]
    return tuple(z @ triangle for z, triangle in zip((x, y), triangles, strict=True))


@mapped.register
def _(task: images.GaussianPlate, x, y):
    g = np.linspace(0, 1, task.pixels)

    def plate(u):
        distance = np.hypot(g[:, None] - u[:, 0, None, None], g - u[:, 1, None, None])
        return np.exp(-0.5 * (distance / 0.2) ** 2).reshape(len(u), -1)

    return plate(x), plate(y)


@mapped.register
def _(task: images.Rectangle, x, y):
    """The corner's place has a triangular law, the side's end is uniform beyond; a profile is a trapezoid."""
    end = task.pixels - 1

    def profile(u, v):
        begin = stats.triang.ppf(u, 0, scale=0.8)
        corners = end * np.column_stack([begin, begin + 0.2 + v * (0.8 - begin)])
        return np.array([np.interp(range(task.pixels), [a, a + 1, b - 1, b], [0, 1, 1, 0]) for a, b in corners])

    def rectangle(u):
        return np.einsum("ni,nj->nij", profile(u[:, 0], u[:, 1]), profile(u[:, 2], u[:, 3])).reshape(len(u), -1)

    return rectangle(x), rectangle(y)
