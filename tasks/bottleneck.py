"""Classifiers that lower H(Y|Z) + β I(X;Z), on labels of which some are wrong, and on true ones."""

from dataclasses import replace

from mibench import hookimpl
from mibench.applications.bottleneck import Bottleneck

ENCODERS = ("gaussian", "additive", "propagated")


@hookimpl
def mibench_tasks():
    large = Bottleneck(
        steps=100_000, batch_size=100, rate=1e-4, critic_rate=1e-4, hidden=(1024, 1024), code=256, redrawn=0.0,
        data="mnist", train_size=50_000, validation_size=10_000,
    )  # fmt: skip
    return {
        "bottleneck": {"noisy": Bottleneck(), "clean": Bottleneck(redrawn=0.0)},
        "bottleneck-full": {f"mnist-{kind}": replace(large, encoder=kind) for kind in ENCODERS},
    }
