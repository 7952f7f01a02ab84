"""Every sweep of the tasks folder, for the tests: what a catalogue would hand out, without the catalogue."""

import importlib.util
from dataclasses import fields
from pathlib import Path

from mibench.distributions.maps import Keeping

FOLDER = Path(__file__).parents[1] / "tasks"


def hook(path):
    """What a task file's hook returns."""
    spec = importlib.util.spec_from_file_location(f"tests_tasks_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.mibench_tasks()


def named(points):
    """Points by name; the unnamed by their fields."""
    return points if isinstance(points, dict) else {label(point): point for point in points}


def label(point):
    return ":".join(f"{field.name}={getattr(point, field.name)}" for field in fields(point))


OFFERED = {name: named(points) for path in sorted(FOLDER.glob("*.py")) for name, points in hook(path).items()}
SWEEPS = {name: points for name, points in OFFERED.items() if all(hasattr(p, "sample") for p in points.values())}
POINTS = {f"{sweep}/{name}": point for sweep, points in SWEEPS.items() for name, point in points.items()}
APPLICATIONS = {
    f"{sweep}/{name}": point for sweep in OFFERED if sweep not in SWEEPS for name, point in OFFERED[sweep].items()
}
"""Points that train a model with a term, in place of a joint distribution."""
FULL = {name: APPLICATIONS.pop(name) for name in list(APPLICATIONS) if "-full/" in name}
"""Those of them at the papers' sizes, which need data."""

MAPS = {name: point for name, point in POINTS.items() if isinstance(point, Keeping)}
"""Every mapped point, and what it maps where that is mapped too and no point: "point.base"."""
for name, outer in list(MAPS.items()):
    while isinstance(outer := outer.base, Keeping):
        name += ".base"
        if outer not in MAPS.values():
            MAPS[name] = outer


def rows_for(task, n):
    """At most 32 MiB a side."""
    return min(n, 2**22 // max(task.dim_x, task.dim_y))
