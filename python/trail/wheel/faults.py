"""How the checks of docs/wheel-checks.md tell what is wrong; the engine adds which wheel."""

from __future__ import annotations

from trail.errors import WheelError

__all__ = ["Fault"]


class Fault(Exception):  # noqa: N818  # a word of docs/wheel-checks.md; users see WheelError
    """A rule is broken.

    Args:
        code: the rule.
        member: the archive member concerned, or None for the archive as a whole.
        expected: what the rule asks for, or None where the rules name nothing.
        actual: what was found, or None.
    """

    def __init__(
        self,
        code: str,
        member: str | None = None,
        *,
        expected: str | None = None,
        actual: str | None = None,
    ) -> None:
        super().__init__(code, member, expected, actual)
        self.code = code
        self.member = member
        self.expected = expected
        self.actual = actual

    def of(self, wheel: str) -> WheelError:
        """Make the error that users see; `wheel` is the wheel's file name."""
        return WheelError(
            wheel, self.code, member=self.member, expected=self.expected, actual=self.actual
        )
