"""What may be shown of an address: never the credentials in it."""

from __future__ import annotations

import re

__all__ = ["redact"]

# Up to the last `@` before the path: a password may hold one, unquoted.
_USER = re.compile(r"(?<=//)[^/?#\s]*@")
_QUERY = re.compile(r"\?[^#\s]*")


def redact(address: str) -> str:
    """Make an address fit to be printed.

    Args:
        address: any address, also one that is not well formed.

    Returns:
        The address with `***` for user and password, and for the query, which carries the
        signature of a signed address.
    """
    return _QUERY.sub("?***", _USER.sub("***@", address))
