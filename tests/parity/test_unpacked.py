from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from tests.helpers.wheels import record_line
from tests.parity.good_wheels import DEMO, GOOD, SITE, Good
from tests.parity.unpacking import FILENAME, Node, run

from trail.model import Facts, NormalizedName, Sha256
from trail.wheel.filename import parse_filename

if TYPE_CHECKING:
    from pathlib import Path

    from trail.wheel.engine import Engine


@pytest.mark.parametrize("good", GOOD, ids=lambda good: good.title)
def test_good_wheels_are_unpacked_alike(engine: Engine, good: Good, tmp_path: Path) -> None:
    files = {f"{SITE}/{path}": content for path, content in _own_files(good).items()}
    nodes = _nodes({**good.files, **files}, good.executable)
    facts = _facts(good, nodes)

    result = run(engine, good.archive, tmp_path, **good.options)

    assert result.said == facts
    assert result.tree == nodes


@pytest.mark.parametrize("good", GOOD, ids=lambda good: good.title)
def test_an_archive_of_somebody_else_gives_the_same(
    native: Engine, good: Good, tmp_path: Path
) -> None:
    shared = run(native, good.archive, tmp_path, private=False, **good.options)
    assert shared == run(native, good.archive, tmp_path, **good.options)


def _info(good: Good) -> str:
    return str(good.facts.get("dist_info", "demo-1.0.dist-info"))


def _own_files(good: Good) -> dict[str, bytes]:
    """Write RECORD and INSTALLER from what the table says."""
    info = _info(good)
    installer = f"{info}/INSTALLER"
    rows = {f"{info}/RECORD": f"{info}/RECORD,,\n", installer: record_line(installer, b"trail\n")}
    for path, content in good.files.items():
        shown = path.removeprefix(f"{SITE}/") if path.startswith(SITE) else f"../../../{path}"
        rows[shown] = record_line(shown, content)
    for script in good.facts.get("scripts", ()):
        rows.setdefault(f"../../../bin/{script.name}", f"../../../bin/{script.name},,\n")
    record = "".join(rows[path] for path in sorted(rows))
    return {installer: b"trail\n", f"{info}/RECORD": record.encode()}


def _nodes(files: dict[str, bytes], executable: frozenset[str]) -> dict[str, Node]:
    nodes: dict[str, Node] = {".": ("folder", 0o755, b"")}
    for path, content in files.items():
        nodes[path] = ("file", 0o555 if path in executable else 0o444, content)
        while "/" in path:
            path = path.rpartition("/")[0]  # noqa: PLW2901  # climbs
            nodes[path] = ("folder", 0o555, b"")
    return nodes


def _facts(good: Good, nodes: dict[str, Node]) -> Facts:
    files = sorted(path for path, (kind, _, _) in nodes.items() if kind == "file")
    contents = [nodes[path][2] for path in files]
    metadata = f"{SITE}/{_info(good)}/"
    name = parse_filename(good.options.get("filename", FILENAME))
    record = nodes[f"{SITE}/{_info(good)}/RECORD"][2]
    facts = {
        "name": NormalizedName("demo"),
        "version": name.version,
        "dist_info": _info(good),
        "root_is_purelib": True,
        "files": len(contents),
        "size": sum(map(len, contents)),
        "record": Sha256(hashlib.sha256(record).hexdigest()),
        "top_level": DEMO,
        "metadata": tuple(
            path.removeprefix(metadata) for path in files if path.startswith(metadata)
        ),
        "root_files": tuple(path for path in files if "/" not in path),
    }
    return Facts(**{**facts, **good.facts})
