"""Compiled layers compute what torch does: the same scores, gradients, steps and estimates, but for rounding."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("numba", reason="numba is missing")

from faulty_estimators import Bursts  # noqa: E402
from test_neural_training import gaussian, plugin  # noqa: E402

from mibench import neural  # noqa: E402
from mibench.neural.architectures import build  # noqa: E402
from mibench.neural.compiled import kernels, perceptron  # noqa: E402
from mibench.neural.compiled.perceptron import array  # noqa: E402
from mibench.neural.scores import tables  # noqa: E402
from mibench.neural.training import Stack  # noqa: E402

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def same_numbers_every_time():
    torch.manual_seed(0)


def in_float64(z):
    z = z.astype(np.float64)
    sigmoid = np.where(z > 0, 1 / (1 + np.exp(-abs(z))), np.exp(-abs(z)) / (1 + np.exp(-abs(z))))
    return z * sigmoid, sigmoid * (1 + z * (1 - sigmoid))


def activated(z, rectified):
    h, slope = z.reshape(1, -1, 32).copy(), np.empty((1, len(z) // 32, 32), dtype=np.float32)
    kernels.hidden(h, np.zeros((1, 32), dtype=np.float32), rectified, slope)
    return h.ravel(), slope.ravel()


def test_silu_and_its_slope_are_accurate_to_rounding():
    """To 3e-7 of the value while e^z is a float, 2e-6 of the slope, and nothing at all below."""
    z = np.concatenate([np.linspace(-87, 87, 32000), np.linspace(-1, 1, 32000)]).astype(np.float32)
    (h, slope), (h_true, slope_true) = activated(z, False), in_float64(z)
    np.testing.assert_allclose(h, h_true, rtol=3e-7, atol=0)
    np.testing.assert_allclose(slope, slope_true, rtol=1e-6, atol=2e-6)
    h, slope = activated(np.full(32, -3e38, dtype=np.float32), False)
    assert abs(h).max() < 10
    h, slope = activated(np.array([0, np.nan, 3e38, np.inf] * 8, dtype=np.float32), False)
    assert [h[0], slope[0], h[2], slope[2], h[3]] == [0, 0.5, np.float32(3e38), 1, np.inf]
    assert np.isnan([h[1], slope[1]]).all(), "a critic that broke down must be seen to have done so"


def test_rectified_units_are_exact():
    z = np.random.default_rng(0).standard_normal(320).astype(np.float32)
    h, slope = activated(z, True)
    assert (h == np.maximum(z, 0)).all()
    assert (slope == (z > 0)).all()


SHAPES = {
    "one layer": {"hidden": (64,)},
    "two layers": {},
    "three of other widths": {"hidden": (40, 64, 7)},
    "rectified": {"activation": "relu"},
    "merge": {"critic": "merge"},
}


def scores_and_gradients(critic, theta, x, y, group):
    weights = [w.detach().requires_grad_() for w in critic.unpack(theta)]
    table = tables(critic, weights, x, y, group)
    return table, torch.autograd.grad(table.sin().sum(), weights)


def both_paths(monkeypatch, compute):
    fast = compute()
    with monkeypatch.context() as patched:
        patched.setattr(perceptron, "kernels", lambda: None)
        return fast, compute()


@pytest.mark.parametrize("fields", SHAPES.values(), ids=SHAPES)
def test_scores_and_gradients_are_those_of_torch(fields, monkeypatch):
    critic = build(replace(plugin("mine"), **fields), 3, 2)
    theta = torch.stack([critic.draw(np.random.default_rng(k)) for k in range(3)])
    x, y = torch.randn(3, 20, 3), torch.randn(3, 20, 2)
    fast, plain = both_paths(monkeypatch, lambda: scores_and_gradients(critic, theta, x, y, 5))
    assert "Scores" in str(fast[0].grad_fn.next_functions) + str(fast[0].grad_fn), "nothing compiled was asked"
    torch.testing.assert_close(fast[0], plain[0], rtol=1e-5, atol=1e-6)
    for ours, theirs in zip(fast[1], plain[1], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_gradients_at_the_readings_are_those_of_torch(monkeypatch):
    """Where there is an encoder before the critic, and a group has more x than y: the places of a picture."""
    settings = replace(plugin("deep_infomax"), encoder="convolution", form="local")
    critic = build(settings, 64, 64)
    theta = torch.stack([critic.draw(np.random.default_rng(k)) for k in range(2)])
    x, y = torch.rand(2, 10, 64), torch.rand(2, 10, 64)
    fast, plain = both_paths(monkeypatch, lambda: scores_and_gradients(critic, theta, x, y, 5))
    torch.testing.assert_close(fast[0], plain[0], rtol=1e-5, atol=1e-6)
    for ours, theirs in zip(fast[1], plain[1], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("path", ["numba", "torch"])
def test_steps_are_those_of_torch_s_adam(path, monkeypatch):
    """Each critic at its own rate, as by an optimiser of its own."""
    if path == "torch":
        monkeypatch.setattr(perceptron, "kernels", lambda: None)
    settings = plugin("mine")
    critic = build(settings, 2, 2)
    theta = torch.stack([critic.draw(np.random.default_rng(k)) for k in range(2)])
    stack = Stack(critic, theta.clone(), settings)
    stack.rate[1] /= 2
    alone = [row.clone().requires_grad_() for row in theta]
    optimisers = [torch.optim.Adam([row], lr=float(rate)) for row, rate in zip(alone, stack.rate, strict=True)]
    target = torch.randn_like(theta)
    for step in range(30):
        place = critic.unpack(target)
        stack.share.copy_(stack.shares[step])
        stack.descend([2 * (w.detach() - t) for w, t in zip(stack.weights, place, strict=True)])
        for k, (row, optimiser) in enumerate(zip(alone, optimisers, strict=True)):
            optimiser.zero_grad()
            parts = zip(critic.unpack(row[None]), place, strict=True)
            sum(((w[0] - t[k]) ** 2).sum() for w, t in parts).backward()
            optimiser.step()
    torch.testing.assert_close(stack.theta, torch.stack([row.detach() for row in alone]), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("stem", ["mine", "jsd", "flo"])
def test_both_paths_estimate_alike_and_say_which_ran(stem, monkeypatch):
    estimator = replace(plugin(stem), steps=200, validate_every=50)
    data = [gaussian(1000, 2, 1, seed) for seed in range(2)]
    fast, plain = both_paths(
        monkeypatch, lambda: estimator.estimate_many([x for x, _ in data], [y for _, y in data], seeds=[0, 1])
    )
    assert {e.path for e in fast} == {"numba"}
    assert {e.path for e in plain} == {"torch"}
    for ours, theirs in zip(fast, plain, strict=True):
        assert abs(ours.value - theirs.value) < 0.02


def test_without_numba_a_run_is_torch_s(tmp_path):
    (tmp_path / "numba.py").write_text("raise ImportError('not here')")
    code = (
        "import mibench, numpy as np\n"
        "x = np.random.default_rng(0).normal(size=(200, 1))\n"
        "print(mibench.estimator('mine:steps=20').estimate(x, x + 1, seed=0).path)"
    )
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert (told.stdout.strip(), told.stderr) == ("torch", "")


def test_a_bound_inside_a_model_can_be_differentiated_twice():
    """As a penalty on gradients needs it."""
    bound = neural.objective(Bursts(), 2, 2, seed=0)
    x = torch.randn(8, 2, requires_grad=True)
    (gradient,) = torch.autograd.grad(bound(x, torch.randn(8, 2)), x, create_graph=True)
    (again,) = torch.autograd.grad(gradient.square().sum(), x)
    assert again.abs().max() > 0


def test_kernels_get_views_of_what_they_write_into():
    z = torch.zeros(2, 3)
    array(z)[:] = 1
    assert (z == 1).all()


def test_warming_loads_every_kernel_for_what_training_gives_it():
    """A kernel that training had to compile again would be compiled in every trial's process."""
    code = (
        "import numpy as np, mibench, mibench.neural.warm\n"
        "from mibench.neural.compiled import kernels\n"
        "compiled = {k: v for k, v in vars(kernels).items() if hasattr(v, 'signatures') and not k.startswith('_')}\n"
        "count = lambda: {k: len(v.signatures) for k, v in compiled.items() if k not in ('sigmoid', 'activate')}\n"
        "before = count()\n"
        "x = np.random.default_rng(0).normal(size=(200, 1))\n"
        "for name in ('mine:steps=20', 'flo:steps=20', 'mine:steps=20:critic=merge', 'deep-infomax:steps=20'):\n"
        "    mibench.estimator(name).estimate(x, x + 1, seed=0)\n"
        "assert count() == before and set(before.values()) == {1}, (before, count())"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
