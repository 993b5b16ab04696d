from __future__ import annotations

import contextlib
import os
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.helpers.wheels import make_wheel
from tests.parity.archives import spoiled
from tests.parity.unpacking import FILENAME, fault_of, run_file

from trail.errors import WheelError
from trail.model import Facts, NormalizedName
from trail.wheel.engine import Engine, Job

if TYPE_CHECKING:
    from pathlib import Path


def _job(folder: Path, number: int = 0, files: int = 3) -> Job:
    wheel = make_wheel(
        folder,
        f"demo{number}",
        "1.0",
        {f"demo{number}/{index}.py": f"x = {index}\n" * 50 for index in range(files)},
    )
    return Job(
        wheel=wheel,
        filename=wheel.name,
        name=NormalizedName(f"demo{number}"),
        version="1.0",
        destination=folder / f"out{number}",
    )


def test_wheels_come_back_whatever_their_order(engine: Engine, tmp_path: Path) -> None:
    jobs = {_job(tmp_path, number, files=1 + number * 30) for number in range(8)}
    with engine.open(threads=2) as unpacker:
        for job in jobs:
            unpacker.submit(job)
        outcomes = []
        while (outcome := unpacker.next(timeout=60)) is not None:
            outcomes.append(outcome)
    assert {outcome.job for outcome in outcomes} == jobs
    for outcome in outcomes:
        assert isinstance(outcome.result, Facts)
        assert outcome.result.name == outcome.job.name
        assert outcome.result.files == 5 + 30 * int(outcome.job.name.removeprefix("demo"))


def test_a_bad_wheel_does_not_touch_others(engine: Engine, tmp_path: Path) -> None:
    good, bad = _job(tmp_path, 1), _job(tmp_path, 2)
    bad.wheel.write_bytes(bad.wheel.read_bytes()[:-1])
    with engine.open(threads=2) as unpacker:
        unpacker.submit(bad)
        unpacker.submit(good)
        results = {}
        while (outcome := unpacker.next()) is not None:
            results[outcome.job] = outcome.result
    assert isinstance(results[good], Facts)
    error = results[bad]
    assert isinstance(error, WheelError)
    assert str(error) == (
        "refused `demo2-1.0-py3-none-any.whl`: it is not a zip archive, or is cut short; "
        "nothing of it was installed"
    )


def test_leaving_waits_for_all_wheels(engine: Engine, tmp_path: Path) -> None:
    jobs = [_job(tmp_path, number) for number in range(5)]
    with engine.open(threads=1) as unpacker:
        for job in jobs:
            unpacker.submit(job)
    assert all((job.destination / "lib/python/site-packages").is_dir() for job in jobs)
    results = []
    while (outcome := unpacker.next()) is not None:
        results.append(outcome.result)
    assert len(results) == 5


def test_nothing_to_wait_for(engine: Engine) -> None:
    with engine.open(threads=1) as unpacker:
        assert unpacker.next() is None
        assert unpacker.next(timeout=1000) is None


def test_an_error_drops_what_was_not_begun(engine: Engine, tmp_path: Path) -> None:
    # The only thread waits for a pipe, which is opened when the error is under way.
    held = replace(_job(tmp_path, 0), wheel=tmp_path / "pipe", private=False)
    os.mkfifo(held.wheel)
    waiting = [_job(tmp_path, number) for number in range(1, 20)]
    raised, left = threading.Event(), threading.Event()

    def let_go() -> None:
        raised.wait()
        while not left.wait(0.2):  # nobody may ever read
            with contextlib.suppress(OSError):
                os.close(os.open(held.wheel, os.O_WRONLY | os.O_NONBLOCK))

    def stop() -> None:
        with engine.open(threads=1) as unpacker:
            for job in [held, *waiting]:
                unpacker.submit(job)
            raised.set()
            raise KeyboardInterrupt

    helper = threading.Thread(target=let_go)
    helper.start()
    with pytest.raises(KeyboardInterrupt):
        stop()
    left.set()
    helper.join()
    assert not any(job.destination.exists() for job in waiting)


def test_no_such_wheel(engine: Engine, tmp_path: Path) -> None:
    result = run_file(engine, tmp_path / "none.whl", tmp_path / "out")
    assert result.said == "FileNotFoundError 2"


def test_the_destination_is_there_already(engine: Engine, tmp_path: Path) -> None:
    wheel = tmp_path / FILENAME
    wheel.write_bytes(spoiled())
    (tmp_path / "out").mkdir()
    assert run_file(engine, wheel, tmp_path / "out").said == "FileExistsError 17"


def test_no_folder_for_the_destination(engine: Engine, tmp_path: Path) -> None:
    wheel = tmp_path / FILENAME
    wheel.write_bytes(spoiled())
    assert run_file(engine, wheel, tmp_path / "no" / "out").said == "FileNotFoundError 2"


def test_a_strict_umask_changes_no_mode(engine: Engine, tmp_path: Path) -> None:
    wheel = tmp_path / FILENAME
    wheel.write_bytes(spoiled())
    usual = run_file(engine, wheel, tmp_path / "one")
    before = os.umask(0o077)
    try:
        strict = run_file(engine, wheel, tmp_path / "two")
    finally:
        os.umask(before)
    del usual.tree["."], strict.tree["."]
    assert strict == usual


def test_os_errors_are_told_as_such(engine: Engine, tmp_path: Path) -> None:
    job = replace(_job(tmp_path), wheel=tmp_path)
    with engine.open(threads=1) as unpacker:
        unpacker.submit(job)
        outcome = unpacker.next()
    assert outcome is not None
    assert isinstance(outcome.result, OSError)
    assert not isinstance(fault_of(outcome.result), Facts)
