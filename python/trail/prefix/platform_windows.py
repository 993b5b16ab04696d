"""What is particular to prefixes on Windows: junctions, launchers, names of folders."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING, Literal

from trail.prefix.model import Shape

if TYPE_CHECKING:
    from trail.model import EntryPoint
    from trail.prefix.model import PrefixPython

__all__ = ["WindowsPlatform", "launchers"]


def launchers(base: PureWindowsPath, *, free_threaded: bool, minor: str) -> dict[str, str]:
    """Say which file of the base Python becomes which one in `Scripts`.

    `python.exe` of a virtual environment is a small program that starts the base Python
    and tells it where it was started from; the base Python has it in `Lib/venv`.

    Args:
        base: the real python.exe.
        free_threaded: whether to take the launchers of the build without the global lock.
        minor: such as `3.12`; up to 3.12 the launchers have other names.

    Returns:
        Source by name in `Scripts`.
    """
    folder = base.parent / "Lib" / "venv" / "scripts" / "nt"
    threads = "t" if free_threaded else ""
    new = tuple(int(part) for part in minor.split(".")) >= (3, 13)
    return {
        f"{name}.exe": str(
            folder
            / (
                f"venv{'w' if name == 'pythonw' else ''}launcher{threads}.exe"
                if new
                else f"{name}.exe"
            )
        )
        for name in ("python", "pythonw")
    }


class WindowsPlatform:
    """Makes junctions, hardlinks and launchers."""

    relative = False
    python = "Scripts/python.exe"
    pip_configuration = "pip.ini"

    def shape(self, python: PrefixPython) -> Shape:
        """Say where things lie for this Python."""
        return Shape(
            site_packages="Lib/site-packages",
            entry_site_packages="Lib/site-packages",
            library="Lib",
            scripts="Scripts",
            headers=f"include/site/python{python.minor}",
            cache_tag=python.cache_tag,
            aliases=(("lib", "Lib"),),  # one folder there
            reserved=frozenset({"pyvenv.cfg", "pip.ini", "trail.json"}),
        )

    def install_python(self, folder: str, python: PrefixPython) -> None:
        """Put the launchers of the base Python into a prefix."""
        sources = launchers(
            PureWindowsPath(python.base),
            free_threaded=python.free_threaded,
            minor=python.minor,
        )
        import shutil  # noqa: PLC0415  # loads all kinds of compression

        for name, source in sources.items():
            shutil.copyfile(source, f"{folder}/Scripts/{name}")

    def link_folder(self, target: str, path: str) -> None:
        """Make a junction, which needs no privilege; `target` is absolute."""
        if sys.platform == "win32":
            import _winapi  # noqa: PLC0415  # only there

            _winapi.CreateJunction(os.path.normpath(target), os.path.normpath(path))

    def link_file(self, target: str, path: str) -> None:
        """Symlinks need a privilege, so a file gets a second name."""
        self.hardlink(target, path)

    def link_bytecode(self, target: str, path: str) -> None:
        """Link bytecode if it is there: a hardlink cannot wait for it."""
        if Path(target).exists():
            self.link_file(target, path)

    def hardlink(self, source: str, path: str) -> None:
        """Give a file a second name, or copy it where that is not possible."""
        try:
            os.link(source, path)
        except OSError:  # another volume, no NTFS, or more than 1023 names
            self.copy(source, path)

    def copy(self, source: str, path: str) -> None:
        """Copy a file with its mode."""
        import shutil  # noqa: PLC0415  # as above

        shutil.copyfile(source, path)
        shutil.copymode(source, path)

    def script(self, entry_point: EntryPoint, python: str) -> tuple[str, bytes]:
        """Make the launcher of an entry point."""
        from installer.scripts import Script  # noqa: PLC0415  # 40 ms, and only needed here

        module, _, attribute = entry_point.value.partition(":")
        script = Script(
            entry_point.name,
            module.strip(),
            attribute.strip(),
            "gui" if entry_point.gui else "console",
        )
        return script.generate(os.path.normpath(python), _launcher_kind())

    def shebang(self, python: str) -> bytes:
        """Make the first line of a script for an interpreter; read by launchers only."""
        return f"#!{python}\n".encode()


def _launcher_kind() -> Literal["win-ia32", "win-amd64", "win-arm64"]:
    machine = platform.machine().lower()
    if machine == "arm64":
        return "win-arm64"
    return "win-amd64" if machine == "amd64" else "win-ia32"
