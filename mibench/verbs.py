"""The four verbs from Python: `estimator`, `tasks`, `run`, `load`; and the run that the command line drives."""

import dataclasses
import importlib.metadata
import os
import platform
import re
import shlex
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mibench
from mibench import catalogue as catalogues
from mibench import settings as asked
from mibench import specs, store
from mibench.catalogue import Catalogue, Choice, Point
from mibench.engine import cluster, devices, local
from mibench.engine.devices import Device, Slot
from mibench.engine.parcels import Limits
from mibench.errors import NothingMatched, UsageError
from mibench.settings import Settings
from mibench.trial import Result, Trial, plan

if TYPE_CHECKING:
    import pandas as pd

COMMAND = re.compile(r"\bmibench(/__main__\.py)?$")


def estimator(spec: str, plugins: Sequence[str] = ()) -> Any:
    """The estimator a spec names, ready for `.estimate(x, y)`: `estimator("ksg:k=5")`."""
    return catalogues.discover(plugins).estimator(spec).estimator


def tasks(spec: str, plugins: Sequence[str] = ()) -> dict[str, Any]:
    """The points a task spec names, in order: `tasks("gaussian:dim=5")["dim=5:mi=2.0"].sample(100, rng)`."""
    return {point.name: point.task for point in catalogues.discover(plugins).points(spec)}


def load(*runs: str | Path) -> "pd.DataFrame":
    """The rows of runs (folders, tables, or the latest) as one tidy DataFrame; see `mibench.store.load`."""
    return store.load(*runs)


def run(
    estimators: str | Sequence[str],
    tasks: str | Sequence[str],
    samples: int | Sequence[int] = 10_000,
    seeds: int | str = 3,
    output: str | Path | None = None,
    **options: Any,
) -> "pd.DataFrame":
    """Run estimators on tasks and return the rows, as `mibench run` does; `options` are the fields of `Settings`.

    Failures are rows. Raises UsageError for names, fields and options that are wrong.
    """
    stated: dict[str, Any] = {
        "estimators": estimators,
        "tasks": tasks,
        "samples": samples,
        "seeds": str(seeds),
        "output": None if output is None else str(output),
        **options,
    }
    many = {name for name, f in asked.FIELDS.items() if isinstance(f.default, tuple)}
    prepared = prepare(asked.of({name: _texts(value) if name in many else value for name, value in stated.items()}))
    for _ in prepared.results():
        pass
    return store.load(prepared.folder)


def _texts(value: Any) -> tuple[str, ...]:
    return (str(value),) if isinstance(value, str | int | float | Path) else tuple(map(str, value))


@dataclass
class Prepared:
    """A run whose names are all known and whose folder exists; `results()` does the work."""

    settings: Settings
    catalogue: Catalogue
    choices: Sequence[Choice]
    points: Sequence[Point]
    samples: Sequence[int]
    seeds: range
    devices: Sequence[Device]
    slots: Sequence[Slot]
    limits: Limits
    writer: store.Run | None = None
    kept: int = 0
    stale: dict[str, int] = field(default_factory=dict)
    planned: dict[str, int] = field(default_factory=dict)
    """How many trials each estimator has to run."""

    @property
    def folder(self) -> Path:
        if self.writer is None:
            raise UsageError("the run has no folder yet")
        return self.writer.folder

    @property
    def total(self) -> int:
        return len(self.choices) * len(self.points) * len(self.samples) * len(self.seeds)

    @cached_property
    def known(self) -> dict[str, store.Known]:
        """What the folder already holds; read once."""
        return store.known(self.folder) if self.writer is not None else {}

    def trials(self) -> Iterator[Trial]:
        """The whole plan, lazily."""
        automatic = "auto" in specs.split(self.settings.device)
        kinds = {id(c): devices.kind_for(c.estimator, self.devices, automatic) for c in self.choices}
        return plan(self.catalogue, self.choices, self.points, self.samples, self.seeds, lambda c: kinds[id(c)])

    def survey(self) -> int:
        """How many trials are to do; counts the rows kept and, by estimator, the stale ones among them."""
        each = self.total // len(self.choices)
        if not self.known:
            self.planned = {name: each * count for name, count in Counter(c.name for c in self.choices).items()}
            return self.total
        self.kept, to_do = 0, Counter[str]()
        planned: dict[str, str] = {}
        codes: dict[tuple[Any, ...], str] = {}
        for trial in self.trials():
            planned[trial.id] = trial.code
            codes[trial.choice.name, trial.point.sweep, trial.point.name, trial.n_samples, trial.seed] = trial.code
            if self._due(trial):
                to_do[trial.choice.name] += 1
            else:
                self.kept += 1
        # a row is stale if it was made for a trial of this name by other code, be it with other defaults
        stale = Counter(
            entry.place[0]
            for trial_id, entry in self.known.items()
            if entry.status == "ok" and entry.code != codes.get(entry.place, entry.code)
            and not (trial_id in planned and self.settings.rerun in ("stale", "all"))
        )  # fmt: skip
        self.stale, self.planned = dict(stale), dict(to_do)
        return to_do.total()

    def _due(self, trial: Trial) -> bool:
        before, rerun = self.known.get(trial.id), self.settings.rerun
        if before is None or rerun == "all":
            return True
        if before.status != "ok":
            return rerun != "none"
        return rerun == "stale" and before.code != trial.code

    def results(self) -> Generator[Result]:
        """Run what is to do; each row is on disk before it is yielded."""
        assert self.writer is not None
        self.writer.describe(facts(self))
        due = (trial for trial in self.trials() if self._due(trial))
        homes = self.catalogue.homes
        files = {homes[f"-e {c.name}"].path for c in self.choices} | {homes[f"-t {p.sweep}"].path for p in self.points}
        where = self.settings
        if where.executor == "dask":
            finished = cluster.run(
                due, self.catalogue, where.plugins, files, self.limits, where.scheduler, len(self.slots)
            )
        else:
            finished = local.run(due, self.catalogue, where.plugins, files, self.slots, self.limits)
        torch_version = _version("torch")
        try:
            for one in finished:
                result = replace(one.result, torch_version=torch_version, host=one.result.host or socket.gethostname())
                if one.curve:
                    self.writer.keep_curve(result.trial_id, one.curve)
                if result.status != "ok":
                    self.writer.keep_log(result.trial_id, one.log)
                elif result.trial_id in self.known:
                    self.writer.drop_log(result.trial_id)
                yield self.writer.append(result)
                if self.settings.fail_fast and result.status != "ok":
                    return
        finally:
            finished.close()
            self.writer.close()


def prepare(settings: Settings, make_folder: bool = True) -> Prepared:
    """Look up every name, and make or open the folder. Raises UsageError before anything is written."""
    found = catalogues.discover(settings.plugins)
    _refuse_broken(found, settings.plugins)
    estimators, sweeps = specs.split(settings.estimators), specs.split(settings.tasks)
    if not estimators:
        raise UsageError("no estimator is named; write for example -e mine,ksg (mibench list estimators shows them)")
    if not sweeps:
        raise UsageError("no task is named; write for example -t gaussian (mibench list tasks shows them)")
    choices = _choices(found, estimators, settings.parameters)
    aims = asked.aims(settings)
    points = list({(p.sweep, p.name): p for spec in sweeps for p in found.points(spec, aims)}.values())
    if not points:
        raise NothingMatched(f"no point matches {', '.join(sweeps)}")
    resolved = devices.resolve(specs.split(settings.device), remote=settings.executor == "dask")
    jobs = settings.jobs or devices.cores()
    prepared = Prepared(
        settings,
        found,
        choices,
        points,
        specs.positive(settings.samples, "--samples"),
        specs.seeds(settings.seeds),
        resolved,
        devices.slots(resolved, jobs, settings.jobs_per_gpu),
        Limits(
            specs.duration(settings.timeout) if settings.timeout else None,
            specs.size(settings.memory) if settings.memory else None,
        ),
    )
    if settings.output is not None:
        folder = Path(settings.output)
        if make_folder or folder.exists():
            prepared.writer = store.Run.at(folder)
    elif make_folder:
        prepared.writer = store.Run.create("-".join(specs.parse(spec)[0].partition("/")[0] for spec in sweeps))
    return prepared


def _choices(found: Catalogue, estimators: Sequence[str], parameters: Sequence[str]) -> list[Choice]:
    """The estimators of `-e`, multiplied by the fields that `-P` sweeps."""
    choices = [found.estimator(spec) for spec in estimators]
    for text in parameters:
        name, key, values = specs.sweep(text)
        if name not in {choice.name for choice in choices}:
            hint = "is not among the estimators of this run" if name in found.estimators else "is unknown"
            raise UsageError(f"-P {text}: '{name}' {hint}; {specs.nearest(name, {c.name for c in choices})}")
        choices = [
            made
            for choice in choices
            for made in (
                [found.choice(name, {**choice.changes, key: value}) for value in values]
                if choice.name == name
                else [choice]
            )
        ]
    return list({specs.canonical([c.name, specs.fields(c.estimator)]): c for c in choices}.values())


def _refuse_broken(found: Catalogue, plugins: Sequence[str]) -> None:
    """A file named with -p must work; others that are broken are only listed."""
    named = [Path(item).expanduser().resolve() for item in plugins]
    for plugin in found.broken:
        if any(plugin.path == path or path in plugin.path.parents for path in named):
            raise UsageError(f"{plugin.path}: {plugin.error}")


def facts(prepared: Prepared) -> dict[str, Any]:
    """What one invocation was and where it ran, for run.json."""
    return {
        "command": shlex.join(["mibench", *sys.argv[1:]]) if COMMAND.search(sys.argv[0]) else Path(sys.argv[0]).name,
        "settings": dataclasses.asdict(prepared.settings),
        "trials": prepared.total,
        "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {
            "mibench": mibench.__version__,
            "python": platform.python_version(),
            **{name: _version(name) for name in ("torch", "numpy", "scipy", "pandas", "numba")},
        },
        "git": _git(),
        "host": socket.gethostname(),
        "platform": platform.platform(),
        "cores": devices.cores(),
        "devices": [device.name for device in prepared.devices],
        "plugins": {f"{p.origin}:{p.name}": str(p.path) for p in prepared.catalogue.plugins if p.origin != "bundled"},
    }


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _git() -> dict[str, Any] | None:
    """Commit and cleanliness of the checkout that mibench runs from, if it is one."""
    root = catalogues.PACKAGE.parent
    if not (root / ".git").exists():
        return None
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        commit, state = (
            subprocess.run(
                ["git", "-C", str(root), *arguments],
                capture_output=True,
                text=True,
                check=True,
                timeout=10,
                env=environment,
            ).stdout.strip()
            for arguments in (("rev-parse", "HEAD"), ("status", "--porcelain", "--untracked-files=no"))
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return {"commit": commit, "dirty": bool(state)}


def resume(run: str | Path | None, changes: Mapping[str, Any] | None = None) -> Prepared:
    """The run of a folder, to go on with, with the settings it keeps."""
    folder = store.find(run)
    kept = asked.of(store.read_run(folder)["settings"])
    return prepare(replace(kept, output=str(folder), **(changes or {})))


def causes(failed: Iterable[Result]) -> list[tuple[str, str, int, str]]:
    """(estimator, status, count, first message) of failed trials, grouped by cause."""
    groups: dict[tuple[str, str, str], list[Result]] = {}
    for result in failed:
        groups.setdefault((result.estimator, result.status, (result.error or "")[:80]), []).append(result)
    return [(name, status, len(group), group[0].error or "") for (name, status, _), group in groups.items()]
