"""What came of all cases, kept until a case changes, and written as a document."""

from __future__ import annotations

import hashlib
import json
import platform
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from trail import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.sdists.building import Built
    from tests.sdists.table import Case

__all__ = ["Report"]

_HEAD = """\
# Source distributions

Made by `python3 dev.py sdists`; do not edit. Each source distribution of `tests/sdists/cases.toml`
is taken from PyPI, locked, built, imported and used with trail (`trail install`, `trail run`), and
then built by pip: the same sources, in the same folder, with the versions of the build requirements
that trail chose. The two wheels must have the same files with the same contents and execute bits;
times in the archive do not count.

What depends on where or when a build runs is taken out, only in files that differ otherwise, and
each such file is listed: in texts the folder of the build's Python (trail's prefix, pip's overlay)
and the random name of meson-python's folder; in native libraries that name, debug information and
the build id; in bills of materials (CycloneDX) the serial number, which is random, and the time."""

SAME, DIFFERS, FAILED, SKIPPED = "same", "differs", "failed", "skipped"


class Report:
    """All results, those of earlier runs included.

    Args:
        cases: the table.
        store: where results are kept.
    """

    def __init__(self, cases: Sequence[Case], store: Path) -> None:
        self._cases = cases
        self._store = store
        self._known: dict[str, dict[str, Any]] = (
            json.loads(store.read_bytes()) if store.exists() else {}
        )

    def has(self, case: Case) -> bool:
        """Whether there is a result that is worth keeping."""
        return self._of(case).get("word") in {SAME, DIFFERS}

    def add(self, case: Case, found: Built | str, *, failed: bool = False) -> str:
        """Keep a result.

        Args:
            case: the case.
            found: what came of it, or why nothing did.
            failed: whether that is a failure.

        Returns:
            The result in one word.
        """
        row: dict[str, Any] = {
            "day": time.strftime("%Y-%m-%d", time.gmtime()),
            "python": platform.python_version(),
        }
        if isinstance(found, str):
            row |= {"word": FAILED if failed else SKIPPED, "reason": found}
        else:
            row |= {"word": DIFFERS if found.differences else SAME, **asdict(found)}
        self._known[_key(case)] = row
        self._store.parent.mkdir(parents=True, exist_ok=True)
        self._store.write_text(json.dumps(self._known, indent=1), encoding="utf-8")
        return str(row["word"])

    def text(self) -> str:
        """Make the document."""
        rows = [(case, self._of(case)) for case in self._cases]
        days = sorted({row["day"] for _, row in rows if row})
        pythons = sorted({row["python"] for _, row in rows if row})
        counts = [
            f"{sum(row.get('word') == word for _, row in rows)} {word}"
            for word in (SAME, DIFFERS, FAILED, SKIPPED)
        ]
        missing = sum(not row for _, row in rows)
        apt = sorted({name for case in self._cases for name in case.apt})
        return "\n".join(
            [
                _HEAD,
                "",
                (
                    f"Run on {' to '.join(dict.fromkeys(days[:1] + days[-1:])) or 'no day'}: trail"
                    f" {__version__}, {platform.system()} {platform.machine()}, CPython"
                    f" {', '.join(pythons) or 'none'}. {len(rows)} cases: {', '.join(counts)}"
                    f"{f', {missing} not run yet' if missing else ''}."
                ),
                "",
                (
                    f"As root on Debian the suite installs {', '.join(f'`{name}`' for name in apt)}"
                    " by itself; cargo must be there."
                ),
                "",
                "| source | backend | built with | files | compared with pip |",
                "|---|---|---|---|---|",
                *(_row(case, row) for case, row in rows),
                "",
            ]
        )

    def _of(self, case: Case) -> dict[str, Any]:
        return self._known.get(_key(case), {})


def _row(case: Case, row: dict[str, Any]) -> str:
    word = row.get("word", "not run yet")
    if word == SAME:
        explained = row["explained"]
        word += f", but for {'; '.join(f'`{one}`' for one in explained)}" if explained else ""
    elif word == DIFFERS:
        word = f"**{word}**: {'; '.join(f'`{one}`' for one in row['differences'])}"
    elif word == FAILED:
        word = f"**{word}**"
    elif word == SKIPPED:
        word += f": {row['reason']}"
    settings = [f"{key} = {json.dumps(value)}" for key, value in case.config.items()]
    backend = case.backend + (f" (with `{'; '.join(settings)}`)" if settings else "")
    cells = (
        case.requirement.replace("==", " "),
        backend,
        ", ".join(row.get("requires", ())),
        str(row.get("files", "")),
        word,
    )
    return f"| {' | '.join(cells)} |"


def _key(case: Case) -> str:
    """The case as it stands: a result of an earlier version of it is worth nothing."""
    values = {name: value for name, value in asdict(case).items() if name not in _TOLD_ONLY}
    digest = hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()[:12]
    return f"{case.requirement} {digest}"


_TOLD_ONLY = frozenset({"short", "backend"})
