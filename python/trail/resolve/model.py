"""The values that go into the resolver and come out of it; all frozen."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from trail.model import NO_NAMES, Names, NormalizedName
from trail.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

    from trail.resolve.accepted import Accepted
    from trail.resolve.source import Direct, File

__all__ = [
    "BASE",
    "Dependency",
    "Locked",
    "LockedDependency",
    "LockedPackage",
    "Names",
    "Options",
    "Origin",
    "Place",
    "Prerelease",
    "Request",
    "Resolution",
    "Resolved",
    "RootRequirement",
    "Scope",
    "ScopeKind",
    "Strategy",
    "Target",
]


# --- what goes in


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An environment that a lock covers.

    Args:
        name: for people, for instance `cpython-3.12 linux-x86_64`; no two targets share one.
        python: the full version that stands for the target.
        environment: its marker values (PEP 508), `extra` not among them.
        tags: the wheels that it accepts (PEP 425).
        more_tags: the same for platforms that no marker tells from this one (musl from glibc,
            old from new); a version must suit all of them.
    """

    name: str
    python: Version
    environment: Mapping[str, str] = field(compare=False)
    tags: Accepted = field(compare=False, repr=False)
    more_tags: tuple[Accepted, ...] = field(default=(), compare=False, repr=False)


class ScopeKind(StrEnum):
    """Which part of a project asks for a requirement."""

    BASE = "base"  # always installed
    EXTRA = "extra"  # an extra of the project
    GROUP = "group"  # a dependency group (PEP 735)


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """A part of the project that can be installed or left out.

    Args:
        kind: what it is.
        name: the extra or group, normalised; empty for the base.
    """

    kind: ScopeKind
    name: NormalizedName


BASE = Scope(ScopeKind.BASE, NormalizedName(""))
"""What is always installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a person wrote a requirement.

    Args:
        file: as it is shown, for instance `pyproject.toml`; empty for the command line.
        key: the place in it, for instance `project.dependencies` or `line 3`.
    """

    file: str = ""
    key: str = ""

    @property
    def text(self) -> str:
        """The place in words."""
        parts = [part for part in (self.key, self.file and f"in {self.file}") if part]
        return " ".join(parts) or "on the command line"


@dataclass(frozen=True, slots=True, kw_only=True)
class RootRequirement:
    """A requirement that a person wrote.

    Args:
        requirement: what is required; with a URL, it decides where the package comes from.
        origin: where it stands.
        scope: the part of the project that asks.
        editable: whether the folder that the URL names is used in place.
    """

    requirement: Requirement
    origin: Origin = Origin()
    scope: Scope = BASE
    editable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a package is to come from, whoever requires it; either `direct` or `index` is given.

    Args:
        name: the package.
        direct: the archive, folder or repository.
        index: the address of the one index that may have it.
        marker: where that holds; empty for everywhere.
        origin: where a person wrote it.
    """

    name: NormalizedName
    direct: Direct | None = None
    index: str | None = None
    marker: str = ""
    origin: Origin = Origin()


class Strategy(StrEnum):
    """Which versions are tried first (`--resolution`)."""

    HIGHEST = "highest"
    LOWEST = "lowest"
    LOWEST_DIRECT = "lowest-direct"  # the lowest of what a person wrote, the highest of the rest


class Prerelease(StrEnum):
    """Whether pre-releases may be chosen (`--prerelease`)."""

    IF_NECESSARY = "if-necessary"  # where the project asks for one, or nothing else satisfies
    ALLOW = "allow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to choose.

    Args:
        strategy: which versions are tried first.
        prerelease: whether pre-releases may be chosen.
        exclude_newer: files uploaded at this time or later do not exist; with a time zone.
        cutoff: the same as a person wrote it, for the lock: an age stays one.
        exclude_newer_package: the same for some packages; None for no limit.
        cutoffs: the same as a person wrote them, empty for no limit.
        constraints: hold where the package is required at all.
        overrides: replace every requirement for their packages, whoever wrote it.
        preferences: versions of the existing lock, tried first where they satisfy.
        upgrade: for these the preferences do not count.
        no_build: these are taken as wheels only.
        no_binary: these are taken as source distributions only.
    """

    strategy: Strategy = Strategy.HIGHEST
    prerelease: Prerelease = Prerelease.IF_NECESSARY
    exclude_newer: datetime | None = None
    cutoff: str = ""
    exclude_newer_package: Mapping[NormalizedName, datetime | None] = field(default_factory=dict)
    cutoffs: Mapping[NormalizedName, str] = field(default_factory=dict)
    constraints: tuple[RootRequirement, ...] = ()
    overrides: tuple[RootRequirement, ...] = ()
    preferences: Mapping[NormalizedName, tuple[Version, ...]] = field(default_factory=dict)
    upgrade: Names = NO_NAMES
    no_build: Names = NO_NAMES
    no_binary: Names = NO_NAMES

    def limit(self, name: NormalizedName) -> datetime | None:
        """Say from when on files of a project do not exist; None for no limit."""
        return self.exclude_newer_package.get(name, self.exclude_newer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What shall be resolved.

    Args:
        roots: the requirements of the project, its extras and its groups (included groups
            already put in). An extra that names other extras of the project itself is taken
            as it stands: `everything = ["project[one,two]"]`.
        name: the project's own name, or None. A requirement for it is always satisfied by
            the project itself.
        places: where some packages are to come from.
        requires_python: which Pythons the project supports, or None for all.
        options: how to choose.
    """

    roots: tuple[RootRequirement, ...]
    name: NormalizedName | None = None
    places: tuple[Place, ...] = ()
    requires_python: SpecifierSet | None = None
    options: Options = field(default_factory=Options)


# --- what comes out, for one target


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """An edge: one package requires another.

    Args:
        name: the package that is required.
        extras: the extras that are asked of it.
        requirement: as the metadata has it, or as an override has it instead.
    """

    name: NormalizedName
    extras: frozenset[NormalizedName]
    requirement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A package as it was chosen for one target.

    Args:
        name: the distribution.
        version: its version.
        extras: the extras that somebody asked of it, as far as it has them.
        dependencies: of the package itself, and of each of `extras`; sorted. The key is the
            extra, empty for the package itself.
        requires_python: version specifiers of its metadata, or None.
        files: every file of this version that may be installed somewhere.
        index: address of the index it comes from, or None.
        direct: where it comes from instead of an index, or None.
        yanked: the reason for which it was yanked, or None.
        build: whether no wheel fits, so that it must be built on this target.
    """

    name: NormalizedName
    version: Version
    extras: frozenset[NormalizedName] = frozenset()
    dependencies: Mapping[NormalizedName, tuple[Dependency, ...]] = field(default_factory=dict)
    requires_python: str | None = None
    files: tuple[File, ...] = ()
    index: str | None = None
    direct: Direct | None = None
    yanked: str | None = None
    build: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """The packages for one target.

    Args:
        target: the target.
        packages: by name, sorted.
        roots: for each part of the project, what it requires here; sorted.
    """

    target: Target
    packages: Mapping[NormalizedName, Resolved]
    roots: Mapping[Scope, tuple[Dependency, ...]]


# --- what comes out, for all targets


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedDependency:
    """One package requires another, on all targets of the package or on some.

    Args:
        name: the package that is required.
        version: which of its versions, where the lock has several; else None.
        marker: where that holds; None for everywhere that the package itself is installed.
    """

    name: NormalizedName
    version: str | None = None
    marker: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedPackage:
    """One entry of the lock.

    Args:
        name: the distribution.
        version: its version.
        marker: where it is installed (PEP 508 with `extras` and `dependency_groups`, as PEP
            751 has them); None for everywhere.
        dependencies: what it requires; sorted.
        requires_python: version specifiers of its metadata, or None.
        files: the wheels that some target accepts, and the source distribution; sorted by name.
        index: address of the index it comes from, or None.
        direct: where it comes from instead of an index, or None.
        extras: the extras that somebody asked of it.
        scopes: the parts of the project that need it, sorted; `BASE` where it is always needed.
        targets: the names of the targets that have it, in their order.
        yanked: the reason for which it was yanked, or None.
    """

    name: NormalizedName
    version: Version
    marker: str | None = None
    dependencies: tuple[LockedDependency, ...] = ()
    requires_python: str | None = None
    files: tuple[File, ...] = ()
    index: str | None = None
    direct: Direct | None = None
    extras: frozenset[NormalizedName] = frozenset()
    scopes: tuple[Scope, ...] = ()
    targets: tuple[str, ...] = ()
    yanked: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """The packages for all targets.

    Args:
        packages: sorted by name, then version.
        environments: markers of the targets that are covered, in their order.
        extras: of the project, sorted.
        groups: of the project, sorted.
        targets: the names of the targets that are covered, in their order.
    """

    packages: tuple[LockedPackage, ...]
    environments: tuple[str, ...] = ()
    extras: tuple[NormalizedName, ...] = ()
    groups: tuple[NormalizedName, ...] = ()
    targets: tuple[str, ...] = ()
