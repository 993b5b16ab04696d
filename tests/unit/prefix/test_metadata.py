from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.helpers.prefixes import facts_of

from trail.prefix.metadata import DistInfo, plan_metadata
from trail.values import replace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trail.model import Facts


def noted(*names: str) -> Facts:
    """Give facts whose engine noted these files of the .dist-info folder."""
    return replace(facts_of("a", "1.0", ["lib/python/site-packages/a.py"]), metadata=names)


@pytest.mark.parametrize(
    ("names", "files", "folders"),
    [
        (("METADATA", "RECORD"), ["METADATA", "RECORD"], []),
        (
            ("METADATA", "licenses/LICENSE", "licenses/deep/er/NOTICE", "sboms/a.json"),
            ["METADATA"],
            ["licenses", "sboms"],
        ),
        (("METADATA", "pyproject", "x.pyi"), ["METADATA", "pyproject", "x.pyi"], []),
    ],
)
def test_a_folder_in_dist_info_is_one_link(
    names: Sequence[str], files: Sequence[str], folders: Sequence[str]
) -> None:
    assert plan_metadata({7: noted(*names)}) == [DistInfo(7, "a-1.0.dist-info", files, folders)]


@pytest.mark.parametrize("names", [(), ("METADATA", "x.py"), ("METADATA", "deep/er/x.py")])
def test_code_and_what_nobody_noted_is_left(names: Sequence[str]) -> None:
    assert plan_metadata({0: noted(*names)}) == []
