"""What the tests of locks share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock
from tests.locks.making import Workshop

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def workshop() -> Iterator[Workshop]:
    workshop = Workshop(dict(os.environ))
    with FileLock(workshop.cache / "locks.lock"):
        yield workshop
