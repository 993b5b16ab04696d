"""The table of settings and the ways to read their values; `trail.settings` uses both."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trail.addresses import redact
from trail.errors import SettingsError
from trail.model import Names
from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SETTINGS", "Setting", "read_value"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its names in all places, and how a value is read.

    Args:
        field: the field of `Settings`, `IndexSettings` and `Overrides`.
        key: in `[tool.trail]`.
        read: turns a value, a base folder and the home folder into the field's value;
            raises ValueError with what was expected.
        variable: the environment variable, or None.
        project: whether a project may decide it. What concerns the machine or its trust in
            others (proxies, certificates, credentials) is not for a cloned project to set.
        pip: pip's options for it, the preferred one first.
    """

    field: str
    key: str
    read: Callable[[object, Path, Path], Any]
    variable: str | None = None
    project: bool = False
    pip: tuple[str, ...] = ()


def read_value(setting: Setting, value: object, place: str, folder: Path, home: Path) -> Any:
    """Read the value of a setting.

    Args:
        setting: the setting.
        value: a string; or what TOML or the command line gave.
        place: where it stands, for the message.
        folder: what relative paths start from.
        home: what `~` means.

    Raises:
        SettingsError: the value is wrong.
    """
    try:
        return setting.read(value, folder, home)
    except ValueError as error:
        shown = redact(value if isinstance(value, str) else repr(value))
        raise SettingsError(f"{place} is `{shown}`, expected {error}") from error


def _text(value: object, _folder: Path, _home: Path) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a text")
    return value.strip()


def _choice(*words: str) -> Callable[[object, Path, Path], str]:
    def read(value: object, _folder: Path, _home: Path) -> str:
        if not isinstance(value, str) or value not in words:
            raise ValueError(f"{', '.join(words[:-1])} or {words[-1]}")
        return value

    return read


def _flag(value: object, _folder: Path, _home: Path) -> bool:
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else ""
    if word in {"1", "true", "t", "yes", "y", "on"}:
        return True
    if word in {"0", "false", "f", "no", "n", "off"}:
        return False
    raise ValueError("true or false")


def _count(lowest: int) -> Callable[[object, Path, Path], int]:
    def read(value: object, _folder: Path, _home: Path) -> int:
        if isinstance(value, str) and value.strip().isdecimal():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or value < lowest:
            raise ValueError(f"a whole number from {lowest} up")
        return value

    return read


def _seconds(value: object, _folder: Path, _home: Path) -> float:
    try:
        seconds = 0.0 if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise ValueError("a number of seconds above 0")
    return seconds


_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


def _size(value: object, _folder: Path, _home: Path) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    word = value.strip().lower() if isinstance(value, str) else ""
    digits = word.rstrip("kmgtib ")
    unit = word[len(digits) :].strip().removesuffix("b").removesuffix("i")
    if not digits.isdecimal() or not int(digits) or unit not in _UNITS:
        raise ValueError("a number of bytes, such as 500 MiB or 16 GiB")
    return int(digits) * _UNITS[unit]


def _words(value: object, _folder: Path, _home: Path) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(value.split())
    if not isinstance(value, (list, tuple)) or not all(isinstance(word, str) for word in value):
        raise ValueError("a list of texts")
    return tuple(value)


def _path(value: object, folder: Path, home: Path) -> Path:
    if not isinstance(value, (str, Path)) or not str(value):
        raise ValueError("a path")
    text = str(value)
    if text == "~" or text.startswith(("~/", f"~{os.sep}")):
        return home / text[2:]
    return Path(os.path.normpath(folder / text))


def _depots(value: object, folder: Path, home: Path) -> tuple[Path, ...]:
    entries = value.split(os.pathsep) if isinstance(value, str) else value
    if not isinstance(entries, (list, tuple)) or not any(entries):
        raise ValueError("a list of folders")
    return tuple(_path(entry, folder, home) for entry in entries if entry)


def _address(value: object, _folder: Path, _home: Path) -> str:
    from urllib.parse import urlsplit  # noqa: PLC0415  # most runs read no address

    expected = "an address with http, https or file"
    text = value.strip() if isinstance(value, str) else ""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError as error:
        raise ValueError(expected) from error
    if parts.scheme not in {"http", "https", "file"}:
        raise ValueError(expected)
    if parts.scheme != "file" and not parts.hostname:
        raise ValueError(expected)
    return text


def _addresses(value: object, folder: Path, home: Path) -> tuple[str, ...]:
    return tuple(_address(word, folder, home) for word in _words(value, folder, home))


def _proxy(value: object, folder: Path, home: Path) -> str:
    text = _text(value, folder, home)
    # pip also takes an address without scheme.
    return text if "://" in text else f"http://{text}"


def _links(value: object, folder: Path, home: Path) -> tuple[str, ...]:
    return tuple(
        _address(word, folder, home) if "://" in word else str(_path(word, folder, home))
        for word in _words(value, folder, home)
    )


def _moment(value: object, _folder: Path, _home: Path) -> str:
    from trail.moments import spell_moment  # noqa: PLC0415  # only who locks needs it

    try:
        # TOML has dates of its own.
        return spell_moment(value if isinstance(value, str) else value.isoformat())  # type: ignore[attr-defined]  # or that it is none
    except (ValueError, AttributeError) as error:
        raise ValueError("a date such as 2026-01-31, or an age such as 7d") from error


def _requirements(value: object, folder: Path, home: Path) -> tuple[str, ...]:
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415  # rarely set

    if isinstance(value, str):
        raise ValueError("a list of requirements")  # noqa: TRY004  # as all of these functions
    try:
        return tuple(str(Requirement(word)) for word in _words(value, folder, home))
    except InvalidRequirement as error:
        raise ValueError("a list of requirements") from error


def _releases(value: object, folder: Path, home: Path) -> frozenset[tuple[str, str]]:
    from packaging.utils import canonicalize_name  # noqa: PLC0415  # rarely set
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415  # the same

    releases = set()
    for word in _words(value, folder, home):
        name, equals, version = (part.strip() for part in word.partition("=="))
        try:
            releases.add((str(canonicalize_name(name, validate=True)), str(Version(version))))
        except (InvalidVersion, ValueError) as error:
            raise ValueError("a list of `name==version`") from error
        if not equals:
            raise ValueError("a list of `name==version`")
    return frozenset(releases)


def _names(value: object, folder: Path, home: Path) -> frozenset[str]:
    from packaging.utils import canonicalize_name  # noqa: PLC0415  # rarely set

    return frozenset(canonicalize_name(word) for word in _words(value, folder, home))


def _formats(value: object, folder: Path, home: Path) -> Names:
    return Names.read(_words(value, folder, home))


def _by_package(
    expected: str, read: Callable[[object], Any]
) -> Callable[[object, Path, Path], dict[str, Any]]:
    """Read a table with a key for each package."""

    def read_table(value: object, _folder: Path, _home: Path) -> dict[str, Any]:
        from packaging.utils import canonicalize_name  # noqa: PLC0415  # rarely set

        if not isinstance(value, dict):
            raise ValueError(expected)  # noqa: TRY004  # as all of these functions
        try:
            return {str(canonicalize_name(name)): read(item) for name, item in value.items()}
        except ValueError as error:
            raise ValueError(expected) from error

    return read_table


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError
    return tuple(value)


def _variables(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise ValueError
    return dict(value)


def _config_settings(value: object) -> dict[str, str | list[str]]:
    if not isinstance(value, dict):
        raise ValueError  # noqa: TRY004  # as the others
    return {
        key: item if isinstance(item, str) else list(_texts(item)) for key, item in value.items()
    }


SETTINGS = (
    Setting("depots", "depot", _depots, "TRAIL_DEPOT"),
    Setting("engine", "engine", _choice("auto", "native", "python"), "TRAIL_ENGINE"),
    Setting("offline", "offline", _flag, "TRAIL_OFFLINE"),
    Setting("threads", "threads", _count(1), "TRAIL_THREADS"),
    Setting("max_unpacked", "max-unpacked", _size, "TRAIL_MAX_UNPACKED", project=True),
    Setting(
        "link_mode",
        "link-mode",
        _choice("auto", "hardlink", "copy"),
        "TRAIL_LINK_MODE",
        project=True,
    ),
    Setting("code_archives", "code-archives", _flag, "TRAIL_CODE_ARCHIVES", project=True),
    Setting("python", "python", _text, "TRAIL_PYTHON", project=True),
    Setting("strict", "strict", _flag, project=True),
    Setting("platforms", "platforms", _words, project=True),
    Setting("allow_record_mismatch", "allow-record-mismatch", _releases, project=True),
    Setting("package", "package", _flag, project=True),
    Setting(
        "resolution",
        "resolution",
        _choice("highest", "lowest", "lowest-direct"),
        "TRAIL_RESOLUTION",
        project=True,
    ),
    Setting(
        "prerelease",
        "prerelease",
        _choice("if-necessary", "allow"),
        "TRAIL_PRERELEASE",
        project=True,
    ),
    Setting("exclude_newer", "exclude-newer", _moment, "TRAIL_EXCLUDE_NEWER", project=True),
    Setting("constraints", "constraint-dependencies", _requirements, project=True),
    Setting("overrides", "override-dependencies", _requirements, project=True),
    Setting("no_build", "no-build", _flag, "TRAIL_NO_BUILD", project=True),
    Setting(
        "no_build_package",
        "no-build-package",
        _formats,
        "TRAIL_NO_BUILD_PACKAGE",
        True,
        ("only-binary",),
    ),
    Setting("no_binary", "no-binary", _flag, "TRAIL_NO_BINARY", project=True),
    Setting(
        "no_binary_package",
        "no-binary-package",
        _formats,
        "TRAIL_NO_BINARY_PACKAGE",
        True,
        ("no-binary",),
    ),
    Setting(
        "no_build_isolation_package",
        "no-build-isolation-package",
        _names,
        "TRAIL_NO_BUILD_ISOLATION_PACKAGE",
        project=True,
    ),
    Setting(
        "config_settings_package",
        "config-settings-package",
        _by_package("a table of settings for each package", _config_settings),
        project=True,
    ),
    Setting(
        "extra_build_dependencies",
        "extra-build-dependencies",
        _by_package("a list of requirements for each package", _texts),
        project=True,
    ),
    Setting(
        "extra_build_variables",
        "extra-build-variables",
        _by_package("a table of variables for each package", _variables),
        project=True,
    ),
    Setting("index_url", "index-url", _address, "TRAIL_INDEX_URL", True, ("index-url",)),
    Setting(
        "extra_index_urls",
        "extra-index-url",
        _addresses,
        "TRAIL_EXTRA_INDEX_URL",
        True,
        ("extra-index-url",),
    ),
    Setting("find_links", "find-links", _links, "TRAIL_FIND_LINKS", True, ("find-links",)),
    Setting("no_index", "no-index", _flag, "TRAIL_NO_INDEX", True, ("no-index",)),
    Setting("connect_timeout", "connect-timeout", _seconds, "TRAIL_CONNECT_TIMEOUT"),
    Setting(
        "read_timeout",
        "read-timeout",
        _seconds,
        "TRAIL_READ_TIMEOUT",
        pip=("timeout", "default-timeout"),
    ),
    Setting("retries", "retries", _count(0), "TRAIL_RETRIES", pip=("retries",)),
    Setting("proxy", "proxy", _proxy, "TRAIL_PROXY", pip=("proxy",)),
    Setting("cert", "cert", _path, "TRAIL_CERT", pip=("cert",)),
    Setting("client_cert", "client-cert", _path, "TRAIL_CLIENT_CERT", pip=("client-cert",)),
    Setting("trusted_hosts", "trusted-host", _words, "TRAIL_TRUSTED_HOST", pip=("trusted-host",)),
    Setting("keyring", "keyring", _flag, "TRAIL_KEYRING"),
    Setting("refresh", "refresh", _flag, "TRAIL_REFRESH"),
    Setting("refresh_package", "refresh-package", _names, "TRAIL_REFRESH_PACKAGE"),
)
