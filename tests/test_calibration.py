"""Which true values fit: known information between one's own rows, and what is read off a bank of such samples."""

import json
import math

import numpy as np
import pytest

from mibench import calibration
from mibench.calibration import families, scores, surrogates
from mibench.calibration.bank import bank
from mibench.calibration.features import sides
from mibench.calibration.repairing import repairing

SMALL = 40
"""Structures of a bank that a test can afford."""


def normal(n=200, rho=0.7, seed=0):
    rng = np.random.default_rng(seed)
    x, noise = rng.normal(size=(2, n, 1))
    return x, rho * x + math.sqrt(1 - rho**2) * noise


@pytest.mark.parametrize("name", families.NAMES)
@pytest.mark.parametrize("information", [0.2, 0.7, 1.2])
def test_what_a_family_says_of_itself_is_what_its_fine_cells_hold(name, information):
    """Cells lose some of what is in them: 240 a side lose up to 0.016 nats, most where tails tell."""
    made = families.family(name)
    cells = made.of_cells(made.parameter(information), None, None)
    assert information - 0.016 < cells < information + 0.001


@pytest.mark.parametrize("information", [0.003, 0.03, 0.15, 0.45, 1.3, 4.0])
def test_a_normal_pair_has_the_information_that_is_asked_for(information):
    rho = families.family("normal").parameter(information)
    assert -math.log1p(-(rho**2)) / 2 == pytest.approx(information, rel=0.005)


SIDES = {
    "a number of two decimals": np.round(np.random.default_rng(3).normal(size=300), 1),
    "two classes": np.repeat([0.0, 1.0], [200, 100]),
    "none that repeats": np.arange(300.0),
}


@pytest.mark.parametrize("of_t", SIDES.values(), ids=SIDES)
@pytest.mark.parametrize("name", families.NAMES)
def test_cells_have_the_information_that_is_asked_for(name, of_t):
    """Where few knots are computed, what is between them is not: 1 part in 25, and 0.002 nats."""
    atoms = scores.atoms(SIDES["a number of two decimals"]), scores.atoms(of_t)
    made = families.family(name)
    for information in (0.06, 0.15, 0.3, 0.5, 1.0, 2.0):
        if information < made.most(*atoms):
            cells = made.of_cells(made.parameter(information, *atoms), *atoms)
            assert cells == pytest.approx(information, rel=0.04, abs=0.002)


def test_a_cell_of_all_rows_holds_nothing():
    atoms = scores.atoms(np.zeros(300))
    made = families.family("normal")
    assert made.most(atoms, None) == pytest.approx(0, abs=1e-12)
    assert made.parameter(0.0, atoms, None) == 0


@pytest.mark.parametrize("name", families.NAMES)
def test_cells_have_the_information_of_a_table_that_is_counted(name):
    """A table of 6 × 4 cells counted in N draws is off by about √(I/N) and 15 / 2N; N = 2·10⁵."""
    rng = np.random.default_rng(1)
    s, t = np.repeat(np.arange(6), 50).astype(float), np.repeat(np.arange(4), [100, 20, 60, 120]).astype(float)
    of_s, of_t = scores.atoms(s), scores.atoms(t)
    made = families.family(name)
    parameter = made.parameter(0.3, of_s, of_t)
    u, v = made.draw(200_000, parameter, rng)
    places = [np.argsort(np.argsort(z)) / len(z) for z in (u, v)]
    rows, columns = (np.searchsorted(of[:, 1] - 1e-9, place) for of, place in zip((of_s, of_t), places, strict=True))
    table = np.zeros((6, 4))
    np.add.at(table, (rows, columns), 1 / len(u))
    own = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True)
    counted = (table * np.log(np.where(table > 0, table, 1) / own)).sum()
    assert counted == pytest.approx(made.of_cells(parameter, of_s, of_t), abs=0.008)


def test_labels_can_be_known_wholly():
    """All of H(Y) where x tells the label."""
    of_t = scores.atoms(np.repeat([0.0, 1.0, 2.0], 100))
    assert families.family("normal").most(None, of_t) == pytest.approx(math.log(3), abs=0.01)


def test_pairing_anew_keeps_both_sides_as_they_are():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(100, 3)), rng.integers(0, 5, (100, 1)).astype(float)
    made = repairing(x[:, 0], y[:, 0], families.family("normal"), 0.4)
    rows_x, rows_y = made.rows(rng)
    assert sorted(rows_x) == sorted(rows_y) == list(range(100))
    assert made.information == 0.4
    assert repairing(x[:, 0], y[:, 0], families.family("normal"), math.log(5)) is None


def test_numbers_of_equal_rows_are_equal():
    """A feature knows what values say, and nothing of how ties were broken."""
    rng = np.random.default_rng(3)
    x, y = np.tile(rng.normal(size=(40, 3)), (2, 1)), np.tile(rng.normal(size=(40, 2)), (2, 1))
    made = sides(scores.middle_scores(x), scores.middle_scores(y), rng)
    for _ in range(40):
        feature = made.x.feature(rng)
        assert np.array_equal(feature[:40], feature[40:])


def test_normals_of_many_pairs_have_what_their_covariance_says():
    """Log-determinants of 2·10⁵ draws; the bends are undone by nothing linear, so that draws without them are taken."""
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(2, 300, 3))
    made = next(
        one for _ in range(50)
        if not (one := surrogates.spread(x, y, np.full(3, 0.3), 0.8, rng)).bends and math.isinf(one.dof)
    )  # fmt: skip
    whole = np.corrcoef(np.hstack(made.draw(200_000, rng)).T)
    parts = [np.linalg.slogdet(part)[1] for part in (whole[:3, :3], whole[3:, 3:], whole)]
    assert (parts[0] + parts[1] - parts[2]) / 2 == pytest.approx(0.8, abs=0.01)


def test_a_mixture_of_one_normal_is_a_normal():
    rng = np.random.default_rng(5)
    made = surrogates.tempered(np.hstack(normal(400)), 1, 1, rng).at(0.5)
    x, y = made.draw(100_000, rng)
    assert -0.5 * math.log(1 - np.corrcoef(x.T, y.T)[0, 1] ** 2) == pytest.approx(0.5, abs=0.04)


def test_members_of_fresh_draws_have_the_sample_s_own_values():
    rng = np.random.default_rng(6)
    made = bank(*normal(100), rng)
    for information in (0.1, 0.6, 1.2):
        x, y = made.draw(made.structure(information, rng), rng).of(made.x, made.y)
        assert np.array_equal(np.sort(x, axis=0), np.sort(made.x, axis=0))
        assert np.array_equal(np.sort(y, axis=0), np.sort(made.y, axis=0))


def test_a_normal_sample_is_covered_and_the_same_twice():
    x, y = normal(rho=0.8)
    truth = -0.5 * math.log(1 - 0.8**2)
    found = calibration.whole(x, y, 7, structures=SMALL)
    assert found.interval[0] <= truth <= found.interval[1] < 1.5
    assert found.fits
    assert calibration.whole(x, y, 7, structures=SMALL).to_dict() == found.to_dict()


def test_without_dependence_0_fits():
    x, _ = normal(seed=8)
    found = calibration.whole(x, normal(seed=9)[0], 0, structures=SMALL)
    assert found.interval[0] == 0
    assert found.interval[1] < 0.4


def test_labels_are_held_to_their_entropy():
    rng = np.random.default_rng(10)
    y = rng.integers(0, 3, (200, 1)).astype(float)
    found = calibration.whole(y + 0.05 * rng.normal(size=(200, 1)), y, 0, structures=SMALL, limit=math.log(3))
    assert found.interval[1] == math.log(3)
    assert found.interval[0] > 0.6
    assert not found.at_least


def test_what_is_in_no_bank_is_flagged():
    """A chequered board: two uniforms that share the parity of their squares, 4 × 4 of them."""
    rng = np.random.default_rng(11)
    square = rng.integers(0, 4, (2, 4000))
    square = square[:, (square[0] + square[1]) % 2 == 0][:, :1000]
    x, y = (square + rng.uniform(size=square.shape))[:, :, None]
    found = calibration.whole(x, y, 0, structures=SMALL)
    assert not found.fits
    assert found.interval[0] <= math.log(2) <= found.interval[1]


QUESTION = {"estimators": ["ksg", "gaussian-copula"], "permutations": 0, "calibrate": True}


@pytest.fixture
def asked(monkeypatch):
    import mibench

    monkeypatch.setattr(calibration.calibrated, "STRUCTURES", SMALL)
    return mibench.estimate


def test_the_page_the_document_and_the_figure(asked):
    from mibench.plots import own_data

    found = asked(*normal(300), unit="bits", **QUESTION)
    document = json.loads(json.dumps(found.to_dict(), allow_nan=False))["calibrated"]
    low, high = document["interval"]
    assert document["interval"] == pytest.approx([end / math.log(2) for end in found.calibrated.interval])
    assert low <= -0.5 * math.log2(1 - 0.7**2) <= high
    assert set(document["alone"]) == {"ksg:scaling=rank", "gaussian-copula"}
    assert isinstance(document["fits"], bool)
    assert document["best"] in document["alone"]
    assert "Calibrated: true values that fit are" in str(found)
    assert "calibration" in own_data.figures(found)
    assert asked(*normal(300), permutations=0, estimators="ksg").to_dict()["calibrated"] is None


@pytest.mark.parametrize(
    ("n", "options", "said"),
    [
        (60, {}, "calibration needs 100 rows for 2 columns, and there are 60"),
        (200, {"series": True}, "leave out --series"),
        (200, {"pairs": True, "estimators": "ksg"}, "calibrate the pair that matters"),
    ],
)
def test_what_cannot_be_calibrated_is_told_beforehand(asked, n, options, said):
    from mibench.errors import UsageError

    with pytest.raises(UsageError, match=said):
        asked(*normal(n), **{**QUESTION, **options})
