"""What is particular to prefixes on Linux and other POSIX systems; macOS has more to it."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from trail.prefix.model import Shape

if TYPE_CHECKING:
    from trail.model import EntryPoint
    from trail.prefix.model import PrefixPython

__all__ = ["PosixPlatform", "write_file"]

_FICLONE = 0x40049409
# Nothing but what it must: importing `re` here would slow every script down.
_SCRIPT = """\
import sys
from {module} import {name}
if __name__ == "__main__":
    sys.exit({attribute}())
"""


class PosixPlatform:
    """Makes links and scripts; paths are strings, because there are thousands of them."""

    relative = True
    python = "bin/python"
    pip_configuration = "pip.conf"
    # The kernel of Linux before 5.1 cuts the first line after 127 bytes.
    longest_shebang = 127
    has_lib64 = sys.maxsize > 2**32

    def shape(self, python: PrefixPython) -> Shape:
        """Say where things lie for this Python."""
        name = "pypy" if python.implementation == "pypy" else "python"
        threads = "t" if python.free_threaded else ""
        return Shape(
            site_packages=f"lib/{name}{python.minor}{threads}/site-packages",
            entry_site_packages="lib/python/site-packages",
            library="lib",
            scripts="bin",
            headers=f"include/site/{name}{python.minor}{threads}",
            cache_tag=python.cache_tag,
            # A virtual environment's lib64 is a link to lib.
            aliases=(("lib64", "lib"),),
            reserved=frozenset({"pyvenv.cfg", "pip.conf", "trail.json"}),
        )

    def install_python(self, folder: str, python: PrefixPython) -> None:
        """Put the interpreter into a prefix.

        Args:
            folder: the prefix; its `bin` and `lib` exist.
            python: the interpreter.

        Raises:
            OSError: a link cannot be made.
        """
        base = os.fspath(python.base)
        names = ["python", "python3", f"python{python.minor}"]
        if python.free_threaded:
            names.append(f"python{python.minor}t")
        if python.implementation == "pypy":
            names.append("pypy3")
        for name in names:
            _symlink(base, f"{folder}/bin/{name}")
        if self.has_lib64:
            _symlink("lib", f"{folder}/lib64")

    def link_folder(self, target: str, path: str) -> None:
        """Link a folder; `target` may be relative."""
        _symlink(target, path)

    def link_file(self, target: str, path: str) -> None:
        """Link a file; `target` may be relative."""
        _symlink(target, path)

    def link_bytecode(self, target: str, path: str) -> None:
        """Link bytecode that may come later: Python copes with a link that leads nowhere."""
        _symlink(target, path)

    def hardlink(self, source: str, path: str) -> None:
        """Give a file a second name, or copy it where that is not possible."""
        try:
            os.link(source, path)
        except OSError as error:
            # Another file system, too many names, none at all here, or a file of another
            # user (fs.protected_hardlinks).
            if error.errno not in {
                errno.EXDEV,
                errno.EMLINK,
                errno.EPERM,
                errno.EACCES,
                errno.ENOTSUP,
            }:
                raise
            self.copy(source, path)

    def copy(self, source: str, path: str) -> None:
        """Copy a file with its mode, sharing its blocks where the file system can."""
        import shutil  # noqa: PLC0415  # loads all kinds of compression

        with Path(source).open("rb") as old, Path(path).open("xb") as new:
            if not _clone(old.fileno(), new.fileno()):
                shutil.copyfileobj(old, new, 1 << 20)
        shutil.copymode(source, path)

    def script(self, entry_point: EntryPoint, python: str) -> tuple[str, bytes]:
        """Make the script of an entry point.

        Args:
            entry_point: what it runs.
            python: the prefix's interpreter, by its final path.

        Returns:
            The file's name and its content.
        """
        module, _, attribute = entry_point.value.partition(":")
        text = _SCRIPT.format(
            module=module.strip(),
            name=attribute.strip().partition(".")[0],
            attribute=attribute.strip(),
        )
        return entry_point.name, self.shebang(python) + text.encode()

    def shebang(self, python: str) -> bytes:
        """Make the first line of a script for an interpreter.

        Args:
            python: its absolute path.
        """
        line = os.fsencode(f"#!{python}\n")
        if len(line) <= self.longest_shebang and python.split() == [python]:
            return line
        import shlex  # noqa: PLC0415  # most paths are short

        # A shell runs the second line; Python reads a string there.
        return os.fsencode(f"#!/bin/sh\n'''exec' {shlex.quote(python)} \"$0\" \"$@\"\n' '''\n")


def _symlink(target: str, path: str) -> None:
    os.symlink(target, path)  # noqa: PTH211  # thousands of them


def write_file(path: str, data: bytes, mode: int) -> None:
    """Write a new file with exactly this mode, whatever the umask."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        if os.name != "nt":
            os.fchmod(descriptor, mode)


def _clone(source: int, target: int) -> bool:
    if sys.platform != "linux":
        return False
    import fcntl  # noqa: PLC0415  # not on Windows, whose tests import this module

    with contextlib.suppress(OSError):
        fcntl.ioctl(target, _FICLONE, source)
        return True
    return False
