"""Text for people: errors, warnings and the one line that says what was done."""

from __future__ import annotations

import os
import sys
import traceback
from typing import TYPE_CHECKING, TextIO

from trail.addresses import hide_users
from trail.errors import BuildError, ManyErrors, TrailError
from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Printer", "format_error", "human_size", "human_time"]

_RED, _YELLOW, _CYAN, _BOLD = "31;1", "33;1", "36;1", "1"
_KIBI = 1000


def human_size(count: int) -> str:
    """Write a number of bytes as people do, in powers of ten: `12.4 MB`."""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < _KIBI or unit == "GB":
            return f"{size:.0f} {unit}" if unit in {"B", "kB"} else f"{size:.1f} {unit}"
        size /= _KIBI
    raise AssertionError(count)


def human_time(seconds: float) -> str:
    """Write a duration with two or three digits: `4 ms`, `1.1s`, `2m 05s`."""
    if seconds < 1:
        return f"{max(round(seconds * 1000), 1)}ms"
    if seconds < 60:  # noqa: PLR2004  # a minute
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m {rest:02}s"


def format_error(error: TrailError) -> list[tuple[str, str]]:
    """Lay an error out as pairs of label and text, in the order in which they are shown."""
    if isinstance(error, ManyErrors):
        lines = [pair for one in error.errors for pair in [*format_error(one), ("", "")]]
        return [*lines, ("error", error.message)]
    lines = [("error", error.message)]
    width = max((len(label) for label, _ in error.details), default=0)
    lines += [("", f"  {label + ':':<{width + 1}} {value}") for label, value in error.details]
    if isinstance(error, BuildError) and error.output:
        lines += [("", line) for line in ("", *error.output.rstrip().splitlines(), "")]
    if error.hint is not None:
        lines.append(("hint", error.hint))
    return lines


@dataclass(frozen=True, slots=True)
class Printer:
    """Writes to standard error; standard output belongs to data.

    Args:
        stream: where to write.
        color: whether to colour labels.
        verbosity: -1 quiet, 0 normal, 1 and more details.
    """

    stream: TextIO
    color: bool = False
    verbosity: int = 0

    @classmethod
    def choose(
        cls, stream: TextIO, environ: Mapping[str, str], when: str, verbosity: int
    ) -> Printer:
        """Make a printer that colours always, never, or (auto) on a terminal.

        NO_COLOR and FORCE_COLOR are obeyed where the command line says nothing.
        """
        if when == "auto":
            color = stream.isatty() and environ.get("TERM") != "dumb"
            if environ.get("NO_COLOR"):
                color = False
            elif environ.get("FORCE_COLOR"):
                color = True
        else:
            color = when == "always"
        return cls(stream, color, verbosity)

    def error(self, error: TrailError) -> None:
        """Show an error, and with -vv where it comes from."""
        if self.verbosity > 1:
            self.stream.write(hide_users("".join(traceback.format_exception(error))))
        for label, text in format_error(error):
            self._line(label, text, _CYAN if label == "hint" else _RED)

    def warn(self, message: str) -> None:
        """Show a warning, unless quiet."""
        if self.verbosity >= 0:
            self._line("warning", message, _YELLOW)

    def say(self, message: str) -> None:
        """Show what was done, unless quiet."""
        if self.verbosity >= 0:
            self._line("", message, _BOLD)

    def note(self, message: str) -> None:
        """Show a detail, with -v."""
        if self.verbosity > 0:
            self._line("", message, _BOLD)

    def _line(self, label: str, text: str, code: str) -> None:
        text = hide_users(text)  # whoever wrote it, and wherever it is from
        if label:
            shown = f"\x1b[{code}m{label}:\x1b[0m" if self.color else f"{label}:"
            text = f"{shown} {text}"
        try:
            self.stream.write(f"{text}\n")
            self.stream.flush()
        except BrokenPipeError:
            # Whoever read this is gone; Python must not complain at exit either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
