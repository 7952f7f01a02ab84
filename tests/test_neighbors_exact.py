"""Every path finds what all pairs of rows give, float for float, at any offset and scale."""

import numpy as np
import pytest
from test_neighbors import at_hand, normal_pair

from mibench.neighbors.estimates import comparable

KS = [1, 3, 7]


def all_pairs(x, y, norm, algorithm):
    """Radii and counts as `Path.counts` defines them."""

    def apart(z):
        out = np.zeros((len(z), len(z)))
        for column in z.T:
            step = np.abs(column[:, None] - column)
            out = np.maximum(out, step) if norm == "chebyshev" else out + step * step
        np.fill_diagonal(out, np.inf)
        return out

    apart_x, apart_y = apart(x), apart(y)
    joint = np.maximum(apart_x, apart_y)
    radii = np.sort(joint, axis=1)[:, [k - 1 for k in KS]].T
    if algorithm == 1:
        return radii, *(np.array([(a < r[:, None]).sum(axis=1) for r in radii]) for a in (apart_x, apart_y))
    nearest = [joint <= r[:, None] for r in radii]
    margins = [[np.where(near, a, 0).max(axis=1) for near in nearest] for a in (apart_x, apart_y)]
    return radii, *(
        np.array([(a <= m[:, None]).sum(axis=1) for m in side])
        for a, side in zip((apart_x, apart_y), margins, strict=True)
    )


DATA = {
    "an offset of 1e15": lambda z: 1e15 + z,
    "a spread of some ulps": lambda z: 1e15 + np.rint(8 * z) / 8,
    "one and some ulps": lambda z: 1 + np.rint(8 * z) * 2.0**-52,
    "time stamps in ns": lambda z: 2.0**60 + np.rint(40 * z) * 256,
    "thirds of such": lambda z: (1e15 + np.rint(8 * z) / 8) / 3,
    "two far clusters": lambda z: np.where(z > 0, 1e15, -1e15) + z,
    "ulps of two offsets": lambda z: np.where(z > 0, 1.0, 1e6) * (1 + np.rint(20 * z) * 2.0**-52),
    "the least floats": lambda z: np.rint(30 * z) * 5e-324,
    "subnormal": lambda z: z * 1e-310,
    "near the least normal": lambda z: z * 2e-308,
    "1e300": lambda z: z * 1e300,
    "near the greatest": lambda z: z / np.abs(z).max() * 1.7e308,
    "15 orders of magnitude": lambda z: z * 10.0 ** (5 * z),
    "600 orders of magnitude": lambda z: np.sign(z) * 10.0 ** np.clip(-90 * z, -300, 300),
    "tenths": lambda z: np.rint(30 * z) / 10,
}


@pytest.mark.parametrize(("dim_x", "dim_y", "norm"), [(1, 1, "chebyshev"), (3, 2, "chebyshev"), (3, 2, "euclidean")])
@pytest.mark.parametrize("data", DATA)
def test_every_path_finds_what_all_pairs_give(data, dim_x, dim_y, norm):
    """Rows at distance zero are left out: there the estimators refuse."""
    x, y, norm = comparable(*(DATA[data](z) for z in normal_pair(400, dim_x, dim_y)), norm)
    for algorithm in (1, 2):
        expected = all_pairs(x, y, norm, algorithm)
        apart = expected[0] > 0
        for path in at_hand():
            found = path.counts(x, y, KS, norm, algorithm)
            assert np.array_equal(found[0], expected[0]), (path, algorithm)
            for side in (1, 2):
                assert np.array_equal(found[side][apart], expected[side][apart]), (path, algorithm, side)


@pytest.mark.parametrize("width", [1, 2, 8], ids="{} ulps".format)
@pytest.mark.parametrize("offset", [0.0, 1e15])
def test_counts_are_exact_where_a_leaf_is_some_ulps_wide(offset, width):
    """Counts of repeated values, as `ksg-mixed` asks for them; 0.125 is an ulp of 1e15, and its half is none."""
    rng = np.random.default_rng(width)
    z = offset + 0.125 * (rng.integers(4, size=(2000, 1)) * 2 * width + rng.integers(width + 1, size=(2000, 2)))
    radii = 0.125 * np.sort(rng.integers(1, 3 * width + 2, size=(2, 2000)), axis=0)
    apart = np.abs(z[:, None, 0] - z[:, 0])
    np.maximum(apart, np.abs(z[:, None, 1] - z[:, 1]), out=apart)
    expected = np.array([(apart < r[:, None]).sum(axis=1) - 1 for r in radii])
    for path in at_hand():
        assert np.array_equal(path.within(z, radii, "chebyshev"), expected), path
