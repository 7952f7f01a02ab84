"""What is asked of own data, and the way from there to the findings."""

import collections
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Any

from mibench import catalogue as catalogues
from mibench.calibration import Calibrated
from mibench.catalogue import Catalogue
from mibench.device import Device
from mibench.engine import devices
from mibench.errors import UsageError, one_line
from mibench.owndata import calibration, cautions, held, pairs, permutations, rows, selection, sources
from mibench.owndata.columns import Raw
from mibench.owndata.findings import Findings
from mibench.owndata.lines import UNITS, Line, steps
from mibench.owndata.pairs import Matrix, Pair
from mibench.owndata.panel import Asked, panel
from mibench.owndata.sample import Sample, sample
from mibench.result import Result
from mibench.specs import nearest, split


@dataclass(frozen=True)
class Question:
    """What is asked, in the words of the command line; `permutations` is None for the usual number."""

    estimators: tuple[str, ...] = ()
    permutations: int | None = None
    series: bool = False
    lag: int = 0
    missing: str = "drop"
    distinct: bool = False
    pairs: bool = False
    adjust: str = "holm"
    calibrate: bool = False
    unit: str = "nats"
    seed: int = 0
    threads: int = 1
    device: str = "auto"
    plugins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise UsageError(f"unit={self.unit!r} is neither nats nor bits")
        if self.missing not in ("drop", "error"):
            raise UsageError(f"missing={self.missing!r} is neither drop nor error")
        if self.adjust not in ("holm", "bh"):
            raise UsageError(f"adjust={self.adjust!r} is neither holm nor bh")
        for name in ("permutations", "lag", "seed"):
            value = getattr(self, name)
            if not (isinstance(value, Integral) or (value is None and name == "permutations")):
                raise UsageError(f"{name}={value!r}: give a whole number")
        if self.adjust != "holm" and not self.pairs:
            raise UsageError(f"--adjust {self.adjust} is of many pairs: say --pairs too")
        if self.permutations is not None and not (self.permutations == 0 or self.permutations >= permutations.LEAST):
            least = permutations.LEAST
            raise UsageError(f"permutations={self.permutations}: give 0, or {least} and more, so that p can be 0.05")
        if self.calibrate and self.pairs:
            raise UsageError("--calibrate takes one x and one y, and --pairs many: calibrate the pair that matters")
        if self.seed < 0:
            raise UsageError(f"seed={self.seed}: seeds are not negative")


def question(**options: Any) -> Question:
    """A question from Python's words: one name or several. Raises UsageError for an option that there is not."""
    known = [one.name for one in dataclasses.fields(Question)]
    for name in options:
        if name not in known:
            raise UsageError(f"estimate has no option {name!r}; {nearest(name, known)}")
    for name in ("estimators", "plugins"):
        if name in options:
            given = options[name]
            options[name] = (str(given),) if isinstance(given, str | Path) else tuple(map(str, given))
    return Question(**options)


@dataclass(frozen=True)
class Data:
    """Columns that were chosen and read, and what was understood of where they come from."""

    source: str
    x: Mapping[str, Raw]
    y: Mapping[str, Raw]
    groups: Raw | None = None
    by: str = "groups"
    said: tuple[str, ...] = ()
    left_out: int = 0
    turned: str = ""


def of_table(table: sources.Source, source: str, x: Sequence[str], y: Sequence[str], groups: str | None = None) -> Data:
    """The columns of a table that are named. Raises UsageError, in one line."""
    try:
        left, right = selection.sides(table.names, x, y)
        wanted = [*left, *right]
        if groups is not None:
            (groups,) = selection.listed(table.names, [groups], "groups")
            if groups in wanted:
                raise ValueError(f"--groups {groups}: the column is in x or y, and cannot say the group too")
        read = table.read([*wanted, *([groups] if groups else [])])
    except ValueError as error:
        text = str(error)
        raise UsageError(text if text.startswith(source) else f"{source}: {text}") from error
    return Data(
        source,
        {name: read[name] for name in left},
        {name: read[name] for name in right},
        read[groups] if groups else None,
        groups or "groups",
        table.said,
        len(table.names) - len(read),
        cautions.transposed(len(read[left[0]]), len(table.names), source),
    )


def of_sides(x: Any, y: Any, groups: Any = None) -> Data:
    """Two sides as Python holds them. Raises UsageError, in one line."""
    try:
        indices = [z.index for z in (x, y) if hasattr(z, "to_numpy") and hasattr(z, "index")]
        if len(indices) == 2 and len(x) == len(y) and not indices[0].equals(indices[1]):
            raise ValueError("x and y have different indices, and rows are paired by position: align them")
        left, right = (held.of_side(side, name) for side, name in ((x, "x"), (y, "y")))
        members = None
        if groups is not None:
            of_groups = held.of_side(groups, "groups")
            (members,) = of_groups.read(of_groups.names).values()
        made = left.read(left.names), right.read(right.names)
    except ValueError as error:
        raise UsageError(one_line(str(error))) from error
    n, width = len(next(iter(made[0].values()))), len(made[0]) + len(made[1])
    return Data("x and y", *made, groups=members, turned=cautions.transposed(n, width, "x beside y"))


@dataclass(frozen=True)
class Prepared:
    """A sample and who is asked; `results()` does the work."""

    question: Question
    data: Data
    sample: Sample
    catalogue: Catalogue
    count: int
    """Permutations, of estimators that are not trained."""
    devices: Sequence[Device]

    def panel(self, sample: Sample) -> list[Asked]:
        """Who is asked of a sample."""
        asked = self.question
        return panel(self.catalogue, sample, asked.estimators, asked.threads, self._device)

    def _device(self, estimator: Any) -> str:
        kind = devices.kind_for(estimator, self.devices, automatic=self.question.device == "auto")
        return next((one.name for one in self.devices if one.kind == kind), "cpu")

    def matrix(self, done: Sequence[Pair] = (), interrupted: bool = False) -> Matrix:
        """What is known with these pairs."""
        asked, data = self.question, self.data
        return Matrix(
            data.source, self.sample, tuple(done), asked.unit, asked.seed, asked.adjust, data.said, data.left_out,
            interrupted,
        )  # fmt: skip

    def pairs(self) -> Iterator[tuple[list[Pair], float]]:
        """The pairs as far as they are, again and again, and the seconds until the last of them."""
        return pairs.results(self.sample, self._of_pair, self.count, self.question.seed, self.question.adjust)

    def _of_pair(self, between: Sample) -> Asked:
        """Who is asked of a pair: one alone, and of those that fit it one that sees any shape, by neighbours."""
        fitting = self.panel(between)
        near = (one for one in fitting if getattr(one.choice.estimator, "approach", None) == "neighbours")
        return next(near, fitting[0])

    def findings(
        self, lines: Sequence[Line] = (), interrupted: str = "", calibrated: Calibrated | None = None
    ) -> Findings:
        """What is known with these lines."""
        return Findings(
            self.data.source,
            self.sample,
            tuple(lines),
            self.question.unit,
            self.question.seed,
            self.data.said,
            self.data.left_out,
            self.data.turned,
            interrupted,
            calibrated,
        )

    def results(self) -> Iterator[tuple[list[Line], int, float | None]]:
        """The lines as far as they are, again and again, how many are whole, and the seconds until the last one is."""
        done: list[Line] = []
        for asked in self.panel(self.sample):
            for step in steps(asked, self.sample, self.tests(asked), self.question.seed):
                yield [*done, step.line], len(done), step.left
            done.append(step.line)
            yield done[:], len(done), None

    def calibration(self) -> Iterator[tuple[Calibrated | None, float]]:
        """The calibration once it is whole, and the seconds left; nothing where it was not asked for."""
        if self.question.calibrate:
            asked = self.question
            yield from calibration.steps(self.sample, self.panel(self.sample), asked.seed, asked.threads)

    def tests(self, asked: Asked) -> int:
        """How many permutations an estimator is tested with: critics are trained anew for each, so only if asked."""
        if asked.trained and not (asked.asked_for and self.question.permutations):
            return 0
        return self.count


def prepare(question: Question, data: Data) -> Prepared:
    """The sample and the panel. Raises UsageError, in one line, for data that nothing could be estimated from."""
    try:
        made = sample(
            data.x,
            data.y,
            data.groups,
            data.by,
            series=question.series,
            lag=question.lag,
            refuse_missing=question.missing == "error",
            distinct=question.distinct,
        )
    except ValueError as error:
        turned = f"; {data.turned}" if data.turned else ""
        raise UsageError(one_line(f"{data.source}: {error}{turned}")) from error
    if question.calibrate and (said := calibration.refused(made)):
        raise UsageError(f"{data.source}: {said}")
    asked = question.permutations
    if question.pairs:
        if len(split(question.estimators)) > 1:
            raise UsageError(f"-e {','.join(question.estimators)}: pairs are estimated by one estimator; name one")
        count = pairs.count(made, asked)
    else:
        count = permutations.usual(made.n, len(made.every)) if asked is None else asked
    here = devices.resolve([question.device])
    found = catalogues.discover(question.plugins)
    found.refuse_broken(question.plugins)
    prepared = Prepared(question, data, made, found, count, here)
    prepared.panel(made)  # wrong names are told before anything is done
    return prepared


def whole(prepared: Prepared) -> Findings | Matrix:
    """Do the work and return what was found."""
    if prepared.question.pairs:
        ((done, _),) = collections.deque(prepared.pairs(), maxlen=1)
        return prepared.matrix(done)
    (last,) = collections.deque(prepared.results(), maxlen=1)
    calibrated = collections.deque(prepared.calibration(), maxlen=1)
    return prepared.findings(last[0], calibrated=calibrated[0][0] if calibrated else None)


def opened(data: Any, separator: str | None, decimal: str | None) -> sources.Source:
    """The columns of a file, or of what Python holds. Raises UsageError, in one line."""
    try:
        if not isinstance(data, str | Path):
            return held.of_frame(data)
        return sources.opened(Path(data).expanduser(), separator, decimal)
    except ValueError as error:
        raise UsageError(one_line(str(error))) from error


def rows_of(prepared: Prepared, found: Findings | Matrix, first: int = 0) -> Iterator[Result]:
    """The findings from the first line wanted on, as rows of a results folder."""
    if isinstance(found, Matrix):
        columns = {one.name: one for one in found.sample.every}
        each = ((found.sample.between(columns[pair.x], columns[pair.y]), pair.line) for pair in found.pairs[first:])
    else:
        each = ((found.sample, line) for line in found.lines[first:])
    return rows.results(each, found.source, found.seed, prepared.catalogue)


def exit_code(found: Findings | Matrix) -> int:
    """0 if all that could be estimated was, 1 if some broke down, 5 if none of the estimators takes such data."""
    statuses = {line.status for line in found.lines}
    if statuses <= {"unsupported"}:
        return 5
    return 0 if statuses <= {"ok", "unsupported"} else 1


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def in_python(
    question: Question,
    data: str,
    x: Sequence[str],
    y: Sequence[str],
    groups: str | None = None,
    separator: str | None = None,
    decimal: str | None = None,
) -> str:
    """The Python that asks the same."""
    usual, passed = Question(), {"data": data, "groups": groups, "separator": separator, "decimal": decimal}
    options: dict[str, Any] = {name: value for name, value in passed.items() if value is not None}
    for one in dataclasses.fields(question):
        value = getattr(question, one.name)
        if one.name != "threads" and value != getattr(usual, one.name):
            options[one.name] = split(value) if one.name == "estimators" else _listed(value)
    said = [*(repr(list(side)) for side in (x, y) if side), *(f"{name}={value!r}" for name, value in options.items())]
    return f"import mibench\n\nfound = mibench.estimate({', '.join(said)})\nprint(found)\n"
