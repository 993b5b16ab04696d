"""What a wheel says about itself, and what is to be done with each file (section 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trail.model import EntryPoint, Mismatch
from trail.values import dataclass, replace
from trail.wheel.faults import Fault
from trail.wheel.metadata import (
    check_metadata,
    parse_entry_points,
    parse_wheel,
    same_name,
    same_version,
)
from trail.wheel.placement import Placement, place_files
from trail.wheel.record import STRONG, Row, parse_record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trail.wheel.archive import Archive, Contents
    from trail.wheel.directory import Member
    from trail.wheel.engine import Job

__all__ = ["LARGEST_READ", "Plan", "Target", "find_dist_info", "make_plan"]

_SUFFIX = ".dist-info"
LARGEST_READ = 64 * 2**20
"""How many bytes a file that is read here, not unpacked, may have."""

_REQUIRED = ("METADATA", "WHEEL", "RECORD")
# RECORD cannot hold its own hash; the others sign it (PEP 427).
_UNLISTED = ("RECORD", "RECORD.jws", "RECORD.p7s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A file of the archive, and what becomes of it.

    Args:
        member: the file.
        start: where its data starts in the archive.
        landing: where to write it below the entry, or None to check it only.
        executable: whether to write it so.
        row: what RECORD says about it, or None where that does not count.
        unlisted: whether RECORD should list it and does not.
        tolerated: whether a difference from RECORD is kept and not a fault.
    """

    member: Member
    start: int
    landing: str | None
    executable: bool
    row: Row | None
    unlisted: bool
    tolerated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A wheel whose files can be unpacked.

    Args:
        placement: where files land.
        root_is_purelib: from WHEEL.
        scripts: what entry_points.txt asks for.
        targets: all files, in the order of the directory.
        missing: files that RECORD lists and the archive does not have, where that is waived.
    """

    placement: Placement
    root_is_purelib: bool
    scripts: tuple[EntryPoint, ...]
    targets: tuple[Target, ...]
    missing: tuple[Mismatch, ...]


def make_plan(archive: Archive, contents: Contents, job: Job) -> Plan:
    """Read and check what the wheel says about itself.

    Args:
        archive: an open archive.
        contents: what is in it.
        job: what is known about the wheel from outside.

    Raises:
        Fault: a rule of section 4 is broken.
        OSError: the archive cannot be read.
    """
    files = {
        member.name: (member, start)
        for member, start in zip(contents.members, contents.starts, strict=True)
        if not member.folder
    }
    dist_info = find_dist_info([member.name for member in contents.members], job.name, job.version)
    for required in _REQUIRED:
        if f"{dist_info}/{required}" not in files:
            raise Fault("wheel-missing-file", f"{dist_info}/{required}")

    def read(path: str) -> bytes:
        member, start = files[path]
        if member.size > LARGEST_READ:
            raise Fault("zip-too-large", path, expected=str(LARGEST_READ), actual=str(member.size))
        return b"".join(archive.blocks(member, start))

    wheel, metadata, record, entry_points = (
        f"{dist_info}/{file}" for file in ("WHEEL", "METADATA", "RECORD", "entry_points.txt")
    )
    root_is_purelib = parse_wheel(read(wheel), wheel)
    check_metadata(read(metadata), metadata, name=job.name, version=job.version)
    rows = {row.path: row for row in parse_record(read(record), record)}
    exempt = {f"{dist_info}/{file}" for file in _UNLISTED}
    _check_hashes(rows, exempt)
    unlisted = {path for path in files if path not in rows and path not in exempt}
    if unlisted and not job.waive:
        raise Fault("record-unlisted", next(path for path in files if path in unlisted))
    missing = [row for row in rows.values() if row.path not in files]
    if missing and not job.waive:
        raise Fault("record-missing", missing[0].path)
    placement = Placement(distribution=job.name, dist_info=dist_info)
    landings = place_files(placement, list(files))
    scripts: tuple[EntryPoint, ...] = ()
    if entry_points in files:
        scripts = parse_entry_points(read(entry_points), entry_points)

    targets = [
        Target(
            member=member,
            start=start,
            landing=landing,
            executable=member.executable or scheme == "scripts",
            row=rows.get(member.name),
            unlisted=member.name in unlisted,
            tolerated=job.waive or (job.vouched and member.name.startswith(f"{dist_info}/")),
        )
        for (member, start), (scheme, landing) in zip(files.values(), landings, strict=True)
    ]
    return Plan(
        placement=placement,
        root_is_purelib=root_is_purelib,
        scripts=scripts,
        targets=tuple(_without_own_files(target, dist_info) for target in targets),
        missing=tuple(
            Mismatch(path=row.path, rule="record-missing", expected=row.hash, actual=None)
            for row in missing
        ),
    )


def find_dist_info(names: Sequence[str], name: str, version: str) -> str:
    """Find the wheel's own .dist-info folder.

    Args:
        names: of all members.
        name: of the distribution, normalised.
        version: normalised.

    Raises:
        Fault: `wheel-dist-info`.
    """
    tops = {path.partition("/")[0] for path in names if "/" in path}
    found = sorted(top for top in tops if top[-len(_SUFFIX) :].lower() == _SUFFIX)
    if len(found) == 1:
        stem = found[0][: -len(_SUFFIX)]
        found_name, dash, found_version = stem.rpartition("-")
        if dash and same_name(found_name, name) and same_version(found_version, version):
            return found[0]
    raise Fault(
        "wheel-dist-info",
        expected=f"{name}-{version}{_SUFFIX}",
        actual=", ".join(found) or "none",
    )


def _check_hashes(rows: dict[str, Row], exempt: set[str]) -> None:
    for path, row in rows.items():
        if path not in exempt and row.algorithm not in STRONG:
            raise Fault("record-weak-hash", path, actual=row.algorithm or "none")


def _without_own_files(target: Target, dist_info: str) -> Target:
    """Leave out what trail writes itself, and bytecode, which it compiles."""
    path = target.member.name
    if path == f"{dist_info}/RECORD":
        return replace(target, landing=None, row=None)
    if path == f"{dist_info}/INSTALLER" or "__pycache__" in path.split("/")[:-1]:
        return replace(target, landing=None)
    return target
