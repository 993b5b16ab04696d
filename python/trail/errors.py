"""Everything that trail raises on purpose.

TrailError
├── UsageError                 the command line cannot be understood (exit 2)
├── SettingsError              a setting or configuration file is wrong
├── ProjectError               no project, no lock, an unreadable pyproject.toml
├── LockError                  a lock that cannot be read, or does not cover the target
├── ResolutionError            no versions satisfy all requirements
├── FetchError                 an index or a download failed
│   └── DigestError            the bytes are not the ones that the lock names
├── MetadataError              the metadata of a wheel or source distribution cannot be read
├── BuildError                 a source cannot be unpacked, or its build failed
├── WheelError                 a wheel breaks a rule of docs/wheel-checks.md
├── DepotError                 the depot cannot be used
├── InterpreterError           no such Python, or it does not run
├── PrefixError                a prefix cannot be made
├── CommandError               the command to run: not found (127), not executable (126)
└── ManyErrors                 several of these at once

An exception carries data. Its message has no final period; `details` are the
lines below it (label and value, aligned by the printer); `hint` is a command to
paste or a short advice. One printer (`trail.cli`) turns them into text.
"""

from __future__ import annotations

from typing import ClassVar, TypeAlias

__all__ = [
    "BuildError",
    "CommandError",
    "DepotError",
    "DigestError",
    "FetchError",
    "InterpreterError",
    "LockError",
    "ManyErrors",
    "MetadataError",
    "PrefixError",
    "ProjectError",
    "ResolutionError",
    "SettingsError",
    "TrailError",
    "UsageError",
    "WheelError",
]

Details: TypeAlias = tuple[tuple[str, str], ...]


class TrailError(Exception):
    """Base of all errors that trail raises on purpose.

    Args:
        message: what failed, for which object; lower case, no final period.
        details: pairs of label and value, shown below the message.
        hint: what the user can do, ideally a command.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, details: Details = (), hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        self.hint = hint

    def __str__(self) -> str:
        return self.message


class UsageError(TrailError):
    """The command line cannot be understood."""

    exit_code: ClassVar[int] = 2


class SettingsError(TrailError):
    """A setting, an environment variable or a configuration file is wrong."""


class ProjectError(TrailError):
    """There is no project or lock here, or `pyproject.toml` cannot be used."""


class LockError(TrailError):
    """A lock cannot be read, or it does not cover the wanted target."""


class ResolutionError(TrailError):
    """There are no versions that satisfy all requirements together."""


class FetchError(TrailError):
    """An index page or a file could not be fetched."""


class DigestError(FetchError):
    """The bytes that arrived are not the ones that were asked for."""


class MetadataError(TrailError):
    """The metadata of a wheel or source distribution cannot be read.

    Args:
        filename: the wheel or source distribution.
        reason: why.
        details: as in `TrailError`.
    """

    def __init__(self, filename: str, reason: str, *, details: Details = ()) -> None:
        super().__init__(f"cannot read the metadata of `{filename}`: {reason}", details=details)
        self.filename = filename
        self.reason = reason


class BuildError(TrailError):
    """A source distribution, a checkout or a folder cannot be unpacked or built.

    Args:
        message: what failed.
        output: all that the build wrote; shown whole, between details and hint.
        details: as in `TrailError`.
        hint: as in `TrailError`.
    """

    def __init__(
        self, message: str, *, output: str = "", details: Details = (), hint: str | None = None
    ) -> None:
        super().__init__(message, details=details, hint=hint)
        self.output = output


class DepotError(TrailError):
    """The depot cannot be read or written."""


class InterpreterError(TrailError):
    """A Python was not found, or cannot be used."""


class PrefixError(TrailError):
    """A prefix cannot be made or used."""


class CommandError(TrailError):
    """The command of `trail run` was not found or is not executable (env(1)).

    Args:
        message: what failed.
        exit_code: 127 for not found, 126 for not executable.
        details: as in `TrailError`.
        hint: as in `TrailError`.
    """

    def __init__(
        self, message: str, *, exit_code: int, details: Details = (), hint: str | None = None
    ) -> None:
        super().__init__(message, details=details, hint=hint)
        self.exit_code = exit_code  # type: ignore[misc]  # per instance: 126 or 127


class ManyErrors(TrailError):  # noqa: N818  # it is several
    """Several things failed; each is shown.

    Args:
        errors: at least one.
        message: what failed as a whole.
    """

    def __init__(self, message: str, errors: tuple[TrailError, ...]) -> None:
        super().__init__(message)
        self.errors = errors


class WheelError(TrailError):
    """A wheel breaks one of the rules in docs/wheel-checks.md.

    Both engines raise the same fault, member, expected and actual for the same wheel.

    Args:
        wheel: the wheel's file name.
        fault: the rule's code, for instance `record-hash`.
        member: the name of the archive member concerned, or None for the archive as a whole.
        expected: what the rule asks for, or None.
        actual: what was found, or None.
    """

    def __init__(
        self,
        wheel: str,
        fault: str,
        *,
        member: str | None = None,
        expected: str | None = None,
        actual: str | None = None,
    ) -> None:
        pairs = (("file", member), ("expected", expected), ("actual", actual), ("rule", fault))
        super().__init__(
            f"refused `{wheel}`: {FAULTS[fault]}; nothing of it was installed",
            details=tuple((label, value) for label, value in pairs if value is not None),
        )
        self.wheel = wheel
        self.fault = fault
        self.member = member
        self.expected = expected
        self.actual = actual


# The codes of docs/wheel-checks.md and what each means to a person.
FAULTS: dict[str, str] = {
    "disk-full": "there is not enough free space to unpack it",
    "entry-points": "its entry_points.txt cannot be read",
    "metadata-name": "METADATA names another distribution than the file name",
    "metadata-version": "METADATA names another version than the file name",
    "metadata-format": "METADATA cannot be read",
    "record-duplicate": "RECORD lists a file twice",
    "record-format": "RECORD cannot be read",
    "record-hash": "a file is not the one that RECORD lists",
    "record-missing": "RECORD lists a file that the archive does not have",
    "record-size": "a file has another size than RECORD lists",
    "record-unlisted": "the archive has a file that RECORD does not list",
    "record-weak-hash": "RECORD vouches for a file with less than sha256",
    "scheme-collision": "two files would be installed under one path",
    "scheme-forbidden": "a file would be installed where a wheel may not write",
    "scheme-unknown": "a file belongs to no known installation scheme",
    "script-name": "a script would leave the scripts folder or shadow Python",
    "wheel-dist-info": "it does not have exactly the one .dist-info folder that its name asks for",
    "wheel-missing-file": "it lacks a file that every wheel has",
    "wheel-version": "its wheel format is not version 1",
    "wheel-format": "its WHEEL file cannot be read",
    "zip-comment-signature": "a comment holds the signature of a zip record",
    "zip-compression": "a file is compressed in another way than stored or deflate",
    "zip-crc": "a file's checksum is wrong",
    "zip-descriptor": "a data descriptor contradicts the archive's directory",
    "zip-directory": "the archive's directory is damaged",
    "zip-duplicate": "two members have names that mean the same file",
    "zip-encrypted": "a member is encrypted",
    "zip-entry-count": "the archive's directory has another number of entries than it says",
    "zip-extra": "a member's extra field is malformed or contradicts its header",
    "zip-flags": "a member uses an unknown zip feature",
    "zip-folder-data": "a folder member has data",
    "zip-gap": "the archive has bytes that belong to no member",
    "zip-local-differs": "a local header contradicts the archive's directory",
    "zip-local-header": "a local header is missing or damaged",
    "zip-multi-disk": "the archive is split over several disks",
    "zip-name": "a member has an unsafe name",
    "zip-name-encoding": "a member's name is neither ASCII nor flagged as UTF-8",
    "zip-no-directory": "it is not a zip archive, or is cut short",
    "zip-overlap": "two members overlap",
    "zip-ratio": "a member claims to be compressed more than deflate can",
    "zip-size": "a member's sizes contradict each other",
    "zip-special-file": "a member is a link or a device",
    "zip-stream": "a member's compressed data is damaged",
    "zip-too-large": "it unpacks to more than the allowed size",
    "zip-trailing-data": "the archive has data behind its end",
    "zip-zip64": "its zip64 records are malformed or contradict the archive's end",
}
