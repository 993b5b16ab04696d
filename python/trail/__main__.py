"""The entry point: where nothing is to be done, without click, httpx and packaging."""

from __future__ import annotations

import os
import sys


def main() -> int:
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

    # What a command loads stays: looking through it again and again took 7 % of its time.
    gc.set_threshold(50_000)
    from trail.cli.main import main as command_line  # noqa: PLC0415  # loads click

    return command_line()


if __name__ == "__main__":
    sys.exit(main())
