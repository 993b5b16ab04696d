from __future__ import annotations

from datetime import UTC, datetime

import pytest

from trail.moments import parse_moment, spell_moment

NOW = datetime(2026, 2, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "spelled", "day"),
    [
        ("2026-01-31", "2026-01-31T00:00:00+00:00", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T08:30", "2026-01-31T08:30:00+00:00", datetime(2026, 1, 31, 8, 30, tzinfo=UTC)),
        ("2026-01-31T08:30:00Z", "2026-01-31T08:30:00+00:00", None),
        ("2026-01-31T08:30:00+02:00", "2026-01-31T08:30:00+02:00", None),
        (" 7d ", "7d", datetime(2026, 2, 3, 12, tzinfo=UTC)),
        ("7 days", "7d", datetime(2026, 2, 3, 12, tzinfo=UTC)),
        ("1 week", "1w", datetime(2026, 2, 3, 12, tzinfo=UTC)),
        ("P1W", "1w", datetime(2026, 2, 3, 12, tzinfo=UTC)),
        ("PT012H", "12h", datetime(2026, 2, 10, tzinfo=UTC)),
    ],
)
def test_days_times_and_ages(text: str, spelled: str, day: datetime | None) -> None:
    assert spell_moment(text) == spelled
    assert spell_moment(spelled) == spelled
    assert day is None or parse_moment(text, NOW) == day


@pytest.mark.parametrize("text", ["", "yesterday", "7", "7y", "P7H", "PT7D", "2026-02-30", "-1d"])
def test_what_is_none_of_these(text: str) -> None:
    with pytest.raises(ValueError, match=f"`{text}` is no date and no age"):
        spell_moment(text)
