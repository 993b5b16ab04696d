"""The index that everybody uses; the rest of this folder asks servers of its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.tags import sys_tags

from trail.index.client import IndexClient
from trail.model import NormalizedName, Pinned
from trail.report import Reporter
from trail.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.network

SIX = Pinned(name=NormalizedName("six"), version="1.17.0")


@pytest.fixture
def client(tmp_path: Path) -> Iterator[IndexClient]:
    settings = read_settings({**os.environ, "TRAIL_DEPOT": str(tmp_path)}, cwd=Path.cwd())
    with IndexClient(
        settings.index, offline=False, reporter=Reporter(), cache=tmp_path / "index"
    ) as client:
        yield client


def test_a_page_has_everything(client: IndexClient) -> None:
    page = client.page(SIX.name)
    assert page is not None
    (wheel,) = (file for file in page.files if file.version == "1.17.0" and file.is_wheel)
    assert wheel.size == 11050
    assert wheel.upload_time is not None
    assert dict(wheel.hashes)["sha256"]
    assert page.status == "active"


def test_a_wheel_arrives(client: IndexClient, tmp_path: Path) -> None:
    wheel = client.resolve(SIX, tuple(sys_tags()))
    found = client.download(wheel, tmp_path)
    assert found.size == 11050
    assert found.sha256 == dict(wheel.hashes)["sha256"]


def test_an_unknown_project_is_none(client: IndexClient) -> None:
    assert client.page(NormalizedName("trail-has-no-such-project-for-sure")) is None


def test_a_platform_wheel_is_chosen(client: IndexClient) -> None:
    pinned = Pinned(name=NormalizedName("markupsafe"), version="3.0.4")
    wheel = client.resolve(pinned, tuple(sys_tags()))
    assert not wheel.filename.endswith("none-any.whl")
