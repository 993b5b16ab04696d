"""How the layers below the command line tell what they do; they never print."""

from __future__ import annotations

__all__ = ["Reporter"]


class Reporter:
    """Receives progress and warnings, from any thread; this one ignores them all."""

    def begin(self, name: str, size: int | None) -> None:
        """A download begins; `size` is in bytes, None where it is not known."""

    def advance(self, name: str, count: int) -> None:
        """So many more bytes of the download arrived (negative when it starts anew)."""

    def end(self, name: str) -> None:
        """A download is finished or was given up."""

    def unpacked(self, name: str) -> None:
        """A wheel is in the depot."""

    def doing(self, message: str) -> None:
        """What goes on now and may take a while, until the next such message or anything else."""

    def warn(self, message: str) -> None:
        """Something the user should know that does not stop the work; one line, no period."""

    def say(self, message: str) -> None:
        """Something that was done besides what was asked for; one line, no period."""

    def note(self, message: str) -> None:
        """A detail, shown with `-v`."""
