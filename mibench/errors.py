"""What can be wrong with a request, and the exit code each kind ends a command with."""

import re


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


class Passed(UserWarning):
    """Something damaged was passed over, and the rest was read."""


def one_line(text: str, longest: int = 2000) -> str:
    """Any text as one line that every file and terminal can show."""
    plain = " ".join(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).split())
    plain = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in plain[: longest + 1])
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"
