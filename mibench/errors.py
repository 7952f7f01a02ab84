"""What can be wrong with a request, and the exit code each kind ends a command with."""


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
