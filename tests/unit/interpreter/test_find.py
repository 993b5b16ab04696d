from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from tests.helpers.pythons import fake_python

from trail.errors import InterpreterError
from trail.interpreter.find import Places, all_interpreters, find_interpreter

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs shell scripts as Pythons")


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """PATH with 3.12, 3.11 and (earlier) 3.10; pyenv with 3.9 and 3.13; trail runs on 3.11."""
    fake_python(tmp_path / "early" / "python3", "3.10.13")
    fake_python(tmp_path / "late" / "python3.12", "3.12.1")
    fake_python(tmp_path / "late" / "python3", "3.11.2")
    for version in ("3.9.18", "3.13.0", "3.9.2"):
        fake_python(tmp_path / "home/.pyenv/versions" / version / "bin/python3", version)
    return Places(
        search_path=os.pathsep.join(
            [
                "",
                "relative",
                str(tmp_path / "gone"),
                str(tmp_path / "early"),
                str(tmp_path / "late"),
            ]
        ),
        home=tmp_path / "home",
        folder=tmp_path,
        current=fake_python(tmp_path / "own" / "python3", "3.11.7"),
        known=tmp_path / "known",
    )


def version_of(request: str | None, places: Places, **options: str) -> str:
    needs = options.pop("requires", None)
    found = find_interpreter(
        request,
        places,
        requires_python=SpecifierSet(needs) if needs else None,
        version_file=options.pop("version_file", None),
    )
    assert not options
    return found.version


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ("3.12", "3.12.1"),
        ("python3.12", "3.12.1"),
        ("cpython3.12.1", "3.12.1"),
        ("3.10", "3.10.13"),
        ("3.11", "3.11.2"),  # PATH goes before the Python that trail runs on
        ("3.11.7", "3.11.7"),
        ("3.9", "3.9.18"),  # pyenv's newest
        ("3.9.2", "3.9.2"),
        (">=3.9", "3.11.7"),  # the Python that trail runs on, as it fits
        (">=3.12", "3.12.1"),  # PATH before pyenv
        (">3.12.1", "3.13.0"),
        ("<3.11", "3.10.13"),
        ("3", "3.11.7"),
    ],
)
def test_requests(request_: str, expected: str, places: Places) -> None:
    assert version_of(request_, places) == expected


def test_without_a_request_it_is_the_python_that_runs_trail(places: Places) -> None:
    assert version_of(None, places) == "3.11.7"
    assert version_of(None, places, requires=">=3.8") == "3.11.7"


def test_without_a_request_the_project_decides(places: Places) -> None:
    assert version_of(None, places, requires="<3.11") == "3.10.13"
    assert version_of(None, places, requires=">=3.12") == "3.12.1"
    assert version_of(None, places, requires=">3.12.5") == "3.13.0"


def test_the_version_file_decides_before_the_project(places: Places) -> None:
    assert version_of(None, places, version_file="3.10\n", requires=">=3.8") == "3.10.13"
    assert version_of(None, places, version_file="3.7\n3.9\n") == "3.9.18"
    assert version_of(None, places, version_file="system\n") == "3.11.7"
    assert version_of("3.12", places, version_file="3.10\n") == "3.12.1"


def test_a_request_must_fit_the_project(places: Places) -> None:
    assert version_of("3.9", places, requires="<3.9.10") == "3.9.2"
    with pytest.raises(InterpreterError) as caught:
        version_of("3.9", places, requires=">=3.11")
    assert caught.value.message == "found no Python for `3.9`"
    assert caught.value.details[0] == ("requires", ">=3.11")
    assert caught.value.hint == "use one of those: `trail run -p 3.13 …`"


def test_nothing_found(places: Places, tmp_path: Path) -> None:
    broken = tmp_path / "late" / "python"
    broken.symlink_to("gone")
    with pytest.raises(InterpreterError) as caught:
        version_of(None, places, version_file="3.14.2")
    assert caught.value.message == "found no Python for `3.14.2` (from `.python-version`)"
    pyenv = tmp_path / "home/.pyenv/versions"
    assert caught.value.details == (
        ("found", f"3.10.13 at {tmp_path}/early/python3"),
        ("found", f"3.12.1 at {tmp_path}/late/python3.12"),
        ("found", f"3.11.2 at {tmp_path}/late/python3"),
        ("found", f"3.13.0 at {pyenv}/3.13.0/bin/python3"),
        ("found", f"3.9.18 at {pyenv}/3.9.18/bin/python3"),
        ("found", f"3.9.2 at {pyenv}/3.9.2/bin/python3"),
        ("found", f"3.11.7 at {tmp_path}/own/python3"),
        ("skipped", f"{broken}: no such file or directory"),
        ("searched", f"PATH, {pyenv}, the Python that runs trail"),
    )


def test_nothing_there_at_all(tmp_path: Path) -> None:
    with pytest.raises(InterpreterError) as caught:
        find_interpreter(None, Places(search_path="", home=tmp_path, folder=tmp_path))
    assert caught.value.message == "found no Python for this project"
    assert caught.value.hint == "install one, and name it with `-p PATH` if it is elsewhere"


def test_a_release_goes_before_a_preview(places: Places, tmp_path: Path) -> None:
    fake_python(tmp_path / "early" / "python3.14", "3.14.0rc2")
    assert version_of("3.14", places) == "3.14.0rc2"
    assert version_of(">=3.12", places) == "3.12.1"
    assert version_of(">=3.14.0rc1", places) == "3.14.0rc2"
    fake_python(tmp_path / "home/.pyenv/versions/3.14.1/bin/python3", "3.14.1")
    assert version_of("3.14", places) == "3.14.1"


def test_a_free_threaded_python_must_be_asked_for(places: Places, tmp_path: Path) -> None:
    fake_python(tmp_path / "early" / "python3.13t", "3.13.5", free_threaded=True)
    assert version_of("3.13", places) == "3.13.0"
    assert version_of(">=3.13", places) == "3.13.0"
    assert version_of("3.13t", places) == "3.13.5"


def test_another_implementation(places: Places, tmp_path: Path) -> None:
    fake_python(tmp_path / "early" / "pypy3.10", "3.10.14", implementation="pypy")
    assert version_of("pypy3.10", places) == "3.10.14"
    assert version_of("pypy", places) == "3.10.14"
    assert version_of("cpython3.10", places) == "3.10.13"


def test_shims_of_pyenv_stand_for_its_versions(places: Places, tmp_path: Path) -> None:
    shims = tmp_path / "home/.pyenv/shims"
    shims.mkdir()
    shim = shims / "python3.11"
    shim.write_text(f"#!/bin/sh\ntouch {tmp_path}/shim-ran\nexit 127\n")
    shim.chmod(0o755)
    fake_python(tmp_path / "home/.pyenv/versions/3.11.9/bin/python3", "3.11.9")
    first = Places(
        search_path=f"{shims}{os.pathsep}{places.search_path}",
        home=places.home,
        folder=tmp_path,
    )
    assert version_of("3.11", first) == "3.11.9"
    assert not (tmp_path / "shim-ran").exists()


def test_a_candidate_that_does_not_run_is_skipped(places: Places, tmp_path: Path) -> None:
    shim = tmp_path / "early" / "python3.12"
    shim.write_text("#!/bin/sh\necho mise: no version >&2\nexit 1\n")
    shim.chmod(0o755)
    assert version_of("3.12", places) == "3.12.1"
    skipped: list[tuple[Path, str]] = []
    list(all_interpreters(places, skipped=skipped))
    assert skipped == [(shim, "exit code 1: mise: no version")]


def test_every_base_comes_once(places: Places, tmp_path: Path) -> None:
    (tmp_path / "early" / "python").symlink_to("../late/python3.12")
    found = [one.version for one in all_interpreters(places)]
    assert found == ["3.10.13", "3.12.1", "3.11.2", "3.13.0", "3.9.18", "3.9.2", "3.11.7"]


@pytest.mark.parametrize(
    "place",
    ["late/python3.12", "./late/python3.12", "late", "{tmp}/late/python3.12", "~/link"],
)
def test_paths(place: str, places: Places, tmp_path: Path) -> None:
    (tmp_path / "late" / "python3").unlink()
    (tmp_path / "late" / "python").symlink_to("python3.12")
    (tmp_path / "home" / "link").symlink_to("../late/python3.12")
    found = find_interpreter(place.format(tmp=tmp_path), places)
    assert found.base == tmp_path / "late" / "python3.12"


def test_a_version_of_pyenv_by_its_name(places: Places, tmp_path: Path) -> None:
    conda = tmp_path / "home/.pyenv/versions/miniconda3-latest/bin/python"
    fake_python(conda, "3.12.9")
    assert version_of("miniconda3-latest", places) == "3.12.9"


def test_a_command_by_its_name(places: Places, tmp_path: Path) -> None:
    fake_python(tmp_path / "late" / "my-python", "3.12.4")
    assert version_of("my-python", places) == "3.12.4"


def test_a_path_that_is_nothing(places: Places, tmp_path: Path) -> None:
    with pytest.raises(InterpreterError) as caught:
        find_interpreter("./nothing", places)
    assert caught.value.message == "there is no Python at `./nothing`"
    assert caught.value.details == (("searched", f"{tmp_path}/nothing"),)


def test_a_path_must_fit_the_project(places: Places) -> None:
    with pytest.raises(InterpreterError) as caught:
        find_interpreter("late/python3", places, requires_python=SpecifierSet(">=3.12"))
    assert caught.value.message == "this project does not support the Python at `late/python3`"
    assert caught.value.details == (("requires", ">=3.12"), ("actual", "3.11.2"))


def test_places_from_the_environment(tmp_path: Path) -> None:
    environ = {"PATH": "/a:/b", "HOME": "/home/me", "PYENV_ROOT": "/opt/pyenv"}
    found = Places.from_environ(environ, folder=tmp_path)
    assert found.search_path == "/a:/b"
    assert str(found.pyenv) == "/opt/pyenv"
    del environ["PYENV_ROOT"]
    assert str(Places.from_environ(environ, folder=tmp_path).pyenv) == "/home/me/.pyenv"


def test_the_real_machine(tmp_path: Path) -> None:
    found = Places.from_environ(
        os.environ, folder=tmp_path, current=Path(sys.executable), known=tmp_path / "known"
    )
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert find_interpreter(None, found).minor == running
    assert find_interpreter(running, found).minor == running
