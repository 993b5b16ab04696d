"""Roots: what each project or tool uses, one small file for each request (docs/layout.md, 9).

A root keeps what it names from garbage collection, and lets `trail run` start without
looking at anything else: as long as the files that decided (`inputs`) are the same, the
answer is. So this module imports nothing that the interpreter has not loaded already.

A file may change twice within one tick of the clock and keep its size. An input that was
younger than two seconds when the root was written is therefore compared by content (git
calls such files "racily clean"), and `is_settled` says that writing the root anew would
make the comparison cheap again.
"""

from __future__ import annotations

import os
import time
import zlib

from trail.depot.boot import boot_id, foreign_boots

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Any

__all__ = [
    "Input",
    "Root",
    "is_current",
    "is_settled",
    "look_at",
    "read_input",
    "read_root",
    "root_name",
    "take_input",
    "touch_root",
    "write_root",
]

FIRST_LINE = "trail-root 1"
_RACY = 2_000_000_000  # ns; FAT, the coarsest clock in use, ticks every two seconds
_TOUCH = 3600  # seconds
_ERRORS = "surrogatepass" if os.name == "nt" else "surrogateescape"  # as os.fsencode
_READABLE = 40  # characters of the project's name in the file's name


class _Value:
    """Equality and a readable form, without the imports of dataclasses."""

    __slots__: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.values() == other.values()

    def __hash__(self) -> int:
        return hash(tuple(self.values().values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.values()})"

    def values(self) -> dict[str, Any]:
        """The attributes by name."""
        return {name: getattr(self, name) for name in self.__slots__}


class Input(_Value):
    """A file that decided about a root's content, as it was when it was read.

    Args:
        path: absolute.
        size: in bytes, or -1 if the file did not exist (its appearance is a change).
        mtime: in ns since 1970.
        digest: sha256 of the content, or an empty string.
    """

    __slots__ = ("digest", "mtime", "path", "size")

    def __init__(self, path: str, size: int, mtime: int, digest: str) -> None:
        self.path = path
        self.size = size
        self.mtime = mtime
        self.digest = digest


class Root(_Value):
    """What one project or tool uses for one request.

    Args:
        project: the project's folder, or the script's or tool's path; absolute.
        request: what was asked for: options and settings.
        kind: `project`, `script` or `tool`; a tool's root does not age.
        prefix: the prefix' folder, absolute, or an empty string.
        entries: ids of the entries that it uses.
        inputs: the files that decided.
        depots: the depots' folders, absolute; the root lies in one of them.
        note: what was found out, in words; for requests that use no entries.
        withheld: commands that no program from elsewhere stands in for (see
            `trail.commands.start.program`).
        written: when, in ns since 1970; `write_root` sets it.
    """

    __slots__ = (
        "depots",
        "entries",
        "inputs",
        "kind",
        "note",
        "prefix",
        "project",
        "request",
        "withheld",
        "written",
    )

    def __init__(  # noqa: PLR0913  # the keys of the file
        self,
        *,
        project: str,
        request: Sequence[str] = (),
        kind: str = "project",
        prefix: str = "",
        entries: Sequence[str] = (),
        inputs: Sequence[Input] = (),
        depots: Sequence[str] = (),
        note: str = "",
        withheld: Sequence[str] = (),
        written: int = 0,
    ) -> None:
        self.project = project
        self.request = tuple(request)
        self.kind = kind
        self.prefix = prefix
        self.entries = tuple(entries)
        self.inputs = tuple(inputs)
        self.depots = tuple(depots)
        self.note = note
        self.withheld = tuple(withheld)
        self.written = written


def root_name(project: str, request: Sequence[str]) -> str:
    """Name the file of a root: `{folder's name}-{16 digits}`.

    The digits are no cryptographic hash; readers compare project and request with those
    in the file.

    Args:
        project: as in `Root`.
        request: as in `Root`.
    """
    data = "\0".join((project, *request)).encode("utf-8", _ERRORS)
    # Backwards for the second half: a CRC with another start tells nothing new.
    digits = f"{zlib.crc32(data):08x}{zlib.crc32(data[::-1]):08x}"
    name = os.path.basename(project.rstrip(os.sep))  # noqa: PTH119  # no pathlib here
    readable = "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in "-_") else "_"
        for letter in name[:_READABLE]
    )
    return f"{readable or 'root'}-{digits}"


def take_input(path: str) -> tuple[Input, bytes | None]:
    """Read a file that decides something, and remember how it was.

    Args:
        path: absolute.

    Returns:
        What to put into the root, and the content; None if there is no such file.

    Raises:
        OSError: the file is there and cannot be read.
    """
    try:
        with open(path, "rb") as file:  # noqa: PTH123  # no pathlib here
            # Before reading: a change in between then differs from what is noted.
            status = os.fstat(file.fileno())
            data = file.read()
    except (FileNotFoundError, NotADirectoryError):
        return Input(path, -1, 0, ""), None
    return Input(path, status.st_size, status.st_mtime_ns, _digest(data)), data


def read_input(path: str) -> Input:
    """Remember how a file is: `take_input` without the content.

    Raises:
        OSError: the file is there and cannot be read.
    """
    return take_input(path)[0]


def look_at(path: str) -> Input:
    """Remember a program, or which files a folder holds, by the time stamp; or its absence.

    Args:
        path: absolute.
    """
    try:
        status = os.stat(path)  # noqa: PTH116  # no pathlib here
    except OSError:
        return Input(path, -1, 0, "")
    return Input(path, status.st_size, status.st_mtime_ns, "")


def is_current(root: Root) -> bool:
    """Whether a root still tells the truth: inputs unchanged, prefix there and not suspect.

    One stat for each input, one for the prefix, one listing for each depot.
    """
    if root.prefix and not os.path.isdir(root.prefix):  # noqa: PTH112  # no pathlib here
        return False
    return all(_is_unchanged(item, root.written) for item in root.inputs) and not _is_suspect(root)


def is_settled(root: Root) -> bool:
    """Whether `is_current` can do without reading; otherwise write the current root anew."""
    return not any(item.size >= 0 and _is_racy(item, root.written) for item in root.inputs)


def touch_root(path: str) -> None:
    """Note that a root was used, at most once an hour; a file that cannot be written is left."""
    try:
        if time.time() - os.stat(path).st_mtime > _TOUCH:  # noqa: PTH116  # no pathlib here
            os.utime(path)
    except OSError:
        pass


def read_root(path: str | Path) -> Root | None:
    """Read a root; None if it is missing, damaged or of a later trail."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123  # no pathlib here
            return parse_root(file.read())
    except OSError:
        return None


def write_root(path: str | Path, root: Root) -> Root:
    """Write a root.

    Not flushed: it ends in a checksum, and what a power loss takes is made again.

    Args:
        path: from the layout; its folder is made as needed.
        root: its `written` does not matter.

    Returns:
        The root as written.

    Raises:
        OSError: it cannot be written.
    """
    written = Root(**root.values() | {"written": time.time_ns()})
    path = os.fspath(path)
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name[:_READABLE]}.{os.urandom(8).hex()}")  # noqa: PTH118  # no pathlib here
    os.makedirs(folder, exist_ok=True)  # noqa: PTH103  # as above
    try:
        with open(temporary, "xb") as file:  # noqa: PTH123  # as above
            file.write(dump_root(written))
        os.replace(temporary, path)  # noqa: PTH105  # as above
    except BaseException:
        try:  # noqa: SIM105  # contextlib takes 3 ms here
            os.unlink(temporary)  # noqa: PTH108  # as above
        except OSError:
            pass
        raise
    return written


def dump_root(root: Root) -> bytes:
    """Write a root as lines of `key<TAB>value`."""
    rows = [
        ("project", root.project),
        ("kind", root.kind),
        ("prefix", root.prefix),
        ("written", str(root.written)),
    ]
    rows += [("note", root.note)] if root.note else []
    rows += [("request", word) for word in root.request]
    rows += [("depot", depot) for depot in root.depots]
    rows += [("entry", entry) for entry in root.entries]
    rows += [("withheld", command) for command in root.withheld]
    rows += [
        ("input", f"{item.size} {item.mtime} {item.digest or '-'} {item.path}")
        for item in root.inputs
    ]
    lines = [FIRST_LINE, *(f"{key}\t{_escape(value)}" for key, value in rows)]
    body = ("\n".join(lines) + "\n").encode("utf-8", _ERRORS)
    return body + f"end\t{zlib.crc32(body):08x}\n".encode()


def parse_root(data: bytes) -> Root | None:
    """Read the lines of `dump_root`; None if they are damaged. Unknown keys are skipped."""
    body, found, checksum = data.rpartition(b"end\t")
    if not found or checksum.strip() != f"{zlib.crc32(body):08x}".encode():
        return None
    first, *lines = body.decode("utf-8", _ERRORS).split("\n")
    if first != FIRST_LINE:
        return None
    single: dict[str, str] = {}
    several: dict[str, list[str]] = {
        name: [] for name in ("request", "depot", "entry", "withheld", "input")
    }
    for line in lines:
        key, _, value = line.partition("\t")
        value = _unescape(value) if "\\" in value else value
        if key in several:
            several[key].append(value)
        else:
            single[key] = value
    try:
        return Root(
            project=single["project"],
            kind=single["kind"],
            prefix=single["prefix"],
            note=single.get("note", ""),
            written=int(single["written"]),
            request=several["request"],
            depots=several["depot"],
            entries=several["entry"],
            withheld=several["withheld"],
            inputs=[_parse_input(value) for value in several["input"]],
        )
    except (KeyError, ValueError):
        return None


def _parse_input(value: str) -> Input:
    size, mtime, digest, path = value.split(" ", 3)
    return Input(path, int(size), int(mtime), "" if digest == "-" else digest)


def _is_unchanged(item: Input, written: int) -> bool:
    try:
        status = os.stat(item.path)  # noqa: PTH116  # no pathlib here
    except OSError:
        return item.size < 0
    if (status.st_size, status.st_mtime_ns) != (item.size, item.mtime):
        return False
    if not _is_racy(item, written):
        return True
    try:
        with open(item.path, "rb") as file:  # noqa: PTH123  # no pathlib here
            return _digest(file.read()) == item.digest
    except OSError:
        return False


def _is_racy(item: Input, written: int) -> bool:
    return item.mtime > written - _RACY


def _is_suspect(root: Root) -> bool:
    """Whether a power loss may have taken something that the root uses (see durable)."""
    boot = boot_id()
    for depot in root.depots:
        unsynced = os.path.join(depot, "unsynced")  # noqa: PTH118  # layout.py imports too much
        for other in foreign_boots(unsynced, boot):
            from trail.depot.layout import flat  # noqa: PLC0415  # after a reboot only

            key = os.path.basename(root.prefix)  # noqa: PTH119  # no pathlib here
            folder = os.path.join(unsynced, other)  # noqa: PTH118  # as above
            try:
                notes = frozenset(os.listdir(folder))  # noqa: PTH208  # as above
            except OSError:
                continue
            if not notes.isdisjoint({key, *(flat(entry) for entry in root.entries)}):
                return True
    return False


def _digest(data: bytes) -> str:
    from trail.sha256 import hex_digest  # noqa: PLC0415  # a settled root does not need it

    return hex_digest(data)


_ESCAPES = {ord("\\"): "\\\\", ord("\t"): "\\t", ord("\n"): "\\n", ord("\r"): "\\r"}


def _escape(value: str) -> str:
    return value.translate(_ESCAPES)


def _unescape(value: str) -> str:
    parts = value.split("\\\\")
    for letter, escaped in (("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")):
        parts = [part.replace(escaped, letter) for part in parts]
    return "\\".join(parts)
