"""What can be wrong with a request, the exit code each kind ends a command with, and the one line it is told in."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

LONGEST_WORD, LONGEST_LINE = 300, 2000
COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class MibenchError(Exception):
    """A problem that one line explains; the command line prints that line and no traceback."""

    exit_code = 3


class UsageError(MibenchError, ValueError):
    """The request itself is wrong: an unknown name, a bad field, a folder that is no run."""

    exit_code = 2


class NothingMatched(MibenchError, LookupError):
    """The request is well formed and selects nothing."""

    exit_code = 5


class StorageError(MibenchError, OSError):
    """A results folder cannot be written: full, read-only or gone. Rows already written are kept."""

    exit_code = 3


class Interrupted(MibenchError):
    """Something a run depends on went away; what it wrote is kept and it can go on later."""

    exit_code = 130


class EngineError(MibenchError):
    """This machine lets no trial run: no process or file can be made. Rows already written are kept."""

    exit_code = 3


class Passed(UserWarning):
    """Something damaged was passed over, and the rest was read."""


def one_line(text: str, longest: int = LONGEST_LINE) -> str:
    """The text as one printable line of bounded length, whatever was echoed in it.

    Line ends become spaces, colours of a terminal go, control characters and halves of surrogate pairs become their
    escapes, and of what is too long the beginning and the end are kept.
    """
    words = [_shortened(word, LONGEST_WORD) for word in COLOURS.sub("", text).split()]
    return _shortened(" ".join("".join(map(_printable, word)) for word in words), longest)


def _shortened(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    return f"{text[: most // 3]}…({len(text)} characters)…{text[-most // 6 :]}"


def _printable(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Tell a file or folder that the system does not let us write, in one line. Raises StorageError."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror or error}") from error
