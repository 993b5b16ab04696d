"""Unpack a wheel: inflate, check and write each file in one pass (section 5).

The work is cut into chunks of files that may run on any thread; nothing here starts one.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from typing import TYPE_CHECKING, Self

from trail.model import Facts, Mismatch, Sha256
from trail.values import dataclass
from trail.wheel.archive import Archive, read_contents
from trail.wheel.facts import (
    find_below,
    find_escapes,
    find_schemes,
    find_startup,
    find_top_level,
)
from trail.wheel.faults import Fault
from trail.wheel.names import split_parents
from trail.wheel.native_libraries import is_native, read_search_paths
from trail.wheel.plan import Plan, Target, make_plan
from trail.wheel.record import format_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from trail.wheel.engine import Job

__all__ = [
    "Stopped",
    "Written",
    "check_contents",
    "check_free_space",
    "finish",
    "make_folders",
    "open_job",
    "split_targets",
    "unpack_targets",
]

_CHUNK_BYTES = 1 << 20
_CHUNK_FILES = 64
_FLAGS = (
    os.O_RDWR
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_READ_ONLY = 0o555
_INSTALLER = b"trail\n"


class Stopped(Exception):  # noqa: N818  # no error: the unpacker is being left
    """The job was given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file that was checked and, unless it is not wanted, written.

    Args:
        landing: its path below the entry, or None.
        sha256: of its content, in hexadecimal digits.
        size: in bytes.
        searches: where it looks for native libraries: tag and element.
        mismatches: differences from RECORD that are tolerated.
    """

    landing: str | None
    sha256: str
    size: int
    searches: tuple[tuple[str, str], ...] = ()
    mismatches: tuple[Mismatch, ...] = ()


def open_job(job: Job) -> Plan:
    """Check everything but the contents.

    Raises:
        Fault: a rule of sections 1 to 4 is broken.
        OSError: the archive cannot be read.
    """
    with Archive(job.wheel) as archive:
        contents = read_contents(archive, max_unpacked=job.max_unpacked)
        return make_plan(archive, contents, job)


def check_free_space(plan: Plan, destination: Path, promised: int) -> int:
    """Refuse a wheel that does not fit.

    Args:
        plan: the wheel.
        destination: where it will be written, in a folder that exists.
        promised: bytes that other wheels under way will still write.

    Returns:
        How many bytes this one will write.

    Raises:
        Fault: `disk-full`.
        OSError: the file system does not tell.
    """
    needed = sum(target.member.size for target in plan.targets)
    free = max(0, shutil.disk_usage(destination.parent).free - promised)
    if needed > free:
        raise Fault("disk-full", expected=str(needed), actual=str(free))
    return needed


def make_folders(plan: Plan, destination: Path) -> None:
    """Make the folder of the entry, and all folders that hold a file.

    Raises:
        OSError: one cannot be made, or the destination exists.
    """
    destination.mkdir()
    for folder in _folders(_landings(plan)):
        os.mkdir(os.path.join(destination, folder))  # noqa: PTH102, PTH118  # twice as fast


def _landings(plan: Plan) -> list[str]:
    found = [target.landing for target in plan.targets if target.landing is not None]
    return [*found, f"{_dist_info(plan)}/RECORD"]


def _dist_info(plan: Plan) -> str:
    return f"{plan.placement.site_packages}/{plan.placement.dist_info}"


def _folders(paths: Iterable[str]) -> list[str]:
    """List all folders above some paths, parents first."""
    folders: set[str] = set()
    for path in paths:
        for parent in split_parents(path):
            if parent in folders:
                break
            folders.add(parent)
    return sorted(folders)


def split_targets(targets: Sequence[Target]) -> Iterator[Sequence[Target]]:
    """Cut the files into runs of up to 1 MiB or 64 files, in the order of the directory."""
    start = size = 0
    for index, target in enumerate(targets):
        if index > start and (
            size + target.member.size > _CHUNK_BYTES or index - start == _CHUNK_FILES
        ):
            yield targets[start:index]
            start, size = index, 0
        size += target.member.size
    if start < len(targets):
        yield targets[start:]


def unpack_targets(
    job: Job, targets: Sequence[Target], *, stopped: Callable[[], bool]
) -> Iterator[Written]:
    """Check and write files, one after the other.

    Args:
        job: where the wheel and the destination are.
        targets: the files.
        stopped: is asked now and then; once it is true, `Stopped` is raised.

    Raises:
        Fault: a rule of section 5 is broken.
        OSError: reading or writing fails.
    """
    with Archive(job.wheel) as archive:
        for target in targets:
            if stopped():
                raise Stopped
            blocks = _checked(stopped, archive.blocks(target.member, target.start))
            yield _unpack(target, blocks, str(job.destination))


def _checked(stopped: Callable[[], bool], blocks: Iterator[bytes]) -> Iterator[bytes]:
    for block in blocks:
        if stopped():
            raise Stopped
        yield block


def check_contents(
    target: Target, blocks: Iterable[bytes], write: Callable[[bytes], object]
) -> tuple[str, tuple[Mismatch, ...]]:
    """Hash a file while it is written, and compare it with its row in RECORD.

    Args:
        target: the file.
        blocks: its content.
        write: takes each block.

    Returns:
        The sha256 in hexadecimal digits, and differences that are tolerated.

    Raises:
        Fault: `record-size` or `record-hash`.
    """
    sha256 = hashlib.sha256()
    algorithm = target.row.algorithm if target.row is not None else None
    longer = hashlib.new(algorithm) if algorithm in {"sha384", "sha512"} else None
    for block in blocks:
        sha256.update(block)
        if longer is not None:
            longer.update(block)
        write(block)
    digest = sha256.hexdigest()
    return digest, tuple(_compare(target, digest, longer.hexdigest() if longer else digest))


def _unpack(target: Target, blocks: Iterator[bytes], destination: str) -> Written:
    searches: list[tuple[str, str]] = []
    if target.landing is None:
        sha256, mismatches = check_contents(target, blocks, len)
    else:
        path = os.path.join(destination, target.landing)  # noqa: PTH118  # twice as fast
        with _NewFile(path, executable=target.executable) as file:
            sha256, mismatches = check_contents(target, blocks, file.write)
            if is_native(file.head):
                searches = read_search_paths(file.read_at)
    return Written(
        landing=target.landing,
        sha256=sha256,
        size=target.member.size,
        searches=tuple(searches),
        mismatches=mismatches,
    )


def _compare(target: Target, sha256: str, digest: str) -> Iterator[Mismatch]:
    """Compare a file with its row in RECORD."""
    path, row = target.member.name, target.row
    if target.unlisted:
        yield Mismatch(path=path, rule="record-unlisted", expected=None, actual=f"sha256={sha256}")
    if row is None:
        return
    differences = []
    if row.size is not None and row.size != target.member.size:
        differences.append(("record-size", str(row.size), str(target.member.size)))
    if row.strong and row.digest != digest:
        differences.append(("record-hash", str(row.hash), f"{row.algorithm}={digest}"))
    for rule, expected, actual in differences:
        if not target.tolerated:
            raise Fault(rule, path, expected=expected, actual=actual)
        yield Mismatch(path=path, rule=rule, expected=expected, actual=actual)


class _NewFile:
    """A new file with its final mode, which may forbid writing it again."""

    def __init__(self, path: str, *, executable: bool) -> None:
        self.head = b""
        mode = 0o555 if executable else 0o444
        self._descriptor = os.open(path, _FLAGS, mode)
        if os.name != "nt":
            os.fchmod(self._descriptor, mode)  # a strict umask does not count

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def write(self, data: bytes) -> None:
        self.head = self.head or data[:4]
        written = os.write(self._descriptor, data)
        while written < len(data):
            written += os.write(self._descriptor, memoryview(data)[written:])

    def read_at(self, offset: int, size: int) -> bytes:
        os.lseek(self._descriptor, offset, os.SEEK_SET)
        return os.read(self._descriptor, size)


def finish(job: Job, plan: Plan, written: Sequence[Written]) -> Facts:
    """Write INSTALLER and RECORD, make the folders read-only, and sum up.

    Args:
        job: the job.
        plan: the wheel.
        written: all files, in the order of the directory.

    Raises:
        OSError: writing fails.
    """
    placement, dist_info = plan.placement, _dist_info(plan)
    files = {file.landing: (file.sha256, file.size) for file in written if file.landing is not None}
    installer = f"{dist_info}/INSTALLER"
    files[installer] = (hashlib.sha256(_INSTALLER).hexdigest(), len(_INSTALLER))
    ending = ".exe" if placement.windows else ""
    scripts = {f"{placement.scripts}/{script.name}{ending}" for script in plan.scripts}
    record = format_record(
        [
            *((placement.record_path(path), *file) for path, file in files.items()),
            *((placement.record_path(path), None, None) for path in scripts - files.keys()),
            (f"{placement.dist_info}/RECORD", None, None),
        ]
    )
    for path, data in ((installer, _INSTALLER), (f"{dist_info}/RECORD", record)):
        with _NewFile(os.path.join(job.destination, path), executable=False) as file:  # noqa: PTH118
            file.write(data)
    landings = [*files, f"{dist_info}/RECORD"]
    # Windows knows no read-only folders.
    for folder in reversed(_folders(landings)) if os.name != "nt" else ():
        os.chmod(os.path.join(job.destination, folder), _READ_ONLY)  # noqa: PTH101, PTH118
    return _facts(job, plan, written, landings, record)


def _facts(
    job: Job, plan: Plan, written: Sequence[Written], landings: Sequence[str], record: bytes
) -> Facts:
    placement = plan.placement
    inside = f"{placement.site_packages}/"
    paths = [path.removeprefix(inside) for path in landings if path.startswith(inside)]
    top_level = find_top_level(paths, placement.dist_info)
    searches = [
        (file.landing.removeprefix(inside), tag, element)
        for file in written
        if file.landing is not None and file.landing.startswith(inside)
        for tag, element in file.searches
    ]
    size = sum(file.size for file in written if file.landing is not None)
    return Facts(
        name=job.name,
        version=job.version,
        dist_info=placement.dist_info,
        root_is_purelib=plan.root_is_purelib,
        files=len(landings),
        size=size + len(_INSTALLER) + len(record),
        record=Sha256(hashlib.sha256(record).hexdigest()),
        top_level=top_level,
        startup=find_startup(paths),
        scripts=plan.scripts,
        schemes=find_schemes(landings, placement),
        metadata=find_below(placement.dist_info, paths),
        root_files=tuple(sorted(path for path in landings if "/" not in path)),
        escapes=find_escapes(searches, paths, top_level),
        mismatches=tuple(
            sorted(
                (*plan.missing, *(found for file in written for found in file.mismatches)),
                key=lambda found: (
                    found.path,
                    found.rule,
                    found.expected or "",
                    found.actual or "",
                ),
            )
        ),
    )
