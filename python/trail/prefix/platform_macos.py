"""What is particular to prefixes on macOS, beside what all POSIX systems have in common.

dyld resolves links before it looks for `@loader_path`: a library in a linked folder looks for
others in its own entry. So what looks into other distributions must be a real file of the
prefix; the plan sees to that (rule 3), from the LC_RPATH that unpacking found.
"""

from __future__ import annotations

import os

from trail.prefix.platform_posix import PosixPlatform

__all__ = ["MacPlatform"]


class MacPlatform(PosixPlatform):
    """Clones where others copy, and has no lib64."""

    # IMG_SHSIZE of XNU.
    longest_shebang = 512
    has_lib64 = False

    def copy(self, source: str, path: str) -> None:
        """Copy a file with its mode, as a clone where the file system can (APFS)."""
        if not _clone(source, path):
            super().copy(source, path)


def _clone(source: str, path: str) -> bool:
    """Call clonefile(2); false where there is none, or it cannot."""
    import ctypes  # noqa: PLC0415  # only where files are copied

    clonefile = getattr(ctypes.CDLL(None), "clonefile", None)
    return clonefile is not None and not clonefile(os.fsencode(source), os.fsencode(path), 0)
