from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from trail.depot.entry import EntryInfo, Origin, dump_info, parse_info, public_url
from trail.errors import DepotError
from trail.model import (
    EntryPoint,
    Escape,
    Facts,
    Kind,
    Mismatch,
    NormalizedName,
    Sha256,
    TopLevel,
    WheelFile,
)

FILE = Path("/depot/entry.json")
INFO = EntryInfo(
    facts=Facts(
        name=NormalizedName("a-b"),
        version="1.0",
        dist_info="A_B-1.0.dist-info",
        root_is_purelib=False,
        files=7,
        size=1234,
        record=Sha256("a" * 64),
        top_level=(
            TopLevel(path="a_b", name="a_b", kind=Kind.PACKAGE),
            TopLevel(path="c.py", name="c", kind=Kind.MODULE),
        ),
        startup=("a.pth",),
        scripts=(EntryPoint(name="ä", value="a_b:main", gui=True),),
        schemes=("bin", "share"),
        metadata=("METADATA", "RECORD"),
        root_files=("README",),
        escapes=(Escape(library="a_b/x.so", runpath="$ORIGIN/../../y", tag="DT_RUNPATH"),),
        mismatches=(Mismatch(path="x", rule="record-hash", expected="sha256=1", actual=None),),
    ),
    origin=Origin(
        kind="index",
        url="https://files.example/a.whl",
        index="https://index.example/simple/",
        hashes=(("sha256", "b" * 64),),
    ),
    filename="A_B-1.0-cp38.cp39-abi3-linux_x86_64.whl",
    sha256=Sha256("b" * 64),
    size=999,
)
TEXT = """\
{
 "built": false,
 "facts": {
  "dist_info": "A_B-1.0.dist-info",
  "escapes": [
   {"library": "a_b/x.so", "runpath": "$ORIGIN/../../y", "tag": "DT_RUNPATH"}
  ],
  "files": 7,
  "metadata": [
   "METADATA",
   "RECORD"
  ],
  "mismatches": [
   {"actual": null, "expected": "sha256=1", "path": "x", "rule": "record-hash"}
  ],
  "name": "a-b",
  "record": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
  "root_files": [
   "README"
  ],
  "root_is_purelib": false,
  "schemes": [
   "bin",
   "share"
  ],
  "scripts": [
   {"gui": true, "name": "\\u00e4", "value": "a_b:main"}
  ],
  "size": 1234,
  "startup": [
   "a.pth"
  ],
  "top_level": [
   {"kind": "package", "name": "a_b", "path": "a_b"},
   {"kind": "module", "name": "c", "path": "c.py"}
  ],
  "version": "1.0"
 },
 "filename": "A_B-1.0-cp38.cp39-abi3-linux_x86_64.whl",
 "layout": 1,
 "origin": {
  "hashes": {"sha256": "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"},
  "index": "https://index.example/simple/",
  "kind": "index",
  "path": null,
  "revision": null,
  "url": "https://files.example/a.whl"
 },
 "sha256": "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
 "size": 999,
 "tags": [
  "cp38-abi3-linux_x86_64",
  "cp39-abi3-linux_x86_64"
 ]
}
"""


def test_the_file_is_readable_and_the_same_each_time() -> None:
    assert dump_info(INFO).decode() == TEXT


def test_what_is_written_is_read() -> None:
    assert parse_info(dump_info(INFO), FILE) == INFO


def test_what_the_first_trails_did_not_note_may_be_missing() -> None:
    tree = json.loads(dump_info(INFO))
    del tree["facts"]["metadata"], tree["facts"]["root_files"]
    facts = parse_info(json.dumps(tree).encode(), FILE).facts
    assert facts == replace(INFO.facts, metadata=(), root_files=())


def test_a_path_in_no_encoding_survives() -> None:
    origin = Origin(kind="path", path="/w/\udcff.whl")
    info = EntryInfo(
        facts=INFO.facts, origin=origin, filename=INFO.filename, sha256=INFO.sha256, size=1
    )
    assert parse_info(dump_info(info), FILE) == info


def test_keys_of_later_versions_are_ignored() -> None:
    tree = json.loads(TEXT)
    tree["new"] = tree["facts"]["new"] = tree["facts"]["top_level"][0]["new"] = 1
    assert parse_info(json.dumps(tree).encode(), FILE) == INFO


@pytest.mark.parametrize(
    ("keys", "value", "key", "expected", "actual"),
    [
        (("size",), True, "size", "a number", "true"),
        (("sha256",), "xyz", "sha256", "64 hexadecimal digits", '"xyz"'),
        (("built",), 0, "built", "true or false", "0"),
        (("filename",), None, "filename", "a string", "null"),
        (("facts",), [], "facts", "an object", "[]"),
        (("facts", "startup"), {}, "facts.startup", "a list", "{}"),
        (("facts", "startup", 0), 1, "facts.startup[0]", "a string", "1"),
        (("facts", "scripts", 0), "a", "facts.scripts[0]", "an object", '"a"'),
        (("facts", "scripts", 0, "gui"), 1, "facts.scripts[0].gui", "true or false", "1"),
        (("facts", "escapes", 0, "tag"), 1, "facts.escapes[0].tag", "a string", "1"),
        (
            ("facts", "top_level", 1, "kind"),
            "thing",
            "facts.top_level[1].kind",
            "one of package, namespace, module, extension, data",
            '"thing"',
        ),
        (
            ("facts", "mismatches", 0, "expected"),
            1,
            "facts.mismatches[0].expected",
            "a string or null",
            "1",
        ),
        (("origin", "kind"), "moon", "origin.kind", "one of index, path, url, vcs", '"moon"'),
        (("origin", "hashes", "sha256"), 1, "origin.hashes.sha256", "a string", "1"),
    ],
)
def test_a_wrong_value_is_named(
    keys: tuple[str | int, ...], value: object, key: str, expected: str, actual: str
) -> None:
    tree: Any = json.loads(TEXT)
    place = tree
    for step in keys[:-1]:
        place = place[step]
    place[keys[-1]] = value
    with pytest.raises(DepotError) as caught:
        parse_info(json.dumps(tree).encode(), FILE)
    assert caught.value.message == f"cannot use `{FILE}`: `{key}` is wrong"
    assert caught.value.details == (("expected", expected), ("actual", actual))
    assert caught.value.hint == "trail depot verify --repair"


def test_a_missing_key_is_named() -> None:
    tree = json.loads(TEXT)
    del tree["facts"]["record"]
    with pytest.raises(DepotError) as caught:
        parse_info(json.dumps(tree).encode(), FILE)
    assert caught.value.message == f"cannot use `{FILE}`: `facts.record` is wrong"
    assert caught.value.details == (("expected", "a string"), ("actual", "nothing"))


@pytest.mark.parametrize("data", [b"", TEXT.encode()[:100], b"\xff\xfe", b"\0" * 50])
def test_a_file_that_is_cut_short_is_named(data: bytes) -> None:
    with pytest.raises(DepotError, match=f"^cannot read `{FILE}`: "):
        parse_info(data, FILE)


def test_the_file_of_a_later_trail_is_refused() -> None:
    with pytest.raises(DepotError) as caught:
        parse_info(TEXT.replace('"layout": 1', '"layout": 2').encode(), FILE)
    assert caught.value.message == f"cannot use `{FILE}`: a later trail wrote it"
    assert caught.value.details == (("layout", "2"), ("known", "1"))


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("https://user:secret@h.example:8443/s/?token=1#f", "https://h.example:8443/s/"),
        ("https://token@h.example/a%20b.whl?X-Signature=1", "https://h.example/a%20b.whl"),
        ("https://h.example/@scope/a.whl", "https://h.example/@scope/a.whl"),
        ("file:///w/a.whl#sha256=1", "file:///w/a.whl"),
        ("C:\\wheels", "C:\\wheels"),
    ],
)
def test_addresses_are_kept_without_secrets(url: str, public: str) -> None:
    assert public_url(url) == public


def test_the_origin_of_a_wheel_holds_no_secret() -> None:
    secret = "https://me:secret@h.example"
    wheel = WheelFile(
        name=NormalizedName("a"),
        version="1.0",
        filename="a-1.0-py3-none-any.whl",
        hashes=(("sha512", "2"), ("sha256", "1")),
        url=f"{secret}/a.whl?secret",
        index=f"{secret}/simple",
    )
    assert Origin.of(wheel) == Origin(
        kind="index",
        url="https://h.example/a.whl",
        index="https://h.example/simple",
        hashes=(("sha256", "1"), ("sha512", "2")),
    )


def test_a_wheel_without_an_index_comes_from_an_address_or_a_path() -> None:
    name, filename = NormalizedName("a"), "a-1-py3-none-any.whl"
    url = "https://h.example/a.whl"
    wheel = WheelFile(name=name, version="1", filename=filename, url=url)
    assert Origin.of(wheel) == Origin(kind="url", url=url)
    wheel = WheelFile(name=name, version="1", filename=filename, path=Path("/w/a.whl"))
    assert Origin.of(wheel) == Origin(kind="path", path="/w/a.whl")
