"""What critics are given of a sample: its rows in parts, its values in float32, and what they refuse."""

from dataclasses import replace
from math import log

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from test_neural_training import NEURAL, gaussian, plugin  # noqa: E402

from mibench.answers import plain  # noqa: E402
from mibench.neural import NeuralEstimator, log_mean_exp  # noqa: E402
from mibench.neural.limits import shares  # noqa: E402
from mibench.neural.scaling import standard  # noqa: E402
from mibench.neural.scores import says_the_same  # noqa: E402
from mibench.neural.split import copies, parts  # noqa: E402


def normals(n, dim, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, dim)), rng.standard_normal((n, dim))


def taken(rows, *sides):
    return [side[rows] for side in sides]


REPEATED = {
    "each four times": np.repeat(np.arange(100), 4),
    "drawn with replacement": np.random.default_rng(3).integers(0, 300, 300),
    "some twice": np.concatenate([np.arange(200), np.arange(20)]),
}


@pytest.mark.parametrize("folds", [1, 3])
@pytest.mark.parametrize("rows", REPEATED.values(), ids=REPEATED)
def test_no_row_has_a_copy_in_another_part(rows, folds):
    """And the parts are as large as they are of any sample of that size."""
    x, y = taken(rows, *normals(300, 2))
    settings = NeuralEstimator(folds=folds)
    for part in parts(settings, x, y, np.random.default_rng(0)):
        assert tuple(map(len, (part.train, part.valid, part.test))) == shares(settings, len(x))
        train, valid, test = (set(rows[p]) for p in (part.train, part.valid, part.test))
        assert part.repeated
        assert train.isdisjoint(valid | test)
        assert valid.isdisjoint(test)
        assert part.distinct == len(train)


def test_copies_do_not_meet_as_partners():
    """Of rows with four copies each, those that are next to each other are different ones."""
    rows = REPEATED["each four times"]
    (part,) = parts(NeuralEstimator(), *taken(rows, *normals(100, 1)), np.random.default_rng(0))
    groups = rows[part.test].reshape(-1, 10)
    assert all(len(set(group)) == 10 for group in groups)


def test_rows_that_are_not_repeated_are_shared_out_by_one_shuffle():
    x, y = normals(100, 2)
    (part,) = parts(NeuralEstimator(), x, y, np.random.default_rng(5))
    order = np.random.default_rng(5).permutation(100)
    assert not part.repeated
    assert np.array_equal(np.concatenate([part.test, part.valid, part.train]), order)


def atoms():
    """A pair of normals, or with probability a half a pair of signs."""
    rng = np.random.default_rng(0)
    x, y = normals(1000, 1)
    signs = rng.random((1000, 1)) < 0.5
    return np.where(signs, np.sign(x), x), np.where(signs, np.sign(y), y)


def labels(n, kinds):
    found = np.random.default_rng(1).integers(0, kinds, (n, 1)).astype(float)
    return found / 7, found / 3


LEFT_ALONE = {
    "continuous": normals(1000, 2),
    "labels that tell each other": labels(1000, 10),
    "bits": tuple(np.sign(side) for side in normals(1000, 3)),
    "tenths": tuple(np.round(side, 1) for side in normals(1000, 1)),
    "atoms": atoms(),
    "one row twice": tuple(np.concatenate([side, side[:1]]) for side in normals(100, 1)),
}


@pytest.mark.parametrize("pair", LEFT_ALONE.values(), ids=LEFT_ALONE)
def test_rows_that_repeat_by_chance_are_left_alone(pair):
    assert copies(*pair) is None


def test_copies_are_found_beside_labels_and_whatever_the_sign_of_zero():
    x, _ = normals(100, 1)
    y = np.sign(x)
    y[y > 0] = 0.0
    again = np.where(y == 0, -0.0, y)
    group = copies(np.concatenate([x, x]), np.concatenate([y, again]))
    assert np.array_equal(group[:100], group[100:])
    assert len(set(group)) == 100


@pytest.mark.parametrize("folds", [1, 3])
def test_copies_of_independent_rows_hold_no_information(folds):
    """The critic is given every chance to learn them by heart; the bound is at most its noise above 0.

    The standard error takes four copies for four rows, so it is half of what it should be.
    """
    estimator = replace(plugin("mine"), steps=200, patience=100, averaging=0.0, folds=folds)
    pairs = [taken(np.repeat(np.arange(75), 4), *normals(75, 10, seed)) for seed in range(4)]
    found = estimator.estimate_many([x for x, _ in pairs], [y for _, y in pairs], seeds=range(4))
    assert all("repeated-rows" in e.flags for e in found)
    assert np.mean([e.value for e in found]) < 3 * 2 * np.sqrt(np.mean([e.std**2 for e in found]) / 4)


BAD = {
    "x holds nan at row 5": (lambda x, y: (np.where(np.arange(len(x))[:, None] == 5, np.nan, x), y)),
    "x has shape": (lambda x, y: (x[:, :0], y)),
    "y has 40": (lambda x, y: (x, y[:40])),
    "x is complex": (lambda x, y: (x + 1j, y)),
}


@pytest.mark.parametrize(("said", "spoil"), BAD.items(), ids=BAD)
@pytest.mark.parametrize("stem", NEURAL)
def test_bad_samples_are_refused_alike_alone_and_among_others(stem, said, spoil):
    bad = spoil(*normals(60, 1))
    with pytest.raises(ValueError, match=said):
        plugin(stem).estimate(*bad, seed=0)
    (outcome,) = plugin(stem).estimate_many([bad[0]], [bad[1]], seeds=[0])
    assert isinstance(outcome, ValueError)
    assert said in str(outcome)


@pytest.mark.parametrize("stem", ["mine", "deep_infomax"])
def test_lists_and_single_columns_are_taken_as_they_are_meant(stem):
    estimator = replace(plugin(stem), steps=5)
    x, y = normals(60, 1)
    expected = estimator.estimate(x, y, seed=0)
    assert estimator.estimate(x.tolist(), y[:, 0], seed=0) == expected


def test_trials_of_several_shapes_are_not_trained_together():
    (x, y), (wide, _) = normals(60, 1), normals(60, 2)
    with pytest.raises(ValueError, match="one shape"):
        plugin("mine").estimate_many([x, wide], [y, y], seeds=[0, 1])


@pytest.mark.parametrize("power", [-1000, -600, 600, 1000])
def test_standard_scaling_does_not_see_units(power):
    """Powers of two change no digit, so neither does what comes of them."""
    x, z = (side * [1, 1e-3] for side in normals(200, 2))
    assert np.array_equal(standard(np.ldexp(x, power))(np.ldexp(z, power)), standard(x)(z))


@pytest.mark.parametrize("offset", [1e9, 1.7e18, -1e300])
def test_standard_scaling_takes_any_offset_off(offset):
    """Of spreads of a few steps of float64 too."""
    steps = np.random.default_rng(0).integers(-20, 21, (500, 1))
    x = offset + steps * np.spacing(abs(offset))
    scaled = standard(x)(x).astype(float)
    assert scaled.mean() == pytest.approx(0, abs=1e-6)
    assert scaled.std() == pytest.approx(1, abs=1e-6)
    assert np.corrcoef(scaled[:, 0], steps[:, 0])[0, 1] == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("constant", [0.0, 14.62, np.log(1e-5), 1e300])
def test_a_constant_is_scaled_to_0(constant):
    """Also one whose mean is rounded to another number, so that its standard deviation is not 0."""
    train = np.full((1003, 1), constant)
    assert (standard(train)(train[:5]) == 0).all()


@pytest.mark.parametrize(
    ("x", "said"),
    [(1e200, "beyond float32"), (1e-200, "become one"), (1.7e18, "become one")],
    ids=["too large", "too small", "too far from 0"],
)
def test_unscaled_values_that_float32_cannot_hold_are_an_error(x, said):
    plain, y = normals(60, 1)
    sample = x + 1e4 * plain if x == 1.7e18 else x * plain
    with pytest.raises(ValueError, match=said):
        replace(plugin("mine"), scaling="none").estimate(sample, y, seed=0)


def test_deep_infomax_of_x_is_no_bound_on_what_y_says():
    assert plugin("deep_infomax").direction == "lower"
    assert replace(plugin("deep_infomax"), of="x").direction == "none"


class Sinks(NeuralEstimator):
    """What it reads cannot fall below log 1e-6, and training drives it there."""

    selects = "objective"

    def bound(self, joint, marginal):
        return (joint.sigmoid() + 1e-6).log().mean()

    def objective(self, joint, marginal):
        return joint.mean()


class DonskerVaradhan(NeuralEstimator):
    direction = "lower"

    def bound(self, joint, marginal):
        return joint.mean() - log_mean_exp(marginal)


@pytest.mark.parametrize("folds", [1, 2])
def test_a_critic_that_broke_down_is_flagged(folds):
    """One that ends at a constant of its formula, and one that says the same of every pair."""
    sunk = Sinks(steps=150, validate_every=50, learning_rate=0.3, folds=folds).estimate(*gaussian(200, 1, 1, 0), seed=0)
    assert sunk.value == pytest.approx(log(1e-6), abs=0.1)
    assert "collapsed" in plain(sunk).flags
    blind = DonskerVaradhan(steps=10, folds=folds).estimate(np.ones((60, 1)), np.ones((60, 1)), seed=0)
    assert blind.value == pytest.approx(0, abs=1e-6)
    assert "collapsed" in blind.flags
    sound = DonskerVaradhan(steps=10, folds=folds).estimate(*normals(60, 1), seed=0)
    assert "collapsed" not in plain(sound).flags


@pytest.mark.parametrize("heads", [(), (2,)])
def test_a_table_of_one_score_is_told_from_others(heads):
    table = torch.full((2, 3, 4, 4, *heads), 5.0)
    table[1, 2, 3, 0] = 5.1
    assert says_the_same(table) == [True, False]


REFUSED = {
    "n=10 leaves": ({}, (10, 1, 1)),
    "square pictures": ({"encoder": "convolution"}, (100, 63, 1)),
    "pictures of one size": ({"encoder": "convolution", "form": "local"}, (100, 64, 256)),
}


@pytest.mark.parametrize(("said", "asked"), REFUSED.items(), ids=REFUSED)
def test_what_cannot_be_trained_is_refused_in_the_words_of_its_error(said, asked):
    """Before a sample is drawn; deep-infomax encodes x, whatever `of` is."""
    fields, (n, dim_x, dim_y) = asked
    estimator = replace(plugin("deep_infomax"), **fields)
    reason = estimator.refuses(n=n, dim_x=dim_x, dim_y=dim_y, device="cpu")
    assert said in reason
    with pytest.raises(ValueError) as error:
        estimator.estimate(np.random.default_rng(0).random((n, dim_x)), np.ones((n, dim_y)), seed=0)
    assert str(error.value) == reason


def test_what_can_be_trained_is_not_refused():
    assert plugin("mine").refuses(100, 1, 5, "cuda:0") is None
    assert replace(plugin("deep_infomax"), encoder="convolution").refuses(100, 64, 1, "cpu") is None
    assert "not on tpu" in plugin("mine").refuses(100, 1, 5, "tpu")


@pytest.mark.parametrize("fields", [{"split": (70, 30)}, {"of": "z"}, {"encoder": "fourier"}])
def test_a_wrong_setting_is_no_refusal_but_an_error(fields):
    estimator = replace(plugin("deep_infomax"), **fields)
    assert estimator.refuses(100, 64, 64, "cpu") is None
    with pytest.raises(ValueError, match=next(iter(fields))):
        estimator.estimate(*normals(100, 64), seed=0)


@pytest.mark.parametrize(("folds", "least"), [(1, 4), (2, 2), (5, 1)])
def test_the_least_batch_counts_critics_and_is_no_larger_than_the_largest(folds, least):
    estimator = NeuralEstimator(folds=folds)
    assert estimator.least_batch(1000, 1, 1, "cpu") == least <= estimator.trials_at_once(1000, 1, 1, "cpu")
    assert estimator.least_batch(1000, 1, 1, "cuda") == estimator.trials_at_once(1000, 1, 1, "cuda")
