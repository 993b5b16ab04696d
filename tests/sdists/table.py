"""The table of source distributions, read from cases.toml.

One `[[case]]` says:

requirement  pinned, as `numpy==2.4.6`
backend      what builds it, in words
check        Python code that imports and uses what was built
apt          Debian packages that must be there
programs     other programs that must be there
config       config settings for the backend
variables    environment variables for the build
short        it belongs to the part that runs on each change
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Case", "read_table"]

FILE = Path(__file__).with_name("cases.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One line of the table; the fields are explained above."""

    requirement: str
    backend: str
    check: str
    apt: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    config: Mapping[str, str | list[str]] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    short: bool = False

    @property
    def name(self) -> str:
        """The distribution."""
        return self.requirement.partition("==")[0]

    @property
    def version(self) -> str:
        """Its version."""
        return self.requirement.partition("==")[2]


def read_table(file: Path = FILE) -> list[Case]:
    """Read all cases."""
    tables: list[dict[str, Any]] = tomllib.loads(file.read_text(encoding="utf-8"))["case"]
    return [
        Case(**table | {key: tuple(table.get(key, ())) for key in ("apt", "programs")})
        for table in tables
    ]
