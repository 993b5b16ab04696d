"""The table of cases, read from cases/*.toml.

One `[[case]]` says:

name         of the case, unique
requirements pinned, as in a requirements file; what they need is resolved for a fixed day
pythons      such as ["3.8", "3.13"]; without it the Python that runs the suite
sources      source distributions from PyPI to unpack into the project, as `attrs==25.4.0`
apt          Debian packages that must be there
files        what to write into the project, by path
env          environment variables
cwd          folder of the project to run in
run          command lines; the first word is a program of the environment, or any other
expect       a regular expression that the control's output must contain
fails        the control ends with an exit code other than 0
ignore       regular expressions of what may differ in the output
stderr       it counts as output
timeout      in seconds, for each command
short        it belongs to the part that runs on each change
skip         the reason why it cannot run here
differs      a table: trail is known to differ. `reason`, `workaround`, and `link-mode` if
             that is the workaround: with it there must be no difference. Nor with the command
             lines `run`, if that is how it goes
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Case", "Difference", "parse_cases", "read_table"]

FOLDER = Path(__file__).with_name("cases")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A difference that is known: see `differs` above."""

    reason: str
    workaround: str
    link_mode: str = ""
    run: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One line of the table; the fields are explained above."""

    name: str
    group: str
    run: tuple[str, ...]
    requirements: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ("",)
    sources: tuple[str, ...] = ()
    apt: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = "."
    expect: str = ""
    fails: bool = False
    ignore: tuple[str, ...] = ()
    stderr: bool = False
    timeout: float = 120
    short: bool = False
    skip: str = ""
    differs: Difference | None = None


def read_table(folder: Path = FOLDER) -> list[Case]:
    """Read all cases.

    Args:
        folder: with a TOML file for each group.

    Raises:
        ValueError: two cases have one name, or a case has an unknown or no key.
    """
    cases = [
        case
        for path in sorted(folder.glob("*.toml"))
        for case in parse_cases(path.read_bytes(), path.stem)
    ]
    names = [case.name for case in cases]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"more than one case is named: {', '.join(twice)}")
    return cases


def parse_cases(data: bytes, group: str) -> list[Case]:
    """Read the cases of one file.

    Args:
        data: the file.
        group: what it is called.

    Raises:
        ValueError: see `read_table`.
    """
    return [_case(table, group) for table in tomllib.loads(data.decode()).get("case", [])]


def _case(table: dict[str, Any], group: str) -> Case:
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in table.items()
    }
    if "differs" in values:
        difference = {key.replace("-", "_"): value for key, value in values["differs"].items()}
        difference["run"] = tuple(difference.get("run", ()))
        values["differs"] = Difference(**difference)
    try:
        return Case(group=group, **values)
    except TypeError as error:
        raise ValueError(f"case `{table.get('name', '?')}` of {group}: {error}") from error
