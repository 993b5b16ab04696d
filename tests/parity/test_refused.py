from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.parity.bad_wheels import BAD, Bad
from tests.parity.unpacking import run

from trail.errors import FAULTS

if TYPE_CHECKING:
    from pathlib import Path

    from trail.wheel.engine import Engine


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: f"{bad.fault.code}: {bad.title}")
def test_bad_wheels_are_refused_alike(engine: Engine, bad: Bad, tmp_path: Path) -> None:
    assert run(engine, bad.archive, tmp_path, **bad.options).said == bad.fault


def test_every_rule_has_a_bad_wheel() -> None:
    assert {bad.fault.code for bad in BAD} | {"disk-full"} == set(FAULTS)
