"""Both engines on wheels of PyPI, named with their hashes in wheels.toml.

They are kept in the folder that PARITY_WHEELS names (about 370 MB), if it names one.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.helpers.prefixes import install_wheel, make_prefix
from tests.helpers.trees import tree
from tests.parity.pin_wheels import TABLE, pip_download
from tests.parity.unpacking import run_file

from trail.depot.store import open_depots
from trail.files import hash_file
from trail.model import Facts

if TYPE_CHECKING:
    from trail.wheel.engine import Engine

WHEELS: list[dict[str, str]] = tomllib.loads(TABLE.read_text("utf-8"))["wheel"]

LARGE = 1_000_000  # bytes

pytestmark = [pytest.mark.network, pytest.mark.slow]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all wheels are."""
    folder = Path(os.environ.get("PARITY_WHEELS") or tmp_path_factory.mktemp("wheels"))
    missing = [wheel for wheel in WHEELS if not (folder / wheel["filename"]).exists()]
    if missing:
        pins = tmp_path_factory.mktemp("pins") / "requirements.txt"
        lines = [f"{w['name']}=={w['version']} --hash=sha256:{w['sha256']}" for w in missing]
        pins.write_text("\n".join(lines), encoding="utf-8")
        pip_download(folder, "--require-hashes", "--requirement", str(pins))
    return folder


@pytest.mark.parametrize("wheel", WHEELS, ids=lambda wheel: wheel["filename"])
def test_a_real_wheel_is_unpacked_alike(
    python: Engine, native: Engine, wheel: dict[str, str], folder: Path, tmp_path: Path
) -> None:
    path = folder / wheel["filename"]
    assert hash_file(path) == wheel["sha256"]
    ours, theirs = (
        run_file(engine, path, tmp_path / engine.name, filename=wheel["filename"])
        for engine in (python, native)
    )
    assert ours == theirs
    assert isinstance(ours.said, Facts)
    # Retagged after they were built; everything else in wheels.toml agrees with its RECORD.
    assert bool(ours.said.mismatches) == (wheel["name"] == "sentry-cli")


def test_a_prefix_of_real_wheels_is_made_alike(
    python: Engine, native: Engine, folder: Path, tmp_path: Path
) -> None:
    depot = open_depots([tmp_path / "depot"]).receiver
    # One file of each distribution, and not the biggest, which hold nothing else.
    small = {
        wheel["name"]: folder / wheel["filename"]
        for wheel in WHEELS
        if (folder / wheel["filename"]).stat().st_size < LARGE and wheel["name"] != "sentry-cli"
    }
    entries = [install_wheel(depot, path) for path in small.values()]
    assert len(entries) > 60
    for mode in ("auto", "hardlink"):
        trees = []
        for engine in (python, native):
            prefix = make_prefix(depot, entries, engine=engine, link_mode=mode)
            assert prefix.created
            trees.append(tree(prefix.path))
            depot.remove(prefix.path)
        assert trees[0] == trees[1]
