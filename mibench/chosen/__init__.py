"""Several estimates of one sample, and the choice between them by what they say of held-out pairs, never by the truth.

`sample` shares out the rows; `candidates` fits what is in the running; `judge` scores log ratios and chooses; `contest`
puts them together. Importing this room imports numpy and nothing heavier.
"""

from mibench.chosen.candidates import CANDIDATES
from mibench.chosen.contest import estimate, refuses

__all__ = ["CANDIDATES", "estimate", "refuses"]
