from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.helpers.wheels import make_wheel

from trail.errors import SettingsError
from trail.model import NormalizedName
from trail.wheel import _python
from trail.wheel.engine import Job, choose_engine

if TYPE_CHECKING:
    from pathlib import Path


def test_the_engine_is_chosen_by_name() -> None:
    engine = choose_engine("python")
    assert engine.name == "python"
    assert engine.reason == "chosen by TRAIL_ENGINE"


def test_an_unknown_engine() -> None:
    with pytest.raises(SettingsError, match=r"^unknown engine `rust` in TRAIL_ENGINE$"):
        choose_engine("rust")


def test_a_bug_is_raised_where_outcomes_are_awaited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(job: Job) -> None:
        raise ZeroDivisionError(job.filename)

    monkeypatch.setattr(_python, "open_job", broken)
    wheel = make_wheel(tmp_path, "demo", "1.0", {})
    job = Job(
        wheel=wheel,
        filename=wheel.name,
        name=NormalizedName("demo"),
        version="1.0",
        destination=tmp_path / "out",
    )
    with _python.PythonEngine("test").open(threads=1) as unpacker:
        unpacker.submit(job)
        with pytest.raises(ZeroDivisionError, match=wheel.name):
            unpacker.next()
        assert unpacker.next() is None
