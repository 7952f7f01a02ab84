"""Truths of the bounds, on a finite distribution whose expectations are sums, and of the critics and the losses."""

import importlib.util
import sys
from dataclasses import replace
from itertools import product
from math import exp, log
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mibench.neural import NeuralEstimator, clip_adaptive, log_mean_exp, objective  # noqa: E402
from mibench.neural.architectures import CRITICS, HEADS, build  # noqa: E402
from mibench.neural.critics import log_normal  # noqa: E402
from mibench.neural.mixtures import log_mixture  # noqa: E402
from mibench.neural.scaling import normal_scores  # noqa: E402
from mibench.neural.scores import tables  # noqa: E402

PLUGINS = Path(__file__).parent.parent / "plugins"


def plugin(stem):
    """The only estimator of a plugin file."""
    spec = importlib.util.spec_from_file_location(f"bound_{stem}", PLUGINS / f"{stem}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return next(iter(module.mibench_estimators().values()))


COUNTS = torch.tensor([[6, 1, 1], [2, 5, 1], [1, 1, 4]])
"""A joint distribution of 3 × 3 values, in 22nds; the pairs below are one of each count."""

X, Y = (torch.tensor(v) for v in zip(*(c for c in product(range(3), range(3)) for _ in range(COUNTS[c])), strict=True))
P = COUNTS.double() / COUNTS.sum()
RATIO = (P / (P.sum(1, keepdim=True) * P.sum(0))).log()
CONDITIONAL, MARGINAL = (P / P.sum(1, keepdim=True)).log(), P.sum(0).log().expand(3, 3)
MI = float((P * RATIO).sum())


def joint_and_all(*tables):
    """Scores of the pairs, and of each x with every y: the exact joint and the exact product of the marginals."""
    joint = torch.stack([t[X, Y] for t in tables], -1)
    marginal = torch.stack([t[X][:, Y] for t in tables], -1)
    return (joint.squeeze(-1), marginal.squeeze(-1)) if len(tables) == 1 else (joint, marginal)


LOG_A = torch.tensor([[0.3], [-0.7], [1.1]], dtype=torch.float64).expand(3, 3)

TIGHT = {
    "mine": (RATIO + 0.4,),
    "dv": (RATIO - 2.0,),
    "mine_f": (RATIO + 1,),
    "nwj": (RATIO,),
    "jsd": (RATIO,),
    "deep_infomax": (RATIO,),
    "tuba": (RATIO + LOG_A, LOG_A),
    "flo": (RATIO + LOG_A, -RATIO),
    "smile": (RATIO,),
    "doe": (CONDITIONAL, MARGINAL),
    "gan_dime": (RATIO,),
    "hd_dime": (RATIO,),
    "kl_dime": (RATIO,),
    "infonce_anchor": (RATIO,),
}
LOWER = [stem for stem in TIGHT if plugin(stem).direction == "lower"]


@pytest.mark.parametrize("stem", TIGHT)
def test_bound_is_the_mutual_information_at_its_best_critic(stem):
    """An identity: the expectations are exact."""
    assert float(plugin(stem).bound(*joint_and_all(*TIGHT[stem]))) == pytest.approx(MI, abs=1e-12)


def test_what_the_classes_claim_to_be():
    assert set(TIGHT) - set(LOWER) == {"smile", "doe", "gan_dime", "hd_dime", "kl_dime", "infonce_anchor"}


@pytest.mark.parametrize("stem", LOWER)
@pytest.mark.parametrize("seed", range(5))
def test_no_critic_lifts_a_lower_bound_above_the_mutual_information(stem, seed):
    rng = np.random.default_rng(seed)
    scores = [torch.from_numpy(rng.normal(size=(3, 3))) for _ in TIGHT[stem]]
    if stem == "tuba":
        scores[1] = scores[1][:, :1].expand(3, 3)  # the baseline is a function of x
    assert float(plugin(stem).bound(*joint_and_all(*scores))) <= MI


@pytest.mark.parametrize("reads", ["dv", "nwj"])
@pytest.mark.parametrize("stem", ["jsd", "deep_infomax"])
def test_jsd_is_read_by_a_bound_and_trained_to_the_log_ratio(stem, reads):
    """Both readings are tight at the log ratio, where the Jensen-Shannon objective has no gradient."""
    estimator = replace(plugin(stem), reads=reads)
    assert float(estimator.bound(*joint_and_all(RATIO))) == pytest.approx(MI, abs=1e-12)
    ratio = RATIO.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(estimator.objective(*joint_and_all(ratio)), ratio)
    assert gradient.abs().max() < 1e-15


def joint_and_groups(k, *tables):
    """Scores of each pair, and of its x with each k of the 22 rows' y: all groups there are, and so exact too."""
    others = torch.cartesian_prod(*(Y,) * k).reshape(-1, k)
    x, y = X.repeat_interleave(len(others)), Y.repeat_interleave(len(others))
    others = others.repeat(len(X), 1)
    joint = torch.stack([t[x, y] for t in tables], -1)
    marginal = torch.stack([t[x.unsqueeze(1), others] for t in tables], -1)
    return (joint.squeeze(-1), marginal.squeeze(-1)) if len(tables) == 1 else (joint, marginal)


RATIOS = ["gan_dime", "hd_dime", "kl_dime", "infonce_anchor"]


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("stem", RATIOS)
def test_what_trains_a_ratio_is_least_at_the_log_ratio_alone(stem, k):
    """There its gradient is 0, and its second derivative positive in every direction, a constant among them."""
    estimator = plugin(stem)
    if stem == "infonce_anchor":
        estimator = replace(estimator, nu=0.7)

    def lost(ratio):
        return estimator.objective(*joint_and_groups(k, ratio.reshape(3, 3)))

    assert torch.autograd.functional.jacobian(lost, RATIO.flatten()).abs().max() < 1e-11
    assert torch.linalg.eigvalsh(torch.autograd.functional.hessian(lost, RATIO.flatten())).min() > 1e-3


@pytest.mark.parametrize("stem", RATIOS)
def test_a_ratio_that_is_read_off_is_no_bound(stem):
    """A constant more is a constant more, whatever the mutual information."""
    joint, marginal = joint_and_all(RATIO + 0.5)
    assert float(plugin(stem).bound(joint, marginal)) == pytest.approx(MI + 0.5, abs=1e-12)
    assert plugin(stem).direction == "none"


def test_infonce_with_an_anchor_and_one_partner_is_jensen_shannon():
    joint, marginal = joint_and_all(3 * RATIO - 0.2)
    one = plugin("infonce_anchor").objective(joint.repeat_interleave(22), marginal.reshape(-1, 1))
    assert float(one) == pytest.approx(float(plugin("jsd").objective(joint, marginal)) / 2, abs=1e-12)


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_the_interpolated_bound_is_one_and_its_ends_are_those_it_lies_between(alpha, seed):
    """Exact over all groups of 2 of the 22 rows; K = 2 with the pair in the place of one."""
    rng = np.random.default_rng(seed)
    t = torch.from_numpy(rng.normal(size=(3, 3))) if seed else RATIO + LOG_A
    joint, marginal = joint_and_groups(2, t, LOG_A)
    value = float(replace(plugin("alpha_tuba"), alpha=alpha).bound(joint, marginal))
    assert value <= MI + 1e-12
    if alpha == 0:
        assert value == pytest.approx(float(plugin("tuba").bound(joint, marginal)), abs=1e-12)
        assert seed or value == pytest.approx(MI, abs=1e-12)
    if alpha == 1:
        expected = float(plugin("infonce").bound(joint[:, 0], marginal[:, :1, 0]))
        assert value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("alpha", [0.1, 1.0])
def test_the_interpolated_bound_has_a_ceiling(alpha):
    """Reached by a critic that tells all pairs apart, and a baseline that marginal scores do not come near."""
    estimator = replace(plugin("alpha_tuba"), alpha=alpha)
    joint, log_a = torch.full((10,), 900.0, dtype=torch.float64), torch.full((10, 7), 400.0, dtype=torch.float64)
    scores = torch.stack([joint, log_a[:, 0]], -1), torch.stack([0 * log_a, log_a], -1)
    assert float(estimator.bound(*scores)) == pytest.approx(estimator.ceiling(7), abs=1e-12)
    assert replace(estimator, alpha=0.0).ceiling(7) is None


def test_leaving_one_out_is_above_the_mutual_information_and_near_it_with_all_rows():
    """At the true density: MI where the mean is over all rows, and above it where over the other groups of few."""
    l1out = plugin("l1out")
    swapped = [l1out.sides("x", "y"), l1out.heads, l1out.direction]
    assert swapped == [("y", "x"), ("x|y",), "upper"]
    density = CONDITIONAL
    whole = l1out.bound(density[X, Y], density[X][:, Y].T)
    assert float(whole) == pytest.approx(MI, abs=1e-12)
    for k in (1, 2, 3):
        others = torch.cartesian_prod(*(X,) * k).reshape(-1, k)
        joint = density[X, Y].repeat_interleave(len(others))
        marginal = density[others.repeat(len(X), 1), Y.repeat_interleave(len(others)).unsqueeze(1)]
        assert float(l1out.bound(joint, marginal)) > MI


def test_club_is_above_the_mutual_information_at_the_true_density():
    """E_joint[log p(y|x)] − E_marginal[log p(y|x)] exceeds it by the divergence of the marginals from the joint."""
    excess = float((P.sum(1, keepdim=True) * P.sum(0) * -RATIO).sum())
    value = float(plugin("club").bound(*joint_and_all(CONDITIONAL)))
    assert plugin("club").direction == "upper"
    assert value == pytest.approx(MI + excess, abs=1e-12)
    assert excess > 0


@pytest.mark.parametrize("negatives", [1, 15, 63])
def test_infonce_reaches_its_ceiling_and_never_more(negatives):
    infonce = plugin("infonce")
    joint, marginal = torch.full((10,), 50.0, dtype=torch.float64), torch.zeros(10, negatives, dtype=torch.float64)
    assert infonce.ceiling(negatives) == log(negatives + 1)
    assert float(infonce.bound(joint, marginal)) == pytest.approx(log(negatives + 1), abs=1e-12)
    assert float(infonce.bound(0 * joint, marginal)) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("clip", [0.5, 1.0])
def test_smile_clips_the_ratios_of_the_marginal_pairs_only(clip):
    joint, marginal = joint_and_all(3 * RATIO)
    assert (marginal.abs() > clip).any()
    expected = joint.mean() - marginal.clamp(-clip, clip).exp().mean().log()
    assert float(replace(plugin("smile"), clip=clip).bound(joint, marginal)) == pytest.approx(
        float(expected), abs=1e-12
    )


def test_log_mean_exp_does_not_overflow():
    scores = torch.tensor([[1000.0, 1000.0], [1000.0, 1000.0]])
    assert float(log_mean_exp(scores)) == 1000
    assert float(log_mean_exp(torch.tensor([0.0, log(3.0)]))) == pytest.approx(log(2))


def test_gradient_of_mine_divides_by_the_moving_average():
    """∇ E[e^T] / average, the average taking a share `rate` of this batch: MINE's correction of the gradient's bias."""
    rng = np.random.default_rng(0)
    joint, marginal = (torch.from_numpy(rng.normal(size=s)).requires_grad_() for s in ((8,), (8, 3)))
    before = torch.tensor(0.7, dtype=torch.float64)
    loss, after = replace(plugin("mine"), rate=0.2).objective(joint, marginal, before)
    average = 0.8 * exp(0.7) + 0.2 * float(marginal.detach().exp().mean())
    assert float(after) == pytest.approx(log(average))
    of_joint, of_marginal = torch.autograd.grad(loss, (joint, marginal))
    assert torch.allclose(of_joint, torch.full_like(joint, -1 / 8))
    assert torch.allclose(of_marginal, marginal.exp() / (24 * average))


def critic_of(kind):
    """A critic of 2 + 3 dimensions, or of pictures, and some parameters for two of them."""

    class Headed(NeuralEstimator):
        heads = (kind,) if kind in HEADS else ("xy",)
        modes, covariance = 3, "full"

    settings = Headed(hidden=(8, 8), embedding=4, critic=kind if kind in CRITICS else "concat")
    dims = (64, 64) if kind in ("encoded-picture", "places") else (2, 3)
    critic = build(settings, *dims)
    return critic, torch.stack([critic.draw(np.random.default_rng(s)) for s in range(2)]), dims


@pytest.mark.parametrize("kind", [*CRITICS, *HEADS])
def test_a_table_holds_the_score_of_each_pair(kind):
    """Entry (i, j) of a group is the score that x_i and y_j get when they are alone."""
    critic, theta, dims = critic_of(kind)
    weights = critic.unpack(theta)
    x, y = torch.randn(2, 6, dims[0], generator=torch.manual_seed(0)), torch.randn(2, 6, dims[1])
    table = tables(critic, weights, x, y, group=3)
    for group, i, j in product(range(2), range(3), range(3)):
        alone = tables(critic, weights, x[:, [3 * group + i]], y[:, [3 * group + j]], group=1)
        assert torch.allclose(table[:, group, i, j], alone[:, 0, 0, 0], atol=1e-5)


def test_the_concatenated_critic_is_a_perceptron_on_both():
    """The same weights in torch.nn.Sequential, on x and y side by side, give the same scores."""
    critic, theta, _ = critic_of("concat")
    w_x, w_y, b, w_2, b_2, w_3, b_3 = (w[0] for w in critic.unpack(theta))
    x, y = torch.randn(5, 2), torch.randn(5, 3)
    silu = torch.nn.functional.silu
    z = silu(silu(torch.cat([x, y], 1) @ torch.cat([w_x, w_y]) + b) @ w_2 + b_2) @ w_3 + b_3
    scores = tables(critic, critic.unpack(theta), x.expand(2, -1, -1), y.expand(2, -1, -1), group=1)
    assert torch.allclose(scores[0].flatten(), z.flatten(), atol=1e-6)


@pytest.mark.parametrize("side", [8, 32])
def test_a_convolution_is_torchs(side):
    """The same weights in torch.nn.functional.conv2d give the same map, place by place."""
    conv2d, silu = torch.nn.functional.conv2d, torch.nn.functional.silu
    critic = build(replace(plugin("deep_infomax"), encoder="convolution", form="local"), side**2, side**2)
    encoder = critic.encoder
    weights = critic.unpack(critic.draw(np.random.default_rng(0)).unsqueeze(0))[critic.of_critic :]
    pictures = torch.randn(1, 5, side**2, generator=torch.manual_seed(0))
    z = pictures[0].view(5, 1, side, side)
    for w, b in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        z = silu(conv2d(z, w[0].T.reshape(-1, z.shape[1], 4, 4), b[0, 0], stride=2, padding=1))
    assert z.shape[1:] == (encoder.channels, 4, 4)
    assert torch.allclose(encoder.map(weights, pictures)[0], z.flatten(2).transpose(1, 2), atol=1e-5)


def test_the_local_bound_is_the_mean_over_places():
    """Places that all hold the log ratio give the mutual information, and half of it if half of them hold nothing."""
    local = replace(plugin("deep_infomax"), encoder="convolution", form="local")
    assert float(local.bound(*joint_and_all(RATIO, RATIO))) == pytest.approx(MI, abs=1e-12)
    assert float(local.bound(*joint_and_all(RATIO, 0 * RATIO))) == pytest.approx(MI / 2, abs=1e-12)


@pytest.mark.parametrize(
    ("settings", "pixels", "said"),
    [
        ({"encoder": "convolution"}, 63, "square"),
        ({"encoder": "convolution"}, 36, "8, 16"),
        ({"form": "local"}, 64, "perceptron"),
        ({"encoder": "fourier"}, 64, "convolution"),
    ],
)
def test_what_no_encoder_reads_says_why(settings, pixels, said):
    with pytest.raises(ValueError, match=said):
        replace(plugin("deep_infomax"), **settings).estimate(np.zeros((100, pixels)), np.zeros((100, pixels)), seed=0)


def test_log_normal_is_the_normal_density():
    y, mean, raw = torch.randn(3, 4, 2, generator=torch.manual_seed(1)).double()
    expected = torch.distributions.Normal(mean, (7 * torch.tanh(raw / 7)).exp()).log_prob(y).sum(-1)
    assert torch.allclose(log_normal(y, mean, raw), expected)


@pytest.mark.parametrize("full", [False, True], ids=["diagonal", "full"])
def test_log_mixture_is_the_density_of_a_mixture_of_normals(full):
    """Of torch.distributions, with the inverse triangle as the factor of each covariance."""
    draw = torch.Generator().manual_seed(0)
    parts = [1, 3, 3, 3 * full]
    y, modes = (torch.randn(size, generator=draw).double() for size in ((5, 7, 3), (5, 4, sum(parts))))
    weight, mean, raw, below = modes.split(parts, -1)
    triangle = torch.eye(3).double().repeat(5, 4, 1, 1)
    if full:
        triangle[..., [1, 2, 2], [0, 0, 1]] = below
    triangle = triangle / (7 * torch.tanh(raw / 7)).exp().unsqueeze(-1)
    normals = torch.distributions.MultivariateNormal(mean, scale_tril=torch.linalg.inv(triangle).tril())
    mixture = torch.distributions.MixtureSameFamily(torch.distributions.Categorical(logits=weight[..., 0]), normals)
    assert torch.allclose(log_mixture(y, modes, parts), mixture.log_prob(y.transpose(0, 1)).T)


def test_normal_scores_do_not_see_a_monotone_map():
    """Ranks are all they use; and the training values themselves become normal quantiles."""
    rng = np.random.default_rng(0)
    train, test = rng.normal(size=(101, 2)), rng.normal(size=(50, 2))
    plain, curved = normal_scores(train)(test), normal_scores(np.exp(train) ** 3)(np.exp(test) ** 3)
    assert np.array_equal(plain, curved)
    scores = normal_scores(train)(train)
    assert np.sort(scores, axis=0)[50] == pytest.approx(0, abs=1e-12)
    assert np.isfinite(normal_scores(np.zeros((10, 1)))(np.array([[-1.0], [0.0], [9.0]]))).all()


@pytest.mark.parametrize("stem", ["mine", "jsd", "infonce", "flo", "tuba"])
def test_an_objective_trains_inside_a_model(stem):
    """Its loss, minimised, lifts its bound on fresh pairs; gradients reach x and z."""
    module = objective(replace(plugin(stem), negatives=15), 1, 1, seed=0)
    adam = torch.optim.Adam(module.parameters(), lr=1e-2)
    draw = torch.Generator().manual_seed(0)

    def pairs(n):
        x = torch.randn(n, 1, generator=draw)
        return x, 0.95 * x + 0.3 * torch.randn(n, 1, generator=draw)

    before = module(*pairs(512)).item()
    for _ in range(150):
        adam.zero_grad()
        module.loss(*pairs(128)).backward()
        adam.step()
    assert module(*pairs(512)).item() > before + 0.3
    x, z = (v.requires_grad_() for v in pairs(64))
    assert all(g.abs().sum() > 0 for g in torch.autograd.grad(module(x, z), (x, z)))


def test_only_the_critics_own_step_moves_the_average():
    module = objective(plugin("mine"), 2, 3, seed=0)
    x, z = torch.randn(40, 2), torch.randn(40, 3)
    start = module.state.clone()
    module(x, z).backward()
    module.loss(x, z, advance=False).backward()
    assert torch.equal(module.state, start)
    module.loss(x, z)
    assert not torch.equal(module.state, start)
    assert "state" in module.state_dict()


@pytest.mark.parametrize(("scale", "expected"), [(0.5, 0.5), (1.0, 1.0), (4.0, 1.0)])
def test_clipped_gradient_is_no_longer_than_the_utilitys(scale, expected):
    """Norms are joint over all parameters: ‖(3, 4)‖ = 5 whatever parameter holds which."""
    utility = [torch.tensor([3.0]), None, torch.tensor([4.0])]
    mutual = [torch.tensor([0.0]), torch.tensor([3.0, 4.0]) * scale, None]
    clipped = clip_adaptive(utility, mutual)
    assert clipped[2] is None
    assert float(torch.stack([g.norm() for g in clipped if g is not None]).norm()) == pytest.approx(5 * expected)
    assert torch.allclose(clipped[1] / clipped[1].norm(), mutual[1] / mutual[1].norm())


def test_clipping_against_no_gradient_leaves_none():
    assert torch.equal(clip_adaptive([torch.zeros(2)], [torch.ones(2)])[0], torch.zeros(2))
    assert torch.equal(clip_adaptive([torch.ones(2)], [torch.zeros(2)])[0], torch.zeros(2))
