"""What papers and their code did with their critics, as settings. Nothing here imports torch."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """Settings of an estimator as it was published (see `recipe` of `Bound`), and the `source` that says so.

    Shared by all: raw columns, the last weights, and little held out, which the curve alone is of.
    """

    source: str
    own: Mapping[str, object]

    @property
    def settings(self) -> dict[str, object]:
        """Fields by name."""
        return {"scaling": "none", "averaging": 0.0, "split": (90, 5, 5), "activation": "relu", **self.own}

    def but(self, source: str = "", **own: object) -> "Published":
        """With some other settings, and where these are said if that is elsewhere."""
        return Published(source or self.source, {**self.own, **own})


FIGURE_1 = Published(
    "rho_experiment of github.com/gtegner/mine-pytorch @43358197, which redoes the first figure of Belghazi et al. "
    "2018, whose own code is not public: 100 epochs of 3000 rows, one shuffled partner, the mean over the batches of "
    "an epoch. There the figure follows the biased gradient, dv here; the moving average is the code's default",
    {
        "hidden": (100, 100),
        "batch_size": 128,
        "negatives": 1,
        "learning_rate": 1e-3,
        "steps": 2400,
        "window": 24,
    },
)

STAIRCASE = Published(
    "vbmi_demo.ipynb of github.com/google-research/google-research @10bf941a (Poole et al. 2019): one perceptron on "
    "all 64 × 64 pairs of a batch, 4000 steps a level, the trace smoothed over 200 steps; there every batch is new, as "
    "on the staircase tasks, and one critic climbs all levels",
    {
        "hidden": (256, 256),
        "batch_size": 64,
        "negatives": 63,
        "learning_rate": 5e-4,
        "steps": 4000,
        "window": 200,
    },
)

SONG_ERMON = STAIRCASE.but(
    "demo.ipynb and utils.py of github.com/ermongroup/smile-mi-estimator (Song & Ermon 2020): as Poole et al., with a "
    "third hidden layer",
    hidden=(256, 256, 256),
)
