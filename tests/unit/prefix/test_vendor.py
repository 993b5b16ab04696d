from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from trail.depot.store import open_depots
from trail.prefix.vendor import (
    ARCHIVE,
    BOOT,
    EXPLAIN,
    STRICT,
    TELL,
    Runtime,
    bring_runtime,
    read_runtime,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_the_digest_is_that_of_the_files() -> None:
    runtime = read_runtime()
    assert set(runtime.sources) == {ARCHIVE, BOOT, EXPLAIN, STRICT, TELL}
    assert runtime == read_runtime()
    assert len(runtime.digest) == 12


def test_it_comes_into_a_depot_once_and_read_only(tmp_path: Path) -> None:
    depot = open_depots([tmp_path / "depot"]).receiver
    runtime = Runtime(digest="0123456789ab", sources={BOOT: b"one", EXPLAIN: b"two"})
    bring_runtime(runtime, depot)
    bring_runtime(runtime, depot)
    folder = depot.layout.runtime(runtime.digest)
    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert found == {f"{BOOT}.py": b"one", f"{EXPLAIN}.py": b"two"}
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {0o444}
