from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.helpers.depots import child_environ

from trail.depot.locks import hold, sweep

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Holds the lock of the name in argv[1] until its standard input ends.
HOLDER = """
import sys
from pathlib import Path
from trail.depot.locks import hold
with hold(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
# Counts in a file as often as argv[3] says, each time under the lock.
COUNTER = """
import sys
from pathlib import Path
from trail.depot.locks import hold
lock, file, times = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
for _ in range(times):
    with hold(lock):
        file.write_text(str(int(file.read_text()) + 1))
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "locks" / "a.lock"


@pytest.fixture
def holder(lock: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", HOLDER, str(lock)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=child_environ()
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def test_a_lock_leaves_no_file(lock: Path) -> None:
    with hold(lock) as free:
        assert free
        assert lock.exists()
    assert list(lock.parent.iterdir()) == []


def test_a_lock_that_is_held_is_not_free(lock: Path) -> None:
    with hold(lock), hold(lock, wait=False) as free:
        assert not free
    with hold(lock, wait=False) as free:
        assert free


@pytest.mark.usefixtures("holder")
def test_another_process_keeps_us_out(lock: Path) -> None:
    with hold(lock, wait=False) as free:
        assert not free
    assert not sweep(lock)
    assert lock.exists()


def test_the_lock_of_a_killed_process_is_free(lock: Path, holder: subprocess.Popen[bytes]) -> None:
    holder.kill()
    holder.wait()
    assert lock.exists()
    assert sweep(lock)
    assert not lock.exists()


def test_waiting_ends_when_the_holder_ends(lock: Path, holder: subprocess.Popen[bytes]) -> None:
    command = [sys.executable, "-c", HOLDER, str(lock)]
    waiter = subprocess.Popen(command, stdin=subprocess.PIPE, env=child_environ())
    with waiter:
        assert waiter.poll() is None
        assert holder.stdin is not None
        holder.stdin.close()
        waiter.communicate()
    assert waiter.returncode == 0


def test_a_lock_file_that_lost_its_name_guards_nothing(lock: Path) -> None:
    """Who waited for an unlinked file wins it when the holder lets go; it means nothing."""
    with hold(lock):
        lock.unlink()
        with hold(lock, wait=False) as free:
            assert free


def test_locks_that_are_removed_at_each_release_exclude_each_other(
    tmp_path: Path, lock: Path
) -> None:
    file = tmp_path / "count"
    file.write_text("0")
    command = [sys.executable, "-c", COUNTER, str(lock), str(file), "300"]
    processes = [subprocess.Popen(command, env=child_environ()) for _ in range(4)]
    assert [process.wait() for process in processes] == [0, 0, 0, 0]
    assert file.read_text() == "1200"
    assert list(lock.parent.iterdir()) == []
