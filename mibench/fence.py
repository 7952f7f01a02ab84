"""What a plugin may not change while it is loaded or asked: where we stand, what stdout says, how a signal ends us."""

import contextlib
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGPIPE") if hasattr(signal, name)]


@contextlib.contextmanager
def fenced() -> Iterator[None]:
    """Run a plugin's own code in the process that reads arguments and prints.

    What it prints goes to stderr, from its children too. Working directory, standard streams, signal handlers and
    warning filters are put back afterwards. Neither `os._exit` nor `sys.exit` ends the process: both are a RuntimeError
    here, for a plugin cannot end a command with the exit code of success. What it sets in `os.environ` and `sys.path`
    stays: it may need it to run.
    """
    main = threading.current_thread() is threading.main_thread()
    handlers = [(number, signal.getsignal(number)) for number in SIGNALS] if main else []
    streams, leave, folder, us = (sys.stdin, sys.stdout, sys.stderr), os._exit, _here(), os.getpid()

    def end(status: int) -> None:
        if os.getpid() != us:  # a process that the plugin forked
            leave(status)
        raise SystemExit(f"the plugin called os._exit({status})")

    with warnings.catch_warnings(), _stdout_to_stderr():
        os._exit = end  # type: ignore[assignment]
        sys.stdout = sys.stderr
        try:
            yield
        except SystemExit as error:
            raise RuntimeError(f"SystemExit: {error.code}") from error
        finally:
            os._exit = leave
            sys.stdin, sys.stdout, sys.stderr = streams
            for number, handler in handlers:
                if handler is not None and signal.getsignal(number) is not handler:
                    signal.signal(number, handler)
            if folder is not None and _here() != folder:
                os.chdir(folder)


def _here() -> str | None:
    try:
        return os.getcwd()
    except OSError:  # it was removed
        return None


@contextlib.contextmanager
def _stdout_to_stderr() -> Iterator[None]:
    """The same for file descriptor 1, which children and libraries in C write to."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stdout.flush()
    try:
        kept = os.dup(1)
    except OSError:  # stdout is closed
        yield
        return
    with contextlib.suppress(OSError):  # stderr is closed
        os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
