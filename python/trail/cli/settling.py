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
    child = os.fork()
    if child != 0:
        os.waitpid(child, 0)
        return
    # A child of a child: the program that the parent becomes knows of no child.
    try:
        if os.fork() != 0:
            os._exit(0)
        # Leave the terminal, and the pipes to the parent's readers.
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        receiver.settle()
    finally:
        os._exit(0)
