"""A run from request to rows: prepare, run, resume. The command line and the Python verbs drive it."""

import functools
import os
import socket
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mibench import catalogue as catalogues
from mibench import provenance, request, specs, store
from mibench import settings as asked
from mibench.catalogue import Catalogue, Choice, Point
from mibench.device import Device, cores
from mibench.engine import cluster, devices, here, local
from mibench.engine.devices import Slot
from mibench.engine.parcels import Finished, Limits
from mibench.errors import NothingMatched, UsageError
from mibench.result import SETTLED, Result
from mibench.seeds import Seeds
from mibench.settings import Settings
from mibench.trial import Trial, cells, code_of, no_term, plan, refusal, sizes

if TYPE_CHECKING:
    pass


@dataclass
class Prepared:
    """A run whose names are all known and whose folder exists; `results()` does the work."""

    settings: Settings
    catalogue: Catalogue
    choices: Sequence[Choice]
    points: Sequence[Point]
    samples: Sequence[int]
    """Empty where none were asked for: each task then has its usual one."""
    seeds: Seeds
    devices: Sequence[Device]
    slots: Sequence[Slot]
    limits: Limits
    writer: store.Writer | None = None
    kept: int = 0
    stale: dict[str, int] = field(default_factory=dict)
    edited: set[str] = field(default_factory=set)
    """Estimators of which rows came from other sources than those that were planned."""
    planned: dict[tuple[Any, ...], int] = field(default_factory=dict)
    """How many trials are to run of each (estimator, its settings, task, point, n)."""

    @property
    def folder(self) -> Path:
        """Where the rows go."""
        if self.writer is None:
            raise UsageError("the run has no folder yet")
        return self.writer.folder

    @property
    def total(self) -> int:
        """How many trials the plan has."""
        return sum(1 for _ in self._cells()) * len(self.seeds)

    @property
    def sizes(self) -> list[int]:
        """The sample sizes of all tasks, each once."""
        return list(dict.fromkeys(n for point in self.points for n in sizes(point, self.samples) if n is not None))

    @cached_property
    def known(self) -> dict[str, store.Known]:
        """What the folder already holds; read once."""
        return store.known(self.folder) if self.writer is not None else {}

    def _cells(self) -> Iterator[tuple[Choice, Point, int | None]]:
        return cells(self.choices, self.points, self.samples)

    def _device(self, choice: Choice, point: Point) -> str:
        """The kind of device of a trial: an application says it for all its rivals."""
        asks = point.task if point.kind == "application" else choice.estimator
        return devices.kind_for(asks, self.devices, "auto" in specs.split(self.settings.device))

    @cached_property
    def refused(self) -> dict[tuple[int, int, int | None], str]:
        """Why an estimator cannot do a point, by their places in memory and n; the rest is asked after drawing."""
        found: dict[tuple[int, int, int | None], str] = {}
        seed = next(iter(self.seeds))
        for choice, point, n in self._cells():
            if point.kind == "task" and not hasattr(choice.estimator, "refuses"):
                continue
            trial = Trial(choice, point, n, seed, self._device(choice, point), "")
            try:
                reason = refusal(trial, *trial.dims)
            except Exception:  # told by the trials themselves, each in its row
                continue
            if reason is not None:
                found[_cell(trial)] = reason
        return found

    @cached_property
    def _codes(self) -> dict[tuple[str, str, str], str]:
        """What each estimator's numbers at each point come from, as it was planned."""
        return {
            (choice.name, point.sweep, point.name): code_of(self.catalogue, choice, point)
            for choice, point, _ in self._cells()
        }

    @property
    def unsupported(self) -> Counter[tuple[str, str]]:
        """How many trials of each estimator are refused for which reason, as far as that is known before drawing."""
        names = {id(choice): choice.name for choice in self.choices}
        found: Counter[tuple[str, str]] = Counter()
        for (choice, _, _), reason in self.refused.items():
            found[names[choice], reason] += len(self.seeds)
        return found

    def trials(self) -> Iterator[Trial]:
        """The whole plan, lazily."""
        return plan(self.catalogue, self.choices, self.points, self.samples, self.seeds, self._device)

    def survey(self) -> int:
        """How many trials are to do; counts the rows kept and, by estimator, the stale ones among them."""
        if not self.known:
            self.planned = {_named_cell(*cell): len(self.seeds) for cell in self._cells()}
            return self.total
        self.kept, to_do = 0, Counter[tuple[Any, ...]]()
        planned: set[str] = set()
        codes: dict[tuple[Any, ...], str] = {}
        for trial in self.trials():
            planned.add(trial.id)
            codes[trial.choice.name, trial.point.sweep, trial.point.name, trial.n_samples, trial.seed] = trial.code
            if self._due(trial):
                to_do[_named_cell(trial.choice, trial.point, trial.n_samples)] += 1
            else:
                self.kept += 1
        # a row is stale if it was made for a trial of this name by other code, be it with other defaults
        stale = Counter(
            entry.place[0]
            for trial_id, entry in self.known.items()
            if entry.status in SETTLED and entry.code != codes.get(entry.place, entry.code)
            and not (trial_id in planned and self.settings.rerun in ("stale", "all"))
        )  # fmt: skip
        self.stale, self.planned = dict(stale), dict(to_do)
        return to_do.total()

    def _due(self, trial: Trial) -> bool:
        before, rerun = self.known.get(trial.id), self.settings.rerun
        if before is None or rerun == "all":
            return True
        if before.status not in SETTLED:
            return rerun != "none"
        return rerun == "stale" and before.code != trial.code

    def results(self) -> Generator[Result]:
        """Run what is to do; each row is on disk before it is yielded."""
        assert self.writer is not None
        self.writer.describe(provenance.facts(self.settings, self.catalogue, self.total, self.devices))
        finished = self._finished()
        try:
            for one in finished:
                result = self._stamped(one.result)
                if result.code != self._codes.get((result.estimator, result.task, result.point), result.code):
                    self.edited.add(result.estimator)
                if one.curves:
                    self.writer.keep_curves(result.trial_id, one.curves)
                if one.pictures:
                    self.writer.keep_pictures(result.trial_id, one.pictures)
                if result.status not in SETTLED:
                    self.writer.keep_log(result.trial_id, one.log)
                elif result.trial_id in self.known:
                    self.writer.drop_log(result.trial_id)
                yield self.writer.append(result)
                if self.settings.fail_fast and result.status not in SETTLED:
                    return
        finally:
            finished.close()
            self.writer.close()

    def _finished(self) -> Generator[Finished]:
        """The trials that are settled before they start, then the others as they end."""
        due = (trial for trial in self.trials() if self._due(trial))
        if self.refused:
            due = (trial for trial in due if _cell(trial) not in self.refused)
            for trial in self.trials():
                reason = self.refused.get(_cell(trial))
                if reason is not None and self._due(trial):
                    yield Finished(trial.row("unsupported", error=reason, device=trial.device))
        homes = self.catalogue.homes
        files = {homes[f"-e {c.name}"].path for c in self.choices} | {homes[f"-t {p.sweep}"].path for p in self.points}
        where = self.settings
        if self.catalogue.objects:
            yield from here.run(due, self.slots[0])
        elif where.executor == "dask":
            yield from cluster.run(
                due, self.catalogue, where.plugins, files, self.limits, where.scheduler, len(self.slots)
            )
        else:
            yield from local.run(due, self.catalogue, where.plugins, files, self.slots, self.limits)

    def _stamped(self, result: Result) -> Result:
        """With what this process knows of it: versions, and when and where a trial began that could not say so."""
        began = datetime.now(UTC) - timedelta(seconds=result.wall_seconds or 0)
        return replace(
            result,
            torch_version=_torch_version(),
            host=result.host or socket.gethostname(),
            started_at=result.started_at or began.isoformat(timespec="milliseconds"),
        )


@functools.cache
def _torch_version() -> str:
    return provenance.version("torch")


def _named_cell(choice: Choice, point: Point, n: int | None) -> tuple[Any, ...]:
    return choice.name, choice.params, point.sweep, point.name, n


def _cell(trial: Trial) -> tuple[int, int, int | None]:
    return id(trial.choice), id(trial.point), trial.n_samples


def prepare(settings: Settings, make_folder: bool = True, objects: Mapping[str, Any] | None = None) -> Prepared:
    """Find everything a run names, and make or open its folder. Raises UsageError or NothingMatched, and then writes
    nothing.

    `objects` are estimators and tasks made in Python, by the names that the settings call them.
    """
    found = catalogues.discover(settings.plugins)
    found.refuse_broken(settings.plugins)
    if objects:
        found = found.with_objects(objects)
        _refuse_for_objects(settings, objects)
    estimators, sweeps = specs.split(settings.estimators), specs.split(settings.tasks)
    if not estimators:
        raise UsageError("no estimator is named; write for example -e mine,ksg (mibench list estimators shows them)")
    if not sweeps:
        raise UsageError("no task is named; write for example -t gaussian (mibench list tasks shows them)")
    settings = replace(  # what the run folder keeps must mean the same files from any other folder
        settings,
        tasks=tuple(found.settled(spec) for spec in sweeps),
        plugins=tuple(str(specs.folder_or_file(item, "-p")) for item in settings.plugins),
        data_dir=str(specs.folder_or_file(settings.data_dir, "--data-dir")) if settings.data_dir else None,
    )
    if settings.data_dir:
        os.environ[asked.option("data_dir").variable] = settings.data_dir  # processes of trials inherit it
    choices, points = request.choices_and_points(found, settings)
    _refuse_terms(choices, points)
    resolved = devices.resolve(specs.split(settings.device), remote=settings.executor == "dask")
    jobs = settings.jobs or cores()
    prepared = Prepared(
        settings,
        found,
        choices,
        points,
        specs.positive(settings.samples, "--samples"),
        Seeds.read(settings.seeds),
        resolved,
        devices.slots(resolved, jobs, settings.jobs_per_gpu),
        Limits(
            specs.duration(settings.timeout) if settings.timeout else None,
            specs.size(settings.memory) if settings.memory else None,
        ),
    )
    if all((id(c), id(p), n) in prepared.refused for c, p, n in prepared._cells() if not c.baseline):
        said = dict.fromkeys(f"{name}: {reason}" for name, reason in prepared.unsupported)
        raise NothingMatched(f"nothing to run: {'; '.join(said)}")
    if settings.output is not None:
        specs.folder_or_file(settings.output, "-o")  # else it cannot even be asked whether it exists
        if not settings.output:
            raise UsageError("-o names no folder")
        folder = Path(settings.output)
        if make_folder or folder.exists():
            prepared.writer = store.Writer.at(folder)
    elif make_folder:
        prepared.writer = store.Writer.create("-".join(map(specs.called, sweeps)))
    return prepared


def _refuse_terms(choices: Sequence[Choice], points: Sequence[Point]) -> None:
    """Settings that mean nothing in a term are a mistake where there is an application."""
    application = next((f"{point.sweep}/{point.name}" for point in points if point.kind == "application"), None)
    for choice in choices if application else ():
        try:
            reason = no_term(choice)
        except Exception:  # told by the trials themselves, each in its row
            continue
        if reason is not None:
            raise UsageError(f"-e {choice.name} cannot be the term of {application}: {reason}")


def _refuse_for_objects(settings: Settings, objects: Mapping[str, Any]) -> None:
    """What needs a process of its own cannot be had for objects, which run in this one."""
    name = next(iter(objects))
    for option, given in (
        ("timeout", settings.timeout),
        ("memory", settings.memory),
        ("executor", None if settings.executor == "local" else settings.executor),
    ):
        if given is not None:
            raise UsageError(
                f"{option}={given}: '{name}' is an object of this process, and runs in it; put it into a plugin file"
            )


def resume(run: str | Path | None, changes: Mapping[str, Any] | None = None) -> Prepared:
    """The run of a folder, to go on with, with the settings it keeps."""
    folder = store.find(run)
    return prepare(replace(kept(folder), output=str(folder), **(changes or {})))


def kept(folder: Path) -> Settings:
    """The settings that a folder keeps. Raises UsageError where none can be gone on with."""
    facts = store.read_run(folder) if folder.is_dir() else {}
    if "settings" not in facts:
        raise UsageError(f"{folder} cannot be gone on with: it keeps no settings; run it again with -o {folder}")
    if objects := [label for label in facts.get("plugins", {}) if label.startswith("object:")]:
        names = ", ".join(label.partition(":")[2] for label in objects)
        raise UsageError(f"{folder} was run with objects of a Python process ({names}); go on with mibench.run there")
    return asked.of(facts["settings"])


def causes(failed: Iterable[Result]) -> list[tuple[str, str, int, str]]:
    """(estimator, status, count, first message) of failed trials, grouped by cause."""
    groups: dict[tuple[str, str, str], list[Result]] = {}
    for result in failed:
        groups.setdefault((result.estimator, result.status, (result.error or "")[:80]), []).append(result)
    return [(name, status, len(group), group[0].error or "") for (name, status, _), group in groups.items()]
