"""Trial, Result, plan() and run(): one estimator on one sample of one task, or as the term of one application, and the
row it leaves."""

import functools
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np

import mibench
from mibench.answers import Answer, judged, plain, plain_outcome
from mibench.called import gives_each, named
from mibench.catalogue import Catalogue, Choice, Point, declared
from mibench.device import Device
from mibench.errors import one_line
from mibench.failures import message, trace
from mibench.fence import fenced
from mibench.interface import Array, Draw, MakeTerm, Outcome, Term
from mibench.result import BASELINE, COLUMNS, ONE_SAMPLE, SCHEMA_VERSION, Result, scores_text

DTYPE = "float64"
USUAL_SIZE = 10_000
"""How many rows are drawn where nobody says."""


@dataclass(frozen=True)
class Trial:
    """One estimator on one sample of one point, as names and fields: any process can rebuild it.

    An application has no sample of a stated size; its own baselines stand where estimators do.
    """

    choice: Choice
    point: Point
    n_samples: int | None
    seed: int
    device: str
    code: str
    mi_true: float | None = None
    mi_true_error: float | None = None

    @cached_property
    def id(self) -> str:
        """A hash of what the number depends on; the letter in front keeps spreadsheets from reading it as a number."""
        device_kind = Device.of(self.device).kind
        version = self.point.version
        raised = [] if version in (1, None) else [f"version {version}"]  # the first keeps the ids it had without one
        own = ["baseline"] if self.choice.baseline else []
        parts = ("trial", self.choice.name, self.choice.params, DTYPE, device_kind, *raised, *own)
        return "t" + _hash(self.point.sweep, self.point.params, self.n_samples, self.seed, *parts)[:16]

    def stream(self, purpose: str) -> np.random.Generator:
        """See `stream`."""
        return stream(self.point, self.n_samples, self.seed, purpose)

    @property
    def model_seed(self) -> int:
        """An application's stream of data, first weights and noise, 32 bits: the same for every term and its fields."""
        return int(_hash(self.point.sweep, self.point.paired, self.n_samples, self.seed, "application")[:8], 16)

    @property
    def estimator_seed(self) -> int:
        """The estimator's own stream, 32 bits: another one, so that added noise never replays the data's."""
        parts = "estimator", self.choice.name, self.choice.family
        return int(_hash(self.point.sweep, self.point.paired, self.n_samples, self.seed, *parts)[:8], 16)

    @property
    def dims(self) -> tuple[int | None, int | None]:
        """Dimensions of the two sides as the task declares them, None where only a sample tells."""
        return self.point.dims

    def row(self, status: str, **values: Any) -> Result:
        """The trial's result with this status; what is not given stays empty."""
        dim_x, dim_y = self.dims
        empty = {name: column.default for name, column in COLUMNS.items()}
        known = {
            "trial_id": self.id,
            "run_id": "",
            "status": status,
            "estimator": self.choice.name,
            "estimator_params": self.choice.params,
            "task": self.point.sweep,
            "point": self.point.name,
            "task_params": self.point.params,
            "dim_x": dim_x,
            "dim_y": dim_y,
            "n_samples": self.n_samples,
            "seed": self.seed,
            "mi_true": self.mi_true,
            "mi_true_error": self.mi_true_error,
            "bound": getattr(self.choice.estimator, "direction", "none"),
            "flags": "",
            "device": self.device,
            "device_name": "",
            "dtype": DTYPE,
            "host": "",
            "torch_version": "",
            "mibench_version": mibench.__version__,
            "code": self.code,
            "schema_version": SCHEMA_VERSION,
            "kind": self.point.kind,
        }
        if self.choice.baseline:
            values["flags"] = ",".join(filter(None, (BASELINE, values.get("flags"))))
        return Result(**{**empty, **known, **values})


def stream(point: Point, n: int | None, seed: int, purpose: str = "data") -> np.random.Generator:
    """The stream a sample is drawn from, the same on every machine; one of its own for each purpose.

    It depends on the task, its fields, n and seed, and not on the estimator: rivals see the same sample.
    """
    return np.random.default_rng(int(_hash(point.sweep, point.params, n, seed, purpose), 16))


def _hash(sweep: str, params: str, n: int | None, seed: int, *parts: str) -> str:
    text = "\0".join((*parts, sweep, params, str(n), str(seed)))
    return sha256(text.encode()).hexdigest()


def cells(
    choices: Sequence[Choice], points: Sequence[Point], samples: Sequence[int]
) -> Iterator[tuple[Choice, Point, int | None]]:
    """What is run with every seed, point by point: an application's own baselines, then the estimators.

    `samples` may be empty: see `sizes`.
    """
    for point in points:
        for n in sizes(point, samples):
            yield from ((choice, point, n) for choice in (*point.baselines, *choices))


def plan(
    catalogue: Catalogue,
    choices: Sequence[Choice],
    points: Sequence[Point],
    samples: Sequence[int],
    seeds: Iterable[int],
    device: Callable[[Choice, Point], str],
) -> Iterator[Trial]:
    """The trials one by one, seed by seed and point by point, so that rivals meet on one sample early.

    `samples` may be empty: see `sizes`.
    """
    truths: dict[int, tuple[float | None, float | None]] = {}
    facts: dict[tuple[int, int], tuple[str, str]] = {}
    for seed in seeds:
        for choice, point, n in cells(choices, points, samples):
            if id(point) not in truths:
                truths[id(point)] = _truth(point)
            if (id(choice), id(point)) not in facts:
                facts[id(choice), id(point)] = device(choice, point), code_of(catalogue, choice, point)
            where, code = facts[id(choice), id(point)]
            yield Trial(choice, point, n, seed, where, code, *truths[id(point)])


def code_of(catalogue: Catalogue, choice: Choice, point: Point) -> str:
    """What a number of this estimator at this point comes from: sources, and the content of a task's own files."""
    estimator = None if choice.baseline else choice.name
    return "-".join(filter(None, (catalogue.code(estimator, point.sweep), declared(point.task, "content"))))


def sizes(point: Point, samples: Sequence[int]) -> Sequence[int | None]:
    """The sample sizes asked for; if none is, all rows of a task that has its own, and `USUAL_SIZE` of any other.

    An application has one that is not stated.
    """
    if point.kind == "application":
        return (None,)
    return samples or (point.rows_at_hand or USUAL_SIZE,)


def _truth(point: Point) -> tuple[float | None, float | None]:
    """The truth and its own error in nats; None where it cannot be had, and then the trial's row says why."""
    if point.kind == "application":
        return None, None
    try:
        with fenced():
            return _stated(point.task)
    except Exception:
        return None, None


def _stated(task: Any) -> tuple[float, float]:
    """The same; raises what keeps them from being known."""
    truth, error = float(task.mi), float(getattr(task, "mi_error", 0.0))
    if not (math.isfinite(truth) and math.isfinite(error)):
        raise ValueError(f"the task says that its mutual information is {truth} ± {error}; a truth is finite")
    return truth, error


def refusal(trial: Trial, dim_x: int | None, dim_y: int | None) -> str | None:
    """Why the estimator cannot do the trial, in its own words; None if it can, or if dimensions must be known first."""
    if trial.point.kind == "application":
        able = trial.choice.baseline or hasattr(trial.choice.estimator, "term")
        return None if able else "it has no term that a model could be trained with"
    refuses = getattr(trial.choice.estimator, "refuses", None)
    if refuses is None:
        return None
    asked = named(
        refuses,
        {
            "n": trial.n_samples,
            "dim_x": dim_x,
            "dim_y": dim_y,
            "device": trial.device,
            "task": trial.point.task,
        },
    )
    if any(name in asked and asked[name] is None for name in ("dim_x", "dim_y")):
        return None
    with fenced():
        reason = refuses(**asked)
    if not isinstance(reason, str | None):
        raise ValueError(f"refuses returned {one_line(repr(reason), 40)}; expected a reason in words, or None")
    return one_line(reason) if reason else None


def no_term(choice: Choice) -> str | None:
    """Why the estimator can be no term with its settings, in its own words; None if it can, or is not asked."""
    refuses = getattr(choice.estimator, "refuses_term", None)
    with fenced():
        return one_line(str(reason)) if refuses is not None and (reason := refuses()) else None


def run(trial: Trial, threads: int = 1) -> tuple[Result, Answer | None]:
    """Draw the sample, estimate, and say how it went. Nothing an estimator raises gets past this."""
    return next(run_many([trial], threads))


def run_many(trials: Sequence[Trial], threads: int = 1) -> Iterator[tuple[Result, Answer | None]]:
    """Trials that `mibench.engine.batches` put together: of one shape, or siblings on one sample; rows as they come."""
    if trials and trials[0].point.kind == "application":
        yield from map(_trained, trials)
        return
    drawn = [(trial, _drawn(trial)) for trial in trials]
    yield from ((pair, None) for _, pair in drawn if isinstance(pair, Result))
    good = [(trial, pair) for trial, pair in drawn if isinstance(pair, tuple)]
    together = len(good) if len(good) > 1 else None
    for position, answer, seconds in _answers(good, threads):
        trial, pair = good[position]
        result, estimate = _result(trial, answer)
        flags = ",".join(filter(None, (result.flags, ONE_SAMPLE if _whole_file(trial) else "")))
        shared: dict[str, Any] = {"flags": flags, "fit_seconds": seconds, "trained_together": together}
        yield replace(result, **_dims(pair), **shared), estimate


def _whole_file(trial: Trial) -> bool:
    """Whether the sample is all rows of the task's own file, so that every seed has the same."""
    return bool(declared(trial.point.task, "rows_at_hand") == trial.n_samples)


def _drawn(trial: Trial) -> tuple[Array, Array] | Result:
    """The sample, or the row of a trial that ends here: it cannot be drawn, or the estimator cannot take it."""
    try:
        pair = _sample(trial)
        dims = _dims(pair)
        reason = refusal(trial, **dims)
    except Exception as error:
        trace()
        return trial.row("error", error=message(error))
    return pair if reason is None else trial.row("unsupported", error=reason, **dims)


def _dims(pair: tuple[Array, Array]) -> dict[str, Any]:
    return {"dim_x": pair[0].shape[1], "dim_y": pair[1].shape[1]}


def _sample(trial: Trial) -> tuple[Array, Array]:
    who = f"task {trial.point.sweep}/{trial.point.name}"
    if trial.mi_true is None:
        _stated(trial.point.task)  # raises what kept the plan from knowing the truth
    pair = _pair(trial.point.task.sample(trial.n_samples, trial.stream("data")), trial.n_samples, who)
    for array in pair:
        array.flags.writeable = False
    return pair


def _pair(drawn: Any, n: int | None, who: str) -> tuple[Array, Array]:
    x, y = (np.asarray(side, dtype=np.float64) for side in drawn)
    for name, side in (("x", x), ("y", y)):
        if side.ndim != 2 or len(side) != n:
            raise ValueError(f"{who} drew {name} of shape {side.shape}; expected ({n}, dim)")
        if not np.isfinite(side).all():
            raise ValueError(f"{who} drew {name} with values that are not finite")
    return x, y


def _draw(trial: Trial) -> Draw | None:
    """A stream of fresh samples, for tasks whose protocol asks for it and estimators that do."""
    if not (getattr(trial.point.task, "fresh", False) or getattr(trial.choice.estimator, "fresh", False)):
        return None
    rng, who = trial.stream("fresh"), f"task {trial.point.sweep}/{trial.point.name}"
    return lambda n: _pair(trial.point.task.sample(n, rng), n, who)


def _answers(good: Sequence[tuple[Trial, tuple[Array, Array]]], threads: int) -> Iterator[tuple[int, Any, float]]:
    """By position, each trial's answer, or the exception it ended in, and its seconds.

    Time is shared by those that have no answer yet, so that the seconds of all are what they took together.
    """
    left = set(range(len(good)))
    share, since = 0.0, time.perf_counter()
    try:
        for position, answer in _asked(good, threads) if good else ():
            share += (time.perf_counter() - since) / max(len(left), 1)
            left.remove(position)
            yield position, answer, share
            since = time.perf_counter()
        if left:
            raise ValueError(f"the estimator gave {len(good) - len(left)} answers for {len(good)} trials")
    except Exception as error:
        trace()
        share += (time.perf_counter() - since) / max(len(left), 1)
        yield from ((position, error, share) for position in sorted(left))


def _asked(good: Sequence[tuple[Trial, tuple[Array, Array]]], threads: int) -> Iterable[tuple[int, Any]]:
    """What the estimator returns for one trial or several, by position."""
    (first, (x, y)), estimator = good[0], good[0][0].choice.estimator
    offered: dict[str, Any] = {"device": first.device, "threads": threads}
    if len(good) > 1 and not hasattr(estimator, "estimate_family"):
        offered |= {"seeds": [t.estimator_seed for t, _ in good], "draws": [_draw(t) for t, _ in good]}
        xs, ys = [x for _, (x, _) in good], [y for _, (_, y) in good]
        if gives_each(type(estimator)):
            given: Iterable[tuple[int, Any]] = estimator.estimate_each(
                xs, ys, **named(estimator.estimate_each, offered)
            )
            return given
        given_at_once = estimator.estimate_many(xs, ys, **named(estimator.estimate_many, offered))
        if isinstance(given_at_once, Mapping):  # whose keys would pass for answers
            raise ValueError("estimate_many returned a mapping; expected a list of answers, in order")
        answers = list(given_at_once)
    else:
        offered |= {"seed": first.estimator_seed, "draw": _draw(first)}
        if len(good) > 1:
            siblings = [trial.choice.estimator for trial, _ in good]
            answers = list(estimator.estimate_family(x, y, siblings, **named(estimator.estimate_family, offered)))
        else:
            answers = [estimator.estimate(x, y, **named(estimator.estimate, offered))]
    if len(answers) != len(good):
        raise ValueError(f"the estimator gave {len(answers)} answers for {len(good)} trials")
    return enumerate(answers)


def _trained(trial: Trial) -> tuple[Result, Answer | None]:
    """Train the application's model, with the estimator as its term or as one of its own baselines."""
    if (reason := refusal(trial, None, None)) is not None:
        return trial.row("unsupported", error=reason), None
    train = trial.point.task.train
    offered = {"seed": trial.model_seed, "device": trial.device}
    offered |= {"baseline": trial.choice.name} if trial.choice.baseline else {}
    started = time.perf_counter()
    try:
        answer = train(_make_term(trial), **offered)
    except Exception as error:
        trace()
        answer = error
    result, outcome = _result(trial, answer)
    return replace(result, fit_seconds=time.perf_counter() - started), outcome


def _make_term(trial: Trial) -> MakeTerm:
    """The estimator's term, from its own stream; none for a baseline, nor of an estimator that stands for none."""
    term = None if trial.choice.baseline else trial.choice.estimator.term
    if term is None:
        return lambda dim_x, dim_z: None

    def make(dim_x: int, dim_z: int) -> Term:
        made: Term | None = term(dim_x, dim_z, seed=trial.estimator_seed, device=trial.device)
        if made is None:
            raise ValueError(f"{trial.choice.name}: term() returned None; a class that has no term says `term = None`")
        return made

    return make


def _result(trial: Trial, answer: Any) -> tuple[Result, Answer | None]:
    status, columns, found = judged(answer, functools.partial(_read, trial))
    if isinstance(found, Outcome) and found.scores:
        columns["scores"] = scores_text(found.scores, trial.point.task.scores)
    return trial.row(status, **columns), found


def _read(trial: Trial, answer: Any, partial: bool) -> Answer:
    """What was returned, checked; a baseline may lack scores that say nothing of it."""
    if trial.point.kind == "application":
        return plain_outcome(answer, trial.point.task.scores, partial or trial.choice.baseline)
    return plain(answer)
