"""`trail export -f requirements` of what is on this machine: folders, archives, repositories."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.helpers.index import IndexServer, serve_index
from tests.helpers.members import make_member
from tests.helpers.sources import make_repository, make_sdist, make_source
from tests.helpers.trail import Project, make_project
from tests.helpers.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def index(tmp_path: Path) -> Iterator[IndexServer]:
    make_wheel(tmp_path / "files", "base", "1.0", {"base.py": ""})
    with serve_index(tmp_path / "files") as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, index: IndexServer) -> Project:
    return make_project(tmp_path, TRAIL_INDEX_URL=index.url)


def declare(project: Project, **sources: str) -> None:
    lines = "".join(f"{name} = {{ {text} }}\n" for name, text in sources.items())
    (project.root / "pyproject.toml").write_text(
        '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.11"\n'
        f"dependencies = {['base', *sources]}\n[tool.trail.sources]\n{lines}"
    )


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_what_is_on_this_machine_is_exported_by_its_place(
    project: Project, index: IndexServer, tmp_path: Path
) -> None:
    make_source(project.root / "libs" / "plain", "plain")
    make_source(tmp_path / "outside", "outside")
    make_member(tmp_path / "edited", "edited", {"edited.py": ""})
    wheel = make_wheel(project.root / "wheels", "whole", "1.0", {"whole.py": ""})
    sdist = make_sdist(project.root, make_source(tmp_path / "packed-1.0", "packed"))
    repository = make_source(tmp_path / "cloned", "cloned")
    commit = make_repository(repository)
    declare(
        project,
        plain="path = 'libs/plain'",
        outside="path = '../outside'",
        edited="path = '../edited', editable = true",
        whole=f"path = 'wheels/{wheel.name}'",
        packed=f"path = '{sdist.name}'",
        cloned=f"git = '{repository.as_uri()}'",
    )
    base = sha256(index.folder / "base-1.0-py3-none-any.whl")
    result = project.trail("export")
    assert result.out == (
        f"base==1.0 \\\n    --hash=sha256:{base}\n"
        f"cloned @ git+{repository.as_uri()}@{commit}\n"
        "-e ../edited\n"
        "../outside\n"
        f"./{sdist.name} \\\n    --hash=sha256:{sha256(sdist)}\n"
        "./libs/plain\n"
        f"./wheels/{wheel.name} \\\n    --hash=sha256:{sha256(wheel)}\n"
    ), result.err
    assert result.err.endswith(
        "warning: pip installs folders and repositories only where nothing has a hash"
        " (`--no-hashes`); uv installs them\n"
    )
    bare = project.trail("export", "--no-hashes")
    assert bare.err == ""
    assert bare.out == (
        f"base==1.0\ncloned @ git+{repository.as_uri()}@{commit}\n-e ../edited\n../outside\n"
        f"./{sdist.name}\n./libs/plain\n./wheels/{wheel.name}\n"
    )


def test_an_export_with_folders_can_be_installed(
    project: Project, index: IndexServer, tmp_path: Path
) -> None:
    make_source(project.root / "libs" / "plain", "plain")
    make_member(tmp_path / "edited", "edited", {"edited.py": ""})
    wheel = make_wheel(project.root / "wheels", "whole", "1.0", {"whole.py": ""})
    declare(
        project,
        plain="path = 'libs/plain'",
        edited="path = '../edited', editable = true",
        whole=f"path = 'wheels/{wheel.name}'",
    )
    requirements = project.root / "requirements.txt"
    requirements.write_text(project.trail("export", "--no-hashes").out)
    pip = (sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check", "install")
    site = tmp_path / "site"
    done = subprocess.run(
        [*pip, "--index-url", index.url, "--no-cache-dir", "--target", site, "-r", requirements],
        cwd=project.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    names = {path.name for path in site.iterdir()}
    assert {"base.py", "plain.py", "whole.py", "_edited.pth"} <= names
    (project.root / "pylock.toml").unlink()
    (project.root / "pyproject.toml").unlink()
    mine = project.trail("run", "python", "-c", "import base, edited, plain, whole")
    assert mine.code == 0, mine.err
