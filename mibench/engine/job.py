"""What travels to the process that runs trials, and what comes back: names, fields and numbers only."""

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mibench.catalogue import Catalogue, Choice
from mibench.result import Result
from mibench.trial import Trial


@dataclass(frozen=True)
class Limits:
    """Hard limits of one trial: seconds, and bytes of memory. A batch gets the seconds of all its trials."""

    timeout: float | None = None
    memory: int | None = None


@dataclass(frozen=True)
class Slot:
    """A place where one process at a time can run: so many threads, on one device."""

    kind: str
    name: str
    threads: int
    visible: str | None = None
    """What `CUDA_VISIBLE_DEVICES` is set to: one device, by whatever string names it here."""


@dataclass(frozen=True)
class Job:
    """A group of trials that one process runs."""

    trials: tuple[Mapping[str, Any], ...]
    plugins: tuple[str, ...]
    wanted: tuple[str, ...]
    slot: Slot
    memory: int | None
    verify: bool = False
    """Whether the sources must be compared first: another machine may have others."""

    @property
    def ids(self) -> list[str]:
        return [trial["id"] for trial in self.trials]


@dataclass(frozen=True)
class Outcome:
    """What became of a job: rows with their learning curves, or one failure (status, message) for all of it."""

    rows: tuple[tuple[dict[str, Any], list[tuple[int, float]]], ...]
    failure: tuple[str, str] | None
    log: bytes
    seconds: float
    host: str


@dataclass(frozen=True)
class Finished:
    """A trial's row, its learning curve, and what its process printed if it did not end ok."""

    result: Result
    curve: Sequence[tuple[int, float]] = ()
    log: bytes = b""


def finished(trials: Sequence[Trial], slot: Slot, outcome: Outcome) -> list[Finished]:
    """The outcome of a job as one row a trial."""
    if outcome.failure is None:
        return [
            Finished(Result(**row), curve, b"" if row["status"] == "ok" else outcome.log) for row, curve in outcome.rows
        ]
    status, error = outcome.failure
    extra = {"wall_seconds": outcome.seconds, "device": slot.name, "threads": slot.threads, "host": outcome.host}
    return [Finished(trial.row(status, error=error, **extra), (), outcome.log) for trial in trials]


def failed_whole(ended: Sequence[Finished]) -> bool:
    """A batch without a single row of its own: one trial may have spoilt it for the others."""
    return len(ended) > 1 and all(one.result.status not in ("ok", "diverged") for one in ended)


def pack(
    trials: Sequence[Trial],
    catalogue: Catalogue,
    plugins: Sequence[str],
    slot: Slot,
    memory: int | None,
    verify: bool = False,
) -> Job:
    """What a process needs to rebuild and run the trials."""
    wanted = {catalogue.homes[f"-e {t.choice.name}"].label for t in trials}
    wanted |= {catalogue.homes[f"-t {t.point.sweep}"].label for t in trials}
    return Job(tuple(map(_plain, trials)), tuple(plugins), tuple(sorted(wanted)), slot, memory, verify)


def _plain(trial: Trial) -> dict[str, Any]:
    return {
        "id": trial.id,
        "estimator": trial.choice.name,
        "estimator_changes": dict(trial.choice.changes),
        "sweep": trial.point.sweep,
        "origin": trial.point.origin,
        "point_changes": dict(trial.point.changes),
        "n_samples": trial.n_samples,
        "seed": trial.seed,
        "device": trial.device,
        "code": trial.code,
        "mi_true": trial.mi_true,
        "mi_true_error": trial.mi_true_error,
    }


def unpack(plain: Mapping[str, Any], catalogue: Catalogue, verify: bool = False) -> Trial:
    """The trial that these names and fields stand for here; it must be the one that was planned."""
    for kind, name, known in (
        ("estimator", plain["estimator"], catalogue.estimators),
        ("task", plain["sweep"], catalogue.tasks),
    ):
        if name not in known:
            reasons = "; ".join(f"{plugin.path}: {plugin.error}" for plugin in catalogue.broken)
            raise RuntimeError(f"{kind} '{name}' could not be loaded in the trial's process: {reasons or 'not found'}")
    choice: Choice = catalogue.choice(plain["estimator"], plain["estimator_changes"])
    point = catalogue.point(plain["sweep"], plain["origin"], plain["point_changes"])
    keys = ("n_samples", "seed", "device", "code", "mi_true", "mi_true_error")
    trial = Trial(choice, point, **{key: plain[key] for key in keys})
    if trial.id != plain["id"]:
        raise RuntimeError(
            f"the definition of {choice.name} or {point.sweep} changed while the run went on; run it again"
        )
    if verify and catalogue.code(choice.name, point.sweep) != trial.code:
        raise RuntimeError(
            f"{socket.gethostname()} has other sources of {choice.name} or {point.sweep}; install the same"
        )
    return trial
