"""Work that is done once, ahead of time or when somebody needs it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

__all__ = ["Known", "Once"]

T = TypeVar("T")


class Known(Generic[T]):
    """Work that was done before, in the place of a `Once`; costs nothing.

    Args:
        value: its outcome.
    """

    __slots__ = ("_value",)

    done = True

    def __init__(self, value: T) -> None:
        self._value = value

    def run(self) -> None:
        """Nothing is left to be done."""

    def result(self) -> T:
        """Return the outcome."""
        return self._value


class Once(Generic[T]):
    """A piece of work that several threads may need; the first one does it.

    So who needs something that still waits in the queue of a thread pool does it at once,
    and does not wait behind what might be needed some day.

    Args:
        work: what is to be done.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        from concurrent.futures import Future  # noqa: PLC0415  # not needed for what is known

        self._work = work
        self._lock = threading.Lock()
        self._begun = False
        self._future: Future[T] = Future()

    @property
    def done(self) -> bool:
        """Whether it has an outcome."""
        return self._future.done()

    def run(self) -> None:
        """Do it, unless somebody does or did."""
        with self._lock:
            if self._begun:
                return
            self._begun = True
        try:
            self._future.set_result(self._work())
        except BaseException as error:  # noqa: BLE001  # who needs it gets it
            self._future.set_exception(error)

    def result(self) -> T:
        """Do it or wait for it; return or raise the outcome."""
        self.run()
        return self._future.result()
