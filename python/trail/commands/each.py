"""One command on several Pythons: `trail run -p 3.11 -p 3.12 …`, as tox does.

Each runs in a `trail run` of its own with one `-p`: it finds its record, and is as fast as if
it had been typed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["Outcome", "run_each", "split_pythons"]

_NAMES = ("-p", "--python")
# However this trail was found, the new process finds the same one.
_ROOT = os.path.abspath(f"{__file__}/../../..")  # noqa: PTH100  # a string for the command line
_PROGRAM = """\
import sys
sys.path.append(sys.argv.pop(1))
sys.argv[0] = "trail"
from trail.__main__ import main
sys.exit(main())
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of the command on one Python.

    Args:
        python: as it was asked for.
        code: the exit code; minus the signal's number where one ended it.
        seconds: how long it took.
        output: what it wrote to standard output; None where that was trail's own.
        errors: the same of standard error.
    """

    python: str
    code: int
    seconds: float
    output: bytes | None = None
    errors: bytes | None = None


def split_pythons(
    options: Sequence[str], with_value: frozenset[str]
) -> tuple[list[str], list[str]]:
    """Take the Pythons out of the options of `trail run`.

    Args:
        options: as they were typed.
        with_value: those that are followed by a value.

    Returns:
        The Pythons, each once and in their order, and the other options.
    """
    pythons: dict[str, None] = {}
    others: list[str] = []
    words = iter(options)
    for word in words:
        name, equals, value = word.partition("=")
        if word in _NAMES:
            pythons[next(words, "")] = None
        elif name == "--python" and equals:
            pythons[value] = None
        elif word.startswith("-p") and not word.startswith("--"):
            pythons[word[2:]] = None
        elif word in with_value:
            others += [word, next(words, "")]
        else:
            others.append(word)
    return list(pythons), others


def run_each(  # noqa: PLR0913  # the parts of a command line, and how to run it
    pythons: Sequence[str],
    options: Sequence[str],
    command: Sequence[str],
    *,
    environ: Mapping[str, str],
    jobs: int,
    begin: Callable[[str], None],
) -> Iterator[Outcome]:
    """Run a command on several Pythons, and give what came of it, in their order.

    Args:
        pythons: as `-p` takes them.
        options: of `trail run`, without the Pythons.
        command: what to run, with its arguments.
        environ: the environment variables.
        jobs: how many at a time; with more than one their output is collected.
        begin: told of each Python before its command runs, if it is the only one then.
    """

    def run(python: str) -> Outcome:
        if jobs == 1:
            begin(python)
        words = ["run", "-p", python, *options, "--", *command]
        start = time.monotonic()
        done = subprocess.run(  # noqa: S603  # trail itself
            [sys.executable, "-P", "-c", _PROGRAM, _ROOT, *words],
            env=environ,
            check=False,
            stdin=None if jobs == 1 else subprocess.DEVNULL,
            stdout=None if jobs == 1 else subprocess.PIPE,
            stderr=None if jobs == 1 else subprocess.PIPE,
        )
        seconds = time.monotonic() - start
        if done.returncode in {-signal.SIGINT, 128 + signal.SIGINT}:
            raise KeyboardInterrupt  # the user's, who means all of them
        return Outcome(
            python=python,
            code=done.returncode,
            seconds=seconds,
            output=done.stdout,
            errors=done.stderr,
        )

    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  # not for one Python

    pool = ThreadPoolExecutor(jobs)
    try:
        yield from pool.map(run, pythons)
    finally:
        pool.shutdown(cancel_futures=True)
