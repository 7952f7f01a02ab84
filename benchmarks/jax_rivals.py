"""Rivals in JAX, run by `python benchmarks/neural.py rivals` in an environment of their own.

    python jax_rivals.py bmi DIM STEPS          MINE of bmi: critic 64-64, batch 256, one critic at a time
    python jax_rivals.py ideal DIM STEPS K      K critics as jit(vmap(scan)): the work of mibench's MINE, step for step

Prints CPU seconds a critic per 1000 steps. The start of JAX is left out; bmi compiles anew for every estimate, and that
is in its figure; the compilation of the ideal loop is not in its.
"""

import sys
import time

import numpy as np


def gaussian(dim, n, seed, mi=2.0):
    rng = np.random.default_rng(seed)
    rho = np.sqrt(-np.expm1(-2 * mi / dim))
    x = rng.standard_normal((n, dim))
    return x, rho * x + np.sqrt(1 - rho**2) * rng.standard_normal((n, dim))


def bmi(dim, steps):
    from bmi.estimators import MINEEstimator

    x, y = gaussian(dim, 20000, 0)  # half of them are held out

    def run(count):
        estimator = MINEEstimator(
            max_n_steps=count, test_every_n_steps=count, hidden_layers=(64, 64), learning_rate=3e-3, verbose=False
        )
        started = time.process_time()
        estimator.estimate(x, y)
        return time.process_time() - started

    run(20)
    return run(steps) * 1000 / steps


def ideal(dim, steps, k, clock=time.process_time):
    import jax
    import jax.numpy as jnp

    negatives, batch, n = 4, 130, 7000
    pairs = [gaussian(dim, n, seed) for seed in range(k)]
    xs, ys = (jnp.asarray(np.stack([p[side] for p in pairs]), jnp.float32) for side in (0, 1))

    def start(key):
        sizes = [2 * dim, 64, 64, 1]
        keys = jax.random.split(key, 3)
        weights = [
            jax.random.uniform(q, (a, b), minval=-1, maxval=1) / a**0.5
            for q, a, b in zip(keys, sizes[:-1], sizes[1:], strict=True)
        ]
        return [(w, jnp.zeros(w.shape[1])) for w in weights]

    def score(weights, x, y):
        z = jnp.concatenate([x, y], 1)
        for w, b in weights[:-1]:
            z = jax.nn.silu(z @ w + b)
        w, b = weights[-1]
        return (z @ w + b)[:, 0]

    def loss(weights, x, y, average):
        rolled = jnp.concatenate([jnp.roll(y, m, 0) for m in range(negatives + 1)])
        scores = score(weights, jnp.tile(x, (negatives + 1, 1)), rolled)
        joint, marginal = scores[:batch], scores[batch:]
        log_mean = jax.scipy.special.logsumexp(jax.lax.stop_gradient(marginal)) - jnp.log(marginal.size)
        average = jnp.logaddexp(average + jnp.log(0.99), log_mean + jnp.log(0.01))
        return jnp.exp(marginal - average).mean() - joint.mean(), average

    def step(x, y, carry, t_and_key):
        weights, mean, first, second, average = carry
        t, key = t_and_key
        rows = jax.random.randint(key, (batch,), 0, n)
        gradient, average = jax.grad(loss, has_aux=True)(weights, x[rows], y[rows], average)
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradient)
        weights = jax.tree.map(
            lambda w, m, v: w - 3e-3 * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8),
            weights,
            first,
            second,
        )
        mean = jax.tree.map(lambda a, w: a + 0.002 * (w - a), mean, weights)
        return (weights, mean, first, second, average), None

    def train(x, y, key):
        weights = start(key)
        zeros = jax.tree.map(jnp.zeros_like, weights)
        keys = jax.random.split(key, steps)
        carry, _ = jax.lax.scan(
            lambda c, tk: step(x, y, c, tk), (weights, weights, zeros, zeros, 0.0), (jnp.arange(1.0, steps + 1), keys)
        )
        return carry[1]

    compiled = jax.jit(jax.vmap(train)).lower(xs, ys, jax.random.split(jax.random.PRNGKey(0), k)).compile()
    started = clock()
    jax.block_until_ready(compiled(xs, ys, jax.random.split(jax.random.PRNGKey(1), k)))
    return (clock() - started) / k * 1000 / steps


if __name__ == "__main__":
    kind, *numbers = sys.argv[1:]
    print({"bmi": bmi, "ideal": ideal}[kind](*map(int, numbers)))
