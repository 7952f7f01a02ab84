"""A neural estimator as a term of someone's model: what it says, what moves its state, and its gradients."""

import re
from dataclasses import dataclass, replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from test_neural_training import plugin  # noqa: E402

from mibench.neural import NeuralEstimator, objective  # noqa: E402

TERMS = ["mine", "mine_f", "dv", "nwj", "jsd", "infonce", "smile", "flo", "tuba", "club", "doe", "deep_infomax"]
TERMS += ["gan_dime", "hd_dime", "kl_dime", "infonce_anchor", "alpha_tuba", "l1out"]
OBJECTIVE = ("jsd", "deep_infomax", "gan_dime", "hd_dime", "kl_dime", "infonce_anchor")


def batch(n, dim_x=3, dim_z=2, dtype=torch.float32):
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(n, dim_x, generator=draw, dtype=dtype)
    return x, x[:, :dim_z] + 0.5 * torch.randn(n, dim_z, generator=draw, dtype=dtype)


@pytest.mark.parametrize("stem", TERMS)
def test_a_term_is_the_estimators_formula_on_the_scores_of_its_critic(stem):
    """What drives the model is the bound, or minus the objective; what is reported is the bound of more partners.

    13 rows are two groups of six, and one that is left.
    """
    estimator = replace(plugin(stem), negatives=5, test_negatives=3)
    term, (x, z) = estimator.term(3, 2, seed=1), batch(13)
    joint, marginal = term.scores(x, z)
    assert (len(joint), *marginal.shape[:2]) == (12, 12, 5)
    found = estimator.objective(joint, marginal, *term.state)
    lost = found[0] if isinstance(found, tuple) else found
    driven = -lost if stem in OBJECTIVE else estimator.bound(joint, marginal)
    assert term(x, z).item() == driven.float().item()
    assert term.loss(x, z, advance=False).item() == lost.float().item()
    fewer = replace(estimator, negatives=3).term(3, 2, seed=1)
    assert term.bound(x, z).item() == pytest.approx(estimator.bound(*fewer.scores(x, z)).item(), rel=1e-6)
    assert not term.bound(x, z).requires_grad


@pytest.mark.parametrize("critic", ["concat", "merge", "separable", "bilinear"])
def test_partners_are_the_other_rows_of_the_group(critic):
    """A row's scores are those of batches of two, itself and a partner: of the pair, and of its x with the other z."""
    term, (x, z) = replace(plugin("mine"), critic=critic, negatives=2).term(3, 2, seed=1), batch(6)
    joint, marginal = term.scores(x, z)
    for row, partners in enumerate([(1, 2), (2, 0), (0, 1), (4, 5), (5, 3), (3, 4)]):
        alone = [term.scores(x[[row, p]], z[[row, p]]) for p in partners]
        assert joint[row].item() == pytest.approx(alone[0][0][0].item(), rel=1e-4, abs=1e-6)
        expected = sorted(two[1][0, 0].item() for two in alone)
        assert sorted(marginal[row].tolist()) == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_only_the_loss_advances_the_state_and_once_a_call():
    """MINE's average of exp T takes a share of `rate` from each batch; in log space, from 0."""
    estimator = replace(plugin("mine"), rate=0.25)
    term, (x, z) = estimator.term(3, 2, seed=1), batch(20)
    mean, averages = term.scores(x, z)[1].exp().mean().item(), [1.0]
    for _ in range(3):
        averages.append(0.75 * averages[-1] + 0.25 * mean)
        term(x, z.requires_grad_()).backward()
        term.bound(x, z)
        term.loss(x, z, advance=False)
        term.loss(x, z)
        assert term.state.exp().tolist() == pytest.approx(averages[-1:], rel=1e-6)


@pytest.mark.parametrize("stem", TERMS)
def test_gradients_at_x_and_z_are_those_of_finite_differences(stem):
    """In float64, of the term and of what its gradient is summed up to: a penalty needs the second derivative."""
    term, (x, z) = replace(plugin(stem), hidden=(8,), negatives=2).term(3, 2, seed=1), batch(6, dtype=torch.float64)
    inputs = x.requires_grad_(), z.requires_grad_()
    assert term(x, z).dtype == torch.float64
    assert torch.autograd.gradcheck(term, inputs)
    assert torch.autograd.gradgradcheck(term, inputs)


def test_a_critics_step_and_a_models_step_are_two_things():
    """The critic's loss on detached rows reaches the critic alone; a model's step, as models make it, leaves it be."""
    term, x = plugin("mine").term(3, 2, seed=1), batch(20)[0]
    model = torch.nn.Linear(3, 2)
    term.loss(x, model(x).detach()).backward()
    assert model.weight.grad is None
    assert term.theta.grad.abs().sum() > 0
    term.zero_grad()
    assert torch.autograd.grad(term(x, model(x)), model.weight)[0].abs().sum() > 0
    assert term.theta.grad is None


def test_the_seed_alone_decides_where_a_critic_starts():
    draws = [plugin("mine").term(3, 2, seed=seed).theta for seed in (1, 1, 2)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])
    before = torch.get_rng_state()
    plugin("mine").term(3, 2, seed=1)
    assert torch.equal(torch.get_rng_state(), before)


def test_an_objective_is_the_term_that_its_bound_drives():
    x, z = batch(20)
    ours, theirs = objective(plugin("jsd"), 3, 2, seed=1), plugin("jsd").term(3, 2, seed=1)
    assert ours(x, z).item() == plugin("jsd").bound(*theirs.scores(x, z)).float().item() != theirs(x, z).item()


REFUSED = {
    "scaling": ("mine", {"scaling": "none"}, "scaling=none means nothing in a term.*leave scaling=rank"),
    "split and folds": ("mine", {"split": (1, 1, 1), "folds": 2}, r"split=\(1, 1, 1\), folds=2 means nothing"),
    "steps": ("infonce", {"steps": 10}, "InfoNCE: steps=10 means nothing"),
    "no partners": ("mine", {"negatives": 0}, "negatives=0 must be at least 1"),
    "no modes": ("doe", {"modes": 0}, "modes=0 must be at least 1"),
    "no covariance": ("doe", {"covariance": "spherical"}, "covariance='spherical' is none of diagonal, full"),
    "no layers": ("club", {"hidden": ()}, r"hidden=\(\) needs the width"),
    "one side alone": ("deep_infomax", {"of": "x"}, "scores x against x"),
    "places": ("deep_infomax", {"encoder": "convolution", "form": "local"}, "pictures of one size, not 2 and 3"),
}


@pytest.mark.parametrize(("stem", "fields", "said"), REFUSED.values(), ids=REFUSED)
def test_what_can_be_no_term_says_why(stem, fields, said):
    with pytest.raises(ValueError, match=said) as error:
        replace(plugin(stem), **fields).term(3, 2)
    assert "\n" not in str(error.value)


BEFOREHAND = ("scaling", "split and folds", "steps", "one side alone")


@pytest.mark.parametrize("case", BEFOREHAND)
def test_what_is_wrong_whatever_the_model_is_said_before_there_is_one(case):
    stem, fields, said = REFUSED[case]
    assert re.search(said, replace(plugin(stem), **fields).refuses_term())
    assert plugin(stem).refuses_term() is None


@dataclass(frozen=True)
class Short(NeuralEstimator):
    """Has defaults of its own, which nobody set."""

    steps: int = 100

    def bound(self, joint, marginal):
        return joint.mean() - (marginal - 1).exp().mean()


def test_defaults_of_its_own_do_not_keep_an_estimator_from_being_a_term():
    assert Short().term(3, 2, seed=0)(*batch(10)).isfinite()


@pytest.mark.parametrize("rows", [(10, 3, 10, 3), (10, 2, 10, 2), (10, 3, 9, 2), (1, 3, 1, 2)])
def test_batches_of_other_shapes_are_refused_in_words(rows):
    with pytest.raises(ValueError, match=r"expected \(n, 3\) and \(n, 2\) with one n >= 2"):
        plugin("mine").term(3, 2)(torch.zeros(rows[:2]), torch.zeros(rows[2:]))


def test_none_is_no_term_and_estimates_nothing():
    none = plugin("none")
    assert none.term is None
    assert none.refuses(n=10)
    with pytest.raises(ValueError, match="estimates nothing"):
        none.estimate(np.zeros((10, 1)), np.zeros((10, 1)))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("stem", TERMS)
def test_cuda_agrees_with_the_cpu(stem):
    x, z = batch(40)
    here, there = (plugin(stem).term(3, 2, seed=1, device=device) for device in ("cpu", "cuda"))
    for value in (lambda term, *pair: term(*pair), lambda term, *pair: term.loss(*pair)):
        assert value(there, x.cuda(), z.cuda()).item() == pytest.approx(value(here, x, z).item(), abs=1e-3)
    assert there.state.device.type == "cuda"
