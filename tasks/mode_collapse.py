"""Generators that lose modes, trained with a term on (G(z), z) (Belghazi et al. 2018, arXiv:1801.04062)."""

from mibench import hookimpl
from mibench.applications.mode_collapse import Grid, LargeGrid, StackedDigits, StackedPictures


@hookimpl
def mibench_tasks():
    return {
        "mode-collapse": {"grid25": Grid(), "stacked-digits": StackedDigits()},
        "mode-collapse-full": {"grid25": LargeGrid(), "stacked-mnist": StackedPictures()},
    }
