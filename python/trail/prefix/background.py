"""Start to compile a prefix without waiting for it. Light to import: `trail run` asks here.

A program's first start compiles what it imports in its own memory; meanwhile a process of
lowest priority does it once for all later starts.
"""

from __future__ import annotations

import os
import sys

__all__ = ["start_compiling"]

# However this trail was found, the new process finds the same one.
_ROOT = os.path.abspath(f"{__file__}/../../..")  # noqa: PTH100  # no pathlib, see below
_PROGRAM = """\
import sys
sys.path.append(sys.argv.pop(1))
from trail.prefix.bytecode import main
main(sys.argv[1:])
"""


def start_compiling(prefix: str) -> bool:
    """Start to compile what a prefix uses, unless that was done before: one stat.

    Args:
        prefix: the prefix's folder.

    Returns:
        Whether a process was started. It is no child of this one, so that a program that
        this process becomes never waits for a child it does not know.
    """
    prefixes, key = os.path.split(prefix)
    depot = os.path.dirname(prefixes)  # noqa: PTH120  # pathlib costs the fast path 5 ms
    mark = os.path.join(depot, "compiled", key)  # noqa: PTH118
    if os.path.exists(mark) or not os.access(depot, os.W_OK):  # noqa: PTH110
        return False
    import subprocess  # noqa: PLC0415  # only once for each prefix

    command = [sys.executable, "-c", _PROGRAM, _ROOT, prefix]
    null = subprocess.DEVNULL
    if os.name == "nt":
        flags = getattr(subprocess, "DETACHED_PROCESS", 0)
        flags |= getattr(subprocess, "IDLE_PRIORITY_CLASS", 0)
        subprocess.Popen(  # noqa: S603  # our own program
            command, stdin=null, stdout=null, stderr=null, creationflags=flags
        )
        return True
    subprocess.run(  # noqa: S603  # our own program
        # The shell leaves at once, and with it the last relation to the new process.
        ["/bin/sh", "-c", '"$@" &', "sh", *command],
        check=False,
        stdin=null,
        stdout=null,
        stderr=null,
        start_new_session=True,
    )
    return True
