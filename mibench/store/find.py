"""Which folder a user means, and what its run.json says."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mibench.errors import UsageError, one_line
from mibench.result import SCHEMA_VERSION

RESULTS = Path("results")
"""Where runs are written and looked for, under the working directory."""

TABLES = (".csv", ".parquet", ".jsonl")

EXPECTED: dict[str, tuple[type, ...]] = {
    "settings": (dict,),
    "invocations": (list,),
    "trials": (int,),
    "started_at": (str,),
    "command": (str,),
    "versions": (dict,),
    "devices": (list,),
    "git": (dict, type(None)),
    "platform": (str,),
    "plugins": (dict,),
}
"""What run.json holds where it holds these."""


def read_run(folder: Path) -> dict[str, Any]:
    """run.json of a folder. Raises UsageError where it is missing or damaged."""
    path = folder / "run.json"
    if not path.is_file():
        raise UsageError(f"{folder} is no run: it has no run.json")
    try:
        facts = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path} cannot be read: {one_line(str(error), 200)}") from error
    if not isinstance(facts, dict):
        raise UsageError(f"{path} is damaged: it holds {type(facts).__name__} in place of an object")
    for name, kinds in EXPECTED.items():
        if name in facts and not isinstance(facts[name], kinds):
            raise UsageError(f"{path} is damaged: {name} is {one_line(repr(facts[name]), 60)}")
    return facts


def last_asked(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the last invocation wrote into run.json: a run may be gone on with by another command than its first."""
    last = facts.get("invocations", [])[-1:]
    return last[0] if last and isinstance(last[0], dict) else facts


def check_schema(folder: Path) -> None:
    """Refuse by name a folder that a later version wrote."""
    if not (folder / "run.json").is_file():
        return
    seen = read_run(folder).get("schema_version")
    if seen != SCHEMA_VERSION:
        raise UsageError(
            f"{folder} was written with schema {one_line(str(seen), 40)}; this mibench reads schema {SCHEMA_VERSION}: "
            "use another folder with -o"
        )


def latest(parent: Path = RESULTS) -> Path:
    """The run that was started last under `results/`."""
    runs = list_runs(parent)
    if not runs:
        raise UsageError(f"there is no run under {parent}/; name a folder, or make one with mibench run")
    return runs[-1]


def list_runs(parent: Path = RESULTS) -> list[Path]:
    """Runs under a folder, in the order in which they were last started."""
    return sorted((path.parent for path in parent.glob("*/run.json") if path.is_file()), key=_begun)


def _begun(folder: Path) -> tuple[str, str]:
    """When a run was last started, by its own word: files' times change when they are copied."""
    try:
        facts = read_run(folder)
    except UsageError:
        return "", folder.name
    return str(last_asked(facts).get("started_at") or facts.get("started_at", "")), folder.name


def find(run: str | Path | None) -> Path:
    """The run a user means: a folder, its name under `results/`, a trials.csv, or the latest if nothing is said."""
    if run is None or str(run) == "latest":
        return latest()
    try:
        for path in (Path(run), RESULTS / run):
            if path.is_file() and path.suffix in TABLES:
                return path
            if (path / "run.json").is_file() or (path / "rows").is_dir():
                check_schema(path)
                return path
        there = Path(run).exists()
    except (OSError, ValueError) as error:  # a name that no file can have
        raise UsageError(f"there is no run '{one_line(str(run), 80)}': {error.args[-1]}") from error
    if there:
        raise UsageError(f"{run} is no run: it has no run.json")
    raise UsageError(
        f"there is no run '{one_line(str(run), 80)}', here or under {RESULTS}/; mibench list runs shows them"
    )
