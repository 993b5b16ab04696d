"""httpx without its command line, which imports pygments and more of rich (50 ms)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from types import ModuleType

# Where None stands an import fails, and httpx does without.
modules = cast("dict[str, ModuleType | None]", sys.modules)
modules.setdefault("httpx._main", None)

import httpx  # noqa: E402  # see above

if modules["httpx._main"] is None:
    del modules["httpx._main"]

__all__ = ["httpx"]
