"""What travels to the process that makes trials, and what comes back: names, fields and numbers only."""

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mibench import fingerprint
from mibench.catalogue import Catalogue, Choice, NoTerm
from mibench.engine import modules
from mibench.engine.devices import Slot
from mibench.result import SETTLED, Result
from mibench.trial import Trial, code_of

Curve = list[tuple[int, float]]
Curves = Curve | dict[str, Curve]
"""The learning curve of an estimator; an application's by name."""
GOOD = (*SETTLED, "diverged")
"""Statuses of trials that came to an end of their own."""

Row = tuple[dict[str, Any], Curves, bytes]
"""A row's columns, its learning curve or curves, and its pictures as the bytes of an NPZ file."""


@dataclass(frozen=True)
class Limits:
    """Hard limits of one trial: seconds, and bytes of memory. A parcel gets the seconds of all its trials."""

    timeout: float | None = None
    memory: int | None = None


@dataclass(frozen=True)
class Parcel:
    """A group of trials that one process makes."""

    trials: tuple[Mapping[str, Any], ...]
    plugins: tuple[str, ...]
    wanted: tuple[str, ...]
    modules: tuple[str, ...]
    """What the trials' plugins import, now or later: loaded before any clock starts."""
    slot: Slot
    memory: int | None
    watched: Mapping[str, str]
    """Checksums of the files that are loaded anew, when the trials were planned."""
    verify: bool = False
    """Whether the sources must be compared first: another machine may have others."""
    alone: bool = False
    """Whether its process must make nothing else: it ended badly in one that had."""

    @property
    def ids(self) -> list[str]:
        """The ids of its trials."""
        return [trial["id"] for trial in self.trials]


@dataclass(frozen=True)
class Outcome:
    """What became of a parcel: rows, and why there is none (status, message) for the trials that have none.

    `lost`: the process was ended by a fault that need not be of its own. `used`: it had made other parcels before.
    """

    rows: tuple[Row, ...]
    failure: tuple[str, str] | None
    log: bytes
    seconds: float
    host: str
    lost: bool = False
    used: bool = False


@dataclass(frozen=True)
class Finished:
    """A trial's row, its curves and pictures, and what its process printed if it did not end ok."""

    result: Result
    curves: Curves = field(default_factory=list)
    pictures: bytes = b""
    log: bytes = b""


def settle(
    trials: Sequence[Trial], slot: Slot, outcome: Outcome, together: int
) -> tuple[list[Finished], list[list[Trial]]]:
    """The trials that have their row, and groups that must go again because one of them spoilt it for the others.

    `trials` are those of the parcel's `together` whose rows were not taken earlier. What ends badly in a process that
    was used before may be the fault of what that made, and goes again in another.
    """
    ended = [finished(row, outcome.log) for row in outcome.rows]
    blamed = outcome.used and (outcome.failure is None or outcome.failure[0] != "timeout")
    if blamed:
        ended = [one for one in ended if one.result.status in GOOD]
    have = {one.result.trial_id for one in ended}
    rest = [trial for trial in trials if trial.id not in have]
    if blamed:
        return ended, [rest] if rest else []
    if len(rest) > 1:
        return ended, halves(rest)
    if together > 1 and len(ended) == together and not any(one.result.status in GOOD for one in ended):
        return [], halves(trials)
    status, error = outcome.failure or ("crashed", "its process ended without a row for it")
    extra = {"wall_seconds": outcome.seconds, "device": slot.name, "threads": slot.threads, "host": outcome.host}
    return [*ended, *(Finished(t.row(status, error=error, **extra), log=outcome.log) for t in rest)], []


def finished(row: Row, log: bytes = b"") -> Finished:
    """A row as it came, with the log if it says more than the row does."""
    columns, curves, pictures = row
    return Finished(Result(**columns), curves, pictures, b"" if columns["status"] == "ok" else log)


def halves(trials: Sequence[Trial]) -> list[list[Trial]]:
    """A group that failed as a whole, in two, until the culprit stands alone."""
    middle = len(trials) // 2
    return [list(trials[:middle]), list(trials[middle:])]


def pack(
    trials: Sequence[Trial],
    catalogue: Catalogue,
    plugins: Sequence[str],
    slot: Slot,
    memory: int | None,
    verify: bool = False,
    alone: bool = False,
) -> Parcel:
    """What a process needs to rebuild and make the trials."""
    asked = [f"-e {t.choice.name}" for t in trials if not t.choice.baseline]
    asked += [f"-t {t.point.sweep}" for t in trials]
    homes = {catalogue.homes[name].label: catalogue.homes[name].path for name in asked}
    return Parcel(
        tuple(map(_plain, trials)),
        tuple(plugins),
        tuple(sorted(homes)),
        tuple(dict.fromkeys(name for path in homes.values() for name in modules.imported(path))),
        slot,
        memory,
        {
            name: digest
            for t in trials
            for name, digest in catalogue.watched(None if t.choice.baseline else t.choice.name, t.point.sweep).items()
        },
        verify,
        alone,
    )


def _plain(trial: Trial) -> dict[str, Any]:
    return {
        "id": trial.id,
        "estimator": trial.choice.name,
        "estimator_changes": dict(trial.choice.changes),
        "baseline": trial.choice.baseline,
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


def unpack(plain: Mapping[str, Any], catalogue: Catalogue, watched: Mapping[str, str], verify: bool = False) -> Trial:
    """The trial that these names and fields stand for here; it must be the one that was planned.

    Its code is what it is computed by here, should files have changed since then.
    """
    for kind, name, known in (
        ("estimator", plain["estimator"], catalogue.estimators),
        ("task", plain["sweep"], catalogue.tasks),
    ):
        if name not in known and not (kind == "estimator" and plain["baseline"]):
            reasons = "; ".join(f"{plugin.path}: {plugin.error}" for plugin in catalogue.broken)
            raise RuntimeError(f"{kind} '{name}' could not be loaded in the trial's process: {reasons or 'not found'}")
    point = catalogue.point(plain["sweep"], plain["origin"], plain["point_changes"])
    if plain["baseline"]:
        choice = Choice(plain["estimator"], {}, NoTerm(), baseline=True)
    else:
        choice = catalogue.choice(plain["estimator"], plain["estimator_changes"])
    keys = ("n_samples", "seed", "device", "code", "mi_true", "mi_true_error")
    trial = Trial(choice, point, **{key: plain[key] for key in keys})
    if trial.id != plain["id"]:
        raise RuntimeError(
            f"the definition of {choice.name} or {point.sweep} changed while the run went on; run it again"
        )
    if not verify and not fingerprint.changed(watched) and getattr(point.task, "content", None) is None:
        return trial
    code = code_of(catalogue, choice, point)
    if verify and code != trial.code:
        raise RuntimeError(
            f"{socket.gethostname()} has other sources of {choice.name} or {point.sweep}; install the same"
        )
    return replace(trial, code=code)
