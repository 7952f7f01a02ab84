"""Pairs of pictures whose mutual information is that of the numbers drawn in them (cf. github.com/VanessB/mutinfo)."""

from mibench import hookimpl
from mibench.distributions.images import GaussianPlate, Rectangle
from mibench.distributions.maps import Margins
from mibench.distributions.normal import CorrelatedNormal


@hookimpl
def mibench_tasks():
    points = {}
    for pixels in (16, 32, 64):
        for mi in (1.0, 2.5, 5.0):
            plate, box = (Margins(CorrelatedNormal(numbers, mi), "cdf", "cdf") for numbers in (2, 4))
            points[f"plate-{pixels}-{mi:g}"] = GaussianPlate(plate, pixels)
            points[f"rectangle-{pixels}-{mi:g}"] = Rectangle(box, pixels)
    return {"images": points}
