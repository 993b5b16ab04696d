"""What there is of one version, sorted by what decides whether it suits a target.

Every target asks the same of the same files: here each of them is looked at once for all.
"""

from __future__ import annotations

from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING

from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from trail.resolve.source import File

__all__ = ["Batch", "Offer", "make_offer", "wheel_tags"]

_filename = attrgetter("filename")


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The files of a version that are for the same Pythons.

    Args:
        python: version specifiers, or None.
        tags: those of the wheels, compressed as in their names (PEP 425), each once.
        source: whether there is a source distribution.
    """

    python: str | None
    tags: tuple[str, ...] = ()
    source: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The files of a version that count.

    Args:
        files: those that were uploaded in time, by name.
        everything: these by the Pythons that they are for, in the order of the first ones.
        sound: the same without those that were yanked.
    """

    files: tuple[File, ...]
    everything: tuple[Batch, ...]
    sound: tuple[Batch, ...]


def make_offer(files: Iterable[File], limit: datetime | None) -> Offer:
    """Sort the files of a version.

    Args:
        files: all of them.
        limit: what was uploaded from then on does not count, nor what nobody knows the time of;
            None for no limit.
    """
    kept = tuple(files)
    if limit is not None:
        kept = tuple(
            [one for one in kept if one.upload_time is not None and one.upload_time < limit]
        )
    sound = [one for one in kept if one.yanked is None]
    everything = _batches(kept)
    return Offer(
        files=tuple(sorted(kept, key=_filename)),  # as each target's result has them
        everything=everything,
        sound=everything if len(sound) == len(kept) else _batches(sound),
    )


@lru_cache(maxsize=1 << 14)  # each target asks for the same ones
def wheel_tags(filename: str) -> str:
    """Take the tags out of the name of a wheel."""
    return "-".join(filename[:-4].rsplit("-", 3)[-3:]).lower()


def _batches(files: Iterable[File]) -> tuple[Batch, ...]:
    found: dict[str | None, tuple[dict[str, None], list[File]]] = {}
    for file in files:
        python = file.requires_python
        group = found.get(python)
        if group is None:
            group = found[python] = ({}, [])
        if file.is_wheel:
            group[0][wheel_tags(file.filename)] = None
        else:
            group[1].append(file)
    return tuple(
        Batch(python=python, tags=tuple(tags), source=bool(sources))
        for python, (tags, sources) in found.items()
    )
