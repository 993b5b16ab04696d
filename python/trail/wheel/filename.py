"""Wheel file names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from trail.errors import TrailError
from trail.model import NormalizedName
from trail.values import dataclass

if TYPE_CHECKING:
    from packaging.tags import Tag

__all__ = ["WheelName", "parse_filename"]

_NAMED = r"(:| in) ('.*'|\".*\")$"


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelName:
    """What a wheel's file name says.

    Args:
        name: the distribution, normalised (PEP 503).
        version: normalised (PEP 440).
        build: the build tag, or nothing.
        tags: what the wheel supports.
        filename: the file name itself.
    """

    name: NormalizedName
    version: str
    build: str
    tags: frozenset[Tag]
    filename: str


def parse_filename(filename: str) -> WheelName:
    """Take a wheel's file name apart, as the binary distribution format says.

    Args:
        filename: without a folder, for instance `six-1.17.0-py2.py3-none-any.whl`.

    Raises:
        TrailError: it is not the file name of a wheel.
    """
    try:
        name, version, build, tags = parse_wheel_filename(filename)
    except InvalidWheelFilename as error:
        raise TrailError(
            f"`{filename}` is not the file name of a wheel",
            details=(
                ("expected", "name-version(-build)-python-abi-platform.whl"),
                ("problem", _problem(str(error))),
            ),
        ) from error
    return WheelName(
        name=NormalizedName(name),
        version=str(version),
        build="".join(str(part) for part in build),
        tags=tags,
        filename=filename,
    )


def _problem(text: str) -> str:
    """Shorten what packaging says: the file name is told already."""
    text = re.sub(_NAMED, "", text)
    return text[:1].lower() + text[1:]
