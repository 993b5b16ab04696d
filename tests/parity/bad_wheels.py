"""Wheels that break a rule of docs/wheel-checks.md, and what must be said of each."""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

from tests.helpers.wheels import Member, build_archive, deflate, wheel_members, zip64_extra
from tests.parity.archives import (
    CODE,
    DATA,
    ENTRY_POINTS,
    INFO,
    INIT,
    METADATA,
    PROSE,
    RECORD,
    TEXT,
    WHEEL,
    demo,
    spoiled,
    with_record,
)
from tests.parity.unpacking import Fault

__all__ = ["BAD", "Bad"]

ONES16, ONES32 = 0xFFFF, 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Bad:
    """A wheel that must be refused.

    Args:
        title: what is wrong with it.
        archive: its bytes.
        fault: what must be said.
        options: fields of the job.
    """

    title: str
    archive: bytes
    fault: Fault
    options: dict[str, Any] = field(default_factory=dict)


GOOD = spoiled()
CRC = zlib.crc32(CODE)


def _u16(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}H", *values)


def _renamed(name: str | bytes, shown: str | None = None, **changes: Any) -> Bad:
    """Name a member so that it is refused."""
    return Bad(
        f"the name {name!r}",
        spoiled(last=[Member(name=name, **changes)]),
        Fault("zip-name", str(name) if shown is None else shown),
    )


def _twins(one: str, other: str) -> Bad:
    """Put two members there that mean the same file, or a file that is a folder."""
    return Bad(
        f"{one} and {other}",
        spoiled(first=[Member(name=one), Member(name=other)]),
        Fault("zip-duplicate", other),
    )


def _local(field_: str, value: int | bytes, expected: str, actual: str, **changes: Any) -> Bad:
    """Write a local header that contradicts the directory."""
    return Bad(
        f"local {actual}",
        spoiled(INIT, local={field_: value}, **changes),
        Fault("zip-local-differs", INIT, expected, actual),
    )


def _descriptor(title: str, **changes: Any) -> Bad:
    return Bad(title, spoiled(INIT, flags=8, **changes), Fault("zip-descriptor", INIT))


def _extra(title: str, extra: bytes, **changes: Any) -> Bad:
    return Bad(title, spoiled(INIT, extra=extra, **changes), Fault("zip-extra", INIT))


def _local_extra(title: str, extra: bytes, **changes: Any) -> Bad:
    return Bad(title, spoiled(INIT, local_extra=extra, **changes), Fault("zip-extra", INIT))


def _zip64(title: str, **archive: Any) -> Bad:
    return Bad(title, spoiled(archive=archive), Fault("zip-zip64"))


def _record(title: str, old: str, new: str, fault: Fault) -> Bad:
    return Bad(title, with_record(old, new), fault)


def _line(title: str, row: str) -> Bad:
    """Put a wrong row at the end of RECORD: it has five good ones."""
    return _record(
        title,
        f"{RECORD},,\n",
        f"{RECORD},,\n{row}\n",
        Fault("record-format", RECORD, None, "line 6"),
    )


def _info(title: str, path: str, content: str | bytes, fault: Fault) -> Bad:
    """Give a file of .dist-info another content."""
    return Bad(title, build_archive(wheel_members(demo(replaced={path: content}))), fault)


def _files(title: str, files: dict[str, str | bytes], fault: Fault) -> Bad:
    return Bad(title, build_archive(wheel_members(demo(files))), fault)


def _scheme(code: str, *paths: str) -> Bad:
    """Put files below .data (or at the root), the last of which is at fault."""
    return _files(" and ".join(paths), dict.fromkeys(paths, "x"), Fault(code, paths[-1]))


def _script(name: str, section: str = "console_scripts") -> Bad:
    text = f"[{section}]\ngood = demo:main\n{name} = demo:main\n"
    return Bad(
        f"a script {name!r}",
        build_archive(wheel_members(demo(entry_points=text))),
        Fault("script-name", ENTRY_POINTS, None, name),
    )


def _hex(content: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm}={hashlib.new(algorithm, content).hexdigest()}"


FRAME = [
    Bad("nothing", b"", Fault("zip-no-directory")),
    Bad("no zip", b"this is no zip archive" * 9, Fault("zip-no-directory")),
    Bad("the last byte is missing", GOOD[:-1], Fault("zip-no-directory")),
    Bad("only an end", b"PK\5\6" + bytes(18), Fault("wheel-dist-info", None, f"{INFO}", "none")),
    Bad("much behind the end", GOOD + bytes(70_000), Fault("zip-no-directory")),
    Bad("one byte behind the end", GOOD + b"\0", Fault("zip-trailing-data")),
    Bad("one archive behind another", GOOD + GOOD[-22:], Fault("zip-gap")),
    Bad(
        "comment too long",
        spoiled(archive={"end": {"comment_size": 3}}),
        Fault("zip-trailing-data"),
    ),
    *(
        Bad(
            f"comment with {mark!r}",
            spoiled(archive={"comment": b"..PK" + mark + b".."}),
            Fault("zip-comment-signature"),
        )
        for mark in (b"\1\2", b"\3\4", b"\5\5", b"\6\6", b"\6\7", b"\6\x08", b"\7\x08")
    ),
    Bad(
        "comment with an end record",
        spoiled(archive={"comment": b"PK\5\6" + bytes(18) + b"x"}),
        Fault("zip-trailing-data"),
    ),
    Bad(
        "comment with the beginning of an end record",
        spoiled(archive={"comment": b"PK\5\6."}),
        Fault("zip-comment-signature"),
    ),
    Bad("on disk 1", spoiled(archive={"end": {"disk": 1}}), Fault("zip-multi-disk")),
    Bad(
        "directory on disk 1",
        spoiled(archive={"end": {"directory_disk": 1}}),
        Fault("zip-multi-disk"),
    ),
    Bad("fewer entries here", spoiled(archive={"end": {"here": 1}}), Fault("zip-multi-disk")),
    _zip64("no locator for the count", end={"here": ONES16, "count": ONES16}),
    _zip64("no locator for the size", end={"size": ONES32}),
    _zip64("no locator for the offset", end={"offset": ONES32}),
    _zip64("locator points elsewhere", zip64={}, locator={"offset": 0}),
    _zip64("locator on disk 1", zip64={}, locator={"disk": 1}),
    _zip64("locator of two disks", zip64={}, locator={"disks": 2}),
    _zip64("no zip64 end record", zip64={"signature": 0x06064B51}),
    _zip64("long zip64 end record", zip64={"record_size": 45}),
    _zip64("zip64 on disk 1", zip64={"disk": 1}),
    _zip64("zip64 directory on disk 1", zip64={"directory_disk": 1}),
    _zip64("two zip64 counts", zip64={"here": 4}),
    _zip64("other zip64 count", zip64={"here": 4, "count": 4}),
    _zip64("other zip64 size", zip64={"size": 1}),
    _zip64("other zip64 offset", zip64={"offset": 1}),
    Bad("directory outside", spoiled(archive={"end": {"offset": 1 << 20}}), Fault("zip-directory")),
    Bad(
        "zip64 directory far outside",
        spoiled(archive={"zip64": {"offset": 2**64 - 1}, "end": {"offset": ONES32}}),
        Fault("zip-directory"),
    ),
    Bad("directory ends early", spoiled(archive={"end": {"offset": 0}}), Fault("zip-gap")),
    Bad("junk before all", b"junk" + GOOD, Fault("zip-gap")),
]

DIRECTORY = [
    Bad("no signature", GOOD.replace(b"PK\1\2", b"PK\1\3"), Fault("zip-directory")),
    Bad(
        "junk in the directory",
        spoiled(archive={"directory_tail": b"junk"}),
        Fault("zip-directory"),
    ),
    Bad(
        "an entry without its name",
        spoiled(archive={"directory_tail": b"PK\1\2" + bytes(24) + _u16(9) + bytes(16)}),
        Fault("zip-directory"),
    ),
    Bad(
        "UTF-8 without the flag",
        spoiled(last=[Member(name="café.py", flags=0)]),
        Fault("zip-name-encoding", "caf\\xc3\\xa9.py"),
    ),
    Bad(
        "the flag without UTF-8",
        spoiled(last=[Member(name=b"caf\xe9 \xe2\x82.py", flags=0x800)]),
        Fault("zip-name-encoding", "caf\\xe9 \\xe2\\x82.py"),
    ),
    *(
        _renamed(name)
        for name in (
            "",
            "/",
            "/etc/passwd",
            "..",
            "../demo.py",
            "demo/../../x",
            "demo/..",
            "./demo.py",
            "demo/./x",
            "demo//x",
            "demo//",
            "C:x",
            "c:/x",
            "demo\\x",
            "demo/x\0.py",
            "demo/x\n",
            "demo/\x7f",
            "demo/\x85",
            "x" * 1025,
            "é" * 513,
            "x/" * 64 + "x",
            "x/" * 65,
        )
    ),
    *(
        Bad(f"flags {flags:#x}", spoiled(INIT, flags=flags), Fault("zip-encrypted", INIT))
        for flags in (1, 1 << 6, 1 << 13, 1 | 1 << 4)
    ),
    *(
        Bad(f"flags {flags:#x}", spoiled(INIT, flags=flags), Fault("zip-flags", INIT))
        for flags in (1 << 4, 1 << 5, 1 << 7, 1 << 12, 1 << 15)
    ),
    *(
        Bad(
            f"method {method}",
            spoiled(INIT, method=method),
            Fault("zip-compression", INIT, None, str(method)),
        )
        for method in (1, 9, 12, 14, 93, 99)
    ),
    Bad("member on disk 1", spoiled(INIT, disk=1), Fault("zip-multi-disk", INIT)),
    Bad("member on disk 65535", spoiled(INIT, disk=ONES16), Fault("zip-multi-disk", INIT)),
    _extra("half a record", b"\1\0\1"),
    _extra("a record without its data", _u16(0x5455, 9) + b"x"),
    _extra("a record twice", _u16(0x5455, 0) * 2),
    _extra("another name", _u16(0x7075, 5) + b"\1abcd"),
    _extra("another comment", _u16(0x6375, 5) + b"\1abcd"),
    _extra("zip64 that nothing asks for", zip64_extra(len(CODE))),
    _extra("zip64 of 7 bytes", _u16(1, 7) + bytes(7), size=ONES32),
    _extra("zip64 for one of two sizes", zip64_extra(1), size=ONES32, packed_size=ONES32),
    _extra("zip64 is missing", b"", size=ONES32),
    _extra("zip64 for the offset is missing", b"", offset=ONES32),
    Bad(
        "a member's comment",
        spoiled(INIT, comment=b"PK\3\4"),
        Fault("zip-comment-signature", INIT),
    ),
    *(
        Bad(f"mode {mode:o}", spoiled(INIT, mode=mode), Fault("zip-special-file", INIT))
        for mode in (0o120777, 0o060600, 0o020600, 0o010600, 0o140600, 0o040755)
    ),
    Bad(
        "a folder that is a link",
        spoiled(last=[Member(name="link/", mode=0o120777)]),
        Fault("zip-special-file", "link/"),
    ),
    Bad(
        "a folder with data",
        spoiled(last=[Member(name="folder/", content=b"x", method=0, body=b"x")]),
        Fault("zip-folder-data", "folder/"),
    ),
    Bad(
        "a folder with stored bytes",
        spoiled(last=[Member(name="folder/", method=0, body=b"\3\0")]),
        Fault("zip-folder-data", "folder/"),
    ),
    Bad(
        "a folder with a long stream",
        spoiled(last=[Member(name="folder/", body=b"\0\0\0\xff\xff\3\0")]),
        Fault("zip-folder-data", "folder/"),
    ),
    Bad("two sizes", spoiled(INIT, method=0, size=3), Fault("zip-size", INIT)),
    Bad("a bomb", spoiled(TEXT, size=1 << 30), Fault("zip-ratio", TEXT)),
    _twins("x.py", "x.py"),
    _twins("x.py", "X.PY"),
    _twins("é.py", "e\u0301.py"),
    _twins("É.py", "e\u0301.py"),
    _twins("straße.py", "STRASSE.py"),
    _twins("ﬁ.py", "FI.py"),
    _twins("x", "x/"),
    _twins("x/", "x"),
    _twins("x/", "X/"),
    _twins("x", "x/y.py"),
    _twins("x/y.py", "x"),
    _twins("x/y/z.py", "X"),
    _twins("Ä", "a\u0308/b/c.py"),
    Bad(
        "too large",
        GOOD,
        Fault("zip-too-large", TEXT, "700", str(len(CODE) + len(PROSE))),
        {"max_unpacked": 700},
    ),
    Bad(
        "one entry more",
        spoiled(archive={"end": {"here": 6, "count": 6}}),
        Fault("zip-entry-count", None, "6", "5"),
    ),
    Bad(
        "65,536 entries less",
        spoiled(
            archive={
                "zip64": {"here": 5 + 65536, "count": 5 + 65536},
                "end": {"here": ONES16, "count": ONES16},
            }
        ),
        Fault("zip-entry-count", None, "65541", "5"),
    ),
]

MEMBERS = [
    Bad("a gap", spoiled(TEXT, before=b"junk"), Fault("zip-gap", TEXT)),
    Bad("a gap at the start", spoiled(INIT, before=b"junk"), Fault("zip-gap", INIT)),
    Bad("a gap at the end", spoiled(archive={"gap": b"junk"}), Fault("zip-gap")),
    Bad("one member for two", spoiled(TEXT, offset=0), Fault("zip-overlap", TEXT)),
    Bad(
        "a member in the directory",
        spoiled(RECORD, offset=len(GOOD) - 30),
        Fault("zip-gap", RECORD),
    ),
    Bad(
        "a member into the next",
        spoiled(INIT, packed_size=len(deflate(CODE)) + 1),
        Fault("zip-overlap", TEXT),
    ),
    Bad(
        "a member into the directory",
        spoiled(RECORD, packed_size=ONES32 - 1),
        Fault("zip-overlap"),
    ),
    Bad(
        "no local header",
        spoiled(TEXT, local={"signature": 0x04034B51}),
        Fault("zip-local-header", TEXT),
    ),
    _local("flags", 2, "flags=0x0000", "flags=0x0002"),
    _local("method", 0, "method=8", "method=0"),
    _local("name", b"demo/__init__.pz", f"name={INIT}", "name=demo/__init__.pz"),
    _local("name", b"demo/\xff_init__.py", f"name={INIT}", "name=demo/\\xff_init__.py"),
    _local("crc", 0, f"crc={CRC:08x}", "crc=00000000"),
    _local("crc", 1, f"crc={CRC:08x}", "crc=00000001", flags=8),
    _local("packed_size", 3, f"compressed size={len(deflate(CODE))}", "compressed size=3"),
    _local("size", 3, "size=12", "size=3"),
    _local("size", ONES32, "size=12", "size=4294967295"),
    _local("size", 0, "size=12", "size=0"),
    Bad(
        "all of a header differs",
        spoiled(INIT, local={"flags": 6, "method": 0, "crc": 1}),
        Fault("zip-local-differs", INIT, "flags=0x0000", "flags=0x0006"),
    ),
    _local_extra("half a local record", b"\1\0\1"),
    _local_extra("a local record twice", _u16(0x5455, 0) * 2),
    _local_extra("another local name", _u16(0x7075, 5) + b"\1abcd"),
    _local_extra("local zip64 with one size", zip64_extra(12)),
    _local_extra("local zip64 with three sizes", zip64_extra(12, 14, 0)),
    _local_extra("local zip64 with wrong sizes", zip64_extra(12, 99)),
    _local_extra("local zip64 with zeros", zip64_extra(0, 0)),
    _descriptor("no descriptor"),
    _descriptor("a short descriptor", descriptor=struct.pack("<2I", CRC, len(deflate(CODE)))),
    _descriptor(
        "a wrong CRC in the descriptor",
        descriptor=struct.pack("<4sIII", b"PK\7\x08", 1, len(deflate(CODE)), 12),
    ),
    _descriptor(
        "a wrong size in the descriptor",
        descriptor=struct.pack("<4sIII", b"PK\7\x08", CRC, len(deflate(CODE)), 13),
    ),
    _descriptor(
        "a wide descriptor without zip64",
        descriptor=struct.pack("<4sIQQ", b"PK\7\x08", CRC, len(deflate(CODE)), 12),
    ),
    Bad(
        "a descriptor without its flag",
        spoiled(INIT, descriptor=struct.pack("<4sIII", b"PK\7\x08", CRC, len(deflate(CODE)), 12)),
        Fault("zip-gap", TEXT),
    ),
]

WANTED = f"{INFO}"
THE_WHEEL = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n"

WRONG_WHEELS: dict[str, str | bytes] = {
    "an empty WHEEL": "",
    "WHEEL begins with an empty line": f"\n{THE_WHEEL}",
    "WHEEL without version": "Root-Is-Purelib: true\n",
    "WHEEL with half a version": THE_WHEEL.replace("1.0", "1"),
    "WHEEL with a third number": THE_WHEEL.replace("1.0", "1.0.0"),
    "WHEEL without purelib": "Wheel-Version: 1.0\n",
    "WHEEL with an odd purelib": THE_WHEEL.replace("true", "yes"),
    "WHEEL in Latin-1": THE_WHEEL.encode() + b"Generator: caf\xe9\n",
    "WHEEL in Latin-1 behind the headers": THE_WHEEL.encode() + b"\ncaf\xe9\n",
    "purelib behind the headers": "Wheel-Version: 1.0\n\nRoot-Is-Purelib: true\n",
}
WRONG_METADATA: dict[str, str | bytes] = {
    "an empty METADATA": "",
    "METADATA without name": "Version: 1.0\n",
    "METADATA without version": "Name: demo\n",
    "a version in the body": "Name: demo\n\nVersion: 1.0\n",
    "METADATA in Latin-1": b"Name: demo\nAuthor: caf\xe9\nVersion: 1.0\n",
}

WHEELS = [
    Bad(
        "no .dist-info",
        spoiled(files={INIT: CODE}),
        Fault("wheel-dist-info", None, WANTED, "none"),
    ),
    Bad(
        "two .dist-info",
        spoiled(last=[Member(name="Other-2.DIST-INFO/x")]),
        Fault("wheel-dist-info", None, WANTED, f"Other-2.DIST-INFO, {INFO}"),
    ),
    Bad(
        "an empty second .dist-info",
        spoiled(last=[Member(name="zzz-1.dist-info/")]),
        Fault("wheel-dist-info", None, WANTED, f"{INFO}, zzz-1.dist-info"),
    ),
    Bad(
        "the .dist-info of another version",
        GOOD,
        Fault("wheel-dist-info", None, "demo-1.1.dist-info", INFO),
        {"filename": "demo-1.1-py3-none-any.whl"},
    ),
    Bad(
        "the .dist-info of another name",
        GOOD,
        Fault("wheel-dist-info", None, "de-mo-1.0.dist-info", INFO),
        {"filename": "de_mo-1.0-py3-none-any.whl"},
    ),
    Bad(
        "a .dist-info without version",
        spoiled(files={"demo.dist-info/x": b""}),
        Fault("wheel-dist-info", None, WANTED, "demo.dist-info"),
    ),
    Bad(
        "a .dist-info with no version",
        spoiled(files={"demo-one.dist-info/x": b""}),
        Fault("wheel-dist-info", None, WANTED, "demo-one.dist-info"),
    ),
    *(
        Bad(
            f"no {path}",
            spoiled(files=demo(without=[path])),
            Fault("wheel-missing-file", path),
        )
        for path in (METADATA, WHEEL, RECORD)
    ),
    Bad(
        "no METADATA, WHEEL, RECORD",
        spoiled(files={f"{INFO}/metadata": b""}),
        Fault("wheel-missing-file", METADATA),
    ),
    Bad(
        "RECORD is a folder",
        spoiled(files=demo(without=[RECORD]), last=[Member(name=f"{RECORD}/")]),
        Fault("wheel-missing-file", RECORD),
    ),
    *(
        _info(title, WHEEL, content, Fault("wheel-format", WHEEL))
        for title, content in WRONG_WHEELS.items()
    ),
    _info(
        "WHEEL 2.0",
        WHEEL,
        THE_WHEEL.replace("1.0", "2.0"),
        Fault("wheel-version", WHEEL, None, "2.0"),
    ),
    _info(
        "WHEEL 0.9",
        WHEEL,
        THE_WHEEL.replace("1.0", "0.9"),
        Fault("wheel-version", WHEEL, None, "0.9"),
    ),
    _info(
        "WHEEL 10.0",
        WHEEL,
        THE_WHEEL.replace("1.0", "10.0"),
        Fault("wheel-version", WHEEL, None, "10.0"),
    ),
    *(
        _info(title, METADATA, content, Fault("metadata-format", METADATA))
        for title, content in WRONG_METADATA.items()
    ),
    _info(
        "another name",
        METADATA,
        "Name: Other\nVersion: 1.0\n",
        Fault("metadata-name", METADATA, "demo", "Other"),
    ),
    _info(
        "two names",
        METADATA,
        "Name: x\nName: demo\nVersion: 1.0\n",
        Fault("metadata-name", METADATA, "demo", "x"),
    ),
    _info(
        "another version",
        METADATA,
        "Name: DEMO\nVersion: 1.0.1\n",
        Fault("metadata-version", METADATA, "1.0", "1.0.1"),
    ),
    _info(
        "a local version",
        METADATA,
        "Name: demo\nVersion: 1.0+local\n",
        Fault("metadata-version", METADATA, "1.0", "1.0+local"),
    ),
    _info(
        "no version",
        METADATA,
        "Name: demo\nVersion: one\n",
        Fault("metadata-version", METADATA, "1.0", "one"),
    ),
    Bad(
        "METADATA with a wrong CRC",
        spoiled(METADATA, crc=1),
        Fault("zip-crc", METADATA, "00000001", f"{zlib.crc32(demo()[METADATA]):08x}"),
    ),
    Bad(
        "WHEEL with a cut stream",
        spoiled(WHEEL, body=deflate(THE_WHEEL.encode())[:-1]),
        Fault("zip-stream", WHEEL),
    ),
    Bad(
        "METADATA of 65 MiB",
        spoiled(METADATA, content=bytes(65 << 20)),
        Fault("zip-too-large", METADATA, str(64 << 20), str(65 << 20)),
    ),
]

EMPTY = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"

RECORDS = [
    _info(
        "RECORD in Latin-1", RECORD, b"caf\xe9,,\n", Fault("record-format", RECORD, None, "UTF-8")
    ),
    _line("two fields", "x,"),
    _line("four fields", "x,,,"),
    _line("no path", ",,"),
    _line("a path upwards", "../x,,"),
    _line("an absolute path", "/x,,"),
    _line("a path with a backslash", "demo\\x,,"),
    _line("a hash without digits", "x,sha256=,"),
    _line("a hash without algorithm", f"x,={EMPTY},"),
    _line("a hash without `=`", f"x,{EMPTY},"),
    _line("a padded hash", f"x,sha256={EMPTY}=,"),
    _line("a short hash", f"x,sha256={EMPTY[:-1]},"),
    _line("a long hash", f"x,sha256={EMPTY}A,"),
    _line("a hash in plain base64", f"x,sha256={EMPTY[:-1].replace('_', '/')}A,"),
    _line("a hash of 64 digits, one not hexadecimal", f"x,sha256={'a' * 63}g,"),
    _line("a hash of 63 hexadecimal digits", f"x,sha256={'a' * 63},"),
    _line("a hexadecimal sha256 as sha512", f"x,sha512={'a' * 64},"),
    _line("a short sha512", f"x,sha512={EMPTY},"),
    _line("a negative size", f"x,sha256={EMPTY},-1"),
    _line("a size of 19 digits", f"x,sha256={EMPTY},{'0' * 19}"),
    _line("a size with a space", f"x,sha256={EMPTY}, 1"),
    _line("a size in Arabic digits", f"x,sha256={EMPTY},\u0661"),
    _line("an open quote", '"x,,'),
    _line("text behind a quote", '"x"y,,'),
    _record(
        "a row twice",
        f"{RECORD},,\n",
        f"{RECORD},,\n{TEXT},sha256={EMPTY},0\n",
        Fault("record-duplicate", TEXT),
    ),
    _record(
        "RECORD twice",
        f"{RECORD},,\n",
        f"{RECORD},,\n{RECORD},,\n",
        Fault("record-duplicate", RECORD),
    ),
    _record(
        "an md5",
        f"{RECORD},,\n",
        f"{RECORD},,\nx,md5=1B2M2Y8AsgTpgAmY7PhCfg,0\n",
        Fault("record-weak-hash", "x", None, "md5"),
    ),
    _record(
        "an unknown algorithm",
        f"{RECORD},,\n",
        f"{RECORD},,\nx,Sha256=abc,0\n",
        Fault("record-weak-hash", "x", None, "Sha256"),
    ),
    _record(
        "no hash",
        f"{RECORD},,\n",
        f"{RECORD},,\nx,,\n",
        Fault("record-weak-hash", "x", None, "none"),
    ),
    Bad(
        "no hash, although waived",
        with_record(f"{RECORD},,\n", f"{RECORD},,\nx,,\n"),
        Fault("record-weak-hash", "x", None, "none"),
        {"waive": True},
    ),
    Bad(
        "an unlisted file",
        spoiled(first=[Member(name="b"), Member(name="a")]),
        Fault("record-unlisted", "b"),
    ),
    Bad(
        "an unlisted file in __pycache__",
        spoiled(first=[Member(name="demo/__pycache__/x.pyc")]),
        Fault("record-unlisted", "demo/__pycache__/x.pyc"),
    ),
    _record(
        "a missing file",
        f"{RECORD},,\n",
        f"{RECORD},,\nb,sha256={EMPTY},0\na,sha256={EMPTY},0\n",
        Fault("record-missing", "b"),
    ),
    _record(
        "a folder in RECORD",
        f"{RECORD},,\n",
        f"{RECORD},,\ndemo/,sha256={EMPTY},0\n",
        Fault("record-missing", "demo/"),
    ),
    _record(
        "a missing signature",
        f"{RECORD},,\n",
        f"{RECORD},,\n{RECORD}.jws,,\n",
        Fault("record-missing", f"{RECORD}.jws"),
    ),
]

SCHEMES = [
    _scheme("scheme-unknown", f"{DATA}/file"),
    _scheme("scheme-unknown", f"{DATA}/other/file"),
    _scheme("scheme-unknown", f"{DATA}/Purelib/file"),
    _scheme("scheme-unknown", f"{DATA}/scripts/folder/file"),
    *(
        _scheme("scheme-forbidden", f"{DATA}/{path}")
        for path in (
            "data/pyvenv.cfg",
            "data/PyVenv.CFG",
            "data/entry.json",
            "data/entry.json/x",
            "data/bin/python",
            "data/bin/python3.11",
            "data/bin/python3/x",
            "data/Scripts/python.exe",
            "data/scripts/PythonW.EXE",
            "data/lib/python3.11/site-packages/x.py",
            "data/lib64/python3/x",
            "data/lib/python/x",
            "data/lib/site-packages/x.py",
            "data/LIB/Site-Packages/x.py",
            "scripts/python",
            "scripts/Python3",
            "scripts/python3.13t",
            "purelib/other-1.0.dist-info/METADATA",
            f"platlib/{INFO}/INSTALLER",
            "purelib/x.DIST-INFO/x",
        )
    ),
    _scheme("scheme-collision", f"{DATA}/purelib/demo/__init__.py"),
    _scheme("scheme-collision", f"{DATA}/platlib/demo/__INIT__.py"),
    _scheme("scheme-collision", f"{DATA}/purelib/x.py", f"{DATA}/platlib/X.py"),
    _scheme("scheme-collision", f"{DATA}/scripts/x", f"{DATA}/data/bin/X"),
    _scheme("scheme-collision", f"{DATA}/purelib/demo"),
    _scheme("scheme-collision", f"{DATA}/purelib/demo/text.txt/x"),
    _scheme("scheme-collision", f"{DATA}/data/lib"),
    _scheme("scheme-collision", f"{DATA}/headers/x.h", f"{DATA}/data/include/demo/x.h"),
    _scheme("scheme-collision", f"{DATA}/headers/é", f"{DATA}/data/include/demo/e\u0301/x"),
]

SCRIPTS = [
    *(
        _info(title, ENTRY_POINTS, content, Fault("entry-points", ENTRY_POINTS, None, actual))
        for title, content, actual in (
            ("entry points in Latin-1", b"[x]\ncaf\xe9 = x\n", "UTF-8"),
            ("an entry point before the first section", "\n# c\nx = y:z\n", "line 3"),
            ("an entry point without `=`", "[console_scripts]\r\n\r\nx\r\n", "line 3"),
            ("an open section", "[other]\n[console_scripts\n", "line 2"),
            ("both faults", "[console_scripts]\n../x = a:b\nx\n", "line 3"),
        )
    ),
    *(
        _script(name)
        for name in (
            "",
            ".",
            "..",
            "../x",
            "x/y",
            "x\\y",
            ".hidden",
            "x\x01",
            "x\x85y",
            "python",
            "Python",
            "python3",
            "python3.13",
            "python3.13t",
            "pythonw",
            "python.exe",
            "PYTHON3.EXE",
            "python3.11w.exe",
        )
    ),
    _script("python", "gui_scripts"),
    Bad(
        "a script without function",
        build_archive(wheel_members(demo(entry_points="[console_scripts]\n../x = nothing\n"))),
        Fault("script-name", ENTRY_POINTS, None, "../x"),
    ),
]

CONTENTS = [
    Bad("a stream that is none", spoiled(INIT, body=b"\7" * 14), Fault("zip-stream", INIT)),
    Bad("an empty stream", spoiled(INIT, body=b"", content=b""), Fault("zip-stream", INIT)),
    Bad("a cut stream", spoiled(TEXT, body=deflate(PROSE)[:-1]), Fault("zip-stream", TEXT)),
    Bad(
        "a stream and one byte",
        spoiled(TEXT, body=deflate(PROSE) + b"\0"),
        Fault("zip-stream", TEXT),
    ),
    Bad("two streams", spoiled(TEXT, body=deflate(PROSE) * 2), Fault("zip-stream", TEXT)),
    Bad("one byte too much", spoiled(TEXT, body=deflate(PROSE + b"x")), Fault("zip-stream", TEXT)),
    Bad("one byte too few", spoiled(TEXT, body=deflate(PROSE[1:])), Fault("zip-stream", TEXT)),
    Bad("zlib's header", spoiled(TEXT, body=zlib.compress(PROSE)), Fault("zip-stream", TEXT)),
    Bad(
        "too much to hold in a block",
        spoiled(TEXT, body=deflate(bytes(3 << 20))),
        Fault("zip-stream", TEXT),
    ),
    Bad("a wrong CRC", spoiled(INIT, crc=0xABC), Fault("zip-crc", INIT, "00000abc", f"{CRC:08x}")),
    Bad(
        "a wrong CRC of a stored file",
        spoiled(INIT, crc=0xABC, method=0),
        Fault("zip-crc", INIT, "00000abc", f"{CRC:08x}"),
    ),
    Bad(
        "another content",
        spoiled(INIT, content=b"answer = 41\n"),
        Fault("record-hash", INIT, _hex(CODE), _hex(b"answer = 41\n")),
    ),
    Bad(
        "another size",
        spoiled(INIT, content=b"answer = 6 * 7\n"),
        Fault("record-size", INIT, "12", "15"),
    ),
    Bad(
        "another size, no number in RECORD",
        with_record(
            f",{len(CODE)}\n",
            ",\n",
            {**demo(), INIT: b"answer = 6 * 7\n"},
        ),
        Fault("record-hash", INIT, _hex(CODE), _hex(b"answer = 6 * 7\n")),
    ),
    Bad(
        "a wrong sha512",
        with_record(
            f"{INIT},sha256=",
            f"{INIT},sha512={'A' * 86},12\n{INIT}x,sha256=",
            {**demo({f"{INIT}x": CODE}, without=[f"{INIT}x"]), f"{INIT}x": CODE},
        ),
        Fault("record-hash", INIT, f"sha512={'0' * 128}", _hex(CODE, "sha512")),
    ),
    Bad(
        "retagged, and nobody vouches",
        spoiled(WHEEL, content=b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
        Fault("record-size", WHEEL, str(len(demo()[WHEEL])), "59"),
        {"vouched": False},
    ),
    Bad(
        "a wrong file in __pycache__",
        spoiled(
            "demo/__pycache__/x.pyc",
            files=demo({"demo/__pycache__/x.pyc": b"one"}),
            content=b"two",
        ),
        Fault("record-hash", "demo/__pycache__/x.pyc", _hex(b"one"), _hex(b"two")),
    ),
    Bad(
        "a wrong INSTALLER",
        spoiled(f"{INFO}/INSTALLER", files=demo({f"{INFO}/INSTALLER": b"pip\n"}), content=b"uv.\n"),
        Fault("record-hash", f"{INFO}/INSTALLER", _hex(b"pip\n"), _hex(b"uv.\n")),
        {"vouched": False},
    ),
    Bad(
        "several: the first in the order of the directory",
        build_archive(
            [
                Member(
                    name=f"demo/{number:03}", content=b"x", crc=1 if number in (150, 290) else None
                )
                for number in range(300)
            ]
            + wheel_members(demo({f"demo/{number:03}": b"x" for number in range(300)}))[302:]
            + [Member(name=INIT, content=CODE), Member(name=TEXT, content=PROSE)]
        ),
        Fault("zip-crc", "demo/150", "00000001", f"{zlib.crc32(b'x'):08x}"),
    ),
]

BAD: list[Bad] = [
    *FRAME,
    *DIRECTORY,
    *MEMBERS,
    *WHEELS,
    *RECORDS,
    *SCHEMES,
    *SCRIPTS,
    *CONTENTS,
]
