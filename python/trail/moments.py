"""Points in time as people write them: a day, a time, or an age."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

__all__ = ["parse_moment", "spell_moment"]

_AGE = re.compile(r"(?P<count>\d+)\s*(?P<unit>hours?|days?|weeks?|[hdw])|P(T?)(\d+)([HDW])")
_HOURS = {"h": 1, "d": 24, "w": 24 * 7}


def parse_moment(text: str, now: datetime) -> datetime:
    """Read a point in time.

    Args:
        text: as for `spell_moment`.
        now: what an age is subtracted from.

    Raises:
        ValueError: it is none of these.
    """
    spelled = spell_moment(text)
    if spelled[-1] in _HOURS:
        return now - timedelta(hours=int(spelled[:-1]) * _HOURS[spelled[-1]])
    return datetime.fromisoformat(spelled)


def spell_moment(text: str) -> str:
    """Write a point in time in the one way that a lock has it.

    Args:
        text: a date (midnight UTC), a date with time (UTC, if it has no zone), or an age in
            hours, days or weeks, such as `12h`, `7 days` or `P1W`.

    Returns:
        An age as a number and one of `h`, `d` and `w`, so that it stays one; else ISO 8601.

    Raises:
        ValueError: it is none of these.
    """
    age = _AGE.fullmatch(text.strip())
    if age is not None:
        count, unit = age["count"] or age[4], (age["unit"] or age[5])[0].lower()
        if age[3] is None or bool(age[3]) == (unit == "h"):  # PT12H, but P7D
            return f"{int(count)}{unit}"
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ValueError(f"`{text}` is no date and no age") from error
    return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).isoformat()
