"""Critics by the names that settings and estimators use."""

from collections.abc import Callable

from mibench.neural.bound import Bound
from mibench.neural.critics import (
    Bilinear,
    Concat,
    Critic,
    Encoded,
    Heads,
    OfX,
    OfY,
    Separable,
    XGivenY,
    YGivenX,
    merge,
    one_of,
)
from mibench.neural.limits import unreadable
from mibench.neural.mixtures import MixtureOfY, MixtureYGivenX
from mibench.neural.pictures import EncodedPicture, Places

CRITICS: dict[str, Callable[[Bound, int, int], Critic]] = {
    "concat": Concat,
    "merge": merge,
    "separable": Separable,
    "bilinear": Bilinear,
}

HEADS: dict[str, Callable[[Bound, int, int], Critic]] = {
    "encoded": Encoded,
    "encoded-picture": EncodedPicture,
    "places": Places,
    "x": OfX,
    "y": OfY,
    "y|x": YGivenX,
    "x|y": XGivenY,
    "mixture y|x": MixtureYGivenX,
    "mixture y": MixtureOfY,
}


def build(settings: Bound, dim_x: int, dim_y: int) -> Critic:
    """The critic that the settings and the estimator's heads ask for."""
    for head in settings.heads:
        said = unreadable(head, dim_x, dim_y)
        if said:
            raise ValueError(said)
    kinds = {"xy": one_of(CRITICS, settings.critic, "critic"), **HEADS}
    heads = [kinds[head](settings, dim_x, dim_y) for head in settings.heads]
    return heads[0] if len(heads) == 1 else Heads(heads)
