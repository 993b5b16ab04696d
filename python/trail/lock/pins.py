"""The values of a pinned requirements file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trail.values import dataclass

if TYPE_CHECKING:
    from pathlib import Path

    from packaging.markers import Marker
    from packaging.specifiers import SpecifierSet

    from trail.model import Hashes, NormalizedName, SourcePackage

__all__ = ["Constraint", "Pin", "Requirements", "Source"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One requirement.

    Args:
        name: the distribution.
        version: normalised (PEP 440).
        place: `file:line`.
        marker: when it applies, or None for always.
        hashes: pairs of algorithm and digest; any one of them will do.
        filename: the wheel's, where an address or a path is given.
        url: the wheel's address, without fragment.
        path: the wheel's path, absolute if the requirements file's is.
    """

    name: NormalizedName
    version: str
    place: str
    marker: Marker | None = None
    hashes: Hashes = ()
    filename: str | None = None
    url: str | None = None
    path: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A requirement for what must be built.

    Args:
        package: what it is.
        place: `file:line`.
        marker: when it applies, or None for always.
    """

    package: SourcePackage
    place: str
    marker: Marker | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """A line of a constraints file: it asks for nothing, but may forbid a version.

    Args:
        name: the distribution.
        specifier: the versions that are allowed.
        place: `file:line`.
        marker: when it applies, or None for always.
        hashes: for a pin that has none of its own.
    """

    name: NormalizedName
    specifier: SpecifierSet
    place: str
    marker: Marker | None = None
    hashes: Hashes = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """A requirements file with all that it includes.

    Args:
        path: the file.
        pins: its requirements, in order.
        sources: its requirements for what must be built, in order.
        constraints: what the files named with `-c` say.
        index_url: the index to ask, or None if the file names none.
        extra_index_urls: further indexes.
        find_links: addresses and paths of pages or folders with wheels.
        no_index: whether indexes must not be asked.
        require_hashes: whether every requirement that applies must have a hash.
        only_binary: names, `:all:` or `:none:`, in order.
        no_binary: the same.
        pre: whether pre-releases are allowed; without meaning for pins.
        trusted_hosts: hosts that need no valid certificate.
    """

    path: Path
    pins: tuple[Pin, ...] = ()
    sources: tuple[Source, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    no_index: bool = False
    require_hashes: bool = False
    only_binary: tuple[str, ...] = ()
    no_binary: tuple[str, ...] = ()
    pre: bool = False
    trusted_hosts: tuple[str, ...] = ()
