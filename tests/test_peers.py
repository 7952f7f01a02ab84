"""Others' estimators: the same numbers as ours where the formula is the same, in nats, and nothing where they lack."""

import subprocess
import sys
import venv
from pathlib import Path

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


FAKED = {
    "bmi/estimators.py": """
class MINEEstimator:
    def __init__(self, verbose, seed):
        self.seed = seed
    def estimate(self, x, y):
        return self.seed + float((x * y).mean())
""",
    "latentmi/lmi.py": "def estimate(x, y, device): return [1.0, float('nan'), 3.0], None, None",
    "gmm_mi/mi.py": """
class EstimateMI:
    def fit_estimate(self, both):
        return float(both.shape[1]), 0.1
""",
    "torch/__init__.py": "def manual_seed(seed): assert seed == 7",
}
"""What the packages have of these names, so that what goes to them and comes from them can be told."""


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """The Python of an environment that has numpy and these."""
    home = tmp_path_factory.mktemp("elsewhere")
    venv.create(home)
    (site,) = home.glob("lib/python*/site-packages")
    (site / "more.pth").write_text(str(Path(np.__file__).parents[1]))
    for path, text in FAKED.items():
        (site / path).parent.mkdir(exist_ok=True)
        (site / path).write_text(text)
    for package in ("benchmark_mi", "latentmi", "gmm_mi"):
        (site / f"{package}-9.9.dist-info").mkdir()
        (site / f"{package}-9.9.dist-info" / "METADATA").write_text(f"Name: {package}\nVersion: 9.9\n")
    return home / "bin" / "python"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("bmi:method=mine", lambda x, y: 7 + (x * y).mean()),
        ("latentmi", lambda x, y: 2 * np.log(2)),
        ("gmm-mi", lambda x, y: 2.0),
    ],
)
def test_an_environment_of_its_own_is_asked(elsewhere, spec, expected):
    x, y = pairs(50, 1)
    named = f"{spec}:python={elsewhere}"
    answer = catalogue.discover().estimator(named).estimator.estimate(x, y, seed=7)
    assert answer.value == pytest.approx(expected(x, y), abs=1e-12)
    assert answer.path.endswith(" 9.9")


def test_without_an_environment_of_its_own_it_asks_for_one(elsewhere):
    assert "python=PATH" in FOUND["bmi"].refuses(1, 1)
    named = catalogue.discover().estimator(f"bmi:python={elsewhere}").estimator
    assert named.refuses(2, 3) is None
    with pytest.raises(RuntimeError, match="has no attribute 'KSGEnsembleFirstEstimator'"):
        named.estimate(*pairs(50, 1))
    narrow = catalogue.discover().estimator(f"gmm-mi:python={elsewhere}").estimator
    assert "one column a side" in narrow.refuses(2, 1)
