from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.helpers.depots import add_entry, depot_at
from tests.unit.depot.test_collect import add_prefix

from trail.depot.usage import Usage, measure

if TYPE_CHECKING:
    from pathlib import Path


def test_sizes_count_each_file_once(tmp_path: Path) -> None:
    depot = depot_at(tmp_path / "depot")
    entry = add_entry(depot, "a", files={"__init__.py": b"x" * 1000})
    total = sum(path.stat().st_size for path in entry.path.rglob("*") if path.is_file())
    count = sum(path.is_file() for path in entry.path.rglob("*"))
    source = next(entry.path.rglob("__init__.py"))
    prefix = add_prefix(depot, "p", entry)
    prefix.chmod(0o755)
    os.link(source, prefix / "linked")
    manifest = (prefix / "trail.json").stat().st_size
    usage = {item.part: item for item in measure(depot)}
    assert usage["installed"] == Usage(part="installed", items=1, files=count, size=total)
    assert usage["prefixes"] == Usage(part="prefixes", items=1, files=1, size=manifest)
    assert "index" not in usage
