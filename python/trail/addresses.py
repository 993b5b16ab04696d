"""What may be shown of an address: never the credentials in it."""

from __future__ import annotations

import re

__all__ = ["hide_users", "redact", "without_users"]

# Up to the last `@` before the path: a password may hold one, unquoted.
_USER = r"(?<=//)[^/?#\s]*@"
_QUERY = r"\?[^#\s]*"
# Not of ssh, whose user is the same for everybody (`git@…`).
_HTTP_USER = r"(https?://)[^/?#\s]*@"


def redact(address: str) -> str:
    """Make an address fit to be printed.

    Args:
        address: any address, also one that is not well formed.

    Returns:
        The address with `***` for user and password, and for the query, which carries the
        signature of a signed address.
    """
    return re.sub(_QUERY, "?***", re.sub(_USER, "***@", address))


def hide_users(text: str) -> str:
    """Put `***` for the credentials in all addresses of a text."""
    return re.sub(_HTTP_USER, r"\1***@", text)


def without_users(text: str) -> str:
    """Leave the credentials out of all addresses of a text, such as a requirement."""
    return re.sub(_HTTP_USER, r"\1", text)
