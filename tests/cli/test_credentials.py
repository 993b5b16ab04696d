"""Credentials reach the server, and nothing else: no message, no lock, no file of the depot."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.helpers.index import IndexServer, serve_index
from tests.helpers.trail import Project, Result, make_project
from tests.helpers.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USER, PASSWORD = "me", "s3cret@word"
QUOTED = "s3cret%40word"
REFUSED = "the server answered 401 Unauthorized"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[IndexServer]:
    folder = tmp_path / "wheels"
    make_wheel(folder, "app", "1.0", {"app.py": "print('runs')"}, requires=["base"])
    make_wheel(folder, "base", "1.0", {"base.py": ""})
    with serve_index(folder, user=f"{USER}:{PASSWORD}") as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, index: IndexServer) -> Project:
    project = make_project(tmp_path, HOME=str(tmp_path), TRAIL_INDEX_URL=index.url)
    declare(project, "app")
    return project


def declare(project: Project, *requirements: str) -> None:
    (project.root / "pyproject.toml").write_text(
        '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.11,<3.14"\n'
        f"dependencies = {json.dumps(requirements)}\n"
    )


def given(project: Project, **environ: str) -> Project:
    return replace(project, environ={**project.environ, **environ})


def shown(result: Result) -> str:
    return result.out + result.err


def traces(*folders: Path) -> list[Path]:
    """The files that hold the password in any spelling."""
    return [
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and b"s3cret" in path.read_bytes()
    ]


def test_without_credentials_the_answer_is_said(project: Project, index: IndexServer) -> None:
    result = project.trail("lock")
    assert result.code == 1
    assert result.err == (
        f"error: could not fetch `{index.url}app/`: {REFUSED}\n"
        "hint: check the credentials for this host, in the address of the index or in netrc\n"
    )


def test_netrc(project: Project, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text(f"machine 127.0.0.1 login {USER} password {PASSWORD}\n")
    assert project.trail("run", "python", "-m", "app").out == "runs\n"
    assert traces(project.root, project.depot) == []


@pytest.mark.parametrize("service", ["the index", "the origin", "the host"])
def test_the_real_keyring(
    project: Project, index: IndexServer, tmp_path: Path, service: str
) -> None:
    project = given(
        project,
        PYTHON_KEYRING_BACKEND="keyrings.alt.file.PlaintextKeyring",
        XDG_DATA_HOME=str(tmp_path / "data"),
        TRAIL_INDEX_URL=index.url.replace("//", f"//{USER}@"),
        TRAIL_KEYRING="1",
    )
    assert REFUSED in project.trail("lock").err
    origin = index.root.rstrip("/")
    places = {"the index": index.url, "the origin": origin, "the host": origin.partition("//")[2]}
    code = "import sys, keyring; keyring.set_password(*sys.argv[1:])"
    subprocess.run(
        [sys.executable, "-c", code, places[service], USER, PASSWORD],
        env=project.surroundings(),
        check=True,
    )
    result = project.trail("lock")
    assert result.code == 0, result.err
    assert project.trail("run", "python", "-m", "app").out == "runs\n"
    assert traces(project.root, project.depot) == []


def test_the_password_of_an_address_is_nowhere_to_be_seen(
    project: Project, index: IndexServer
) -> None:
    url = index.url.replace("//", f"//{USER}:{QUOTED}@")
    project = given(project, TRAIL_INDEX_URL=url)
    results = [
        project.trail(*words)
        for words in (
            ("-vv", "lock"),
            ("-vv", "add", "base"),
            ("-vv", "add", "missing"),
            ("-vv", "install"),
            ("-vv", "run", "--index-url", url, "--", "python", "-m", "app"),
            ("-vv", "run", "--with", "base", "--", "python", "-m", "app"),
            ("outdated",),
            ("export",),
            ("export", "-f", "cyclonedx"),
            ("depot", "show", "app"),
            ("doctor",),
        )
    ]
    assert [result.code for result in results] == [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], results
    for result in results:
        assert "s3cret" not in shown(result)
    assert traces(project.root, project.depot) == []
    wrong = project.trail("-vv", "lock", TRAIL_INDEX_URL=url.replace("http:", "ftp:"))
    assert wrong.code == 1
    assert "s3cret" not in shown(wrong)


def test_the_password_of_a_requirement_is_in_no_lock(project: Project, index: IndexServer) -> None:
    url = index.file_url("base-1.0-py3-none-any.whl").replace("//", f"//{USER}:{QUOTED}@")
    own = index.url.replace("//", f"//{USER}:{QUOTED}@")
    declare(project)
    added = project.trail("-vv", "add", f"base @ {url}", TRAIL_INDEX_URL=own)
    assert added.code == 0, added.err
    assert "s3cret" not in shown(added)
    assert url in (project.root / "pyproject.toml").read_text()
    assert index.file_url("base-1.0-py3-none-any.whl") in (project.root / "pylock.toml").read_text()
    # What the project says is used, where the lock leaves it out.
    ran = project.trail("-vv", "run", "python", "-c", "import base; print(base.__name__)")
    assert ran.out == "base\n", ran.err
    assert project.trail("lock", "--check").code == 0
    declare(project, f"base @ {url}", f"base @ {url.replace('1.0', '2.0')}")
    clash = project.trail("-vv", "lock")
    assert clash.code == 1
    for result in (ran, clash):
        assert "s3cret" not in shown(result)
    assert traces(project.depot) == []
    assert traces(project.root) == [project.root / "pyproject.toml"]
