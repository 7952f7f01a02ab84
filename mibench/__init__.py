"""mibench runs any mutual-information estimator on any task with known mutual information.

The verbs from Python are `estimate`, `estimator`, `tasks`, `run`, `load` and `scores`. They import what they need when
they are called: plugins import mibench too, and need none of it. Other names are imported as they are asked for: a
shell that asks for a command's name needs none.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from mibench.hooks import hookimpl
    from mibench.interface import Application, Array, Diverged, Draw, Estimate, Estimator, Outcome, Score, Task, Term
    from mibench.owndata import Findings, Matrix

__version__ = "0.1.0"
__all__ = [
    "Application",
    "Array",
    "Diverged",
    "Draw",
    "Estimate",
    "Estimator",
    "Outcome",
    "Score",
    "Task",
    "Term",
    "__version__",
    "estimate",
    "estimator",
    "hookimpl",
    "load",
    "run",
    "scores",
    "tasks",
]


def estimate(
    x: Any = (),
    y: Any = (),
    *,
    data: Any = None,
    groups: Any = None,
    separator: str | None = None,
    decimal: str | None = None,
    **options: Any,
) -> "Findings | Matrix":
    """What x tells of y, as `mibench estimate` says it: print it, or take its `lines`, `to_dict()` or `to_frame()`.

    x and y are arrays `(n,)` or `(n, dim)`, lists, Series, frames or tensors; or, of a DataFrame or file `data`, names,
    ranges and patterns of columns. `groups` is a column too. `options` are the fields of `mibench.owndata.Question`:
    estimators, permutations, series, lag, missing, distinct, calibrate, unit, seed, plugins; with `pairs` each column
    of x is estimated with each of y, and p adjusted by `adjust`, "holm" or "bh". Raises UsageError, in one line.
    """
    from mibench import owndata
    from mibench.errors import UsageError
    from mibench.specs import split

    question = owndata.question(**options)
    if data is None:
        return owndata.whole(owndata.prepare(question, owndata.of_sides(x, y, groups)))
    table = owndata.opened(data, separator, decimal)
    source = str(data) if isinstance(data, str | Path) else "data"
    for name, side in (("x", x), ("y", y)):
        if not isinstance(side, str) and not all(isinstance(item, str) for item in side):
            raise UsageError(f"{name} is of type {type(side).__name__}: with data= it names columns of that")
    of_x, of_y = (split([side]) if isinstance(side, str) else list(side) for side in (x, y))
    return owndata.whole(owndata.prepare(question, owndata.of_table(table, source, of_x, of_y, groups)))


def estimator(spec: str, plugins: Sequence[str | Path] = ()) -> Any:
    """The estimator a spec names, ready for `.estimate(x, y)`: `estimator("ksg:k=5")`."""
    from mibench import catalogue

    return catalogue.discover(plugins).estimator(spec).estimator


def tasks(spec: str, plugins: Sequence[str | Path] = ()) -> dict[str, Any]:
    """The points a task spec names, in order: `tasks("gaussian:dim=5")["dim=5:mi=2.0"].sample(100, rng)`."""
    from mibench import catalogue

    return {point.name: point.task for point in catalogue.discover(plugins).points(spec)}


def run(
    estimators: Any,
    tasks: Any,
    samples: int | Iterable[int] | None = None,
    seeds: int | str | Iterable[int] = 3,
    output: str | Path | None = None,
    **options: Any,
) -> "pd.DataFrame":
    """Run estimators on tasks and return the rows, as `mibench run` does; `options` are the fields of `Settings`.

    Estimators and tasks are names, frozen dataclasses (`MyEstimator(k=3)`, called by their class), mappings of a name
    to one, or lists of all these. With objects the run stays in this process: no timeout, memory limit or cluster.
    Failures are rows. Raises UsageError for names, fields and options that are wrong.
    """
    from mibench import in_python

    return in_python.whole(in_python.prepare(estimators, tasks, samples, seeds, output, options))


def load(*runs: str | Path) -> "pd.DataFrame":
    """The rows of runs (folders, tables, or the latest) as one tidy DataFrame; see `mibench.store.load`."""
    from mibench import store

    return store.load(*runs)


def scores(*runs: str | Path) -> "pd.DataFrame":
    """The scores of trained models, one row a trial and score; see `mibench.store.scores`."""
    from mibench import store

    return store.scores(*runs)


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from mibench import hooks, interface

    return getattr(hooks if name == "hookimpl" else interface, name)


def __dir__() -> list[str]:
    return sorted(__all__)
