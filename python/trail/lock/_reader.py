"""Reads the lines of requirements files into pins, constraints and options."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urldefrag

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from trail.lock._lines import (
    Line,
    file_options,
    logical_lines,
    read_included,
    read_requirement,
    requirement_options,
)
from trail.lock._references import as_source
from trail.lock.choice import local_path, strong_hashes, url_filename
from trail.lock.pins import Constraint, Pin, Source
from trail.model import NormalizedName
from trail.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from packaging.markers import Marker
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

    from trail.model import Hashes

__all__ = ["Reader"]

_WHEEL = ".whl"
_NAMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\s*(\[[^]]*\])?\s*@")
_EXTRAS = re.compile(r"\[[^]]*\]$")


@dataclass(slots=True, kw_only=True)
class Reader:
    """Collects what a file and the files that it includes say.

    Args:
        read: reads an included file.
        variables: environment variables, for `${NAME}`.
        unpinned: place and text of each requirement that leaves a choice.
        sources: the requirements for what must be built.
    """

    read: Callable[[Path], bytes]
    variables: Mapping[str, str]
    open: list[Path] = field(default_factory=list)
    pins: list[Pin] = field(default_factory=list)
    constraints: list[Constraint] = field(default_factory=list)
    unpinned: list[tuple[str, str]] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    index_url: str | None = None
    extra_index_urls: list[str] = field(default_factory=list)
    find_links: list[str] = field(default_factory=list)
    no_index: bool = False
    require_hashes: bool = False
    only_binary: list[str] = field(default_factory=list)
    no_binary: list[str] = field(default_factory=list)
    pre: bool = False
    trusted_hosts: list[str] = field(default_factory=list)

    def file(self, data: bytes, path: Path, *, constraint: bool = False) -> None:
        """Read a file and all that it includes.

        Args:
            data: the file's bytes.
            path: the file.
            constraint: whether it was named with `-c`.

        Raises:
            LockError: a line cannot be read, or an included file.
        """
        self.open.append(path)
        for line in logical_lines(data, path, self.variables):
            if line.is_option:
                self._options(line, constraint=constraint)
            elif constraint:
                self._constraint(line)
            else:
                self._requirement(line)
        self.open.pop()

    def _options(self, line: Line, *, constraint: bool) -> None:
        options = file_options(line)
        folder = line.path.parent
        for name in options.requirement:
            self._include(line, name, constraint=constraint)
        for name in options.constraint:
            self._include(line, name, constraint=True)
        for location in options.editable:
            self._source(line, _EXTRAS.sub("", location.strip()), editable=True)
        if options.index_url:
            self.index_url = options.index_url[-1]
        self.extra_index_urls += options.extra_index_url
        self.find_links += [
            place if "://" in place else os.path.normpath(folder / place)
            for place in options.find_links
        ]
        self.only_binary += _names(options.only_binary)
        self.no_binary += _names(options.no_binary)
        self.trusted_hosts += options.trusted_host
        self.no_index |= options.no_index
        self.require_hashes |= options.require_hashes
        self.pre |= options.pre

    def _include(self, line: Line, name: str, *, constraint: bool) -> None:
        path, data = read_included(line, name, self.open, self.read)
        self.file(data, path, constraint=constraint)

    def _constraint(self, line: Line) -> None:
        text, hashes = requirement_options(line)
        requirement = read_requirement(line, text)
        if requirement.url:
            raise line.fault("a constraint cannot be an address")
        self.constraints.append(
            Constraint(
                name=NormalizedName(canonicalize_name(requirement.name)),
                specifier=requirement.specifier,
                place=line.place,
                marker=requirement.marker,
                hashes=_hashes(line, hashes),
            )
        )

    def _requirement(self, line: Line) -> None:
        text, hashes = requirement_options(line)
        bare = _bare_location(text)
        if bare:
            location, marker = bare
            filename = _filename(location)
            if not filename.endswith(_WHEEL):
                condition = read_requirement(line, f"x ; {marker}").marker if marker else None
                self._source(line, location, marker=condition, hashes=hashes)
                return
            # Read on as if the wheel's name stood before an `@`.
            name, _ = _wheel_name(line, filename)
            requirement = read_requirement(line, f"{name} @ x" + (f" ; {marker}" if marker else ""))
        else:
            requirement = read_requirement(line, text)
            location = requirement.url or ""
        if location:
            self._direct(line, requirement, location, hashes)
            return
        version = _pinned_version(requirement.specifier)
        if version is None:
            self.unpinned.append((line.place, text))
            return
        self.pins.append(
            Pin(
                name=NormalizedName(canonicalize_name(requirement.name)),
                version=version,
                place=line.place,
                marker=requirement.marker,
                hashes=_hashes(line, hashes),
            )
        )

    def _direct(
        self, line: Line, requirement: Requirement, location: str, hashes: list[str]
    ) -> None:
        whole = location
        location, fragment = urldefrag(location)
        filename = _filename(location)
        if not filename.endswith(_WHEEL):
            self._source(
                line,
                whole,
                name=NormalizedName(canonicalize_name(requirement.name)),
                marker=requirement.marker,
                hashes=hashes,
            )
            return
        if "://" in location:
            path = local_path(location, f"`{filename}` in `{line.place}`")
        else:
            path = Path(os.path.normpath(line.path.parent / location))
        name, version = _wheel_name(line, filename)
        if name != NormalizedName(canonicalize_name(requirement.name)):
            raise line.fault(f"the wheel is of `{name}`, not of `{requirement.name}`")
        given = [f"{key}:{value}" for key, value in parse_qsl(fragment) if key.startswith("sha")]
        self.pins.append(
            Pin(
                name=name,
                version=version,
                place=line.place,
                marker=requirement.marker,
                hashes=_hashes(line, given + hashes),
                filename=filename,
                url=None if path else location,
                path=path,
            )
        )

    def _source(  # noqa: PLR0913  # the parts of a line
        self,
        line: Line,
        location: str,
        *,
        name: NormalizedName | None = None,
        marker: Marker | None = None,
        hashes: Sequence[str] = (),
        editable: bool = False,
    ) -> None:
        fragment = urldefrag(location).fragment
        given = [f"{key}:{value}" for key, value in parse_qsl(fragment) if key.startswith("sha")]
        package = as_source(
            location,
            line.path.parent,
            f"`{location}` in `{line.place}`",
            name=name,
            hashes=_hashes(line, [*given, *hashes]),
            editable=editable,
        )
        if package is None:
            self.unpinned.append((line.place, line.text))
        else:
            self.sources.append(Source(package=package, place=line.place, marker=marker))


def _bare_location(text: str) -> tuple[str, str] | None:
    """Split an address or a path that stands without a name from its marker.

    Returns:
        Location and marker, or None for a requirement that starts with a name.
    """
    if _NAMED.match(text):
        return None
    # `;` may be part of an address, so pip asks for a space behind it there.
    location, _, marker = text.partition("; " if "://" in text else ";")
    location = _EXTRAS.sub("", location.strip())  # a lock has spelled them out
    if location.endswith(_WHEEL) or "/" in location or "\\" in location or location == ".":
        return location, marker.strip()
    return None


def _filename(location: str) -> str:
    """Name the file at the end of an address or a path."""
    return url_filename(location) if "://" in location else Path(location).name


def _wheel_name(line: Line, filename: str) -> tuple[NormalizedName, str]:
    try:
        name, version, _, _ = parse_wheel_filename(filename)
    except InvalidWheelFilename as error:
        raise line.fault(f"`{filename}` is not the name of a wheel") from error
    return NormalizedName(name), str(version)


def _pinned_version(specifier: SpecifierSet) -> str | None:
    """Tell the one version that a specifier allows."""
    specifiers = list(specifier)
    if len(specifiers) != 1 or specifiers[0].operator not in {"==", "==="}:
        return None
    try:
        return str(Version(specifiers[0].version))  # `1.*` is not a version
    except InvalidVersion:
        return None


def _hashes(line: Line, values: Iterable[str]) -> Hashes:
    pairs = [value.split(":", 1) for value in values]
    if not pairs:
        return ()
    for pair in pairs:
        if len(pair) == 1:
            raise line.fault(f"`--hash={pair[0]}` is not ALGORITHM:DIGEST")
    return strong_hashes(((pair[0], pair[1]) for pair in pairs), f"`{line.place}`")


def _names(values: Iterable[str]) -> list[str]:
    return [name.strip() for value in values for name in value.split(",") if name.strip()]
