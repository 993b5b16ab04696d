from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, NamedTuple

import pytest
from tests.helpers.wheels import make_wheel

from trail.model import NormalizedName
from trail.wheel.engine import Job
from trail.wheel.faults import Fault
from trail.wheel.unpack import (
    Stopped,
    check_free_space,
    make_folders,
    open_job,
    split_targets,
    unpack_targets,
)

if TYPE_CHECKING:
    from pathlib import Path


class _Usage(NamedTuple):
    free: int


def _job(folder: Path, files: dict[str, bytes]) -> Job:
    wheel = make_wheel(folder, "demo", "1.0", files)
    return Job(
        wheel=wheel,
        filename=wheel.name,
        name=NormalizedName("demo"),
        version="1.0",
        destination=folder / "out",
    )


def test_a_full_disk_is_noticed_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = _job(tmp_path, {"a.py": bytes(5000)})
    plan = open_job(job)
    needed = sum(target.member.size for target in plan.targets)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: _Usage(free=needed + 100))
    assert check_free_space(plan, job.destination, promised=100) == needed
    with pytest.raises(Fault) as caught:
        check_free_space(plan, job.destination, promised=101)
    fault = caught.value
    assert (fault.code, fault.expected, fault.actual) == (
        "disk-full",
        str(needed),
        str(needed - 1),
    )
    assert not job.destination.exists()


def test_chunks_keep_the_order(tmp_path: Path) -> None:
    files = {f"a{number:03}": b"x" for number in range(150)}
    files |= {"b": bytes(3 << 20), "c": bytes(600_000), "d": bytes(600_000)}
    targets = open_job(_job(tmp_path, files)).targets
    chunks = list(split_targets(targets))
    assert [len(chunk) for chunk in chunks] == [64, 64, 22, 1, 1, 4]
    assert tuple(target for chunk in chunks for target in chunk) == targets
    assert list(split_targets([])) == []


def test_unpacking_stops_in_the_middle_of_a_file(tmp_path: Path) -> None:
    job = _job(tmp_path, {"big": bytes(8 << 20)})
    plan = open_job(job)
    make_folders(plan, job.destination)
    answers = iter([False, False, False, True])
    with pytest.raises(Stopped):
        list(unpack_targets(job, plan.targets, stopped=lambda: next(answers)))
    written = job.destination / "lib/python/site-packages/big"
    assert 0 < written.stat().st_size < 8 << 20
