"""The nearest-neighbour estimators against the textbook: every pair of rows, plain loops over columns."""

import numpy as np
import pytest
from scipy.special import digamma

from mibench import neighbors
from mibench.neighbors.scipy_path import ScipyPath

try:
    from mibench.neighbors.compiled_path import CompiledPath
except ImportError:  # numba is optional
    CompiledPath = None

PATHS = [
    pytest.param(lambda: ScipyPath(), id="scipy"),
    pytest.param(lambda: ScipyPath(threads=2), id="scipy-2-threads"),
    pytest.param(
        lambda: CompiledPath(), id="numba", marks=pytest.mark.skipif(CompiledPath is None, reason="numba is missing")
    ),
    pytest.param(
        lambda: CompiledPath(threads=3),
        id="numba-3-threads",
        marks=pytest.mark.skipif(CompiledPath is None, reason="numba is missing"),
    ),
]


def textbook(x, y, k, algorithm=1, norm="chebyshev"):
    """KSG from the full matrices of distances."""

    def apart(z):
        steps = np.abs(z[:, None, :] - z[None, :, :])
        return steps.max(axis=2) if norm == "chebyshev" else np.sqrt((steps**2).sum(axis=2))

    n = len(x)
    apart_x, apart_y = apart(x), apart(y)
    for matrix in (apart_x, apart_y):
        np.fill_diagonal(matrix, np.inf)
    joint = np.maximum(apart_x, apart_y)
    radius = np.sort(joint, axis=1)[:, k - 1, None]
    if algorithm == 1:
        near_x, near_y = (apart_x < radius).sum(axis=1), (apart_y < radius).sum(axis=1)
        return digamma(k) + digamma(n) - np.mean(digamma(near_x + 1) + digamma(near_y + 1))
    neighbours = joint <= radius  # k of them, or more where rows tie
    margin_x, margin_y = (np.where(neighbours, a, 0).max(axis=1, keepdims=True) for a in (apart_x, apart_y))
    near_x, near_y = (apart_x <= margin_x).sum(axis=1), (apart_y <= margin_y).sum(axis=1)
    return digamma(k) - 1 / k + digamma(n) - np.mean(digamma(near_x) + digamma(near_y))


def normal_pair(n, dim_x, dim_y, rho=0.6, seed=0):
    """The first min(dim_x, dim_y) columns of x and y correlate pairwise."""
    rng = np.random.default_rng([seed, n, dim_x, dim_y])
    x, y = rng.normal(size=(n, dim_x)), rng.normal(size=(n, dim_y))
    shared = min(dim_x, dim_y)
    y[:, :shared] = rho * x[:, :shared] + np.sqrt(1 - rho**2) * y[:, :shared]
    return x, y


@pytest.mark.parametrize("norm", ["chebyshev", "euclidean"])
@pytest.mark.parametrize("algorithm", [1, 2])
@pytest.mark.parametrize(("dim_x", "dim_y"), [(1, 1), (1, 3), (2, 2), (5, 2), (10, 10), (1, 30), (30, 30)])
def test_every_path_meets_the_textbook(dim_x, dim_y, algorithm, norm):
    """Paths differ only in how they find whole numbers, so they agree to the last bit; the textbook sums otherwise."""
    x, y = normal_pair(300, dim_x, dim_y)
    ks = list(range(1, 21))
    found = [
        neighbors.ksg_many_k(x, y, ks, algorithm=algorithm, norm=norm, path=param.values[0]())
        for param in PATHS
        if not param.marks or not param.marks[0].args[0]
    ]
    for estimates in found:
        assert [e.value for e in estimates] == [e.value for e in found[0]]
    for k, estimate in zip(ks, found[0], strict=True):
        assert estimate.value == pytest.approx(textbook(x, y, k, algorithm, norm), abs=1e-12)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("algorithm", [1, 2])
@pytest.mark.parametrize(("dim_x", "dim_y"), [(1, 1), (1, 2), (3, 3)])
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda z: z + 1e6, id="shifted"),
        pytest.param(lambda z: z * 1e-200, id="tiny"),
        pytest.param(lambda z: z * 1e200, id="huge"),
        pytest.param(lambda z: np.sign(z) * np.exp(3 * np.abs(z)), id="heavy-tailed"),
        pytest.param(lambda z: np.round(z, 2) + 0.5, id="rounded"),
    ],
)
def test_scale_and_shape_of_the_data_do_not_matter(change, dim_x, dim_y, algorithm, path):
    x, y = (change(z) for z in normal_pair(400, dim_x, dim_y))
    found = neighbors.ksg(x, y, 10, algorithm=algorithm, path=path()).value
    assert found == pytest.approx(textbook(x, y, 10, algorithm), abs=1e-12)


@pytest.mark.parametrize(
    ("x", "k", "line"),
    [
        (np.arange(10.0)[:, None] ** 1.5, 10, "k=10 needs 1 <= k < n, and n=10"),
        (np.arange(10.0)[:, None] ** 1.5, 0, "k=0 needs 1 <= k < n, and n=10"),
        (np.full((10, 1), 2.5), 3, "column 0 of x is constant"),
        (np.where(np.arange(10) == 4, np.nan, 0.5)[:, None], 3, "x holds nan at row 4, column 0"),
        (np.where(np.arange(10) == 7, np.inf, 0.5)[:, None], 3, "x holds inf at row 7, column 0"),
        (np.repeat(np.arange(5.0), 2)[:, None], 3, "use ksg-mixed"),
        (np.ones(10), 3, r"x has shape \(10,\); it must be \(n, dim\)"),
        (np.ones((9, 1)), 3, "x has 9 rows and y has 10"),
    ],
)
def test_bad_input_is_one_clear_line(x, k, line):
    y = np.random.default_rng(0).normal(size=(10, 1))
    with pytest.raises(ValueError, match=line) as caught:
        neighbors.ksg(x, y, k)
    assert "\n" not in str(caught.value)


def test_repeated_rows_are_an_error_and_never_a_number():
    x, y = normal_pair(20, 1, 1)
    x, y = np.repeat(x, 5, axis=0), np.repeat(y, 5, axis=0)
    with pytest.raises(ValueError, match=r"k=3: 100 of 100 rows .* distance zero .* ksg-mixed"):
        neighbors.ksg(x, y, 3)
