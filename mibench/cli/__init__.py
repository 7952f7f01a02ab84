"""The command line: it reads arguments, calls the rooms in order and prints. It computes nothing."""

import errno
import os
import signal
import sys
import traceback
import warnings
from types import FrameType
from typing import Annotated, Any, TextIO

import typer

from mibench import __version__
from mibench.cli import streams
from mibench.cli.commands import COMPLETION, Commands
from mibench.errors import MibenchError, Passed, UsageError, one_line

app = typer.Typer(
    name="mibench",
    cls=Commands,
    help="Run mutual-information estimators on tasks whose mutual information is known.",
    epilog="Start with: mibench run --estimators mine,ksg --task gaussian",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"mibench {__version__}")
        raise typer.Exit


@app.callback()
def top(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True)
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", envvar="MIBENCH_DEBUG", help="Show the traceback of an error.")
    ] = False,
) -> None:
    """What stands before every command."""
    if debug:
        os.environ["MIBENCH_DEBUG"] = "1"


def main() -> None:
    """The `mibench` command: one line for an error, the exit codes of the design, no traceback unless asked."""
    streams.open_all()
    if COMPLETION in os.environ:
        from mibench.cli import complete

        complete.answer(app)
        return
    warnings.showwarning = _told
    for number in ENDINGS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup starts us
            signal.signal(number, _interrupt)
    try:
        try:
            app(prog_name="mibench")
        finally:  # here, where a line can still be said if it cannot be written
            sys.stdout.flush()
    except MibenchError as error:
        _end(error, error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        streams.silence(1)
        sys.exit(1)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:  # whichever name of the request it was
            _end(UsageError(f"{error.filename}: {error.strerror}"), UsageError.exit_code)
        _end(error, 3)
    except Exception as error:
        _end(error, 3)


ENDINGS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""Signals that end a run as Ctrl-C does."""


def _interrupt(signum: int, frame: FrameType | None) -> Any:
    """What a shutdown or a closing terminal sends next must not cut short the ending that this one begins."""
    for number in ENDINGS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _told(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """What was passed over is said in one line; other warnings speak to programmers, and come as Python shows them."""
    if issubclass(category, Passed):
        print(f"mibench: {one_line(str(message))}", file=sys.stderr)
    else:
        print(warnings.formatwarning(message, category, filename, lineno, line), end="", file=sys.stderr)


def _end(error: Exception, code: int) -> None:
    if os.environ.get("MIBENCH_DEBUG"):
        traceback.print_exc()
    known = isinstance(error, MibenchError)
    text = str(error) if known else f"internal error: {type(error).__name__}: {error} (mibench --debug shows where)"
    print(f"mibench: {one_line(text)}", file=sys.stderr)
    sys.exit(code)
