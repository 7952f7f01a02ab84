"""`mibench doctor`: what a report of a fault needs."""

import json
import warnings
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

import typer

from mibench.cli.options import AsJson

SLOW = 5.0
"""Times the usual seconds from which a trial of the self-test is called slow."""


def doctor(
    paths: Annotated[bool, typer.Option("--paths", help="Show folders and the values of MIBENCH_* too.")] = False,
    test: Annotated[bool, typer.Option(help="Try what numbers come from, for some seconds.")] = True,
    as_json: AsJson = False,
) -> None:
    """Say what a report of a fault needs: versions, devices, threads, plugins, and whether it computes right."""
    from mibench import doctor

    facts = doctor.facts(paths)
    if not as_json:
        for name, value in facts.items():
            for one in value if isinstance(value, list) and value else [value]:
                typer.echo(f"{name:<12} {_shown(one)}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # that numba is missing is said above
        tried = doctor.self_test() if test else []
    if as_json:
        typer.echo(json.dumps(facts | {"self-test": [asdict(one) for one in tried]}, indent=2))
    for one in tried if not as_json else ():
        word = "BROKEN" if not one.good else "slow" if one.seconds > SLOW * one.usual else "ok"
        typer.echo(f"{word:<7} {one.name}: {one.seen} ({one.seconds:.2f} s; usual {one.usual:.2g} s)")
    if not all(one.good for one in tried):
        raise typer.Exit(4)


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_shown(one)}" for name, one in value.items()) or "none"
    if isinstance(value, list):
        return "; ".join(_shown(one) for one in value) or "none"
    return "–" if value is None else "yes" if value is True else "no" if value is False else str(value)
