"""Distributions that must be made of hardlinks although nothing in their files says so.

A linked folder behaves as a real one, except for code that resolves links and then looks
for a neighbour. Where a native library does so, its search path tells (`Facts.escapes`);
where Python code does, only experience does. Each line has its reason.
"""

from __future__ import annotations

from trail.model import NormalizedName

__all__ = ["JOINED"]

JOINED: dict[NormalizedName, str] = {
    NormalizedName("mkl-service"): "its RPATH `$ORIGIN/../../..` means the prefix's lib folder",
    NormalizedName("pyside6"): "resolves its __file__, then looks for shiboken6 beside it",
    NormalizedName("pyside6-addons"): "shares the PySide6 package",
    NormalizedName("pyside6-essentials"): "resolves its __file__, then looks for shiboken6",
    NormalizedName("shiboken6"): "is looked for beside PySide6, and looks for it",
}
