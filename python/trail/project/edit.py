"""Change the requirements in a `pyproject.toml`; comments, order and layout stay.

Everything here takes the file's text and gives the new one: what is written, and what is
put back when something fails, is the caller's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tomlkit
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from tomlkit.exceptions import TOMLKitError

from trail.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tomlkit.items import Array
    from tomlkit.toml_document import TOMLDocument

__all__ = [
    "Place",
    "add_requirement",
    "add_source",
    "listed_requirements",
    "new_pyproject",
    "remove_requirement",
    "remove_source",
]

Place = tuple[str, ...]
"""Where a list of requirements stands: keys from the top of the file."""


def add_requirement(text: str, path: Path, place: Place, requirement: Requirement) -> str:
    """Add a requirement, or replace the one that is there for the same distribution.

    A list whose requirements are sorted stays sorted; otherwise the new one comes last. A
    requirement with another marker is another one and stays.

    Args:
        text: the file's content.
        path: the file, for messages.
        place: where the list stands; it is made if it is missing.
        requirement: what to add.

    Raises:
        ProjectError: the file is not TOML, or what is at the place is no list.
    """
    document = _parse(text, path)
    array = _array(document, path, place)
    wanted = (canonicalize_name(requirement.name), str(requirement.marker or ""))
    keys = [_identity(item) for item in array]
    if wanted in keys:
        number = keys.index(wanted)
        if _requirement(array[number]) == requirement:
            return text
        array[number] = str(requirement)
        return tomlkit.dumps(document)
    names = [str(item).lower() for item in array]
    position = len(array)
    if names == sorted(names):
        position = sum(name < str(requirement).lower() for name in names)
    if "\n" in array.as_string():
        array.insert(position, str(requirement))
    else:
        # A line has no comments to lose; tomlkit forgets the space before what is pushed on.
        items = [str(item) for item in array]
        items.insert(position, str(requirement))
        array.clear()
        array.extend(items)
        array.multiline(len(items) > 3)  # noqa: PLR2004  # a line holds about three
    return tomlkit.dumps(document)


def listed_requirements(text: str, path: Path, place: Place) -> tuple[Requirement, ...]:
    """Read the requirements of one list; what is none, such as an include, is left out.

    Args:
        text: the file's content.
        path: the file, for messages.
        place: where the list stands; one that is not there is empty.

    Raises:
        ProjectError: the file is not TOML, or what is at the place is no list.
    """
    document = _parse(text, path)
    array = _array(document, path, place) if _is_there(document, place) else []
    found = map(_requirement, array)
    return tuple(one for one in found if one is not None)


def remove_requirement(text: str, path: Path, place: Place, name: str) -> str | None:
    """Remove every requirement for a distribution from one list.

    Args:
        text: the file's content.
        path: the file, for messages.
        place: where the list stands.
        name: the distribution, in any spelling.

    Returns:
        The new content, or None if the list is missing or does not name the distribution.

    Raises:
        ProjectError: the file is not TOML, or what is at the place is no list.
    """
    document = _parse(text, path)
    if not _is_there(document, place):
        return None
    array = _array(document, path, place)
    positions = [
        number for number, item in enumerate(array) if _identity(item)[0] == canonicalize_name(name)
    ]
    if not positions:
        return None
    for number in reversed(positions):
        del array[number]
    return tomlkit.dumps(document)


def add_source(text: str, path: Path, name: str, source: Mapping[str, object]) -> str:
    """Say where a package comes from, in the table of sources that the file has.

    Args:
        text: the file's content.
        path: the file, for messages.
        name: the package.
        source: for instance `{"workspace": True}`.

    Raises:
        ProjectError: the file is not TOML, or what is at the place is no table.
    """
    document = _parse(text, path)
    tool: Any = document.get("tool", {})
    of_uv = "sources" in tool.get("uv", {}) and "sources" not in tool.get("trail", {})
    keys = ("tool", "uv" if of_uv else "trail", "sources")
    table: Any = document
    for number, key in enumerate(keys):
        if key not in table:
            table[key] = tomlkit.table(is_super_table=number < len(keys) - 1)
        table = table[key]
        if not hasattr(table, "keys"):
            raise ProjectError(f"`{'.'.join(keys[: number + 1])}` in `{path}` is not a table")
    inline = tomlkit.inline_table()
    inline.update(source)
    table[name] = inline
    return tomlkit.dumps(document)


def remove_source(text: str, path: Path, name: str) -> str:
    """Remove what a file says of where a package comes from, in both tables of sources.

    A table that has nothing left, not even a comment, goes as well.

    Args:
        text: the file's content; the same is given back where it says nothing.
        path: the file, for messages.
        name: the package, in any spelling.

    Raises:
        ProjectError: the file is not TOML.
    """
    document = _parse(text, path)
    changed = False
    for tool in ("trail", "uv"):
        owner: Any = document.get("tool", {}).get(tool, {})
        table: Any = owner.get("sources", {}) if hasattr(owner, "get") else {}
        for key in [key for key in table if canonicalize_name(key) == canonicalize_name(name)]:
            del table[key]
            changed = True
            if not table.as_string().strip("{} \n"):
                del owner["sources"]
    return tomlkit.dumps(document).rstrip("\n") + "\n" if changed else text


def new_pyproject(name: str, requires_python: str) -> str:
    """Write the `pyproject.toml` of a new project.

    Args:
        name: of the project.
        requires_python: a version specifier.
    """
    document = tomlkit.document()
    project = tomlkit.table()
    project["name"] = name
    project["version"] = "0.1.0"
    project["requires-python"] = requires_python
    project["dependencies"] = tomlkit.array()
    document["project"] = project
    return tomlkit.dumps(document)


def _parse(text: str, path: Path) -> TOMLDocument:
    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise ProjectError(
            f"`{path}` is not valid TOML", details=(("problem", str(error)),)
        ) from error


def _array(document: TOMLDocument, path: Path, place: Place) -> Array:
    """Find a list, or make it with the tables above it."""
    table: Any = document
    for number, key in enumerate(place[:-1]):
        if key not in table:
            table[key] = tomlkit.table(is_super_table=number == 0 and place[0] == "tool")
        table = table[key]
        if not hasattr(table, "keys"):
            raise ProjectError(f"`{'.'.join(place[: number + 1])}` in `{path}` is not a table")
    if place[-1] not in table:
        table[place[-1]] = tomlkit.array()
    array: Any = table[place[-1]]
    if not isinstance(array, list):
        raise ProjectError(f"`{'.'.join(place)}` in `{path}` is not a list")
    return array  # type: ignore[return-value]  # tomlkit's Array is a list


def _is_there(document: TOMLDocument, place: Place) -> bool:
    table: Any = document
    for key in place:
        if not hasattr(table, "keys") or key not in table:
            return False
        table = table[key]
    return True


def _requirement(item: Any) -> Requirement | None:
    try:
        return Requirement(str(item)) if isinstance(item, str) else None
    except InvalidRequirement:
        return None


def _identity(item: Any) -> tuple[str, str]:
    """Name and marker of a requirement; what is none, such as an include, is like no other."""
    requirement = _requirement(item)
    if requirement is None:
        return ("", "")
    return canonicalize_name(requirement.name), str(requirement.marker or "")
