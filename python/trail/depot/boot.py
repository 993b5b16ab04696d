"""Which run of the machine this is, and which others left notes (see durable).

`trail run` asks before each start, so nothing is imported here that costs time.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["boot_id", "foreign_boots"]

# Linux only.
_BOOT_ID = "/proc/sys/kernel/random/boot_id"


def boot_id() -> str:
    """The id of the machine's present run, or an empty string where there is none."""
    try:
        with open(_BOOT_ID, "rb") as file:  # noqa: PTH123  # pathlib costs the fast path 5 ms
            return file.read().decode().strip()
    except (OSError, ValueError):
        return ""


def foreign_boots(unsynced: str | Path, boot: str) -> list[str]:
    """The boot ids other than this one that have notes: one listing of one folder.

    Args:
        unsynced: the depot's `unsynced` folder; it may be missing.
        boot: today's id.
    """
    try:
        return sorted(name for name in os.listdir(unsynced) if name != boot)  # noqa: PTH208  # see boot_id
    except OSError:
        return []
