"""A `WheelSource` for the library `installer` that reads as strictly as trail does.

Tools that are built on `installer` can use it in place of `installer.sources.WheelFile`,
which reads with Python's `zipfile`.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

from installer.records import Hash, RecordEntry
from installer.sources import WheelSource

from trail.wheel.archive import Archive, read_contents
from trail.wheel.engine import Job
from trail.wheel.faults import Fault
from trail.wheel.filename import parse_filename
from trail.wheel.plan import Plan, Target, make_plan
from trail.wheel.record import encode_hash
from trail.wheel.unpack import check_contents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from installer.sources import WheelContentElement

__all__ = ["StrictWheelFile"]

_IN_MEMORY = 1 << 20


class StrictWheelFile(WheelSource):
    """A wheel that keeps all rules of docs/wheel-checks.md; made by `open`.

    Every method that reads contents raises `trail.errors.WheelError` where a rule of section 5
    is broken, before anything of the file is handed out.

    Args:
        archive: open as long as this object is used.
        job: what its file name says.
        plan: what is in it.
    """

    def __init__(self, archive: Archive, job: Job, plan: Plan) -> None:
        super().__init__(job.name, job.version)
        self._archive = archive
        self._job = job
        self._targets = {target.member.name: target for target in plan.targets}
        self._placement = plan.placement

    @classmethod
    @contextmanager
    def open(cls, path: Path, filename: str | None = None) -> Iterator[StrictWheelFile]:
        """Open a wheel and check all but the contents of its files.

        Args:
            path: the file.
            filename: the wheel's real file name, where the file is called otherwise.

        Raises:
            WheelError: a rule is broken.
            TrailError: the file name is not one of a wheel.
            OSError: the file cannot be read.
        """
        name = parse_filename(filename or path.name)
        job = Job(
            wheel=path,
            filename=name.filename,
            name=name.name,
            version=name.version,
            destination=path,  # nothing is written
            vouched=False,
        )
        with Archive(path) as archive:
            try:
                contents = read_contents(archive, max_unpacked=job.max_unpacked)
                plan = make_plan(archive, contents, job)
            except Fault as fault:
                raise fault.of(job.filename) from None
            yield cls(archive, job, plan)

    @property
    def dist_info_dir(self) -> str:
        """The name of the .dist-info folder."""
        return self._placement.dist_info

    @property
    def data_dir(self) -> str:
        """The name of the .data folder."""
        return self._placement.data_folder.rstrip("/")

    @property
    def dist_info_filenames(self) -> list[str]:
        """The files of the .dist-info folder, without its name."""
        inside = f"{self.dist_info_dir}/"
        return [path.removeprefix(inside) for path in self._targets if path.startswith(inside)]

    def read_dist_info(self, filename: str) -> str:
        """Read a file of the .dist-info folder."""
        with self._read(self._targets[f"{self.dist_info_dir}/{filename}"])[1] as stream:
            return stream.read().decode()

    def validate_record(self) -> None:
        """Check the contents of all files; the rest of RECORD was checked by `open`."""
        for _ in self.get_contents():
            pass

    def get_contents(self) -> Iterator[WheelContentElement]:
        """Hand out each file after it was checked; its stream is open until the next one."""
        for target in self._targets.values():
            sha256, stream = self._read(target)
            row = RecordEntry(
                target.member.name,
                Hash("sha256", encode_hash(bytes.fromhex(sha256))),
                target.member.size,
            )
            with stream:
                yield row.to_row(), stream, target.member.executable

    def _read(self, target: Target) -> tuple[str, BinaryIO]:
        stream = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  # handed out
        blocks = self._archive.blocks(target.member, target.start)
        try:
            sha256, _ = check_contents(target, blocks, stream.write)
        except Fault as fault:
            stream.close()
            raise fault.of(self._job.filename) from None
        stream.seek(0)
        return sha256, cast("BinaryIO", stream)
