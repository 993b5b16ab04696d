"""The depots that a process uses: searched in order, the first writable one receives."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from trail.depot import durable
from trail.depot.boot import boot_id
from trail.depot.entry import EntryInfo, Origin
from trail.depot.faults import depot_error
from trail.depot.folder import Depot
from trail.depot.layout import LAYOUT_VERSION, Layout, entry_id
from trail.depot.unpacked import Entry, check_same, read_facts
from trail.errors import DepotError
from trail.files import write_atomic
from trail.model import Sha256
from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from trail.model import EntryId, WheelFile
    from trail.wheel.engine import Reader

__all__ = ["Depot", "Entry", "EntryInfo", "Origin", "Stack", "check_all", "open_depots"]

# The first line is the whole standard: https://bford.info/cachedir/
_CACHEDIR_TAG = b"""\
Signature: 8a477f597d28d172789f06886806bc55
# This folder is a depot of trail: all of it can be made again.
# Backup programs may leave it out, see https://bford.info/cachedir/
"""


@dataclass(frozen=True, slots=True)
class Stack:
    """Depots in the order in which they are searched.

    Args:
        depots: those that exist.
        unusable: those that do not, and why.
    """

    depots: tuple[Depot, ...]
    unusable: tuple[tuple[Path, str], ...] = ()

    def find(self, identity: EntryId, sha256: Sha256 | None = None) -> Entry | None:
        """Look an entry up in each depot.

        Args:
            identity: which one.
            sha256: of the wheel that is meant; compared with `entry.json`, as the id holds
                only 12 of its 64 digits.

        Raises:
            DepotError: a depot has another wheel under that id, or cannot be read.
        """
        for depot in self.depots:
            entry = depot.find(identity)
            if entry is not None:
                if sha256 is not None:
                    check_same(entry, sha256)
                return entry
        return None

    def find_wheel(self, wheel: WheelFile) -> Entry | None:
        """Look a wheel up by its sha256; a wheel of which nobody told it is not found.

        Raises:
            DepotError: as `find`.
        """
        found = self.locate(wheel)
        return check_all((found,), None)[0] if found is not None else None

    def locate(self, wheel: WheelFile) -> tuple[Entry, Sha256] | None:
        """Look a wheel up, and give the sha256 that is to be compared: see `check_all`.

        Raises:
            DepotError: a depot cannot be read.
        """
        for algorithm, digest in wheel.hashes:  # pins may allow several files
            if algorithm == "sha256":
                identity = entry_id(wheel.name, wheel.version, wheel.filename, Sha256(digest))
                entry = self.find(identity)
                if entry is not None:
                    return entry, Sha256(digest)
        return None

    def entries(self) -> Iterator[Entry]:
        """Give all entries of all depots, in the order of the depots and of their ids."""
        for depot in self.depots:
            yield from depot.entries()

    @property
    def receiver(self) -> Depot:
        """The depot that new entries go to.

        Raises:
            DepotError: none can be written.
        """
        for depot in self.depots:
            if depot.writable:
                return depot
        reasons = [(str(depot.layout.root), "read-only") for depot in self.depots]
        reasons += [(str(path), reason) for path, reason in self.unusable]
        raise DepotError(
            "there is no depot that can be written",
            details=tuple(("depot", f"{path} ({reason})") for path, reason in reasons),
            hint="put a folder that you can write first: TRAIL_DEPOT=~/.trail",
        )


def check_all(found: Sequence[tuple[Entry, Sha256]], reader: Reader | None) -> tuple[Entry, ...]:
    """Check that entries are the wheels that are meant; their facts are known then.

    Args:
        found: what `Stack.locate` gave.
        reader: the engine's, which reads many at once.

    Raises:
        DepotError: one is another wheel with the same id, or its `entry.json` is damaged.
    """
    read_facts([entry for entry, _ in found], reader)
    for entry, sha256 in found:
        check_same(entry, sha256)
    return tuple(entry for entry, _ in found)


def open_depots(paths: Sequence[Path], *, boot: str | None = None) -> Stack:
    """Open depots; the first that can be written is made if it does not exist.

    Args:
        paths: absolute, in the order of the search.
        boot: the id of the machine's present run; None asks the machine.

    Raises:
        DepotError: a path is relative, is no depot, or is the depot of a later trail.
    """
    boot = boot_id() if boot is None else boot
    depots: list[Depot] = []
    unusable: list[tuple[Path, str]] = []
    received = False
    for path in paths:
        if not path.is_absolute():
            raise DepotError(f"the depot's path `{path}` is not absolute")
        layout = Layout(path)
        found = _is_depot(layout)
        if not found:
            # A later one that does not exist is not needed.
            if received:
                unusable.append((path, "does not exist"))
                continue
            try:
                _make(layout)
            except OSError as error:
                reason = depot_error(error, "make the depot", path).message
                unusable.append((path, reason.rpartition("`: ")[2]))
                continue
        writable = _can_write(path)
        received = received or writable
        depots.append(Depot(layout, writable, boot, durable.suspects(layout, boot)))
    return Stack(tuple(depots), tuple(unusable))


def _is_depot(layout: Layout) -> bool:
    """Whether this is a depot (True) or can become one (False).

    Raises:
        DepotError: it is something else, or the depot of a later trail.
    """
    try:
        data = layout.depot_file.read_bytes()
    except FileNotFoundError:
        return _check_free(layout)
    except OSError as error:
        raise depot_error(error, "open the depot", layout.root) from error
    try:
        version = json.loads(data)["layout"]
    except (ValueError, TypeError, LookupError):
        version = None
    if type(version) is not int or version < 1:
        raise DepotError(
            f"cannot open the depot `{layout.root}`: its depot.json is damaged",
            details=(("expected", json.dumps({"layout": LAYOUT_VERSION})),),
            hint="move the folder away; all of it can be made again",
        )
    if version > LAYOUT_VERSION:
        raise DepotError(
            f"cannot use the depot `{layout.root}`: a later trail made it",
            details=(("layout", str(version)), ("known", str(LAYOUT_VERSION))),
            hint="upgrade trail, or set TRAIL_DEPOT to another folder",
        )
    return True


def _check_free(layout: Layout) -> bool:
    # Another process may be making the depot just now: its first file is depot.json, which
    # has a temporary name before (files.write_atomic).
    try:
        names = sorted(path.name for path in layout.root.iterdir())
    except FileNotFoundError:
        return False
    except OSError as error:
        raise depot_error(error, "open the depot", layout.root) from error
    strange = [
        name
        for name in names
        if not name.startswith(f".{layout.depot_file.name}.") and name != "lost+found"
    ]
    if not strange:
        return False
    if layout.depot_file.exists():
        return _is_depot(layout)
    raise DepotError(
        f"`{layout.root}` is not a depot, and not empty",
        details=(("missing", layout.depot_file.name), ("has", ", ".join(strange[:3]))),
        hint="set TRAIL_DEPOT to an empty folder, or one that does not exist",
    )


def _make(layout: Layout) -> None:
    layout.root.mkdir(parents=True, exist_ok=True)
    content = json.dumps({"layout": LAYOUT_VERSION}) + "\n"
    write_atomic(layout.depot_file, content.encode())
    write_atomic(layout.cachedir_tag, _CACHEDIR_TAG)


def _can_write(root: Path) -> bool:
    kwargs = {"effective_ids": True} if os.access in os.supports_effective_ids else {}
    return os.access(root, os.W_OK | os.X_OK, **kwargs)
