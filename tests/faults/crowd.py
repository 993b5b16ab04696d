"""A process among many that admit the same entries; run by test_admission.

crowd.py DEPOT COUNT            admit entries e0 … and print how many this process made
crowd.py DEPOT COUNT SEED KILLS do so again and again in children that are killed
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

from tests.helpers.depots import depot_at, entry_facts, stage_entry

FILES = {f"module{number}.py": b"x = 1\n" * 50 for number in range(20)}


def admit_all(root: Path, count: int) -> int:
    """Bring all entries into the depot as commands do; return how many of them we made."""
    depot = depot_at(root)
    made = 0
    for number in range(count):
        name = f"e{number}"
        identity = entry_facts(name)[0]
        with depot.guard(identity):
            if depot.find(identity) is not None:
                continue
            with depot.staging() as staging:
                identity, info = stage_entry(staging / "entry", name, files=FILES)
                depot.admit(staging / "entry", identity, info)
                made += 1
    return made


def kill_children(root: Path, count: int, seed: int, kills: int) -> None:
    """Fork children that admit, kill each at a random moment, and tell how long one lived."""
    chance = random.Random(seed)
    begin = time.monotonic()
    admit_all(root.with_name("rehearsal"), count)
    longest = time.monotonic() - begin
    for _ in range(kills):
        doomed = [number for number in range(count) if chance.choice((True, False))]
        child = os.fork()
        if child == 0:
            # Or the later children would find everything made.
            depot = depot_at(root)
            for number in doomed:
                depot.remove(depot.layout.entry(entry_facts(f"e{number}")[0]))
            admit_all(root, count)
            os._exit(0)
        time.sleep(chance.uniform(0, longest))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        check(root)


def check(root: Path) -> None:
    """Check that whatever can be found is whole."""
    depot = depot_at(root)
    for entry in depot.entries():
        sources = list(entry.path.rglob("module*.py"))
        if len(sources) != len(FILES) or not (entry.path / "entry.json").read_bytes():
            sys.exit(f"half an entry: {entry.path}")


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[2:]]
    if len(arguments) == 1:
        print(admit_all(Path(sys.argv[1]), arguments[0]))  # noqa: T201  # the test reads it
    else:
        kill_children(Path(sys.argv[1]), *arguments)
