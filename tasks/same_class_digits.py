"""Handwritten digits against digits whose classes came through a noisy channel: real pictures, an exact truth.

After Lee & Rhee 2024 (arXiv:2410.10924). One picture of ten classes, or ten pictures of a nought or a one: ten bits.
`:data=mnist` and `:data=fashion-mnist` take it to the pictures in the folder that --data-dir names.
"""

import math

from mibench import hookimpl
from mibench.distributions.digits import SameClass


@hookimpl
def mibench_tasks():
    nats = {f"{mi:.3g}-nats": SameClass(mi) for mi in (0.0, 0.5, 1.0, 1.5, 2.0, math.log(10))}
    bits = {f"{k}-of-10-bits": SameClass(k * math.log(2), classes=2, pictures=10) for k in (2, 4, 6, 8, 10)}
    return {"same-class-digits": nats | bits}
