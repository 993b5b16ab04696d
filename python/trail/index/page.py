"""What an index says about a project; files are made when somebody asks for their version.

A project can have thousands of files, of which a run looks at a few. So a page is kept as
rows, which are cheap to write and read, and rows become `IndexFile`s one version at a time. That
is still dozens for each version: hence a named tuple, made in a third of a dataclass' time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from packaging.version import Version

from trail.index.rows import unpack_rows
from trail.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from trail.index.rows import Packed, Place
    from trail.model import Hashes, NormalizedName

__all__ = [
    "IndexFile",
    "ProjectPage",
    "Releases",
    "Row",
    "as_row",
    "group_files",
    "merge",
    "packed_releases",
]

Row: TypeAlias = tuple[Any, ...]
"""File name, address, hashes, size, requires-python, yanked, hashes of the metadata, time."""


class IndexFile(NamedTuple):
    """A wheel or source distribution that an index or a page of links offers.

    Args:
        name: the project, from the file name.
        version: from the file name, normalised (PEP 440).
        filename: the file's name.
        url: its address, absolute, without credentials of the index.
        hashes: as given by the page; may be empty or weak.
        size: in bytes, or None where the page does not tell.
        requires_python: version specifiers, or None.
        yanked: the reason, empty where there is none; None for a file that is not yanked.
        core_metadata: hashes of the metadata file at `{url}.metadata`; None where there is
            no such file (PEP 658, PEP 714).
        upload_time: when it was uploaded, or None (PEP 700).
        index: address of the index or page of links.
    """

    name: NormalizedName
    version: str
    filename: str
    url: str
    hashes: Hashes = ()
    size: int | None = None
    requires_python: str | None = None
    yanked: str | None = None
    core_metadata: Hashes | None = None
    upload_time: datetime | None = None
    index: str | None = None  # type: ignore[assignment]  # nobody looks for a value in the tuple

    @property
    def is_wheel(self) -> bool:
        """Whether it is a wheel, not a source distribution."""
        return self.filename.endswith(".whl")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPage:
    """What an index says about a project.

    Args:
        name: the project.
        releases: the files by version, the newest version first.
        status: `active`, `archived`, `quarantined` or `deprecated` (PEP 792), or another
            word of a later API.
        reason: for the status, where one is given.
        index: address of the index, or None where only pages of links have the project.
    """

    name: NormalizedName
    releases: Mapping[str, tuple[IndexFile, ...]] = field(default_factory=dict)
    status: str = "active"
    reason: str | None = None
    index: str | None = None

    @property
    def files(self) -> tuple[IndexFile, ...]:
        """All files, those of the oldest version first."""
        return tuple(file for version in reversed([*self.releases]) for file in self.of(version))

    @property
    def standing(self) -> str:
        """Status and reason in words, such as `archived: use the other one`."""
        return f"{self.status}: {self.reason}" if self.reason else self.status

    def of(self, version: str) -> tuple[IndexFile, ...]:
        """The files of a version, in the order of the page.

        Args:
            version: in any spelling: `1.0` finds `1.0.0` as well (PEP 440).
        """
        found = self.releases.get(version)
        if found is not None:
            return found
        wanted = Version(version)
        spelled = (known for known in self.releases if Version(known) == wanted)
        return self.releases.get(next(spelled, version), ())


class Releases(Mapping[str, "tuple[IndexFile, ...]"]):
    """Files by version, made when they are asked for; any number of threads may ask.

    Args:
        name: the project.
        index: address of the index, for the files.
        places: each version, and where its rows are; the newest version first.
        read: gives the rows of a version and its place.
        packed: all rows as they are kept, where they are at hand.
    """

    def __init__(
        self,
        name: NormalizedName,
        index: str | None,
        places: Mapping[str, Any],
        read: Callable[[str, Any], list[Row]],
        packed: Packed | None = None,
    ) -> None:
        self.packed = packed
        self._name = name
        self._index = index
        self._places = places
        self._read = read
        self._made: dict[str, tuple[IndexFile, ...]] = {}

    def __getitem__(self, version: str) -> tuple[IndexFile, ...]:
        made = self._made.get(version)
        if made is None:
            rows = self._read(version, self._places[version])
            made = tuple(_as_file(row, self._name, version, self._index) for row in rows)
            self._made[version] = made
        return made

    def __contains__(self, version: object) -> bool:
        return version in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def rows(self) -> Iterator[tuple[str, list[Row]]]:
        """Each version and its rows, the newest version first."""
        return ((version, self._read(version, place)) for version, place in self._places.items())


def packed_releases(packed: Packed, name: NormalizedName, index: str | None) -> Releases:
    """Make the releases of rows that are at hand.

    Args:
        packed: all rows.
        name: the project.
        index: address of the index, for the files.
    """

    def read(_: str, place: Place) -> list[Row]:
        return unpack_rows(packed.part(*place))

    return Releases(name, index, packed.places(), read, packed)


def group_files(files: Iterable[IndexFile]) -> dict[str, tuple[IndexFile, ...]]:
    """Sort files by version, the newest version first; equal versions count as one."""
    found: dict[Version, list[IndexFile]] = {}
    for file in files:
        found.setdefault(Version(file.version), []).append(file)
    return {
        found[version][0].version: tuple(found[version]) for version in sorted(found, reverse=True)
    }


def merge(linked: Iterable[IndexFile], page: ProjectPage) -> dict[str, tuple[IndexFile, ...]]:
    """Put the files of pages of links before those of an index, version by version."""
    return group_files((*linked, *page.files))


def as_row(file: IndexFile) -> Row:
    """Make the row of a file."""
    return (
        file.filename,
        file.url,
        file.hashes,
        file.size,
        file.requires_python,
        file.yanked,
        file.core_metadata,
        file.upload_time.isoformat() if file.upload_time else None,
    )


def _as_file(row: Row, name: NormalizedName, version: str, index: str | None) -> IndexFile:
    filename, url, hashes, size, requires_python, yanked, metadata, uploaded = row
    return IndexFile(
        name,
        version,
        filename,
        url,
        hashes,
        size,
        requires_python,
        yanked,
        metadata,
        None if uploaded is None else _time(uploaded),
        index,
    )


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
