"""What the shell offers for a name that is being typed: after commas too, and for the fields of what is named.

Nothing here may fail or speak: where a name cannot be found there is nothing to offer.
"""

import contextlib
import functools
import io
import os
import re
from collections.abc import Callable, Iterable, Mapping

import typer

from mibench import settings as asked
from mibench import specs
from mibench.cli import commands, streams
from mibench.cli import names as kept
from mibench.plots.kinds import KINDS

Offer = Callable[[typer.Context, str], list[str]]


def answer(app: typer.Typer) -> None:
    """Answer the shell that asks. bash breaks words at colons and equals signs: names are put together for it, and of
    what is offered it gets the part after the last break. zsh and fish break them at neither: they get `--option=` back
    before what is offered for its value."""
    streams.silence(2)
    shell = os.environ[commands.COMPLETION].removeprefix("complete_")
    before = _put_together() if shell == "bash" else ""
    option = _option() if shell in OFFERS else ""
    heard = io.StringIO()
    try:
        with contextlib.redirect_stdout(heard):
            commands.as_typed(typer.main.get_command(app))(prog_name="mibench")
    finally:
        for line in heard.getvalue().splitlines():
            print(OFFERS[shell].sub(rf"\g<0>{option}", line) if option else line.removeprefix(before))


OFFERS = {"zsh": re.compile(r'^(_arguments .*\(\()?"'), "fish": re.compile("^")}
"""What stands before an offer in a line of typer's answer to a shell."""


def _option() -> str:
    """`--option=` where the word that is being typed is one with its value."""
    option, equals, _ = os.environ.get("_TYPER_COMPLETE_ARGS", "").rpartition(" ")[2].partition("=")
    return option + equals if equals and option.startswith("--") else ""


def _put_together() -> str:
    """Make COMP_WORDS whole again; returns what of the current word stands before its last break."""
    words = os.environ.get("COMP_WORDS", "").split("\n")  # as bash gives them; one line of words has no breaks
    at = int(os.environ.get("COMP_CWORD", "0"))
    whole: list[str] = []
    place, before = at, ""
    for index, word in enumerate(words):
        breaks = {*word} <= {*":="}
        joins = index > 0 and word and (breaks or ({*words[index - 1]} <= {*":="} and word[0] != "-"))
        if joins and whole:
            whole[-1] += word
        else:
            whole.append(word)
        if index == at:
            place, before = len(whole) - 1, whole[-1] if breaks else whole[-1].removesuffix(word)
    os.environ["COMP_WORDS"], os.environ["COMP_CWORD"] = "\n".join(whole), str(place)
    return before.partition("=")[2] if before.startswith("--") else before


def _of(offer: Callable[[typer.Context, str], Iterable[str]]) -> Offer:
    """Of a comma-separated list the last item is completed."""

    @functools.wraps(offer)
    def offered(context: typer.Context, incomplete: str) -> list[str]:
        before, comma, item = incomplete.rpartition(",")
        try:
            return [f"{before}{comma}{one}" for one in offer(context, item) if one.startswith(item)]
        except Exception:  # a plugin may raise anything, and a shell's prompt is no place to say so
            return []

    return offered


def _listed(names: Iterable[str]) -> Offer:
    @_of
    def offered(context: typer.Context, incomplete: str) -> Iterable[str]:
        return names

    return offered


def _found(context: typer.Context) -> kept.Names:
    return kept.known(context.params.get("plugins") or ())


def _with_fields(text: str, things: Mapping[str, kept.Texts]) -> Iterable[str]:
    """The names, and after a colon the fields of what is named, with their values if only one field is left."""
    yield from things
    if ":" in text and (fields := things.get(specs.called(text))) is not None:
        yield from _fields(text, text.rpartition(":")[0] + ":", fields)


def _fields(text: str, before: str, fields: kept.Texts) -> Iterable[str]:
    every = {f"{before}{name}=": values for name, values in fields.items()}
    left = {field: values for field, values in every.items() if field.startswith(text) or text.startswith(field)}
    yield from left
    if len(left) == 1:
        yield from (f"{field}{value}" for field, values in left.items() for value in values)


@_of
def estimators(context: typer.Context, incomplete: str) -> Iterable[str]:
    """Estimators and their fields: `ksg:k=3`."""
    return _with_fields(incomplete, _found(context).estimators)


@_of
def tasks(context: typer.Context, incomplete: str) -> Iterable[str]:
    """Tasks, after a slash their points, after a colon their fields."""
    return _tasks(_found(context).tasks, incomplete)


def _tasks(known: Mapping[str, Mapping[str, kept.Texts]], text: str) -> Iterable[str]:
    firsts = {sweep: next(iter(points.values()), {}) for sweep, points in known.items()}
    yield from _with_fields("" if "/" in text else text, firsts)
    sweep, slash, _ = text.partition("/")
    for name, fields in known.get(sweep, {}).items() if slash else ():
        point = f"{sweep}/{name}"
        yield point
        if text.startswith(f"{point}:"):
            yield from _fields(text, text.rpartition(":")[0] + ":", fields)


@_of
def names(context: typer.Context, incomplete: str) -> Iterable[str]:
    """Whatever has a name: estimators, tasks, points."""
    found = _found(context)
    return dict.fromkeys([*_with_fields(incomplete, found.estimators), *_tasks(found.tasks, incomplete)])


@_of
def points(context: typer.Context, incomplete: str) -> Iterable[str]:
    """Points, of the tasks that are named if any are."""
    known = _found(context).tasks
    named = {specs.called(text) for text in specs.split(context.params.get("tasks") or ())} or known.keys()
    return dict.fromkeys(name for sweep in known if sweep in named for name in known[sweep])


def parameters(context: typer.Context, incomplete: str) -> list[str]:
    """Fields to sweep, of the estimators that are named if any are: `ksg.k=3`. Commas separate values here."""
    try:
        known = _found(context).estimators
        chosen = {specs.called(text) for text in specs.split(context.params.get("estimators") or ())} or {*known}
        name, dot, _ = incomplete.partition(".")
        if not dot or name not in known:
            return [f"{one}." for one in known if one in chosen and one.startswith(incomplete)]
        before, comma, value = incomplete.rpartition(",")
        text = f"{before.partition('=')[0]}={value}" if comma else incomplete
        found = [one for one in _fields(text, f"{name}.", known[name]) if one.startswith(text)]
        return [f"{before},{one.partition('=')[2]}" for one in found] if comma else found
    except Exception:
        return []


@_of
def sources(context: typer.Context, incomplete: str) -> Iterable[str]:
    """Published tables."""
    from mibench.findings import sources as published

    return published.sources()


@_of
def runs(context: typer.Context, incomplete: str) -> Iterable[str]:
    """Runs under results/; other folders the shell completes by itself."""
    from mibench import store

    return ["latest", *(folder.name for folder in store.list_runs())]


kinds = _listed((*KINDS, "all"))

OF_SETTINGS: Mapping[str, Offer] = {
    "estimators": estimators,
    "tasks": tasks,
    "parameters": parameters,
    "device": _listed(("auto", "cpu", "cuda", "mps")),
    "executor": _listed(asked.EXECUTORS),
    "rerun": _listed(asked.RERUN),
}
"""What is offered for the options that are settings, by the setting's name."""
