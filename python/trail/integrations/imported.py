"""What this process has imported already, and in which version.

A module says where it came from, and the metadata that lies there says of which version it is.
`sys.path` tells nothing of that: it may lead to another prefix by now.
"""

from __future__ import annotations

import os
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distributions
from pathlib import Path
from typing import TYPE_CHECKING

from trail.model import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trail.depot.store import Entry
    from trail.model import Facts

__all__ = ["find_clashes"]


def find_clashes(site_packages: Path, entries: Iterable[Entry]) -> Iterator[tuple[str, str]]:
    """Find distributions that were imported in another version than a prefix has.

    Args:
        site_packages: of the prefix.
        entries: what it holds.

    Returns:
        Names, and sentences with both versions.
    """
    loaded = _loaded(os.fspath(site_packages) + os.sep)
    for entry in entries:
        facts = entry.facts
        version = _imported_version(facts, loaded)
        if version not in {None, facts.version}:
            yield facts.name, f"version {version}, but the lock has {facts.version}"


def _loaded(inside: str) -> dict[str, dict[str, str]]:
    """Give the files of modules that came from elsewhere, by top-level name and by name."""
    loaded: dict[str, dict[str, str]] = {}
    for name, module in list(sys.modules.items()):
        try:  # not getattr, which would execute modules that are loaded lazily
            file = object.__getattribute__(module, "__dict__").get("__file__")
        except AttributeError:
            continue
        if isinstance(file, str) and file and not file.startswith(inside):
            loaded.setdefault(name.partition(".")[0], {})[name] = file
    return loaded


def _imported_version(facts: Facts, loaded: dict[str, dict[str, str]]) -> str | None:
    """Give the version of the modules that were imported from a distribution, if any were."""
    for top in facts.top_level:
        modules = loaded.get(top.name, {})
        if top.kind is Kind.NAMESPACE:
            if version := _version_in_namespace(facts.name, modules):
                return version
        elif file := modules.get(top.name):
            if found := _distribution(facts.name, _root(top.name, file)):
                return found.version
            try:  # metadata that lies apart, as that of editable installations may
                return Distribution.from_name(facts.name).version
            except PackageNotFoundError:
                continue
    return None


def _version_in_namespace(name: str, modules: dict[str, str]) -> str | None:
    """As above: of a namespace only some of the modules are the distribution's."""
    roots: dict[Path, set[str]] = {}
    for module, file in modules.items():
        root = _root(module, file)
        roots.setdefault(root, set()).add(Path(file).relative_to(root).as_posix())
    for root, files in roots.items():
        found = _distribution(name, root)
        if found is not None and any(str(file) in files for file in found.files or ()):
            return found.version
    return None


def _root(module: str, file: str) -> Path:
    """Give the folder that a module was found below, as `sys.path` named it."""
    levels = module.count(".") + Path(file).name.startswith("__init__.")
    parents = Path(file).parents
    return parents[min(levels, len(parents) - 1)]


def _distribution(name: str, folder: Path) -> Distribution | None:
    return next(iter(distributions(name=name, path=[str(folder)])), None)
