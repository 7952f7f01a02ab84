"""A sample written for other programs is the sample, and broken pairs are all broken."""

import numpy as np
import pytest

from mibench import samples
from mibench.distributions.files import Table
from mibench.distributions.normal import CorrelatedNormal


def test_a_written_sample_is_read_back_to_the_last_bit(tmp_path):
    x, y = CorrelatedNormal(2, 1.0).sample(50, np.random.default_rng(0))
    samples.write(tmp_path / "s.csv", samples.columns(x, y))
    read = Table(str(tmp_path / "s.csv"), ("x0", "x1"), ("y0", "y1"), mi=1.0).arrays
    assert np.array_equal(read[0], x)
    assert np.array_equal(read[1], y)
    samples.write(tmp_path / "s.npz", samples.columns(x, y))
    assert np.array_equal(np.load(tmp_path / "s.npz")["y1"], y[:, 1])
    with pytest.raises(ValueError, match=r"write .csv or .npz"):
        samples.write(tmp_path / "s.xls", {})


@pytest.mark.parametrize("n", [2, 3, 500])
def test_no_pair_is_left_beside_the_joint_sample(n):
    x = np.arange(n, dtype=float)[:, None]
    table = samples.joint_beside_marginal(x, x, np.random.default_rng(1))
    assert list(table) == ["x0", "z0", "x_bar0", "z_bar0"]
    assert (table["x0"] == table["z0"]).all()
    assert (table["x_bar0"] != table["z_bar0"]).all()
    assert sorted(table["x_bar0"]) == sorted(table["z_bar0"]) == list(range(n))
    with pytest.raises(ValueError, match="two rows or more"):
        samples.joint_beside_marginal(x[:1], x[:1], np.random.default_rng(1))
