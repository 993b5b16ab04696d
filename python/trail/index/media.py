"""Types of content: what is asked for, and what came."""

from __future__ import annotations

__all__ = ["ACCEPT", "is_json", "media_type"]

ACCEPT = (
    "application/vnd.pypi.simple.v1+json, "
    "application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"
)
"""The Accept header for a page (PEP 691)."""


def media_type(header: str) -> tuple[str, str]:
    """Take media type (in lower case) and charset from a Content-Type header."""
    media, *parameters = (part.strip() for part in header.split(";"))
    charset = "utf-8"
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "charset":
            charset = value.strip("\"' ")
    return media.lower(), charset


def is_json(media: str) -> bool:
    """Whether a media type is one of JSON."""
    return media.endswith("+json") or media == "application/json"
