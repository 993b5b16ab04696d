from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.helpers.index import IndexServer, serve_index

from trail.errors import DigestError, FetchError
from trail.index.client import IndexClient
from trail.index.local import Download
from trail.model import NormalizedName, WheelFile
from trail.report import Reporter
from trail.settings import IndexSettings

if TYPE_CHECKING:
    from pathlib import Path

NAME = "foo-1.0-py3-none-any.whl"
DATA = bytes(range(256)) * 4096  # 1 MiB
SHA256 = hashlib.sha256(DATA).hexdigest()
SHA512 = hashlib.sha512(DATA).hexdigest()
WRONG = "0" * 64


class Progress(Reporter):
    def __init__(self) -> None:
        self.events: list[str] = []
        self.bytes = 0

    def begin(self, name: str, size: int | None) -> None:
        self.events.append(f"begin {name} {size}")

    def advance(self, name: str, count: int) -> None:
        assert name == NAME
        self.bytes += count

    def end(self, name: str) -> None:
        self.events.append(f"end {name}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / NAME).write_bytes(DATA)
    return folder


@pytest.fixture
def target(tmp_path: Path) -> Path:
    target = tmp_path / "target"
    target.mkdir()
    return target


def wheel(server: IndexServer | None = None, **more: Any) -> WheelFile:
    known: dict[str, Any] = {"hashes": (("sha256", SHA256),), "size": len(DATA)}
    if server is not None:
        known["url"] = server.file_url(NAME)
    return WheelFile(name=NormalizedName("foo"), version="1.0", filename=NAME, **{**known, **more})


def fetch(
    file: WheelFile,
    target: Path,
    *,
    reporter: Reporter | None = None,
    retries: int = 4,
    offline: bool = False,
) -> Download:
    with IndexClient(
        IndexSettings(retries=retries),
        offline=offline,
        reporter=reporter or Reporter(),
        pause=lambda _: None,
    ) as client:
        return client.download(file, target)


def test_a_file_arrives(folder: Path, target: Path) -> None:
    progress = Progress()
    with serve_index(folder) as server:
        found = fetch(wheel(server), target, reporter=progress)
        assert len(server.requests) == 1
        assert server.requests[0].headers["accept-encoding"] == "identity"
    assert found.path.read_bytes() == DATA
    assert list(target.iterdir()) == [found.path]
    assert (found.sha256, found.size, found.private) == (SHA256, len(DATA), True)
    assert progress.events == [f"begin {NAME} {len(DATA)}", f"end {NAME}"]
    assert progress.bytes == len(DATA)


def test_nothing_is_known_of_the_file(folder: Path, target: Path) -> None:
    progress = Progress()
    with serve_index(folder) as server:
        found = fetch(wheel(server, hashes=(), size=None), target, reporter=progress)
    assert (found.sha256, found.size) == (SHA256, len(DATA))
    assert progress.events[0] == f"begin {NAME} {len(DATA)}"


def test_one_of_several_hashes_will_do(folder: Path, target: Path) -> None:
    hashes = (("md5", "1"), ("sha256", WRONG), ("sha256", SHA256), ("sha512", SHA512))
    with serve_index(folder) as server:
        assert fetch(wheel(server, hashes=hashes), target).sha256 == SHA256


def test_a_broken_connection_is_taken_up_again(folder: Path, target: Path) -> None:
    progress = Progress()
    with serve_index(folder, drop_after=100_000, drops=3) as server:
        found = fetch(wheel(server), target, reporter=progress)
        assert [request.status for request in server.requests] == [200, 206, 206, 206]
        ranges = [request.headers.get("range") for request in server.requests]
        assert ranges == [None, "bytes=100000-", "bytes=200000-", "bytes=300000-"]
        assert server.requests[1].headers["if-range"].startswith('"')
    assert found.path.read_bytes() == DATA
    assert progress.bytes == len(DATA)


def test_a_server_without_ranges_begins_anew(folder: Path, target: Path) -> None:
    progress = Progress()
    with serve_index(folder, drop_after=100_000, ranges=False) as server:
        found = fetch(wheel(server), target, reporter=progress)
        assert [request.status for request in server.requests] == [200, 200]
    assert found.path.read_bytes() == DATA
    assert progress.bytes == len(DATA)
    assert progress.events == [f"begin {NAME} {len(DATA)}", f"end {NAME}"]


def test_without_an_etag_nothing_is_taken_up(folder: Path, target: Path) -> None:
    with serve_index(folder, drop_after=100_000, etags=False) as server:
        found = fetch(wheel(server), target)
        assert "range" not in server.requests[1].headers
    assert found.path.read_bytes() == DATA


def test_a_file_that_changes_under_way_begins_anew(folder: Path, target: Path) -> None:
    class Change(Reporter):
        def advance(self, name: str, count: int) -> None:
            del name, count
            (folder / NAME).write_bytes(DATA)

    (folder / NAME).write_bytes(b"x" * len(DATA))
    with serve_index(folder, drop_after=100_000) as server:
        found = fetch(wheel(server), target, reporter=Change())
        assert [request.status for request in server.requests] == [200, 200]
    assert found.path.read_bytes() == DATA


def test_parts_that_do_not_fit_are_fetched_whole(folder: Path, target: Path) -> None:
    class Change(Reporter):
        def advance(self, name: str, count: int) -> None:
            del name, count
            (folder / NAME).write_bytes(DATA)

    # Other bytes under the same ETag: what mirrors behind one name may do.
    (folder / NAME).write_bytes(b"x" * len(DATA))
    with serve_index(folder, drop_after=100_000, fixed_etag='"same"') as server:
        found = fetch(wheel(server), target, reporter=Change())
        assert [request.status for request in server.requests] == [200, 206, 200]
    assert found.path.read_bytes() == DATA


def test_progress_gives_the_retries_back(folder: Path, target: Path) -> None:
    (folder / NAME).write_bytes(DATA * 4)
    size = len(DATA) * 4
    digest = hashlib.sha256(DATA * 4).hexdigest()
    with serve_index(folder, drop_after=len(DATA), drops=3) as server:
        file = wheel(server, size=size, hashes=(("sha256", digest),))
        assert fetch(file, target, retries=1).size == size
        assert len(server.requests) == 4


def test_a_connection_that_always_breaks(folder: Path, target: Path) -> None:
    progress = Progress()
    with serve_index(folder, drop_after=10, drops=99) as server:
        with pytest.raises(FetchError) as caught:
            fetch(wheel(server), target, retries=2, reporter=progress)
        assert len(server.requests) == 3
        assert str(caught.value).startswith(f"could not fetch `{server.file_url(NAME)}`: ")
    assert caught.value.details == (("attempts", "3"),)
    assert list(target.iterdir()) == []
    assert progress.events[-1] == f"end {NAME}"


def test_a_busy_server_is_asked_again(folder: Path, target: Path) -> None:
    with serve_index(folder, fail=2) as server:
        assert fetch(wheel(server), target).sha256 == SHA256


def test_a_missing_file(folder: Path, target: Path) -> None:
    with serve_index(folder) as server:
        (folder / NAME).unlink()
        with pytest.raises(FetchError) as caught:
            fetch(wheel(server), target)
        assert len(server.requests) == 1
        assert str(caught.value) == (
            f"could not fetch `{server.file_url(NAME)}`: the server answered 404 Not Found"
        )
    assert list(target.iterdir()) == []


def test_a_file_that_is_not_for_us(folder: Path, target: Path) -> None:
    with serve_index(folder, user="me:secret") as server:
        url = server.file_url(NAME).replace("//", "//me:wrong@")
        with pytest.raises(FetchError) as caught:
            fetch(wheel(server, url=url), target)
        shown = server.file_url(NAME).replace("//", "//***@")
        assert str(caught.value) == (
            f"could not fetch `{shown}`: the server answered 401 Unauthorized"
        )
    assert caught.value.hint == (
        "check the credentials for this host, in the address of the index or in netrc"
    )


def test_wrong_bytes_are_refused(folder: Path, target: Path) -> None:
    actual = hashlib.sha256(DATA[:-1] + bytes([DATA[-1] ^ 1])).hexdigest()
    with serve_index(folder, wrong_bytes=True) as server:
        with pytest.raises(DigestError) as caught:
            fetch(wheel(server), target)
        assert len(server.requests) == 1
        assert caught.value.details == (
            ("url", server.file_url(NAME)),
            ("expected", f"sha256={SHA256}"),
            ("actual", f"sha256={actual}"),
        )
    assert str(caught.value) == (
        f"refused `{NAME}`: it is not the file that was asked for; nothing of it was installed"
    )
    assert list(target.iterdir()) == []


def test_every_strong_algorithm_counts(folder: Path, target: Path) -> None:
    hashes = (("sha256", SHA256), ("sha512", WRONG * 2))
    with serve_index(folder) as server, pytest.raises(DigestError) as caught:
        fetch(wheel(server, hashes=hashes), target)
    assert caught.value.details[1:] == (
        ("expected", f"sha512={WRONG * 2}"),
        ("actual", f"sha512={SHA512}"),
    )


def test_a_weak_hash_is_no_hash(folder: Path, target: Path) -> None:
    with serve_index(folder) as server:
        with pytest.raises(DigestError) as caught:
            fetch(wheel(server, hashes=(("md5", "1"), ("sha1", "2"))), target)
        assert server.requests == []
    assert str(caught.value) == (
        f"refused `{NAME}`: it has no hash but md5, sha1, which can be forged;"
        " nothing of it was installed"
    )
    assert caught.value.details[1] == ("needed", "sha256, sha384 or sha512")


@pytest.mark.parametrize("size", [len(DATA) - 1, len(DATA) + 1])
def test_a_wrong_size_is_refused_at_once(folder: Path, target: Path, size: int) -> None:
    progress = Progress()
    with serve_index(folder) as server, pytest.raises(DigestError) as caught:
        fetch(wheel(server, size=size), target, reporter=progress)
    assert caught.value.details[1:] == (
        ("expected", f"{size} bytes"),
        ("actual", f"{len(DATA)} bytes"),
    )
    assert progress.bytes == 0
    assert list(target.iterdir()) == []


def test_offline(folder: Path, target: Path) -> None:
    with serve_index(folder) as server:
        with pytest.raises(FetchError) as caught:
            fetch(wheel(server), target, offline=True)
        assert server.requests == []
        assert str(caught.value) == (f"`{server.file_url(NAME)}` is needed, but trail is offline")
    assert caught.value.hint == "run the command once without `--offline`"


def test_a_folder_that_is_not_there(folder: Path, target: Path) -> None:
    with serve_index(folder) as server, pytest.raises(FetchError) as caught:
        fetch(wheel(server), target / "missing")
    assert str(caught.value) == f"could not write `{NAME}` to `{target / 'missing'}`"
    assert caught.value.details == (("reason", "No such file or directory"),)


@pytest.mark.parametrize("as_url", [False, True])
def test_a_file_of_this_machine_stays_where_it_is(
    folder: Path, target: Path, *, as_url: bool
) -> None:
    path = folder / NAME
    file = wheel(url=path.as_uri()) if as_url else wheel(path=path)
    found = fetch(file, target, offline=True)
    assert found == Download(path=path, sha256=found.sha256, size=len(DATA), private=False)
    assert found.sha256 == SHA256
    assert list(target.iterdir()) == []


def test_a_wrong_file_of_this_machine(folder: Path, target: Path) -> None:
    file = wheel(path=folder / NAME)
    with pytest.raises(DigestError) as caught:
        fetch(replace(file, hashes=(("sha256", WRONG),)), target)
    assert caught.value.details == (
        ("file", str(folder / NAME)),
        ("expected", f"sha256={WRONG}"),
        ("actual", f"sha256={SHA256}"),
    )
    with pytest.raises(DigestError) as caught:
        fetch(replace(file, size=5), target)
    assert caught.value.details[1:] == (("expected", "5 bytes"), ("actual", "more than 5 bytes"))
    (folder / NAME).unlink()
    with pytest.raises(FetchError) as missing:
        fetch(file, target)
    assert str(missing.value) == f"cannot read `{folder / NAME}`"
