"""What follows from where the files of a wheel land: "Facts" of docs/wheel-checks.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trail.model import Escape, Kind, TopLevel
from trail.wheel.names import split_parents

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trail.wheel.placement import Placement

__all__ = ["find_below", "find_escapes", "find_schemes", "find_startup", "find_top_level"]

_CODE = (".py", ".so", ".pyd")
_EXTENSION = (".so", ".pyd")
_STARTUP = (".pth", ".start")
_ORIGINS = ("$ORIGIN", "${ORIGIN}", "@loader_path")


def find_top_level(paths: Sequence[str], dist_info: str) -> tuple[TopLevel, ...]:
    """List what lies at the top of site-packages.

    Args:
        paths: all files below site-packages.
        dist_info: the wheel's own .dist-info folder.
    """
    folders: dict[str, Kind] = {}
    found = []
    for path in paths:
        top, inside, rest = path.partition("/")
        if not inside:
            if not top.endswith(_STARTUP):
                found.append(_file(top))
        elif top != dist_info and folders.get(top) != Kind.PACKAGE:
            folders[top] = _folder_kind(top, rest, folders.get(top, Kind.DATA))
    found += [TopLevel(path=path, name=path, kind=kind) for path, kind in folders.items()]
    return tuple(sorted(found))


def _file(path: str) -> TopLevel:
    stem = path.partition(".")[0]
    if path.endswith(_EXTENSION):
        return TopLevel(path=path, name=stem, kind=Kind.EXTENSION)
    if path.endswith(".py") and path[:-3].isidentifier():
        return TopLevel(path=path, name=stem, kind=Kind.MODULE)
    return TopLevel(path=path, name=path, kind=Kind.DATA)


def _folder_kind(folder: str, rest: str, so_far: Kind) -> Kind:
    """Tell what a folder is, now that `rest` was found in it."""
    if not folder.isidentifier():
        return Kind.DATA
    if rest == "__init__.py" or (
        rest.startswith("__init__.") and rest.endswith(_EXTENSION) and "/" not in rest
    ):
        return Kind.PACKAGE
    return Kind.NAMESPACE if rest.endswith(_CODE) else so_far


def find_startup(paths: Iterable[str]) -> tuple[str, ...]:
    """List the files below site-packages that Python runs when it starts."""
    return tuple(sorted(path for path in paths if "/" not in path and path.endswith(_STARTUP)))


def find_below(folder: str, paths: Iterable[str]) -> tuple[str, ...]:
    """List the files of a folder, relative to it, at any depth."""
    above = f"{folder}/"
    return tuple(sorted(path.removeprefix(above) for path in paths if path.startswith(above)))


def find_schemes(landings: Iterable[str], placement: Placement) -> tuple[str, ...]:
    """List the folders at the top of an entry that hold more than site-packages.

    Args:
        landings: all files below the entry.
        placement: where site-packages is.
    """
    library = placement.site_packages.partition("/")[0]
    own = f"{library}/site-packages/" if placement.windows else f"{library}/python/"
    return tuple(
        sorted(
            {
                landing.partition("/")[0]
                for landing in landings
                if "/" in landing and not landing.startswith(own)
            }
        )
    )


def find_escapes(
    searches: Iterable[tuple[str, str, str]],
    paths: Iterable[str],
    top_level: Iterable[TopLevel],
) -> tuple[Escape, ...]:
    """Pick the search paths that leave the wheel.

    Args:
        searches: library (below site-packages), tag and element of each search path.
        paths: all files below site-packages.
        top_level: the names at its top that are the wheel's.
    """
    folders = {parent for path in paths for parent in split_parents(path)}
    kinds = {top.path: top.kind for top in top_level}
    return tuple(
        sorted(
            {
                Escape(library=library, runpath=element, tag=tag)
                for library, tag, element in searches
                if _escapes(library, element, folders, kinds)
            }
        )
    )


def _escapes(library: str, element: str, folders: set[str], kinds: dict[str, Kind]) -> bool:
    origin, slash, rest = element.partition("/")
    if origin not in _ORIGINS:
        return False
    place = library.split("/")[:-1]
    for part in rest.split("/") if slash else ():
        if part == "..":
            if not place:
                return True
            place.pop()
        elif part not in {"", "."}:
            place.append(part)
    kind = kinds.get(place[0]) if place else None
    return kind is None or (kind != Kind.PACKAGE and "/".join(place) not in folders)
