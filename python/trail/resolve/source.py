"""What the resolver asks of the world; `commands` answers with the index client.

The resolver asks for one thing at a time and waits for it. What it is likely to ask for next
it names by `prefetch` and `prefetch_metadata`, so that a source can fetch in the background.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from packaging.version import Version

    from trail.model import Hashes, NormalizedName

__all__ = ["Broken", "Direct", "File", "Metadata", "Project", "Source"]


class File(NamedTuple):
    """A wheel or source distribution; there are thousands.

    Args:
        filename: the file's name; tags are taken from it.
        url: its address without credentials, or None for `path`.
        path: the file, absolute or as a person wrote it, or None for `url`.
        hashes: as the index gives them; may be empty or weak.
        size: in bytes, or None where that is not known.
        upload_time: when it was uploaded, or None.
        requires_python: version specifiers, or None.
        yanked: the reason, empty where none is given; None for a file that is not yanked.
    """

    filename: str
    url: str | None = None
    path: str | None = None
    hashes: Hashes = ()
    size: int | None = None
    upload_time: datetime | None = None
    requires_python: str | None = None
    yanked: str | None = None

    @property
    def is_wheel(self) -> bool:
        """Whether it is a wheel, not a source distribution."""
        return self.filename.endswith(".whl")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Project:
    """What an index has of a project.

    Args:
        name: the project.
        releases: the files of each version, in any order. May read them when they are asked
            for: the resolver goes through all versions, but touches few values.
        texts: the same versions as texts, normalised, the newest one first; None where that
            order is not known. What is given is not parsed before it is looked at.
        index: address of the index, without credentials; None where pages of links have it.
        status: what the index says of it, such as `quarantined: malware`; None for nothing.
    """

    name: NormalizedName
    releases: Mapping[Version, Sequence[File]]
    texts: Sequence[str] | None = None
    index: str | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """The core metadata of one version.

    Args:
        name: the distribution.
        version: its version.
        requires_dist: requirements as they are written (PEP 508).
        requires_python: version specifiers, or None.
        extras: the extras that it provides, normalised (PEP 685).
    """

    name: NormalizedName
    version: Version
    requires_dist: tuple[str, ...] = ()
    requires_python: str | None = None
    extras: frozenset[NormalizedName] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """Says why a version cannot be used: no readable metadata, or a build that failed.

    Args:
        reason: in words, goes on after “metadata that …”, for instance `cannot be read`.
    """

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Direct:
    """A requirement's own source: an archive, a folder or a repository (PEP 440, PEP 610).

    Args:
        url: as in the requirement; `file://` for what is on this machine.
        editable: whether a folder is to be used in place.
        virtual: whether it has requirements only, and nothing that could be installed.
    """

    url: str
    editable: bool = False
    virtual: bool = False


Answer: TypeAlias = Metadata | Broken


class Source(Protocol):
    """Where projects and metadata come from. Network errors are raised, not returned."""

    def project(self, name: NormalizedName, index: str | None = None) -> Project | None:
        """Tell what there is of a project.

        Args:
            name: the project.
            index: the address of the one index that may have it; None for the first that does.

        Returns:
            None if no index knows it.
        """

    def metadata(self, name: NormalizedName, version: Version, index: str | None = None) -> Answer:
        """Read the metadata of a version that `project` named, asked for the same index."""

    def direct(self, name: NormalizedName, direct: Direct) -> tuple[Answer, Sequence[File]]:
        """Read the metadata of a direct reference, and name its file where it is one."""

    def prefetch(self, names: Iterable[NormalizedName]) -> None:
        """Hint that `project` will be asked for these soon; must not wait."""

    def follow(
        self, environments: Sequence[Mapping[str, str]], elsewhere: Collection[NormalizedName]
    ) -> None:
        """Hint that what is fetched ahead of time may lead on to what it requires.

        Args:
            environments: the marker values of the targets.
            elsewhere: what does not come from just any index, so that none may hear of it.
        """

    def prefetch_metadata(self, name: NormalizedName, versions: Sequence[Version]) -> None:
        """Hint that `metadata` will be asked for these soon, the first ones first; as above."""
