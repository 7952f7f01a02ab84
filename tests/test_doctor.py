"""What a report of a fault holds, what it does not, and that its self-test can fail."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from scipy.special import digamma

from mibench import doctor


def test_it_says_what_a_report_needs_and_names_no_folder(mibench):
    done = mibench("doctor", "--json", "--no-test", env={"MIBENCH_JOBS": "3", "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["libraries"]["numpy"] == np.__version__
    assert facts["threads"]["OMP_NUM_THREADS"] == "1"
    assert facts["settings"] == {"MIBENCH_JOBS": "set"}
    for private in (str(Path.home()), os.getcwd(), str(Path(doctor.__file__).parent)):
        assert private not in done.stdout


def test_it_keeps_the_value_of_the_definition():
    """Kraskov's first algorithm in a line for a row: all distances, sorted."""
    rng = np.random.default_rng(2018)
    x, noise = rng.standard_normal((2, 2000, 2))
    y = 0.8 * x + 0.6 * noise
    inside = []
    for row in range(len(x)):
        of_x, of_y = np.abs(x - x[row]).max(1), np.abs(y - y[row]).max(1)
        radius = np.sort(np.maximum(of_x, of_y))[3]  # the row itself is the first
        inside.append([(of_x < radius).sum(), (of_y < radius).sum()])  # with the row itself
    value = digamma(3) + digamma(len(x)) - digamma(np.array(inside)).sum(1).mean()
    assert value == pytest.approx(doctor.NEIGHBORS, abs=1e-12)


def test_the_self_test_finds_what_is_wrong(monkeypatch, mibench):
    monkeypatch.setattr(doctor, "NEIGHBORS", doctor.NEIGHBORS + 1e-9)
    monkeypatch.setattr(doctor, "_critic", lambda x, y: 1 / 0)
    neighbors, critic, run = doctor.self_test()
    assert not neighbors.good
    assert critic.seen == "ZeroDivisionError: division by zero"
    assert run.good, run.seen
