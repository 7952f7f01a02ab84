"""The two hooks a plugin file may implement, and the marker it implements them with."""

from collections.abc import Mapping, Sequence

import pluggy

from mibench.interface import Estimator, Task

hookspec = pluggy.HookspecMarker("mibench")
hookimpl = pluggy.HookimplMarker("mibench")


@hookspec
def mibench_estimators() -> Mapping[str, Estimator]:  # type: ignore[empty-body]
    """Estimators by name, each with its default settings."""


@hookspec
def mibench_tasks() -> Mapping[str, Sequence[Task] | Mapping[str, Task]]:  # type: ignore[empty-body]
    """Sweeps by name: a list of points, or a mapping where the source names its points."""
