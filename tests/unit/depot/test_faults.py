from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from trail.depot.faults import depot_error, explained
from trail.errors import DepotError

PATH = Path("/depot/x")
MINE = "put a folder that you can write first: TRAIL_DEPOT=~/.trail"
FREE = "free some space, for instance with `trail depot gc`"


@pytest.mark.parametrize(
    ("code", "reason", "hint"),
    [
        (errno.EACCES, "permission denied", MINE),
        (errno.EROFS, "the file system is read-only", MINE),
        (errno.ENOSPC, "the disk is full", FREE),
        (errno.EDQUOT, "the disk quota is used up", FREE),
        (errno.ENAMETOOLONG, "the path is too long", "set TRAIL_DEPOT to a shorter path"),
        (errno.EIO, "the disk reports an error", "check the disk; the system's log says more"),
        (
            errno.ENOLCK,
            "the file system has no locks",
            "set TRAIL_DEPOT to a folder on a local disk",
        ),
        (errno.EBUSY, "device or resource busy", None),
    ],
)
def test_what_the_system_says_becomes_an_advice(code: int, reason: str, hint: str | None) -> None:
    error = depot_error(OSError(code, os.strerror(code), str(PATH)), "write", PATH)
    assert error.message == f"cannot write `/depot/x`: {reason}"
    assert error.details == ()
    assert error.hint == hint


def test_the_file_concerned_is_a_detail() -> None:
    error = depot_error(OSError(errno.ENOSPC, "x", "/depot/x/y"), "write", PATH)
    assert error.details == (("file", "/depot/x/y"),)


def test_an_error_without_a_number_keeps_its_text() -> None:
    assert depot_error(OSError("Odd."), "write", PATH).message == "cannot write `/depot/x`: odd"


def test_only_errors_of_the_system_are_explained() -> None:
    with pytest.raises(DepotError) as caught, explained("write", PATH):
        raise OSError(errno.EROFS, "x")
    assert isinstance(caught.value.__cause__, OSError)
    with pytest.raises(ValueError, match=r"^mine$"), explained("write", PATH):
        raise ValueError("mine")
