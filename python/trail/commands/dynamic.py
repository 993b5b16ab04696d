"""What a project requires that only its build can tell (PEP 621, `dynamic`)."""

from __future__ import annotations

import contextlib
import hashlib
import re
from typing import TYPE_CHECKING

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from trail.errors import ProjectError
from trail.model import NormalizedName, SourceKind, SourcePackage
from trail.resolve.model import BASE, Origin, RootRequirement, Scope, ScopeKind
from trail.wheel.metadata import parse_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trail.commands.build import Builder
    from trail.project.pyproject import PyProject

__all__ = ["dynamic_roots", "state_of_build"]

_KEYS = frozenset({"dependencies", "optional-dependencies"})
_DECIDES = ("setup.py", "setup.cfg", "requirements*.txt", "requirements/*.txt")
# As backends write it: `extra == "x"`, or behind another condition.
_EXTRA = re.compile(r"""(?:(?P<rest>.*) and )?extra == ["'](?P<extra>[^"']+)["']""")


def dynamic_roots(
    builder: Callable[[], Builder], pyproject: PyProject
) -> Iterator[RootRequirement]:
    """Ask a project's build for the requirements that `pyproject.toml` leaves to it.

    Args:
        builder: gives what builds.
        pyproject: the project.

    Raises:
        ProjectError: the build tells something that is no requirement.
        BuildError: the build failed.
    """
    if not pyproject.builds or _KEYS.isdisjoint(pyproject.dynamic):
        return
    data = builder().metadata(
        SourcePackage(
            name=pyproject.name or NormalizedName(""),
            kind=SourceKind.DIRECTORY,
            path=pyproject.path.parent,
        )
    )
    origin = Origin(file=pyproject.path.name, key="the build")
    for key, text in parse_headers(data):
        if key != "requires-dist":
            continue
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            raise ProjectError(
                f"the build of `{pyproject.path.parent}` asks for what is no requirement",
                details=(("requirement", text), ("problem", str(error).splitlines()[0])),
            ) from error
        scope = _take_extra(requirement)
        table = "dependencies" if scope is BASE else "optional-dependencies"
        if table in pyproject.dynamic:
            yield RootRequirement(requirement=requirement, origin=origin, scope=scope)


def state_of_build(pyproject: PyProject) -> str | None:
    """Digest the files that dynamic requirements mostly come from; None if there are none."""
    if not pyproject.builds or _KEYS.isdisjoint(pyproject.dynamic):
        return None
    found = hashlib.sha256()
    folder = pyproject.path.parent
    for pattern in _DECIDES:
        for path in sorted(folder.glob(pattern)):
            with contextlib.suppress(OSError):
                # Git may change line ends, and the lock is to be the same everywhere.
                data = path.read_bytes().replace(b"\r\n", b"\n")
                name = path.relative_to(folder).as_posix()
                found.update(f"{name} {hashlib.sha256(data).hexdigest()}\n".encode())
    return found.hexdigest()


def _take_extra(requirement: Requirement) -> Scope:
    """Take the extra out of a requirement's marker, and say which part of the project it is."""
    match = _EXTRA.fullmatch(str(requirement.marker or ""))
    if match is None:
        return BASE
    rest = match["rest"]
    requirement.marker = Marker(rest) if rest else None
    return Scope(ScopeKind.EXTRA, NormalizedName(canonicalize_name(match["extra"])))
