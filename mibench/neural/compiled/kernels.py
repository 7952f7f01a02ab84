"""Compiled passes over the layers of K critics, `(K, rows, features)`, and over their parameters.

An activation and its slope are written in one pass, so that the way back is a product. Each critic is computed apart
from the others, in one order, so its numbers do not depend on them.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from mibench.compiled import inlined, rounding_kernel

Floats = npt.NDArray[np.float32]

f32 = np.float32


@inlined
def sigmoid(z: Any) -> Any:
    """1 / (1 + e^−z), to 2e-7 of itself. The exponential is that of the Cephes library (Moshier): 2^n by its bits,
    and a polynomial on ±ln(2) / 2."""
    t = min(max(-z, f32(-87)), f32(87))
    n = np.floor(t * f32(1.44269504088896341) + f32(0.5))
    r = t - n * f32(0.693359375) - n * f32(-2.12194440e-4)
    p = f32(1.9875691500e-4)
    p = p * r + f32(1.3981999507e-3)
    p = p * r + f32(8.3334519073e-3)
    p = p * r + f32(4.1665795894e-2)
    p = p * r + f32(1.6666665459e-1)
    p = p * r + f32(5.0000001201e-1)
    power = np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)
    return f32(1) / (f32(1) + (p * (r * r) + r + f32(1)) * power)


@inlined
def activate(z: Floats, shift: Floats, rectified: bool, h: Floats, slope: Floats) -> None:
    """max(0, z + shift) or SiLU of it, into h, and the slope there; z and h may be one array."""
    if rectified:
        for c in range(len(z)):
            v = z[c] + shift[c]
            slope[c] = f32(v > 0)
            h[c] = max(v, f32(0))
    else:
        for c in range(len(z)):
            v = z[c] + shift[c]
            s = sigmoid(v)
            h[c] = v * s
            slope[c] = s + v * s * (f32(1) - s)


@rounding_kernel("contract")
def pairs(x: Floats, y: Floats, rectified: bool, h: Floats, slope: Floats) -> None:
    """The first layer of every x with every y of its group: `(K, groups, g, features)` to `(K, rows, features)`."""
    for k in range(len(x)):
        row = 0
        for group in range(x.shape[1]):
            for i in range(x.shape[2]):
                for j in range(y.shape[2]):
                    activate(x[k, group, i], y[k, group, j], rectified, h[k, row], slope[k, row])
                    row += 1


@rounding_kernel("contract")
def pairs_back(gradient: Floats, slope: Floats, dx: Floats, dy: Floats) -> None:
    """Gradients at x and y from the one at the first layer's output."""
    for k in range(len(dx)):
        row = 0
        for group in range(dx.shape[1]):
            dx[k, group] = 0
            dy[k, group] = 0
            for i in range(dx.shape[2]):
                of_x = dx[k, group, i]
                for j in range(dy.shape[2]):
                    d, s, of_y = gradient[k, row], slope[k, row], dy[k, group, j]
                    for c in range(len(d)):
                        at = d[c] * s[c]
                        of_x[c] += at
                        of_y[c] += at
                    row += 1


@rounding_kernel("contract")
def hidden(z: Floats, bias: Floats, rectified: bool, slope: Floats) -> None:
    """The activation of z + bias, in place of z; bias is `(K, features)`."""
    for k in range(len(z)):
        for row in range(z.shape[1]):
            activate(z[k, row], bias[k], rectified, z[k, row], slope[k, row])


@rounding_kernel("contract")
def hidden_back(gradient: Floats, slope: Floats, dbias: Floats) -> None:
    """The gradient before the activation, in place of the one behind it, and that at the bias."""
    for k in range(len(gradient)):
        of_bias = dbias[k]
        of_bias[:] = 0
        for row in range(gradient.shape[1]):
            d, s = gradient[k, row], slope[k, row]
            for c in range(len(d)):
                at = d[c] * s[c]
                d[c] = at
                of_bias[c] += at


@rounding_kernel("contract", "reassoc")
def scores(h: Floats, weight: Floats, bias: Floats, out: Floats) -> None:
    """`h · weight + bias`: weight `(K, features)`, bias `(K,)`, out `(K, rows)`."""
    for k in range(len(h)):
        of_critic = weight[k]
        for row in range(h.shape[1]):
            z, total = h[k, row], f32(0)
            for c in range(len(z)):
                total += z[c] * of_critic[c]
            out[k, row] = total + bias[k]


@rounding_kernel("contract")
def scores_back(gradient: Floats, h: Floats, weight: Floats, dh: Floats, dweight: Floats, dbias: Floats) -> None:
    """Gradients at h, at the weight and at the bias."""
    for k in range(len(h)):
        of_critic, of_weight, total = weight[k], dweight[k], f32(0)
        of_weight[:] = 0
        for row in range(h.shape[1]):
            g, z, d = gradient[k, row], h[k, row], dh[k, row]
            total += g
            for c in range(len(z)):
                of_weight[c] += g * z[c]
                d[c] = g * of_critic[c]
        dbias[k] = total


@rounding_kernel("contract")
def adam(
    theta: Floats,
    mean: Floats,
    first: Floats,
    second: Floats,
    gradient: Floats,
    rate: Floats,
    of_first: np.float32,
    of_second: np.float32,
    of_mean: np.float32,
) -> None:
    """A step of Adam (Kingma & Ba 2015) for parameters `(K, size)`, and its share of their average over the steps.

    `rate` is `(K, 1)`; `of_first` and `of_second` correct the moments for their start at 0.
    """
    for k in range(len(theta)):
        p, m, u, v, d = theta[k], mean[k], first[k], second[k], gradient[k]
        step = rate[k, 0] * of_first
        for i in range(len(p)):
            u[i] += f32(0.1) * (d[i] - u[i])
            v[i] = f32(0.999) * v[i] + f32(0.001) * d[i] * d[i]
            p[i] -= step * u[i] / (np.sqrt(v[i] * of_second) + f32(1e-8))
            m[i] += of_mean * (p[i] - m[i])
