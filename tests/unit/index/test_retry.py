from __future__ import annotations

import email.utils
import time

import pytest

from trail.errors import FetchError
from trail.index.retry import Patience, TransientError, retry_after

URL = "https://u:p@host.example/x"


def test_pauses_grow_and_end() -> None:
    pauses: list[float] = []
    patience = Patience(URL, 6, pauses.append)
    for _ in range(6):
        patience.wait(TransientError("it rains"))
    for pause, longest in zip(pauses, [0.5, 1, 2, 4, 8, 8], strict=True):
        assert longest / 2 <= pause <= longest
    with pytest.raises(FetchError) as caught:
        patience.wait(TransientError("it rains"))
    assert str(caught.value) == "could not fetch `https://***@host.example/x`: it rains"
    assert caught.value.details == (("attempts", "7"),)


def test_progress_gives_the_retries_back() -> None:
    pauses: list[float] = []
    patience = Patience(URL, 1, pauses.append)
    patience.wait(TransientError("a"))
    patience.renew()
    patience.wait(TransientError("b"))
    with pytest.raises(FetchError, match=r"`: c$"):
        patience.wait(TransientError("c"))


def test_the_servers_wish_is_obeyed_up_to_a_minute() -> None:
    pauses: list[float] = []
    patience = Patience(URL, 4, pauses.append)
    patience.wait(TransientError("busy", wait=60.0))
    assert pauses == [60.0]
    with pytest.raises(FetchError) as caught:
        patience.wait(TransientError("busy", wait=61.0))
    assert caught.value.details == (("retry after", "61 s"), ("attempts", "2"))
    assert pauses == [60.0]


def test_retry_after_is_a_number_or_a_date() -> None:
    assert retry_after(None) is None
    assert retry_after("17") == 17.0
    assert retry_after("soon") is None
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
    later = retry_after(email.utils.formatdate(time.time() + 3600, usegmt=True))
    assert later is not None
    assert 3000 < later <= 3600
