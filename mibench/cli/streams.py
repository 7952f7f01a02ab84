"""stdin, stdout and stderr as a command finds them: closed, full, or of a locale that spells little."""

import contextlib
import io
import os
import sys
from typing import Any

from mibench.errors import StorageError


class Data(io.FileIO):
    """stdout is data: what it cannot take ends the command, with a line."""

    def write(self, content: Any) -> int:
        """Raises StorageError where the system refuses."""
        try:
            return super().write(content)
        except BrokenPipeError:
            raise
        except OSError as error:
            silence(1)  # what is buffered is not tried again
            raise StorageError(f"cannot write to stdout: {error.strerror}; what is in files is whole") from error


class Talk(io.FileIO):
    """stderr is talk: where nobody hears it the command goes on."""

    def write(self, content: Any) -> int:
        """As much as the system takes, which is enough."""
        with contextlib.suppress(OSError):
            super().write(content)
        return memoryview(content).nbytes


def open_all() -> None:
    """Give all three a file that is open, and let none fail at a character that it cannot spell."""
    for number, mode in enumerate((os.O_RDONLY, os.O_WRONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)  # takes the lowest free number, which is this one
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stdout is sys.__stdout__:
        sys.stdout = _text(io.BufferedWriter(Data(1, "w", closefd=False)), sys.stdout)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _text(io.BufferedWriter(Talk(2, "w", closefd=False)), sys.stderr)


def _text(binary: io.BufferedWriter, like: io.TextIOWrapper | None) -> io.TextIOWrapper:
    if like is None:
        return io.TextIOWrapper(binary, "utf-8", "replace")
    like.flush()
    return io.TextIOWrapper(binary, like.encoding, "replace", line_buffering=like.line_buffering)


def silence(number: int) -> None:
    """Let what is still written to a stream vanish."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, number)
    os.close(nothing)
