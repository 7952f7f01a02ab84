"""Others' estimators: the same numbers as ours where the formula is the same, in nats, and nothing where they lack."""

import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT

from mibench import catalogue, peers

FOUND = catalogue.discover().estimators
MODULES = {
    "sklearn-ksg": "sklearn", "ennemi": "ennemi", "npeet-plus": "npeet_plus", "infomeasure": "infomeasure",
}  # fmt: skip


def pairs(n, dim, rho=0.8):
    rng = np.random.default_rng([n, dim])
    x = rng.normal(size=(n, dim))
    return x, rho * x + np.sqrt(1 - rho**2) * rng.normal(size=(n, dim))


SAME = [
    ("sklearn-ksg", "sklearn-ksg:k=4", "ksg:k=4:scaling=standard", 1, 1e-6),
    ("ennemi", "ennemi:k=4", "ksg:k=4:scaling=standard", 1, 1e-4),  # its digamma is an approximation
    ("npeet-plus", "npeet-plus:k=4", "ksg:k=4", 3, 1e-6),
    ("infomeasure", "infomeasure:k=4", "ksg:k=4", 3, 1e-6),
]


@pytest.mark.parametrize(("name", "theirs", "ours", "dim", "within"), SAME, ids=lambda v: str(v))
def test_theirs_is_ours(name, theirs, ours, dim, within):
    pytest.importorskip(MODULES[name])
    found = catalogue.discover()
    x, y = pairs(400, dim)
    x = 3 * x
    answer = found.estimator(theirs).estimator.estimate(x, y)
    assert answer.value == pytest.approx(float(found.estimator(ours).estimator.estimate(x, y)), abs=within)
    package, version = answer.path.split()
    assert package in ("scikit-learn", name)
    assert version[0].isdigit()


@pytest.mark.parametrize("name", MODULES)
def test_its_noise_is_of_the_seed(name):
    """Ties are broken by noise that some packages draw without a seed of their own."""
    pytest.importorskip(MODULES[name])
    x, y = (side.round(1) for side in pairs(100, 1))
    asked = {"seed": 7} if name != "ennemi" else {}
    first, again = (FOUND[name].estimate(x, y, **asked).value for _ in range(2))
    assert first == again


def test_scikit_learn_clips_at_zero():
    pytest.importorskip("sklearn")
    x, y = pairs(200, 1, rho=0.0)
    turned = [np.roll(y, shift) for shift in range(1, 6)]
    below = [FOUND["sklearn-ksg"].estimate(x, z).value for z in turned if FOUND["ksg"].estimate(x, z).value < -0.01]
    assert below
    assert below == [0.0] * len(below)


@pytest.mark.parametrize("name", MODULES)
def test_without_its_package_it_says_what_to_install(monkeypatch, name):
    monkeypatch.setattr(peers.importlib.util, "find_spec", lambda module: None)
    facts = {"n": 100} | ({"dim_x": 1, "dim_y": 1} if name in ("sklearn-ksg", "ennemi") else {})
    assert FOUND[name].refuses(**facts).endswith("is not installed: pip install 'mibench[peers]'")


def test_one_column_a_side_is_all_that_some_take(monkeypatch):
    monkeypatch.setattr(peers.importlib.util, "find_spec", lambda module: module)
    for name in ("sklearn-ksg", "ennemi"):
        assert "one column a side, not 2 and 1" in FOUND[name].refuses(100, 2, 1)
        assert FOUND[name].refuses(100, 1, 1) is None
        assert FOUND[name].refuses(3, 1, 1) == "k=3 needs k < n, and n=3"


def test_to_list_them_imports_none():
    script = (
        "import sys\nfrom mibench import catalogue\ncatalogue.discover()\n"
        f"print({set(MODULES.values())} & {{*sys.modules}})"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
