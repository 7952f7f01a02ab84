"""Maps leave an estimate where it was: exactly for ranks, within its noise for nearest neighbours."""

import numpy as np
import pytest
from scipy import stats
from scipy.spatial import cKDTree
from scipy.special import digamma
from simple_estimators import copula_estimate, neighbour_estimate

from mibench.distributions.draws import Copies, Fresh, Independent, Padded, Redundant, Repeated
from mibench.distributions.images import GaussianPlate, Rectangle
from mibench.distributions.maps import MARGINS, Affine, Margins, Power
from mibench.distributions.normal import CorrelatedNormal
from mibench.distributions.turns import Bent, Rippled, Rotated, Spiral, Summed, SwissRoll, Turned

NORMAL = CorrelatedNormal(2, 1.0)
UNIFORM = Margins(NORMAL, "cdf", "cdf")
ONE = Margins(CorrelatedNormal(1, 1.0), "cdf", "cdf")


ELEMENTWISE = {
    **{f"{x}, {y}": Margins(NORMAL, x, y) for x, y in zip(MARGINS, reversed(MARGINS), strict=True)},
    "power": Power(NORMAL, 4.2),
    "affine": Affine(NORMAL, scale_x=3.0, shift_y=-2.0, scale_y=-0.1),
}


@pytest.mark.parametrize("task", ELEMENTWISE.values(), ids=ELEMENTWISE.keys())
def test_monotone_maps_leave_ranks_and_so_the_copula_estimate(task):
    draws = (t.sample(1500, np.random.default_rng(0)) for t in (NORMAL, task))
    before, after = (copula_estimate(*draw) for draw in draws)
    assert after == pytest.approx(before, abs=1e-12)


TURNED = {
    "rotated": Rotated(NORMAL),
    "turned": Turned(NORMAL, 30.0),
    "spiral": Spiral(NORMAL, 0.2, 0.2, 0, 0),
    "swiss-roll": SwissRoll(ONE),
    "bent": Bent(NORMAL, 0.5, 1.0, (1.0, 1.0), (0.0, 0.0)),
    "rippled": Rippled(NORMAL, 0.5, 1.0),
    "summed": Summed(NORMAL),
    "plate": GaussianPlate(UNIFORM, 16),
    "repeated": Repeated(NORMAL, 2),
    "redundant": Redundant(NORMAL, 3),
    "fresh": Fresh(NORMAL),
}


@pytest.mark.parametrize("task", TURNED.values(), ids=TURNED.keys())
def test_other_maps_leave_the_neighbour_estimate(task):
    """On one sample before and after. 0.1 nats is what these mild maps may cost KSG in bias at n = 1500."""
    x, y = task.base.sample(1500, np.random.default_rng(1))
    assert neighbour_estimate(*task.forward(x, y)) == pytest.approx(neighbour_estimate(x, y), abs=0.1)


def test_rotations_are_orthogonal_and_differ_by_seed():
    for matrix in Rotated(CorrelatedNormal(6, 1.0)).matrices:
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(6), atol=1e-12)
    assert not np.allclose(Rotated(NORMAL, 1).matrices[0], Rotated(NORMAL, 2).matrices[0])


def test_rotation_keeps_the_covariance_determinants():
    """½ log(|Σx| |Σy| / |Σxy|) of a sample is the same before and after, to rounding."""
    x, y = NORMAL.sample(300, np.random.default_rng(2))

    def estimate(x, y):
        parts = (np.linalg.slogdet(np.cov(z, rowvar=False))[1] for z in (x, y, np.hstack([x, y])))
        return np.dot(list(parts), [0.5, 0.5, -0.5])

    assert estimate(*Rotated(NORMAL).forward(x, y)) == pytest.approx(estimate(x, y), abs=1e-12)


@pytest.mark.parametrize("name", MARGINS)
def test_every_margin_rises(name):
    t = np.linspace(-5, 5, 20_001)
    assert (np.diff(MARGINS[name][0](t)) > 0).all()


@pytest.mark.parametrize("name", MARGINS)
def test_every_margin_is_undone_by_its_inverse(name):
    """ "cdf" and "tanh" crowd towards 1, where float64 keeps fewer digits of what was there."""
    t = np.linspace(-5, 5, 1001)
    there, back = MARGINS[name]
    np.testing.assert_allclose(back(there(t)), t, atol=1e-9)


@pytest.mark.parametrize("pixels", [16, 32, 64])
@pytest.mark.parametrize(("picture", "numbers"), [(GaussianPlate, 2), (Rectangle, 4)])
def test_any_numbers_can_be_read_from_their_picture(picture, numbers, pixels):
    """Also at the edges, where a rectangle is smallest or touches the border."""
    inner = np.random.default_rng(4).random((300, numbers))
    edges = np.array(np.meshgrid(*[[0.0, 1e-6, 0.5, 1 - 1e-6]] * numbers)).reshape(numbers, -1).T
    task = picture(Margins(CorrelatedNormal(numbers, 1.0), "cdf", "cdf"), pixels)
    u = np.vstack([inner, edges])
    drawn = task.draw(u)
    assert drawn.min() >= 0
    assert drawn.max() <= 1
    # Where a rectangle begins at the far end its width tells little of the last number: 1e-4 of it is a pixel's 1e-9.
    np.testing.assert_allclose(task.read(drawn), u, atol=1e-4)


def test_padding_is_independent_of_everything():
    task = Padded(NORMAL, x=3, y=2)
    x, y = task.sample(20_000, np.random.default_rng(5))
    assert (x.shape[1], y.shape[1]) == (task.dim_x, task.dim_y) == (5, 4)
    between = np.corrcoef(np.hstack([x, y]), rowvar=False)
    padding = [2, 3, 4, 7, 8]
    others = np.abs(between[padding] - np.eye(9)[padding])
    assert others.max() < 5 / np.sqrt(20_000)


def test_copies_add_up_and_stay_apart():
    task = Copies(CorrelatedNormal(1, 0.5), 3)
    assert task.mi == 1.5
    x, y = task.sample(20_000, np.random.default_rng(6))
    found = np.corrcoef(np.hstack([x, y]), rowvar=False)[:3, 3:]
    np.testing.assert_allclose(found, CorrelatedNormal(1, 0.5).rho * np.eye(3), atol=5 / np.sqrt(20_000))


def test_independent_keeps_the_margins_and_breaks_the_pairs():
    base = CorrelatedNormal(1, 2.0)
    x, y = Independent(base).sample(20_000, np.random.default_rng(7))
    assert abs(np.corrcoef(x[:, 0], y[:, 0])[0, 1]) < 5 / np.sqrt(20_000)
    assert stats.kstest(y[:, 0], "norm").pvalue > 1e-4


def test_what_a_map_says_of_itself_is_its_base_s():
    mapped = Rotated(Fresh(Margins(NORMAL, "cube", "cube")))
    assert mapped.fresh
    assert not Rotated(NORMAL).fresh
    assert mapped.mi == NORMAL.mi
    assert mapped.mi_error == 0
    assert Copies(Padded(GaussianPlate(UNIFORM)), 2).source == f"{NORMAL.source}; mutinfo, github.com/VanessB/mutinfo"


def test_one_tree_and_all_pairs_agree():
    """The neighbour estimate above is what it says, against a k-d tree's counts."""
    x, y = CorrelatedNormal(1, 1.0).sample(200, np.random.default_rng(8))
    both = np.hstack([x, y])
    radius = np.nextafter(cKDTree(both).query(both, 6, p=np.inf)[0][:, -1], 0)
    near = [cKDTree(z).query_ball_point(z, radius, p=np.inf, return_length=True) for z in (x, y)]
    assert neighbour_estimate(x, y) == pytest.approx(
        digamma(5) + digamma(200) - np.mean(digamma(near[0]) + digamma(near[1]))
    )
