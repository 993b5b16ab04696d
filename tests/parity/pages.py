"""Index pages that both parsers read alike, and pages that are left to the Python parser."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["LEFT", "READ", "URL", "make_page"]

URL = "https://host.example/simple/foo-bar/"
FULL: dict[str, Any] = {
    "filename": "Foo.Bar-1.0.0-1-py3-none-any.whl",
    "url": "https://files.example/ab/Foo.Bar-1.0.0-1-py3-none-any.whl",
    "hashes": {"sha512": "AB", "md5": "cd"},
    "size": 12,
    "requires-python": ">=3.8",
    "yanked": "broken",
    "core-metadata": {"sha256": "0" * 64},
    "dist-info-metadata": True,
    "upload-time": "2026-01-02T03:04:05.678901Z",
    "provenance": None,
}


def make_page(*files: object, **more: object) -> bytes:
    """Make a page of these files."""
    page = {"meta": {"api-version": "1.4"}, "name": "foo-bar", "files": files, **more}
    return json.dumps(page).encode()


def _named(*names: str) -> bytes:
    return make_page(*({"filename": name, "url": "x", "hashes": {}} for name in names))


def _with(**more: object) -> bytes:
    """A page of one file; `_` stands for `-` in the keys."""
    return make_page(FULL | {key.replace("_", "-"): value for key, value in more.items()})


def _versions(*versions: str) -> bytes:
    return _named(*(f"foo_bar-{version}-py3-none-any.whl" for version in versions))


def _written(text: str) -> bytes:
    """A page of one file with members that are written just so."""
    start = '{"filename": "foo_bar-1.zip", "url": "x", "hashes": {}'
    return f'{{"meta": {{"api-version": "1.0"}}, "files": [{start}{text}}}]}}'.encode()


_ORDER = (
    "1.0.dev1", "1.0a1.dev1", "1.0a1", "1.0-alpha-2", "1.0a10", "1.0b1", "1.0c1", "1.0rc2", "1.0",
    "1.0+local", "1.0+local.10", "1.0+local.9", "1.0+7", "1.0+007.x", "1.0.post1.dev2", "1.0.post1",
    "1.0-2", "1.0.1", "1.10", "1.9", "2024.10.01", "1!0.5", "123456789012345678901234567890",
)  # fmt: skip

READ: dict[str, bytes] = {
    "no files": make_page(),
    "everything": make_page(FULL),
    "blanks around": b" \r\n\t" + make_page(FULL) + b" \n",
    "other API": make_page(FULL, meta={"api-version": "1.27", "_last-serial": 3}),
    "more members": make_page(FULL, versions=["1", 2, None, {"a": [[]]}], size=1.5),
    "wheel and sdist of a version": _named(
        "foo_bar-1.0.tar.gz", "foo_bar-1.0-py3-none-any.whl", "foo_bar-1.0-cp311-abi3-any.whl"
    ),
    "other projects": _named("foo-1.0.tar.gz", "foo_bar_baz-1.0-py3-none-any.whl", "bar-1.zip"),
    "old formats": _named(
        "foo_bar-1.0-py3.8.egg",
        "foo_bar-1.0.exe",
        "foo_bar-1.0.win32.msi",
        "foo_bar-1.0.rpm",
        "foo_bar-1.0.tar.bz2",
        "foo_bar-1.0.tgz",
        "foo_bar-1.0",
        "foo_bar-1.0.zip.asc",
    ),
    "a file without an ending first": _named("foo_bar-1.0", "foo_bar-1.0.tar.gz"),
    "an ending that repeats": _named("foo_bar-1.0.zip", "foo_bar-1.0.zip.tar.gz"),
    "names that say nothing": _named("", "-", "--", ".whl", ".zip", ".tar.gz", "foo_bar", "-1.zip"),
    "folders in names": _named("../foo_bar-1.zip", "a/foo_bar-1.zip", "a\\foo_bar-1.tar.gz"),
    "spelled otherwise": _named("FOO.bar-1.zip", "foo--Bar-2.zip", "foo_._bar-3-py3-none-any.whl"),
    "dashes in sdists": _named(
        "foo-bar-1.0-1.tar.gz", "foo-bar-1.0-beta2.zip", "foo-bar-1-2-3.tar.gz", "foo-bar-x-1.zip"
    ),
    "too many and too few dashes": _named(
        "foo_bar-1.0-none-any.whl", "foo-bar-1.0-py3-none-any.whl", "foo_bar-1-2-3-4-5-6.whl"
    ),
    "spaces in names": _named("foo_bar- 1.0.zip", "foo_bar-1.0 .zip", "foo bar-1.zip", " .zip"),
    "wrong versions": _versions("1.0x", "one", "1..0", "1.", "", "1.0+", "1+a..b", "1!", "1.0_-1"),
    "separators": _versions("1.0_a_1", "1.0.alpha.1", "1.0post", "1.0_r4", "1.0a_", "1.0dev"),
    "the order of versions": _versions(*_ORDER),
    "the other order of versions": _versions(*reversed(_ORDER)),
    "equal versions": _versions("1.0", "1.0.0", "1", "v1", "01.0", "0!1.0", "2.0.0", "2"),
    "equal versions, longest first": _versions("1.0.0", "1.0", "1+a.1", "1.0+A.01", "1.0-a.1"),
    "a long number": _versions("9" * 400, "0" * 400 + "1"),
    "plain addresses": make_page(
        FULL | {"url": "https://files.example/a%20b+c~d/x.whl#sha256=ab&md5=c"},
        FULL | {"url": "http://files.example:8080/x.whl#"},
        FULL | {"url": "https://files.example/x?token=%41;#"[:-1]},
        FULL | {"url": "https://files.example/ü x"},
        FULL | {"url": "http://files.example/x.whl?"},
        FULL | {"url": "http://[::1/x y.whl"},
        FULL | {"url": "https://"},
    ),
    "relative addresses": make_page(
        FULL | {"url": "x.whl"},
        FULL | {"url": "a/b/x.whl#sha256=ab"},
        FULL | {"url": "../../files/x.whl"},
        FULL | {"url": "/files/x.whl"},
        FULL | {"url": "../x.whl#../y"},
    ),
    "hashes": _with(hashes={"SHA256": "AbC", "sha256": "abc", "": "", "blake2b_256": "x-y"}),
    "no sizes": _with(size=None),
    "sizes": make_page(
        *(
            FULL | {"size": size}
            for size in (
                0,
                -1,
                2**31 - 1,
                2**31,
                -(2**31),
                -(2**31) - 1,
                2**63,
                2**64 - 1,
                -(2**63),
            )
        )
    ),
    "no requires-python": _with(requires_python=None),
    "an odd requires-python": _with(requires_python=3),
    "an empty requires-python": _with(requires_python=""),
    "not yanked": _with(yanked=False),
    "yanked": _with(yanked=True),
    "yanked for nothing": _with(yanked=""),
    "yanked null": _with(yanked=None),
    "yanked for odd reasons": _with(yanked='\0 \u00e9 \U0001f600 " \\ \n \u2028'),
    "no metadata": _with(core_metadata=False),
    "metadata null": _with(core_metadata=None),
    "metadata without hashes": _with(core_metadata=True),
    "metadata with no hashes": _with(core_metadata={}),
    "metadata in the old way": make_page({k: v for k, v in FULL.items() if k != "core-metadata"}),
    "an odd time": _with(upload_time="yesterday"),
    "no time": _with(upload_time=7),
    "a status": make_page(**{"project-status": {"status": "archived", "reason": "é"}}),
    "an empty status": make_page(**{"project-status": {"status": "", "reason": ""}}),
    "a status of nothing": make_page(**{"project-status": {}}),
    "a status null": make_page(**{"project-status": None}),
    "a reason alone": make_page(**{"project-status": {"status": None, "reason": "x"}}),
    "escapes": _written(r', "yanked": "\u00e9\/\"\\\b\f\n\r\t\ud83d\ude00\u0000"'),
    "an escaped key": _written(r', "yank\u0065d": "x"'),
    "an escaped name": _written(r', "filename": "foo\u005fbar-2.zip"'),
    "no ASCII": _written(', "yanked": "é\u2028\U0001f600"'),
    "a key twice": _written(', "size": 1, "size": 2, "yanked": "a", "yanked": false'),
    "a hash twice": _written(', "hashes": {"md5": "a", "sha1": "b", "md5": "C", "MD5": "d"}'),
    "a hash twice, once wrong": _written(', "hashes": {"md5": null, "md5": "a"}'),
    "a broken file of another project": make_page({"filename": "other-1.zip", "url": 7}),
    "some nesting": make_page(FULL, x=json.loads("[" * 100 + "]" * 100)),
    "a large number elsewhere": make_page(FULL, x=10**30, y=1e300),
}

LEFT: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"<html></html>",
    "not whole": make_page(FULL)[:-1],
    "more than JSON": make_page(FULL) + b"x",
    "a list": b"[]",
    "no meta": b'{"files": []}',
    "no files": b'{"meta": {"api-version": "1.0"}}',
    "a newer API": make_page(meta={"api-version": "2.0"}),
    "an API that is a number": make_page(meta={"api-version": 1.0}),
    "an odd API": make_page(meta={"api-version": "1.x"}),
    "an API in other digits": make_page(meta={"api-version": "1.\u0664"}),
    "files null": make_page(files=None),
    "files by name": make_page(files={}),
    "a file that is none": make_page("foo_bar-1.zip"),
    "no file name": make_page({"url": "x", "hashes": {}}),
    "a file name that is none": make_page({"filename": 7, "url": "x", "hashes": {}}),
    "no address": make_page({"filename": "foo_bar-1.zip", "hashes": {}}),
    "an address that is none": _with(url=None),
    "no hashes": make_page({"filename": "foo_bar-1.zip", "url": "x"}),
    "hashes that are none": _with(hashes=[]),
    "a hash that is none": _with(hashes={"sha256": 7}),
    "a hash of other letters": _with(hashes={"sha256": "\u0130"}),
    "a file name of other letters": _named("foo_bar-1.zip", "\u212afoo_bar-2.zip"),
    "a project of other letters": _named("foo_bar-1.0\u00b2.zip"),
    "control characters in names": _named("foo_bar-\x1f1.zip", "foo_bar-1\n.zip"),
    "a long name": _named("foo_bar-1." + "0" * 5000 + ".zip"),
    "an address of this machine": _with(url="file:///etc/passwd"),
    "an address of another kind": _with(url="ftp://files.example/x.whl"),
    "an upper-case scheme": _with(url="HTTPS://files.example/x.whl"),
    "an address without a scheme": _with(url="//files.example/x.whl"),
    "an address with a query and a fragment": _with(url="https://files.example/x.whl?#a"),
    "an address with parameters": _with(url="https://files.example/x.whl;#a"),
    "an address without a path": _with(url="https://files.example#a"),
    "an address with blanks": _with(url=" https://files.example/x\t.whl#a"),
    "an address with brackets": _with(url="http://[::1/x.whl#a"),
    "an address up and away": _with(url="../../../../x.whl"),
    "an address here": _with(url="./a/../x.whl"),
    "an empty address": _with(url=""),
    "an address with a colon": _with(url="a:b"),
    "a float": _with(size=1.0),
    "a size that is true": _with(size=True),
    "a size that is text": _with(size="12"),
    "a large size": _with(size=2**64),
    "minus nothing": _written(', "size": -0'),
    "yanked once": _with(yanked=1),
    "yanked zero times": _with(yanked=0),
    "yanked for a list": _with(yanked=["x"]),
    "metadata that is text": _with(core_metadata="true"),
    "metadata of wrong hashes": _with(core_metadata={"sha256": None}),
    "a status that is text": make_page(**{"project-status": "archived"}),
    "a status that is empty": make_page(**{"project-status": []}),
    "a status that is a number": make_page(**{"project-status": {"status": 7}}),
    "half a surrogate": _written(r', "yanked": "\ud83d"'),
    "half a surrogate elsewhere": _written(r', "x": "\udc00"'),
    "files twice": make_page(FULL)[:-1] + b', "files": []}',
    "no UTF-8": _written(', "yanked": "x"').replace(b'"x"', b'"\xff"'),
    "a surrogate in UTF-8": _written(', "yanked": "x"').replace(b'"x"', b'"\xed\xa0\x80"'),
    "UTF-8 with a mark": b"\xef\xbb\xbf" + make_page(FULL),
    "UTF-16": make_page(FULL).decode().encode("utf-16"),
    "UTF-32": make_page(FULL).decode().encode("utf-32-le"),
    "control characters": _written(', "yanked": "\n"'),
    "NaN": _written(', "x": NaN'),
    "infinity": _written(', "size": -Infinity'),
    "an infinite number": _written(', "x": 1e999'),
    "a very long number": _written(f', "x": {"9" * 5000}'),
    "much nesting": make_page(FULL)[:-1] + b', "x": ' + b"[" * 1000 + b"]" * 1000 + b"}",
    "endless nesting": b"[" * 1_000_000,
}
