"""The promises that every application keeps, tried with a few steps of training; see `mibench.checks`."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any

from mibench.answers import plain_outcome
from mibench.called import named
from mibench.checks.promises import Broken, Promise, Refused, brief, is_frozen, seed_globally, seeded
from mibench.interface import MakeTerm, Outcome

STEPS = 20
"""Steps of training: enough for a stream that a term moves to show."""

COMMON = ("weight", "clip", "critic_rate", "critic_steps", "steps")
"""Fields that every application has."""


def can_be_term(estimators: Iterable[Any]) -> Any:
    """The first of these estimators that makes a term, None if none does."""
    for estimator in estimators:
        try:
            if callable(getattr(estimator, "term", None)) and _making(estimator, 0)(2, 2) is not None:
                return estimator
        except Exception:  # another may
            continue
    return None


def promises(estimator: Any) -> tuple[Promise, ...]:
    """What an application is held to, with this estimator as the term wherever one is needed; None if none is at
    hand."""

    def repeats_itself(application: Any) -> None:
        """the same seed and term give the same scores, to the last bit, and another seed others"""
        quick = brief(application, STEPS)
        first, again, other = (_scores(quick, _with(estimator, 1), seed) for seed in (7, 7, 8))
        if first != again:
            raise Broken(f"gave {_said(first)}, then {_said(again)}, with one seed")
        if first == other:
            raise Broken(f"gave {_said(first)} with two seeds; draw data, first weights and noise from `seed`")

    def equals_none_at_weight_zero(application: Any) -> None:
        """a term of weight 0 leaves the model as it is without a term"""
        idle = replace(brief(application, STEPS), weight=0.0)
        alone, beside = _scores(idle, _without, 7), _scores(idle, _with(estimator, 1), 7)
        if alone != beside:
            raise Broken(f"gave {_said(alone)} without a term, and {_said(beside)} with one of weight 0")

    def keeps_its_streams_from_the_term(application: Any) -> None:
        """data, first weights and noise are the same whatever a term draws, and however many steps its critic takes"""
        idle = replace(brief(application, STEPS), weight=0.0)
        more = replace(idle, critic_steps=idle.critic_steps + 1)
        first, other = _scores(idle, _with(estimator, 1), 7), _scores(more, _noisy(_with(estimator, 2)), 7)
        if first != other:
            raise Broken(f"gave {_said(first)} beside one critic of weight 0, and {_said(other)} beside another")

    return (
        is_frozen,
        has_the_common_fields,
        returns_what_it_declares,
        repeats_itself,
        equals_none_at_weight_zero,
        keeps_its_streams_from_the_term,
        leaves_global_randomness_alone,
    )


def has_the_common_fields(application: Any) -> None:
    """it has the fields that every application has, and refuses a weight below 0"""
    own = {f.name for f in fields(application)}
    if missing := [name for name in COMMON if name not in own]:
        raise Broken(f"it has no field {missing[0]}; all have {', '.join(COMMON)}")
    try:
        replace(application, weight=-1.0)
    except ValueError:
        return
    raise Broken("weight=-1 is taken: a term is raised or lowered by the application, not by the sign of its weight")


def returns_what_it_declares(application: Any) -> None:
    """it returns every score that it declares, and each of its baselines the first of them at least"""
    quick = brief(application, STEPS)
    for baseline in (None, *getattr(application, "baselines", ())):
        try:
            plain_outcome(_train(quick, _without, 7, baseline), application.scores, partial=baseline is not None)
        except ValueError as error:
            raise Broken(f"{error}" + f" (baseline {baseline})" * (baseline is not None)) from error


def leaves_global_randomness_alone(application: Any) -> None:
    """it neither reads nor moves the global random state of numpy, Python or torch"""
    quick, seen = brief(application, STEPS), []
    _scores(quick, _without, 7)  # libraries are loaded now
    for state in (1, 2):
        with seeded(state):
            seen.append(_scores(quick, _without, 7))
    if seen[0] != seen[1]:
        raise Broken("the scores depend on the global random state; give each use a generator made from `seed`")


def _train(application: Any, make_term: MakeTerm, seed: int, baseline: str | None = None) -> Any:
    offered = {"seed": seed, "device": "cpu", "baseline": baseline}
    return application.train(make_term, **named(application.train, offered))


def _scores(application: Any, make_term: MakeTerm, seed: int) -> Mapping[str, str]:
    """The scores, written so that equal ones are equal, not-a-numbers too."""
    outcome: Outcome = plain_outcome(_train(application, make_term, seed), application.scores)
    return {name: repr(value) for name, value in outcome.scores.items()}


def _said(scores: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in scores.items())


def _without(dim_x: int, dim_z: int) -> None:
    return None


def _making(estimator: Any, seed: int) -> MakeTerm:
    return lambda dim_x, dim_z: estimator.term(dim_x, dim_z, seed=seed, device="cpu")


def _with(estimator: Any, seed: int) -> MakeTerm:
    if estimator is None:
        raise Refused("no estimator at hand makes a term to try it with")
    return _making(estimator, seed)


def _noisy(make_term: MakeTerm) -> MakeTerm:
    """The same of an author who is careless with the global random state."""

    def make(dim_x: int, dim_z: int) -> Any:
        seed_globally(99)
        return make_term(dim_x, dim_z)

    return make
