"""The standard streams of the process, for a stdout or stderr that is closed, full or broken."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Output(io.FileIO):
    """A descriptor that keeps its first write error, so that it ends neither the command nor the backup."""

    def __init__(self, descriptor: int, *, raises_broken_pipe: bool) -> None:
        super().__init__(descriptor, "wb", closefd=False)
        self.failure: OSError | None = None
        self._raises_broken_pipe = raises_broken_pipe

    def write(self, data: ReadableBuffer) -> int:
        if self.failure is None:
            try:
                return super().write(data) or 0
            except BrokenPipeError as error:
                if self._raises_broken_pipe:
                    raise
                self.failure = error
            except BlockingIOError:
                raise
            except OSError as error:
                self.failure = error
        return memoryview(data).nbytes


class StandardStreams:
    """Takes the place of `sys.stdout` and `sys.stderr`."""

    def __init__(self) -> None:
        """Open closed streams on /dev/null. Otherwise the next file to be opened would take their place."""
        for descriptor in range(3):
            try:
                os.fstat(descriptor)
            except OSError:
                null = os.open(os.devnull, os.O_RDWR)
                if null != descriptor:
                    os.dup2(null, descriptor)
                    os.close(null)
        sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
        self._stdout = _Output(1, raises_broken_pipe=True)
        sys.stdout = _text(self._stdout, sys.stdout)
        sys.stderr = _text(_Output(2, raises_broken_pipe=False), sys.stderr)

    def finish(self) -> str:
        """Write what is buffered. Return a sentence if output was lost, except to a reader that left."""
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)  # Python flushes again when it exits
            os.close(null)
        failure = self._stdout.failure
        return "" if failure is None else f"The output could not be written: {failure.strerror}."


def _text(output: _Output, before: TextIO | None) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        io.BufferedWriter(output),
        encoding=before.encoding if before is not None else "utf-8",
        errors=(before.errors if before is not None else None) or "backslashreplace",
        line_buffering=output.fileno() == 2 or output.isatty(),
    )
