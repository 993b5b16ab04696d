from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from trail.errors import FetchError
from trail.index.page import IndexFile, ProjectPage
from trail.index.simple import parse_links, parse_page
from trail.model import NormalizedName

URL = "https://host.example/simple/foo-bar/"
FOO = NormalizedName("foo-bar")
JSON = "application/vnd.pypi.simple.v1+json"
DIGEST = "0" * 64


def page(files: list[dict[str, Any]], **more: Any) -> ProjectPage:
    data = {"meta": {"api-version": "1.4"}, "name": "foo-bar", "files": files, **more}
    return parse_page(json.dumps(data).encode(), content_type=JSON, url=URL, name=FOO, index="I")


def html(body: str, content_type: str = "text/html", url: str = URL) -> ProjectPage:
    return parse_page(body.encode(), content_type=content_type, url=url, name=FOO, index="I")


def test_everything_that_json_can_tell() -> None:
    found = page(
        [
            {
                "filename": "Foo.Bar-1.0.0-1-py3-none-any.whl",
                "url": "../../files/Foo.Bar-1.0.0-1-py3-none-any.whl",
                "hashes": {"sha512": "AB", "md5": "cd"},
                "size": 12,
                "requires-python": ">=3.8",
                "yanked": "broken",
                "core-metadata": {"sha256": DIGEST},
                "upload-time": "2026-01-02T03:04:05.678901Z",
            }
        ],
        **{"project-status": {"status": "deprecated", "reason": "use baz"}},
    )
    assert found == ProjectPage(
        name=FOO,
        status="deprecated",
        reason="use baz",
        index="I",
        releases={
            "1.0.0": (
                IndexFile(
                    name=FOO,
                    version="1.0.0",
                    filename="Foo.Bar-1.0.0-1-py3-none-any.whl",
                    url="https://host.example/files/Foo.Bar-1.0.0-1-py3-none-any.whl",
                    hashes=(("md5", "cd"), ("sha512", "ab")),
                    size=12,
                    requires_python=">=3.8",
                    yanked="broken",
                    core_metadata=(("sha256", DIGEST),),
                    upload_time=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
                    index="I",
                ),
            )
        },
    )


def test_the_least_that_json_must_tell() -> None:
    name = "foo_bar-1-py3-none-any.whl"
    found = page([{"filename": name, "url": f"https://f.example/{name}", "hashes": {}}])
    assert found.files == (
        IndexFile(name=FOO, version="1", filename=name, url=f"https://f.example/{name}", index="I"),
    )
    assert (found.status, found.reason) == ("active", None)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, None),
        ({"core-metadata": False}, None),
        ({"core-metadata": True}, ()),
        ({"core-metadata": {"sha256": DIGEST}}, (("sha256", DIGEST),)),
        ({"dist-info-metadata": True}, ()),
        ({"core-metadata": False, "dist-info-metadata": True}, None),  # PEP 714
    ],
)
def test_metadata_files(given: dict[str, Any], expected: object) -> None:
    (file,) = page([{"filename": "foo_bar-1.tar.gz", "url": "a", "hashes": {}, **given}]).files
    assert file.core_metadata == expected


@pytest.mark.parametrize(
    ("given", "expected"), [({}, None), ({"yanked": False}, None), ({"yanked": True}, "")]
)
def test_yanked_files(given: dict[str, Any], expected: object) -> None:
    (file,) = page([{"filename": "foo_bar-1.tar.gz", "url": "a", "hashes": {}, **given}]).files
    assert file.yanked == expected


def test_a_file_without_an_ending_claims_nothing() -> None:
    names = ["foo_bar-1.0", "foo_bar-1.0.tar.gz", "foo_bar-1.0.zip", "foo_bar-1.0.zip.tar.gz"]
    found = page([{"filename": name, "url": "a", "hashes": {}} for name in names])
    assert [file.filename for file in found.files] == names[1:3]


def test_files_of_other_projects_and_kinds_are_left_out() -> None:
    names = [
        "foo_bar-1.0-py3-none-any.whl",
        "foo-1.0-py3-none-any.whl",
        "foo_bar-1.0.exe",
        "foo_bar-1.0-py3.8.egg",
        "foo_bar-not.a.version.tar.gz",
        "foo_bar-1.0-none-any.whl",
        "../foo_bar-1.0.tar.gz",
        "foo_bar-1.0-py3-none-a/y.whl",
        "foo_bar-1.0-py3-none-a\\y.whl",
        "foo-bar-1.0.tar.gz",
        "foo.bar-1.0-1.zip",
    ]
    found = page([{"filename": name, "url": "a", "hashes": {}} for name in names])
    assert [(file.filename, file.version) for file in found.files] == [
        ("foo_bar-1.0-py3-none-any.whl", "1.0"),
        ("foo-bar-1.0.tar.gz", "1.0"),
        ("foo.bar-1.0-1.zip", "1.0.post1"),
    ]


def test_versions_are_sorted_and_equal_ones_are_one() -> None:
    names = ["1.0", "1.10", "1.9rc1", "1.0.0", "2.0.dev1"]
    found = page([{"filename": f"foo_bar-{name}.zip", "url": "a", "hashes": {}} for name in names])
    assert [*found.releases] == ["2.0.dev1", "1.10", "1.9rc1", "1.0"]
    assert [(file.filename, file.version) for file in found.of("1.0")] == [
        ("foo_bar-1.0.zip", "1.0"),
        ("foo_bar-1.0.0.zip", "1.0"),
    ]
    assert found.of("v1.0.0.0") == found.of("1.0")
    assert found.of("3") == ()


def test_an_upload_time_that_is_none() -> None:
    (file,) = page(
        [{"filename": "foo_bar-1.zip", "url": "a", "hashes": {}, "upload-time": "soon"}]
    ).files
    assert file.upload_time is None


def test_a_page_from_the_network_cannot_name_a_file_of_this_machine() -> None:
    entry = {"filename": "foo_bar-1.tar.gz", "url": "file:///etc/foo_bar-1.tar.gz", "hashes": {}}
    assert page([entry]).files == ()
    assert html('<a href="file:///etc/foo_bar-1.tar.gz">x</a>').files == ()
    found = html('<a href="foo_bar-1.tar.gz">x</a>', url="file:///simple/foo-bar/index.html")
    assert [file.url for file in found.files] == ["file:///simple/foo-bar/foo_bar-1.tar.gz"]


@pytest.mark.parametrize(
    ("data", "content_type", "reason"),
    [
        (
            b'{"meta": {"api-version": "2.0"}, "files": []}',
            JSON,
            "its API version is 2.0, this trail knows 1.x",
        ),
        (b'{"meta": {"api-version": "one"}, "files": []}', JSON, "its API version is `one`"),
        (b'{"meta": {"api-version": "1.9"}}', JSON, "it has no 'files'"),
        (b'{"files": []}', "application/json", "it has no 'meta'"),
        (b'{"meta": {"api-version": "1.0"}, "files": [3]}', JSON, "its parts have the wrong types"),
        (b"[]", JSON, "its parts have the wrong types"),
        (b"{", JSON, "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        (
            b'<meta name="pypi:repository-version" content="2.0">',
            "text/html",
            "its API version is 2.0, this trail knows 1.x",
        ),
        (b"hello", "text/plain; charset=ascii", "it is of type `text/plain`, not an index page"),
        (b"hello", "", "it is of type `none`, not an index page"),
    ],
)
def test_pages_that_cannot_be_read(data: bytes, content_type: str, reason: str) -> None:
    with pytest.raises(FetchError) as caught:
        parse_page(data, content_type=content_type, url="https://u:p@h.example/foo/", name=FOO)
    assert str(caught.value) == "the page of `foo-bar` cannot be read"
    assert caught.value.details == (("url", "https://***@h.example/foo/"), ("reason", reason))


def test_everything_that_html_can_tell() -> None:
    found = html(
        """<!DOCTYPE html><html><head>
        <meta name="pypi:repository-version" content="1.4">
        <meta name="pypi:project-status" content="archived">
        <meta name="pypi:project-status-reason" content="done &amp; dusted">
        <base href="/files/"></head><body>
        <A HREF='a%20b/foo_bar-1.0%2Blocal-py3-none-any.whl?x=1&amp;y=2#sha256=ABC&egg=foo'
           data-requires-python="&gt;=3.8" data-yanked="bad &lt;build&gt;"
           data-core-metadata="sha256=DEF">foo</A>
        <a href="foo_bar-1.1.tar.gz#md5=1" data-yanked data-dist-info-metadata="true">x</a>
        <a href="foo_bar-1.2.tar.gz" data-core-metadata="false">unclosed
        <a>no address</a><a href="https://[bad/foo_bar-1.3.tar.gz">bad</a>"""
    )
    assert (found.status, found.reason) == ("archived", "done & dusted")
    assert found.files == (
        IndexFile(
            name=FOO,
            version="1.0+local",
            filename="foo_bar-1.0+local-py3-none-any.whl",
            url="https://host.example/files/a%20b/foo_bar-1.0%2Blocal-py3-none-any.whl?x=1&y=2",
            hashes=(("sha256", "abc"),),
            requires_python=">=3.8",
            yanked="bad <build>",
            core_metadata=(("sha256", "def"),),
            index="I",
        ),
        IndexFile(
            name=FOO,
            version="1.1",
            filename="foo_bar-1.1.tar.gz",
            url="https://host.example/files/foo_bar-1.1.tar.gz",
            hashes=(("md5", "1"),),
            yanked="",
            core_metadata=(),
            index="I",
        ),
        IndexFile(
            name=FOO,
            version="1.2",
            filename="foo_bar-1.2.tar.gz",
            url="https://host.example/files/foo_bar-1.2.tar.gz",
            index="I",
        ),
    )


def test_a_plain_folder_listing_is_a_page() -> None:
    found = html("<a href='../'>up</a><a href='foo_bar-1.0.tar.gz'>x</a>", "text/html;charset=no")
    assert [file.url for file in found.files] == [f"{URL}foo_bar-1.0.tar.gz"]


def test_the_charset_of_the_header_counts() -> None:
    data = "<a href='foo_bar-1.0.tar.gz' data-yanked='kapütt'>x</a>".encode("latin-1")
    found = parse_page(data, content_type='text/html; charset="latin-1"', url=URL, name=FOO)
    assert found.files[0].yanked == "kapütt"


def test_a_page_of_links_has_files_of_any_project() -> None:
    files = parse_links(
        b"<a href=a-1.0-py3-none-any.whl>a</a><a href=b-c-2.tar.gz>b</a><a href=x.html>x</a>",
        url="https://u:p@links.example/all/",
    )
    assert [(file.name, file.version, file.index) for file in files] == [
        ("a", "1.0", "https://***@links.example/all/"),
        ("b-c", "2", "https://***@links.example/all/"),
    ]
