from __future__ import annotations

import io
import tarfile
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from tests.helpers.index import IndexServer, serve_index
from tests.helpers.wheels import make_wheel

from trail.errors import DigestError, FetchError, MetadataError
from trail.index.client import IndexClient
from trail.index.core_metadata import CoreMetadata, NeedsBuild
from trail.model import NormalizedName
from trail.report import Reporter
from trail.settings import IndexSettings

if TYPE_CHECKING:
    from pathlib import Path

    from trail.index.page import IndexFile

FOO = NormalizedName("foo")
NAME = "foo-1.0-py3-none-any.whl"
EXPECTED = CoreMetadata(name=FOO, version="1.0", requires_dist=("bar>=1",))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A wheel whose directory is longer than what is read first."""
    folder = tmp_path / "files"
    noise = {f"foo/file{number}.py": f"x = {number}" for number in range(500)}
    make_wheel(folder, "foo", "1.0", noise, requires=["bar>=1"])
    return folder


def client(server: IndexServer, cache: Path | None = None, **settings: Any) -> IndexClient:
    return IndexClient(
        IndexSettings(**{"index_url": server.url, "retries": 0, **settings}),
        offline=False,
        reporter=Reporter(),
        cache=cache,
        pause=lambda _: None,
    )


def only_file(index: IndexClient, name: NormalizedName = FOO) -> IndexFile:
    page = index.page(name)
    assert page is not None
    (file,) = page.files
    return file


def asked(server: IndexServer) -> list[tuple[str, int]]:
    """What was asked for since the page."""
    return [(request.path.split("/")[-1], request.status) for request in server.requests[1:]]


def make_sdist(folder: Path, metadata: str | None) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "foo-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, text in (("foo-1.0/setup.py", ""), ("foo-1.0/PKG-INFO", metadata)):
            if text is not None:
                member = tarfile.TarInfo(name)
                member.size = len(text)
                archive.addfile(member, io.BytesIO(text.encode()))
    return path


# --- metadata files


@pytest.mark.parametrize("html", [False, True])
def test_a_metadata_file_takes_one_request(folder: Path, *, html: bool) -> None:
    with serve_index(folder, html=html) as server, client(server) as index:
        assert index.metadata(only_file(index)) == EXPECTED
        assert asked(server) == [(f"{NAME}.metadata", 200)]


def test_a_metadata_file_that_nobody_vouched_for(folder: Path) -> None:
    text = b"Metadata-Version: 2.1\nName: foo\nVersion: 1.0\nRequires-Dist: evil\n"
    with serve_index(folder, wrong_metadata=text) as server, client(server) as index:
        file = only_file(index)
        with pytest.raises(DigestError) as caught:
            index.metadata(file)
        assert str(caught.value) == (
            f"refused the metadata of `{NAME}`: it is not what the index vouches for"
        )
        assert caught.value.details[0] == ("url", f"{file.url}.metadata")
        assert caught.value.details[1] == (
            "expected",
            f"sha256={dict(file.core_metadata or ())['sha256']}",
        )


def test_a_metadata_file_that_is_not_there_leads_to_parts(folder: Path) -> None:
    with serve_index(folder, metadata_files=False) as server, client(server) as index:
        assert index.metadata(only_file(index)) == EXPECTED
        assert asked(server) == [(f"{NAME}.metadata", 404), (NAME, 206), (NAME, 206)]


@pytest.mark.parametrize("status", [401, 403, 500])
def test_a_metadata_file_that_is_refused_is_an_error(folder: Path, status: int) -> None:
    with (
        serve_index(folder, fail=9, fail_status=status, fail_on="metadata") as server,
        client(server) as index,
        pytest.raises(FetchError, match=f"the server answered {status}"),
    ):
        index.metadata(only_file(index))


# --- parts


@pytest.mark.parametrize("etags", [True, False])
@pytest.mark.parametrize("html", [True, False])
def test_parts_of_a_wheel(folder: Path, *, html: bool, etags: bool) -> None:
    with (
        serve_index(folder, metadata=False, html=html, etags=etags) as server,
        client(server) as index,
    ):
        assert index.metadata(only_file(index)) == EXPECTED
        assert asked(server) == [(NAME, 206), (NAME, 206)]
        ranges = [request.headers["range"] for request in server.requests[1:]]
        size = (folder / NAME).stat().st_size
        assert ranges[0] == ("bytes=-16384" if html else f"bytes={size - 16384}-{size - 1}")
        encodings = [request.headers["accept-encoding"] for request in server.requests[1:]]
        assert encodings == ["identity", "identity"]


def test_one_request_is_enough_for_a_small_wheel(tmp_path: Path) -> None:
    make_wheel(tmp_path, "foo", "1.0", {"foo.py": ""}, requires=["bar>=1"])
    for html in (False, True):
        with (
            serve_index(tmp_path, metadata=False, html=html) as server,
            client(server) as index,
        ):
            assert index.metadata(only_file(index)) == EXPECTED
            assert asked(server) == [(NAME, 206)]


def test_metadata_far_from_the_directory(tmp_path: Path) -> None:
    """As the directory is at the end and METADATA at the front, three requests are made."""
    given = make_wheel(tmp_path / "given", "foo", "1.0", {}, requires=["bar>=1"])
    with (
        zipfile.ZipFile(given) as source,
        zipfile.ZipFile(tmp_path / NAME, "w") as target,
    ):
        for name in source.namelist():
            target.writestr(name, source.read(name))
        for number in range(500):
            target.writestr(f"foo/{number}.py", b"x" * 300)
    with serve_index(tmp_path, metadata=False) as server, client(server) as index:
        assert index.metadata(only_file(index)) == EXPECTED
        assert asked(server) == [(NAME, 206)] * 3


def test_a_server_without_parts_is_asked_for_them_once(folder: Path) -> None:
    make_wheel(folder, "bar", "1.0", {"bar.py": ""})
    with serve_index(folder, metadata=False, ranges=False) as server, client(server) as index:
        file = only_file(index)
        assert index.is_cheap(file)
        assert index.metadata(file, whole=False) is None
        assert not index.is_cheap(file)
        assert index.metadata(file) == EXPECTED
        other = only_file(index, NormalizedName("bar"))
        assert index.metadata(other) is not None
        ranges = ["range" in request.headers for request in server.requests]
        assert ranges == [False, True, False, False, False]


def test_a_wheel_of_another_size_than_the_index_says(folder: Path) -> None:
    with serve_index(folder, metadata=False) as server, client(server) as index:
        file = only_file(index)
        path = folder / NAME
        size = path.stat().st_size
        path.write_bytes(path.read_bytes() + b"x")
        with pytest.raises(DigestError) as caught:
            index.metadata(file)
        assert str(caught.value) == f"refused `{NAME}`: it is not the file that the index lists"
        assert caught.value.details == (
            ("url", file.url),
            ("expected", f"{size} bytes"),
            ("actual", f"{size + 1} bytes"),
        )


def test_a_wheel_that_changes_meanwhile(folder: Path) -> None:
    with serve_index(folder, metadata=False, html=True) as server, client(server) as index:
        file = only_file(index)
        server.switches.changing = True
        with pytest.raises(FetchError) as caught:
            index.metadata(file)
        assert str(caught.value) == f"`{file.url}` changed while it was read"


def test_a_bad_frame_names_the_file(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"no zip archive")
    with serve_index(tmp_path) as server, client(server) as index:
        with pytest.raises(MetadataError) as caught:
            index.metadata(only_file(index))
        assert str(caught.value) == (
            f"cannot read the metadata of `{NAME}`: it is not a zip archive, or is cut short"
        )
        assert caught.value.details == (("rule", "zip-no-directory"),)


def test_a_wheel_that_is_gone(folder: Path) -> None:
    with serve_index(folder, metadata=False) as server, client(server) as index:
        file = only_file(index)
        (folder / NAME).unlink()
        with pytest.raises(FetchError, match="the server answered 404"):
            index.metadata(file)


# --- what is kept, and where it is from


def test_metadata_is_kept(folder: Path, tmp_path: Path) -> None:
    with serve_index(folder, max_age=600) as server:
        for _ in range(2):
            with client(server, tmp_path / "index") as index:
                file = only_file(index)
                assert index.metadata(file) == EXPECTED
                assert index.known_metadata(file) == EXPECTED
        assert asked(server) == [(f"{NAME}.metadata", 200)]


def test_files_of_this_machine(folder: Path) -> None:
    with (
        serve_index(folder) as server,
        client(server, no_index=True, find_links=(str(folder),)) as index,
    ):
        assert index.metadata(only_file(index)) == EXPECTED
        file = only_file(index)
        (folder / NAME).unlink()
        with pytest.raises(FetchError) as caught:
            index.metadata(file)
        assert str(caught.value) == f"cannot read `{NAME}`: No such file or directory"
        assert server.requests == []


@pytest.mark.parametrize("local", [False, True])
def test_a_source_distribution_with_static_metadata(tmp_path: Path, *, local: bool) -> None:
    text = "Metadata-Version: 2.2\nName: foo\nVersion: 1.0\nRequires-Dist: bar>=1\n"
    make_sdist(tmp_path, text)
    links: dict[str, Any] = {"no_index": True, "find_links": (str(tmp_path),)} if local else {}
    with serve_index(tmp_path) as server, client(server, **links) as index:
        file = only_file(index)
        assert index.is_cheap(file) is False
        assert index.metadata(file) == CoreMetadata(
            name=FOO, version="1.0", requires_dist=("bar>=1",), metadata_version="2.2"
        )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "it has no PKG-INFO"),
        ("Name: foo\n", "its PKG-INFO cannot be used"),
        (
            "Metadata-Version: 1.2\nName: foo\nVersion: 1.0\n",
            "its PKG-INFO leaves requirements to the build",
        ),
        (
            "Metadata-Version: 2.2\nName: foo\nVersion: 1.0\nDynamic: Requires-Dist\n",
            "its PKG-INFO leaves requirements to the build",
        ),
    ],
)
def test_a_source_distribution_that_must_be_built(
    tmp_path: Path, text: str | None, reason: str
) -> None:
    make_sdist(tmp_path / "files", text)
    with serve_index(tmp_path / "files", max_age=600) as server:
        for _ in range(2):
            with client(server, tmp_path / "index") as index:
                file = only_file(index)
                assert index.metadata(file) == NeedsBuild(reason=reason)
        assert asked(server) == [("foo-1.0.tar.gz", 200)]


def test_a_source_distribution_is_checked(tmp_path: Path) -> None:
    make_sdist(tmp_path, "Metadata-Version: 2.2\nName: foo\nVersion: 1.0\n")
    with serve_index(tmp_path, wrong_bytes=True) as server, client(server) as index:
        file = only_file(index)
        with pytest.raises(DigestError):
            index.metadata(file)


def test_credentials_reach_the_files_and_are_not_shown(folder: Path) -> None:
    with serve_index(folder, user="me:secret") as server:
        url = server.url.replace("//", "//me:secret@")
        with client(server, index_url=url) as index:
            file = only_file(index)
            assert index.metadata(file) == EXPECTED
            assert "secret" not in repr(file)
            server.switches.user = "other:secret"
            with pytest.raises(FetchError) as caught:
                index.metadata(file)
            assert "secret" not in f"{caught.value} {caught.value.details}"
