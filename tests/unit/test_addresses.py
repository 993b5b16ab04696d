from __future__ import annotations

import pytest

from trail.addresses import hide_users, redact, without_users


@pytest.mark.parametrize(
    ("text", "hidden", "bare"),
    [
        ("https://me:p@ss@host/x", "https://***@host/x", "https://host/x"),
        (
            "a @ git+https://token@host/r@v1 ; x",
            "a @ git+https://***@host/r@v1 ; x",
            "a @ git+https://host/r@v1 ; x",
        ),
        ("git+ssh://git@host/r", "git+ssh://git@host/r", "git+ssh://git@host/r"),
        ("see http://host/x or me@host", "see http://host/x or me@host", None),
        (
            "http://a:b@one/ http://c@two/",
            "http://***@one/ http://***@two/",
            "http://one/ http://two/",
        ),
        ("https://host/p@th?q=a@b", "https://host/p@th?q=a@b", None),
    ],
)
def test_users_of_web_addresses(text: str, hidden: str, bare: str | None) -> None:
    assert hide_users(text) == hidden
    assert without_users(text) == (text if bare is None else bare)


def test_an_address_to_show_has_no_query_either() -> None:
    assert redact("https://me@host/x?sig=1#y") == "https://***@host/x?***#y"
