"""What the depot keeps of builds: `build.json`, and beside it the wheel or its METADATA."""

from __future__ import annotations

import contextlib
import json
import os
import time
from typing import TYPE_CHECKING

from trail.depot.layout import BUILD_FILE, entry_id
from trail.errors import TrailError
from trail.model import EntryId, Sha256
from trail.values import dataclass
from trail.wheel.filename import parse_filename

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trail.depot.folder import Depot
    from trail.depot.layout import Layout

__all__ = ["METADATA", "BuildRecord", "dump_build", "note_use", "read_build", "read_builds"]

METADATA = "METADATA"
"""The file that is kept where only metadata was asked for."""

_LAYOUT = 1
_USED_AGAIN = 24 * 3600  # seconds after which a use is noted anew, as for entries


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRecord:
    """The content of a `build.json`.

    Args:
        filename: of the wheel, or `METADATA`.
        sha256: of that file.
        digest: of the source.
        editable: whether the wheel refers to a folder (PEP 660).
        requires: ids of the entries that it was built with, sorted.
    """

    filename: str
    sha256: Sha256
    digest: str = ""
    editable: bool = False
    requires: tuple[str, ...] = ()

    @property
    def entry(self) -> EntryId | None:
        """The entry that the wheel became; None for metadata."""
        if self.filename == METADATA:
            return None
        named = parse_filename(self.filename)
        return entry_id(named.name, named.version, self.filename, self.sha256)


def dump_build(record: BuildRecord) -> bytes:
    """Write a `build.json`."""
    content = {
        "layout": _LAYOUT,
        "filename": record.filename,
        "sha256": record.sha256,
        "digest": record.digest,
        "editable": record.editable,
        "requires": list(record.requires),
    }
    return (json.dumps(content, indent=1) + "\n").encode()


def read_build(layout: Layout, key: str) -> BuildRecord | None:
    """Read a `build.json`; None where it is missing, damaged, or of a later trail."""
    try:
        found = json.loads((layout.build(key) / BUILD_FILE).read_bytes())
        if found["layout"] != _LAYOUT:
            return None
        record = BuildRecord(
            filename=str(found["filename"]),
            sha256=Sha256(str(found["sha256"])),
            digest=str(found.get("digest", "")),
            editable=bool(found.get("editable", False)),
            requires=tuple(map(str, found.get("requires", ()))),
        )
        _ = record.entry  # which reads the file's name
    except (OSError, ValueError, TypeError, LookupError, TrailError):
        return None
    return record


def read_builds(depot: Depot) -> Iterator[tuple[str, BuildRecord]]:
    """Give all builds that can be read, in the order of their keys.

    Raises:
        DepotError: a name in the folder is no key.
    """
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for path in sorted(depot.layout.builds.iterdir()):
            record = read_build(depot.layout, path.name)
            if record is not None:
                yield path.name, record


def note_use(depot: Depot, key: str) -> None:
    """Note that a build was used, at most once a day (docs/layout.md, section 9)."""
    file = depot.layout.build(key) / BUILD_FILE
    with contextlib.suppress(OSError):  # another user's: then their uses count
        if depot.writable and time.time() - file.stat().st_mtime > _USED_AGAIN:
            os.utime(file)
