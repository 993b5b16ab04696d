from __future__ import annotations

import pytest

from trail.wheel.faults import Fault
from trail.wheel.placement import Placement, place_files

UNIX = Placement(distribution="a-b", dist_info="A_b-1.dist-info", windows=False)
WINDOWS = Placement(distribution="a-b", dist_info="A_b-1.dist-info", windows=True)


@pytest.mark.parametrize(
    ("member", "unix", "windows"),
    [
        ("x/y.py", "lib/python/site-packages/x/y.py", "Lib/site-packages/x/y.py"),
        ("A_b-1.data/purelib/x", "lib/python/site-packages/x", "Lib/site-packages/x"),
        ("A_b-1.data/scripts/x", "bin/x", "Scripts/x"),
        ("A_b-1.data/headers/x.h", "include/a-b/x.h", "include/a-b/x.h"),
        ("A_b-1.data/data/etc/x", "etc/x", "etc/x"),
    ],
)
def test_places(member: str, unix: str, windows: str) -> None:
    assert UNIX.place(member)[1] == unix
    assert WINDOWS.place(member)[1] == windows


def test_paths_as_record_writes_them() -> None:
    assert UNIX.record_path("lib/python/site-packages/x") == "x"
    assert UNIX.record_path("bin/x") == "../../../bin/x"
    assert WINDOWS.record_path("Scripts/x.exe") == "../../Scripts/x.exe"


def test_windows_keeps_its_own_folder() -> None:
    with pytest.raises(Fault) as caught:
        place_files(WINDOWS, ["A_b-1.data/data/lib/SITE-packages/x.py"])
    assert caught.value.code == "scheme-forbidden"
