from __future__ import annotations

from pathlib import Path

import pytest

from trail.errors import LockError, SettingsError, TrailError
from trail.toml import parse_toml

PATH = Path("some.toml")


def test_a_document() -> None:
    assert parse_toml("a = 'ä'\n[b]\n".encode(), PATH, LockError) == {"a": "ä", "b": {}}


def test_toml_1_1_on_every_python() -> None:
    data = b'a = {\n  b = "\\x41",  # a comment\n}\n'
    assert parse_toml(data, PATH, LockError) == {"a": {"b": "A"}}


@pytest.mark.parametrize(
    ("data", "message", "details"),
    [
        (
            b"a = 1\nb = = 2\n",
            "`some.toml` is not valid TOML",
            (("place", "line 2, column 5"), ("problem", "invalid value")),
        ),
        (
            b"a = ",
            "`some.toml` is not valid TOML",
            (("place", "end of document"), ("problem", "invalid value")),
        ),
        (
            b"a = 1\n\nb = '\xe4'\n",
            "`some.toml` is not UTF-8, so it is not TOML",
            (("place", "line 3"),),
        ),
    ],
)
@pytest.mark.parametrize("error", [LockError, SettingsError])
def test_faults(
    data: bytes, message: str, details: tuple[tuple[str, str], ...], error: type[TrailError]
) -> None:
    with pytest.raises(error) as caught:
        parse_toml(data, PATH, error)
    assert caught.value.message == message
    assert caught.value.details == details
