"""How the values of settings are read, wherever they stand.

Most readers take a value, the folder that relative paths start from and the user's home, and
raise ValueError with what was expected.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trail.model import Names
from trail.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "EVERY_GROUP",
    "NamedIndex",
    "by_package",
    "choice",
    "count_from",
    "read_address",
    "read_addresses",
    "read_build_requirements",
    "read_config_settings",
    "read_cutoff",
    "read_depots",
    "read_flag",
    "read_formats",
    "read_groups",
    "read_indexes",
    "read_lines",
    "read_links",
    "read_moment",
    "read_names",
    "read_path",
    "read_prerelease",
    "read_proxy",
    "read_releases",
    "read_requirements",
    "read_seconds",
    "read_size",
    "read_text",
    "read_texts",
    "read_variables",
    "read_words",
]

EVERY_GROUP = "*"
"""Stands for all dependency groups in `default-groups`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedIndex:
    """An index that `[[tool.trail.index]]` or `[[tool.uv.index]]` describes.

    Args:
        url: its address; may hold credentials.
        name: by which sources name it, or None.
        explicit: whether it is asked only for packages whose source names it.
        default: whether it takes the place of PyPI.
        last: whether it is asked after PyPI.
        flat: whether it is a page or folder of links.
    """

    url: str = field(repr=False)
    name: str | None = None
    explicit: bool = False
    default: bool = False
    last: bool = False
    flat: bool = False


def read_text(value: object, _folder: Path, _home: Path) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a text")
    return value.strip()


def choice(*words: str) -> Callable[[object, Path, Path], str]:
    def read(value: object, _folder: Path, _home: Path) -> str:
        if not isinstance(value, str) or value not in words:
            raise ValueError(f"{', '.join(words[:-1])} or {words[-1]}")
        return value

    return read


def read_flag(value: object, _folder: Path, _home: Path) -> bool:
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else ""
    if word in {"1", "true", "t", "yes", "y", "on"}:
        return True
    if word in {"0", "false", "f", "no", "n", "off"}:
        return False
    raise ValueError("true or false")


def count_from(lowest: int) -> Callable[[object, Path, Path], int]:
    def read(value: object, _folder: Path, _home: Path) -> int:
        if isinstance(value, str) and value.strip().isdecimal():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or value < lowest:
            raise ValueError(f"a whole number from {lowest} up")
        return value

    return read


def read_seconds(value: object, _folder: Path, _home: Path) -> float:
    try:
        seconds = 0.0 if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise ValueError("a number of seconds above 0")
    return seconds


_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


def read_size(value: object, _folder: Path, _home: Path) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    word = value.strip().lower() if isinstance(value, str) else ""
    digits = word.rstrip("kmgtib ")
    unit = word[len(digits) :].strip().removesuffix("b").removesuffix("i")
    if not digits.isdecimal() or not int(digits) or unit not in _UNITS:
        raise ValueError("a number of bytes, such as 500 MiB or 16 GiB")
    return int(digits) * _UNITS[unit]


def read_words(value: object, _folder: Path, _home: Path) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(value.split())
    if not isinstance(value, (list, tuple)) or not all(isinstance(word, str) for word in value):
        raise ValueError("a list of texts")
    return tuple(value)


def read_path(value: object, folder: Path, home: Path) -> Path:
    if not isinstance(value, (str, Path)) or not str(value):
        raise ValueError("a path")
    text = str(value)
    if text == "~" or text.startswith(("~/", f"~{os.sep}")):
        return home / text[2:]
    return Path(os.path.normpath(folder / text))


def read_depots(value: object, folder: Path, home: Path) -> tuple[Path, ...]:
    entries = value.split(os.pathsep) if isinstance(value, str) else value
    if not isinstance(entries, (list, tuple)) or not any(entries):
        raise ValueError("a list of folders")
    return tuple(read_path(entry, folder, home) for entry in entries if entry)


def read_address(value: object, _folder: Path, _home: Path) -> str:
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


def read_addresses(value: object, folder: Path, home: Path) -> tuple[str, ...]:
    return tuple(read_address(word, folder, home) for word in read_words(value, folder, home))


def read_proxy(value: object, folder: Path, home: Path) -> str:
    text = read_text(value, folder, home)
    # pip also takes an address without scheme.
    return text if "://" in text else f"http://{text}"


def read_links(value: object, folder: Path, home: Path) -> tuple[str, ...]:
    return tuple(
        read_address(word, folder, home) if "://" in word else str(read_path(word, folder, home))
        for word in read_words(value, folder, home)
    )


def read_releases(value: object, folder: Path, home: Path) -> frozenset[tuple[str, str]]:
    from packaging.utils import canonicalize_name  # noqa: PLC0415  # rarely set
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415  # the same

    releases = set()
    for word in read_words(value, folder, home):
        name, equals, version = (part.strip() for part in word.partition("=="))
        try:
            releases.add((str(canonicalize_name(name, validate=True)), str(Version(version))))
        except (InvalidVersion, ValueError) as error:
            raise ValueError("a list of `name==version`") from error
        if not equals:
            raise ValueError("a list of `name==version`")
    return frozenset(releases)


def read_names(value: object, folder: Path, home: Path) -> frozenset[str]:
    from packaging.utils import canonicalize_name  # noqa: PLC0415  # rarely set

    return frozenset(canonicalize_name(word) for word in read_words(value, folder, home))


def read_formats(value: object, folder: Path, home: Path) -> Names:
    return Names.read(read_words(value, folder, home))


def by_package(
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


def read_texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError
    return tuple(value)


def read_variables(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise ValueError
    return dict(value)


def read_config_settings(value: object) -> dict[str, str | list[str]]:
    if not isinstance(value, dict):
        raise ValueError  # noqa: TRY004  # as the others
    return {
        key: item if isinstance(item, str) else list(read_texts(item))
        for key, item in value.items()
    }


def read_moment(value: object, _folder: Path, _home: Path) -> str:
    from trail.moments import spell_moment  # noqa: PLC0415  # only who locks needs it

    try:
        # TOML has dates of its own.
        return spell_moment(value if isinstance(value, str) else value.isoformat())  # type: ignore[attr-defined]  # or that it is none
    except (ValueError, AttributeError) as error:
        raise ValueError("a date such as 2026-01-31, or an age such as 7d") from error


def read_cutoff(value: object) -> str:
    """Read a point in time, or `false` for none."""
    return "" if value is False else read_moment(value, Path(), Path())


def read_requirements(value: object, folder: Path, home: Path) -> tuple[str, ...]:
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415  # rarely set

    if isinstance(value, str):
        raise ValueError("a list of requirements")  # noqa: TRY004  # as all of these functions
    try:
        return tuple(str(Requirement(word)) for word in read_words(value, folder, home))
    except InvalidRequirement as error:
        raise ValueError("a list of requirements") from error


def read_build_requirements(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError  # noqa: TRY004  # as the others
    # uv also has tables, which say more of a requirement.
    return read_texts(
        [item.get("requirement") if isinstance(item, dict) else item for item in value]
    )


def read_lines(value: object, _folder: Path, _home: Path) -> tuple[str, ...]:
    try:
        return read_texts([value] if isinstance(value, str) else value)
    except ValueError as error:
        raise ValueError("a list of texts") from error


def read_prerelease(value: object, _folder: Path, _home: Path) -> str:
    """Read uv's five words as well; those that trail does not tell apart are one."""
    if value == "allow":
        return "allow"
    if value in {"disallow", "explicit", "if-necessary", "if-necessary-or-explicit"}:
        return "if-necessary"
    raise ValueError("allow or if-necessary")


def read_groups(value: object, folder: Path, home: Path) -> tuple[str, ...]:
    return (EVERY_GROUP,) if value == "all" else tuple(sorted(read_names(value, folder, home)))


def read_indexes(value: object, folder: Path, home: Path) -> tuple[NamedIndex, ...]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ValueError("a list of tables with name and url")
    found = tuple(_index(item, folder, home) for item in value)
    names = [one.name for one in found if one.name is not None]
    if len(names) > len(set(names)):
        raise ValueError("a list of tables with different names")
    return found


def _index(item: dict[str, object], folder: Path, home: Path) -> NamedIndex:
    url, name = item.get("url"), item.get("name")
    explicit, default = item.get("explicit", False), item.get("default", False)
    last = item.get("last", False)
    if not (isinstance(url, str) and isinstance(name, str | None)):
        raise ValueError("tables with url and name, both texts")  # noqa: TRY004  # as the others
    if not {type(explicit), type(default), type(last)} <= {bool}:
        raise ValueError("tables with explicit, default and last, all true or false")
    if explicit and name is None:
        raise ValueError("a name for each index that is explicit")
    # A path starts at the file's folder.
    place = url if "://" in url else read_path(url, folder, home).as_uri()
    return NamedIndex(
        url=read_address(place, folder, home),
        name=name,
        explicit=bool(explicit),
        default=bool(default),
        last=bool(last),
        flat=item.get("format") == "flat",
    )
