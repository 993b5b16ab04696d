"""The table of names is true of the wheels on PyPI: that is its source."""

from __future__ import annotations

import io
import json
import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from trail.runtime._trail_explain import KNOWN
from trail.settings import read_settings

pytestmark = [pytest.mark.network, pytest.mark.slow]


class Remote(io.RawIOBase):
    """A file that is read in parts, so that a directory costs no whole wheel."""

    def __init__(self, client: httpx.Client, url: str, length: int) -> None:
        self._client, self._url, self._length = client, url, length
        self._place = 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = 0) -> int:
        self._place = offset + (0, self._place, self._length)[whence]
        return self._place

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        end = min(self._place + len(buffer), self._length)
        if end <= self._place:
            return 0
        headers = {"Range": f"bytes={self._place}-{end - 1}"}
        data = self._client.get(self._url, headers=headers).raise_for_status().content
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)


def modules(client: httpx.Client, distribution: str) -> set[str]:
    """The top-level names in the newest wheel."""
    index = read_settings(os.environ, cwd=Path.cwd()).index.indexes()[-1]
    url = f"{index.rstrip('/')}/{distribution}/"
    accept = {"Accept": "application/vnd.pypi.simple.v1+json"}
    page = json.loads(client.get(url, headers=accept).raise_for_status().content)
    file = [one for one in page["files"] if one["filename"].endswith(".whl")][-1]
    address = str(httpx.URL(url).join(file["url"]))
    with zipfile.ZipFile(
        io.BufferedReader(Remote(client, address, file["size"]), 1 << 16)
    ) as zipped:
        return {name.partition("/")[0].partition(".")[0] for name in zipped.namelist()}


def test_each_name_is_in_the_wheel_of_its_distribution() -> None:
    with (
        httpx.Client(follow_redirects=True, timeout=60) as client,
        ThreadPoolExecutor(16) as pool,
    ):
        found = dict(
            zip(KNOWN, pool.map(lambda name: modules(client, KNOWN[name]), KNOWN), strict=True)
        )
    assert {name for name, inside in found.items() if name not in inside} == set()
