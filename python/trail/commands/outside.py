"""What of a lock is not from an index, and so may change without anybody telling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.pylock import Pylock

__all__ = ["Outside", "outside_in", "outside_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What comes from this machine, or from pages of links.

    Args:
        folders: the paths of folders, as in the lock.
        archives: whether there are archives of this machine.
        linked: whether something comes from `find-links`, which a resolution looks at anew.
    """

    folders: tuple[str, ...]
    archives: bool
    linked: bool


def outside_of(pylock: Pylock) -> Outside:
    """Find it in a lock that was read."""
    packages = pylock.packages
    return Outside(
        folders=tuple(one.directory.path for one in packages if one.directory is not None),
        archives=any(one.archive is not None and one.archive.path is not None for one in packages),
        linked=any(one.index is None and (one.wheels or one.sdist) for one in packages),
    )


def outside_in(document: Mapping[str, Any]) -> Outside:
    """Find it in the contents of a lock, as `trail.commands.document` makes them."""
    packages = document["packages"]
    return Outside(
        folders=tuple(one["directory"]["path"] for one in packages if "directory" in one),
        archives=any("path" in one.get("archive", ()) for one in packages),
        linked=any("index" not in one and ("wheels" in one or "sdist" in one) for one in packages),
    )
