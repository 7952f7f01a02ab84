"""Others' packages, each in an environment of its own, as their pins or licence keep them from being beside mibench:
benchmark-mi (Czyż et al. 2023, arXiv 2306.11078), latentmi (Gowri et al. 2024, arXiv 2409.02732) and gmm-mi (Piras et
al. 2023, arXiv 2211.00024)."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from mibench import hookimpl, peers
from mibench.interface import paired


@dataclass(frozen=True)
class Elsewhere:
    """`python` is the Python of an environment that has the package."""

    package: ClassVar[str]
    columns: ClassVar[int | None] = None

    python: str = ""

    direction = "none"
    approach = "peer"

    def refuses(self, dim_x, dim_y):
        if not self.python:
            return f"name the Python of an environment that has {self.package}: python=PATH"
        return peers.one_column(dim_x, dim_y, self.package) if self.columns == 1 else None

    def estimate(self, x, y, *, seed=0, threads=1):
        x, y = paired(x, y)
        return peers.elsewhere(self.python, self.package, self._program(), x, y, seed, threads)


@dataclass(frozen=True)
class Bmi(Elsewhere):
    """benchmark-mi's estimators with its own defaults, in nats.

    `method`: "ksg" (the mean over 5 and 10 neighbours), "cca", or a critic's "mine", "infonce", "nwj", "dv". A critic's
    number is the largest of its curve on the part held out, which leans upwards.
    """

    package = "benchmark-mi"
    year = 2023

    method: Literal["ksg", "cca", "mine", "infonce", "nwj", "dv"] = "ksg"

    def _program(self):
        seeded = "" if self.method in ("ksg", "cca") else "verbose=False, seed=seed"
        return f"import bmi.estimators as e\nnats = e.{CLASSES[self.method]}({seeded}).estimate(x, y)"


CLASSES = {
    "ksg": "KSGEnsembleFirstEstimator",
    "cca": "CCAMutualInformationEstimator",
    "mine": "MINEEstimator",
    "infonce": "InfoNCEEstimator",
    "nwj": "NWJEstimator",
    "dv": "DonskerVaradhanEstimator",
}


@dataclass(frozen=True)
class LatentMI(Elsewhere):
    """latentmi's `lmi.estimate` with its own defaults on the CPU: the mean over the half held out, its bits as nats."""

    package = "latentmi"
    year = 2024

    def _program(self):
        return """
import math
import torch
from latentmi import lmi
torch.manual_seed(seed)
nats = np.nanmean(lmi.estimate(x, y, device="cpu")[0]) * math.log(2)
"""


@dataclass(frozen=True)
class GMMMI(Elsewhere):
    """gmm-mi's `EstimateMI` with its own defaults: the mean of its bootstraps in nats, one column a side."""

    package = "gmm-mi"
    columns = 1
    year = 2023

    def _program(self):
        return """
from gmm_mi.mi import EstimateMI
nats = EstimateMI().fit_estimate(np.hstack([x, y]))[0]
"""


@hookimpl
def mibench_estimators():
    return {"bmi": Bmi(), "latentmi": LatentMI(), "gmm-mi": GMMMI()}
