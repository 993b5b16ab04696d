"""WHEEL, METADATA and entry_points.txt (section 4 of docs/wheel-checks.md)."""

from __future__ import annotations

import re

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from trail.model import EntryPoint
from trail.wheel.faults import Fault
from trail.wheel.names import is_python_name

__all__ = [
    "check_metadata",
    "parse_entry_points",
    "parse_headers",
    "parse_wheel",
    "same_name",
    "same_version",
]

_WHEEL_VERSION = re.compile(r"([0-9]+)\.[0-9]+")
_BAD_IN_SCRIPT = re.compile(r"[/\\\x00-\x1f\x7f-\x9f]")
_LINE_END = re.compile(r"\r\n|\n|\r")


def same_name(written: str, name: str) -> bool:
    """Tell whether a name means the normalised one (PEP 503)."""
    return canonicalize_name(written) == name


def same_version(written: str, version: str) -> bool:
    """Tell whether a version means the normalised one (PEP 440)."""
    try:
        return Version(written) == Version(version)
    except InvalidVersion:
        return False


def parse_wheel(data: bytes, member: str) -> bool:
    """Check WHEEL.

    Args:
        data: its bytes.
        member: its path in the archive.

    Returns:
        Whether the root of the archive is purelib.

    Raises:
        Fault: `wheel-format` or `wheel-version`.
    """
    try:
        data.decode()
        headers = _first_headers(data)
    except UnicodeDecodeError:
        raise Fault("wheel-format", member) from None
    version = headers.get("wheel-version", "")
    number = _WHEEL_VERSION.fullmatch(version)
    purelib = headers.get("root-is-purelib", "").lower()
    if number is None or purelib not in {"true", "false"}:
        raise Fault("wheel-format", member)
    if int(number[1]) != 1:
        raise Fault("wheel-version", member, actual=version)
    return purelib == "true"


def check_metadata(data: bytes, member: str, *, name: str, version: str) -> None:
    """Check METADATA against the file name.

    Args:
        data: its bytes.
        member: its path in the archive.
        name: of the distribution, normalised.
        version: normalised.

    Raises:
        Fault: `metadata-format`, `metadata-name` or `metadata-version`.
    """
    try:
        headers = _first_headers(data)
    except UnicodeDecodeError:
        raise Fault("metadata-format", member) from None
    if "name" not in headers or "version" not in headers:
        raise Fault("metadata-format", member)
    if not same_name(headers["name"], name):
        raise Fault("metadata-name", member, expected=name, actual=headers["name"])
    if not same_version(headers["version"], version):
        raise Fault("metadata-version", member, expected=version, actual=headers["version"])


def _first_headers(data: bytes) -> dict[str, str]:
    """Read headers; the first of several counts."""
    return dict(reversed(parse_headers(data)))


def parse_headers(data: bytes) -> list[tuple[str, str]]:
    """Read the headers of METADATA or WHEEL, keys in lower case.

    Args:
        data: all its bytes.

    Raises:
        UnicodeDecodeError: they are not UTF-8; the body need not be.
    """
    headers: list[tuple[str, str]] = []
    for line in data.splitlines():
        if line.startswith((b" ", b"\t")):
            if not headers:
                break
            key, value = headers[-1]
            headers[-1] = (key, f"{value} {line.decode().strip()}".strip())
        elif b":" in line:
            key, _, value = line.decode().partition(":")
            headers.append((key.strip().lower(), value.strip()))
        else:
            break
    return headers


def parse_entry_points(data: bytes, member: str) -> tuple[EntryPoint, ...]:
    """Read the scripts that entry_points.txt declares.

    Args:
        data: its bytes.
        member: its path in the archive.

    Returns:
        One for each name, sorted.

    Raises:
        Fault: `entry-points` or `script-name`.
    """
    scripts: dict[str, EntryPoint] = {}
    for section, name, value in _parse_ini(data, member):
        if section not in {"console_scripts", "gui_scripts"}:
            continue
        if not name or name.startswith(".") or _BAD_IN_SCRIPT.search(name) or is_python_name(name):
            raise Fault("script-name", member, actual=name)
        scripts.pop(name, None)  # of several the last counts, even if it makes no script
        reference = _parse_reference(value)
        if reference is not None:
            scripts[name] = EntryPoint(name=name, value=reference, gui=section == "gui_scripts")
    return tuple(sorted(scripts.values()))


def _parse_ini(data: bytes, member: str) -> list[tuple[str, str, str]]:
    """List section, name and value of each entry."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise Fault("entry-points", member, actual="UTF-8") from None
    entries = []
    section: str | None = None
    for number, line in enumerate(_LINE_END.split(text), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith(("#", ";")):
            continue
        if stripped.startswith("[") and stripped.endswith("]"):
            section = stripped[1:-1].strip()
            continue
        name, equals, value = stripped.partition("=")
        if section is None or not equals:
            raise Fault("entry-points", member, actual=f"line {number}")
        entries.append((section, name.strip(), value.strip()))
    return entries


def _parse_reference(value: str) -> str | None:
    """Bring `module:attribute [extras]` into its short form; None if it is something else."""
    if value.endswith("]"):
        value = value.partition("[")[0]
    module, _, attribute = value.partition(":")
    module, attribute = module.strip(), attribute.strip()
    parts = (*module.split("."), *attribute.split("."))
    return f"{module}:{attribute}" if all(part.isidentifier() for part in parts) else None
