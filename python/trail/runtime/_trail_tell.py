"""Tell tools where they are that go by where a link leads, or that write beside sources.

Loaded when a program imports such a tool, and only then.
"""

# ruff: noqa: PTH113, PTH118, PTH120, PTH123  # as in _trail_boot.py

import json
import os
import sys
import sysconfig
from _imp import source_hash
from os import sep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

__all__ = ["tell"]

_WINDOWS = os.name == "nt"


def tell(tool: str, module: "Any", sites: "Sequence[str]") -> None:
    """Tell a tool.

    Args:
        tool: `coverage`, which is about to be imported, or `pytest`.
        module: `_pytest.assertion.rewrite`, just imported.
        sites: the site-packages folders of prefixes.
    """
    if tool == "coverage":
        _tell_coverage(sites)
    else:
        _tell_pytest(module, sites)


def _tell_coverage(sites: "Sequence[str]") -> None:
    """Say that what lies in a depot is no code of the project.

    coverage.py resolves links before it compares a path with the folders of sysconfig's
    schemes; without this it would measure every library.
    """
    try:
        # There is no public way in; without one the libraries are measured, no more.
        schemes = sysconfig._INSTALL_SCHEMES  # type: ignore[attr-defined]  # noqa: SLF001
        places: list[str] = []
        for site in sites:
            prefix = _prefix(site)
            with open(os.path.join(prefix, "trail.json"), encoding="utf-8") as file:
                depots = json.load(file)["depots"]
            folders = [os.path.join(prefix, depot, "installed") for depot in depots]
            folders.append(os.path.join(prefix, depots[0], "joined"))
            places += [os.path.realpath(folder) for folder in folders]
        for number, place in enumerate(dict.fromkeys(places)):
            schemes[f"{os.name}_trail_{number}"] = {
                **schemes["nt" if _WINDOWS else "posix_prefix"],
                **dict.fromkeys(("purelib", "platlib", "scripts"), place),
            }
    except (AttributeError, OSError, ValueError, LookupError, TypeError):
        pass


def _tell_pytest(module: "Any", sites: "Sequence[str]") -> None:
    """Let pytest keep the bytecode of rewritten packages in the depot, for each prefix apart.

    It wants to write beside the sources. There the superuser would spoil the entry, and other
    prefixes would get code with the path of this one; other users would rewrite it each time.
    """
    usual = getattr(module, "get_cache_dir", None)
    if usual is None:  # before pytest 6
        return
    places = []
    for site in sites:
        prefixes, key = os.path.split(os.path.realpath(_prefix(site)))
        depot = os.path.dirname(prefixes)
        # The code holds the path that it was found by, which a `.venv` link changes.
        digits = source_hash(0, os.fsencode(site)).hex()
        if os.path.isfile(os.path.join(depot, "depot.json")):
            places.append((site + sep, os.path.join(depot, "rewritten", key, digits)))

    def get_cache_dir(file_path: "Any") -> "Any":
        path = str(file_path)
        for site, place in places if sys.pycache_prefix is None else ():
            if path.startswith(site):
                return type(file_path)(place, os.path.dirname(path[len(site) :]))
        return usual(file_path)

    module.get_cache_dir = get_cache_dir


def _prefix(site: str) -> str:
    return os.path.join(site, *[os.pardir] * (2 if _WINDOWS else 3))
