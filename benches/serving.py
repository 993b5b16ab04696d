"""Run an index on 127.0.0.1 for the benches (`benches.answers`), in a process of its own.

    python3 benches/serving.py --store FOLDER --condition pypi

It ends with its input. To whoever measures, its processor time is nobody's: it is no child.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import http.client
import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

_ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[:0] = [str(_ROOT), str(_ROOT / "python")]

from benches.answers import Counts, Index, listen  # noqa: E402  # the path comes first
from benches.measure import leave_orphans  # noqa: E402
from benches.pages import CONDITIONS  # noqa: E402
from benches.upstream import Upstream  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Server", "serve"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server.

    Args:
        port: on 127.0.0.1.
        pid: its process.
    """

    port: int
    pid: int

    def index(self, condition: str) -> str:
        """The address of the index that answers so (`benches.pages.CONDITIONS`)."""
        return f"http://127.0.0.1:{self.port}/{condition}/simple/"

    def counts(self) -> Counts:
        """What was asked for until now."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port)) as connection:
            connection.request("GET", "/counts")
            return Counts(**json.loads(connection.getresponse().read()))


@contextlib.contextmanager
def serve(store: Path, conditions: Sequence[str], python: Path) -> Iterator[Server]:
    """Run a server in a process of its own until the context ends.

    Args:
        store: what was fetched, in earlier runs too.
        conditions: for which pages are made before it says that it is ready.
        python: has what trail needs. The environment says where the index is.
    """
    asked = [part for name in conditions for part in ("--condition", name)]
    leave_orphans()
    # It forks, so that nobody waits for it: the launcher ends, and it ends with its input.
    with subprocess.Popen(
        [python, Path(__file__), "--store", store, *asked],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as launcher:
        assert launcher.stdin is not None  # noqa: S101  # for mypy
        assert launcher.stdout is not None  # noqa: S101
        line = launcher.stdout.readline()
        if launcher.wait() or not line:
            raise subprocess.CalledProcessError(launcher.returncode or 1, launcher.args)
        try:
            yield Server(**json.loads(line))
        finally:
            launcher.stdin.close()
            launcher.stdout.read()  # until it has ended


def main(arguments: Sequence[str]) -> None:
    """Serve until the input ends.

    Args:
        arguments: of the command line.
    """
    parser = argparse.ArgumentParser(prog="benches/serving.py", description=__doc__)
    parser.add_argument("--store", type=Path, required=True, help="for what is fetched")
    parser.add_argument("--condition", action="append", default=[], choices=CONDITIONS)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args(arguments)
    if os.fork():
        return
    sock = socket.create_server(("127.0.0.1", options.port))
    port = sock.getsockname()[1]
    upstream = Upstream.configured(options.store, Path.cwd())
    index = Index(upstream, f"http://127.0.0.1:{port}/")
    index.prepare([CONDITIONS[name] for name in options.condition])
    gc.freeze()  # pages are many objects; to look through them takes time that somebody measures
    print(json.dumps({"port": port, "pid": os.getpid()}), flush=True)
    asyncio.run(_until_input_ends(index, sock))


async def _until_input_ends(index: Index, sock: socket.socket) -> None:
    async with await listen(index, sock):
        await asyncio.to_thread(sys.stdin.buffer.read)
    os._exit(0)  # without waiting for what is still fetched


if __name__ == "__main__":
    main(sys.argv[1:])
