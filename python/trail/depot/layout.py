"""Every path in a depot is made here (docs/layout.md); no other code joins depot paths.

{root}/
  CACHEDIR.TAG  depot.json
  installed/{name}/{version}/{wheel tags}-{12 hex of the wheel's sha256}/
  prefixes/{key}/
  joined/{key}/
  interpreters/  index/  sources/  builds/
  archives/  compiled/  rewritten/  runtime/  roots/
  staging/  unsynced/
"""

from __future__ import annotations

import os
import re
import zlib
from typing import TYPE_CHECKING

from trail.errors import DepotError
from trail.model import EntryId, NormalizedName, Sha256
from trail.values import dataclass

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "BUILD_FILE",
    "ENTRY_FILE",
    "LAYOUT_VERSION",
    "PREFIX_FILE",
    "Layout",
    "entry_id",
    "flat",
    "scripts",
    "site_packages",
]

LAYOUT_VERSION = 1
ENTRY_FILE = "entry.json"
PREFIX_FILE = "trail.json"
BUILD_FILE = "build.json"

_DIGITS = 12
# 255 bytes is the longest file name nearly everywhere; the digits keep a cut name unique.
_LONGEST_TAGS = 200
_ENTRY_ID = re.compile(r"[a-z0-9][a-z0-9-]*/[A-Za-z0-9!+._-]+/[A-Za-z0-9_.-]+-[0-9a-f]{12}")
_KEY = re.compile(r"[A-Za-z0-9._-]+")
_UNSAFE = re.compile(r"[^A-Za-z0-9!+._-]")


def entry_id(name: NormalizedName, version: str, filename: str, sha256: Sha256) -> EntryId:
    """Name the entry of a wheel.

    Args:
        name: the distribution, normalised.
        version: normalised.
        filename: the wheel's file name; its last three parts are the tags.
        sha256: of the wheel.
    """
    tags = "-".join(filename.removesuffix(".whl").rsplit("-", 3)[1:])
    return EntryId(f"{name}/{version}/{tags[:_LONGEST_TAGS]}-{sha256[:_DIGITS]}")


def flat(subject: str) -> str:
    """Turn a subject (an entry id, a prefix key, …) into one file name, the same one each time.

    Two subjects that are not entry ids may share a name: then they share a lock, which is
    harmless as long as no process waits for one while it holds the other.
    """
    name = subject.replace("/", "+")
    if len(name) <= _LONGEST_TAGS and not _UNSAFE.search(name):
        return name
    data = subject.encode("utf-8", "surrogatepass")
    digits = f"{zlib.crc32(data):08x}{zlib.crc32(data[::-1]):08x}"
    return f"{_UNSAFE.sub('_', name)[: _LONGEST_TAGS - 20]}-{digits}"


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of one depot.

    Args:
        root: the depot's folder, absolute.
    """

    root: Path

    @property
    def cachedir_tag(self) -> Path:
        """The file that tells backup programs to leave the depot out."""
        return self.root / "CACHEDIR.TAG"

    @property
    def depot_file(self) -> Path:
        """The file that says which layout this depot has."""
        return self.root / "depot.json"

    @property
    def installed(self) -> Path:
        """The folder of all entries."""
        return self.root / "installed"

    @property
    def prefixes(self) -> Path:
        """The folder of all prefixes."""
        return self.root / "prefixes"

    @property
    def interpreters(self) -> Path:
        """Pythons that trail installed, and what it knows of others."""
        return self.root / "interpreters"

    @property
    def index(self) -> Path:
        """Index pages and metadata."""
        return self.root / "index"

    @property
    def sources(self) -> Path:
        """Source distributions and checkouts."""
        return self.root / "sources"

    @property
    def builds(self) -> Path:
        """Wheels that were built from sources."""
        return self.root / "builds"

    def checkout(self, key: str) -> Path:
        """The copy of a repository.

        Raises:
            DepotError: the key is not well formed.
        """
        return self.sources / _checked(key, "repository")

    def build(self, key: str) -> Path:
        """The folder of a wheel that was built, and of `build.json`.

        Raises:
            DepotError: the key is not well formed.
        """
        return self.builds / _checked(key, "build")

    @property
    def answers(self) -> Path:
        """What locks came to, for the next project with the same one."""
        return self.root / "answers"

    @property
    def roots(self) -> Path:
        """One small file per project and request: what it uses."""
        return self.root / "roots"

    @property
    def staging(self) -> Path:
        """Unfinished work."""
        return self.root / "staging"

    @property
    def unsynced(self) -> Path:
        """Notes of entries whose bytes may not have reached the disk."""
        return self.root / "unsynced"

    def entry(self, entry: EntryId) -> Path:
        """The folder of an entry.

        Raises:
            DepotError: the id is not well formed.
        """
        if not _ENTRY_ID.fullmatch(entry) or not {".", ".."}.isdisjoint(entry.split("/")):
            raise DepotError(f"`{entry}` is not the id of a depot entry")
        return self.root / f"installed/{entry}"  # joined at once: there are hundreds

    def entry_file(self, entry: EntryId) -> Path:
        """The facts about an entry."""
        return self.entry(entry) / ENTRY_FILE

    def prefix(self, key: str) -> Path:
        """The folder of a prefix.

        Raises:
            DepotError: the key is not well formed.
        """
        return self.prefixes / _checked(key, "prefix")

    def prefix_file(self, key: str) -> Path:
        """The list of entries that a prefix uses."""
        return self.prefix(key) / PREFIX_FILE

    @property
    def joined(self) -> Path:
        """The folder of packages that several distributions share."""
        return self.root / "joined"

    def joined_folder(self, key: str) -> Path:
        """The folder of one of them, which has the shape of a prefix.

        Raises:
            DepotError: the key is not well formed.
        """
        return self.joined / _checked(key, "joined package")

    def joined_file(self, key: str) -> Path:
        """The list of entries that it uses."""
        return self.joined_folder(key) / PREFIX_FILE

    def compiled(self, subject: str) -> Path:
        """The mark that says that trail has compiled `subject`.

        Args:
            subject: a prefix key, or `{cache tag}/{entry id}`.
        """
        return self.root / "compiled" / flat(subject)

    @property
    def archives(self) -> Path:
        """Bytecode in one file for each entry, by cache tags; `trail.runtime` reads it."""
        return self.root / "archives"

    def archive(self, cache_tag: str, entry: EntryId) -> Path:
        """The bytecode of an entry."""
        return self.archives / cache_tag / entry

    @property
    def rewritten(self) -> Path:
        """What pytest keeps of packages, by the keys of prefixes; `trail.runtime` names it."""
        return self.root / "rewritten"

    def runtime(self, digest: str) -> Path:
        """The files of `trail.runtime` with this digest; prefixes link their bytecode."""
        return self.root / "runtime" / digest

    def root_file(self, name: str) -> Path:
        """The file of a root; `name` comes from `trail.depot.roots.root_name`."""
        return self.roots / name

    @property
    def locks(self) -> Path:
        """The folder of lock files."""
        return self.staging / "locks"

    def lock(self, subject: str) -> Path:
        """The lock file that guards making `subject` (an entry id or a prefix key)."""
        return self.locks / f"{flat(subject)}.lock"

    def staged(self, name: str) -> Path:
        """One folder of unfinished work."""
        return self.staging / name

    def staged_lock(self, name: str) -> Path:
        """The lock that lives as long as the process that uses the folder."""
        return self.locks / f"{name}.use"

    def unsynced_since(self, boot: str) -> Path:
        """The folder of notes made since the boot with this id."""
        return self.unsynced / boot

    def note(self, boot: str, subject: str) -> Path:
        """The note that `subject` may not have reached the disk."""
        return self.unsynced_since(boot) / flat(subject)


def _checked(key: str, what: str) -> str:
    if not _KEY.fullmatch(key) or key.startswith("."):
        raise DepotError(f"`{key}` is not the key of a {what}")
    return key


def site_packages(entry: Path, *, windows: bool = os.name == "nt") -> Path:
    """The folder of an entry that corresponds to site-packages."""
    return (
        entry / "Lib" / "site-packages"
        if windows
        else entry.joinpath("lib", "python", "site-packages")
    )


def scripts(entry: Path, *, windows: bool = os.name == "nt") -> Path:
    """The folder of an entry that corresponds to the scripts folder."""
    return entry / ("Scripts" if windows else "bin")
