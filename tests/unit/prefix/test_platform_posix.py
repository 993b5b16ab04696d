from __future__ import annotations

import dataclasses
import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from tests.helpers.prefixes import this_python

from trail.model import EntryPoint
from trail.prefix.platform_posix import PosixPlatform, write_file

PLATFORM = PosixPlatform()


def test_shapes() -> None:
    python = dataclasses.replace(this_python(), minor="3.13", cache_tag="cpython-313")
    shape = PLATFORM.shape(python)
    assert shape.site_packages == "lib/python3.13/site-packages"
    assert shape.headers == "include/site/python3.13"
    threads = PLATFORM.shape(dataclasses.replace(python, free_threaded=True))
    assert threads.site_packages == "lib/python3.13t/site-packages"
    pypy = PLATFORM.shape(dataclasses.replace(python, implementation="pypy", minor="3.11"))
    assert pypy.site_packages == "lib/pypy3.11/site-packages"


def test_names_of_the_interpreter(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "lib").mkdir()
    PLATFORM.install_python(str(tmp_path), this_python())
    names = {"python", "python3", f"python{this_python().minor}"}
    assert {path.name for path in (tmp_path / "bin").iterdir()} == names
    assert {path.readlink() for path in (tmp_path / "bin").iterdir()} == {this_python().base}
    if sys.platform == "linux":
        assert (tmp_path / "lib64").readlink() == Path("lib")


@pytest.mark.parametrize(
    "code", [errno.EXDEV, errno.EMLINK, errno.EPERM, errno.EACCES, errno.ENOTSUP]
)
def test_what_cannot_be_linked_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"#!/bin/sh\n")
    source.chmod(0o555)

    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "link", refuse)
    PLATFORM.hardlink(str(source), str(tmp_path / "copy"))
    copy = tmp_path / "copy"
    assert copy.read_bytes() == b"#!/bin/sh\n"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o555
    assert copy.stat().st_nlink == 1


def test_a_real_fault_is_no_reason_to_copy(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        PLATFORM.hardlink(str(tmp_path / "none"), str(tmp_path / "copy"))


def test_files_have_their_mode_whatever_the_umask(tmp_path: Path) -> None:
    code = (
        "import os, sys; from trail.prefix.platform_posix import write_file;"
        "os.umask(0o077); write_file(sys.argv[1], b'x', 0o555)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "file")]
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run(command, check=True, env=environ)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o555
    with pytest.raises(FileExistsError):
        write_file(str(tmp_path / "file"), b"", 0o444)


@pytest.mark.parametrize(
    ("python", "first"),
    [
        ("/p/bin/python", b"#!/p/bin/python\n"),
        ("/d\udce9pot/python", b"#!/d\xe9pot/python\n"),
        ("/" + "p" * 123, b"#!/" + b"p" * 123 + b"\n"),
        ("/" + "p" * 124, b"#!/bin/sh\n'''exec' /" + b"p" * 124 + b" \"$0\" \"$@\"\n' '''\n"),
        ("/a b/it's", b"#!/bin/sh\n'''exec' '/a b/it'\"'\"'s' \"$0\" \"$@\"\n' '''\n"),
    ],
)
def test_first_lines(python: str, first: bytes) -> None:
    assert PLATFORM.shebang(python) == first


def test_scripts() -> None:
    entry_point = EntryPoint(name="run", value="pkg.mod:Class.method")
    name, data = PLATFORM.script(entry_point, "/p/python")
    assert name == "run"
    assert data.decode() == (
        "#!/p/python\nimport sys\nfrom pkg.mod import Class\n"
        'if __name__ == "__main__":\n    sys.exit(Class.method())\n'
    )
