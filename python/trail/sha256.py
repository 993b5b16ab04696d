"""SHA-256 of small things, such as names and locks, by Python's own code.

`hashlib` loads OpenSSL, which takes 3 ms: a tenth of the time of `trail run`. It is faster for
files, from a megabyte on. `random`, in the standard library, does without it as well.
"""

from __future__ import annotations

try:
    from _sha2 import sha256  # type: ignore[import-not-found]  # Python 3.12
except ImportError:
    try:
        from _sha256 import sha256  # type: ignore[import-not-found]  # Python 3.11
    except ImportError:  # a build that leaves it to OpenSSL
        from hashlib import sha256

__all__ = ["hex_digest"]


def hex_digest(data: bytes) -> str:
    """Hash some bytes.

    Args:
        data: best less than a megabyte.

    Returns:
        64 hexadecimal digits.
    """
    digest: str = sha256(data).hexdigest()
    return digest
