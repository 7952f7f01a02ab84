"""The promises that every estimator keeps."""

import math
import os
import statistics
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from mibench.answers import plain
from mibench.called import named
from mibench.checks.promises import Broken, Promise, Refused, brief, is_frozen, seeded
from mibench.interface import Array, Diverged


def gaussian_pair(n: int, mi: float, seed: int, dim: int = 1) -> tuple[Array, Array]:
    """Correlated normals of the stated mutual information in their first pair of coordinates; written here, apart
    from the tasks that are checked."""
    rng = np.random.default_rng(seed)
    x, noise = rng.standard_normal((n, dim)), rng.standard_normal((n, dim))
    rho = np.zeros(dim)
    rho[0] = math.sqrt(-math.expm1(-2 * mi))
    return x, rho * x + np.sqrt(1 - rho**2) * noise


def estimate(estimator: Any, x: Array, y: Array, seed: int = 0) -> float:
    """The number an estimator gives, asked as the harness asks.

    Raises `Refused` if it refuses such data, and `Broken` where it is not finite.
    """
    return _number(asked(estimator, x, y, seed), x, y)


def _number(value: float, x: Array, y: Array) -> float:
    if not math.isfinite(value):
        raise Broken(f"gave {value} for x of shape {x.shape} and y of shape {y.shape}, which are plain numbers")
    return value


def asked(estimator: Any, x: Array, y: Array, seed: int = 0) -> float:
    """The same, of any value."""
    if hasattr(estimator, "refuses"):
        facts = {"n": len(x), "dim_x": x.shape[1], "dim_y": y.shape[1], "device": "cpu", "task": None}
        reason = estimator.refuses(**named(estimator.refuses, facts))
        if reason is not None:
            raise Refused(str(reason))
    offered = {
        "seed": seed,
        "device": "cpu",
        "threads": 1,
        "draw": _drawer() if getattr(estimator, "fresh", False) else None,
    }
    if getattr(estimator, "discrete", False):
        x, y = whole(x), whole(y)
    answer = estimator.estimate(x, y, **named(estimator.estimate, offered))
    return plain(answer).value


def whole(z: Array) -> Array:
    """What an estimator of discrete data is given for normals: a lone column to halves, several to signs."""
    return np.asarray(np.rint(2 * z) if z.shape[1] == 1 else np.sign(z))


def several(estimator: Any, samples: Sequence[tuple[Array, Array]]) -> list[float]:
    """The value of each sample, whose place is its seed: of all together, where the estimator can do many."""
    many = getattr(estimator, "estimate_many", None)
    if many is None:
        return [estimate(estimator, *sample, seed=place) for place, sample in enumerate(samples)]
    xs, ys = zip(*samples, strict=True)
    offered = {"seeds": range(len(xs)), "device": "cpu", "threads": 1, "draws": [None] * len(xs)}
    answers = list(many(xs, ys, **named(many, offered)))
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return [_number(plain(answer).value, *sample) for answer, sample in zip(answers, samples, strict=True)]


def _drawer() -> Callable[[int], tuple[Array, Array]]:
    rng = np.random.default_rng(99)

    def draw(n: int) -> tuple[Array, Array]:
        return gaussian_pair(n, 0.5, int(rng.integers(2**32)))

    return draw


N = 2000

GLANCE = 100
"""Training steps where a promise holds after few or never: how far a critic has come plays no part in it."""

ENOUGH = 1000
"""Training steps that bring a critic near 1 nat; where they do not, it is trained as long as it asks for."""

SCATTER = 0.25
"""Nats around the truth of 1. The pointwise mutual information of a normal pair has the standard deviation of its
correlation, 0.93 nats there, so its mean over the fifth of N rows that a critic may be read on has 0.93 / √400 = 0.047;
this is five of that."""

NOISES = 4
"""Standard errors of a mean of six that are beyond noise: of Student's t with 5 degrees, one in two hundred. Samples
and seeds are fixed, so that a verdict is always the same."""

LEAST = 0.5
"""Nats of 1, and of 5, that a lower bound must find: it may be loose, but one that says less than half of a plain
dependence was not trained, or broke down."""

NOTHING = 0.1
"""Nats around 0. Estimates of nothing scatter less than those of something: at n = 2000 by 0.01 to 0.02, of held-out
bounds and of nearest neighbours alike; this is five of that."""


def says_its_direction(estimator: Any) -> None:
    """it says whether its number is a lower bound, an upper bound or neither"""
    direction = getattr(estimator, "direction", "none")
    if direction not in ("lower", "upper", "none"):
        raise Broken(f"direction is {direction!r}; expected 'lower', 'upper' or 'none'")


def repeats_itself(estimator: Any) -> None:
    """the same sample and seed give the same number, to the last bit"""
    x, y = gaussian_pair(500, 0.5, seed=1)
    quick = brief(estimator, GLANCE)
    first, second = estimate(quick, x, y, seed=7), estimate(quick, x, y, seed=7)
    if first != second:
        raise Broken(f"gave {first!r}, then {second!r}, on one sample with one seed; draw from default_rng(seed)")


def accepts_the_shapes(estimator: Any) -> None:
    """it takes (n, dim_x) and (n, dim_y), also where they differ, or refuses them, and gives a finite number"""
    refused = []
    shapes = (1, 1), (2, 3), (3, 1)
    for dim_x, dim_y in shapes:
        x, _ = gaussian_pair(400, 0.0, seed=2, dim=dim_x)
        _, y = gaussian_pair(400, 0.0, seed=3, dim=dim_y)
        try:
            value = asked(brief(estimator, GLANCE), x, y)
        except Refused as said:
            refused.append(said)
            continue
        if not math.isfinite(value):
            raise Broken(
                f"gave {value} for x of shape {x.shape} and y of shape {y.shape}; `refuses` says what it cannot do"
            )
    if len(refused) == len(shapes):
        raise refused[0]


def is_near_zero_when_independent(estimator: Any) -> None:
    """on independent normals, n = 2000, it is within 0.1 nats of zero"""
    x, _ = gaussian_pair(N, 0.0, seed=4)
    _, y = gaussian_pair(N, 0.0, seed=5)
    value = estimate(estimator, x, y)
    if not abs(value) < NOTHING:
        raise Broken(f"gave {value:.3f} nats where the truth is 0; is it read on rows that nothing was fitted to?")


def is_near_the_truth(estimator: Any) -> None:
    """on a correlated normal pair of 1 nat, n = 2000, it is within 0.25 nats, or a bound that says at least half"""
    direction = getattr(estimator, "direction", "none")
    low = LEAST if direction == "lower" else 1 - SCATTER
    high = math.inf if direction == "upper" else 1 + SCATTER
    value = estimate(brief(estimator, ENOUGH), *gaussian_pair(N, 1.0, seed=6))
    if not low < value < high and brief(estimator, ENOUGH) != estimator:
        value = estimate(estimator, *gaussian_pair(N, 1.0, seed=6))
    if not low < value < high:
        raise Broken(
            f"gave {value:.3f} nats where the truth is 1; is it in bits, not trained, or a bound without `direction`?"
        )


def keeps_its_direction(estimator: Any) -> None:
    """a lower bound is not above a truth of 1 nat in the mean of six samples, n = 500, nor an upper one below it"""
    direction = getattr(estimator, "direction", "none")
    if direction == "none":
        return
    quick, samples = brief(estimator, 2 * GLANCE), [gaussian_pair(500, 1.0, seed=20 + k) for k in range(6)]
    values = several(quick, samples)
    beyond = (statistics.mean(values) - 1) * (1 if direction == "lower" else -1)
    noise = statistics.stdev(values) / math.sqrt(len(values))
    if not beyond < NOISES * noise:
        raise Broken(
            f"its mean over {len(values)} samples is {1 + beyond if direction == 'lower' else 1 - beyond:.3f} nats, "
            f"{beyond / noise if noise else math.inf:.0f} standard errors on the wrong side of the truth, 1; "
            "read it on rows that nothing was fitted to, or claim no direction"
        )


def holds_where_dependence_is_strong(estimator: Any) -> None:
    """on a correlated normal pair of 5 nats, n = 2000, it does not break down: it says at least half a nat"""
    value = asked(brief(estimator, 10 * GLANCE), *gaussian_pair(N, 5.0, seed=11))
    if not LEAST < value < math.inf:
        raise Broken(f"gave {value:.3f} nats where the truth is 5: what is exponentiated, or divided, overflowed?")


def leaves_its_input_alone(estimator: Any) -> None:
    """it does not write to x or y, and takes arrays that cannot be written to"""
    x, y = gaussian_pair(400, 0.5, seed=8)
    kept = x.copy(), y.copy()
    x.flags.writeable = y.flags.writeable = False
    try:
        estimate(brief(estimator, GLANCE), x, y)
    except ValueError as error:
        if "read-only" in str(error):
            raise Broken("it writes to x or y; work on a copy: x = x - x.mean(0) in place of x -= x.mean(0)") from error
        raise
    if not (np.array_equal(x, kept[0]) and np.array_equal(y, kept[1])):
        raise Broken("x or y was changed; work on a copy")


def leaves_global_randomness_alone(estimator: Any) -> None:
    """it neither reads nor moves the global random state of numpy, Python or torch"""
    x, y = gaussian_pair(400, 0.5, seed=9)
    quick, values = brief(estimator, GLANCE), []
    for state in (1, 1, 2):
        with seeded(state):
            values.append(estimate(quick, x, y, seed=3))
    if values[0] == values[1] != values[2]:  # else it is another randomness, which another check tells
        raise Broken("the number depends on the global random state; draw from default_rng(seed)")


def refuses_bad_input_clearly(estimator: Any) -> None:
    """NaN in the data raises an error that says so, or gives no number; it never gives a finite one"""
    x, y = gaussian_pair(400, 0.5, seed=10)
    x[3, 0] = math.nan
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = asked(brief(estimator, GLANCE), x, y)
    except (ValueError, Diverged) as error:
        if not str(error).strip():
            raise Broken(f"raised {type(error).__name__} without a message") from error
        return
    except Refused:
        raise
    except Exception as error:
        raise Broken(f"raised {type(error).__name__} on NaN; raise ValueError and say what was seen") from error
    if math.isfinite(value):
        raise Broken(f"gave {value:.3f} for data that holds NaN; raise ValueError, as `mibench.interface.paired` does")


def gives_no_number_for_nothing(estimator: Any) -> None:
    """of a column that never changes, and of a single row, it says nothing: an error, or no number; 0 for the first"""
    quick = brief(estimator, GLANCE)
    x, y = gaussian_pair(400, 0.5, seed=12)
    value = _or_nan(quick, np.ones_like(x), y)
    if math.isfinite(value) and abs(value) >= NOTHING:
        raise Broken(f"gave {value:.3f} nats for a column that never changes; raise ValueError and say so")
    value = _or_nan(quick, x[:1], y[:1])
    if math.isfinite(value):
        raise Broken(f"gave {value:.3f} nats for a single row; raise ValueError and say how many it needs")


def sees_nothing_in_ties(estimator: Any) -> None:
    """independent normals of two decimals are no more dependent for it: within 0.25 nats of zero, or an error"""
    x, y = (np.round(gaussian_pair(N, 0.0, seed=seed)[0], 2) for seed in (13, 14))
    value = _or_nan(brief(estimator, 2 * GLANCE), x, y)
    if math.isfinite(value) and not abs(value) < SCATTER:
        raise Broken(f"gave {value:.3f} nats where the truth is 0; what does it divide by where values are equal?")


def does_not_change_with(estimator: Any) -> None:
    """its number stays where it says so: `unchanged_by` may hold "order" of rows, "scale" and "swap" of x and y"""
    said = tuple(getattr(estimator, "unchanged_by", ()))
    if wrong := [change for change in said if change not in CHANGES]:
        raise Broken(f"unchanged_by holds {wrong[0]!r}; it may hold {', '.join(CHANGES)}")
    x, y = gaussian_pair(400, 0.5, seed=15, dim=2)
    quick = brief(estimator, GLANCE)
    value = estimate(quick, x, y)
    for change in said:
        other = estimate(quick, *CHANGES[change](x, y))
        if not math.isclose(value, other, rel_tol=1e-6, abs_tol=1e-6):
            raise Broken(f"gave {value!r}, and {other!r} after a change of {change}; take it from `unchanged_by`")


CHANGES: Mapping[str, Callable[[Array, Array], tuple[Array, Array]]] = {
    "order": lambda x, y: (x[::-1].copy(), y[::-1].copy()),
    "scale": lambda x, y: (1024 * x + 8, y / 64),
    "swap": lambda x, y: (y, x),
}
"""Of scale, powers of two: the values are not rounded anew, so that nearest neighbours stay the nearest."""


def leaves_its_surroundings_alone(estimator: Any) -> None:
    """it changes no environment variable, no working directory and no file in it"""
    x, y = gaussian_pair(400, 0.5, seed=16)
    quick = brief(estimator, GLANCE)
    here, before = os.getcwd(), dict(os.environ)
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as folder:
        try:
            os.chdir(first)
            estimate(quick, x, y)  # libraries are loaded now, and what they set is no matter
            os.environ.clear()
            os.environ.update(before)
            os.chdir(folder)
            estimate(quick, x, y)
            moved, left = os.getcwd() != os.path.realpath(folder), os.listdir(folder)
            changed = [name for name in {*before, *os.environ} if before.get(name) != os.environ.get(name)]
        finally:
            os.chdir(here)
            os.environ.clear()
            os.environ.update(before)
    if moved:
        raise Broken("the working directory is another one; give programs and files whole paths")
    if left:
        raise Broken(f"it left {sorted(left)[0]} in the working directory; write to a temporary folder, and remove it")
    if changed:
        raise Broken(f"the environment variable {sorted(changed)[0]} changed; set it for a program of its own alone")


def gives_the_same_among_many(estimator: Any) -> None:
    """trials estimated together give what each gives alone, to the last bit, where it can do many"""
    if not hasattr(estimator, "estimate_many") and not hasattr(estimator, "estimate_each"):
        return
    quick, samples = brief(estimator, GLANCE), [gaussian_pair(400, float(mi), seed=30 + mi) for mi in (1, 2, 3)]
    together, alone = several(quick, samples), [estimate(quick, *sample, seed=k) for k, sample in enumerate(samples)]
    if together != alone:
        raise Broken(f"gave {together} together and {alone} alone; let none see another's rows, seed or steps")


def stays_on_its_device(estimator: Any) -> None:
    """asked for the CPU, it leaves a GPU alone"""
    x, y = gaussian_pair(400, 0.5, seed=18)
    torch = sys.modules.get("torch")
    used = torch is not None and torch.cuda.is_initialized()
    estimate(brief(estimator, GLANCE), x, y)
    torch = sys.modules.get("torch")
    if torch is not None and not used and torch.cuda.is_initialized():
        raise Broken("it used a GPU; name `device` in estimate, and go where it says")


def is_the_same_in_another_process(estimator: Any) -> None:
    """made again of its fields, after others were estimated, it gives the same number"""
    x, y = gaussian_pair(400, 0.5, seed=19)
    quick = brief(estimator, GLANCE)
    first = estimate(quick, x, y, seed=7)
    estimate(quick, *gaussian_pair(300, 2.0, seed=20, dim=2), seed=8)
    again = replace(quick)
    known = {f.name for f in fields(again)} | set(dir(type(again)))  # what a class declares may follow from its fields
    if not set(vars(again)) <= known:
        raise Broken("it holds more than its fields, which another process does not get; make it when it estimates")
    second = estimate(again, x, y, seed=7)
    if first != second:
        raise Broken(f"gave {first!r}, then {second!r} after another sample: what does it remember?")


def _or_nan(estimator: Any, x: Array, y: Array) -> float:
    """The value, and nan where it ends in an error or is refused; what it warns of on the way is no matter here."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return asked(estimator, x, y)
    except Exception:
        return math.nan


PROMISES: tuple[Promise, ...] = (
    is_frozen,
    says_its_direction,
    stays_on_its_device,  # before another has used a GPU
    repeats_itself,
    accepts_the_shapes,
    is_near_zero_when_independent,
    is_near_the_truth,
    keeps_its_direction,
    holds_where_dependence_is_strong,
    leaves_its_input_alone,
    leaves_global_randomness_alone,
    leaves_its_surroundings_alone,
    is_the_same_in_another_process,
    gives_the_same_among_many,
    does_not_change_with,
    refuses_bad_input_clearly,
    gives_no_number_for_nothing,
    sees_nothing_in_ties,
)
