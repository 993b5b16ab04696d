"""Run the compatibility suite and write docs/compatibility.md.

    python tests/compat/run.py [NAME...]    all cases, or those whose name contains a NAME

Each verdict is kept beside the wheels until the case changes, so that a part can be run
again; the document always shows the whole table.
"""

# ruff: noqa: T201  # a script that prints

from __future__ import annotations

import argparse
import sys
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "python")]

from tests.compat.judge import FAILED, SKIPPED, Verdict, judge  # noqa: E402  # found there
from tests.compat.matrix import Matrix  # noqa: E402
from tests.compat.table import read_table  # noqa: E402
from tests.compat.worlds import Session  # noqa: E402

DOCUMENT = ROOT / "docs" / "compatibility.md"


def main() -> int:
    """Run what the arguments name."""
    parser = argparse.ArgumentParser(description="Compare trail with virtualenvs.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="part of a case's name")
    parser.add_argument("--short", action="store_true", help="only what runs on each change")
    parser.add_argument("--new", action="store_true", help="only what has no verdict yet")
    parser.add_argument(
        "--patience", type=float, default=1, metavar="N", help="multiply the time limits with N"
    )
    options = parser.parse_args()
    cases = read_table()
    failed = 0
    with Session(patience=options.patience) as session:
        matrix = Matrix(cases, session.houses.cache / "verdicts.json")
        for case in cases:
            if options.names and not any(name in case.name for name in options.names):
                continue
            if options.short and not case.short:
                continue
            for minor in case.pythons:
                if options.new and matrix.has(case, minor):
                    continue
                start = time.monotonic()
                try:
                    verdict = judge(session, case, minor)
                except Exception:  # noqa: BLE001  # the other cases still count
                    verdict = Verdict(FAILED, traceback.format_exc(), minor)
                matrix.add(case, minor, verdict)
                seconds = time.monotonic() - start
                print(f"{case.name} {verdict.python}: {verdict.word} ({seconds:.1f} s)", flush=True)
                if verdict.word in {FAILED, SKIPPED}:
                    print(verdict.reason, flush=True)
                failed += verdict.word == FAILED
        changes = session.changes()
        print(*changes, sep="\n", end="\n" if changes else "", flush=True)
        DOCUMENT.write_text(matrix.text(), encoding="utf-8")
    print(f"{DOCUMENT.relative_to(ROOT)} is written; {failed} failed", flush=True)
    return failed > 0 or changes != []


if __name__ == "__main__":
    sys.exit(main())
