"""Fixtures: the two engines."""

from __future__ import annotations

import os

import pytest

from trail.errors import SettingsError
from trail.wheel.engine import Engine, choose_engine


def native_engine() -> Engine:
    """Return the native engine, or skip; with TRAIL_REQUIRE_NATIVE=1 its absence is a failure."""
    try:
        return choose_engine("native")
    except SettingsError as error:
        if os.environ.get("TRAIL_REQUIRE_NATIVE") == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture
def python() -> Engine:
    """The Python engine."""
    return choose_engine("python")


@pytest.fixture
def native() -> Engine:
    """The native engine."""
    return native_engine()


@pytest.fixture(params=["python", "native"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Both engines, one after the other."""
    return choose_engine("python") if request.param == "python" else native_engine()
