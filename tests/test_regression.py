"""The formulas of denoisers, flows and codes, with what is exact in place of a network; then the networks."""

import importlib.util
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mibench import Diverged
from mibench.checks import estimators
from mibench.regression import coordinates, denoising, flow, networks, training
from mibench.regression.codes import CrossDecoding

PLUGINS = Path(__file__).parent.parent / "plugins"


def plugin(file):
    spec = importlib.util.spec_from_file_location(f"plugin_{file}", PLUGINS / f"{file}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (estimator,) = module.mibench_estimators().values()
    return estimator


FILES = "immse", "cfmmi", "latent_mi"
LEVELS = denoising.Levels(2.0, 3.0)
RHO = torch.tensor([0.9, 0.5, 0.0])
MI = -0.5 * float(torch.log1p(-(RHO.double() ** 2)).sum())


def stream(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def channel():
    """A normal pair, coordinate by coordinate, as tensors."""
    x = torch.randn(4000, 3, generator=stream(1))
    return x, RHO * x + (1 - RHO**2).sqrt() * torch.randn(4000, 3, generator=stream(2))


def best(noisy, level, y):
    """The noise as its conditional means have it, of a standard normal and of the normal x given y."""
    a, s = denoising.amplitudes(level)
    left = 1 - RHO**2
    return s * noisy, s / (a**2 * left + s**2) * (noisy - a * RHO * y)


def test_both_gaps_of_the_best_denoisers_are_the_mutual_information(channel):
    """Five standard errors of the mean over the rows."""
    score, error, _ = denoising.gaps(best, LEVELS, *channel, 32, stream(3)).mean(2)
    for rows in (score, error):
        assert rows.mean() == pytest.approx(MI, abs=5 * training.standard_error(rows))
        assert training.standard_error(rows) < 0.02


def test_errors_of_the_denoiser_move_the_gaps_apart(channel):
    """An error δ of the one that is told y adds ½∫E|δ|² to one gap and takes it from the other; the mean keeps."""

    def worse(noisy, level, y):
        without, given = best(noisy, level, y)
        return without, given + 0.3 * torch.sigmoid(level)[:, None] * torch.cos(9 * y)

    score, error, _ = denoising.gaps(worse, LEVELS, *channel, 32, stream(3)).mean(2)
    assert score.mean() > MI + 0.1
    assert error.mean() < MI - 0.1
    assert (score + error).mean() / 2 == pytest.approx(MI, abs=0.1)


def test_levels_are_an_importance_sample():
    """Means of ½(mmse − mmse given y) over the density are its integral −½ log(1 − ρ²), but for what ±4 spreads cut."""
    share = (torch.arange(20_000, dtype=torch.float64) + 0.5) / 20_000
    level, weight = LEVELS.at(share)
    snr = level.exp()
    for left in (0.9, 0.1, 1e-3):
        gap = (snr / (1 + snr) - left * snr / (1 + left * snr)) / 2
        assert float((gap * weight).mean()) == pytest.approx(-np.log(left) / 2, abs=2e-3)


def test_the_denoiser_of_an_untrained_network_is_the_best_one_of_normals(channel):
    """A prior of the true correlations, whose network begins at zero."""
    denoiser = denoising.Denoiser(prior(RHO.numpy()), LEVELS)
    x, y = channel
    level, _ = LEVELS.at(torch.rand(len(x), generator=stream(4)))
    found = denoiser(denoiser.prior.draw(stream(5)), x, level, y)
    for guess, exact in zip(found, best(x, level, y), strict=True):
        assert torch.allclose(guess, exact, atol=1e-5)


def prior(slopes, network="perceptron", dims=(3, 3)):
    where = replace(coordinates.plain(np.zeros((1, dims[0])), np.zeros((1, dims[1]))), slopes=slopes.astype(float))
    return denoising.Prior(replace(plugin("immse"), network=network), where, torch.device("cpu"))


def test_the_divergence_of_the_exact_velocity_is_the_mutual_information(channel):
    """−∫ div v dt = −½ log(1 − ρ²) a coordinate, as a mean over stratified times, with traces and with probes.

    All of it is learnt by a start that knows nothing of y, and what it adds to that is the same with and without pull.
    """
    velocity, start = flow.Velocity(prior(RHO.numpy())), flow.Velocity(prior(np.zeros(3)))

    def learnt(at, t, y):
        return velocity.linear(at, t, y) - start.linear(at, t, y)

    rest = (*channel, 32)
    exact, error = flow.divergence(learnt, start.linear, flow.nothing, *rest, True, stream(6))
    probed, _ = flow.divergence(learnt, start.linear, flow.nothing, *rest, False, stream(6))
    pulled, _ = flow.divergence(learnt, start.linear, start.pull, *rest, True, stream(6))
    for added in (exact, probed, pulled):
        assert -added.mean() == pytest.approx(MI, abs=5 * training.standard_error(added))
    assert training.standard_error(exact) < 0.01
    off, other = flow.divergence(lambda *z: learnt(*z) + 0.1 * z[2], start.linear, flow.nothing, *rest, True, stream(6))
    assert off == pytest.approx(exact, abs=1e-4), "what does not depend on the place has no divergence"
    assert other.mean() > error.mean(), "the exact velocity has the least error"


def test_what_is_learnt_from_noise_adds_nothing_to_normal_data(channel):
    """The divergence of x³/10 alone is 0.3 x²; its product with the pull has the same mean where the start is right."""
    start = flow.Velocity(prior(RHO.numpy()))
    alone, added = (
        flow.divergence(lambda at, t, y: at**3 / 10, start.linear, pull, *channel, 32, True, stream(6))[0]
        for pull in (flow.nothing, start.pull)
    )
    assert alone.mean() > 0.3
    assert abs(added.mean()) < 5 * training.standard_error(added) < 0.1


def test_traces_of_a_field_are_its_divergence():
    """Of the field (x³, xy): 3x² + x. Signs find the same on average: what they add, ±(∂₁v₂ + ∂₂v₁), has mean 0."""
    at = torch.randn(20_000, 2, generator=stream(7))
    truth = 3 * at[:, 0] ** 2 + at[:, 0]
    at.requires_grad_()
    field = torch.stack([at[:, 0] ** 3, at[:, 0] * at[:, 1]], 1)
    assert torch.allclose(flow.exact_trace(at, field), truth, atol=1e-4)
    off = flow.probed_trace(at, field, stream(8)) - truth.detach()
    assert torch.allclose(off.abs(), at[:, 1].detach().abs(), atol=1e-4)
    assert float(off.mean()) == pytest.approx(0, abs=5 / np.sqrt(20_000))


def test_partners_are_of_other_rows():
    found = flow.elsewhere(3, 5000, 5, 1004, stream(9))
    assert (found != 3 + torch.arange(5000) // 5).all()
    assert set(found.tolist()) <= set(range(1004))


def mixed_normals(n, correlations, seed, dim_x=3, dim_y=4):
    """Normals of these canonical correlations, each side turned, and in units of its own."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, dim_x)), rng.normal(size=(n, dim_y))
    for i, rho in enumerate(correlations):
        y[:, i] = rho * x[:, i] + np.sqrt(1 - rho**2) * y[:, i]
    turns = (np.linalg.qr(rng.normal(size=(dim, dim)))[0] for dim in (dim_x, dim_y))
    x, y = (z @ turn * np.linspace(1, 3, len(turn)) for z, turn in zip((x, y), turns, strict=True))
    return x + 5, y


def test_canonical_coordinates_are_correlated_one_by_one():
    x, y = mixed_normals(20_000, (0.95, 0.6), 1)
    where = coordinates.canonical(x, y)
    u, v = where.x(x), where.y(y)
    n = len(x)
    assert u.T @ u / n == pytest.approx(np.eye(3), abs=1e-6)
    assert v.T @ v / n == pytest.approx(np.eye(4), abs=1e-5)
    across = u.T @ v / n
    assert across - np.pad(np.diag(np.diag(across)), ((0, 0), (0, 1))) == pytest.approx(np.zeros((3, 4)), abs=1e-6)
    assert where.slopes[:2] == pytest.approx([0.95, 0.6], abs=5 / np.sqrt(n))
    assert where.slopes[2] == 0


def test_correlations_are_less_what_few_rows_make_up():
    """The formula's own inverse; and ten pairs of 0.8 among 40 + 30 columns and 500 rows, which show 0.83."""
    a, b, square = 0.08, 0.06, np.array([0.1, 0.5, 0.9])
    seen = np.sqrt((1 - a + a / square) * (1 - b + b / square) * square)
    assert coordinates.deflated(seen, a, b) ** 2 == pytest.approx(square, rel=1e-12)
    found = coordinates.canonical(*mixed_normals(500, [0.8] * 10, 3, 40, 30)).slopes
    assert found[:10].mean() == pytest.approx(0.8, abs=0.02)


def test_independent_sides_have_no_correlation_to_start_from():
    """Wachter's edge is passed by chance alone: seldom, and by little."""
    rng = np.random.default_rng(2)
    for n, dim_x, dim_y in ((7000, 20, 20), (300, 5, 30), (100, 80, 60)):
        slopes = coordinates.canonical(rng.normal(size=(n, dim_x)), rng.normal(size=(n, dim_y))).slopes
        assert (slopes > 0).sum() <= 1
        assert slopes.sum() < 0.3


def test_a_convolution_is_told_and_keeps_places():
    """What it is told reaches every pixel, and it begins as nothing."""
    net = networks.Convolution(64, 2, 3, (4, 8), "silu")
    weights = [torch.randn(w.shape, generator=stream(11)) for w in net.draw(stream(10))]
    assert len(weights) == 4 * len(net.layers) + 2
    picture = torch.zeros(2, 2, 8, 8)
    picture[0, :, 3, 3], picture[1, :, 3, 5] = 1, 1
    out = net(weights, torch.cat([picture.flatten(1), torch.ones(2, 3)], 1)).view(2, 2, 8, 8)
    assert out.shape == picture.shape
    told = net(weights, torch.cat([picture.flatten(1), torch.zeros(2, 3)], 1)).view(2, 2, 8, 8)
    assert (out != told).all()
    assert torch.equal(net(net.draw(stream(10)), torch.ones(1, 131)), torch.zeros(1, 128))


def test_codes_are_judged_by_what_they_tell_of_both_sides():
    """With identities for encoders and decoders: twice the squared distance of the sides, nothing from the own code."""
    coder = CrossDecoding(replace(plugin("latent_mi"), hidden=(2,), activation="relu"), (2, 2), (2, 2))
    weights = [part for _ in range(12) for part in (torch.eye(2), torch.zeros(2))]
    assert [w.shape for w in weights] == [w.shape for w in coder.draw(stream(12))]
    x, y = torch.rand(50, 2, generator=stream(13)), torch.rand(50, 2, generator=stream(14))
    assert torch.equal(torch.stack(coder.encode(weights, x, y)), torch.stack([x, y]))
    assert float(coder.loss(weights, x, y)) == pytest.approx(2 * float((x - y).square().mean()), rel=1e-6)


def test_descent_is_adam():
    """Down ½|w − 1|², whose gradient is w − 1, beside the paper's steps written out; and the average of weights."""
    start = [torch.tensor([[3.0, -1.0]]), torch.zeros(1)]
    descent = training.Descent(start, replace(plugin("immse"), learning_rate=0.1, averaging=1.0))
    w, m, v, mean = np.array([3.0, -1.0, 0.0]), 0.0, 0.0, 0.0
    for step in range(1, 31):
        descent.step(sum(((z - 1) ** 2).sum() for z in descent.weights) / 2)
        m, v = 0.9 * m + 0.1 * (w - 1), 0.999 * v + 0.001 * (w - 1) ** 2
        w = w - 0.1 * m / (1 - 0.9**step) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
        mean += (w - mean) * 10 / (9 + step)
    assert np.concatenate([z.detach().numpy().ravel() for z in descent.weights]) == pytest.approx(w, abs=1e-5)
    assert descent.mean.numpy() == pytest.approx(mean, abs=1e-5)


@pytest.mark.parametrize("file", FILES)
def test_an_estimate_repeats_itself_by_seed_alone(file):
    estimator = replace(plugin(file), steps=20, validate_every=10)
    x, y = estimators.gaussian_pair(200, 1.0, seed=1, dim=2)
    torch.manual_seed(1)
    first = estimator.estimate(x, y, seed=3)
    torch.manual_seed(2)
    before = torch.get_rng_state()
    assert estimator.estimate(x, y, seed=3) == first
    assert torch.equal(before, torch.get_rng_state())
    assert estimator.estimate(x, y, seed=4) != first
    assert first.steps == 20
    assert first.samples_seen <= 200


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"steps": 0}, "steps=0 must be at least 1"),
        ({"hidden": ()}, "at least one layer"),
        ({"batch_size": 1}, "batch_size=1"),
        ({"activation": "sine"}, "activation='sine' is none of silu"),
        ({"scaling": "minmax"}, "scaling='minmax' is none of"),
        ({"split": (1, 1)}, "three shares"),
    ],
    ids=str,
)
def test_a_setting_that_cannot_be_run_is_named(file, fields, said):
    with pytest.raises(ValueError, match=said):
        replace(plugin(file), **fields).estimate(*estimators.gaussian_pair(100, 1.0, seed=1), seed=0)


@pytest.mark.parametrize("file", FILES)
def test_too_few_rows_are_refused_beforehand_and_in_an_estimate(file):
    estimator = plugin(file)
    said = estimator.refuses(n=10, dim_x=1, dim_y=1, device="cpu")
    assert "4 needed of each" in said
    with pytest.raises(ValueError, match="4 needed of each"):
        estimator.estimate(*estimators.gaussian_pair(10, 1.0, seed=1), seed=0)
    assert estimator.refuses(n=1000, dim_x=1, dim_y=1, device="cpu") is None
    assert "not on tpu" in estimator.refuses(n=1000, dim_x=1, dim_y=1, device="tpu")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"diffuse": "z"}, "diffuse='z' is none of x, y, smaller"),
        ({"network": "resnet"}, "network='resnet' is none of"),
    ],
    ids=str,
)
@pytest.mark.parametrize("file", ["immse", "cfmmi"])
def test_a_side_or_network_that_there_is_not_is_named(file, fields, said):
    with pytest.raises(ValueError, match=said):
        replace(plugin(file), **fields).estimate(*estimators.gaussian_pair(100, 1.0, seed=1), seed=0)


def test_what_is_read_and_where_levels_lie_is_named():
    x, y = estimators.gaussian_pair(100, 1.0, seed=1)
    for file, fields, said in (
        ("immse", {"reads": "gap"}, "reads='gap' is none of"),
        ("immse", {"spread": 0.0}, "spread=0.0 must be a number above 0"),
        ("immse", {"centre": math.nan}, "centre=nan must be a number"),
        ("cfmmi", {"exact_to": -1}, "exact_to=-1 must be at least 0"),
        ("latent_mi", {"codes": 0}, "codes=0 must be at least 1"),
    ):
        with pytest.raises(ValueError, match=said):
            replace(plugin(file), **fields).estimate(x, y, seed=0)


def test_neighbours_of_codes_that_repeat_are_told_of_as_codes():
    x = np.random.default_rng(0).integers(0, 3, (200, 1)).astype(float)
    with pytest.raises(ValueError, match="the codes of x and y, which neighbours are sought in"):
        replace(plugin("latent_mi"), steps=1).estimate(x, (x + 1) % 3, seed=0)


def test_a_convolution_reads_square_pictures_alone():
    estimator = replace(plugin("immse"), network="convolution")
    assert estimator.refuses(n=1000, dim_x=64, dim_y=64, device="cpu") is None
    assert "side of 8, 16, 32" in estimator.refuses(n=1000, dim_x=5, dim_y=64, device="cpu")
    assert replace(estimator, diffuse="y").refuses(n=1000, dim_x=5, dim_y=64, device="cpu") is None
    with pytest.raises(ValueError, match="not 1 numbers"):
        estimator.estimate(*estimators.gaussian_pair(100, 1.0, seed=1), seed=0)
    with pytest.raises(ValueError, match="halves pictures 8 wide too often: 4 at most"):
        replace(estimator, hidden=(4,) * 5).estimate(*estimators.gaussian_pair(100, 1.0, seed=1, dim=64), seed=0)


@pytest.mark.parametrize("file", ["immse", "cfmmi"])
def test_the_side_that_gets_noise_is_a_choice(file):
    """Of the two columns of x one tells of y, so either way it is the same half of a nat."""
    estimator = replace(plugin(file), steps=1)
    x, y = estimators.gaussian_pair(2000, 0.5, seed=2, dim=2)
    y = y[:, :1]
    of_x, of_y = (replace(estimator, diffuse=side).estimate(x, y, seed=1) for side in "xy")
    assert estimator.estimate(x, y, seed=1) == of_y, "y has fewer columns"
    assert of_x != of_y
    for found in (of_x, of_y):
        assert found.value == pytest.approx(0.5, abs=5 * found.std)


@pytest.mark.parametrize("file", ["immse", "cfmmi"])
@pytest.mark.parametrize("dim_y", [3, 64])
def test_a_convolution_repeats_itself(file, dim_y):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 64))
    y = x[:, :dim_y] + rng.normal(size=(60, dim_y))
    estimator = replace(
        plugin(file), network="convolution", diffuse="x", hidden=(4, 8), steps=4, validate_every=2, batch_size=16
    )
    first = estimator.estimate(x, y, seed=1)
    assert np.isfinite(first.value)
    assert estimator.estimate(x, y, seed=1) == first


@pytest.mark.parametrize("file", FILES)
def test_copies_of_rows_stay_in_one_part_and_are_told(file):
    x, y = estimators.gaussian_pair(150, 0.5, seed=3)
    x, y = np.tile(x, (2, 1)), np.tile(y, (2, 1))
    estimator = replace(plugin(file), steps=2)
    if file == "latent_mi":
        with pytest.raises(ValueError, match="copies of others"):
            estimator.estimate(x, y, seed=0)
        return
    assert "repeated-rows" in estimator.estimate(x, y, seed=0).flags


@pytest.mark.parametrize("file", ["immse", "cfmmi"])
def test_sides_that_follow_from_one_another_are_an_error(file):
    """A column of y that is a sum of columns of x is infinite information, however little that is of y."""
    x, y = estimators.gaussian_pair(300, 1.0, seed=1, dim=3)
    same = y.copy()
    same[:, 1] = 3 * x[:, 0]
    with pytest.raises(ValueError, match="x and y follow from one another"):
        plugin(file).estimate(x, same, seed=0)
    same[:, 1] += 1e-2 * y[:, 1]
    assert replace(plugin(file), steps=1).estimate(x, same, seed=0).value > 3


def test_more_neighbours_than_the_rows_held_out_are_refused():
    estimator = replace(plugin("latent_mi"), k=50)
    assert estimator.refuses(100, 1, 1, "cpu") == "k=50 needs 1 <= k < n, and n=50 rows are held out of 100"
    assert estimator.refuses(102, 1, 1, "cpu") is None
    assert replace(estimator, split=(1, 1)).refuses(10**6, 1, 1, "cpu") is None, "an error everywhere"


def test_training_that_breaks_down_is_told():
    def loss(weights, x, y):
        return (weights[0] * x.mean() / 0).sum()

    estimator = replace(plugin("immse"), steps=4, validate_every=2)
    sample = training.prepared(estimator, *estimators.gaussian_pair(100, 1.0, seed=1), seed=0, device="cpu")
    judged = iter([training.Judged(1.0, 0.5), training.Judged(np.nan, 0.5)])
    with pytest.raises(Diverged, match="stopped being finite by step 2") as raised:
        training.fit(estimator, [torch.zeros(1)], loss, lambda _: next(judged), sample)
    assert raised.value.last.value == 0.5


def folded(n, seed):
    """y is |x| in noise: no correlation, and a nat to be found by what bends."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 1))
    return x, np.abs(x) + 0.2 * rng.normal(size=(n, 1))


@pytest.mark.parametrize(("file", "least"), [("immse", 0.4), ("cfmmi", 0.4), ("latent_mi", 0.4)])
def test_training_finds_what_no_line_does(file, least):
    """It holds h(Y) less that of the noise, 1.077 nats by quadrature. Correlations tell nothing, so all is learnt."""
    x, y = folded(1000, 4)
    estimator = replace(plugin(file), steps=200, validate_every=100, batch_size=128, learning_rate=0.01)
    assert least < estimator.estimate(x, y, seed=1).value < 1.3


@pytest.mark.parametrize("file", ["immse", "cfmmi"])
def test_a_convolution_finds_what_lies_pixel_by_pixel(file):
    """64 pixels, each with a partner of correlation 0.5: 9.2 nats, of which it starts with none."""
    rng = np.random.default_rng(8)
    x = rng.normal(size=(600, 64))
    y = 0.5 * x + np.sqrt(0.75) * rng.normal(size=x.shape)
    estimator = replace(plugin(file), network="convolution", hidden=(8, 16), steps=80, validate_every=40, batch_size=32)
    assert 5 < estimator.estimate(x, y, seed=1).value < 10.5


@pytest.mark.parametrize("file", ["immse", "cfmmi"])
def test_turned_normals_are_told_from_the_start(file):
    """Ten nats in 2 × 10 columns. √(Σρ² / n) over the test rows is the error of the mean log density ratio."""
    rho = np.sqrt(-np.expm1(-2.0))
    x, y = mixed_normals(4000, [rho] * 10, 5, 10, 10)
    found = replace(plugin(file), steps=1).estimate(x, y, seed=1)
    assert found.value == pytest.approx(10, abs=5 * rho * np.sqrt(10 / 800))


@pytest.mark.slow
@pytest.mark.parametrize("dim", [1, 5, 20])
@pytest.mark.parametrize("file", ["immse", "cfmmi"])
def test_independent_sides_have_nothing_in_common(file, dim):
    rng = np.random.default_rng([dim, 6])
    found = [
        plugin(file).estimate(rng.normal(size=(10_000, dim)), rng.normal(size=(10_000, dim)), seed=k).value
        for k in range(3)
    ]
    assert abs(np.mean(found)) <= 0.02


@pytest.mark.slow
@pytest.mark.parametrize("file", ["immse", "cfmmi"])
def test_ten_nats_of_twenty_coordinates_are_found(file):
    """Rotated normals of 10 nats: within 2 %."""
    rho = np.sqrt(-np.expm1(-1.0))
    found = [plugin(file).estimate(*mixed_normals(10_000, [rho] * 20, k, 20, 20), seed=k).value for k in (7, 8)]
    assert np.mean(found) == pytest.approx(10, rel=0.02)
