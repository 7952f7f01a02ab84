"""Models trained with a term: what every application promises, and what each of its parts computes."""

import re
from dataclasses import replace
from math import log
from pathlib import Path

import numpy as np
import pytest
from sweeps import APPLICATIONS

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")

import mibench  # noqa: E402
from mibench import Application, Diverged, Score  # noqa: E402
from mibench.applications.bottleneck import Bottleneck  # noqa: E402
from mibench.applications.mode_collapse import Grid  # noqa: E402
from mibench.applications.representation import DeepInfoMax  # noqa: E402
from mibench.applications.training.classes import from_uniform  # noqa: E402
from mibench.applications.training.classifier import Classifier, redrawn  # noqa: E402
from mibench.applications.training.digits import Part, batches, parts  # noqa: E402
from mibench.applications.training.driver import Driver  # noqa: E402
from mibench.applications.training.grid import MODES, coverage  # noqa: E402
from mibench.applications.training.infomax import patches, principal  # noqa: E402
from mibench.applications.training.networks import Spectral, dense  # noqa: E402
from mibench.applications.training.stacked import precision  # noqa: E402
from mibench.applications.training.streams import Streams  # noqa: E402
from mibench.applications.with_term import WithTerm  # noqa: E402


class Term(torch.nn.Module):
    """MINE-f with a small critic, as a term; `calls` counts what was asked of it."""

    def __init__(self, dim_x, dim_z, breaks_at=None):
        super().__init__()
        first = torch.Generator().manual_seed(dim_x + dim_z)
        self.read = dense(dim_x + dim_z, 16, first)
        self.weigh = dense(16, 1, first)
        self.breaks_at, self.learnt, self.driven = breaks_at, 0, 0

    def critic(self, x, z):
        return self.weigh(torch.relu(self.read(torch.cat([x, z], 1))))

    def bound(self, x, z):
        return self.critic(x, z).mean() - (self.critic(x, z.roll(1, 0)) - 1).exp().mean()

    def forward(self, x, z):
        self.driven += 1
        broken = torch.nan if self.driven == self.breaks_at else 1.0
        return self.bound(x, z) * broken

    def loss(self, x, z):
        assert not x.requires_grad
        assert not z.requires_grad
        self.learnt += 1
        return -self.bound(x, z)


FEW = {"percent": 15, "train_size": 150, "validation_size": 150, "betas": (0.5,), "vib_betas": (0.01,), "stacks": 600}
"""Few pictures to learn from, and few models."""
each_point = pytest.mark.parametrize("point", APPLICATIONS.values(), ids=APPLICATIONS.keys())


def small(point, **more):
    few = {name: value for name, value in FEW.items() if hasattr(point, name)}
    return replace(point, **{"steps": 8, **few, **more})


def none(dim_x, dim_z):
    return None


def mine(dim_x, dim_z):
    return mibench.estimator("mine").term(dim_x, dim_z, seed=0, device="cpu")


@pytest.fixture(scope="module")
def smoke():
    """A short training of each point with a term, without, and with one of weight 0; global streams moved between."""
    done = {}
    for name, point in APPLICATIONS.items():
        with_term = small(point).train(Term, seed=3, device="cpu")
        torch.manual_seed(5)
        np.random.seed(5)  # noqa: NPY002
        without = small(point).train(none, seed=3, device="cpu")
        idle = small(point, weight=0.0, critic_rate=0.1).train(Term, seed=3, device="cpu")
        done[name] = with_term, without, idle
    return done


@pytest.mark.parametrize("name", APPLICATIONS)
def test_an_outcome_has_every_declared_score(name, smoke):
    point = APPLICATIONS[name]
    assert isinstance(point, Application)
    assert all(isinstance(score, Score) for score in point.scores.values())
    first = next(iter(point.scores))
    for outcome in smoke[name]:
        assert list(outcome.scores) == list(point.scores)
        assert np.isfinite(outcome.scores[first])
        assert outcome.pictures
        assert all(np.isfinite(picture).all() for picture in outcome.pictures.values())
    assert np.isfinite(smoke[name][0].mi_estimate)
    assert smoke[name][0].curves["mi"]
    assert smoke[name][1].mi_estimate is None


@pytest.mark.parametrize("name", APPLICATIONS)
def test_a_term_of_weight_0_is_no_term(name, smoke):
    """The critic learns at a rate of its own, and no draw, weight or batch of the model moves for it."""
    with_term, without, idle = smoke[name]
    assert idle.scores == without.scores
    same = [np.array_equal(idle.pictures[key], without.pictures[key]) for key in without.pictures]
    assert all(same)
    moved = [not np.array_equal(with_term.pictures[key], without.pictures[key]) for key in without.pictures]
    assert any(moved)


@pytest.mark.parametrize("name", APPLICATIONS)
def test_training_repeats_itself_by_seed_alone(name, smoke):
    first, *_ = smoke[name]
    again, other = (small(APPLICATIONS[name]).train(Term, seed=seed, device="cpu") for seed in (3, 4))
    assert again.scores == first.scores
    assert again.curves == first.curves
    assert again.mi_estimate == first.mi_estimate
    assert other.mi_estimate != first.mi_estimate


@each_point
def test_baselines_are_scored_without_a_term(point):
    for name in point.baselines:
        outcome = small(point, steps=2).train(none, seed=3, device="cpu", baseline=name)
        assert set(outcome.scores) <= set(point.scores)
        assert np.isfinite(outcome.scores[next(iter(point.scores))])
    with pytest.raises(ValueError, match="no baseline 'mean-imagee'; there are"):
        point.train(none, seed=3, device="cpu", baseline="mean-imagee")


@each_point
def test_a_term_that_breaks_leaves_the_scores_from_before(point):
    """The model is not touched by the step whose gradient is no number."""
    with pytest.raises(Diverged, match="the gradient of the term is not finite") as raised:
        small(point).train(lambda a, b: Term(a, b, breaks_at=3), seed=3, device="cpu")
    assert np.isfinite(next(iter(raised.value.last.scores.values())))


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("weight", -0.5, "weight=-0.5 must be >= 0"),
        ("critic_rate", 0, "critic_rate=0 must be > 0"),
        ("critic_steps", 0, "critic_steps=0 must be at least 1"),
        ("steps", 0, "steps=0 must be at least 1"),
        ("clip", "yes", "clip='yes' must be true or false"),
    ],
)
@each_point
def test_bad_fields_are_refused_by_name(point, field, value, said):
    with pytest.raises(ValueError, match=said):
        replace(point, **{field: value})


# --- the term's part in a step


class Linear(torch.nn.Module):
    """A term whose gradient in z is `slope` wherever it is."""

    def __init__(self, slope):
        super().__init__()
        self.slope = slope
        self.idle = torch.nn.Parameter(torch.zeros(1))

    def forward(self, x, z):
        return self.slope * z.mean()


@pytest.mark.parametrize(
    ("weight", "clip", "lower", "expected"),
    [
        (1.0, False, False, 3 - 30),
        (1.0, True, False, 3 - 3),
        (0.5, True, False, 3 - 1.5),
        (2.0, True, True, 3 + 6),
        (0.0, False, True, 3),
    ],
)
def test_the_weight_multiplies_after_clipping(weight, clip, lower, expected):
    """The model's own gradient is 3 and the term's 30: clipped it is as long as the model's."""
    settings = WithTerm(weight=weight, clip=clip)
    driver = Driver(lambda a, b: Linear(30.0), 1, 1, settings, lower=lower)
    theta = torch.nn.Parameter(torch.ones(1))
    driver.set_gradients([theta], 3 * theta.sum(), torch.zeros(4, 1), theta.expand(4).unsqueeze(1))
    assert theta.grad.item() == pytest.approx(expected, rel=1e-6)


def test_the_critic_takes_its_steps_apart_from_the_model():
    term = Term(1, 1)
    before = [p.clone() for p in term.parameters()]
    driver = Driver(lambda a, b: term, 1, 1, WithTerm(critic_steps=3))
    theta = torch.nn.Parameter(torch.ones(1))
    x = torch.randn(8, 1, generator=torch.Generator().manual_seed(0))
    driver.learn(x, theta * x, 0)
    assert (term.learnt, term.driven) == (3, 0)
    assert theta.grad is None
    assert not any(torch.equal(p, b) for p, b in zip(term.parameters(), before, strict=True))


# --- 25 normals


def test_a_perfect_generator_covers_the_grid():
    scores = coverage(np.repeat(MODES, 4, axis=0), 0.05)
    assert scores == pytest.approx(
        {"reverse-kl": 0, "high-quality": 1, "modes": 25, "reverse-kl-of-high-quality": 0}, abs=1e-12
    )


def test_a_generator_of_one_mode_and_far_points():
    """Half the points on one mode and half nearest another, but 3.2 standard deviations off it."""
    points = np.concatenate([np.repeat(MODES[:1], 50, 0), np.repeat(MODES[1:2] + np.array([0.16, 0]), 50, 0)])
    scores = coverage(points, 0.05)
    assert scores["reverse-kl"] == pytest.approx(log(25 / 2))
    assert scores["high-quality"] == 0.5
    assert scores["modes"] == 1
    assert scores["reverse-kl-of-high-quality"] == pytest.approx(log(25))
    assert np.isnan(coverage(MODES + 1, 0.05)["reverse-kl-of-high-quality"])


def test_divergence_from_uniform_is_that_of_the_shares():
    labels = np.repeat([0, 1, 2], [1, 2, 5])
    shares = np.array([1, 2, 5]) / 8
    assert from_uniform(labels, 4) == pytest.approx((shares * np.log(shares * 4)).sum())


@pytest.mark.slow
def test_a_term_keeps_modes_at_a_small_budget():
    """One pair of seeds, which chose nothing: the ordering holds, not a figure."""
    with_term, without = (Grid().train(make, seed=0, device="cpu") for make in (mine, none))
    assert with_term.scores["reverse-kl"] < without.scores["reverse-kl"]


# --- pictures


def test_parts_are_disjoint_and_all_there_is():
    first, second, rest = parts("digits", (1000, 250), Streams(1, "cpu"))
    assert (len(first), len(second), len(rest)) == (1000, 250, 547)
    rows = torch.cat([part.x for part in (first, second, rest)])
    assert len(torch.unique(rows, dim=0)) == 1797
    with pytest.raises(ValueError, match="digits has 1797 pictures, too few for parts of 1000, 797 and a rest"):
        parts("digits", (1000, 797), Streams(1, "cpu"))


def test_a_pass_of_batches_meets_each_picture_once():
    order = batches(20, 5, torch.Generator().manual_seed(0))
    passed = torch.cat([next(order) for _ in range(4)])
    assert sorted(passed.tolist()) == list(range(20))
    assert len(next(batches(3, 5, torch.Generator().manual_seed(0)))) == 3


def test_a_patch_is_a_square_of_its_own_picture():
    """Pictures whose pixels say where they are: a patch is its first pixel and what lies beside and below it."""
    x = torch.arange(64.0).repeat(50, 1) + 100 * torch.arange(50.0).unsqueeze(1)
    found = patches(x, 3, torch.Generator().manual_seed(0))
    inside = torch.tensor([0, 1, 2, 8, 9, 10, 16, 17, 18.0])
    assert torch.equal(found - found[:, :1], inside.expand(50, 9))
    assert torch.equal(found[:, 0] // 100, torch.arange(50.0))
    assert len(torch.unique(found[:, 0] % 100)) > 15


def test_principal_components_keep_the_distances_of_a_plane():
    rng = np.random.default_rng(0)
    plane = rng.normal(size=(30, 2))
    lifted = plane @ np.linalg.qr(rng.normal(size=(5, 2)))[0].T + 3
    found, _ = principal(lifted, lifted, 2)
    assert np.linalg.norm(found[0] - found[1]) == pytest.approx(np.linalg.norm(plane[0] - plane[1]))


def test_precision_counts_what_lies_within_reach():
    """Ten points a step apart on a line: third neighbours are 2 steps away inside, and 3 at the ends."""
    real = np.arange(10.0)[:, None]
    made = np.array([[0.5], [-2.9], [-3.1], [12.0], [50.0]])
    assert precision(made, real) == pytest.approx(3 / 5)


def test_prior_matching_is_a_loss_to_clip_to():
    with pytest.raises(ValueError, match="clip=True has no loss to clip the term to"):
        DeepInfoMax(clip=True)
    outcome = small(DeepInfoMax(prior=1.0, clip=True)).train(none, seed=3, device="cpu")
    assert outcome.scores["linear-gain"] != 0


# --- the bottleneck


@pytest.mark.parametrize("encoder", ["gaussian", "additive", "propagated"])
def test_a_code_keeps_its_variance_and_its_divergence_is_that_of_normals(encoder):
    """Over a batch each coordinate of Z has variance 1; E KL by its formula from the mean and s, which draws show."""
    model = Classifier(Bottleneck(encoder=encoder, hidden=(32,), code=4), 64, Streams(0, "cpu"))
    x = torch.rand(4000, 64, generator=torch.Generator().manual_seed(0))
    z, divergence = model(x, torch.Generator().manual_seed(1))
    assert z.var(0).detach().numpy() == pytest.approx(np.ones(4), abs=4 * (2 / 4000) ** 0.5)
    assert (divergence > 0).all()
    if encoder != "additive":
        return
    s = 0.01 + 0.98 / (1 + np.exp(2.0))
    assert divergence.mean().item() == pytest.approx(-4 * log(s), rel=1e-3)


def test_redrawn_labels_are_wrong_in_nine_of_ten():
    part = Part(torch.zeros(20_000, 1), torch.full((20_000,), 7))
    labels = redrawn(part, 0.4, Streams(0, "cpu"), "train").labels
    expected = 0.4 * 0.9
    assert (labels != 7).double().mean().item() == pytest.approx(expected, abs=4 * (0.36 * 0.64 / 20_000) ** 0.5)
    assert torch.equal(redrawn(part, 0.0, Streams(0, "cpu"), "train").labels, part.labels)


def test_the_model_tested_is_the_one_that_erred_least_on_the_validation_part():
    point = small(Bottleneck(betas=(0.1, 0.2)))
    outcome = replace(point, betas=(0.1, 0.2)).train(Term, seed=3, device="cpu")
    errors = [error for _, error in outcome.curves["validation-error"]]
    at = outcome.chosen["betas"].index(outcome.chosen["beta"])
    assert errors[at] == min(errors)
    assert outcome.scores["validation-accuracy"] == 1 - errors[at]
    assert outcome.scores["test-error"] == outcome.curves["test-error"][at][1]


@pytest.mark.parametrize("grid", [(), (-0.1,), (float("nan"),), ("a",)])
def test_a_grid_that_is_none_is_refused(grid):
    with pytest.raises(ValueError, match=r"vib_betas=.* must be numbers of at least 0"):
        Bottleneck(vib_betas=grid)


# --- networks


def test_a_spectral_layer_comes_to_norm_1():
    """The power method nears the greatest singular value of the weight as it is called."""
    first = torch.Generator().manual_seed(1)
    layer = Spectral(dense(20, 30, first), first)
    for _ in range(200):
        layer(torch.zeros(1, 20))
    image = layer(torch.eye(20)) - layer(torch.zeros(1, 20))
    assert torch.linalg.matrix_norm(image, 2).item() == pytest.approx(1, abs=1e-4)


def test_first_weights_are_the_streams_alone():
    one, same = (dense(7, 5, torch.Generator().manual_seed(2)) for _ in range(2))
    assert torch.equal(one.weight, same.weight)
    assert one.weight.abs().max() <= 7**-0.5
    assert one.weight.abs().max() > 0.9 * 7**-0.5


# --- the two examples of docs/applications.md

ROOT = Path(__file__).parents[1]
EXAMPLES = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "applications.md").read_text(), re.DOTALL)


def test_the_application_of_the_docs_gains_by_a_term():
    own = {}
    exec(EXAMPLES[0], own)
    (point,) = own["mibench_tasks"]()["direction"]
    assert isinstance(point, Application)
    with_term, without = (point.train(make, seed=1, device="cpu").scores["nats-lost"] for make in (mine, none))
    assert 0 <= with_term < without / 2
    assert point.train(none, seed=1, device="cpu", baseline="largest-variance").scores["nats-lost"] == 0


def test_the_loop_of_the_docs_forgets_the_column(capsys):
    """With the term left out the same loop keeps more of it."""

    def nats(code):
        exec(code, {})
        return float(re.search(r"about (-?[\d.]+) nats", capsys.readouterr().out)[1])

    assert nats(EXAMPLES[1]) < 0.7 * nats(EXAMPLES[1].replace("2.0 * m", "0.0 * m"))
