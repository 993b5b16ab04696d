"""Run one engine on one archive, and look at all that it leaves behind."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trail.errors import WheelError
from trail.files import remove_tree
from trail.wheel.engine import Engine, Job
from trail.wheel.filename import parse_filename

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from trail.model import Facts

__all__ = ["FILENAME", "Fault", "Node", "Result", "fault_of", "run", "run_file", "run_many"]

FILENAME = "demo-1.0-py3-none-any.whl"

Node = tuple[str, int, bytes]
"""`file` or `folder`, permission bits, content."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What two engines must agree on about an error."""

    code: str
    member: str | None = None
    expected: str | None = None
    actual: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an archive: what the engine says, and what is on the disk."""

    said: Facts | Fault | str
    tree: dict[str, Node]


def run(engine: Engine, archive: bytes, folder: Path, **options: Any) -> Result:
    """Unpack an archive that is given as bytes.

    Args:
        engine: which.
        archive: the wheel.
        folder: an empty folder.
        options: fields of `Job` that are not as usual.
    """
    wheel = folder / "archive"
    wheel.write_bytes(archive)
    return run_file(engine, wheel, folder / engine.name, **options)


def run_file(engine: Engine, wheel: Path, destination: Path, **options: Any) -> Result:
    """Unpack an archive, remember what was written, and remove it."""
    name = parse_filename(options.pop("filename", FILENAME))
    job = Job(
        wheel=wheel,
        filename=name.filename,
        name=name.name,
        version=name.version,
        destination=destination,
        **options,
    )
    with engine.open(threads=2) as unpacker:
        unpacker.submit(job)
        outcome = unpacker.next()
        assert outcome is not None
        assert unpacker.next() is None
    assert outcome.job == job
    try:
        tree = {} if isinstance(outcome.result, Exception) else _read_tree(destination)
    finally:
        remove_tree(destination)
    return Result(fault_of(outcome.result), tree)


def run_many(engine: Engine, archives: Sequence[bytes], folder: Path) -> list[Result]:
    """Unpack many archives at once.

    Returns:
        What became of each, in the order of the archives.
    """
    name = parse_filename(FILENAME)
    results: dict[Path, Result] = {}
    wanted = []
    with engine.open(threads=2) as unpacker:
        for number, archive in enumerate(archives):
            wheel = folder / f"{number}.whl"
            wheel.write_bytes(archive)
            wanted.append(folder / f"{engine.name}-{number}")
            unpacker.submit(
                Job(
                    wheel=wheel,
                    filename=FILENAME,
                    name=name.name,
                    version=name.version,
                    destination=wanted[-1],
                )
            )
        while (outcome := unpacker.next()) is not None:
            destination = outcome.job.destination
            refused = isinstance(outcome.result, Exception)
            tree = {} if refused else _read_tree(destination)
            remove_tree(destination)
            results[destination] = Result(fault_of(outcome.result), tree)
    return [results[destination] for destination in wanted]


def fault_of(result: Facts | WheelError | OSError) -> Facts | Fault | str:
    """Reduce an error to what it says."""
    if isinstance(result, WheelError):
        return Fault(result.fault, result.member, result.expected, result.actual)
    if isinstance(result, OSError):
        return f"{type(result).__name__} {result.errno}"
    return result


def _read_tree(root: Path) -> dict[str, Node]:
    tree = {}
    for path in [root, *sorted(root.rglob("*"))]:
        status = path.lstat()
        name = path.relative_to(root).as_posix()
        mode = stat.S_IMODE(status.st_mode)
        if stat.S_ISDIR(status.st_mode):
            tree[name] = ("folder", mode, b"")
        else:
            assert stat.S_ISREG(status.st_mode), path
            tree[name] = ("file", mode, path.read_bytes())
    return tree
