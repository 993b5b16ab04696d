"""Compile what was installed, and wait for it: `trail install --compile`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trail.prefix.bytecode import compile_entries, compile_prefix

if TYPE_CHECKING:
    from trail.commands.context import Context
    from trail.commands.install import Installed
    from trail.prefix.bytecode import Compiled
    from trail.prefix.model import Prefix

__all__ = ["compile_now"]


def compile_now(context: Context, installed: Installed, prefix: Prefix | None) -> Compiled:
    """Write the bytecode that is still missing, on all processors.

    Without it the first `trail run` lets a process of lowest priority do that.

    Args:
        context: where and how.
        installed: what was installed.
        prefix: what was made of it, if anything.

    Raises:
        DepotError: the prefix cannot be read, or the depot not written.
    """
    interpreter, processes = installed.python.interpreter, context.settings.threads
    if prefix is not None:
        return compile_prefix(installed.stack.receiver, prefix.key, processes=processes)
    return compile_entries(
        interpreter.base, interpreter.cache_tag, installed.entries, processes=processes
    )
