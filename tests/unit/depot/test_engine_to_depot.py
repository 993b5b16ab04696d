"""What an engine leaves, the depot admits and finds whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.helpers.depots import depot_at
from tests.helpers.wheels import make_wheel

from trail.depot.entry import EntryInfo, Origin
from trail.depot.layout import entry_id
from trail.depot.verify import verify_entry
from trail.files import hash_file
from trail.model import Facts, NormalizedName
from trail.wheel.engine import Job, choose_engine

if TYPE_CHECKING:
    from pathlib import Path


def test_a_wheel_with_all_schemes_is_admitted_and_whole(tmp_path: Path) -> None:
    wheel = make_wheel(
        tmp_path,
        "A.b",
        "1.0",
        {"a_b/__init__.py": "x = 1\n", 'a_b/comma, quote".txt': "", "c.py": ""},
        entry_points="[console_scripts]\na-b = a_b:main\n",
        data={"scripts/tool": "#!python\n", "data/share/x": "1", "headers/h.h": "2"},
    )
    depot = depot_at(tmp_path / "depot")
    name, sha256 = NormalizedName("a-b"), hash_file(wheel)
    with depot.staging() as staging, choose_engine("python").open(threads=1) as unpacker:
        unpacker.submit(
            Job(
                wheel=wheel,
                filename=wheel.name,
                name=name,
                version="1.0",
                destination=staging / "entry",
            )
        )
        outcome = unpacker.next()
        assert outcome is not None
        assert isinstance(outcome.result, Facts)
        info = EntryInfo(
            facts=outcome.result,
            origin=Origin(kind="path", path=str(wheel)),
            filename=wheel.name,
            sha256=sha256,
            size=wheel.stat().st_size,
        )
        entry = depot.admit(staging / "entry", entry_id(name, "1.0", wheel.name, sha256), info)
    found = depot.find(entry.id)
    assert found is not None
    assert found.info() == info
    assert verify_entry(found) == ()
