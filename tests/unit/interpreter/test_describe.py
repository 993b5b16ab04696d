from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.helpers.pythons import fake_python, real_pythons

from trail.errors import InterpreterError
from trail.interpreter.describe import describe

posix = pytest.mark.skipif(os.name == "nt", reason="needs a shell script as Python")


def runs(python: Path) -> int:
    return python.with_name(f"{python.name}.runs").read_text().count("run")


def test_the_running_python(tmp_path: Path) -> None:
    found = describe(Path(sys.executable), tmp_path)
    info = sys.version_info
    assert found.base == Path(os.path.realpath(found.executable))
    assert found.base_prefix == Path(sys.base_prefix)
    assert found.version.startswith(f"{info.major}.{info.minor}.{info.micro}")
    assert found.release == (info.major, info.minor)
    assert found.minor == f"{info.major}.{info.minor}"
    assert found.cache_tag == sys.implementation.cache_tag
    assert found.identity.startswith(f"{found.implementation}-{found.version}-")
    assert len(found.identity.rpartition("-")[2]) == 12
    assert found.stdlib == Path(os.__file__).parent
    assert describe(Path(sys.executable), tmp_path) == found


@pytest.mark.parametrize("python", real_pythons(), ids=lambda path: str(path.parts[-3]))
@pytest.mark.parametrize("option", ["--symlinks", "--copies"])
def test_a_virtual_environment_is_its_base(python: Path, option: str, tmp_path: Path) -> None:
    subprocess.run([python, "-m", "venv", "--without-pip", option, tmp_path / "venv"], check=True)
    found = describe(tmp_path / "venv" / "bin" / "python", tmp_path / "known")
    base = describe(python)
    assert found.base == base.base
    assert found.base_prefix == base.base_prefix
    assert found.identity == base.identity
    assert tmp_path not in found.executable.parents


def test_a_virtual_environment_in_another_one(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "outer"], check=True)
    outer = tmp_path / "outer" / "bin" / "python"
    subprocess.run([outer, "-m", "venv", "--without-pip", inner], check=True)
    assert describe(inner / "bin" / "python").base == describe(Path(sys.executable)).base


@posix
def test_a_virtual_environment_without_its_base(tmp_path: Path) -> None:
    python = fake_python(tmp_path / "venv" / "bin" / "python", "3.12.1", base_prefix="/gone")
    (tmp_path / "venv" / "pyvenv.cfg").write_text("home = /gone/bin\n")
    with pytest.raises(InterpreterError) as caught:
        describe(python)
    assert caught.value.message == (
        f"`{python}` belongs to a virtual environment whose Python is gone"
    )
    assert caught.value.details == (("problem", "there is no Python in `/gone/bin`"),)


@posix
def test_the_base_of_a_copy_has_the_same_version(tmp_path: Path) -> None:
    """A copied 3.15 says that `python3` beside its base is its base, whichever that is."""
    usual = fake_python(tmp_path / "bin" / "python3", "3.14.10")
    base = fake_python(tmp_path / "bin" / "python3.15", "3.15.2")
    python = fake_python(
        tmp_path / "venv" / "bin" / "python",
        "3.15.2",
        base_executable=str(usual),
        base_prefix="/gone",
    )
    (tmp_path / "venv" / "pyvenv.cfg").write_text(f"home = {base.parent}\nexecutable = {base}\n")
    assert describe(python).executable == base
    base.unlink()  # the copy runs on, with the standard library of what is there
    assert describe(python).executable == usual


@posix
def test_what_was_learned_is_kept(tmp_path: Path) -> None:
    python = fake_python(tmp_path / "python", "3.12.1")
    first = describe(python, tmp_path / "known")
    assert describe(python, tmp_path / "known") == first
    assert runs(python) == 1
    assert len(list((tmp_path / "known").iterdir())) == 1


@posix
def test_without_a_folder_nothing_is_kept(tmp_path: Path) -> None:
    python = fake_python(tmp_path / "python", "3.12.1")
    assert describe(python) == describe(python)
    assert runs(python) == 2


@posix
def test_another_binary_is_asked_again(tmp_path: Path) -> None:
    python = fake_python(tmp_path / "python", "3.12.1")
    first = describe(python, tmp_path / "known")
    fake_python(python, "3.12.22")
    second = describe(python, tmp_path / "known")
    assert (first.version, second.version) == ("3.12.1", "3.12.22")
    assert first.identity != second.identity


@posix
def test_a_new_time_is_another_binary(tmp_path: Path) -> None:
    python = fake_python(tmp_path / "python", "3.12.1")
    first = describe(python, tmp_path / "known")
    os.utime(python, ns=(1, 1))
    second = describe(python, tmp_path / "known")
    assert runs(python) == 2
    assert first.identity != second.identity


@posix
def test_a_turned_link_is_asked_again(tmp_path: Path) -> None:
    fake_python(tmp_path / "a" / "python", "3.12.1")
    fake_python(tmp_path / "b" / "python", "3.13.0")
    link = tmp_path / "python"
    link.symlink_to("a/python")
    first = describe(link, tmp_path / "known")
    link.unlink()
    link.symlink_to("b/python")
    assert first.version == "3.12.1"
    assert describe(link, tmp_path / "known").version == "3.13.0"


@posix
def test_a_changed_pyvenv_cfg_is_read_again(tmp_path: Path) -> None:
    one = fake_python(tmp_path / "one" / "bin" / "python", "3.12.1")
    two = fake_python(tmp_path / "two" / "bin" / "python", "3.13.0")
    venv = fake_python(tmp_path / "venv" / "bin" / "python", "3.12.1")
    config = tmp_path / "venv" / "pyvenv.cfg"
    config.write_text(f"home = {one.parent}\n")
    assert describe(venv, tmp_path / "known").executable == one
    config.write_text(f"home = {two.parent}\nversion = 3.13.0\n")
    assert describe(venv, tmp_path / "known").executable == two


@posix
@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"state": [', b'{"facts": 1}'])
def test_a_broken_record_is_made_anew(content: bytes, tmp_path: Path) -> None:
    python = fake_python(tmp_path / "python", "3.12.1")
    first = describe(python, tmp_path / "known")
    (record,) = (tmp_path / "known").iterdir()
    record.write_bytes(content)
    assert describe(python, tmp_path / "known") == first
    assert json.loads(record.read_bytes())["facts"]["version"] == "3.12.1"


@posix
def test_a_shim_is_asked_each_time(tmp_path: Path) -> None:
    real = fake_python(tmp_path / "real" / "python", "3.12.1")
    shim = tmp_path / "shims" / "python"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec "{real}" "$@"\n')
    shim.chmod(0o755)
    assert describe(shim, tmp_path / "known").executable == real
    assert describe(shim, tmp_path / "known").executable == real
    assert runs(real) == 2


@posix
def test_a_folder_that_cannot_be_made_is_no_fault(tmp_path: Path) -> None:
    python = fake_python(tmp_path / "python", "3.12.1")
    (tmp_path / "known").write_text("a file")
    assert describe(python, tmp_path / "known").version == "3.12.1"


@posix
def test_the_name_with_the_version_is_preferred(tmp_path: Path) -> None:
    python = fake_python(tmp_path / "bin" / "python3.12", "3.12.1")
    link = tmp_path / "bin" / "python3"
    shutil.copy2(python, link)  # not the same file: its own name is the best one
    assert describe(python).executable == python
    link.unlink()
    link.symlink_to("python3.12")
    assert describe(link).executable == python


@posix
@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("echo no version set >&2\nexit 127", "exit code 127: no version set"),
        ("echo Unknown option: -I >&2\necho usage >&2\nexit 2", "exit code 2: Unknown option: -I"),
        ("exit 1", "exit code 1"),
        ("echo hello", "it does not answer as a Python does"),
        ("true", "it does not answer as a Python does"),
        ("""echo '{"executable": ""}'""", "it does not know its own path"),
    ],
)
def test_what_does_not_run(script: str, problem: str, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    with pytest.raises(InterpreterError) as caught:
        describe(python)
    assert caught.value.message == f"`{python}` does not run as a Python"
    assert caught.value.details == (("problem", problem),)


def test_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "python").symlink_to("gone")
    with pytest.raises(InterpreterError) as caught:
        describe(tmp_path / "python")
    assert caught.value.details == (("problem", "no such file or directory"),)


@posix
def test_a_python_that_is_too_old(tmp_path: Path) -> None:
    python = fake_python(tmp_path / "python", "3.7.16")
    with pytest.raises(InterpreterError) as caught:
        describe(python)
    assert caught.value.message == f"`{python}` is too old"
    assert caught.value.details == (
        ("problem", "it is Python 3.7.16, the oldest that can be used is 3.8"),
    )


@posix
def test_flags_are_in_the_identity(tmp_path: Path) -> None:
    plain = describe(fake_python(tmp_path / "python", "3.13.0"))
    special = describe(fake_python(tmp_path / "special", "3.13.0", free_threaded=True, debug=True))
    assert plain.identity.startswith("cpython-3.13.0-")
    assert special.identity.startswith("cpython-3.13.0td-")
