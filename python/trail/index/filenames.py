"""What the name of a wheel or source distribution says of project and version."""

from __future__ import annotations

from functools import lru_cache

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from trail.model import NormalizedName

__all__ = ["split_filename"]


def split_filename(
    filename: str, expected: NormalizedName | None = None
) -> tuple[NormalizedName, str] | None:
    """Take name and version from the name of a wheel or source distribution.

    Args:
        filename: the file's name.
        expected: the project that it should belong to. Source distributions from before
            PEP 625 cannot be split without it if a version has a `-`.

    Returns:
        Name and version, both normalised; None if it is neither, or of another project.
    """
    if "/" in filename or "\\" in filename:
        return None
    if filename.endswith(".whl"):
        parts = filename[:-4].split("-")
        pairs = [(parts[0], parts[1])] if len(parts) in {5, 6} else []
    else:
        stem = next(
            (filename.removesuffix(end) for end in (".tar.gz", ".zip") if filename.endswith(end)),
            "",
        )
        cuts = [place for place, char in enumerate(stem) if char == "-"]
        if expected is None:
            cuts = cuts[-1:]
        pairs = [(stem[:cut], stem[cut + 1 :]) for cut in cuts]
    for project, version in pairs:
        name = _normal_name(project)
        if expected is None or name == expected:
            normal = _normal_version(version)
            if normal is not None:
                return name, normal
    return None


@lru_cache(maxsize=4096)
def _normal_version(text: str) -> str | None:
    try:
        return str(Version(text))
    except InvalidVersion:
        return None


@lru_cache(maxsize=4096)
def _normal_name(text: str) -> NormalizedName:
    return NormalizedName(canonicalize_name(text))
