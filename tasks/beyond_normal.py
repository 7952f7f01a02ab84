"""The 40 tasks of Czyż et al. 2023, "Beyond Normal" (arXiv:2306.11078), by their ids in github.com/cbg-ethz/bmi.

There every sample is standardised per coordinate before estimation; here that is the estimator's business.
"""

import math

from mibench import hookimpl
from mibench.distributions.maps import Margins
from mibench.distributions.normal import CorrelatedNormal, DenseNormal, SparseNormal, dense_mi
from mibench.distributions.student import StudentT
from mibench.distributions.turns import Spiral, SwissRoll
from mibench.distributions.uniform_noise import UniformNoise, uniform_noise_mi


def both(base, name):
    """One margin on either side."""
    return Margins(base, name, name)


def sparse(dim):
    """Two pairs with correlation 0.8."""
    return SparseNormal(dim, -math.log(1 - 0.8**2))


def spiral(base):
    """Turned by one radian in the mean: |X|² of standard normals has the mean dim."""
    return Spiral(base, 1 / base.dim_x, 1 / base.dim_y)


@hookimpl
def mibench_tasks():
    normal = CorrelatedNormal(1, -math.log(1 - 0.75**2) / 2)
    uniform = both(normal, "cdf")
    points = {
        "1v1-normal-0.75": normal,
        "normal_cdf-1v1-normal-0.75": uniform,
        "1v1-additive-0.1": UniformNoise(1, uniform_noise_mi(0.1)),
        "1v1-additive-0.75": UniformNoise(1, uniform_noise_mi(0.75)),
        "1v1-bimodal-0.75": Margins(normal, "bimodal-x", "bimodal-y"),
        "wiggly-1v1-normal-0.75": Margins(normal, "wiggly-x", "wiggly-y"),
        "half_cube-1v1-normal-0.75": both(normal, "half-cube"),
        "student-identity-1-1-1": StudentT(1, 1.0),
        "asinh-student-identity-1-1-1": both(StudentT(1, 1.0), "asinh"),
        "swissroll_x-normal_cdf-1v1-normal-0.75": SwissRoll(uniform),
    }
    points |= {f"multinormal-dense-{d}-{d}-0.5": DenseNormal(d, dense_mi(d, 0.5)) for d in (2, 3, 5, 25, 50)}
    points |= {f"multinormal-sparse-{d}-{d}-2-2.0": sparse(d) for d in (2, 3, 5, 25)}
    tails = (2, 1), (2, 2), (3, 2), (3, 3), (5, 2), (5, 3)
    points |= {f"student-identity-{d}-{d}-{dof}": StudentT(d, float(dof)) for d, dof in tails}
    for name, mapped in {
        "normal_cdf": lambda base: both(base, "cdf"),
        "half_cube": lambda base: both(base, "half-cube"),
        "spiral": spiral,
        "spiral-normal_cdf": lambda base: spiral(both(base, "cdf")),
    }.items():
        points |= {f"{name}-multinormal-sparse-{d}-{d}-2-2.0": mapped(sparse(d)) for d in (3, 5, 25)}
    tails = (2, 1), (3, 2), (5, 2)
    points |= {f"asinh-student-identity-{d}-{d}-{dof}": both(StudentT(d, float(dof)), "asinh") for d, dof in tails}
    return {"beyond-normal": points}
