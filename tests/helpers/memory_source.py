"""A world of packages in memory, for the resolver."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.version import Version

from trail.model import NormalizedName
from trail.resolve.source import Broken, Direct, File, Metadata, Project

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

__all__ = ["MemorySource", "Release", "normal"]


def normal(name: str) -> NormalizedName:
    return NormalizedName(canonicalize_name(name))


@dataclass(frozen=True, kw_only=True)
class Release:
    """What one version of a package is.

    Args:
        requires: its requirements.
        extras: what each extra requires.
        requires_python: version specifiers.
        wheels: compressed tag sets of its wheels.
        sdist: whether it has a source distribution.
        yanked: the reason, or None.
        uploaded: when.
        broken: why its metadata cannot be read, or None.
        early: whether the index tells `requires_python` (else only the metadata does).
    """

    requires: tuple[str, ...] = ()
    extras: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    requires_python: str | None = None
    wheels: tuple[str, ...] = ("py3-none-any",)
    sdist: bool = True
    yanked: str | None = None
    uploaded: datetime | None = None
    broken: str | None = None
    early: bool = True

    def metadata(self, name: NormalizedName, version: Version) -> Metadata | Broken:
        if self.broken is not None:
            return Broken(reason=self.broken)
        extra = [
            f"{text} and extra == '{name}'" if ";" in text else f"{text} ; extra == '{name}'"
            for name, texts in self.extras.items()
            for text in texts
        ]
        return Metadata(
            name=name,
            version=version,
            requires_dist=(*self.requires, *extra),
            requires_python=self.requires_python,
            extras=frozenset(map(normal, self.extras)),
        )

    def files(self, name: NormalizedName, version: Version) -> tuple[File, ...]:
        stem = f"{name.replace('-', '_')}-{version}"
        names = [f"{stem}-{tags}.whl" for tags in self.wheels]
        names += [f"{stem}.tar.gz"] if self.sdist else []
        return tuple(
            File(
                filename=filename,
                url=f"https://files.example/{filename}",
                hashes=(("sha256", hashlib.sha256(filename.encode()).hexdigest()),),
                size=len(filename),
                upload_time=self.uploaded,
                requires_python=self.requires_python if self.early else None,
                yanked=self.yanked,
            )
            for filename in names
        )


class MemorySource:
    """Answers the resolver from memory.

    Args:
        packages: the releases of each package by version.
        directs: name, version and release of what each URL leads to.
        index: address of the index.
    """

    def __init__(
        self,
        packages: Mapping[str, Mapping[str, Release]],
        *,
        directs: Mapping[str, tuple[str, str, Release]] | None = None,
        index: str = "https://index.example/simple",
    ) -> None:
        self._packages = {
            normal(name): {Version(version): release for version, release in releases.items()}
            for name, releases in packages.items()
        }
        self._directs = dict(directs or {})
        self._index = index
        self.elsewhere: frozenset[str] = frozenset()
        self.asked: list[tuple[str, str]] = []  # metadata that was read
        self.pinned: list[tuple[str, str | None]] = []  # projects, and the index to ask
        self.hinted: list[tuple[str, ...]] = []  # projects to fetch ahead
        self.hinted_versions: list[tuple[str, ...]] = []  # metadata to fetch ahead

    def project(self, name: NormalizedName, index: str | None = None) -> Project | None:
        self.pinned.append((name, index))
        if index is not None and index != self._index:
            return None
        releases = self._packages.get(name)
        if releases is None:
            return None
        files = {version: one.files(name, version) for version, one in releases.items()}
        return Project(name=name, releases=files, index=self._index)

    def metadata(
        self, name: NormalizedName, version: Version, index: str | None = None
    ) -> Metadata | Broken:
        assert index in {None, self._index}
        self.asked.append((name, str(version)))
        return self._packages[name][version].metadata(name, version)

    def direct(
        self, name: NormalizedName, direct: Direct
    ) -> tuple[Metadata | Broken, Sequence[File]]:
        if direct.url not in self._directs:
            return Broken(reason="nothing is there"), ()
        _, version, release = self._directs[direct.url]
        return release.metadata(name, Version(version)), ()

    def prefetch(self, names: Iterable[NormalizedName]) -> None:
        self.hinted.append(tuple(names))

    def follow(
        self, environments: Sequence[Mapping[str, str]], elsewhere: Collection[NormalizedName]
    ) -> None:
        assert environments
        self.elsewhere = frozenset(elsewhere)

    def prefetch_metadata(self, name: NormalizedName, versions: Sequence[Version]) -> None:
        self.hinted_versions.append((name, *map(str, versions)))
