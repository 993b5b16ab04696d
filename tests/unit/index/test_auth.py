from __future__ import annotations

import base64
import sys
import types
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from trail.errors import SettingsError
from trail.index.auth import Credentials

if TYPE_CHECKING:
    from pathlib import Path


def user(credentials: Credentials, address: str) -> str | None:
    header = credentials.header(address)
    if header is None:
        return None
    kind, _, text = header.partition(" ")
    assert kind == "Basic"
    return base64.b64decode(text).decode()


def test_credentials_of_an_address_go_to_its_origin_alone() -> None:
    found = Credentials(["https://me:pa%40ss@host.example/simple/"], None, keyring=False)
    assert user(found, "https://host.example/simple/foo/") == "me:pa@ss"
    assert user(found, "https://host.example:443/files/foo.whl") == "me:pa@ss"
    assert user(found, "http://host.example/simple/") is None
    assert user(found, "https://host.example:8443/simple/") is None
    assert user(found, "https://other.example/simple/") is None


def test_two_indexes_of_one_host() -> None:
    found = Credentials(
        ["https://a:1@host.example/a/simple/", "https://b:2@host.example/b/simple/"],
        None,
        keyring=False,
    )
    assert user(found, "https://host.example/a/simple/foo/") == "a:1"
    assert user(found, "https://host.example/b/simple/foo/") == "b:2"
    assert user(found, "https://host.example/files/foo.whl") == "a:1"


def test_take_leaves_an_address_without_credentials() -> None:
    found = Credentials([], None, keyring=False)
    assert found.take("https://token@host.example:1/x?y#z") == "https://host.example:1/x?y#z"
    assert found.take("https://host.example/pkg@1") == "https://host.example/pkg@1"
    assert user(found, "https://host.example:1/x") == "token:"


def test_netrc(tmp_path: Path) -> None:
    file = tmp_path / "netrc"
    file.write_text("machine host.example login me password secret\n")
    found = Credentials(["https://own:1@other.example/"], file, keyring=False)
    assert user(found, "https://host.example/x") == "me:secret"
    assert user(found, "https://other.example/x") == "own:1"
    assert user(found, "https://third.example/x") is None


def test_a_missing_netrc_is_none(tmp_path: Path) -> None:
    found = Credentials([], tmp_path / "netrc", keyring=False)
    assert user(found, "https://host.example/x") is None


def test_a_bad_netrc_is_named(tmp_path: Path) -> None:
    file = tmp_path / "netrc"
    file.write_text("nonsense here\n")
    found = Credentials([], file, keyring=False)
    with pytest.raises(SettingsError, match="cannot be read") as caught:
        found.header("https://host.example/x")
    assert str(caught.value) == f"the netrc file `{file}` cannot be read"


@dataclass
class _Found:
    username: str
    password: str


def test_keyring_is_asked_last_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def get_credential(service: str, name: str | None) -> _Found | None:
        asked.append((service, name))
        return _Found(name or "me", "ring") if "host" in service else None

    keyring = types.ModuleType("keyring")
    keyring.get_credential = get_credential  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    found = Credentials(
        ["https://a:1@full.example/", "https://b@host2.example/simple/"], None, keyring=True
    )
    assert user(found, "https://full.example/") == "a:1"
    assert user(found, "https://host.example:8443/x") == "me:ring"
    assert user(found, "https://host.example:8443/y") == "me:ring"
    assert user(found, "https://host2.example/") == "b:ring"
    assert user(found, "https://none.example/") is None
    assert asked == [
        ("https://host.example:8443", None),
        ("https://host2.example/simple/", "b"),
        ("https://none.example", None),
        ("none.example", None),
    ]


def test_keyring_must_be_there_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(SettingsError) as caught:
        Credentials([], None, keyring=True).header("https://host.example/")
    assert str(caught.value) == (
        "`keyring` is set, but the package keyring is not installed beside trail"
    )
