"""Which wheels an environment accepts (PEP 425), without a value for each of its 900 tags.

A Python accepts the same interpreters and ABIs on every platform that its machine stands for: so
these are kept once, and a lock of twenty targets is spared most of the time for its targets.
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, TypeAlias

from packaging.tags import compatible_tags, cpython_tags

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from packaging.tags import Tag

__all__ = ["Accepted", "accepted_by", "accepted_on", "suits"]

Accepted: TypeAlias = "Mapping[str, frozenset[str]]"
"""By platform, such as `any`: interpreter and ABI, such as `cp312-abi3`."""

_PLATFORM = "platform"  # stands for each


def accepted_by(tags: Iterable[Tag]) -> Accepted:
    """Sort tags by their platform."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for tag in tags:
        found[tag.platform].add(f"{tag.interpreter}-{tag.abi}")
    return {platform: frozenset(pairs) for platform, pairs in found.items()}


def accepted_on(release: tuple[int, int], platforms: Iterable[str]) -> Accepted:
    """List what a CPython accepts, with the ABI of its usual build.

    Args:
        release: major and minor; from 3.8 on, as older ones had the ABI `m`.
        platforms: their tags.
    """
    pairs, pure = _pairs(release)
    return {**dict.fromkeys(platforms, pairs), "any": pure}


def suits(tags: str, accepted: Accepted) -> bool:
    """Tell whether a wheel is accepted.

    Args:
        tags: as in its name, for instance `py2.py3-none-any`, in lower case.
        accepted: what is.
    """
    pairs, platforms = _split(tags)
    return any(
        platform in accepted and not pairs.isdisjoint(accepted[platform]) for platform in platforms
    )


@lru_cache  # each platform asks
def _pairs(release: tuple[int, int]) -> tuple[frozenset[str], frozenset[str]]:
    short = f"cp{release[0]}{release[1]}"
    found = accepted_by(
        [
            *cpython_tags(release, [short], [_PLATFORM]),
            *compatible_tags(release, short, [_PLATFORM]),
        ]
    )
    return found[_PLATFORM], found["any"]


@lru_cache(maxsize=4096)  # each target asks
def _split(tags: str) -> tuple[frozenset[str], tuple[str, ...]]:
    try:
        interpreters, abis, platforms = tags.split("-")
    except ValueError:  # no platform accepts what has no tags
        return frozenset(), ()
    if "." in interpreters or "." in abis:
        found = product(interpreters.split("."), abis.split("."))
        return frozenset(f"{one}-{abi}" for one, abi in found), tuple(platforms.split("."))
    return frozenset({f"{interpreters}-{abis}"}), tuple(platforms.split("."))
