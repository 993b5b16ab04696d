"""Wheels that were built: kept in the depot, made once, verified and admitted like any other.

What a build is known by (`key_of`) is its source's digest, what the user added to the build,
and the tags of the Python that it is for. The build requirements belong to it as they were
when it was built: `build.json` names their entries, and a later setuptools is no reason to
build anew.

A key's folder holds `build.json` and the wheel (or METADATA, where only that was asked for).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from typing import TYPE_CHECKING, Any

from trail.depot.builds import METADATA, BuildRecord, dump_build, note_use, read_build
from trail.depot.entry import EntryInfo, Origin
from trail.depot.faults import explained, unpack_error
from trail.depot.layout import BUILD_FILE, entry_id
from trail.errors import BuildError, TrailError, WheelError
from trail.files import hash_file, make_read_only
from trail.model import NormalizedName, Sha256
from trail.values import dataclass, replace
from trail.wheel.engine import Job
from trail.wheel.filename import parse_filename

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from contextlib import AbstractContextManager
    from pathlib import Path

    from packaging.tags import Tag

    from trail.build.backend import Recipe
    from trail.depot.store import Depot, Entry, Stack
    from trail.wheel.engine import Engine
    from trail.wheel.filename import WheelName

__all__ = ["BuildCache", "Made", "Subject", "key_of"]

_LAYOUT = 1
_DIGITS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is to be built.

    Args:
        label: for messages, for instance `six 1.17.0` or a file name.
        digest: of the source: another one wherever the build could come out differently.
        origin: where the source is from.
        name: the distribution that it must be, or None.
        version: the version that it must be, or None.
        editable: whether the wheel is to refer to the folder (PEP 660).
    """

    label: str
    digest: str
    origin: Origin
    name: NormalizedName | None = None
    version: str | None = None
    editable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a build made.

    Args:
        path: the wheel, or METADATA.
        entries: ids of the depot entries that it was built with.
    """

    path: Path
    entries: tuple[str, ...] = ()


def key_of(subject: Subject, recipe: Recipe, tag: Tag, *, kind: str = "") -> str:
    """Name a build.

    Args:
        subject: what is built.
        recipe: what the user adds.
        tag: the best tag of the Python: its version, its ABI and the platform.
        kind: `metadata` where only that is asked for.
    """
    content: dict[str, Any] = {
        "layout": _LAYOUT,
        "digest": subject.digest,
        "editable": subject.editable,
        "config-settings": dict(recipe.config_settings),
        "requires": list(recipe.requires),
        "environ": dict(recipe.environ),
        "tag": str(tag),
    }
    if recipe.constraints:
        content["constraints"] = sorted(recipe.constraints)
    if recipe.beside is not None:
        content["beside"] = list(recipe.beside)
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return "-".join(filter(None, (subject.name or "", kind, digest[:_DIGITS])))


class BuildCache:
    """The builds of a stack of depots.

    Args:
        stack: where to look, and what receives.
        engine: unpacks and verifies.
        tags: of the Python that the wheels are for, best first.
        max_unpacked: how many bytes a wheel may unpack to.
    """

    def __init__(
        self, stack: Stack, engine: Engine, tags: Collection[Tag], *, max_unpacked: int
    ) -> None:
        self._stack = stack
        self._engine = engine
        self._tags = frozenset(tags)
        self._max_unpacked = max_unpacked

    @property
    def _depot(self) -> Depot:
        return self._stack.receiver

    def find(self, subject: Subject, key: str) -> Entry | None:
        """Look a build up; its wheel is unpacked anew if the entry is gone.

        Raises:
            DepotError: the depot cannot be read or written.
            WheelError: the wheel breaks a rule.
        """
        for depot in self._stack.depots:
            record = read_build(depot.layout, key)
            if record is None or record.entry is None:
                continue
            note_use(depot, key)
            entry = self._stack.find(record.entry, record.sha256)
            if entry is not None:
                return entry
            wheel = depot.layout.build(key) / record.filename
            with contextlib.suppress(FileNotFoundError):
                if hash_file(wheel) == record.sha256:
                    return self._admit(wheel, parse_filename(wheel.name), record.sha256, subject)
            if depot.writable:
                depot.remove(depot.layout.build(key))
        return None

    def ensure(
        self, subject: Subject, key: str, make: Callable[[Path], Made], *, wait: bool = True
    ) -> Entry:
        """Find a build, or make it; of several processes one makes it.

        Args:
            subject: what is built.
            key: its name.
            make: builds it in an empty folder on the depot's file system.
            wait: whether to wait for another process that makes it; False where this process
                is at another build that waits for this one: two such processes could wait for
                each other, and building twice does no harm.

        Raises:
            BuildError: the build failed, or made something else.
            WheelError: the wheel that was built breaks a rule.
            DepotError: the depot cannot be read or written.
        """
        found = self.find(subject, key)
        if found is not None:
            return found
        with self._guard(key, wait=wait) as alone:
            found = self.find(subject, key)
            if found is not None:
                return found
            self._depot.clean_staging()  # of processes that were killed
            # Compilers write down where they were: in the same place the same wheel comes out.
            with self._depot.staging(f"build-{key}" if alone else "") as staging:
                made = make(staging)
                named = self._check(made.path, subject)
                digest = hash_file(made.path)
                entry = self._admit(made.path, named, digest, subject)
                record = BuildRecord(filename=named.filename, sha256=digest)
                self._keep(staging, key, made, record, subject)
                return entry

    def metadata(
        self, subject: Subject, key: str, make: Callable[[Path], Made], *, wait: bool = True
    ) -> bytes:
        """Find METADATA that a backend gave without a build, or have it given.

        Args:
            subject: what it is of.
            key: its name.
            make: as in `ensure`; makes METADATA.
            wait: as in `ensure`.

        Raises:
            BuildError: the backend failed.
            DepotError: the depot cannot be read or written.
        """
        with contextlib.ExitStack() as stack:
            for attempt in range(2):
                for depot in self._stack.depots:
                    record = read_build(depot.layout, key)
                    with contextlib.suppress(OSError):
                        data = (depot.layout.build(key) / METADATA).read_bytes()
                        if record and hashlib.sha256(data).hexdigest() == record.sha256:
                            note_use(depot, key)
                            return data
                if not attempt:
                    stack.enter_context(self._guard(key, wait=wait))
            staging = stack.enter_context(self._depot.staging())
            made = make(staging)
            data = made.path.read_bytes()
            digest = Sha256(hashlib.sha256(data).hexdigest())
            self._keep(staging, key, made, BuildRecord(filename=METADATA, sha256=digest), subject)
            return data

    def _guard(self, key: str, *, wait: bool) -> AbstractContextManager[bool]:
        return self._depot.guard(f"build {key}", wait=wait)

    def _check(self, wheel: Path, subject: Subject) -> WheelName:
        """See that a wheel is what was to be built, and fits."""
        try:
            named = parse_filename(wheel.name)
        except TrailError as error:
            raise BuildError(
                f"cannot use what `{subject.label}` was built into: {error.message}",
                details=error.details,
            ) from error
        for what, expected, actual in (
            ("name", subject.name, named.name),
            ("version", subject.version, named.version),
        ):
            if expected is not None and expected != actual:
                raise BuildError(
                    f"`{subject.label}` was built into a wheel of another {what}",
                    details=(("expected", expected), ("actual", actual), ("wheel", wheel.name)),
                )
        if named.tags.isdisjoint(self._tags):
            raise BuildError(
                f"`{subject.label}` was built into a wheel that does not fit this Python",
                details=(("wheel", wheel.name),),
            )
        return named

    def _admit(self, wheel: Path, named: WheelName, digest: Sha256, subject: Subject) -> Entry:
        """Verify and unpack a wheel, and put it into the depot."""
        with self._depot.staging() as staging, self._engine.open(threads=1) as unpacker:
            job = Job(
                wheel=wheel,
                filename=named.filename,
                name=named.name,
                version=named.version,
                destination=staging / "entry",
                private=False,
                vouched=False,
                max_unpacked=self._max_unpacked,
            )
            unpacker.submit(job)
            outcome = unpacker.next()
            result = outcome.result if outcome is not None else None
            if isinstance(result, WheelError):
                raise result
            if isinstance(result, OSError):
                raise unpack_error(result, named.filename, staging) from result
            if result is None:
                raise AssertionError(named.filename)
            info = EntryInfo(
                facts=result,
                origin=subject.origin,
                filename=named.filename,
                sha256=digest,
                size=wheel.stat().st_size,
                built=True,
            )
            identity = entry_id(named.name, named.version, named.filename, digest)
            return self._depot.admit(job.destination, identity, info)

    def _keep(
        self, staging: Path, key: str, made: Made, record: BuildRecord, subject: Subject
    ) -> None:
        depot = self._depot
        target = depot.layout.build(key)
        folder = staging / "kept"
        record = replace(
            record, digest=subject.digest, editable=subject.editable, requires=made.entries
        )
        with explained("write", target):
            folder.mkdir()
            shutil.move(made.path, folder / record.filename)
            (folder / BUILD_FILE).write_bytes(dump_build(record))
            make_read_only(folder)
        if depot.publish(folder, target, f"build {key}"):
            return
        if read_build(depot.layout, key) is None:  # damaged, or of a later trail
            depot.remove(target)
            depot.publish(folder, target, f"build {key}")
