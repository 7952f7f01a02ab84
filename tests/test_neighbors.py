"""The nearest-neighbour estimators against the textbook: every pair of rows, plain loops over columns."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import cuda_by_cpu
import numpy as np
import pytest
import torch
from scipy.special import digamma, gammaln

from mibench import neighbors
from mibench.neighbors import choice, cuda_path
from mibench.neighbors.cuda_path import CudaPath
from mibench.neighbors.scipy_path import ScipyPath
from mibench.neighbors.torch_path import TorchPath

try:
    from mibench.neighbors.compiled_path import CompiledPath
except ImportError:  # numba is optional
    CompiledPath = None

ROOT = Path(__file__).parent.parent

PATHS = [
    pytest.param(lambda: ScipyPath(), id="scipy"),
    pytest.param(lambda: ScipyPath(threads=2), id="scipy-2-threads"),
    pytest.param(lambda: TorchPath("cpu"), id="torch"),
    pytest.param(
        lambda: CompiledPath(), id="numba", marks=pytest.mark.skipif(CompiledPath is None, reason="numba is missing")
    ),
    pytest.param(
        lambda: CompiledPath(threads=3),
        id="numba-3-threads",
        marks=pytest.mark.skipif(CompiledPath is None, reason="numba is missing"),
    ),
    pytest.param(
        lambda: CudaPath("cpu", cuda_by_cpu.compiled),
        id="cuda-by-cpu",
        marks=pytest.mark.skipif(shutil.which("g++") is None, reason="there is no C++ compiler"),
    ),
]


@pytest.fixture(autouse=True)
def threads_of_little_work(monkeypatch):
    """Samples are small here, and their threads are tested all the same."""
    if CompiledPath is not None:
        monkeypatch.setattr("mibench.neighbors.compiled_path.MANY", 0)


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


def at_hand():
    """Each path that runs here."""
    return [param.values[0]() for param in PATHS if not param.marks or not param.marks[0].args[0]]


@pytest.mark.parametrize("norm", ["chebyshev", "euclidean"])
@pytest.mark.parametrize("algorithm", [1, 2])
@pytest.mark.parametrize(("dim_x", "dim_y"), [(1, 1), (1, 3), (2, 2), (5, 2), (10, 10), (1, 30), (30, 30)])
def test_every_path_meets_the_textbook(dim_x, dim_y, algorithm, norm):
    """Paths differ only in how they find whole numbers, so they agree to the last bit; the textbook sums otherwise."""
    x, y = normal_pair(200, dim_x, dim_y)
    ks = [1, 2, 3, 4, 8, 20]
    found = [neighbors.ksg_many_k(x, y, ks, algorithm=algorithm, norm=norm, path=path) for path in at_hand()]
    for estimates in found:
        assert [e.value for e in estimates] == [e.value for e in found[0]]
    for k, estimate in zip(ks, found[0], strict=True):
        assert estimate.value == pytest.approx(textbook(x, y, k, algorithm, norm), abs=1e-12)


@pytest.mark.parametrize("norm", ["chebyshev", "euclidean"])
@pytest.mark.parametrize("algorithm", [1, 2])
@pytest.mark.parametrize(("dim_x", "dim_y"), [(1, 1), (1, 2), (3, 3), (30, 2)])
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda z: z + 1e6, id="shifted"),
        pytest.param(lambda z: z * 1e-200, id="tiny"),
        pytest.param(lambda z: z * 1e200, id="huge"),
        pytest.param(lambda z: z / np.abs(z).max() * 1.7e308, id="greatest floats"),
        pytest.param(lambda z: np.sign(z) * np.exp(3 * np.abs(z)), id="heavy-tailed"),
        pytest.param(lambda z: np.round(z * 4096) / 4096 + 0.5, id="rounded"),
    ],
)
def test_scale_and_shape_of_the_data_do_not_matter(change, dim_x, dim_y, algorithm, norm):
    """Of one path: `test_neighbors_exact` holds all of them to the same counts."""
    x, y = (change(z) for z in normal_pair(200, dim_x, dim_y))
    # A power of two and a root round alike at every scale, and keep the textbook's squares of 1e200 finite.
    exponent = -np.frexp(max(np.abs(x).max(), np.abs(y).max()))[1]
    like = np.ldexp(x, exponent), np.ldexp(y, exponent)
    ks = (3, 20)
    for k, found in zip(ks, neighbors.ksg_many_k(x, y, ks, algorithm=algorithm, norm=norm), strict=True):
        assert found.value == pytest.approx(textbook(*like, k, algorithm, norm), abs=1e-12)


@pytest.mark.parametrize(
    ("x", "k", "line"),
    [
        (np.arange(10.0)[:, None] ** 1.5, 10, "k=10 needs 1 <= k < n, and n=10"),
        (np.arange(10.0)[:, None] ** 1.5, 0, "k=0 needs 1 <= k < n, and n=10"),
        (np.full((10, 1), 2.5), 3, "column 0 of x is constant"),
        (np.where(np.arange(10) == 4, np.nan, 0.5)[:, None], 3, "x holds nan at row 4, column 0"),
        (np.where(np.arange(10) == 7, np.inf, 0.5)[:, None], 3, "x holds inf at row 7, column 0"),
        (np.ones(10), 3, "column 0 of x is constant"),
        (np.ones((9, 1)), 3, "x has 9 rows and y has 10"),
    ],
)
def test_bad_input_is_one_clear_line(x, k, line):
    y = np.random.default_rng(0).normal(size=(10, 1))
    with pytest.raises(ValueError, match=line) as caught:
        neighbors.ksg(x, y, k)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("algorithm", [1, 2])
@pytest.mark.parametrize(("dim_x", "dim_y"), [(1, 1), (2, 3)])
def test_order_of_rows_and_of_x_and_y_changes_nothing(dim_x, dim_y, algorithm):
    """To the last bit: counts are whole numbers, and they are summed by value."""
    x, y = normal_pair(2000, dim_x, dim_y)
    mixed_up = np.random.default_rng(1).permutation(len(x))
    found = neighbors.ksg(x, y, algorithm=algorithm).value
    assert neighbors.ksg(y, x, algorithm=algorithm).value == found
    assert neighbors.ksg(x[mixed_up], y[mixed_up], algorithm=algorithm).value == found


@pytest.mark.parametrize("algorithm", [1, 2])
def test_powers_of_two_change_nothing(algorithm):
    x, y = normal_pair(1000, 2, 2)
    assert neighbors.ksg(x * 8, y * 8, algorithm=algorithm).value == neighbors.ksg(x, y, algorithm=algorithm).value


@pytest.mark.parametrize("algorithm", [1, 2])
@pytest.mark.parametrize("scaling", ["standard", "rank"])
def test_scaled_estimates_do_not_depend_on_units(scaling, algorithm):
    x, y = normal_pair(1000, 2, 3)
    found = neighbors.ksg(x, y, algorithm=algorithm, scaling=scaling).value
    other_units = x * [1e-3, 7e5] + [3, -40], y * [1e200, 1e-200, 5]
    assert neighbors.ksg(*other_units, algorithm=algorithm, scaling=scaling).value == pytest.approx(found, abs=1e-12)


def test_ranks_do_not_depend_on_monotone_maps():
    x, y = normal_pair(1000, 2, 1)
    found = neighbors.ksg(x, y, scaling="rank").value
    assert neighbors.ksg(np.exp(2 * x), y**3, scaling="rank").value == found


def test_ties_share_the_mean_of_their_ranks():
    from scipy.stats import norm, rankdata

    from mibench.neighbors.sample import scaled

    z = np.array([[3.0], [1.0], [3.0], [2.0], [3.0]])
    expected = norm.ppf((rankdata(z[:, 0]) - 0.5) / 5)
    assert scaled(z, "rank")[:, 0] == pytest.approx(expected)


@pytest.mark.parametrize("algorithm", [1, 2])
@pytest.mark.parametrize("dim", [1, 3])
def test_independent_data_give_zero_on_average(dim, algorithm):
    """Nothing is clipped, so the mean over seeds is within three of its own standard errors of 0."""
    found = []
    for seed in range(60):
        rng = np.random.default_rng([seed, dim])
        found.append(neighbors.ksg(rng.normal(size=(500, dim)), rng.normal(size=(500, dim)), algorithm=algorithm).value)
    assert min(found) < 0
    assert abs(np.mean(found)) < 3 * np.std(found, ddof=1) / np.sqrt(len(found))


@pytest.mark.parametrize("norm", ["chebyshev", "euclidean"])
@pytest.mark.parametrize(("dim_x", "dim_y"), [(1, 1), (2, 3)])
def test_three_entropies_meet_their_formula(dim_x, dim_y, norm):
    """The volumes of the unit balls, 2^dim or π^(dim/2) / Γ(dim/2 + 1), multiply in the joint space."""
    n, k = 200, 4
    x, y = normal_pair(n, dim_x, dim_y)

    def apart(z):
        steps = np.abs(z[:, None, :] - z[None, :, :])
        return steps.max(axis=2) if norm == "chebyshev" else np.sqrt((steps**2).sum(axis=2))

    def log_volume(dim):
        return dim * np.log(2) if norm == "chebyshev" else dim / 2 * np.log(np.pi) - gammaln(dim / 2 + 1)

    def entropy(matrix, dim, log_ball):
        radius = np.sort(matrix, axis=1)[:, k]  # column 0 is the row itself
        return digamma(n) - digamma(k) + log_ball + dim * np.log(radius).mean()

    ball_x, ball_y = log_volume(dim_x), log_volume(dim_y)
    expected = (
        entropy(apart(x), dim_x, ball_x)
        + entropy(apart(y), dim_y, ball_y)
        - entropy(np.maximum(apart(x), apart(y)), dim_x + dim_y, ball_x + ball_y)
    )
    for path in at_hand():
        assert neighbors.kl(x, y, k, norm=norm, path=path).value == pytest.approx(expected, abs=1e-12), path


def textbook_mixed(x, y, k):
    n = len(x)
    apart_x, apart_y = (np.abs(z[:, None, :] - z[None, :, :]).max(axis=2) for z in (x, y))
    joint = np.maximum(apart_x, apart_y)
    radius = np.sort(joint, axis=1)[:, k, None]  # column 0 is the row itself
    zero = radius[:, 0] == 0
    near_x, near_y = (np.where(zero, (a == 0).sum(axis=1), (a < radius).sum(axis=1)) for a in (apart_x, apart_y))
    neighbours = np.where(zero, (joint == 0).sum(axis=1), k)
    return np.mean(digamma(neighbours) + np.log(n) - digamma(near_x) - digamma(near_y))


@pytest.mark.parametrize("kind", ["continuous", "discrete", "both", "zero-inflated"])
def test_mixed_meets_its_formula(kind):
    rng = np.random.default_rng(3)
    x, y = normal_pair(400, 2, 1)
    if kind == "discrete":
        x, y = np.round(x), np.round(y)
    elif kind == "both":
        x = np.round(x)
    elif kind == "zero-inflated":
        x, y = (z * (rng.random((400, 1)) < 0.7) for z in (x, y))
    for path in at_hand():
        assert neighbors.ksg_mixed(x, y, 5, path=path).value == pytest.approx(textbook_mixed(x, y, 5), abs=1e-12), path


def test_mixed_meets_the_truth_of_its_paper():
    """X uniform on {0 … m−1}, Y uniform on [X, X + 2] (Gao et al. 2017): I = log m − (m − 1) log 2 / m.

    One estimate has a standard deviation of 0.011, so the mean of 20 is within four standard errors of its own.
    """
    m, found = 5, []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x = rng.integers(m, size=(2000, 1)).astype(float)
        found.append(neighbors.ksg_mixed(x, x + rng.uniform(0, 2, size=x.shape), 5).value)
    truth = np.log(m) - (m - 1) * np.log(2) / m
    assert np.mean(found) == pytest.approx(truth, abs=0.01)


def test_mixed_tends_to_the_plug_in_estimate_on_discrete_data():
    """ψ(c) = log c − 1/2c + …, and here every value has more than 200 rows: 3 terms off by at most 1/400 each."""
    rng = np.random.default_rng(0)
    x = rng.integers(2, size=(2000, 1)).astype(float)
    y = np.where(rng.random((2000, 1)) < 0.25, 1 - x, x)
    table = np.histogram2d(x[:, 0], y[:, 0], bins=2)[0] / 2000
    plug_in = (table * np.log(table / np.outer(table.sum(axis=1), table.sum(axis=0)))).sum()
    assert table.min() * 2000 > 200
    assert neighbors.ksg_mixed(x, y, 5).value == pytest.approx(plug_in, abs=3 / 400)


@pytest.mark.parametrize("norm", ["chebyshev", "euclidean"])
@pytest.mark.parametrize("algorithm", [1, 2])
def test_one_search_for_many_k_gives_the_single_values(algorithm, norm):
    x, y = normal_pair(400, 2, 2)
    for path in at_hand():
        together = neighbors.ksg_many_k(x, y, [10, 1, 3, 5], algorithm=algorithm, norm=norm, path=path)
        assert together == [neighbors.ksg(x, y, k, algorithm=algorithm, norm=norm, path=path) for k in (10, 1, 3, 5)]


def test_a_sweep_over_k_makes_one_search():
    class Counting(ScipyPath):
        searches = 0

        def counts(self, *arguments):
            Counting.searches += 1
            return super().counts(*arguments)

    neighbors.ksg_many_k(*normal_pair(100, 1, 1), [1, 3, 5, 10], path=Counting())
    assert Counting.searches == 1


@pytest.mark.parametrize("algorithm", [1, 2])
def test_k_up_to_all_other_rows(algorithm):
    x, y = normal_pair(40, 1, 2)
    assert neighbors.ksg(x, y, 39, algorithm=algorithm).value == pytest.approx(textbook(x, y, 39, algorithm), abs=1e-12)


@pytest.mark.skipif(CompiledPath is None, reason="numba is missing")
@pytest.mark.parametrize(("n", "dim_x", "dim_y"), [(8_000, 1, 1), (3_000, 3, 2), (1_500, 1, 12)])
@pytest.mark.parametrize(
    "shape", ["normal", "cauchy", "outlier", "clusters", "unequal scales", "y follows x", "decimals"]
)
def test_compiled_counts_are_those_of_scipy_on_awkward_data(shape, n, dim_x, dim_y):
    """Large enough for many strips and leaves, where the 16-bit grid decides most comparisons."""
    rng = np.random.default_rng([n, dim_x])
    x, y = normal_pair(n, dim_x, dim_y)
    if shape == "cauchy":
        x, y = x / rng.normal(size=(n, 1)), y / rng.normal(size=(n, 1))
    elif shape == "outlier":
        x[7], y[11] = 1e9, -1e12
    elif shape == "clusters":
        far = rng.integers(3, size=(n, 1)) * 1e7
        x, y = x + far, y - far
    elif shape == "unequal scales":
        y *= 1e4
    elif shape == "y follows x":
        y = x[:, :1] + 1e-7 * y
    elif shape == "decimals":  # distances that should tie are rounded apart, on every path alike
        x, y = np.round(x, 5), np.round(y, 5)
    for algorithm in (1, 2):
        fast, base = (
            neighbors.ksg_many_k(x, y, [1, 4, 30], algorithm=algorithm, path=path)
            for path in (CompiledPath(threads=2), ScipyPath())
        )
        assert [e.value for e in fast] == [e.value for e in base]


@pytest.mark.skipif(CompiledPath is None, reason="numba is missing")
@pytest.mark.parametrize("algorithm", [1, 2])
@pytest.mark.parametrize(("dim_x", "dim_y"), [(1, 2), (3, 2), (9, 8)])
def test_compiled_euclidean_counts_are_those_of_scipy(dim_x, dim_y, algorithm):
    """Large enough for a tree whose boxes leave most leaves unseen."""
    x, y = normal_pair(2000, dim_x, dim_y)
    fast, base = (
        neighbors.ksg_many_k(x, y, [1, 4, 30], algorithm=algorithm, norm="euclidean", path=path)
        for path in (CompiledPath(threads=2), ScipyPath())
    )
    assert [e.value for e in fast] == [e.value for e in base]


@pytest.mark.skipif(CompiledPath is None, reason="numba is missing")
def test_a_gpu_leaves_large_samples_of_two_columns_to_the_strips(monkeypatch):
    """As soon as these are faster; where torch can compile no kernels it says so, and its operations do the same."""

    def no_compiler(*asked):
        raise RuntimeError("NVRTC is missing")

    monkeypatch.setattr(cuda_path, "compiled", no_compiler)
    choice._on_cuda.cache_clear()
    assert choice.choose(1, 1, device="cuda", n=choice.STRIPS_WIN).name == "numba-strip"
    with pytest.warns(RuntimeWarning, match=r"torch's own operations on cuda, .*: NVRTC is missing"):
        assert choice.choose(1, 1, device="cuda", n=choice.STRIPS_WIN - 1) == TorchPath("cuda")
    assert choice.choose(2, 1, device="cuda", n=10**6) == TorchPath("cuda")
    monkeypatch.undo()
    choice._on_cuda.cache_clear()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("norm", ["chebyshev", "euclidean"])
@pytest.mark.parametrize("algorithm", [1, 2])
def test_cuda_meets_the_cpu(algorithm, norm):
    x, y = normal_pair(20_000, 3, 2)
    there, here = (neighbors.ksg(x, y, 5, algorithm=algorithm, norm=norm, device=d).value for d in ("cuda", "cpu"))
    assert there == pytest.approx(here, abs=1e-9)


@pytest.mark.parametrize("scale", [2.0**-600, 2.0**600])
def test_noise_has_the_size_of_the_data(scale):
    x, y = normal_pair(50, 2, 1)
    noisy = neighbors.with_noise(x, y, 1e-6, 0)
    assert all(np.array_equal(a, b) for a, b in zip((x, y), neighbors.with_noise(x, y, 0.0, 0), strict=True))
    scaled = neighbors.with_noise(x * scale, y * scale, 1e-6, 0)
    assert all(np.array_equal(a * scale, b) for a, b in zip(noisy, scaled, strict=True))


def run_python(code, root=ROOT, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), **environment},
    )


ONE_KERNEL = """
import numpy as np
from mibench.neighbors.compiled import strip
strip.edges(np.zeros(4), 2, np.zeros(2), np.zeros(2))
print(sum(strip.edges.stats.cache_hits.values()))
"""


@pytest.mark.skipif(CompiledPath is None, reason="numba is missing")
@pytest.mark.parametrize("writable", [True, False], ids=["writable", "read-only"])
def test_kernels_are_compiled_once_and_kept(writable, tmp_path):
    """Beside the package, or in the user's cache where nothing can be written beside it; after a change, anew."""
    root, home = tmp_path / "site", tmp_path / "home"
    room = root / "mibench" / "neighbors" / "compiled"
    shutil.copytree(ROOT / "mibench", root / "mibench", ignore=shutil.ignore_patterns("__pycache__"))
    home.mkdir()
    if not writable:
        (room / "__pycache__").write_text("a file, where even root can make no folder")

    def hits():
        environment = {"HOME": str(home), "NUMBA_CACHE_DIR": "", "PYTHONDONTWRITEBYTECODE": "1"}
        return int(run_python(ONE_KERNEL, root, **environment).stdout)

    assert [hits(), hits()] == [0, 1]
    assert any(home.rglob("*.nbc")) != writable
    (room / "rows.py").write_text((room / "rows.py").read_text() + "\n")
    assert hits() == 0


def test_a_run_without_numba_says_once_that_it_is_slower(tmp_path):
    (tmp_path / "numba.py").write_text("raise ImportError('not here')")
    run = ("run", "-e", "ksg,kl", "-t", "gaussian", "--dims", "1", "--mi", "0.5", "-n", "50", "--seeds", "1")
    ran = subprocess.run(
        [sys.executable, "-m", "mibench", *run, "-o", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
    )
    assert ran.stderr.count("pip install 'mibench[fast]'") == 1


def test_without_numba_it_runs_on_scipy_and_says_so_once():
    ran = run_python(
        "import sys; sys.modules['numba'] = None\n"
        "import numpy as np\n"
        "from mibench import neighbors\n"
        "x = np.random.default_rng(0).normal(size=(50, 2))\n"
        "print({neighbors.ksg(x[:, :1], x[:, 1:]).path for _ in range(3)})"
    )
    assert ran.stdout.strip() == "{'scipy'}"
    assert ran.stderr.count("pip install 'mibench[fast]'") == 1


def test_importing_the_room_or_its_plugins_imports_nothing_heavy():
    ran = run_python(
        "import sys; sys.path.insert(0, 'plugins')\n"
        "import ksg, kl, ksg_mixed\n"
        "for plugin in (ksg, kl, ksg_mixed): plugin.mibench_estimators()\n"
        "print([m for m in ('scipy', 'numba', 'torch', 'pandas', 'sklearn', 'matplotlib') if m in sys.modules])"
    )
    assert ran.stdout.strip() == "[]"


@pytest.mark.slow
@pytest.mark.parametrize(("n", "dim"), [(10**6, 1), (10**5, 10)])
def test_peak_memory_stays_below_a_gigabyte(n, dim):
    ran = run_python(
        "import resource, numpy as np\n"
        "from mibench import neighbors\n"
        f"rng = np.random.default_rng(0); x = rng.normal(size=({n}, {dim})); y = x + rng.normal(size=({n}, {dim}))\n"
        "neighbors.ksg(x, y)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)"
    )
    assert float(ran.stdout) < 1.0
