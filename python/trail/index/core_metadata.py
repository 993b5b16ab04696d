"""METADATA and PKG-INFO, reduced to what a resolver needs.

Source: the core metadata specification (versions 1.x and 2.x; PEP 643 about what is static).
"""

from __future__ import annotations

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from trail.errors import FAULTS, MetadataError
from trail.model import NormalizedName
from trail.values import dataclass
from trail.wheel.metadata import parse_headers, same_name, same_version

__all__ = ["CoreMetadata", "NeedsBuild", "parse_metadata"]

_NEEDED = {"requires-dist", "requires-python", "provides-extra"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreMetadata:
    """What METADATA or PKG-INFO says that decides about versions.

    Args:
        name: the distribution.
        version: as the file name has it, normalised.
        requires_dist: requirements as they are written, in their order.
        requires_python: version specifiers, or None.
        extras: normalised (PEP 685), in their order.
        metadata_version: the version of the format, for instance `2.4`.
        dynamic: fields that a build may fill in otherwise, in lower case (PEP 643).
    """

    name: NormalizedName
    version: str
    requires_dist: tuple[str, ...] = ()
    requires_python: str | None = None
    extras: tuple[NormalizedName, ...] = ()
    metadata_version: str = "2.1"
    dynamic: tuple[str, ...] = ()

    @property
    def static(self) -> bool:
        """Whether a source distribution's wheels will say the same (PEP 643)."""
        return _version(self.metadata_version) >= Version("2.2") and _NEEDED.isdisjoint(
            self.dynamic
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsBuild:
    """Says why a source distribution tells its metadata only when it is built.

    Args:
        reason: in words, without a final period.
    """

    reason: str


def parse_metadata(
    data: bytes, *, filename: str, name: NormalizedName, version: str
) -> CoreMetadata:
    """Read METADATA or PKG-INFO.

    Args:
        data: all its bytes.
        filename: the wheel or source distribution, for messages.
        name: what the file name says.
        version: what the file name says.

    Raises:
        MetadataError: it cannot be understood, or is another distribution's.
    """
    try:
        headers = parse_headers(data)
    except UnicodeDecodeError:
        raise MetadataError(filename, FAULTS["metadata-format"]) from None
    first = dict(reversed(headers))
    if "name" not in first or "version" not in first:
        raise MetadataError(filename, FAULTS["metadata-format"])
    if not same_name(first["name"], name):
        raise MetadataError(
            filename,
            FAULTS["metadata-name"],
            details=(("expected", name), ("actual", first["name"])),
        )
    if not same_version(first["version"], version):
        raise MetadataError(
            filename,
            FAULTS["metadata-version"],
            details=(("expected", version), ("actual", first["version"])),
        )
    metadata_version = first.get("metadata-version", "1.0")
    if _version(metadata_version).major > 2:  # noqa: PLR2004  # 2.x is what we know
        raise MetadataError(
            filename, f"its format is of version {metadata_version}, this trail knows 2.x"
        )
    extras = dict.fromkeys(
        NormalizedName(canonicalize_name(value))
        for key, value in headers
        if key == "provides-extra"
    )
    return CoreMetadata(
        name=name,
        version=version,
        requires_dist=tuple(value for key, value in headers if key == "requires-dist"),
        requires_python=first.get("requires-python") or None,
        extras=tuple(extras),
        metadata_version=metadata_version,
        dynamic=tuple(sorted({value.lower() for key, value in headers if key == "dynamic"})),
    )


def _version(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion:
        return Version("1.0")
