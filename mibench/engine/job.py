"""What travels to the process that runs trials, and what comes back: names, fields and numbers only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mibench.catalogue import Catalogue, Choice
from mibench.trial import Result, Trial


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
    files: tuple[str, ...]
    slot: Slot
    memory: int | None

    @property
    def ids(self) -> list[str]:
        return [trial["id"] for trial in self.trials]


@dataclass(frozen=True)
class Finished:
    """A trial's row, its learning curve, and what its process printed if it did not end ok."""

    result: Result
    curve: Sequence[tuple[int, float]] = ()
    log: bytes = b""


def pack(trials: Sequence[Trial], catalogue: Catalogue, plugins: Sequence[str], slot: Slot, memory: int | None) -> Job:
    files = {str(catalogue.homes[f"-e {t.choice.name}"]) for t in trials}
    files |= {str(catalogue.homes[f"-t {t.point.sweep}"]) for t in trials}
    return Job(tuple(map(_plain, trials)), tuple(plugins), tuple(sorted(files)), slot, memory)


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


def unpack(plain: Mapping[str, Any], catalogue: Catalogue) -> Trial:
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
    return trial
