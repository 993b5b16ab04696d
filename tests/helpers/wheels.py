"""Wheels for tests: correct ones through zipfile, and wrong ones byte by byte.

`make_wheel` is what most tests want. `wheel_files` and `wheel_members` give its parts, and
`build_archive` puts members together exactly as told, lies included.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

__all__ = [
    "Member",
    "build_archive",
    "deflate",
    "make_wheel",
    "record_line",
    "record_of",
    "wheel_files",
    "wheel_members",
    "zip64_extra",
]


def record_line(path: str, content: bytes, algorithm: str = "sha256") -> str:
    """Make the row of RECORD that vouches for a file, with its line end."""
    digest = base64.urlsafe_b64encode(hashlib.new(algorithm, content).digest())
    row = io.StringIO()
    csv.writer(row, lineterminator="\n").writerow(
        [path, f"{algorithm}={digest.decode().rstrip('=')}", len(content)]
    )
    return row.getvalue()


def record_of(files: Mapping[str, bytes], record: str) -> bytes:
    """Make the RECORD that vouches for all files; `record` is its own path."""
    lines = [record_line(path, content) for path, content in files.items() if path != record]
    return ("".join(lines) + f"{record},,\n").encode()


def wheel_files(
    name: str,
    version: str,
    files: Mapping[str, str | bytes],
    *,
    tag: str = "py3-none-any",
    requires: Iterable[str] = (),
    entry_points: str | None = None,
    data: Mapping[str, str | bytes] | None = None,
    purelib: bool = True,
    build: str = "",
) -> dict[str, bytes]:
    """Make the content of a correct wheel, RECORD last; the arguments are `make_wheel`'s."""
    stem = f"{_escaped(name)}-{version}"
    metadata = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    metadata += [f"Requires-Dist: {requirement}" for requirement in requires]
    wheel = ["Wheel-Version: 1.0", "Generator: tests", f"Root-Is-Purelib: {str(purelib).lower()}"]
    wheel += [f"Tag: {tag}"] + ([f"Build: {build}"] if build else [])
    result = {path: _bytes(content) for path, content in files.items()}
    for path, content in (data or {}).items():
        result[f"{stem}.data/{path}"] = _bytes(content)
    result[f"{stem}.dist-info/METADATA"] = ("\n".join(metadata) + "\n").encode()
    result[f"{stem}.dist-info/WHEEL"] = ("\n".join(wheel) + "\n").encode()
    if entry_points is not None:
        result[f"{stem}.dist-info/entry_points.txt"] = entry_points.encode()
    record = f"{stem}.dist-info/RECORD"
    result[record] = record_of(result, record)
    return result


def make_wheel(
    folder: Path,
    name: str,
    version: str,
    files: Mapping[str, str | bytes],
    *,
    tag: str = "py3-none-any",
    requires: Iterable[str] = (),
    entry_points: str | None = None,
    data: Mapping[str, str | bytes] | None = None,
    purelib: bool = True,
    executable: Collection[str] = (),
    build: str = "",
) -> Path:
    """Write a real, correct wheel.

    Args:
        folder: where to put it; made if it is missing.
        name: the distribution, as METADATA shall spell it.
        version: its version, normalised.
        files: contents by path, relative to site-packages.
        tag: the tags of the file name and of WHEEL.
        requires: the values of Requires-Dist.
        entry_points: the text of entry_points.txt, or None for no such file.
        data: contents by path below the .data folder, for instance `scripts/tool`.
        purelib: the value of Root-Is-Purelib.
        executable: paths, as in `files` or `data`, that get execute bits.
        build: the build tag, or nothing.

    Returns:
        The wheel; two calls with the same arguments write the same bytes.
    """
    contents = wheel_files(
        name,
        version,
        files,
        tag=tag,
        requires=requires,
        entry_points=entry_points,
        data=data,
        purelib=purelib,
        build=build,
    )
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{_escaped(name)}-{version}"
    wheel = folder / f"{stem}{f'-{build}' if build else ''}-{tag}.whl"
    executables = {*executable, *(f"{stem}.data/{path}" for path in executable)}
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, content in contents.items():
            info = zipfile.ZipInfo(path)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (0o100755 if path in executables else 0o100644) << 16
            archive.writestr(info, content)
    return wheel


@dataclass(frozen=True, kw_only=True)
class Member:
    """One member of an archive; what is not given is made so that it is right.

    Args:
        name: its name, or the bytes of it.
        content: what it unpacks to.
        method: 0 stored, 8 deflate; others are only written down, not applied.
        flags: general purpose bits; None sets bit 11 where the name needs it.
        mode: the upper half of the external attributes.
        body: the bytes between local header and the next member, where not the content.
        crc: CRC-32 in both headers.
        packed_size: compressed size in both headers.
        size: size in both headers.
        disk: where the directory says it starts.
        offset: where the directory says it starts.
        extra: extra field of the directory's entry.
        local_extra: extra field of the local header.
        comment: of the directory's entry.
        descriptor: bytes after the body.
        before: bytes before the local header that belong to nothing.
        local: fields of the local header that differ: signature, flags, method, crc,
            packed_size, size, name.
    """

    name: str | bytes
    content: bytes = b""
    method: int = 8
    flags: int | None = None
    mode: int = 0o100644
    body: bytes | None = None
    crc: int | None = None
    packed_size: int | None = None
    size: int | None = None
    disk: int = 0
    offset: int | None = None
    extra: bytes = b""
    local_extra: bytes = b""
    comment: bytes = b""
    descriptor: bytes = b""
    before: bytes = b""
    local: Mapping[str, int | bytes] = field(default_factory=dict)


def deflate(content: bytes) -> bytes:
    """Compress as a zip member."""
    compressor = zlib.compressobj(6, zlib.DEFLATED, -15)
    return compressor.compress(content) + compressor.flush()


def zip64_extra(*values: int) -> bytes:
    """Make a zip64 record of an extra field: sizes and offset, as many as are asked for."""
    return struct.pack(f"<HH{len(values)}Q", 1, 8 * len(values), *values)


def wheel_members(files: Mapping[str, bytes]) -> list[Member]:
    """Make a deflated member of each file."""
    return [Member(name=path, content=content) for path, content in files.items()]


def build_archive(
    members: Sequence[Member],
    *,
    gap: bytes = b"",
    comment: bytes = b"",
    after: bytes = b"",
    directory_tail: bytes = b"",
    order: Sequence[int] | None = None,
    end: Mapping[str, int] | None = None,
    zip64: Mapping[str, int] | None = None,
    locator: Mapping[str, int] | None = None,
) -> bytes:
    """Put an archive together.

    Args:
        members: in order.
        gap: bytes between the last member and the directory.
        comment: of the archive.
        after: bytes behind the end record.
        directory_tail: bytes behind the directory's last entry that count as the directory's.
        order: indexes of the members in the order of the directory.
        end: fields of the end record that differ: disk, directory_disk, here, count, size,
            offset, comment_size.
        zip64: write zip64 records; fields that differ: signature, record_size, disk,
            directory_disk, here, count, size, offset.
        locator: fields of the zip64 locator that differ: disk, offset, disks.
    """
    out = io.BytesIO()
    entries = []
    for member in members:
        out.write(member.before)
        entries.append(_write_member(member, out))
    out.write(gap)
    start = out.tell()
    out.writelines(entries[index] for index in order or range(len(entries)))
    out.write(directory_tail)
    place: dict[str, int] = {
        "disk": 0,
        "directory_disk": 0,
        "here": len(members),
        "count": len(members),
        "size": out.tell() - start,
        "offset": start,
    }
    if zip64 is not None:
        large = {"signature": 0x06064B50, "record_size": 44, **place, **zip64}
        found = {"disk": 0, "offset": out.tell(), "disks": 1, **(locator or {})}
        out.write(
            struct.pack(
                "<IQHHIIQQQQ",
                large["signature"],
                large["record_size"],
                45,
                45,
                *(large[key] for key in place),
            )
        )
        out.write(struct.pack("<IIQI", 0x07064B50, found["disk"], found["offset"], found["disks"]))
    small = {**place, "comment_size": len(comment), **(end or {})}
    out.write(struct.pack("<IHHHHIIH", 0x06054B50, *small.values()))
    return out.getvalue() + comment + after


def _write_member(member: Member, out: io.BytesIO) -> bytes:
    """Write a member; return its entry of the directory."""
    name = member.name if isinstance(member.name, bytes) else member.name.encode()
    body, method, flags = member.body, member.method, member.flags
    if body is None and name.endswith(b"/"):
        body, method = b"", 0
    elif body is None:
        body = deflate(member.content) if method == 8 else member.content
    if flags is None:
        flags = 0 if name.isascii() else 0x800
    packed = member.packed_size if member.packed_size is not None else len(body)
    size = member.size if member.size is not None else len(member.content)
    crc = member.crc if member.crc is not None else zlib.crc32(member.content)
    fields: dict[str, int | bytes] = {
        "signature": 0x04034B50,
        "flags": flags,
        "method": method,
        "crc": crc,
        "packed_size": packed,
        "size": size,
        "name": name,
        **member.local,
    }
    offset = out.tell()
    local_name = fields["name"]
    assert isinstance(local_name, bytes)
    out.write(
        struct.pack(
            "<IHHHHHIIIHH",
            fields["signature"],
            20,
            fields["flags"],
            fields["method"],
            0,
            0x21,
            fields["crc"],
            fields["packed_size"],
            fields["size"],
            len(local_name),
            len(member.local_extra),
        )
    )
    out.write(local_name + member.local_extra + body + member.descriptor)
    return (
        struct.pack(
            "<IHHHHHHIIIHHHHHII",
            0x02014B50,
            (3 << 8) | 20,
            20,
            flags,
            method,
            0,
            0x21,
            crc,
            packed,
            size,
            len(name),
            len(member.extra),
            len(member.comment),
            member.disk,
            0,
            member.mode << 16,
            offset if member.offset is None else member.offset,
        )
        + name
        + member.extra
        + member.comment
    )


def _escaped(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name).lower()


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content
