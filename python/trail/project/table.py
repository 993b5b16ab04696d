"""Tables of a `pyproject.toml`, and what is said of wrong values in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidName, canonicalize_name

from trail.errors import ProjectError
from trail.model import NormalizedName
from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ["Table", "normalised"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Takes typed values out of a table, or says what is wrong with them.

    Args:
        path: the file.
        key: of the table, for messages; empty for the whole file.
        values: what it holds.
    """

    path: Path
    key: str
    values: Mapping[str, Any]

    def fault(self, key: str, problem: str) -> ProjectError:
        """Make the error for a value."""
        problem = problem[:1].lower() + problem[1:].rstrip(".")
        return ProjectError(
            f"`{self.path}` has a wrong value",
            details=(("key", self.full(key)), ("problem", problem)),
        )

    def full(self, key: str) -> str:
        """Name a key as it is seen from the top of the file."""
        return ".".join(filter(None, (self.key, key)))

    def table(self, key: str) -> Table:
        """Take a table; an empty one where there is none."""
        found = self.values.get(key, {})
        if not isinstance(found, dict):
            raise self.fault(key, "it is not a table")
        return Table(path=self.path, key=self.full(key), values=found)

    def tables(self, key: str) -> tuple[Table, ...]:
        """Take a table, or a list of tables; none where there is none."""
        found = self.values.get(key, [])
        if isinstance(found, dict):
            return (self.table(key),)
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise self.fault(key, "it is neither a table nor a list of tables")
        return tuple(
            Table(path=self.path, key=self.full(f"{key}[{place}]"), values=item)
            for place, item in enumerate(found)
        )

    def flag(self, key: str) -> bool | None:
        """Take a truth value."""
        found = self.values.get(key)
        if found is not None and not isinstance(found, bool):
            raise self.fault(key, "it is neither true nor false")
        return found

    def text(self, key: str) -> str | None:
        """Take a text."""
        found = self.values.get(key)
        if found is not None and not isinstance(found, str):
            raise self.fault(key, "it is not text")
        return found

    def texts(self, key: str) -> list[str]:
        """Take a list of texts; an empty one where there is none."""
        found = self.values.get(key, [])
        if not isinstance(found, list):
            raise self.fault(key, "it is not a list")
        for place, item in enumerate(found):
            if not isinstance(item, str):
                raise self.fault(f"{key}[{place}]", "it is not text")
        return found

    def parsed(self, key: str, parse: Callable[[str], _T], error: type[ValueError]) -> _T | None:
        """Take a text and parse it; `error` is what the parser raises."""
        text = self.text(key)
        return None if text is None else self.parse(text, key, parse, error)

    def parse(self, text: str, key: str, parse: Callable[[str], _T], error: type[ValueError]) -> _T:
        """Parse a text that stands at a key; `error` is what the parser raises."""
        try:
            return parse(text)
        except error as fault:
            raise self.fault(key, str(fault).splitlines()[0]) from fault

    def name(self, key: str) -> NormalizedName:
        """Normalise a name that is a key."""
        return self.parse(key, key, normalised, InvalidName)

    def requirements(self, key: str) -> tuple[Requirement, ...]:
        """Take a list of requirements (PEP 508)."""
        return tuple(
            self.parse(text, f"{key}[{place}]", Requirement, InvalidRequirement)
            for place, text in enumerate(self.texts(key))
        )


def normalised(text: str) -> NormalizedName:
    """Normalise a name (PEP 503).

    Raises:
        InvalidName: it is none.
    """
    return NormalizedName(canonicalize_name(text, validate=True))
