"""The commands by name, each of them loaded when it is asked for: `--help` and a shell's Tab wait for none."""

import contextlib
import importlib
from collections.abc import Iterator
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from mibench.errors import UsageError

COMPLETION = "_MIBENCH_COMPLETE"
"""What a shell sets, by the script of `--show-completion`, to ask for completions."""

COMMANDS = {
    "run": "Run estimators on tasks; every trial becomes a row.",
    "resume": "Run what a run still lacks, with its own settings.",
    "status": "Show how far a run has come, also while it goes on, and which rows are not of today's sources.",
    "list": "List estimators, tasks, plugins, runs or published tables.",
    "describe": "Show formula, source and fields of an estimator or task.",
    "table": "Print a table of estimates against truth, and of scores for each application: mean and sd over seeds.",
    "plot": "Draw estimate against truth, bias over n and dimension, and more; print the files written.",
    "compare": "Say which is nearer the truth, or trains the better model, with intervals and tests paired by seed.",
    "report": "Write one self-contained HTML file: tables, comparison, figures, seeds, failures, provenance.",
    "estimate": "Estimate what columns of a table tell of others, with intervals and a test.",
    "check": "Hold estimators, tasks, applications and plugin files to their promises.",
    "new": "Write the first draft of a plugin: it runs as it is, and two comments say what to change.",
    "doctor": "Say what a report of a fault needs: versions, devices, threads, plugins, and whether it computes right.",
    "sample": "Write a sample of a task for other programs.",
}
"""In the order of `--help`, each with the first sentence of its docstring."""

MODULES = {
    "resume": "run", "status": "look", "list": "look", "describe": "look", "table": "tables", "plot": "plots",
}  # fmt: skip
"""Where a command is, if in no module of its own name."""


WRONG: Any = typer.BadParameter.__mro__[1]
"""What typer raises for arguments that fit no command; which library's it is changes with its version."""


@contextlib.contextmanager
def in_one_line() -> Iterator[None]:
    """An error of the arguments as one line, like every other of a request."""
    try:
        yield
    except WRONG as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            raise
        said = str(error.format_message()).replace("Value error, ", "").replace("Invalid value for ", "").rstrip(".")
        where = error.ctx.command_path if error.ctx else "mibench"
        raise UsageError(f"{said} (see {where} -h)") from error


class Commands(TyperGroup):
    """A command is its line of help until it is the one that was typed."""

    def make_context(self, *given: Any, **named: Any) -> Any:
        """What stands before the command, read."""
        with in_one_line():
            return super().make_context(*given, **named)

    def invoke(self, ctx: Any) -> Any:
        """The command with its arguments."""
        with in_one_line():
            return super().invoke(ctx)

    def __init__(self, **attributes: Any):
        super().__init__(**attributes)
        self.commands.update({name: TyperCommand(name, help=line) for name, line in COMMANDS.items()})

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Load the command that is named, if any has the name."""
        if args and args[0] in COMMANDS:
            self.commands[args[0]] = as_typed(loaded(args[0])) if ctx.resilient_parsing else loaded(args[0])
        return super().resolve_command(ctx, args)


def loaded(name: str) -> Any:
    """The command of this name with its options."""
    module = importlib.import_module(f"mibench.cli.{MODULES.get(name, name)}")
    alone = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)
    alone.command(name)(getattr(module, name, None) or getattr(module, f"{name}_"))
    return typer.main.get_command(alone)


def as_typed(command: Any) -> Any:
    """The command as completion reads it, whose values stay text: what makes numbers and paths of them takes longer to
    load than all else."""
    every = command.get_params

    def get_params(context: Any) -> Any:
        parameters = every(context)
        for parameter in parameters:
            parameter.process_value = lambda context, value: value
        return parameters

    command.get_params = get_params
    return command
