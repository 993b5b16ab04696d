"""The verdicts on all cases, as a document."""

from __future__ import annotations

import hashlib
import json
import platform
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from benches.locks import EXCLUDE_NEWER, UV
from tests.compat.houses import PIP
from tests.compat.judge import FAILED, KNOWN, SAME, SKIPPED

from trail import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from tests.compat.judge import Verdict
    from tests.compat.table import Case

__all__ = ["Matrix"]

_HEAD = """\
# Compatibility

Made by `python3 dev.py compat`; do not edit. Each case of `tests/compat/cases` runs with the same
wheels in a virtualenv made by pip and in trail (`trail run`, default link mode). It is the
same if all its commands end with the same exit code and print the same, after places and times
are replaced. Files that are read-only are so for the commands, even where root runs them. A case
is never removed to make it pass, and the workaround of a known difference is tried.
"""

_TITLES = {
    "1": "Namespaces and shared packages",
    "2": "Native libraries",
    "3": "Metadata, resources and start-up files",
    "4": "Tools",
    "5": "Processes and starts",
    "6": "The packages' own test suites",
}


class Matrix:
    """All verdicts, those of earlier runs included.

    Args:
        cases: the table.
        store: where verdicts are kept.
    """

    def __init__(self, cases: Sequence[Case], store: Path) -> None:
        self._cases = cases
        self._store = store
        self._known: dict[str, dict[str, Any]] = {}
        self._read()

    def has(self, case: Case, minor: str) -> bool:
        """Whether there is a verdict that is worth keeping."""
        found = self._known.get(_key(case, minor))
        return found is not None and found["word"] != FAILED

    def _read(self) -> None:
        if self._store.exists():
            self._known = json.loads(self._store.read_bytes())

    def add(self, case: Case, minor: str, verdict: Verdict) -> None:
        """Keep a verdict."""
        day = time.strftime("%Y-%m-%d", time.gmtime())
        self._read()  # somebody may run another part at the same time
        self._known[_key(case, minor)] = {
            "word": verdict.word,
            "reason": verdict.reason,
            "python": verdict.python,
            "day": day,
        }
        self._store.write_text(json.dumps(self._known, indent=1), encoding="utf-8")

    def text(self) -> str:
        """Make the document."""
        self._read()
        rows = [
            (case, minor, self._known.get(_key(case, minor), {}))
            for case in self._cases
            for minor in case.pythons
        ]
        days = sorted(found["day"] for _, _, found in rows if found)
        span = " to ".join(dict.fromkeys([days[0], days[-1]])) if days else "never"
        counts = [
            f"{sum(found.get('word') == word for _, _, found in rows)} {word}"
            for word in (SAME, KNOWN, FAILED, SKIPPED)
        ]
        missing = sum(not found for _, _, found in rows)
        parts = [
            _HEAD,
            (
                f"Run on {span}: trail {__version__}, {platform.system()} {platform.machine()}, "
                f"pip {PIP}; unpinned dependencies as of {EXCLUDE_NEWER[:10]}, found by uv {UV}."
            ),
            f"{len(rows)} cases: {', '.join(counts)}"
            + (f", {missing} not run yet" if missing else "")
            + ".",
        ]
        parts += _differences(self._cases)
        for group in sorted({case.group for case in self._cases}):
            parts += _section(group, [row for row in rows if row[0].group == group])
        return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _differences(cases: Iterable[Case]) -> list[str]:
    lines = [
        f"- **{case.name}**: {case.differs.reason}. Workaround: {case.differs.workaround}."
        for case in cases
        if case.differs
    ]
    return ["## Known differences", "\n".join(lines)]


def _section(group: str, rows: Sequence[tuple[Case, str, dict[str, Any]]]) -> list[str]:
    lines = ["| case | packages | Python | outcome |", "|---|---|---|---|"]
    for case, minor, found in rows:
        packages = ", ".join(requirement.replace("==", " ") for requirement in case.requirements)
        word = found.get("word", "not run yet")
        if word == SKIPPED:
            word += f": {found['reason']}"
        if word == FAILED:
            word = f"**{FAILED}**"
        python = found.get("python", minor)
        lines.append(f"| {case.name} | {packages} | {python} | {word} |")
    return [f"## {group[0]}. {_TITLES[group[0]]}", "\n".join(lines)]


def _key(case: Case, minor: str) -> str:
    """The case and its control as they stand: other verdicts are worth nothing."""
    values = {name: value for name, value in asdict(case).items() if name != "short"}
    digest = hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()[:12]
    return f"{case.name} {minor} {digest} pip {PIP}"
