"""pip's configuration, so that trail works behind a company's mirror where pip does.

Source: pip's user guide, "Configuration". The files are read in this order, a later one
replaces single keys of an earlier one: system, user (old place, new place), the
interpreter's own, PIP_CONFIG_FILE. Then `[install]` goes before `[global]` whichever file
it is in, and the environment (`PIP_…`) before both. Empty values count as not given.
"""

from __future__ import annotations

import locale
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from trail.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["config_files", "home", "read_pip"]

_SECTIONS = ("global", "install")


def home(environ: Mapping[str, str]) -> Path:
    """The user's home folder."""
    named = environ.get("USERPROFILE" if os.name == "nt" else "HOME")
    return Path(named) if named else Path.home()


def config_files(
    environ: Mapping[str, str], *, platform: str = sys.platform, prefix: str = sys.prefix
) -> tuple[Path, ...]:
    """The files that pip would read, whether they exist or not; the least important first.

    Args:
        environ: the environment.
        platform: as `sys.platform`.
        prefix: as `sys.prefix`, of the interpreter whose own file counts.
    """
    named = environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return ()
    basename = "pip.ini" if platform == "win32" else "pip.conf"
    folders = [*_system_folders(environ, platform)]
    # pip leaves the user's own files out if PIP_CONFIG_FILE exists.
    if not (named and Path(named).exists()):
        folders += _user_folders(environ, platform)
    files = [folder / basename for folder in (*folders, Path(prefix))]
    if named:
        files.append(Path(named))
    return tuple(files)


def read_pip(environ: Mapping[str, str], files: Iterable[Path]) -> dict[str, tuple[str, str]]:
    """Read pip's configuration.

    Args:
        environ: the environment.
        files: configuration files, the least important first; missing ones are skipped.

    Returns:
        For each option (as on pip's command line, without `--`) its value and the place
        that it stands in, for messages.

    Raises:
        SettingsError: a file cannot be read.
    """
    sections: dict[str, dict[str, tuple[str, str]]] = {name: {} for name in _SECTIONS}
    for path in files:
        if path.is_file():
            for section, option, value in _read_file(path):
                place = f"`[{section}] {option}` in `{path}`"
                sections[section][option] = (value, place)
    found: dict[str, tuple[str, str]] = {}
    for section in _SECTIONS:
        found.update({option: pair for option, pair in sections[section].items() if pair[0]})
    for name, value in environ.items():
        if name.startswith("PIP_") and value:
            found[_option(name.removeprefix("PIP_"))] = (value, f"`{name}`")
    return found


def _read_file(path: Path) -> list[tuple[str, str, str]]:
    import configparser  # noqa: PLC0415  # few machines have such a file

    parser = configparser.RawConfigParser()
    try:
        # pip reads its files in the encoding of the locale.
        text = path.read_text(encoding=locale.getpreferredencoding(do_setlocale=False))
        parser.read_string(text, source=str(path))
    except (OSError, UnicodeError, configparser.Error) as error:
        reason = str(error).splitlines()[0]
        raise SettingsError(
            f"pip's configuration file `{path}` cannot be read", details=(("reason", reason),)
        ) from error
    return [
        (section, _option(option), value or "")
        for section in _SECTIONS
        if parser.has_section(section)
        for option, value in parser.items(section)
    ]


def _option(name: str) -> str:
    return name.lower().replace("_", "-").removeprefix("--")


def _system_folders(environ: Mapping[str, str], platform: str) -> list[Path]:
    if platform == "win32":
        return [Path(environ.get("PROGRAMDATA") or "C:\\ProgramData", "pip")]
    if platform == "darwin":
        return [Path("/Library/Application Support/pip")]
    listed = environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    return [*(Path(entry, "pip") for entry in listed.split(os.pathsep) if entry), Path("/etc")]


def _user_folders(environ: Mapping[str, str], platform: str) -> list[Path]:
    own = home(environ)
    if platform == "win32":
        return [own / "pip", Path(environ.get("APPDATA") or own / "AppData" / "Roaming", "pip")]
    if platform == "darwin":
        native = own / "Library" / "Application Support" / "pip"
        return [own / ".pip", native if native.is_dir() else own / ".config" / "pip"]
    return [own / ".pip", Path(environ.get("XDG_CONFIG_HOME") or own / ".config", "pip")]
