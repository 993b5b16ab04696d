"""docs/layout.md says what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.helpers.depots import entry_facts

from trail.depot import layout
from trail.depot.entry import dump_info
from trail.depot.roots import Input, Root, dump_root

DOCUMENT = (Path(__file__).parents[3] / "docs" / "layout.md").read_text(encoding="utf-8")


def section(number: int) -> str:
    return re.split(r"^## \d+\. ", DOCUMENT, flags=re.MULTILINE)[number]


def first_column(text: str) -> set[str]:
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def test_the_keys_of_an_entry_are_the_specified_ones() -> None:
    tree = json.loads(dump_info(entry_facts("a")[1]))
    keys = {key for key in tree if key not in {"facts", "origin"}}
    keys |= {f"{group}.{key}" for group in ("facts", "origin") for key in tree[group]}
    assert keys == first_column(section(4))


def test_the_keys_of_a_root_are_the_specified_ones() -> None:
    root = Root(
        project="/p",
        request=["x"],
        entries=["e"],
        inputs=[Input("/i", 1, 1, "")],
        depots=["/d"],
        note="done",
        withheld=["pytest"],
    )
    first, *lines = dump_root(root).decode().splitlines()
    assert first == "trail-root 1"
    assert f"`{first}`" in section(9)
    assert {line.partition("\t")[0] for line in lines} == first_column(section(9))


def test_ids_match_the_specified_pattern() -> None:
    assert f"`{layout._ENTRY_ID.pattern}`" in section(3)


def test_the_version_is_the_specified_one() -> None:
    assert f"layout, version {layout.LAYOUT_VERSION}\n" in DOCUMENT
