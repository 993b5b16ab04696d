"""The direction of imports, and who may read the environment, print, or use which library.

    __main__
    cli, integrations
    commands
    prefix, resolve, lock, index, build, interpreter, project
    depot
    wheel
    runtime, and the modules beside `__init__.py`

A part imports from the rows below its own and from itself, never from a sibling. Modules in
the last row may import each other; `runtime` and what else runs inside the user's Python
imports the standard library and nothing else. Imports for types only count like others.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCES = Path(__file__).parents[1] / "python" / "trail"

ROWS = (
    {"__main__"},
    {"cli", "integrations"},
    {"commands"},
    {"prefix", "resolve", "lock", "index", "build", "interpreter", "project"},
    {"depot"},
    {"wheel"},
    {"runtime"},
)
RANKS = {part: rank for rank, row in enumerate(reversed(ROWS)) for part in row}

# Who may use what, by the beginnings of module names.
OWNERS = {
    "httpx": ("trail.index",),
    "click": ("trail.cli",),
    "rich": ("trail.cli",),
    "trail._native": ("trail.index._native", "trail.wheel._native"),
}
RUNS_IN_USERS_PYTHON = ("trail.runtime", "trail.interpreter._probe")
STANDARD_LIBRARY = sys.stdlib_module_names | {
    "_manylinux",  # a distributor's (PEP 600)
    "_sha2",  # Python 3.12
    "_sha256",  # Python 3.11
    "_trail_explain",  # lies beside what imports it, in each prefix
    "_trail_tell",  # the same
    "_typeshed",  # exists for type checkers only
}

# What is not for everybody, as it is written in the code, and for whom it is.
READS_SETTINGS = (
    "trail.settings",
    "trail.pip_settings",
    "trail.cli",
    "trail.integrations",
    "trail.__main__",
)
NAMES = {
    **dict.fromkeys(("os.environ", "os.environb", "os.getenv", "Path.home"), READS_SETTINGS),
    **dict.fromkeys(("os.getcwd", "Path.cwd"), ("trail.commands", *READS_SETTINGS)),
    "print": ("trail.cli",),
}


def module_name(path: Path) -> str:
    parts = path.relative_to(SOURCES.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(SOURCES.rglob("*.py"))}


def inside(module: str, owners: tuple[str, ...]) -> bool:
    return any(module == owner or module.startswith(f"{owner}.") for owner in owners)


def imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """List every imported module: `from trail import errors` counts as `trail.errors`."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module="trail", level=0, names=names):
                yield from ((node.lineno, f"trail.{alias.name}") for alias in names)
            case ast.ImportFrom(level=0, module=str(name)):
                yield node.lineno, name
            case ast.ImportFrom():
                yield node.lineno, "."
            case ast.Call(
                func=ast.Attribute(attr="import_module") | ast.Name(id="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield node.lineno, name


def import_fault(module: str, imported: str) -> str | None:
    """Say which rule an import breaks."""
    if imported == ".":
        return "imports relatively"
    top, _, rest = imported.partition(".")
    if inside(module, RUNS_IN_USERS_PYTHON):
        runtime = ("trail.runtime",)
        if top in STANDARD_LIBRARY or (inside(module, runtime) and inside(imported, runtime)):
            return None
        return f"imports {imported}, which is not in the standard library"
    for name, owners in OWNERS.items():
        if inside(imported, (name,)) and not inside(module, owners):
            return f"imports {imported}, which is for {' and '.join(owners)} alone"
    if top == "trail" and not may_import(module.split(".")[1:], rest.split(".")):
        return f"imports {imported}, which is not below it"
    return None


def may_import(module: list[str], imported: list[str]) -> bool:
    """Tell whether one module of trail stands above another, or in the same part."""
    if not module or imported in ([""], ["__version__"]):
        return (
            True  # trail/__init__.py re-exports what it likes; test_imports.py sees that it is lazy
        )
    if module[0] == imported[0]:
        return True
    rank, below = RANKS.get(module[0], 0), RANKS.get(imported[0], 0)
    return below < rank or (module[0] not in RANKS and imported[0] not in RANKS)


def names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """List every use of a name that stands in NAMES, imported by name or not."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name()) | ast.Name():
                yield node.lineno, ast.unparse(node)
            case ast.ImportFrom(module="os", names=aliases):
                yield from ((node.lineno, f"os.{alias.name}") for alias in aliases)


def faults(module: str, source: str) -> list[str]:
    """List the places where a module breaks a rule, as `LINE: RULE`."""
    tree = ast.parse(source)
    found = [
        (line, fault)
        for line, imported in imports(tree)
        if (fault := import_fault(module, imported)) is not None
    ]
    found += [
        (line, f"uses {name}")
        for line, name in names(tree)
        if name in NAMES and not inside(module, NAMES[name] + RUNS_IN_USERS_PYTHON)
    ]
    return [f"{line}: {fault}" for line, fault in sorted(found)]


@pytest.mark.parametrize("module", MODULES)
def test_module_keeps_to_its_layer(module: str) -> None:
    assert faults(module, MODULES[module].read_text(encoding="utf-8")) == []


def test_every_folder_has_a_row() -> None:
    folders = {path.parent.name for path in SOURCES.glob("*/__init__.py")}
    assert folders <= RANKS.keys()


@pytest.mark.parametrize(
    ("module", "source", "expected"),
    [
        ("trail.lock.pylock", "import trail.index.client", "trail.index.client"),
        ("trail.lock.pylock", "from trail.index import client", "trail.index"),
        ("trail.lock.pylock", "from trail.index.client import X", "trail.index.client"),
        ("trail.depot.store", "def f():\n  from trail.prefix import plan", "trail.prefix"),
        ("trail.wheel.engine", "if TYPE_CHECKING:\n  import trail.depot", "trail.depot"),
        ("trail.wheel.engine", "importlib.import_module('trail.depot')", "trail.depot"),
        ("trail.errors", "from trail import wheel", "trail.wheel"),
        ("trail.commands.run", "from trail.cli import main", "trail.cli"),
        ("trail.integrations.tox", "import trail.cli", "trail.cli"),
        ("trail.cli.run", "import trail.__main__", "trail.__main__"),
    ],
)
def test_import_against_the_direction_is_found(module: str, source: str, expected: str) -> None:
    line = source.count("\n") + 1
    assert faults(module, source) == [f"{line}: imports {expected}, which is not below it"]


@pytest.mark.parametrize(
    ("module", "source", "expected"),
    [
        ("trail.lock.pylock", "import httpx", "imports httpx, which is for trail.index alone"),
        ("trail.commands.run", "import rich.table", "imports rich.table, which is for trail.cli"),
        ("trail.commands.run", "from click import echo", "imports click, which is for trail.cli"),
        ("trail.depot.store", "from trail import _native", "trail.index._native and trail"),
        (
            "trail.lock.pylock",
            "from . import pins",
            "imports relatively",
        ),
        ("trail.runtime.hook", "import packaging", "not in the standard library"),
        ("trail.runtime.hook", "from trail.errors import X", "not in the standard library"),
        ("trail.interpreter._probe", "import trail.model", "not in the standard library"),
        ("trail.depot.store", "import os\nx = os.environ['X']", "uses os.environ"),
        ("trail.depot.store", "import os\nx = os.getenv('X')", "uses os.getenv"),
        ("trail.depot.store", "from os import environ", "uses os.environ"),
        ("trail.depot.store", "x = Path.cwd()", "uses Path.cwd"),
        ("trail.commands.run", "print('x')", "uses print"),
    ],
)
def test_other_fault_is_found(module: str, source: str, expected: str) -> None:
    (fault,) = faults(module, source)
    assert expected in fault


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("trail.cli.run", "import os, click, rich.console\nprint(os.environ)"),
        ("trail.commands.run", "from trail.lock.pylock import X\nimport trail.index.client"),
        ("trail.lock.pylock", "from trail.lock import pins\nfrom trail.depot.store import X"),
        ("trail.prefix.build", "from trail.runtime import import_map"),
        ("trail.files", "from trail.errors import X\nfrom trail import __version__"),
        ("trail.index.client", "import httpx"),
        ("trail.runtime.hook", "import os, sys\nfrom trail.runtime import maps\nprint(os.environ)"),
    ],
)
def test_right_import_passes(module: str, source: str) -> None:
    assert faults(module, source) == []
