from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from packaging.version import Version
from tests.helpers.index import IndexServer, serve_index
from tests.helpers.wheels import make_wheel

from trail.commands.direct import read_direct
from trail.errors import DigestError, FetchError
from trail.index.client import IndexClient
from trail.model import NormalizedName
from trail.report import Reporter
from trail.resolve.source import Broken, Direct, File, Metadata
from trail.settings import IndexSettings

if TYPE_CHECKING:
    from pathlib import Path

FOO = NormalizedName("foo")
NAME = "foo-1.0-py3-none-any.whl"
EXPECTED = Metadata(name=FOO, version=Version("1.0"), requires_dist=("bar>=1",))


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return make_wheel(tmp_path / "files", "foo", "1.0", {"foo.py": ""}, requires=["bar>=1"])


def read(url: str, server: IndexServer | None = None) -> tuple[Any, Any]:
    settings = IndexSettings(
        index_url=server.url if server else None, no_index=server is None, retries=0
    )
    with IndexClient(settings, offline=False, reporter=Reporter()) as client:
        return read_direct(client, FOO, Direct(url=url))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_wheel_on_a_server(wheel: Path) -> None:
    with serve_index(wheel.parent, user="me:secret") as server:
        url = server.file_url(NAME)
        shown = url.replace("//", "//me:secret@")
        for given in (shown, f"{shown}#sha256={sha256(wheel)}"):
            answer, files = read(given, server)
            assert answer == EXPECTED
            assert files == (
                File(
                    filename=NAME,
                    url=url,
                    hashes=(("sha256", sha256(wheel)),),
                    size=wheel.stat().st_size,
                ),
            )
        with pytest.raises(DigestError):
            read(f"{shown}#sha256={'0' * 64}", server)
        with pytest.raises(FetchError, match="404"):
            read(shown.replace("1.0", "2.0"), server)


def test_a_wheel_on_this_machine(wheel: Path) -> None:
    answer, (file,) = read(wheel.as_uri())
    assert answer == EXPECTED
    assert (file.url, file.path, file.hashes) == (
        None,
        str(wheel),
        (("sha256", sha256(wheel)),),
    )
    with pytest.raises(FetchError):
        read(wheel.with_name("foo-2.0-py3-none-any.whl").as_uri())


def test_archives_that_are_no_use(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(b"no zip")
    answer, (file,) = read(path.as_uri())
    assert answer == Broken(
        reason=f"cannot be read: it is not a zip archive, or is cut short (`{NAME}`)"
    )
    assert file.filename == NAME
    other = tmp_path / "bar-1.0-py3-none-any.whl"
    assert read(other.as_uri()) == (
        Broken(reason="is missing: `bar-1.0-py3-none-any.whl` is no wheel or sdist of `foo`"),
        (),
    )


def test_a_repository_must_be_built() -> None:
    assert read("git+https://host.example/foo.git@main") == (
        Broken(
            reason="is only known when `git+https://host.example/foo.git@main` is checked out and"
            " built"
        ),
        (),
    )


def test_a_folder_that_says_everything(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        """
        [project]
        name = "Foo"
        version = "1.0"
        requires-python = ">=3.9"
        dependencies = ["bar>=1", "baz ; python_version < '3.11'"]
        [project.optional-dependencies]
        More = ["a", "b>2 ; sys_platform == 'win32' or python_version < '3.9'"]
        """
    )
    assert read(tmp_path.as_uri()) == (
        Metadata(
            name=FOO,
            version=Version("1.0"),
            requires_dist=(
                "bar>=1",
                'baz; python_version < "3.11"',
                "a ; extra == 'more'",
                'b>2; (sys_platform == "win32" or python_version < "3.9") and extra == \'more\'',
            ),
            requires_python=">=3.9",
            extras=frozenset({NormalizedName("more")}),
        ),
        (),
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "is only known when `{folder}` is built: it has no pyproject.toml"),
        ("", "is only known when `{folder}` is built (no [project])"),
        (
            '[project]\nname = "foo"\ndynamic = ["version", "readme"]',
            "is only known when `{folder}` is built (pyproject.toml leaves version to the build)",
        ),
        (
            '[project]\nname = "foo"\nversion = "x"',
            "cannot be read: `{folder}/pyproject.toml` has no valid version",
        ),
        (
            "[project]\nname = 3",
            "cannot be read: `{folder}/pyproject.toml` has a wrong value",
        ),
    ],
)
def test_folders_that_must_be_built(tmp_path: Path, text: str | None, reason: str) -> None:
    if text is not None:
        (tmp_path / "pyproject.toml").write_text(text)
    assert read(tmp_path.as_uri()) == (Broken(reason=reason.format(folder=tmp_path)), ())
