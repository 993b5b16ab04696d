"""What every lock format needs to name a wheel: strong hashes, addresses, fitting tags."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from trail.errors import LockError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from packaging.tags import Tag

    from trail.model import Hashes

__all__ = ["accepted_tags", "local_path", "strong_hashes", "target_name", "url_filename"]

# Algorithms that count, and how many hexadecimal digits each has.
_DIGITS = {
    "sha256": 64,
    "sha384": 96,
    "sha512": 128,
    "sha3_256": 64,
    "sha3_384": 96,
    "sha3_512": 128,
    "blake2b": 128,
    "blake2s": 64,
}
_HEXADECIMAL = r"[0-9a-f]+"
_REMOTE = frozenset({"http", "https"})


def strong_hashes(pairs: Iterable[tuple[str, str]], subject: str) -> Hashes:
    """Keep the hashes that are as strong as sha256, or stronger.

    Args:
        pairs: algorithm and hexadecimal digest.
        subject: what they vouch for, for messages.

    Returns:
        The pairs, in lower case and sorted; never empty.

    Raises:
        LockError: none is strong enough, or a digest is not one.
    """
    given = [(algorithm.lower(), digest.lower()) for algorithm, digest in pairs]
    strong = {pair for pair in given if pair[0] in _DIGITS}
    if not strong:
        raise LockError(
            f"{subject} has no hash that is as strong as sha256",
            details=(("hashes", ", ".join(sorted({name for name, _ in given})) or "none"),),
        )
    for algorithm, digest in sorted(strong):
        if len(digest) != _DIGITS[algorithm] or not re.fullmatch(_HEXADECIMAL, digest):
            raise LockError(
                f"{subject} has a broken {algorithm} hash",
                details=(
                    ("expected", f"{_DIGITS[algorithm]} hexadecimal digits"),
                    ("actual", digest),
                ),
            )
    return tuple(sorted(strong))


def local_path(url: str, subject: str) -> Path | None:
    """Tell which local file an address means.

    Args:
        url: the address.
        subject: what it is the address of, for messages.

    Returns:
        The path of a `file:` address, None for `http:` and `https:`.

    Raises:
        LockError: another kind of address.
    """
    parts = urlsplit(url)
    if parts.scheme in _REMOTE and parts.hostname:
        return None
    if parts.scheme == "file" and parts.netloc in {"", "localhost"} and parts.path:
        # It imports a whole HTTP client, which nearly no lock needs.
        from urllib.request import url2pathname  # noqa: PLC0415

        return Path(os.path.normpath(url2pathname(parts.path)))
    raise LockError(
        f"{subject} has an address that cannot be used",
        details=(("expected", "http://, https:// or file://"), ("actual", url)),
    )


def url_filename(url: str) -> str:
    """Name the file at the end of an address."""
    return unquote(urlsplit(url).path.rpartition("/")[2])


def accepted_tags(tags: Sequence[Tag]) -> str:
    """Say in a few words which wheels an interpreter accepts."""
    if not tags:
        return "nothing"
    # The first tags are for wheels that were built on this machine (`linux_…`).
    native = next((tag for tag in tags if not tag.platform.startswith("linux_")), tags[0])
    return f"{native}, {tags[-1]} and {len(tags) - 2} others" if len(tags) > 2 else str(native)  # noqa: PLR2004  # the two that are named


def target_name(environment: Mapping[str, str]) -> str:
    """Name the target that marker values describe, for messages."""
    return (
        f"{environment['implementation_name']} {environment['python_full_version']},"
        f" {environment['sys_platform']} {environment['platform_machine']}"
    )
