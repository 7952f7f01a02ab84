"""I(X;Y) = 0 in many shapes: what an estimator reports here is its false alarm."""

from mibench import hookimpl
from mibench.distributions.discrete import SymmetricChannel
from mibench.distributions.draws import Independent
from mibench.distributions.images import GaussianPlate
from mibench.distributions.maps import Margins
from mibench.distributions.mixed import NormalOrSigns, RareEventChannel, ZeroInflatedPoisson
from mibench.distributions.mixture import Concentric, PlaneMixture
from mibench.distributions.normal import CorrelatedNormal, DenseNormal
from mibench.distributions.student import StudentT
from mibench.distributions.turns import Spiral

CROSS = PlaneMixture((0.5, 0.5), ((0.0, 0.0), (0.0, 0.0)), ((1.0, -0.9, 1.0), (1.0, 0.9, 1.0)))


@hookimpl
def mibench_tasks():
    normal = {d: CorrelatedNormal(d, 0.0) for d in (1, 2, 5, 20)}
    shapes = {f"normal-{d}": task for d, task in normal.items()}
    shapes |= {
        "dense-5": DenseNormal(5, 2.0),
        "uniform-2": Margins(normal[2], "cdf", "cdf"),
        "cube-5": Margins(normal[5], "cube", "cube"),
        "log-normal-2": Margins(normal[2], "exp", "exp"),
        "bimodal-1": Margins(normal[1], "bimodal-x", "bimodal-y"),
        "spiral-2": Spiral(normal[2], 1.0, 1.0, 0, 0),
        "student-1": StudentT(1, 1.0),
        "student-5": StudentT(5, 2.0),
        "cross-1": CROSS,
        "rings-10": Concentric(10, 5),
        "bits-4": SymmetricChannel(4, 1.0),
        "counts-1": ZeroInflatedPoisson(0.15),
        "signs-1": NormalOrSigns(),
        "rare-event-1": RareEventChannel(1.5, 0.5),
        "plates-16": GaussianPlate(Margins(normal[2], "cdf", "cdf"), 16),
    }
    return {"independent": {name: Independent(task) for name, task in shapes.items()}}
