"""The entry point. `trail run` with nothing to do gets by without click, httpx and packaging."""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Run the command line.

    Returns:
        The exit code.
    """
    if sys.argv[1:2] == ["run"]:
        from trail.commands.replay import replay  # noqa: PLC0415  # only where it can help

        replay(sys.argv[2:], dict(os.environ))
    from trail.cli.main import main as command_line  # noqa: PLC0415  # loads click

    return command_line()


if __name__ == "__main__":
    sys.exit(main())
