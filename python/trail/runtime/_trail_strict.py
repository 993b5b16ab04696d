"""Refuse what project code imports and the project does not declare (`strict = true`).

This lies in strict prefixes only, so that whoever starts the prefix's Python, a child of the
program included, is held to the same, and no environment variable reaches other Pythons.

It takes the place of `builtins.__import__`. A finder would be asked only for what nobody has
imported before: whether an import were refused would then depend on what came first. Import
statements of dependencies pay one look into a set, and are not judged.
"""

# Runs inside any program from Python 3.8 on; files are read as simply as possible.
# ruff: noqa: PTH120, PTH123

import builtins
import os
import sys
from os import sep
from os.path import dirname, normcase, realpath

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    _Table = dict[str, tuple[str, str]]

__all__ = ["install", "uninstall"]

_MAIN = ("__main__", "__mp_main__")  # the second one in children of multiprocessing
_FILE = "_trail_strict.txt"

_before: "list[Callable[..., Any]]" = []


class _Judge:
    """Knows what is project code, and what it may not import.

    Args:
        site: the site-packages folder of the prefix.
        tables: for the project's folder, and those of a workspace's members: the
            distributions that have a module, and those that require them.
    """

    def __init__(self, site: str, tables: "dict[str, _Table]") -> None:
        self._site = site + sep
        self._first = next(iter(tables.values()))
        # A member lies within the project.
        self._tables = [
            (normcase(realpath(root)) + sep, tables[root])
            for root in sorted(tables, key=len, reverse=True)
        ]
        self._files: dict[str, _Table] = {}

    def fault(
        self, name: str, importer: "dict[str, Any]", fromlist: "tuple[str, ...] | None"
    ) -> "ModuleNotFoundError | None":
        """Say what is wrong with an import statement.

        Args:
            name: the module, with dots.
            importer: the globals of the code that imports it.
            fromlist: what is imported from it.
        """
        table = self._table_of(importer)
        for module in _modules(name, fromlist) if table else ():
            if module in table:
                if not self._is_ours(name.partition(".")[0]):
                    return None
                return _error(module, *table[module])
        return None

    def _table_of(self, importer: "dict[str, Any]") -> "_Table":
        """What holds for a module; nothing for one that is not the project's."""
        file, main = importer.get("__file__"), importer.get("__name__") in _MAIN
        if not isinstance(file, str):
            return self._first if main else {}  # -c, a console, a notebook
        if file not in self._files:
            path = normcase(realpath(file))
            found = next((table for root, table in self._tables if path.startswith(root)), None)
            if path.startswith(self._others()):
                found = {}
            elif found is None:
                found = self._first if main else {}
            self._files[file] = found
        return self._files[file]

    def _others(self) -> "tuple[str, ...]":
        """What is not project code although it may lie in the project: depot and Python."""
        prefix = dirname(dirname(realpath(self._site)))  # on Windows
        prefix = prefix if os.name == "nt" else dirname(prefix)
        folders = dirname(dirname(prefix)), realpath(dirname(os.__file__))
        return tuple(normcase(folder) + sep for folder in folders)

    def _is_ours(self, top: str) -> bool:
        """Whether a module comes from the prefix: the project may have one of that name."""
        module = sys.modules.get(top)
        spec = getattr(module, "__spec__", None)
        if spec is None:
            from importlib.util import find_spec  # noqa: PLC0415  # only before a refusal

            spec = find_spec(top) if module is None else None
        places = [getattr(module, "__file__", None)]
        if spec is not None:
            places += [spec.origin, *(spec.submodule_search_locations or ())]
        return any(isinstance(place, str) and place.startswith(self._site) for place in places)


def install(site: str = "") -> None:
    """Judge import statements from now on.

    Args:
        site: the site-packages folder of the prefix; by default the one of this file.
    """
    site = site or dirname(__file__)
    uninstall()
    with open(site + sep + _FILE, encoding="utf-8", errors="surrogateescape") as file:
        parts = file.read().split("\n\n")
    tables = {}
    for part in parts:
        root, *rows = part.splitlines()
        split = (row.split("\t") for row in rows)
        tables[root] = {module: (names, via) for module, names, via in split}
    modules = [module for table in tables.values() for module in table]
    _before.append(builtins.__import__)
    builtins.__import__ = _make(_before[0], _Judge(site, tables), modules)


def uninstall() -> None:
    """Judge no more."""
    if _before:
        builtins.__import__ = _before.pop()


def _make(
    before: "Callable[..., Any]", judge: _Judge, modules: "Iterable[str]"
) -> "Callable[..., Any]":
    tops = frozenset(module.partition(".")[0] for module in modules)

    # The import system takes frames of its own with this name out of tracebacks.
    def _call_with_frames_removed(
        name: str,
        globals: "dict[str, Any] | None" = None,  # noqa: A002  # as in builtins
        locals: "dict[str, Any] | None" = None,  # noqa: A002  # as in builtins
        fromlist: "Any" = (),
        level: int = 0,
    ) -> "Any":
        if globals is None:
            globals = {}  # noqa: A001  # what it means to builtins
        elif (
            level == 0
            and type(name) is str
            and name.partition(".")[0] in tops
            and type(globals) is dict
            # C code that imports something gives a list (PyImport_Import), and the globals of
            # whoever called it.
            and type(fromlist) is not list
        ):
            fault = judge.fault(name, globals, fromlist)
            if fault is not None:
                raise fault
        return before(name, globals, locals, fromlist, level)

    _call_with_frames_removed.__code__ = _call_with_frames_removed.__code__.replace(
        co_filename="<frozen importlib._bootstrap>"
    )
    return _call_with_frames_removed


def _modules(name: str, fromlist: "tuple[str, ...] | None") -> "Iterator[str]":
    """List the modules that an import statement may mean, the shortest one first."""
    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        yield ".".join(parts[:count])
    for item in fromlist or ():
        yield name + "." + item


def _error(module: str, names: str, via: str) -> ModuleNotFoundError:
    owners, users = (
        " and ".join(f"`{name}`" for name in found.split(", ")) for found in (names, via)
    )
    there = f" (there for {users})" if via else ""
    text = f"No module named {module!r}: this project does not declare {owners}{there}"
    hint = f"hint: trail add {names.partition(',')[0]}"
    if not hasattr(BaseException, "add_note"):  # before Python 3.11
        return ModuleNotFoundError(text + "\n" + hint, name=module)
    error = ModuleNotFoundError(text, name=module)
    # Python 3.15 puts a guess of its own behind the text, which nobody shall paste.
    error.add_note(hint)
    return error
