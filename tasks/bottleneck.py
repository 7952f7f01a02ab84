"""Classifiers that lower H(Y|Z) + β I(X;Z), on labels of which some are wrong, and on true ones."""

from mibench import hookimpl
from mibench.applications.bottleneck import Bottleneck


@hookimpl
def mibench_tasks():
    return {"bottleneck": {"noisy": Bottleneck(), "clean": Bottleneck(redrawn=0.0)}}
