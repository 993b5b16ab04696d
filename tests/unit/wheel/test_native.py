"""What is the native engine's own: threads, signals, mapping; the rules are tested for both."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest
from tests.helpers.wheels import Member, build_archive, make_wheel, wheel_files, wheel_members

from trail import __version__
from trail.errors import SettingsError, WheelError
from trail.model import EntryPoint, Facts, Kind, NormalizedName, TopLevel
from trail.wheel.engine import Job, Outcome, choose_engine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

pytest.importorskip("trail._native", reason="the native extension is not built")

from trail.wheel import _native  # needs the extension

TIMEOUT = 60


def job_for(wheel: Path, destination: Path, *, private: bool = True) -> Job:
    name, version = wheel.name.split("-")[:2]
    return Job(
        wheel=wheel,
        filename=wheel.name,
        name=NormalizedName(name),
        version=version,
        destination=destination,
        private=private,
    )


def unpack(jobs: Sequence[Job], threads: int = 2) -> list[Outcome]:
    outcomes = []
    with _native.NativeEngine("a test").open(threads=threads) as unpacker:
        for job in jobs:
            unpacker.submit(job)
        while (outcome := unpacker.next(TIMEOUT)) is not None:
            outcomes.append(outcome)
    return outcomes


def test_the_engine_says_what_it_is() -> None:
    engine = _native.NativeEngine("a test")
    assert (engine.name, engine.reason) == ("native", "a test")
    assert _native.version() == __version__


@pytest.mark.parametrize(
    ("version", "interface", "reason"),
    [
        ("0.0.1", 1, f"the native extension is version 0.0.1, trail is {__version__}"),
        (__version__, 0, "the native extension was built from other sources"),
    ],
)
def test_an_extension_of_other_sources_is_not_used(
    monkeypatch: pytest.MonkeyPatch, version: str, interface: int, reason: str
) -> None:
    monkeypatch.setattr(_native, "version", lambda: version)
    monkeypatch.setattr(_native, "interface", lambda: interface)
    assert choose_engine("auto").reason == reason
    with pytest.raises(SettingsError, match="TRAIL_ENGINE asks for the native engine"):
        choose_engine("native")


@pytest.mark.parametrize("private", [True, False])
def test_mapped_and_read_archives_give_the_same(tmp_path: Path, private: bool) -> None:
    wheel = make_wheel(
        tmp_path,
        "demo",
        "1.0",
        {"demo/__init__.py": "", "demo/data.bin": os.urandom(3 << 20)},
        entry_points="[console_scripts]\ndemo = demo:main [extra]\n",
        data={"scripts/tool": "#!python\n"},
    )
    (outcome,) = unpack([job_for(wheel, tmp_path / "entry", private=private)])
    facts = outcome.result
    assert isinstance(facts, Facts)
    assert facts.files == 8
    assert facts.top_level == (TopLevel(path="demo", name="demo", kind=Kind.PACKAGE),)
    assert facts.scripts == (EntryPoint(name="demo", value="demo:main"),)
    assert facts.schemes == ("bin",)
    assert facts.mismatches == ()


def test_a_member_too_big_for_memory_is_streamed(tmp_path: Path) -> None:
    content = os.urandom(1 << 20) * 40
    wheel = make_wheel(tmp_path, "demo", "1.0", {"demo/big.bin": content})
    (outcome,) = unpack([job_for(wheel, tmp_path / "entry")])
    assert isinstance(outcome.result, Facts)
    big = tmp_path / "entry" / "lib" / "python" / "site-packages" / "demo" / "big.bin"
    assert big.read_bytes() == content


@pytest.mark.parametrize("size", [10, 2 << 20, 40 << 20])
def test_a_wrong_checksum_is_found_in_members_of_every_size(tmp_path: Path, size: int) -> None:
    files = wheel_files("demo", "1.0", {"demo/a.bin": b"a" * size})
    first, *others = wheel_members(files)
    wrong = Member(name=first.name, content=first.content, crc=0x12345678)
    wheel = tmp_path / "demo-1.0-py3-none-any.whl"
    wheel.write_bytes(build_archive([wrong, *others]))
    (outcome,) = unpack([job_for(wheel, tmp_path / "entry")])
    error = outcome.result
    assert isinstance(error, WheelError)
    assert (error.fault, error.member, error.expected) == ("zip-crc", "demo/a.bin", "12345678")
    assert error.wheel == wheel.name


def test_the_first_wrong_member_counts_however_many_threads_look(tmp_path: Path) -> None:
    contents = {f"demo/{n:03}.bin": bytes(9) for n in range(99)}
    contents["demo/099.bin"] = bytes(2 << 20)  # a chunk of its own, which is taken first
    wrong = {f"demo/{n:03}.bin" for n in (42, 43, 99)}
    members = [
        Member(name=member.name, content=member.content, crc=1 if member.name in wrong else None)
        for member in wheel_members(wheel_files("demo", "1.0", contents))
    ]
    wheel = tmp_path / "demo-1.0-py3-none-any.whl"
    wheel.write_bytes(build_archive(members))
    for attempt in range(5):
        (outcome,) = unpack([job_for(wheel, tmp_path / str(attempt))], threads=4)
        assert isinstance(outcome.result, WheelError)
        assert outcome.result.member == "demo/042.bin"


def test_many_wheels_come_back_once_each(tmp_path: Path) -> None:
    jobs = [
        job_for(
            make_wheel(tmp_path, f"demo{n}", "1.0", {f"demo{n}.py": "x = 1\n" * n}),
            tmp_path / f"entry{n}",
        )
        for n in range(150)
    ]
    outcomes = unpack(jobs, threads=3)
    assert sorted(outcome.job.name for outcome in outcomes) == sorted(job.name for job in jobs)
    assert all(isinstance(outcome.result, Facts) for outcome in outcomes)


def test_failures_of_the_system_name_the_path(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "demo", "1.0", {"demo.py": ""})
    (tmp_path / "there").mkdir()
    missing = tmp_path / "demo-2.0-py3-none-any.whl"
    outcomes = unpack(
        [job_for(wheel, tmp_path / "there"), job_for(missing, tmp_path / "entry")], threads=1
    )
    errors = [outcome.result for outcome in outcomes]
    found = [(e.errno, e.filename) for e in errors if isinstance(e, OSError)]
    assert found == [(errno.EEXIST, str(tmp_path / "there")), (errno.ENOENT, str(missing))]


def test_a_time_limit_is_no_end(tmp_path: Path) -> None:
    with _native.NativeEngine("a test").open(threads=1) as unpacker:
        assert unpacker.next(0) is None
        assert unpacker.next() is None  # nothing is under way
        unpacker.submit(job_for(tmp_path / "demo-1.0-py3-none-any.whl", tmp_path / "entry"))
        assert unpacker.next() is not None
        assert unpacker.next() is None


def test_an_exception_drops_jobs_that_were_not_begun(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "demo", "1.0", {"demo.bin": bytes(4 << 20)})
    jobs = [job_for(wheel, tmp_path / f"entry{n}") for n in range(200)]
    engine = _native.NativeEngine("a test")

    def give_up() -> None:
        with engine.open(threads=1) as unpacker:
            for job in jobs:
                unpacker.submit(job)
            raise LookupError

    with pytest.raises(LookupError):
        give_up()
    assert len([job for job in jobs if job.destination.exists()]) < len(jobs)


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
def test_modes_do_not_depend_on_the_umask(tmp_path: Path) -> None:
    wheel = make_wheel(
        tmp_path, "demo", "1.0", {"demo/a.py": "", "demo/run": ""}, executable=["demo/run"]
    )
    old = os.umask(0o077)
    try:
        (outcome,) = unpack([job_for(wheel, tmp_path / "entry")])
    finally:
        os.umask(old)
    assert isinstance(outcome.result, Facts)
    site = tmp_path / "entry" / "lib" / "python" / "site-packages"
    modes = {
        path: stat.S_IMODE((site / path).stat().st_mode)
        for path in ("demo", "demo/a.py", "demo/run", "demo-1.0.dist-info/RECORD")
    }
    assert modes == {
        "demo": 0o555,
        "demo/a.py": 0o444,
        "demo/run": 0o555,
        "demo-1.0.dist-info/RECORD": 0o444,
    }
    assert (tmp_path / "entry").stat().st_mode & stat.S_IWUSR


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_ctrl_c_ends_the_wait_and_the_work(tmp_path: Path) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        pytest.skip("who started the tests had it ignored, as nohup does")
    wheel = make_wheel(tmp_path, "demo", "1.0", {"demo.bin": bytes(4 << 20)})
    script = tmp_path / "wait.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import sys
            sys.path[:0] = {sys.path!r}
            from pathlib import Path
            from trail.wheel.engine import Job
            from trail.wheel._native import NativeEngine

            with NativeEngine("a test").open(threads=1) as unpacker:
                for n in range(1000):
                    unpacker.submit(Job(
                        wheel=Path({str(wheel)!r}), filename="x", name="demo", version="1.0",
                        destination=Path({str(tmp_path)!r}, f"entry{{n}}"),
                    ))
                unpacker.next()
                print("ready", flush=True)
                while unpacker.next():
                    pass
            print("all done")
            """
        )
    )
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=TIMEOUT)
    assert output == ""
    assert errors.endswith("KeyboardInterrupt\n")
    assert not (tmp_path / "entry999").exists()
