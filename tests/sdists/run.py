"""Build the table of source distributions with trail and with pip, and write the document.

    python tests/sdists/run.py [NAME...]    all cases, or those whose name contains a NAME

Each result is kept until the case changes, so that a part can be run again; the document
always shows the whole table. The big ones take many minutes: `--new` leaves out what is there.
"""

# ruff: noqa: T201  # a script that prints

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "python")]

from benches.locks import default_cache  # noqa: E402  # found there
from tests.sdists.building import Failure, build_both  # noqa: E402
from tests.sdists.debian import lacks  # noqa: E402
from tests.sdists.report import DIFFERS, FAILED, Report  # noqa: E402
from tests.sdists.table import read_table  # noqa: E402

DOCUMENT = ROOT / "docs" / "source-distributions.md"


def main() -> int:
    """Run what the arguments name."""
    parser = argparse.ArgumentParser(description="Compare builds of trail with those of pip.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="part of a case's name")
    parser.add_argument("--short", action="store_true", help="only what runs on each change")
    parser.add_argument("--new", action="store_true", help="only what has no result yet")
    options = parser.parse_args()
    cases = read_table()
    report = Report(cases, default_cache(os.environ) / "sdists" / "results.json")
    bad = 0
    for case in cases:
        if options.names and not any(name in case.name for name in options.names):
            continue
        if (options.short and not case.short) or (options.new and report.has(case)):
            continue
        begun = time.monotonic()
        missing = lacks(case.apt, case.programs)
        if missing:
            word = report.add(case, missing)
            print(missing, flush=True)
        else:
            with tempfile.TemporaryDirectory(prefix="sdists-") as folder:
                try:
                    word = report.add(case, build_both(case, Path(folder).resolve()))
                except Failure as failure:
                    word = report.add(case, str(failure), failed=True)
                    print(failure, flush=True)
        bad += word in {DIFFERS, FAILED}
        print(f"{case.requirement}: {word} ({time.monotonic() - begun:.0f} s)", flush=True)
        DOCUMENT.write_text(report.text(), encoding="utf-8")
    print(f"{DOCUMENT.relative_to(ROOT)} is written; {bad} failed or differ", flush=True)
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
