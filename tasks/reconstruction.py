"""Adversarial encoders and decoders, trained with a term on (x, E(x)) (Belghazi et al. 2018, arXiv:1801.04062)."""

from mibench import hookimpl
from mibench.applications.reconstruction import Bidirectional, LargeBidirectional, WithoutClasses


@hookimpl
def mibench_tasks():
    full = {
        "mnist": LargeBidirectional(),
        "mnist5k": LargeBidirectional(data="mnist5k", steps=20_000),
        "pictures": LargeBidirectional(data="pictures", channels=(64, 128, 256, 512)),
        "without-classes": WithoutClasses(),
    }
    return {"reconstruction": {"digits": Bidirectional()}, "reconstruction-full": full}
