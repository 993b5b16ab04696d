"""Progress on a terminal: a bar for each download, or a line that says what goes on."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

from trail.report import Reporter

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import Progress, TaskID

    from trail.cli.printer import Printer

__all__ = ["PlainReporter", "TerminalReporter", "choose_reporter", "short_name"]


class PlainReporter(Reporter):
    """Passes warnings and notes to the printer; shows no progress."""

    def __init__(self, printer: Printer) -> None:
        self.printer = printer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    def warn(self, message: str) -> None:
        """Show a warning."""
        self.printer.warn(message)

    def say(self, message: str) -> None:
        """Show what was done."""
        self.printer.say(message)

    def note(self, message: str) -> None:
        """Show a detail, with -v."""
        self.printer.note(message)


class TerminalReporter(PlainReporter):
    """Shows bars with rich, which is imported only when there is something to show.

    What goes on besides downloads is one line without it: resolving may be over before rich
    is imported.
    """

    def __init__(self, printer: Printer) -> None:
        super().__init__(printer)
        self._lock = threading.Lock()
        self._progress: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._doing = 0  # columns

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._lock:
            self._wipe()
            if self._progress is not None:
                self._progress.stop()

    def doing(self, message: str) -> None:
        """Show what goes on, where no bars are."""
        with self._lock:
            if self._progress is not None and not self._tasks:
                self._progress.stop()
                self._progress = None
            if self._progress is None:
                import shutil  # noqa: PLC0415  # loads all kinds of compression

                width = shutil.get_terminal_size().columns - 1  # the last one breaks the line
                line = message[:width]
                self.printer.stream.write(f"\r{line.ljust(self._doing)}\r{line}")
                self.printer.stream.flush()
                self._doing = len(line)

    def begin(self, name: str, size: int | None) -> None:
        """Add a bar."""
        with self._lock:
            self._tasks[name] = self._bars().add_task(short_name(name), total=size)

    def advance(self, name: str, count: int) -> None:
        """Move a bar."""
        with self._lock:
            if name in self._tasks:
                self._bars().advance(self._tasks[name], count)

    def end(self, name: str) -> None:
        """Remove a bar."""
        with self._lock:
            task = self._tasks.pop(name, None)
            if task is not None:
                self._bars().remove_task(task)

    def warn(self, message: str) -> None:
        """Show a warning above the bars."""
        with self._lock:
            self._wipe()
            if self._progress is not None:
                self._progress.stop()
                self._progress = None
                self._tasks.clear()
            super().warn(message)

    def say(self, message: str) -> None:
        """Show what was done."""
        with self._lock:
            self._wipe()
            super().say(message)

    def note(self, message: str) -> None:
        """Show a detail, with -v."""
        with self._lock:
            self._wipe()
            super().note(message)

    def _wipe(self) -> None:
        if self._doing:
            self.printer.stream.write(f"\r{' ' * self._doing}\r")
            self.printer.stream.flush()
            self._doing = 0

    def _bars(self) -> Progress:
        if self._progress is None:
            self._wipe()
            from rich.console import Console  # noqa: PLC0415  # 60 ms, only on a terminal
            from rich.progress import (  # noqa: PLC0415  # the same
                BarColumn,
                DownloadColumn,
                Progress,
                TextColumn,
                TransferSpeedColumn,
            )
            from rich.table import Column  # noqa: PLC0415  # the same

            # Where the line is too short the name gives way, never the figures. The last two
            # columns of 80 stay free: there `^C` would break the line, which then remains.
            self._progress = Progress(
                TextColumn("{task.description}", table_column=Column(max_width=28, no_wrap=True)),
                BarColumn(bar_width=20),
                DownloadColumn(table_column=Column(min_width=13, no_wrap=True)),
                TransferSpeedColumn(table_column=Column(min_width=10, no_wrap=True)),
                console=Console(file=self.printer.stream),
                transient=True,
            )
            self._progress.start()
        return self._progress


def short_name(filename: str) -> str:
    """Say which distribution a wheel is, `numpy 2.4.6`: its tags would fill the line."""
    return " ".join(filename.split("-")[:2]) if filename.endswith(".whl") else filename


def choose_reporter(printer: Printer) -> PlainReporter:
    """Progress on a terminal, unless quiet; otherwise warnings and notes only."""
    if printer.verbosity >= 0 and printer.stream.isatty():
        return TerminalReporter(printer)
    return PlainReporter(printer)
