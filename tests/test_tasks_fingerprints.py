"""A task draws what it drew when its fingerprint was taken, on every machine, or has a new version."""

import json
from pathlib import Path

import pytest
from fingerprints import fingerprint
from sweeps import POINTS

KEPT = json.loads((Path(__file__).parent / "fingerprints.json").read_text())


def test_every_point_has_a_fingerprint():
    assert list(KEPT) == list(POINTS), "python tests/fingerprints.py > tests/fingerprints.json"


@pytest.mark.parametrize("name", POINTS)
def test_task_has_not_drifted(name):
    """Samples to 1e-7, which other compilers' sines and powers keep, and another seed or formula does not."""
    now, kept = fingerprint(POINTS[name]), KEPT[name]
    assert now["version"] == kept["version"]
    assert now["mi"] == pytest.approx(kept["mi"], rel=1e-9, abs=1e-12)
    for side in "xy":
        assert now[side] == pytest.approx(kept[side], rel=1e-7, abs=1e-9), "other samples: raise the task's version"
