"""Adversarial encoders and decoders, trained with a term on (x, E(x)) (Belghazi et al. 2018, arXiv:1801.04062)."""

from mibench import hookimpl
from mibench.applications.reconstruction import Bidirectional


@hookimpl
def mibench_tasks():
    return {"reconstruction": {"digits": Bidirectional()}}
