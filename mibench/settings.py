"""What a run was asked to do, and where each setting came from: flag, environment, config file or default.

Each setting is defined once, with the option that the command line asks for it with.
"""

import dataclasses
import shlex
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mibench import specs
from mibench.errors import UsageError

RERUN = ("none", "failed", "stale", "all")
EXECUTORS = ("local", "dask")
MOST_JOBS = 4096


@dataclass(frozen=True)
class Option:
    """How the command line asks for a setting, and whether numbers depend on it (`asks`) or only how they are made."""

    flags: tuple[str, ...]
    metavar: str | None
    help: str
    shown: str | None
    asks: bool

    @property
    def variable(self) -> str:
        """The environment variable that stands for it."""
        return "MIBENCH_" + self.flags[0].removeprefix("--").replace("-", "_").upper()


def _option(
    default: Any, *flags: str, metavar: str | None = None, help: str, shown: str | None = None, asks: bool = False
) -> Any:
    return dataclasses.field(default=default, metadata={"option": Option(flags, metavar, help, shown, asks)})


@dataclass(frozen=True)
class Settings:
    """A run as it was asked for, in the words of the command line; each run folder keeps it."""

    estimators: tuple[str, ...] = _option(
        (), "--estimators", "--estimator", "-e", metavar="NAME[:FIELD=V],…", asks=True,
        help="Estimators, with settings if you like: mine,ksg:k=5.",
    )  # fmt: skip
    tasks: tuple[str, ...] = _option(
        (), "--task", "--tasks", "-t", metavar="NAME[/POINT][:FIELD=V],…", asks=True,
        help="Tasks: gaussian, gaussian:dim=5, beyond-normal/1v1-normal-0.75.",
    )  # fmt: skip
    dims: tuple[str, ...] = _option((), "--dims", metavar="D,…", asks=True, help="Dimensions to set on the tasks.")
    mi: tuple[str, ...] = _option(
        (), "--mi", metavar="NATS,…", asks=True, help="True mutual informations to set on the tasks."
    )
    samples: tuple[str, ...] = _option(
        (),
        "--samples",
        "-n",
        metavar="N,…",
        asks=True,
        help="Sample sizes.",
        shown="10000; all rows of a task's own file",
    )
    seeds: str = _option(
        "3", "--seeds", metavar="COUNT|FIRST-LAST,…", asks=True, help="Seeds: 10, or 0-9, or 0-4,7.", shown="3"
    )
    parameters: tuple[str, ...] = _option(
        (),
        "--parameter",
        "-P",
        metavar="NAME.FIELD=V,…",
        asks=True,
        help="Sweep a field of an estimator or a task: ksg.k=3,5,10.",
    )
    plugins: tuple[str, ...] = _option(
        (), "--plugin", "-p", metavar="PATH", asks=True, help="A plugin file, or a folder of them. May repeat."
    )
    data_dir: str | None = _option(
        None, "--data-dir", metavar="FOLDER", asks=True,
        help="Where pictures lie: MNIST and its like, your own.",
    )  # fmt: skip
    device: tuple[str, ...] = _option(
        ("auto",), "--device", "-d", metavar="DEVICE,…", asks=True, help="auto, cpu, cuda, cuda:0,cuda:1 or mps.",
        shown="auto",
    )  # fmt: skip
    jobs: int | None = _option(None, "--jobs", "-j", metavar="N", help="CPU trials at once.", shown="one a core")
    jobs_per_gpu: int = _option(1, "--jobs-per-gpu", metavar="N", help="Processes at once on each GPU.", shown="1")
    timeout: str | None = _option(
        None, "--timeout", metavar="TIME", asks=True, help="Stop a trial after this long: 90s, 10m, 1h."
    )
    memory: str | None = _option(None, "--memory", metavar="SIZE", asks=True, help="Stop a trial that takes more: 8G.")
    executor: str = _option("local", "--executor", metavar="|".join(EXECUTORS), help="Where trials run.", shown="local")
    scheduler: str | None = _option(None, "--scheduler", metavar="ADDRESS", help="Address of a running Dask scheduler.")
    output: str | None = _option(
        None, "--output", "-o", metavar="FOLDER", help="Results folder; one that exists is resumed.",
        shown="a new one under results/",
    )  # fmt: skip
    rerun: str = _option(
        "failed", "--rerun", metavar="|".join(RERUN), help="Which rows of the folder to run again.", shown="failed"
    )
    fail_fast: bool = _option(False, "--fail-fast", "-x", help="Stop at the first failure.")

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            _check_kind(field, getattr(self, field.name))
        if self.rerun not in RERUN:
            raise UsageError(f"--rerun {self.rerun}: {specs.nearest(self.rerun, RERUN)}")
        if self.executor not in EXECUTORS:
            raise UsageError(f"--executor {self.executor}: {specs.nearest(self.executor, EXECUTORS)}")
        if self.executor == "dask" and find_spec("distributed") is None:
            raise UsageError("--executor dask needs Dask: pip install 'mibench[dask]'")
        for option, value in (("--jobs", self.jobs), ("--jobs-per-gpu", self.jobs_per_gpu)):
            if value is not None and not 1 <= value <= MOST_JOBS:
                raise UsageError(f"{option} {str(value)[:40]}: expected a whole number from 1 to {MOST_JOBS}")


FIELDS = {f.name: f for f in dataclasses.fields(Settings)}


def option(name: str) -> Option:
    """The command line's option for a setting."""
    found: Option = FIELDS[name].metadata["option"]
    return found


def _check_kind(field: "dataclasses.Field[Any]", value: Any) -> None:
    if isinstance(field.default, tuple):
        right = isinstance(value, tuple) and all(isinstance(item, str) for item in value)
        expected = "texts"
    elif isinstance(field.default, bool):
        right, expected = isinstance(value, bool), "true or false"
    elif field.name.startswith("jobs"):
        right, expected = isinstance(value, int | None) and not isinstance(value, bool), "a whole number"
    else:
        right, expected = isinstance(value, str) or (value is None and field.default is None), "text"
    if not right:
        raise UsageError(f"setting '{field.name}' is {repr(value)[:60]}; expected {expected}")


def of(kept: Mapping[str, Any]) -> Settings:
    """Settings from names and values, as run.json keeps them; an unknown name is refused, with the nearest one."""
    for name in kept:
        if name not in FIELDS:
            raise UsageError(f"no setting '{name}'; {specs.nearest(name, FIELDS)}")
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in kept.items()}
    return Settings(**values)


def command(kept: Mapping[str, Any]) -> str:
    """The command line that asks for the same trials as these settings, by name; "" if they ask for none."""
    words = ["mibench", "run"]
    for name, field in FIELDS.items():
        value = kept.get(name, field.default)
        items = list(value) if isinstance(value, list | tuple) else [value]
        usual = list(field.default) if isinstance(field.default, tuple) else [field.default]
        if option(name).asks and items != usual:
            for item in items:
                words += [option(name).flags[-1], shlex.quote(str(item))]
    return " ".join(words) if len(words) > 2 else ""


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
