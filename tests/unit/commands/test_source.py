from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from packaging.version import Version
from tests.helpers.index import IndexServer, serve_index
from tests.helpers.wheels import make_wheel

from trail.commands.source import IndexSource, metadata_file
from trail.errors import DigestError, FetchError
from trail.index.client import IndexClient
from trail.index.page import IndexFile
from trail.model import NormalizedName
from trail.report import Reporter
from trail.resolve.source import Broken, Metadata, Source
from trail.settings import IndexSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOO, BAR, NOTHING = map(NormalizedName, ("foo", "bar", "nothing"))
NAME = "foo-1.0-py3-none-any.whl"
ONE, TWO = Version("1.0"), Version("2.0")


class Warnings(Reporter):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def warn(self, message: str) -> None:
        self.lines.append(message)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    make_wheel(folder, "foo", "1.0", {"foo.py": ""}, requires=["bar>=1"])
    make_wheel(folder, "foo", "2.0", {"foo.py": ""})
    return folder


@pytest.fixture
def evil(tmp_path: Path) -> Path:
    folder = tmp_path / "evil"
    make_wheel(folder, "foo", "99.0", {"foo.py": "evil = 1"}, requires=["evil"])
    make_wheel(folder, "foo", "1.0", {"foo.py": "evil = 1"}, requires=["evil"])
    make_wheel(folder, "bar", "1.0", {"bar.py": ""})
    return folder


def open_client(
    *servers: IndexServer, cache: Path | None = None, offline: bool = False, **settings: Any
) -> IndexClient:
    urls = [server.url for server in servers]
    known = {"index_url": urls[-1], "extra_index_urls": tuple(urls[:-1]), "retries": 0}
    return IndexClient(
        IndexSettings(**{**known, **settings}),
        offline=offline,
        reporter=Reporter(),
        cache=cache,
        pause=lambda _: None,
    )


@pytest.fixture
def opened() -> Iterator[list[IndexSource]]:
    """Sources that are closed at the end."""
    sources: list[IndexSource] = []
    yield sources
    for source in sources:
        source.close()


def test_it_is_a_source(folder: Path) -> None:
    with (
        serve_index(folder, yanked={NAME: "bad"}, requires_python={NAME: ">=3.9"}) as server,
        open_client(server) as client,
        IndexSource(client, reporter=Reporter()) as opened,
    ):
        source: Source = opened
        project = source.project(FOO)
        assert project is not None
        assert (project.name, project.index) == (FOO, server.url)
        assert [*project.releases] == [TWO, ONE]
        assert len(project.releases) == 2
        assert Version("3.0") not in project.releases
        (file,) = project.releases[Version("1")]
        assert (file.filename, file.url, file.path) == (NAME, server.file_url(NAME), None)
        assert (file.yanked, file.requires_python) == ("bad", ">=3.9")
        assert file.size == (folder / NAME).stat().st_size
        assert [algorithm for algorithm, _ in file.hashes] == ["sha256"]
        assert file.upload_time is not None
        assert source.metadata(FOO, ONE) == Metadata(
            name=FOO, version=ONE, requires_dist=("bar>=1",)
        )
        assert source.project(NOTHING) is None
        # Each thing was asked for once.
        source.project(FOO)
        source.project(NOTHING)
        source.metadata(FOO, ONE)
        assert server.paths() == ["/simple/foo/", f"/files/{NAME}.metadata", "/simple/nothing/"]


def test_what_is_fetched_ahead_leads_on(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    leaves = ["private", "foreign; sys_platform == 'win32'", "more; extra == 'all'", "not a one"]
    make_wheel(folder, "foo", "1.0", {"foo.py": ""}, requires=["bar<2"])
    make_wheel(folder, "bar", "1.0", {"bar.py": ""}, requires=["leaf; sys_platform == 'linux'"])
    make_wheel(folder, "bar", "2.0", {"bar.py": ""}, requires=["newer"])
    make_wheel(folder, "leaf", "1.0", {"leaf.py": ""}, requires=[*leaves, "foo"])
    with (
        serve_index(folder) as server,
        open_client(server) as client,
        IndexSource(client, reporter=Reporter()) as source,
    ):
        source.follow([{"sys_platform": "linux"}], [NormalizedName("private")])
        source.prefetch([FOO])
        source.wait()
        names = ("foo", "bar", "leaf")
        wheels = [f"/files/{name}-1.0-py3-none-any.whl.metadata" for name in names]
        assert sorted(server.paths()) == sorted([*wheels, *(f"/simple/{one}/" for one in names)])
        before = server.paths()
        assert isinstance(source.metadata(NormalizedName("leaf"), ONE), Metadata)
        assert server.paths() == before


def test_files_of_this_machine_have_a_path(folder: Path) -> None:
    with (
        serve_index(folder) as server,
        open_client(server, no_index=True, find_links=(str(folder),)) as client,
        IndexSource(client, reporter=Reporter()) as source,
    ):
        project = source.project(FOO)
        assert project is not None
        (file,) = project.releases[ONE]
        assert (file.url, file.path, project.index) == (None, str(folder / NAME), None)
        assert source.metadata(FOO, ONE) == Metadata(
            name=FOO, version=ONE, requires_dist=("bar>=1",)
        )
        assert server.requests == []


def test_hints_are_followed_ahead_of_time_and_once(folder: Path) -> None:
    make_wheel(folder, "bar", "1.0", {"bar.py": ""})
    with (
        serve_index(folder, latency=0.05) as server,
        open_client(server) as client,
        IndexSource(client, reporter=Reporter()) as source,
    ):
        source.prefetch([FOO, BAR, NOTHING, FOO])
        source.prefetch([BAR])
        assert source.project(FOO) is not None
        assert source.project(BAR) is not None
        assert source.project(NOTHING) is None
        source.prefetch_metadata(FOO, [TWO, ONE, Version("7")])
        source.prefetch_metadata(FOO, [TWO])
        assert isinstance(source.metadata(FOO, ONE), Metadata)
        assert isinstance(source.metadata(FOO, TWO), Metadata)
        source.wait()
        assert sorted(server.paths()) == [
            "/files/bar-1.0-py3-none-any.whl.metadata",
            "/files/foo-1.0-py3-none-any.whl.metadata",
            "/files/foo-2.0-py3-none-any.whl.metadata",
            "/simple/bar/",
            "/simple/foo/",
            "/simple/nothing/",
        ]


def test_the_metadata_that_comes_next_is_fetched_with_the_page(folder: Path) -> None:
    make_wheel(folder, "foo", "3.0", {"foo.py": ""})
    make_wheel(folder, "foo", "4.0rc1", {"foo.py": ""})
    yanked = {"foo-3.0-py3-none-any.whl": "bad"}
    for likely, expected in (({}, TWO), ({FOO: [Version("9"), ONE]}, ONE)):
        with serve_index(folder, yanked=yanked) as server, open_client(server) as client:
            source = IndexSource(client, reporter=Reporter(), likely=likely)
            source.prefetch([FOO, NOTHING])
            source.wait()
            assert sorted(server.paths()) == [
                f"/files/foo-{expected}-py3-none-any.whl.metadata",
                "/simple/foo/",
                "/simple/nothing/",
            ]
            source.prefetch_metadata(FOO, [expected])
            assert isinstance(source.metadata(FOO, expected), Metadata)
            source.close()
            assert len(server.requests) == 3


def test_a_hint_does_not_wait(folder: Path) -> None:
    gate = threading.Event()

    class Slow(IndexClient):
        def page(self, name: NormalizedName, index: str | None = None) -> Any:
            gate.wait(10)
            return super().page(name, index)

    with serve_index(folder) as server:
        settings = IndexSettings(index_url=server.url)
        with (
            Slow(settings, offline=False, reporter=Reporter()) as client,
            IndexSource(client, reporter=Reporter()) as source,
        ):
            source.prefetch([FOO])
            # Nothing is known of it yet, so there is nothing to fetch ahead of time.
            source.prefetch_metadata(FOO, [ONE])
            assert server.requests == []
            gate.set()
            assert source.project(FOO) is not None
            assert server.paths()[0] == "/simple/foo/"


def test_a_hint_never_downloads_whole_files(folder: Path) -> None:
    with (
        serve_index(folder, metadata=False, ranges=False) as server,
        open_client(server) as client,
        IndexSource(client, reporter=Reporter()) as source,
    ):
        source.project(FOO)
        source.prefetch_metadata(FOO, [ONE])
        assert source.metadata(FOO, ONE) == Metadata(
            name=FOO, version=ONE, requires_dist=("bar>=1",)
        )
        source.prefetch_metadata(FOO, [TWO])
        ranges = ["range" in request.headers for request in server.requests]
        assert ranges == [False, True, False]


def test_the_second_run_asks_for_nothing(folder: Path, tmp_path: Path) -> None:
    with serve_index(folder, max_age=600) as server:
        for offline in (False, False, True):
            with (
                open_client(server, cache=tmp_path / "index", offline=offline) as client,
                IndexSource(client, reporter=Reporter()) as source,
            ):
                source.prefetch([FOO])
                source.project(FOO)
                source.prefetch_metadata(FOO, [TWO])
                assert isinstance(source.metadata(FOO, TWO), Metadata)
        assert len(server.requests) == 2


def test_metadata_that_is_no_use_is_no_error(folder: Path) -> None:
    (folder / NAME).write_bytes(b"no zip")
    (folder / "foo-0.5.tar.gz").write_bytes(b"no archive")
    with (
        serve_index(folder) as server,
        open_client(server) as client,
        IndexSource(client, reporter=Reporter()) as source,
    ):
        source.project(FOO)
        source.prefetch_metadata(FOO, [ONE])
        assert source.metadata(FOO, ONE) == Broken(
            reason=f"cannot be read: it is not a zip archive, or is cut short (`{NAME}`)"
        )
        assert source.metadata(FOO, Version("0.5")) == Broken(
            reason="cannot be read: the archive is damaged (`foo-0.5.tar.gz`)"
        )
        assert source.metadata(FOO, Version("7")) == Broken(
            reason="is missing: there is no file of this version any more"
        )


def test_faults_of_the_network_are_errors(folder: Path) -> None:
    with (
        serve_index(folder, wrong_metadata=b"other") as server,
        open_client(server) as client,
        IndexSource(client, reporter=Reporter()) as source,
    ):
        source.project(FOO)
        with pytest.raises(DigestError):
            source.metadata(FOO, ONE)
        server.switches.fail = 9
        source.prefetch([BAR])
        with pytest.raises(FetchError, match="503"):
            source.project(BAR)


def test_the_status_of_projects_is_told(folder: Path) -> None:
    warnings = Warnings()
    with (
        serve_index(folder, status="archived", reason="done") as server,
        open_client(server) as client,
        IndexSource(client, reporter=warnings) as source,
    ):
        source.project(FOO)
        source.project(NOTHING)
        assert warnings.lines == []
        source.report([FOO, NOTHING, BAR])
        assert warnings.lines == ["`foo` is archived: done"]


def test_a_quarantined_project_is_told_at_once(folder: Path) -> None:
    warnings = Warnings()
    with (
        serve_index(folder, status="quarantined") as server,
        open_client(server) as client,
        IndexSource(client, reporter=warnings) as source,
    ):
        source.project(FOO)
        source.project(FOO)
        source.report([FOO])
        assert warnings.lines == ["`foo` is quarantined"]


# --- dependency confusion


def test_the_first_index_with_the_name_decides(folder: Path, evil: Path) -> None:
    with (
        serve_index(folder) as company,
        serve_index(evil) as public,
        open_client(company, public) as client,
        IndexSource(client, reporter=Reporter()) as source,
    ):
        source.prefetch([FOO, BAR])
        project = source.project(FOO)
        assert project is not None
        assert [*project.releases] == [TWO, ONE]
        assert project.index == company.url
        answer = source.metadata(FOO, ONE)
        assert isinstance(answer, Metadata)
        assert answer.requires_dist == ("bar>=1",)
        other = source.project(BAR)
        assert other is not None
        assert other.index == public.url
        assert not any("foo" in path for path in public.paths())


def test_a_pinned_name_is_never_taken_from_another_index(folder: Path, evil: Path) -> None:
    with (
        serve_index(folder) as company,
        serve_index(evil) as public,
        open_client(public, company, find_links=(str(evil),)) as client,
        IndexSource(client, reporter=Reporter()) as source,
    ):
        project = source.project(FOO, company.url)
        assert project is not None
        assert [*project.releases] == [TWO, ONE]
        assert all(
            str(file.url).startswith(company.root)
            for files in project.releases.values()
            for file in files
        )
        answer = source.metadata(FOO, ONE, company.url)
        assert isinstance(answer, Metadata)
        assert answer.requires_dist == ("bar>=1",)
        assert source.project(NOTHING, company.url) is None
        assert public.requests == []


def test_a_pinned_name_that_its_index_lacks_is_nowhere(folder: Path, evil: Path) -> None:
    (folder / NAME).unlink()
    (folder / "foo-2.0-py3-none-any.whl").unlink()
    with (
        serve_index(folder) as company,
        serve_index(evil) as public,
        open_client(company, public) as client,
        IndexSource(client, reporter=Reporter()) as source,
    ):
        assert source.project(FOO, company.url) is None
        assert public.requests == []


def test_a_pinned_index_that_fails_leads_nowhere_else(folder: Path, evil: Path) -> None:
    with (
        serve_index(folder, fail=9, fail_status=500) as company,
        serve_index(evil) as public,
        open_client(company, public) as client,
        IndexSource(client, reporter=Reporter()) as source,
    ):
        with pytest.raises(FetchError, match="500"):
            source.project(FOO, company.url)
        assert public.requests == []


def test_one_index_cannot_speak_for_the_files_of_another(
    folder: Path, evil: Path, tmp_path: Path
) -> None:
    """Two indexes have a file of the same name; what is kept of one is not used for the other."""
    cache = tmp_path / "index"
    with serve_index(folder, max_age=600) as company, serve_index(evil, max_age=600) as public:
        for server, expected in ((public, ("evil",)), (company, ("bar>=1",))):
            with (
                open_client(server, cache=cache) as client,
                IndexSource(client, reporter=Reporter()) as source,
            ):
                answer = source.metadata(FOO, ONE)
                assert isinstance(answer, Metadata)
                assert answer.requires_dist == expected


def test_credentials_are_in_nothing_that_is_shown(folder: Path) -> None:
    with serve_index(folder, user="me:secret") as server:
        url = server.url.replace("//", "//me:secret@")
        warnings = Warnings()
        with (
            open_client(server, index_url=url) as client,
            IndexSource(client, reporter=warnings) as source,
        ):
            project = source.project(FOO, url)
            assert project is not None
            assert project.index == server.url
            assert "secret" not in repr((project.releases[ONE], source.metadata(FOO, ONE, url)))
            server.switches.user = "me:changed"
            with pytest.raises(FetchError) as caught:
                source.project(BAR)
            assert "secret" not in f"{caught.value} {caught.value.details} {caught.value.hint}"


# --- which file speaks for a version


def pick(*filenames: str, yanked: str = "") -> str:
    files = [
        IndexFile(
            name=FOO,
            version="1.0",
            filename=name,
            url=f"https://files.example/{name}",
            yanked="bad" if name == yanked else None,
        )
        for name in filenames
    ]
    found = metadata_file(files)
    assert found is not None
    assert found == metadata_file(reversed(files))
    return found.filename


def test_which_file_speaks_for_a_version() -> None:
    source, source_zip = "foo-1.0.tar.gz", "foo-1.0.zip"
    windows = "foo-1.0-cp314-cp314-win_amd64.whl"
    old = "foo-1.0-cp39-cp39-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
    new = "foo-1.0-cp312-cp312-manylinux_2_28_x86_64.whl"
    two, three = "foo-1.0-py2-none-any.whl", "foo-1.0-py3-none-any.whl"
    assert metadata_file([]) is None
    assert pick(source_zip, source) == source
    assert pick(source, windows) == windows
    assert pick(source, windows, old) == old
    assert pick(windows, old, new) == new
    assert pick(windows, old, new, two) == two
    assert pick(windows, new, two, three, source) == three
    assert pick(old, new, yanked=new) == old
    assert pick(two, three, yanked=three) == two


def test_many_resolutions_share_a_client(folder: Path, opened: list[IndexSource]) -> None:
    with serve_index(folder) as server, open_client(server) as client:

        def once(_: int) -> bool:
            source = IndexSource(client, reporter=Reporter())
            opened.append(source)
            source.prefetch([FOO])
            return isinstance(source.metadata(FOO, ONE), Metadata)

        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(once, range(8)))
