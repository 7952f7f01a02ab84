"""One nat through a ladder of homeomorphisms: the truth does not move, so an estimator that moves is seen to.

Mutual information does not change when X or Y is written in other coordinates; estimates do.
"""

from mibench import hookimpl
from mibench.distributions.maps import Affine, Margins
from mibench.distributions.normal import CorrelatedNormal
from mibench.distributions.turns import Rotated, Spiral


@hookimpl
def mibench_tasks():
    normal = CorrelatedNormal(2, 1.0)

    def both(name, base=normal):
        return Margins(base, name, name)

    points = {
        "as-is": normal,
        "scaled": Affine(normal, scale_x=1000.0, shift_x=-3.0, scale_y=0.001, shift_y=5.0),
        "rotated": Rotated(normal),
        "uniform": both("cdf"),
        "asinh": both("asinh"),
        "tanh": both("tanh"),
        "half-cube": both("half-cube"),
        "cube": both("cube"),
        "exp": both("exp"),
        "sinh-of-half-cube": both("sinh", both("half-cube")),
        "wiggly": Margins(normal, "wiggly-x", "wiggly-y"),
        "bimodal": Margins(normal, "bimodal-x", "bimodal-y"),
        "rotated-cube": Rotated(both("cube", Rotated(normal)), seed=1),
        "spiral-slow": Spiral(normal, 0.3, 0.3, 0, 0),
        "spiral-fast": Spiral(normal, 1.0, 1.0, 0, 0),
        "spiral-of-uniform": Spiral(both("cdf"), 3.0, 3.0, 0, 0),
    }
    return {"reparam": points}
