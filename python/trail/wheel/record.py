r"""RECORD: reading the archive's, and writing the entry's (section 4 of docs/wheel-checks.md).

Reading is stricter than `installer.records`: that one turns `\` into `/` and takes any hash.
"""

from __future__ import annotations

import base64
import csv
import io
import re
from typing import TYPE_CHECKING

from installer.records import Hash, RecordEntry

from trail.values import dataclass
from trail.wheel.faults import Fault
from trail.wheel.names import is_safe_name

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["STRONG", "Row", "encode_hash", "format_record", "parse_record"]

STRONG = ("sha256", "sha384", "sha512")
"""The algorithms that count, as the binary distribution format says."""

_DIGEST_SIZES = {"md5": 16, "sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64}
_NUMBER = re.compile(r"[0-9]{1,18}")
_LINE_END = re.compile(r"\r\n|\n|\r")
_BASE64 = re.compile(r"[A-Za-z0-9_-]*")
_HEXADECIMAL = re.compile(r"[A-Fa-f0-9]*")
_QUOTED = re.compile(r'"((?:[^"]|"")*)"(,|$)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the archive's RECORD.

    Args:
        path: the member.
        algorithm: of the hash, or None where there is none.
        digest: lower-case hexadecimal digits, or nothing.
        size: in bytes, or None where it is not given.
    """

    path: str
    algorithm: str | None
    digest: str
    size: int | None

    @property
    def strong(self) -> bool:
        """Whether the hash counts."""
        return self.algorithm in STRONG

    @property
    def hash(self) -> str | None:
        """The hash as messages show it: `algorithm=digest`."""
        return f"{self.algorithm}={self.digest}" if self.algorithm else None


def parse_record(data: bytes, member: str) -> tuple[Row, ...]:
    """Read a RECORD.

    Args:
        data: its bytes.
        member: its path in the archive.

    Raises:
        Fault: `record-format` or `record-duplicate`.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise Fault("record-format", member, actual="UTF-8") from None
    rows = []
    for number, line in enumerate(_LINE_END.split(text), start=1):
        if not line:
            continue
        row = _parse_row(line)
        if row is None:
            raise Fault("record-format", member, actual=f"line {number}")
        rows.append(row)
    seen: set[str] = set()
    for row in rows:
        if row.path in seen:
            raise Fault("record-duplicate", row.path)
        seen.add(row.path)
    return tuple(rows)


def _parse_row(line: str) -> Row | None:
    fields = _split(line)
    if fields is None or len(fields) != 3:  # noqa: PLR2004  # path, hash, size
        return None
    path, hash_, size = fields
    if not is_safe_name(path) or (size and not _NUMBER.fullmatch(size)):
        return None
    algorithm, equals, value = hash_.partition("=")
    digest = _decode_hash(algorithm, value) if equals else None
    if hash_ and digest is None:
        return None
    return Row(
        path=path,
        algorithm=algorithm or None,
        digest=digest or "",
        size=int(size) if size else None,
    )


def _split(line: str) -> list[str] | None:
    """Split a line of CSV; None if its quotes are wrong."""
    if '"' not in line:
        return line.split(",")
    fields = []
    at = 0
    while True:
        if line.startswith('"', at):
            quoted = _QUOTED.match(line, at)
            if quoted is None:
                return None
            fields.append(quoted[1].replace('""', '"'))
            at, last = quoted.end(), not quoted[2]
        else:
            end = line.find(",", at)
            last = end < 0
            fields.append(line[at:] if last else line[at:end])
            at = end + 1
        if last:
            return fields


def _decode_hash(algorithm: str, value: str) -> str | None:
    """Turn base64url digits without padding into hexadecimal ones; None if they are wrong.

    A few builders of 2022 (sphinx-theme-builder, for furo) wrote hexadecimal ones.
    """
    size = _DIGEST_SIZES.get(algorithm)
    if size is not None and len(value) == 2 * size:
        return value.lower() if _HEXADECIMAL.fullmatch(value) else None
    if not algorithm or not _BASE64.fullmatch(value):
        return None
    if size is not None and len(value) != -(-size * 8 // 6):  # 65 digits hold a sha384, too
        return None
    # Only the digits of an algorithm that is not known can be one too many.
    whole = value[:-1] if len(value) % 4 == 1 else value
    return base64.urlsafe_b64decode(whole + "=" * (-len(whole) % 4)).hex()


def encode_hash(digest: bytes) -> str:
    """Write a digest as RECORD does: base64url without padding."""
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def format_record(files: Iterable[tuple[str, str, int] | tuple[str, None, None]]) -> bytes:
    """Write a RECORD.

    Args:
        files: path, sha256 in hexadecimal digits and size of each; None for both where RECORD
            says nothing about the file.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for path, sha256, size in sorted(files):
        hash_ = None if sha256 is None else Hash("sha256", encode_hash(bytes.fromhex(sha256)))
        writer.writerow(RecordEntry(path, hash_, size).to_row())
    return text.getvalue().encode()
