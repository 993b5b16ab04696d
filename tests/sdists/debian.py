"""What a build needs of the system: Debian packages, installed where that is possible."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["lacks"]


def lacks(apt: Sequence[str], programs: Sequence[str] = ()) -> str:
    """Say what is missing, after trying to install it; an empty string if nothing is.

    As root on Debian `apt-get install` is run. Everybody else does it by hand; the document
    lists the packages.

    Args:
        apt: names of Debian packages.
        programs: what must be on PATH and is not installed here.
    """
    gone = [name for name in programs if shutil.which(name) is None]
    if gone:
        return f"needs {', '.join(gone)}"
    if apt and shutil.which("dpkg") is None:
        return f"needs what Debian calls {', '.join(apt)}"
    missing = [name for name in apt if _run("dpkg", "-s", name)]
    return _install(missing) if missing else ""


def _install(missing: Sequence[str]) -> str:
    if os.geteuid() != 0:
        return f"needs root to install {', '.join(missing)}"
    words = ("apt-get", "install", "--yes", "--quiet", "--no-install-recommends")
    if _run(*words, *missing) and (_run("apt-get", "update") or _run(*words, *missing)):
        return f"apt-get cannot install {', '.join(missing)}"
    return ""


def _run(*command: str) -> int:
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, capture_output=True, env=environ, check=False).returncode
