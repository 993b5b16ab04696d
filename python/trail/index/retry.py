"""How often, and after which pauses, a transfer is tried again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from trail.addresses import redact
from trail.errors import FetchError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Patience", "TransientError", "retry_after"]

_LONGEST_WAIT = 60.0  # seconds that a server may make us wait
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 8.0


class TransientError(Exception):
    """A fault that may pass.

    Args:
        reason: what happened.
        wait: for how many seconds the server asks to be left alone, or None.
    """

    def __init__(self, reason: str, *, wait: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait = wait


class Patience:
    """Counts the retries of one transfer, and waits before each.

    Args:
        url: for the message.
        retries: how many there may be in a row.
        pause: waits so many seconds.
    """

    def __init__(self, url: str, retries: int, pause: Callable[[float], object]) -> None:
        self._url = url
        self._retries = retries
        self._used = 0
        self._pause = pause

    def wait(self, fault: TransientError) -> None:
        """Wait before the next try.

        Raises:
            FetchError: there were enough tries, or the server asks for too long a wait.
        """
        if self._used >= self._retries or (fault.wait or 0.0) > _LONGEST_WAIT:
            details: list[tuple[str, str]] = []
            if fault.wait is not None:
                details.append(("retry after", f"{fault.wait:.0f} s"))
            if self._used:
                details.append(("attempts", str(self._used + 1)))
            raise FetchError(
                f"could not fetch `{redact(self._url)}`: {fault.reason}", details=tuple(details)
            ) from fault
        import random  # noqa: PLC0415  # most transfers need no second try

        longest = min(_FIRST_PAUSE * 2**self._used, _LONGEST_PAUSE)
        self._used += 1
        # Jitter: clients that failed together should not come back together.
        jittered = longest * random.uniform(0.5, 1.0)  # noqa: S311  # no secret
        self._pause(jittered if fault.wait is None else max(fault.wait, 0.0))

    def renew(self) -> None:
        """Count anew, as the transfer made progress."""
        self._used = 0


def retry_after(value: str | None) -> float | None:
    """Read the header Retry-After (RFC 9110, 10.2.3).

    Args:
        value: the header, a number of seconds or a date; or None.

    Returns:
        Seconds from now; None where the header is missing or makes no sense.
    """
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    import email.utils  # noqa: PLC0415  # loads sockets, and most servers give a number

    try:
        when = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())
