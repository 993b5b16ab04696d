"""Unpack source archives, as strictly as wheels (docs/wheel-checks.md, sections 1 to 3).

Zip archives are read by the wheel layer itself. Tar archives are read as one stream, and only
`extractfile` is used: `tarfile`'s own extraction is not safe without its filters, which Python
has from 3.11.4 on (PEP 706). The rules:

1. Names are safe ones; no two mean the same file; nothing lies below a file.
2. There are files, folders, and links; never devices, pipes or sparse files.
3. A link leads to something in the archive: `..` only at its start, and not above the top.
   Links are made last, so that no member can be written through one.
4. Of the mode only the execute bit counts. Sizes are limited, headers too.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import shutil
import tarfile
import zlib
from typing import IO, TYPE_CHECKING, NoReturn, Self

from trail.errors import BuildError
from trail.wheel.archive import Archive, read_contents
from trail.wheel.faults import Fault
from trail.wheel.names import PathSet, is_safe_name, split_parents

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ENDINGS", "unpack_source"]

ENDINGS = (".tar.gz", ".tgz", ".tar.bz2", ".tar", ".zip")
"""What archives of sources are called; PEP 625 has `.tar.gz` alone."""

_BLOCK = 1 << 20
_LONGEST_HEADER = 1 << 20  # of a long name or of pax records; tarfile reads them as a whole
_MOST_MEMBERS = 200_000  # tarfile keeps a kilobyte of each
_OLDEST = 315_619_200  # 2 January 1980: wheels cannot have older files
_DAMAGED = (tarfile.TarError, zlib.error, EOFError, OSError)


def unpack_source(path: Path, filename: str, folder: Path, *, max_unpacked: int) -> Path:
    """Unpack a source distribution, or another archive of sources.

    Args:
        path: the archive, checked against its hash.
        filename: its name, which tells the format.
        folder: an empty folder.
        max_unpacked: how many bytes it may unpack to.

    Returns:
        The folder of the sources: the one at the archive's top, or `folder` if it has none.

    Raises:
        BuildError: the archive breaks a rule, is damaged or no archive.
        WheelError: a zip archive breaks a rule that wheels have too.
        OSError: the folder cannot be written.
    """
    if not filename.endswith(ENDINGS):
        raise BuildError(
            f"`{filename}` is not an archive of sources",
            details=(("expected", ", ".join(ENDINGS)),),
        )
    if filename.endswith(".zip"):
        _unpack_zip(path, filename, folder, max_unpacked)
    else:
        _Tar(path, filename, folder, max_unpacked).unpack()
    found = [place for place in folder.iterdir() if place.name != "pax_global_header"]
    if len(found) == 1 and found[0].is_dir() and not found[0].is_symlink():
        return found[0]
    return folder


def _unpack_zip(path: Path, filename: str, folder: Path, max_unpacked: int) -> None:
    try:
        with Archive(path) as archive:
            contents = read_contents(archive, max_unpacked=max_unpacked)
            for member, start in zip(contents.members, contents.starts, strict=True):
                target = folder / member.name
                if member.folder:
                    target.mkdir(parents=True, exist_ok=True)
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("xb") as file:
                    for block in archive.blocks(member, start):
                        file.write(block)
                if member.executable:
                    target.chmod(0o755)
    except Fault as fault:
        raise fault.of(filename) from fault


class _Header(tarfile.TarInfo):
    """A header whose extensions cannot take all memory."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        found = super().frombuf(buf, encoding, errors)
        extension = found.type in {
            tarfile.XHDTYPE,
            tarfile.XGLTYPE,
            tarfile.SOLARIS_XHDTYPE,
            tarfile.GNUTYPE_LONGNAME,
            tarfile.GNUTYPE_LONGLINK,
        }
        if found.size < 0 or (extension and found.size > _LONGEST_HEADER):
            raise tarfile.ReadError(f"a header claims {found.size} bytes")
        return found


class _Tar:
    """Unpacks one tar archive."""

    def __init__(self, path: Path, filename: str, folder: Path, max_unpacked: int) -> None:
        self._path = path
        self._filename = filename
        self._folder = folder
        self._left = max_unpacked
        self._paths = PathSet()
        self._files: set[str] = set()
        self._folders: set[str] = set()
        self._links: dict[str, str] = {}

    def unpack(self) -> None:
        try:
            # A stream: member by member in one pass, and nothing is looked up twice.
            with (
                _open(self._path, self._filename) as stream,
                tarfile.open(fileobj=stream, mode="r|", tarinfo=_Header) as archive,
            ):
                for count, member in enumerate(archive):
                    if count >= _MOST_MEMBERS:
                        self._refuse("it has too many members")
                    self._member(archive, member)
                while left := stream.read(_BLOCK):  # checksums stand at the end
                    self._left -= len(left)
                    if self._left < 0:
                        self._refuse("it unpacks to more than the allowed size")
        except _DAMAGED as error:
            if isinstance(error, OSError) and error.filename is not None:
                raise  # of the folder, not of the archive
            raise BuildError(
                f"cannot unpack `{self._filename}`: the archive is damaged",
                details=(("problem", str(error)),),
            ) from error
        for name, target in self._links.items():
            self._link(name, target)

    def _member(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        name = member.name.removeprefix("./").removesuffix("/")
        if name in {"", "."} and member.isdir():
            return
        if not is_safe_name(name):
            self._refuse("a member has an unsafe name", member)
        if member.issparse() or not (
            member.isreg() or member.isdir() or member.issym() or member.islnk()
        ):
            self._refuse("a member is neither file, folder nor link", member)
        if member.isdir() and name in self._folders:
            return  # tar writes a folder anew each time it is named
        self._folders.update(split_parents(name))
        if not self._paths.add(name, folder=member.isdir()):
            self._refuse("two members have names that mean the same file", member)
        path = self._folder / name
        if member.isdir():
            self._folders.add(name)
            path.mkdir(parents=True, exist_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        if member.issym():
            self._check_link(name, member)
            self._links[name] = member.linkname
        elif member.islnk():
            self._copy(name, member)
        else:
            self._write(archive, member, path)
            self._files.add(name)

    def _write(self, archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
        self._spend(member.size, member)
        data = archive.extractfile(member)
        if data is None:
            raise AssertionError(member)
        size = 0
        with path.open("xb") as file:
            while block := data.read(_BLOCK):
                file.write(block)
                size += len(block)
        if size != member.size:
            raise tarfile.ReadError(f"`{member.name}` ends early")
        _stamp(path, member)

    def _copy(self, name: str, member: tarfile.TarInfo) -> None:
        """A hard link becomes a file of its own: builds change files in place."""
        target = member.linkname.removeprefix("./")
        if target not in self._files:
            self._refuse("a link leads to no file before it in the archive", member)
        source = self._folder / target
        self._spend(source.stat().st_size, member)
        shutil.copyfile(source, self._folder / name)
        shutil.copystat(source, self._folder / name)
        self._files.add(name)

    def _spend(self, size: int, member: tarfile.TarInfo) -> None:
        self._left -= size
        if self._left < 0:
            self._refuse("it unpacks to more than the allowed size", member)

    def _check_link(self, name: str, member: tarfile.TarInfo) -> None:
        parts = member.linkname.split("/")
        depth = len(name.split("/")) - 1
        ups = 0
        while ups < len(parts) and parts[ups] == "..":
            ups += 1
        below = [part for part in parts[ups:] if part not in {"", "."}]
        # `..` behind another part could climb out through a second link.
        unsafe = not member.linkname or member.linkname.startswith("/") or ".." in below
        if unsafe or ups > depth or (below and not is_safe_name("/".join(below))):
            self._refuse("a link leads out of the archive", member)

    def _link(self, name: str, target: str) -> None:
        path = self._folder / name
        try:
            path.symlink_to(target)
        except OSError:  # Windows, without the privilege
            if os.name != "nt":
                raise
            source = path.parent / target
            if source.is_file():
                shutil.copyfile(source, path)

    def _refuse(self, fault: str, member: tarfile.TarInfo | None = None) -> NoReturn:
        details = [("member", ascii(member.name)[1:-1])] if member is not None else []
        if member is not None and member.linkname:
            details.append(("leads to", ascii(member.linkname)[1:-1]))
        raise BuildError(
            f"refused `{self._filename}`: {fault}; nothing of it was built", details=tuple(details)
        )


def _open(path: Path, filename: str) -> IO[bytes]:
    """Open an archive; tarfile's own streams check no checksum."""
    if filename.endswith(".bz2"):
        import bz2  # noqa: PLC0415  # not every Python has it

        return bz2.open(path)
    return path.open("rb") if filename.endswith(".tar") else gzip.open(path)  # type: ignore[return-value]  # it reads like a file


def _stamp(path: Path, member: tarfile.TarInfo) -> None:
    """Keep the execute bit, and the time: make(1) compares them."""
    if member.mode & 0o111:
        path.chmod(0o755)
    seconds = max(int(member.mtime), _OLDEST)
    with contextlib.suppress(OSError, OverflowError):
        os.utime(path, (seconds, seconds))
