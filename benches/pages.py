"""Index pages as PyPI gives them (PEP 503, 691, 700, 714), and as plain mirrors do."""

from __future__ import annotations

import gzip
import hashlib
import html
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from benches.upstream import RemoteFile

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CONDITIONS", "HTML", "JSON", "Answer", "Condition", "Page", "make_page", "read_files"]

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "text/html; charset=UTF-8"

_METADATA = ("core-metadata", "data-dist-info-metadata")  # both, as PyPI has them
_OLD = "dist-info-metadata"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How an index answers.

    Args:
        name: the first part of its addresses.
        max_age: seconds for which a page is fresh; None for no word about that, no ETag, and
            nothing compressed.
        metadata: whether METADATA lies beside the wheels (PEP 658).
        latency: seconds before each answer; three times as many before the first one of a
            connection, since TCP and TLS take a round trip each.
    """

    name: str
    max_age: int | None = None
    metadata: bool = False
    latency: float = 0.0


CONDITIONS = {
    condition.name: condition
    for condition in (
        Condition(name="pypi", max_age=600, metadata=True),
        Condition(name="later", max_age=0, metadata=True),
        Condition(name="far", max_age=600, metadata=True, latency=0.04),
        Condition(name="plain"),
    )
}
"""PyPI; PyPI after ten minutes; PyPI 40 ms away; a mirror that has only what it must."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is sent.

    Args:
        status: such as `200 OK`.
        heads: lines, without Date and Content-Length.
        body: may be cut off, for HEAD.
    """

    status: str
    heads: tuple[str, ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """All forms of a page in one format.

    Args:
        etag: with quotation marks, or None.
        plain: as it is.
        packed: by gzip; the same as `plain` where nothing is compressed.
    """

    etag: str | None
    plain: Answer
    packed: Answer


def read_files(page: Mapping[str, Any]) -> list[RemoteFile]:
    """List the files of a page (PEP 691) whose size is known."""
    return [
        RemoteFile(
            filename=entry["filename"],
            url=entry["url"],
            size=entry["size"],
            sha256=entry["hashes"].get("sha256"),
            named=bool(entry.get("core-metadata")),
        )
        for entry in page["files"]
        if entry.get("size")
    ]


def make_page(page: Mapping[str, Any], condition: Condition, root: str, media: str) -> Page:
    """Write a page down.

    Args:
        page: as the index had it.
        condition: how to answer.
        root: what the paths of files are added to.
        media: `JSON` or `HTML`.
    """
    files = [
        _entry(entry, file.path, condition, root)
        for entry, file in zip(
            (entry for entry in page["files"] if entry.get("size")), read_files(page), strict=True
        )
    ]
    if media == JSON:
        body = json.dumps({**page, "files": files}, separators=(",", ":")).encode()
    else:
        body = _as_html(page, files)
    heads: tuple[str, ...] = (f"Content-Type: {media}",)
    plain = Answer(status="200 OK", heads=heads, body=body)
    if condition.max_age is None:
        return Page(etag=None, plain=plain, packed=plain)
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    heads += (
        f"Cache-Control: max-age={condition.max_age}, public",
        f"ETag: {etag}",
        "Vary: Accept, Accept-Encoding",
    )
    packed = gzip.compress(body, 6, mtime=0)
    return Page(
        etag=etag,
        plain=replace(plain, heads=heads),
        packed=replace(plain, heads=(*heads, "Content-Encoding: gzip"), body=packed),
    )


def _entry(entry: Mapping[str, Any], path: str, condition: Condition, root: str) -> dict[str, Any]:
    made = {key: value for key, value in entry.items() if key not in {*_METADATA, _OLD}}
    made["url"] = root + path
    if condition.metadata and entry["filename"].endswith(".whl"):
        # Where the index gives no hash, it is not known before somebody asks for the file.
        known = entry.get("core-metadata") or True
        made |= dict.fromkeys(_METADATA, known)
    return made


def _as_html(page: Mapping[str, Any], files: list[dict[str, Any]]) -> bytes:
    lines = [
        "<!DOCTYPE html>\n<html>\n  <head>",
        f'    <meta name="pypi:repository-version" content="{page["meta"]["api-version"]}">',
        f"    <title>Links for {page['name']}</title>\n  </head>\n  <body>",
        f"    <h1>Links for {page['name']}</h1>",
    ]
    for file in files:
        fragment = "".join(f"#{key}={value}" for key, value in [*file["hashes"].items()][:1])
        attributes = {"href": file["url"] + fragment}
        if file.get("requires-python"):
            attributes["data-requires-python"] = file["requires-python"]
        if file.get("yanked"):
            attributes["data-yanked"] = "" if file["yanked"] is True else file["yanked"]
        if known := file.get("core-metadata"):
            digest = "true" if known is True else f"sha256={known['sha256']}"
            attributes["data-dist-info-metadata"] = attributes["data-core-metadata"] = digest
        written = " ".join(f'{key}="{html.escape(value)}"' for key, value in attributes.items())
        lines.append(f"    <a {written}>{html.escape(file['filename'])}</a><br>")
    return "\n".join([*lines, "  </body>\n</html>\n"]).encode()
