"""Mutual information from nearest neighbours: one definition, several computations that give the same number.

`estimates` holds the formulas; `sample` says what data they accept and prepares it; `paths` says what a *path* is, a
way to find radii and count neighbours, and `choice` which one runs; every other module is a path, or part of one.
Importing this room imports numpy and nothing heavier.
"""

from mibench.neighbors.choice import choose
from mibench.neighbors.estimates import kl, ksg, ksg_many_k, ksg_mixed
from mibench.neighbors.paths import Norm, Path
from mibench.neighbors.sample import Scaling, refuses, with_noise

__all__ = ["Norm", "Path", "Scaling", "choose", "kl", "ksg", "ksg_many_k", "ksg_mixed", "refuses", "with_noise"]
