"""Truths of the batched trainer: a critic's path is its own, and its value is from data it never saw."""

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from faulty_estimators import Bursts  # noqa: E402

from mibench import Diverged, Estimate  # noqa: E402
from mibench.neural import NeuralEstimator  # noqa: E402
from mibench.neural.compiled import perceptron  # noqa: E402
from mibench.neural.limits import shares  # noqa: E402
from mibench.neural.scores import effective_negatives, joint_and_marginal  # noqa: E402
from mibench.neural.training import Fitted  # noqa: E402
from mibench.neural.trials import batch_rows, flags  # noqa: E402

PLUGINS = Path(__file__).parent.parent / "plugins"


def plugin(stem):
    """The only estimator of a plugin file."""
    spec = importlib.util.spec_from_file_location(f"tested_{stem}", PLUGINS / f"{stem}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return next(iter(module.mibench_estimators().values()))


def gaussian(n, dim, mi, seed):
    """n pairs of dim independent Gaussian pairs, with that mutual information in all."""
    rng = np.random.default_rng([2018, seed])
    rho = np.sqrt(-np.expm1(-2 * mi / dim))
    x = rng.standard_normal((n, dim))
    return x, rho * x + np.sqrt(1 - rho**2) * rng.standard_normal((n, dim))


@pytest.mark.parametrize("dim", [1, 5])
@pytest.mark.parametrize("stem", ["mine", "mine_f", "jsd"])
def test_a_critic_is_the_same_alone_and_in_any_company(stem, dim):
    """To the last bit, through early stops that leave the batch smaller."""
    estimator = replace(plugin(stem), steps=300, validate_every=20, patience=2)
    data = [gaussian(400, dim, mi, seed) for mi in (0, 0.5, 2) for seed in range(2)]

    def run(trials):
        return estimator.estimate_many([data[k][0] for k in trials], [data[k][1] for k in trials], seeds=trials)

    whole = run([0, 1, 2, 3, 4, 5])
    assert len({e.steps for e in whole}) > 1, "nothing stopped early: the test would not see what leaving does"
    assert run([3]) == [whole[3]]
    assert run([5, 0]) == [whole[5], whole[0]]
    assert run([4, 1, 2]) == [whole[4], whole[1], whole[2]]


ODD = {"hidden": (13, 7), "embedding": 5}
NEURAL = ["mine", "mine_f", "jsd", "dv", "nwj", "smile", "infonce", "flo", "tuba", "club", "doe", "deep_infomax"]
NEURAL += ["gan_dime", "hd_dime", "kl_dime", "infonce_anchor", "alpha_tuba", "l1out"]


@pytest.fixture(params=["compiled", "torch"])
def either_path(request, monkeypatch):
    """A test runs on compiled kernels, and again without numba."""
    if request.param == "torch":
        monkeypatch.setattr(perceptron, "kernels", lambda: None)
    elif perceptron.kernels() is None:
        pytest.skip("numba is missing")


@pytest.mark.usefixtures("either_path")
@pytest.mark.parametrize(
    ("stem", "fields"),
    [
        *((stem, ODD) for stem in NEURAL),
        *(("mine", ODD | {"critic": critic}) for critic in ("merge", "separable", "bilinear")),
        *((stem, {"hidden": (1, 1), "embedding": 1}) for stem in ("mine", "tuba", "club", "deep_infomax")),
        ("mine", ODD | {"critic": "bilinear", "embedding": 1}),
        *(("doe", ODD | {"modes": 3, "covariance": one}) for one in ("diagonal", "full")),
        *(("mine", ODD | {"activation": activation}) for activation in ("relu", "gelu", "elu", "tanh")),
    ],
    ids=str,
)
def test_widths_that_fill_no_vector_leave_a_critic_its_own(stem, fields):
    """Where arithmetic treats the end of an array apart, the last of several critics would differ from a lone one."""
    estimator = replace(plugin(stem), steps=60, validate_every=20, **fields)
    data = [gaussian(150, 3, 1, seed) for seed in range(3)]
    whole = estimator.estimate_many([x for x, _ in data], [y for _, y in data], seeds=range(3))
    assert [estimator.estimate(x, y, seed=k) for k, (x, y) in enumerate(data)] == whole


@pytest.mark.parametrize("form", ["global", "local"])
def test_an_encoder_of_pictures_is_the_same_alone_and_in_company(form):
    estimator = replace(plugin("deep_infomax"), encoder="convolution", form=form, steps=12, validate_every=4)
    rng = np.random.default_rng(0)
    data = [(x := rng.random((120, 64)), x + rng.normal(size=x.shape)) for _ in range(3)]
    whole = estimator.estimate_many([x for x, _ in data], [y for _, y in data], seeds=range(3))
    assert estimator.estimate_many([data[1][0]], [data[1][1]], seeds=[1]) == [whole[1]]


@pytest.mark.parametrize("stem", ["mine", "mine_f", "jsd"])
def test_estimate_repeats_itself_by_seed_alone(stem):
    estimator = replace(plugin(stem), steps=40, validate_every=20)
    x, y = gaussian(200, 2, 1, 0)
    np.random.seed(1)  # noqa: NPY002
    torch.manual_seed(1)
    first = estimator.estimate(x, y, seed=3)
    np.random.seed(2)  # noqa: NPY002
    torch.manual_seed(2)
    assert estimator.estimate(x, y, seed=3) == first
    assert estimator.estimate(x, y, seed=4) != first


def test_a_diverged_critic_leaves_the_others_untouched():
    """NaN in one row of the parameters reaches no other row, and the last good value is kept beside the failure."""
    estimator = Bursts(steps=300, validate_every=5, patience=100, averaging=0.9)
    data = [gaussian(400, 1, mi, seed) for seed, mi in enumerate((0.1, 3.0, 0.2))]
    weak, strong, other = estimator.estimate_many([x for x, _ in data], [y for _, y in data], seeds=[0, 1, 2])
    assert isinstance(strong, Diverged)
    assert np.isfinite(strong.last.value)
    assert [weak, other] == estimator.estimate_many([data[0][0], data[2][0]], [data[0][1], data[2][1]], seeds=[0, 2])


@pytest.mark.parametrize("heads", [(), (2,)])
@pytest.mark.parametrize("group", [2, 5, 17])
def test_groups_are_paired_off_without_a_row_meeting_itself(group, heads):
    """Of a table of who meets whom, the joint scores are the pairs as drawn, and the marginal ones all the others."""
    row = torch.arange(3 * group).view(1, 3, group, 1)
    meets = (
        (100 * row + row.transpose(2, 3)).view(1, 3, group, group, *(1 for _ in heads)).expand(-1, -1, -1, -1, *heads)
    )
    joint, marginal = (z.long() for z in joint_and_marginal(meets))
    if heads:
        joint, marginal = joint[..., 1], marginal[..., 1]
    n = torch.arange(3 * group)
    assert torch.equal(joint[0], 101 * n)
    x, y = marginal[0] // 100, marginal[0] % 100
    assert torch.equal(x, n[:, None].expand(-1, group - 1))
    assert (y != x).all()
    assert torch.equal(y // group, x // group)
    assert torch.equal(y.flatten().bincount(), torch.full((3 * group,), group - 1))


def test_effective_negatives_count_equal_weights():
    """n equal scores count n; one score far above the others counts 1."""
    marginal = torch.zeros(2, 50, 4)
    marginal[1, 7, 2] = 100.0
    assert effective_negatives(marginal).tolist() == pytest.approx([200, 1])


def test_split_shares_out_every_row():
    assert shares(NeuralEstimator(split=(70, 10, 20)), 1000) == (700, 100, 200)
    assert shares(NeuralEstimator(split=(70, 10, 20), folds=5), 1003) == (703, 100, 200)


@pytest.mark.parametrize("folds", [1, 3])
def test_a_memorised_sample_is_worth_nothing_on_held_out_data(folds):
    """x and y are independent, and the critic is given every chance to learn the training pairs by heart.

    The value is then an honest bound on 0: at most its own noise above it.
    """
    estimator = replace(plugin("mine"), steps=300, patience=100, averaging=0.0, folds=folds)
    rng = np.random.default_rng(5)
    outcomes = estimator.estimate_many(
        [rng.standard_normal((300, 10)) for _ in range(4)],
        [rng.standard_normal((300, 10)) for _ in range(4)],
        seeds=range(4),
    )
    assert np.mean([e.value for e in outcomes]) < 3 * np.sqrt(np.mean([e.std**2 for e in outcomes]) / 4)


@pytest.mark.parametrize("stem", ["mine", "mine_f", "jsd"])
def test_estimates_meet_the_truth(stem):
    """Short training on 4000 pairs; the tolerance is four of its own standard errors and 5 % of the truth."""
    estimator = replace(plugin(stem), steps=1000, validate_every=100)
    truths = (0.0, 0.5, 2.0)
    data = [gaussian(4000, 2, mi, seed) for seed, mi in enumerate(truths)]
    outcomes = estimator.estimate_many([x for x, _ in data], [y for _, y in data], seeds=range(3))
    for truth, outcome in zip(truths, outcomes, strict=True):
        assert outcome.value == pytest.approx(truth, abs=4 * outcome.std + 0.05 * truth)
        assert outcome.samples_seen == 2800


def test_what_cannot_be_run_says_why():
    x, y = gaussian(200, 2, 1, 0)
    for field, value in (
        ("negatives", 0),
        ("hidden", ()),
        ("batch_size", 1),
        ("scaling", "zscore"),
        ("critic", "conv"),
        ("activation", "sin"),
        ("split", (70, 30)),
    ):
        with pytest.raises(ValueError, match=field):
            replace(plugin("mine"), **{field: value}).estimate(x, y, seed=0)
    with pytest.raises(ValueError, match="n=10"):
        plugin("mine").estimate(x[:10], y[:10], seed=0)
    with pytest.raises(ValueError, match="fresh"):
        replace(plugin("mine"), fresh=True).estimate(x, y, seed=0)


@pytest.mark.parametrize(
    ("batch_size", "negatives", "available", "expected"),
    [(128, 4, 7000, 130), (128, 4, 129, 125), (64, 63, 7000, 64), (64, 4, None, 65), (4, 15, 40, 16)],
)
def test_a_batch_is_a_whole_number_of_groups(batch_size, negatives, available, expected):
    """The nearest to `batch_size`, and never more rows than there are."""
    assert batch_rows(NeuralEstimator(batch_size=batch_size, negatives=negatives), available) == expected


def test_more_partners_than_rows_are_an_error():
    x, y = np.random.default_rng(0).normal(size=(2, 100, 1))
    with pytest.raises(ValueError, match="negatives=70 needs 71 rows for training, and there are 70"):
        replace(plugin("infonce_anchor"), negatives=70).estimate(x, y, seed=0)
    assert replace(plugin("infonce_anchor"), negatives=69, steps=1).estimate(x, y, seed=0).steps == 1


def test_one_bad_sample_is_no_trouble_of_the_others():
    estimator = replace(plugin("mine"), steps=20, validate_every=10)
    (x, y), (broken, _) = gaussian(200, 1, 1, 0), gaussian(200, 1, 1, 1)
    broken[7, 0] = np.nan
    bad, good = estimator.estimate_many([broken, x], [y, y], seeds=[0, 1])
    assert isinstance(bad, ValueError)
    assert good == estimator.estimate(x, y, seed=1)


@pytest.mark.parametrize("batch_size", [64, 100])
def test_fresh_training_sees_every_pair_once(batch_size):
    """The samples seen are those drawn by the steps; the value is from the sample given."""
    estimator = replace(plugin("mine"), steps=40, validate_every=20, batch_size=batch_size, negatives=3, fresh=True)
    rng = np.random.default_rng(0)
    x, y = gaussian(400, 1, 1, 0)
    result = estimator.estimate(x, y, seed=0, draw=lambda n: gaussian(n, 1, 1, int(rng.integers(2**31))))
    assert (result.steps, result.samples_seen) == (40, 40 * batch_size)


@pytest.mark.parametrize(
    ("estimate", "ended", "expected"),
    [
        (Estimate(2.0, ceiling=np.log(128), ess=400.0), "converged", ()),
        (Estimate(4.8, ceiling=np.log(128)), "converged", ("saturated",)),
        (Estimate(9.0, ess=12.0), "converged", ("unreliable",)),
        (Estimate(2.0, ess=400.0), "step-cap", ("step-cap",)),
    ],
)
def test_flags_say_what_the_value_rests_on(estimate, ended, expected):
    """A value within 5 % of its ceiling, fewer than 30 effective negatives, training cut at its cap."""
    assert flags(estimate, [Fitted(ended=ended), Fitted(ended="converged")], repeated=False) == expected


def test_infonce_is_held_by_its_ceiling():
    """5 nats read with groups of four rows: at most log 4."""
    infonce = replace(plugin("infonce"), steps=200, negatives=3, test_negatives=3)
    result = infonce.estimate(*gaussian(1000, 1, 5, 0), seed=0)
    assert result.ceiling == pytest.approx(np.log(4))
    assert 1.0 < result.value <= result.ceiling


@pytest.mark.parametrize("stem", sorted(p.stem for p in PLUGINS.glob("*.py") if "NeuralEstimator)" in p.read_text()))
def test_every_bound_trains_and_finds_no_information_where_there_is_none(stem):
    """x and y are independent, so every bound of 0 is its own noise: four of its standard errors, and 0.05 for the
    bias of the upper one."""
    estimator = replace(plugin(stem), steps=200, validate_every=50)
    rng = np.random.default_rng(1)
    result = estimator.estimate(rng.standard_normal((1000, 2)), rng.standard_normal((1000, 2)), seed=0)
    assert abs(result.value) < 4 * result.std + 0.05
    assert result.std < 0.1
    assert [step for step, _ in result.curve] == [50, 100, 150, 200]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_agrees_with_the_cpu():
    x, y = gaussian(4000, 5, 2, 0)
    estimator = replace(plugin("mine"), steps=500)
    assert estimator.estimate(x, y, seed=0, device="cuda").value == pytest.approx(
        estimator.estimate(x, y, seed=0).value, abs=0.02
    )
