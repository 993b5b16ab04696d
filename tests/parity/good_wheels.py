"""Wheels that are right, odd as some of them look, and what must come of each."""

from __future__ import annotations

import hashlib
import random
import struct
import zlib
from dataclasses import dataclass, field, replace
from typing import Any

from tests.helpers.wheels import (
    Member,
    build_archive,
    deflate,
    record_line,
    wheel_members,
    zip64_extra,
)
from tests.parity.archives import (
    CODE,
    DATA,
    INFO,
    INIT,
    METADATA,
    RECORD,
    TEXT,
    WHEEL,
    demo,
    spoiled,
)
from tests.parity.libraries import elf, fat, mach_o

from trail.model import EntryPoint, Escape, Kind, Mismatch, TopLevel

__all__ = ["DEMO", "GOOD", "SITE", "Good"]

SITE = "lib/python/site-packages"
DEMO = (TopLevel(path="demo", name="demo", kind=Kind.PACKAGE),)
ONES16, ONES32 = 0xFFFF, 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Good:
    """A wheel that must be unpacked.

    Args:
        title: what is odd about it.
        archive: its bytes.
        files: contents by path below the entry, without RECORD and INSTALLER.
        executable: which of them are executable.
        facts: what is not as for the plain wheel.
        options: fields of the job.
    """

    title: str
    archive: bytes
    files: dict[str, bytes]
    executable: frozenset[str] = frozenset()
    facts: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)


def _landed(files: dict[str, bytes]) -> dict[str, bytes]:
    """Say where files of the root land."""
    return {f"{SITE}/{path}": content for path, content in files.items() if path != RECORD}


def _same(title: str, archive: bytes, **more: Any) -> Good:
    """Make a wheel in another way, from the usual files."""
    return Good(title, archive, _landed(demo()), **more)


def _with(title: str, files: dict[str, str | bytes], **facts: Any) -> Good:
    """Add files to the wheel."""
    contents = demo(files)
    return Good(title, build_archive(wheel_members(contents)), _landed(contents), facts=facts)


def _top(**kinds: Kind) -> tuple[TopLevel, ...]:
    found = [TopLevel(path=name, name=name, kind=kind) for name, kind in kinds.items()]
    return tuple(sorted([*DEMO, *found]))


def _descriptor(form: str, local: dict[str, int], *, signature: bool = True) -> bytes:
    """Write every member with a descriptor behind its data."""
    members = []
    for member in wheel_members(demo()):
        packed = len(deflate(member.content))
        crc = zlib.crc32(member.content)
        values = struct.pack(form, crc, packed, len(member.content))
        changes: dict[str, Any] = {
            "flags": 8,
            "local": local,
            "descriptor": (b"PK\7\x08" if signature else b"") + values,
        }
        if "Q" in form:
            changes["local_extra"] = zip64_extra(0, 0)
        members.append(replace(member, **changes))
    return build_archive(members)


ZEROS = {"crc": 0, "packed_size": 0, "size": 0}

ARCHIVES = [
    _same("plain", spoiled()),
    _same("stored", build_archive([replace(m, method=0) for m in wheel_members(demo())])),
    _same("backwards", spoiled(archive={"order": [4, 3, 2, 1, 0]})),
    _same("a comment", spoiled(archive={"comment": b"made by PK\5 tests"})),
    _same("a long comment", spoiled(archive={"comment": b"x" * 65535})),
    _same("a member's comment", spoiled(INIT, comment=b"PK")),
    _same("other extra fields", spoiled(INIT, extra=b"UT\1\0x", local_extra=b"UT\5\0abcde")),
    _same("long extra fields", spoiled(INIT, local_extra=b"xx\xe8\3" + bytes(1000))),
    _same("flags of deflate", spoiled(INIT, flags=6)),
    _same("the UTF-8 flag on ASCII", spoiled(INIT, flags=0x800)),
    _same("descriptors", _descriptor("<3I", ZEROS)),
    _same("descriptors, and sizes before", _descriptor("<3I", {})),
    _same("descriptors without signature", _descriptor("<3I", ZEROS, signature=False)),
    _same("wide descriptors", _descriptor("<I2Q", ZEROS)),
    _same(
        "wide descriptors, sizes all ones",
        _descriptor("<I2Q", {"packed_size": ONES32, "size": ONES32, "crc": 0}, signature=False),
    ),
    _same("zip64 records", spoiled(archive={"zip64": {}})),
    _same(
        "zip64 records alone",
        spoiled(
            archive={
                "zip64": {},
                "end": {"here": ONES16, "count": ONES16, "size": ONES32, "offset": ONES32},
            }
        ),
    ),
    _same(
        "zip64 sizes of a member",
        spoiled(
            INIT,
            size=ONES32,
            packed_size=ONES32,
            extra=zip64_extra(len(CODE), len(deflate(CODE))),
            local_extra=zip64_extra(len(CODE), len(deflate(CODE))),
        ),
    ),
    _same(
        "zip64 offset of a member",
        spoiled(INIT, offset=ONES32, extra=zip64_extra(0)),
    ),
    _same(
        "zip64 in the local header",
        spoiled(INIT, local_extra=zip64_extra(len(CODE), len(deflate(CODE)))),
    ),
    _same("an empty zip64 record", spoiled(INIT, extra=b"\1\0\0\0")),
    _same(
        "listed folders",
        spoiled(
            first=[
                Member(name="demo/", mode=0o040755),
                Member(name="empty/"),
                Member(name="deflated/", body=b"\3\0"),
                Member(name="regular/", mode=0o100644),
            ]
        ),
    ),
    _same("no modes", build_archive([replace(m, mode=0) for m in wheel_members(demo())])),
    _same("exactly as large as allowed", spoiled(), options={"max_unpacked": 1281}),
    _same("nobody vouches", spoiled(), options={"vouched": False}),
    _same("of several blocks", spoiled(TEXT, body=b"\0\0\0\xff\xff" * 9 + deflate(demo()[TEXT]))),
]

MODES = {
    f"demo/{mode:o}": mode
    for mode in (0o100644, 0o100755, 0o100100, 0o100001, 0o104666, 0o102777, 0o777, 0o666)
}

FILES = [
    _with("empty files", {"demo/a.py": "", "demo/b.py": b""}),
    Good(
        "an empty stored file",
        spoiled("demo/a.py", files=demo({"demo/a.py": ""}), method=0),
        _landed(demo({"demo/a.py": ""})),
    ),
    _with("names", {"demo/é ü.py": "x", "demo/e\u0301.py": "y", "demo/...": "", "demo/日本/x": ""}),
    _with("a colon", {"demo/ab:c.py": "x"}),
    _with("commas and quotes", {'demo/a,b "c".py': "x", "demo/'.py": "y"}),
    _with("a long name", {f"demo/{'x' * 200}/{'y' * 200}": "z"}),
    _with("as deep as can be", {f"demo/{'d/' * 62}f": "z"}),
    _with("as long as can be", {"demo/" + f"{'d' * 99}/" * 10 + "f" * 19: "z"}),
    _with("500 files", {f"demo/{number:03}.py": f"x = {number}" for number in range(500)}),
    _with("one big file", {"demo/big": random.Random(1).randbytes(3 << 20) + bytes(5 << 20)}),
    _with("1032:1", {"demo/zeros": bytes(20 << 20)}),
    Good(
        "a big stored file",
        spoiled("demo/big", files=demo({"demo/big": bytes(range(256)) * 9000}), method=0),
        _landed(demo({"demo/big": bytes(range(256)) * 9000})),
    ),
    Good(
        "modes",
        build_archive(
            [
                replace(member, mode=MODES.get(str(member.name), member.mode))
                for member in wheel_members(demo(dict.fromkeys(MODES, "x")))
            ]
        ),
        _landed(demo(dict.fromkeys(MODES, "x"))),
        frozenset(f"{SITE}/{path}" for path, mode in MODES.items() if mode & 0o111),
    ),
    Good(
        "bytecode",
        build_archive(
            wheel_members(
                demo(
                    {"demo/__pycache__/x.pyc": "x", "__pycache__/x": "x", "demo/__pycache__.py": ""}
                )
            )
        ),
        _landed(demo({"demo/__pycache__.py": ""})),
    ),
    Good(
        "INSTALLER and signatures",
        build_archive(
            [
                *wheel_members(demo({f"{INFO}/INSTALLER": "pip\n"})),
                Member(name=f"{RECORD}.jws", content=b"{}"),
                Member(name=f"{RECORD}.p7s", content=b"p7s"),
            ]
        ),
        {**_landed(demo()), f"{SITE}/{RECORD}.jws": b"{}", f"{SITE}/{RECORD}.p7s": b"p7s"},
    ),
    Good(
        "names like our own elsewhere",
        build_archive(wheel_members(demo({"pyvenv.cfg": "", "entry.json": "", "bin/python": ""}))),
        _landed(demo({"pyvenv.cfg": "", "entry.json": "", "bin/python": ""})),
        facts={
            "top_level": _top(
                **{"pyvenv.cfg": Kind.DATA, "entry.json": Kind.DATA, "bin": Kind.DATA}
            )
        },
    ),
]

SCHEMES = demo(
    {
        f"{DATA}/purelib/pure.py": "p",
        f"{DATA}/platlib/demo/native.so": "n",
        f"{DATA}/headers/x/demo.h": "h",
        f"{DATA}/scripts/tool": "#!python\n",
        f"{DATA}/scripts/python-argcomplete": "#!/bin/sh\n",
        f"{DATA}/data/share/man/demo.1": "m",
        f"{DATA}/data/lib/libdemo.so": "l",
        f"{DATA}/data/lib/pythonic": "l",
        f"{DATA}/data/top.txt": "t",
        f"{DATA}/data/etc/x/__pycache__/x.pyc": "not written",
        "other-1.0.data/data/x": "no scheme",
    }
)
PLACES = {
    **_landed(demo({"other-1.0.data/data/x": "no scheme"})),
    f"{SITE}/pure.py": b"p",
    f"{SITE}/demo/native.so": b"n",
    "include/demo/x/demo.h": b"h",
    "bin/tool": b"#!python\n",
    "bin/python-argcomplete": b"#!/bin/sh\n",
    "share/man/demo.1": b"m",
    "lib/libdemo.so": b"l",
    "lib/pythonic": b"l",
    "top.txt": b"t",
}

PLACED = [
    Good(
        "all schemes",
        build_archive(wheel_members(SCHEMES)),
        PLACES | {f"{SITE}/{path}": SCHEMES[path] for path in (METADATA, WHEEL)},
        frozenset({"bin/tool", "bin/python-argcomplete"}),
        {
            "schemes": ("bin", "include", "lib", "share"),
            "top_level": (
                *DEMO,
                TopLevel(path="other-1.0.data", name="other-1.0.data", kind=Kind.DATA),
                TopLevel(path="pure.py", name="pure", kind=Kind.MODULE),
            ),
        },
    ),
    _with(
        "kinds",
        {
            "module.py": "",
            "not-a-module.py": "",
            "1x.py": "",
            "é.py": "",
            "85cae__mypyc.cpython-311-x86_64-linux-gnu.so": "",
            "plain.so": "",
            "window.pyd": "",
            "stable.abi3.so": "",
            "libx.so.1": "",
            "LICENSE": "",
            "stub.pyi": "",
            "space/deep/er/x.py": "",
            "native/deep/x.so": "",
            "window_space/x.pyd": "",
            "files/x.txt": "",
            "demo.libs/x.so": "",
            "demo-stubs/__init__.pyi": "",
            "ext/__init__.cpython-311-x86_64-linux-gnu.so": "",
            "ext2/__init__.pyd": "",
            "inner/x/__init__.py": "",
            "start.pth": "import demo",
            "zstart.start": "demo:main",
            "inner/x/no.pth": "",
        },
        top_level=tuple(
            sorted(
                [
                    *_top(
                        space=Kind.NAMESPACE,
                        native=Kind.NAMESPACE,
                        window_space=Kind.NAMESPACE,
                        inner=Kind.NAMESPACE,
                        files=Kind.DATA,
                        ext=Kind.PACKAGE,
                        ext2=Kind.PACKAGE,
                        LICENSE=Kind.DATA,
                        **{
                            "demo.libs": Kind.DATA,
                            "demo-stubs": Kind.DATA,
                            "not-a-module.py": Kind.DATA,
                            "1x.py": Kind.DATA,
                            "libx.so.1": Kind.DATA,
                            "stub.pyi": Kind.DATA,
                        },
                    ),
                    TopLevel(path="module.py", name="module", kind=Kind.MODULE),
                    TopLevel(path="é.py", name="é", kind=Kind.MODULE),
                    TopLevel(
                        path="85cae__mypyc.cpython-311-x86_64-linux-gnu.so",
                        name="85cae__mypyc",
                        kind=Kind.EXTENSION,
                    ),
                    TopLevel(path="plain.so", name="plain", kind=Kind.EXTENSION),
                    TopLevel(path="window.pyd", name="window", kind=Kind.EXTENSION),
                    TopLevel(path="stable.abi3.so", name="stable", kind=Kind.EXTENSION),
                ]
            )
        ),
        startup=("start.pth", "zstart.start"),
    ),
]

SCRIPTS_TEXT = """\
# comment
; comment
[other]
../strange = anything
[console_scripts]
  demo = demo:main [extra, two]
late=demo.sub:a.b
spaces = demo : main
none = demo
neither = demo:
odd = demo:1x
dropped = demo:main
dropped = nothing
twice = demo:first
tool = demo:tool
python-demo = demo:main
[ gui_scripts ]
twice = demo:last
window = demo:window
"""
SCRIPTS = tuple(
    EntryPoint(name=name, value=value, gui=gui)
    for name, value, gui in (
        ("demo", "demo:main", False),
        ("late", "demo.sub:a.b", False),
        ("python-demo", "demo:main", False),
        ("spaces", "demo:main", False),
        ("tool", "demo:tool", False),
        ("twice", "demo:last", True),
        ("window", "demo:window", True),
    )
)
WITH_SCRIPTS = demo({f"{DATA}/scripts/tool": "#!/bin/sh\n"}, entry_points=SCRIPTS_TEXT)

RETAGGED = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def _info(title: str, replaced: dict[str, str | bytes], **facts: Any) -> Good:
    """Give files of .dist-info another content, RECORD included."""
    contents = demo(replaced=replaced)
    return Good(title, build_archive(wheel_members(contents)), _landed(contents), facts=facts)


def _hash(content: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm}={hashlib.new(algorithm, content).hexdigest()}"


def _record(title: str, text: str) -> Good:
    """Write RECORD in another way."""
    return _info(title, {RECORD: text})


USUAL = demo()
ROWS = [record_line(path, content) for path, content in USUAL.items() if path != RECORD]

TEXTS = [
    Good(
        "scripts",
        build_archive(wheel_members(WITH_SCRIPTS)),
        {
            **_landed(demo(entry_points=SCRIPTS_TEXT)),
            "bin/tool": b"#!/bin/sh\n",
        },
        frozenset({"bin/tool"}),
        {"schemes": ("bin",), "scripts": SCRIPTS},
    ),
    _info("WHEEL 1.9", {WHEEL: "Wheel-Version: 1.9\nRoot-Is-Purelib: true\n"}),
    _info(
        "not purelib",
        {WHEEL: "wheel-version:1.0\r\nROOT-IS-PURELIB: False"},
        root_is_purelib=False,
    ),
    _info(
        "headers on several lines",
        {METADATA: b"Summary: a: b\n  c\n\tName: x\nName: DeMo\nVersion: 1.0.0\nName: x\n\n\xff"},
    ),
    _record("RECORD with \\\\r\\\\n", f"{''.join(ROWS)}{RECORD},,\n".replace("\n", "\r\n")),
    _record("RECORD without the last end", f"{''.join(ROWS)}{RECORD},,"),
    _record("RECORD with empty lines", "\n\r\r\n" + "\n".join(ROWS) + f"{RECORD},,\n\n"),
    _record("RECORD that does not list itself", "".join(ROWS)),
    _record("RECORD with a hash of its own", f"{''.join(ROWS)}{RECORD},md5={'A' * 22},7\n"),
    _record(
        "RECORD with quotes",
        "".join('"' + row.replace(",", '","').replace("\n", '"\n') for row in ROWS),
    ),
    _record("RECORD without sizes", "".join(row.rpartition(",")[0] + ",\n" for row in ROWS)),
    *(
        _record(
            f"RECORD with {algorithm}",
            "".join(
                record_line(path, content, algorithm)
                for path, content in USUAL.items()
                if path != RECORD
            ),
        )
        for algorithm in ("sha384", "sha512")
    ),
    *(
        _record(
            f"RECORD with {algorithm} in hexadecimal digits",
            "".join(
                f"{path},{_hash(content, algorithm)},{len(content)}\n"
                for path, content in USUAL.items()
                if path != RECORD
            ),
        )
        for algorithm in ("sha256", "sha512")
    ),
    *(
        Good(
            f"called {filename}",
            build_archive(
                wheel_members(
                    {path.replace(INFO, folder): text for path, text in USUAL.items()}
                    | {
                        f"{folder}/RECORD": USUAL[RECORD].replace(INFO.encode(), folder.encode()),
                    }
                )
            ),
            {
                f"{SITE}/{path.replace(INFO, folder)}": USUAL[path]
                for path in USUAL
                if path != RECORD
            },
            facts={"dist_info": folder},
            options={"filename": filename},
        )
        for filename, folder in (
            ("demo-1.0-1-py3-none-any.whl", INFO),
            ("Demo-1.0.0-py3-none-any.whl", "DEMO-1.DIST-INFO"),
            ("demo-1-cp311-cp311-manylinux_2_17_x86_64.whl", "demo-1.0.0.dist-info"),
        )
    ),
]


def _waived(title: str, archive: bytes, files: dict[str, bytes], *found: Mismatch) -> Good:
    return Good(
        title, archive, _landed(files), facts={"mismatches": found}, options={"waive": True}
    )


WAIVED = [
    Good(
        "retagged",
        spoiled(WHEEL, content=RETAGGED),
        _landed({**USUAL, WHEEL: RETAGGED}),
        facts={
            "mismatches": (
                Mismatch(
                    path=WHEEL,
                    rule="record-hash",
                    expected=_hash(USUAL[WHEEL]),
                    actual=_hash(RETAGGED),
                ),
                Mismatch(
                    path=WHEEL,
                    rule="record-size",
                    expected=str(len(USUAL[WHEEL])),
                    actual=str(len(RETAGGED)),
                ),
            )
        },
    ),
    _waived(
        "another content, waived",
        spoiled(INIT, content=b"answer = 41\n"),
        {**USUAL, INIT: b"answer = 41\n"},
        Mismatch(
            path=INIT, rule="record-hash", expected=_hash(CODE), actual=_hash(b"answer = 41\n")
        ),
    ),
    _waived(
        "unlisted files, waived",
        spoiled(
            first=[
                Member(name="demo/b", content=b"b"),
                Member(name="demo/__pycache__/a", content=b"a"),
            ]
        ),
        {**USUAL, "demo/b": b"b"},
        Mismatch(
            path="demo/__pycache__/a", rule="record-unlisted", expected=None, actual=_hash(b"a")
        ),
        Mismatch(path="demo/b", rule="record-unlisted", expected=None, actual=_hash(b"b")),
    ),
    _waived(
        "a missing file, waived",
        spoiled(files={path: text for path, text in USUAL.items() if path != TEXT}),
        {path: text for path, text in USUAL.items() if path != TEXT},
        Mismatch(path=TEXT, rule="record-missing", expected=_hash(USUAL[TEXT]), actual=None),
    ),
    _waived("nothing to waive", spoiled(), USUAL),
]


def _library(path: str, content: bytes, *escapes: tuple[str, str]) -> Good:
    """Put a library below `demo/lib`."""
    return _with(
        path,
        {f"demo/lib/{path}": content, "nvidia/one/lib/x.so": "", "demo.libs/x.so": ""},
        escapes=tuple(
            sorted(
                Escape(library=f"demo/lib/{path}", runpath=runpath, tag=tag)
                for tag, runpath in escapes
            )
        ),
        top_level=_top(nvidia=Kind.NAMESPACE, **{"demo.libs": Kind.DATA}),
    )


RUNPATHS = (
    b"$ORIGIN:$ORIGIN/:$ORIGIN/../:${ORIGIN}/../../demo.libs:/usr/lib::../x:$ORIGINAL/../../.."
    b":$ORIGIN/../../nvidia/one/lib:$ORIGIN/../../nvidia/one:$ORIGIN/./..//lib/new"
)
LEAVING = ("$ORIGIN/../..", "${ORIGIN}/../../torch/lib", "$ORIGIN/../../nvidia/two/lib")
FAR = "$ORIGIN/../../../../../x"
RUNPATH = [("DT_RUNPATH", text) for text in (*LEAVING, FAR)]
LOADER = "@loader_path/../../torch/lib"

LIBRARIES = [
    _library("stays.so", elf((29, RUNPATHS))),
    *(
        _library(
            f"leaves-{wide}{ord(order)}.so",
            elf((29, ":".join((*LEAVING, FAR)).encode()), wide=wide, order=order),
            *RUNPATH,
        )
        for wide in (True, False)
        for order in "<>"
    ),
    _library(
        "both.so.1",
        elf((15, b"$ORIGIN/../../a"), (29, b"$ORIGIN/../../b")),
        ("DT_RPATH", "$ORIGIN/../../a"),
        ("DT_RUNPATH", "$ORIGIN/../../b"),
    ),
    *(
        _library(
            f"leaves-{wide}{ord(order)}.dylib",
            mach_o(
                b"@loader_path", LOADER.encode(), b"@executable_path/..", wide=wide, order=order
            ),
            ("LC_RPATH", LOADER),
        )
        for wide in (True, False)
        for order in "<>"
    ),
    *(
        _library(
            f"fat-{wide}.dylib",
            fat(mach_o(b"/usr/lib"), mach_o(LOADER.encode(), wide=False), wide=wide),
            ("LC_RPATH", LOADER),
        )
        for wide in (True, False)
    ),
    _library("big.so", elf((29, RUNPATH[1][1].encode())) + bytes(40 << 20), RUNPATH[1]),
    _with(
        "a library beside those of other wheels",
        {"nvidia/one/lib/libone.so.12": elf((29, b"$ORIGIN/../../two/lib:$ORIGIN/../lib"))},
        escapes=(
            Escape(
                library="nvidia/one/lib/libone.so.12",
                runpath="$ORIGIN/../../two/lib",
                tag="DT_RUNPATH",
            ),
        ),
        top_level=_top(nvidia=Kind.DATA),
    ),
    _library("empty.so", elf()),
    _library("cut.so", elf((29, b"$ORIGIN/../.."))[:-40]),
    _library("head.so", b"\x7fELF"),
    _library("odd.so", b"\x7fELF\2\1\1" + b"\xff" * 99),
    _library("cut.dylib", mach_o(LOADER.encode())[:-9]),
    _library("Java.class", b"\xca\xfe\xba\xbe\0\0\0\x37" + bytes(99)),
]

GOOD: list[Good] = [*ARCHIVES, *FILES, *PLACED, *TEXTS, *WAIVED, *LIBRARIES]
