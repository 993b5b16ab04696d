"""Modules of the standard library that are loaded when something of them is used.

click and packaging import for their rarer parts what hardly a command of trail comes to: a
tenth of the time in which `trail lock` resolves with everything at hand. PEP 810 (Python 3.15)
lets a module say so, as packaging does; for the other Pythons it is said here.
"""

from __future__ import annotations

import sys
from _thread import allocate_lock
from importlib import import_module
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

__all__ = ["RARE", "load_late"]

RARE = (
    "ast",
    "dis",
    "ipaddress",
    "linecache",
    "locale",
    "subprocess",
    "sysconfig",
    "textwrap",
    "tokenize",
    "traceback",
)

_LOCK = allocate_lock()


class _Late(ModuleType):
    """Stands for a module until something of it is asked for, and then asks that one."""

    def __getattr__(self, name: str) -> Any:
        module = self.__name__
        with _LOCK:  # two threads may come here at once
            if sys.modules.get(module) is self:
                del sys.modules[module]
        return getattr(import_module(module), name)


def load_late(names: Iterable[str]) -> None:
    """Let imports of modules succeed without loading them; what is loaded stays as it is.

    Args:
        names: of modules that are there, and that nobody imports parts of (`import a.b`).
    """
    for name in names:
        if name not in sys.modules:
            sys.modules[name] = _Late(name)
