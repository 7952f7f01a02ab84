"""What a run was asked to do, and where each setting came from: flag, environment, config file or default."""

import dataclasses
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mibench import specs
from mibench.errors import UsageError

RERUN = ("none", "failed", "stale", "all")
EXECUTORS = ("local", "dask")
MOST_JOBS = 2**16


@dataclass(frozen=True)
class Settings:
    """A run as it was asked for, in the words of the command line; each run folder keeps it."""

    estimators: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    dims: tuple[str, ...] = ()
    mi: tuple[str, ...] = ()
    samples: tuple[str, ...] = ("10000",)
    seeds: str = "3"
    parameters: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    device: tuple[str, ...] = ("auto",)
    jobs: int | None = None
    jobs_per_gpu: int = 1
    timeout: str | None = None
    memory: str | None = None
    executor: str = "local"
    scheduler: str | None = None
    output: str | None = None
    rerun: str = "failed"
    fail_fast: bool = False

    def __post_init__(self) -> None:
        if self.rerun not in RERUN:
            raise UsageError(f"--rerun {self.rerun}: {specs.nearest(self.rerun, RERUN)}")
        if self.executor not in EXECUTORS:
            raise UsageError(f"--executor {self.executor}: {specs.nearest(self.executor, EXECUTORS)}")
        for option, value in (("--jobs", self.jobs), ("--jobs-per-gpu", self.jobs_per_gpu)):
            if value is not None and value < 1:
                raise UsageError(f"{option} {value}: expected at least 1")
            if value is not None and value > MOST_JOBS:
                raise UsageError(f"{option} {value}: expected at most {MOST_JOBS}")


FIELDS = {f.name: f for f in dataclasses.fields(Settings)}


def of(kept: Mapping[str, Any]) -> Settings:
    """Settings from names and values, as run.json keeps them; an unknown name is refused, with the nearest one."""
    for name in kept:
        if name not in FIELDS:
            raise UsageError(f"no setting '{name}'; {specs.nearest(name, FIELDS)}")
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in kept.items()}
    return Settings(**values)


def config(path: Path | None) -> dict[str, Any]:
    """Settings from `--config FILE`, over those of `[tool.mibench]` in ./pyproject.toml."""
    found: dict[str, Any] = {}
    pyproject = Path("pyproject.toml")
    if pyproject.is_file():
        tool = _toml(pyproject).get("tool", {})
        if isinstance(tool, dict):  # else it is not ours to judge
            found |= _checked(tool.get("mibench", {}), f"{pyproject} [tool.mibench]")
    if path is not None:
        found |= _checked(_toml(path), str(path))
    return found


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        raise UsageError(f"--config {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:  # ValueError: no TOML, no UTF-8, a number of 5000 digits
        raise UsageError(f"{path} is no TOML file: {error}") from error


ALIASES = {"task": "tasks", "estimator": "estimators", "plugin": "plugins", "devices": "device"}


def _checked(found: Any, where: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise UsageError(f"{where} is {found!r}; expected a table of settings, for example seeds = 10")
    settings: dict[str, Any] = {}
    for key, value in found.items():
        name = ALIASES.get(key.replace("-", "_"), key.replace("-", "_"))
        if name not in FIELDS:
            raise UsageError(f"{where}: no setting '{key}'; {specs.nearest(name, FIELDS)}")
        if isinstance(value, dict):
            raise UsageError(f"{where}: {key} is a table; expected a value or a list of values")
        settings[name] = _worded(value, isinstance(FIELDS[name].default, tuple))
    return settings


def _worded(value: Any, many: bool) -> Any:
    """A TOML value in the words of the command line."""
    if many:
        return [str(item) for item in (value if isinstance(value, list) else [value])]
    if isinstance(value, list):
        return ",".join(map(str, value))
    return value if isinstance(value, bool | int) or value is None else str(value)


def aims(settings: Settings) -> Sequence[dict[str, str]]:
    """`--dims` and `--mi` as the settings that every point of a sweep is given."""
    dims, levels = specs.split(settings.dims), specs.split(settings.mi)
    specs.positive(dims, "--dims")
    for text in levels:
        if specs.read(text, float, "--mi") < 0:
            raise UsageError(f"--mi {text}: mutual information is not negative")
    made = [{"dim": text} for text in dims] or [{}]
    return [{**aim, "mi": text} for aim in made for text in levels] if levels else made
