"""What holds for every test: the quick ones first, and nothing of the user's is used or changed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def cost(item: pytest.Item) -> tuple[bool, bool]:
        markers = {marker.name for marker in item.iter_markers()}
        return "slow" in markers, "network" in markers

    items.sort(key=cost)  # stable: files stay together


@pytest.fixture(autouse=True)
def _own_world(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Give each test a depot of its own, and PyPI to those marked `network` alone."""
    for name in os.environ:
        if name.startswith("TRAIL_") and name != "TRAIL_REQUIRE_NATIVE":
            monkeypatch.delenv(name)
    monkeypatch.setenv("TRAIL_DEPOT", str(tmp_path / "depot"))
    # Its own tests compile; elsewhere nothing may be at work behind a test.
    monkeypatch.setenv("TRAIL_COMPILE", "never")
    if request.node.get_closest_marker("network") is None:
        # A port where nobody listens; servers on this machine are reached as ever.
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
