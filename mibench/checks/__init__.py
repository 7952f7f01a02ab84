"""The promises that plugins keep, as `mibench check` and the test suite try them, and as parameters of pytest:

@pytest.mark.parametrize("promise", estimator_checks(MyEstimator()))
def test_promise(promise):
    promise()
"""

from collections.abc import Iterable
from typing import Any

from mibench.checks import applications, estimators, tasks
from mibench.checks.promises import Broken, Promise, Refused, Verdict, check

__all__ = ["Broken", "Refused", "Verdict", "application_checks", "check", "estimator_checks", "promises", "task_checks"]


def promises(thing: Any, term: Any = None) -> tuple[Promise, ...]:
    """What an estimator, a point of a task or an application is held to; `term` is an estimator to try one with."""
    if hasattr(thing, "estimate"):
        return estimators.PROMISES
    return applications.promises(term) if hasattr(thing, "train") else tasks.PROMISES


def estimator_checks(*things: Any) -> list[Any]:
    """Parameters of pytest, one a promise of each estimator: functions to call, with names."""
    return _parameters(things, None)


def task_checks(*points: Any) -> list[Any]:
    """Parameters of pytest, one a promise of each point of a task: functions to call, with names."""
    return _parameters(points, None)


def application_checks(*points: Any, term: Any = None) -> list[Any]:
    """Parameters of pytest, one a promise of each application; `term` is an estimator to try one with, such as
    `mibench.estimator("mine")`."""
    return _parameters(points, term)


def _parameters(things: Iterable[Any], term: Any) -> list[Any]:
    import pytest

    def trying(promise: Promise, thing: Any) -> Any:
        def tried() -> None:
            try:
                promise(thing)
            except Refused as reason:
                pytest.skip(str(reason))

        return tried

    return [
        pytest.param(trying(promise, thing), id=f"{type(thing).__name__}-{promise.__name__}")
        for thing in things
        for promise in promises(thing, term)
    ]
