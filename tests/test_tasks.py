"""Every point of every sweep keeps the contract of `mibench.Task`."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from sweeps import FOLDER, POINTS, SWEEPS

each_point = pytest.mark.parametrize("task", POINTS.values(), ids=POINTS.keys())


@each_point
def test_sample_has_the_shape_the_task_states(task):
    x, y = task.sample(7, np.random.default_rng(0))
    assert x.shape == (7, task.dim_x)
    assert y.shape == (7, task.dim_y)
    assert x.dtype == y.dtype == np.float64
    assert np.isfinite(x).all()
    assert np.isfinite(y).all()


@each_point
def test_sample_depends_on_the_generator_alone(task):
    first, again, other = (task.sample(5, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


@each_point
def test_fields_are_plain_values(task):
    """They are written to a row and hashed: nothing but numbers, words, tuples of them, and a base task."""

    def plain(value):
        if isinstance(value, tuple):
            return all(map(plain, value))
        if dataclasses.is_dataclass(value):
            return all(plain(getattr(value, field.name)) for field in dataclasses.fields(value))
        return type(value) in (int, float, str, bool, type(None))

    assert plain(task)
    assert task.source


@pytest.mark.parametrize("sweep", SWEEPS)
def test_points_of_a_sweep_differ(sweep):
    assert len(set(SWEEPS[sweep].values())) == len(SWEEPS[sweep])


def test_building_every_sweep_needs_numpy_alone():
    code = (
        f"import sys; sys.path.insert(0, {str(FOLDER.parent / 'tests')!r}); import sweeps;"
        "print([m for m in ('torch', 'pandas', 'scipy', 'sklearn', 'numba', 'matplotlib') if m in sys.modules])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "[]"
