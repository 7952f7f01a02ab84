"""Findings as rows of a results folder: of the kind "data", without a truth."""

import dataclasses
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from mibench import fingerprint
from mibench.catalogue import Catalogue, Point
from mibench.device import Device
from mibench.interface import Array
from mibench.owndata.lines import Line
from mibench.owndata.sample import Sample
from mibench.result import Result
from mibench.specs import canonical
from mibench.trial import Trial


@dataclass(frozen=True)
class OwnData:
    """What a row says of the sample: where it is from, its columns, and a checksum of its values."""

    source: str
    x: tuple[str, ...]
    y: tuple[str, ...]
    lag: int
    content: str

    @property
    def dim_x(self) -> int:
        """Columns of x."""
        return len(self.x)

    @property
    def dim_y(self) -> int:
        """Columns of y."""
        return len(self.y)

    @property
    def mi(self) -> float:
        """Nobody knows it."""
        return float("nan")

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """Raises ValueError: the rows are in the user's file."""
        raise ValueError(f"the rows are in {self.source}: mibench estimate reads them")


def results(lines: Iterator[tuple[Sample, Line]], source: str, seed: int, catalogue: Catalogue) -> Iterator[Result]:
    """A row for each line, of the sample it is about."""
    for sample, line in lines:
        asked, found = line.asked, line.estimate
        point = Point("data", source, {}, _pair_name(sample), _own(sample, source))
        home = catalogue.homes[f"-e {asked.choice.name}"]
        code = fingerprint.code([home.path] if home.source is None else [], [home.source] if home.source else [])
        columns: dict[str, Any] = {"kind": "data", "error": line.reason or None, "fit_seconds": line.seconds}
        if found is not None:
            columns |= {
                "mi_estimate": found.value,
                "mi_std": line.spread.sd if line.spread else found.std,
                "flags": ",".join(found.flags),
                "ceiling": found.ceiling,
                "ess": found.ess,
                "steps": found.steps,
                "samples_seen": found.samples_seen,
                "path": found.path,
                "chosen": None if found.chosen is None else canonical(found.chosen),
                "threads": asked.threads,
            }
        yield Trial(asked.choice, point, sample.n, seed, Device.of(asked.device).kind, code).row(line.status, **columns)


def _pair_name(sample: Sample) -> str:
    return " ~ ".join("+".join(one.name for one in side[:3]) + "+…" * (len(side) > 3) for side in (sample.x, sample.y))


def _own(sample: Sample, source: str) -> OwnData:
    x, y = (tuple(one.name for one in side) for side in (sample.x, sample.y))
    content = f"{zlib.crc32(np.hstack(sample.arrays(False)).tobytes()):08x}"
    return OwnData(source, x, y, sample.lag, content)


def facts(question: Any, source: str, command: str) -> dict[str, Any]:
    """What run.json keeps of the question."""
    started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {"command": command, "source": source, "settings": dataclasses.asdict(question), "started_at": started}
