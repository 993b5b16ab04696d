"""Flush the depot to the disk when the user already has the answer (docs/layout.md)."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trail.depot.store import Stack

__all__ = ["settle_in_background"]


def settle_in_background(stack: Stack) -> None:
    """Start a process that flushes what is new, if something is; never wait for it.

    Elsewhere than on Linux entries were flushed before they became visible.
    """
    receiver = stack.receiver
    if sys.platform != "linux" or receiver.is_settled():
        return
    sys.stdout.flush()
    sys.stderr.flush()
    if os.fork() != 0:
        return
    # The child: leave the terminal and the pipes to the parent's readers.
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        receiver.settle()
    finally:
        os._exit(0)
