"""What every model that is trained with a term is told about the term."""

from dataclasses import dataclass
from typing import ClassVar

from mibench.distributions import fields


@dataclass(frozen=True)
class WithTerm:
    """A model and a term beside it.

    * `weight`: what the term's gradient is multiplied by, after clipping;
    * `clip`: make the term's gradient no longer than that of the model's own loss, both over all parameters that the
      term reaches (`mibench.neural.clip_adaptive`);
    * `critic_rate`: the learning rate of the critic's Adam;
    * `critic_steps`: steps of the critic on each batch of the model;
    * `steps`: steps of the model.
    """

    weight: float = 1.0
    clip: bool = True
    critic_rate: float = 1e-3
    critic_steps: int = 1
    steps: int = 1000

    baselines: ClassVar[tuple[str, ...]] = ()
    term_fields: ClassVar[tuple[str, ...]] = ("weight", "clip", "critic_rate", "critic_steps")
    devices: ClassVar[tuple[str, ...]] = ("cpu", "cuda")

    def __post_init__(self) -> None:
        fields.real(self, "weight", least=0)
        fields.real(self, "critic_rate", above=0)
        fields.count(self, "critic_steps")
        fields.count(self, "steps")
        if not isinstance(self.clip, bool):
            raise ValueError(f"{type(self).__name__}: clip={self.clip!r} must be true or false")

    def baseline(self, name: str | None) -> str | None:
        """The name, if it is one of the baselines. Raises ValueError for another."""
        if name is not None and name not in self.baselines:
            raise ValueError(f"{type(self).__name__}: no baseline {name!r}; there are: {', '.join(self.baselines)}")
        return name
