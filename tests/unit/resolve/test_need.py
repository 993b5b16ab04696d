from __future__ import annotations

import pytest
from packaging.requirements import InvalidRequirement
from packaging.version import Version
from tests.helpers.memory_source import normal

from trail.resolve.need import Needs, Reader
from trail.resolve.source import Metadata


def needs(*texts: str, extra: str = "") -> list[str]:
    metadata = Metadata(name=normal("a"), version=Version("1"), requires_dist=texts)
    found = Needs(metadata, Reader()).of(normal(extra))
    return [str(need.specifier or need.name) for need in found]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("pytz (>dev)", ">0.0.0.dev0"),
        ("pytz>=dev", ">0.0.0.dev0"),
        ("a (!=3.0*,>=2)", "!=3.0.*,>=2"),
        ("a>=3.6.*", ">=3.6"),
        ("a>=1.0<2", "<2,>=1.0"),
        ("a (>=1.0,)", ">=1.0"),
        ("a>=1.0,; python_version > '3'", ">=1.0"),
    ],
)
def test_old_mistakes_are_understood(text: str, meant: str) -> None:
    assert needs(text) == [meant]


@pytest.mark.parametrize("text", ["", "a b", "a>=", "a ; unknown == '1'", "a[", "-e ."])
def test_other_mistakes_are_not(text: str) -> None:
    with pytest.raises(InvalidRequirement):
        needs(text)


def test_requirements_of_extras_are_parsed_when_they_are_asked_for() -> None:
    texts = ("b", "c>=2 ; extra == 'X_y'", "nonsense! ; extra == 'z'", "d ; 'q' == extra")

    assert needs(*texts) == ["b", "d"]
    assert needs(*texts, extra="x-y") == ["d", ">=2"]
    with pytest.raises(InvalidRequirement):
        needs(*texts, extra="z")
