"""The entry point: where nothing is to be done, without click, httpx and packaging."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # without the module, which `trail run` does not need
    from typing import NoReturn


def main() -> NoReturn:
    """Run the command line, and end the process with its exit code."""
    leave(run())


def leave(code: int) -> NoReturn:
    """End the process at once.

    Python would look through all that it has, and free it piece by piece, which took a seventh
    of the time of `trail lock`; and it would wait for what is fetched ahead and needed no more.

    Args:
        code: the exit code.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # what could be said of it was said where it was written
            code = code or 1
    os._exit(code)


def run() -> int:
    """Run the command line.

    Returns:
        The exit code.
    """
    try:
        return _main()
    except KeyboardInterrupt:  # also while modules are loaded, before anybody else catches it
        return 130


def _main() -> int:
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # Closed by who started us. Its number is the lowest free one and taken here, or
            # the next file that is opened would get what is meant for people.
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115  # stays open
    if sys.argv[1:2] == ["run"]:
        from trail.commands.replay import replay_run  # noqa: PLC0415  # only where it can help

        replay_run(sys.argv[2:], dict(os.environ))
    elif sys.argv[1:2] == ["install"]:
        from trail.commands.replay import replay_install  # noqa: PLC0415  # as above

        done = replay_install(sys.argv[2:], dict(os.environ))
        if done is not None:
            sys.stderr.write(f"{done}\n")
            return 0
    elif sys.argv[1:2] == ["lock"]:
        from trail.commands.replay import replay_lock  # noqa: PLC0415  # as above

        done = replay_lock(sys.argv[2:], dict(os.environ))
        if done is not None:
            sys.stderr.write(f"{done}\n")
            return 0
    import gc  # noqa: PLC0415  # as below

    # What a command loads stays: looking through it again and again took 7 % of its time, and
    # once through all that a resolution makes another 2 %.
    gc.set_threshold(1_000_000)
    from trail.late import RARE, load_late  # noqa: PLC0415  # not where nothing is to be done

    load_late(RARE)
    from trail.cli.main import main as command_line  # noqa: PLC0415  # loads click

    return command_line()


if __name__ == "__main__":
    main()
