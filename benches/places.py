"""Where to measure: in memory, on the disk, on a journaled ext4 of our own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PLACES", "Place", "open_place"]

PLACES = ("tmpfs", "disk", "ext4")

_IMAGE_SIZE = 40 << 30  # sparse: only what is written takes space


class Place:
    """A folder to measure in.

    ext4 without a journal scans recently deleted inodes at every create for minutes after a
    deletion, which makes everybody six times slower. Hence nothing is deleted on a disk
    before the end, and every round has fresh folders. Memory has no such trap, and little room.

    Args:
        name: one of `PLACES`.
        folder: empty.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self._made = 0

    def fresh(self, label: str) -> Path:
        """Make a folder that nobody used before."""
        self._made += 1
        folder = self.folder / f"{self._made:03}-{label}"
        folder.mkdir()
        return folder

    def done_with(self, folder: Path) -> None:
        """Delete a folder where that does no harm to the figures."""
        if self.name == "tmpfs":
            _remove(folder)

    def describe(self) -> str:
        """The file system, as the kernel names it."""
        best = ("", "unknown")
        for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines():
            _, mount, kind, options, *_ = line.split()
            if self.folder.is_relative_to(mount) and len(mount) >= len(best[0]):
                best = (mount, f"{kind} ({options})")
        return best[1]


@contextmanager
def open_place(name: str, disk: Path) -> Iterator[Place]:
    """Make a place, and remove it at the end.

    Args:
        name: `tmpfs` (/dev/shm), `disk` (a folder below `disk`), or `ext4` (a file below `disk`
            mounted as a journaled ext4; needs root).
        disk: a folder on the disk to measure.
    """
    base = Path("/dev/shm") if name == "tmpfs" else disk  # noqa: S108  # that it is memory is the point
    base.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="trail-benches-", dir=base))
    try:
        if name == "ext4":
            with _mounted(folder) as mount:
                yield Place(name, mount)
        else:
            yield Place(name, folder)
    finally:
        _remove(folder)


@contextmanager
def _mounted(folder: Path) -> Iterator[Path]:
    image = folder / "ext4.img"
    with image.open("wb") as file:
        file.truncate(_IMAGE_SIZE)
    mount = folder / "mount"
    mount.mkdir()
    # Nothing may be left for the kernel to finish in the background after the mount.
    options = ("-q", "-F", "-i", "32768", "-E", "lazy_itable_init=0,lazy_journal_init=0")
    subprocess.run(["mkfs.ext4", "-O", "has_journal", *options, image], check=True)
    subprocess.run(["mount", "-o", "loop", image, mount], check=True)
    try:
        inner = mount / "benches"
        inner.mkdir()
        yield inner
    finally:
        subprocess.run(["umount", "--lazy", mount], check=True)


def _remove(folder: Path) -> None:
    # Depots are read-only; only their owner's folders stand in the way.
    for parent, _, _ in os.walk(folder):
        Path(parent).chmod(0o700)
    shutil.rmtree(folder)
