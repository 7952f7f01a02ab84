"""Families reach any mutual information they say they reach, and refuse what they cannot be."""

import dataclasses
import math
import pickle
import re

import numpy as np
import pytest
from second_method import second_method
from sweeps import POINTS

from mibench.distributions.digits import FirstRows, SameClass
from mibench.distributions.discrete import NoiselessChannel, QuantisedUniform, SmoothedLabels, SymmetricChannel
from mibench.distributions.draws import Copies, Padded, Repeated
from mibench.distributions.images import GaussianPlate, Rectangle
from mibench.distributions.log_gamma import LogGammaExponential
from mibench.distributions.maps import Affine, Margins, Power
from mibench.distributions.mixed import NormalOrSigns, RareEventChannel, ZeroInflatedPoisson
from mibench.distributions.mixture import Concentric, NormalInliers, PairMixture, PlaneMixture
from mibench.distributions.noisy_function import NoisyFunction, NoisyFunctionAt
from mibench.distributions.normal import CorrelatedNormal, DenseNormal, LatentNormal, SparseNormal
from mibench.distributions.quadrature import digamma
from mibench.distributions.student import StudentT, StudentTAt
from mibench.distributions.turns import Bent, Rotated, Spiral, SwissRoll, Turned
from mibench.distributions.uniform_noise import UniformNoise

NORMAL = CorrelatedNormal(1, 1.0)

AIMED = [
    *(CorrelatedNormal(d, mi) for d in (1, 7) for mi in (1e-6, 0.3, 9.0)),
    *(SparseNormal(6, mi, pairs) for pairs in (1, 6) for mi in (1e-6, 0.3, 9.0)),
    *(DenseNormal(d, mi) for d in (1, 2, 40) for mi in (1e-6, 0.3, 5.0)),
    *(LatentNormal(8, mi, alpha, pairs) for alpha in (0.0, 0.2) for pairs in (1, 5, 8) for mi in (0.3, 4.0)),
    *(StudentTAt(d, mi, dof) for d, dof in ((1, 1.0), (2, 3.5), (4, 20.0)) for mi in (0.6, 5.0)),
    *(UniformNoise(d, mi) for d in (1, 3) for mi in (0.01, 0.5 * d, 5.0)),
    *(LogGammaExponential(d, mi) for d in (1, 2) for mi in (0.01, 1.0, 5.0)),
    *(NoisyFunctionAt(f, mi) for f in ("linear", "cubic", "sin", "sin2pi") for mi in (0.01, 3.0)),
    *(SymmetricChannel(d, mi, m) for d, m in ((1, 2), (3, 7)) for mi in (0.0, 0.01, 0.6)),
    *(NoiselessChannel(mi) for mi in (0.01, math.log(2), 1.0, 4.4)),
    *(QuantisedUniform(mi) for mi in (0.01, math.log(3), 1.0, 4.4)),
    *(SmoothedLabels(m, mi) for m in (2, 9) for mi in (0.01, 0.5, math.log(m))),
    *(RareEventChannel(mi, q) for q in (0.0, 0.1, 0.5) for mi in (0.7, 3.0)),
    *(PairMixture(d, (0.0, 0.5, -1.0), (0.3, -0.6, 0.6)) for d in (2, 9)),
    *(SameClass(mi, classes) for classes in (2, 10) for mi in (0.0, 0.3, 0.69)),
]


@pytest.mark.parametrize("task", AIMED, ids=repr)
def test_a_family_that_is_aimed_arrives(task):
    """The second method, on what was solved from `mi`, gives `mi` back."""
    assert second_method(task) == pytest.approx(task.mi, abs=1e-8)


@pytest.mark.parametrize("task", AIMED, ids=repr)
def test_what_was_aimed_is_what_is_drawn(task):
    """Within 5 standard errors of the mean pointwise information."""
    n = 4000
    pmi = task.log_pmi(*task.sample(n, np.random.default_rng(12)))
    assert pmi.mean() == pytest.approx(task.mi, abs=5 * pmi.std() / math.sqrt(n) + 1e-9)


BAD = [
    (lambda: CorrelatedNormal(0, 1.0), "dim=0 must be at least 1"),
    (lambda: CorrelatedNormal(2.5, 1.0), "dim=2.5 must be a whole number"),
    (lambda: CorrelatedNormal(True, 1.0), "dim=True must be a whole number"),
    (lambda: CorrelatedNormal("5", 1.0), "dim='5' must be a whole number"),
    (lambda: CorrelatedNormal(1, -0.1), "mi=-0.1 must be >= 0"),
    (lambda: CorrelatedNormal(1, math.inf), "mi=inf must be >= 0"),
    (lambda: CorrelatedNormal(1, math.nan), "mi=nan must be >= 0"),
    (lambda: CorrelatedNormal(1, "much"), "mi='much' must be a number"),
    (lambda: CorrelatedNormal(1, None), "mi=None must be a number"),
    (lambda: CorrelatedNormal(1, 40.0), "cannot tell the correlation from 1"),
    (lambda: SparseNormal(3, 1.0, 4), "pairs=4 must be at least 1 and at most 3"),
    (lambda: DenseNormal(3, -1.0), "mi=-1.0 must be >= 0"),
    (lambda: LatentNormal(10, 0.1, 1.0, 2), "alpha=1 alone gives that much"),
    (lambda: StudentT(2, 0.0), "dof=0.0 must be > 0"),
    (lambda: StudentT(2, 1.0, 1.0), "at 1 the mutual information is infinite"),
    (lambda: StudentTAt(2, 0.1, 1.0), "must be >= 0.43"),
    (lambda: UniformNoise(1, 0.0), "mi=0.0 must be > 0"),
    (lambda: LogGammaExponential(1, -1.0), "mi=-1.0 must be"),
    (lambda: NoisyFunction("tan", 1.0), "f='tan' must be one of linear, cubic, sin, sin2pi"),
    (lambda: NoisyFunction("sin", 0.0), "without noise the mutual information is infinite"),
    (lambda: NoisyFunctionAt("sin", 9.0), "mi=9.0 must be"),
    (lambda: PlaneMixture((0.5, 0.4), ((0.0, 0.0),) * 2, ((1.0, 0.0, 1.0),) * 2), "must be positive and sum to 1"),
    (lambda: PlaneMixture((1.0,), ((0.0, 0.0),), ((1.0, 1.0, 1.0),)), "not positive definite"),
    (lambda: PlaneMixture((1.0,), (), ()), "must be equally many"),
    (lambda: PlaneMixture((1.0,), ((1.0,),), ((1.0, 0.0, 1.0),)), "a mean is (x, y)"),
    (lambda: PlaneMixture((math.nan,), ((0.0, 0.0),), ((1.0, 0.0, 1.0),)), "must be finite"),
    (lambda: PairMixture(1, (0.0,), (0.5,)), "dim=1 must be at least 2"),
    (lambda: PairMixture(3, (0.0, 1.0), (0.5,)), "must be equally many"),
    (lambda: PairMixture(3, (math.inf,), (0.5,)), "must be finite"),
    (lambda: PairMixture(3, (0.0,), (0.99,)), "must lie between -0.95 and 0.95"),
    (lambda: Concentric(3, 0), "components=0 must be at least 1"),
    (lambda: NormalInliers(3, 1.5), "inliers=1.5 must be >= 0 and <= 1"),
    (lambda: SymmetricChannel(1, 0.7), "1 × log 2 is all there is to tell"),
    (lambda: NoiselessChannel(0.0), "mi=0.0 must be > 0"),
    (lambda: QuantisedUniform(50.0), "mi=50.0 must be > 0 and <= 14"),
    (lambda: SmoothedLabels(5, 2.0), "log 5 is all that X has to tell"),
    (lambda: ZeroInflatedPoisson(-0.1), "p=-0.1 must be >= 0"),
    (lambda: NormalOrSigns(rho=1.0), "at 1 the mutual information is infinite"),
    (lambda: RareEventChannel(0.1, 0.5), "H(q=0.5) is always told"),
    (lambda: SameClass(3.0), "1 × log 10 is all there is to tell"),
    (lambda: SameClass(1.0, data="cifar"), "data='cifar' must be one of digits, mnist5k, mnist, fashion-mnist"),
    (lambda: FirstRows(9), "rows=9 must be at least 1 and at most 8"),
    (lambda: Margins(NORMAL, "cbd", "cdf"), "x='cbd' must be one of same, cdf"),
    (lambda: Margins(3, "cdf", "cdf"), "base=3 is no task with a known shape"),
    (lambda: Power(NORMAL, 0.0), "exponent=0.0 must be > 0"),
    (lambda: Affine(NORMAL, scale_x=0.0), "must not be 0"),
    (lambda: Spiral(NORMAL, 1.0), "plane_x=0 needs 2 dimensions, and x has 1"),
    (lambda: Turned(NORMAL, 1.0), "x must have two dimensions or more"),
    (lambda: SwissRoll(CorrelatedNormal(2, 1.0)), "x must have one dimension, not 2"),
    (lambda: SwissRoll(NORMAL).sample(9, np.random.default_rng(0)), "x must lie in [0, 1]"),
    (lambda: Bent(NORMAL), "x must have two dimensions, not 1"),
    (lambda: Bent(CorrelatedNormal(2, 1.0), scale=(1.0,)), "scale=(1.0,) must be two finite numbers"),
    (lambda: Bent(CorrelatedNormal(2, 1.0), scale=(0.0, 1.0)), "must not hold 0"),
    (lambda: Rotated(NORMAL, -1), "seed=-1 must be at least 0"),
    (lambda: Padded(NORMAL, x=-1), "x=-1 must be at least 0"),
    (lambda: Copies(NORMAL, 0), "times=0 must be at least 1"),
    (lambda: Repeated(NORMAL, 2), "columns=2 must be at least 1 and at most 1"),
    (lambda: GaussianPlate(NORMAL), "x and y must have 2 dimensions each, not 1 and 1"),
    (lambda: GaussianPlate(CorrelatedNormal(2, 1.0)).sample(9, np.random.default_rng(0)), "x and y must lie in [0, 1]"),
    (lambda: Rectangle(CorrelatedNormal(4, 1.0), 8), "pixels=8 must be at least 16"),
]


@pytest.mark.parametrize(("make", "said"), BAD, ids=[said for _, said in BAD])
def test_bad_fields_give_one_clear_line(make, said):
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_one_number_is_one_task_however_it_is_written():
    assert repr(CorrelatedNormal(2.0, 1)) == repr(CorrelatedNormal(2, 1.0))
    assert repr(StudentT(np.int64(2), np.float64(1))) == repr(StudentT(2, 1.0))


@pytest.mark.parametrize("task", POINTS.values(), ids=POINTS.keys())
def test_a_task_can_be_hashed_replaced_and_sent_to_another_process(task):
    assert hash(pickle.loads(pickle.dumps(task))) == hash(dataclasses.replace(task)) == hash(task)


def test_building_a_task_computes_no_truth():
    fresh = [dataclasses.replace(task) for task in POINTS.values()]
    computed = {"mi", "solved", "epsilon", "shape", "strength", "kept", "probabilities", "width"}
    assert [task for task in fresh if computed - {f.name for f in dataclasses.fields(task)} & set(vars(task))] == []


@pytest.mark.parametrize("z", [1e-3, 0.5, 1.0, 1.5, 7.0, 15.9, 16.0, 1e3, 1e8])
def test_digamma(z):
    from scipy.special import digamma as known

    assert digamma(z) == pytest.approx(known(z), rel=1e-14, abs=1e-14)
