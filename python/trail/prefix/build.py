"""Make a prefix, once: staging, rename, read-only. What exists under its key is complete."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from trail.depot.faults import explained
from trail.depot.layout import PREFIX_FILE
from trail.depot.unpacked import read_facts
from trail.errors import PrefixError
from trail.prefix.contents import Contents, NewFile, Placed, Tree, make_cache, put
from trail.prefix.joined import is_there, split
from trail.prefix.look import EntryFolders
from trail.prefix.model import LINK_MODES, Action, Prefix
from trail.prefix.plan import make_plan
from trail.prefix.vendor import (
    ARCHIVE,
    BOOT,
    EXPLAIN,
    STRICT,
    STRICT_TABLE,
    TELL,
    bring_runtime,
    read_runtime,
)
from trail.sha256 import hex_digest

if sys.platform == "win32":
    from trail.prefix.platform_windows import WindowsPlatform as ThisPlatform
elif sys.platform == "darwin":
    from trail.prefix.platform_macos import MacPlatform as ThisPlatform
else:
    from trail.prefix.platform_posix import PosixPlatform as ThisPlatform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from trail.depot.store import Depot, Entry
    from trail.prefix.joined import Joined
    from trail.prefix.model import Group, Plan, Platform, PrefixPython, PrefixRequest
    from trail.prefix.vendor import Runtime
    from trail.report import Reporter
    from trail.wheel.engine import Engine, Filler

__all__ = ["ensure_prefix", "prefix_key"]

_PLATFORM: Platform = ThisPlatform()
_LAYOUT = 1
_DIGITS = 20
# PEP 829: Python 3.15 reads `.start` files, and runs import lines of `.pth` files until 3.17.
# While it does, these come first, and spare each start the modules that `.start` files take
# (two thirds of the instructions of an empty program).
_START_FILES = (3, 18)
_PIP_GUARD = b"""\
# Nothing may be installed here: other projects use these files. See `trail add`.
[install]
dry-run = true
"""


def ensure_prefix(
    request: PrefixRequest,
    depot: Depot,
    reporter: Reporter,
    *,
    engine: Callable[[], Engine],
) -> Prefix:
    """Find the prefix for a request, or make it.

    Two processes may make the same one at once: the first to finish is used by both.

    Args:
        request: what it is to hold.
        depot: where it goes; entries may lie in other depots.
        reporter: receives a warning for each pair of distributions in conflict.
        engine: reads many entries and makes many links at once; asked for only if the prefix is
            made.

    Raises:
        PrefixError: a distribution is named twice, or the link mode is unknown.
        DepotError: an entry cannot be read, or the depot not written.
    """
    if request.link_mode not in LINK_MODES:
        raise PrefixError(
            f"unknown link mode `{request.link_mode}`", hint=f"use {', '.join(LINK_MODES)}"
        )
    runtime = read_runtime()
    key = prefix_key(request, depot, runtime.digest)
    path = depot.layout.prefix(key)
    made_before = path.is_dir()
    if made_before and depot.is_suspect(key):
        depot.remove(path)
        made_before = False
    if not made_before:
        bring_runtime(runtime, depot)
        _make(request, depot, reporter, key=key, runtime=runtime, engine=engine())
        depot.trust(key)
    return Prefix(
        key=key,
        path=path,
        python=path / _PLATFORM.python,
        scripts=path / _PLATFORM.shape(request.interpreter).scripts,
        site_packages=path / _PLATFORM.shape(request.interpreter).site_packages,
        created=not made_before,
    )


def prefix_key(request: PrefixRequest, depot: Depot, runtime: str) -> str:
    """Name the prefix of a request, for instance `cp312-` and 20 hexadecimal digits.

    Scripts and links to other depots are absolute, so where depots lie is part of it.

    Args:
        request: what it is to hold.
        depot: where it goes.
        runtime: digest of the files that run in it.
    """
    root = depot.layout.root
    content = {
        "layout": _LAYOUT,
        "depot": os.fspath(root),
        "python": [os.fspath(request.interpreter.base), request.interpreter.identity],
        "entries": sorted(
            entry.id
            if entry.depot is depot or entry.depot.layout.root == root
            else os.fspath(entry.path)
            for entry in request.entries
        ),
        "editable": [os.fspath(path) for path in request.editable_roots],
        "link-mode": request.link_mode,
        "runtime": runtime,
    }
    if (strict := request.strict) is not None:
        content["strict"] = [
            [os.fspath(one.root), *sorted(one.declared)] for one in (strict, *strict.members)
        ]
    if request.code_archives:
        content["code-archives"] = True
    digest = hex_digest(json.dumps(content, sort_keys=True).encode())
    implementation, _, version = request.interpreter.cache_tag.partition("-")
    short = {"cpython": "cp", "pypy": "pp"}.get(implementation, implementation)
    threads = "t" if request.interpreter.free_threaded and not version.endswith("t") else ""
    return f"{short}{version}{threads}-{digest[:_DIGITS]}"


def _make(  # noqa: PLR0913  # what is made, of what, and with what
    request: PrefixRequest,
    depot: Depot,
    reporter: Reporter,
    *,
    key: str,
    runtime: Runtime,
    engine: Engine,
) -> None:
    entries = sorted(request.entries, key=lambda entry: entry.id.partition("/")[0])
    read_facts(entries, engine.reader)
    members = [entry.facts for entry in entries]
    shape = _PLATFORM.shape(request.interpreter)
    metadata = [f"{shape.entry_site_packages}/{facts.dist_info}/METADATA" for facts in members]
    look = EntryFolders([entry.path for entry in entries], metadata)
    final = depot.layout.prefix(key)
    with explained("make the prefix", final), depot.staging() as staging:
        plan = make_plan(members, look, shape=shape, link_mode=request.link_mode)
        for warning in plan.warnings:
            reporter.warn(warning)
        staged = staging / key
        staged.mkdir()
        table = None
        if request.strict is not None:
            from trail.prefix.strict import make_table  # noqa: PLC0415  # few projects are

            table = make_table(request.strict, plan, members, look, shape)
        builder = _Builder(staged, final, entries, depot, request)
        builder.build(plan, runtime, table, engine.filler)
        # Where another process was first, its prefix stays: the same by the same key.
        depot.publish(staged, final, key)


class _Builder:
    """Carries out a plan in a staged folder."""

    def __init__(  # all of what a prefix depends on, in one place
        self,
        staged: Path,
        final: Path,
        entries: Sequence[Entry],
        depot: Depot,
        request: PrefixRequest,
    ) -> None:
        self._staged = os.fspath(staged)
        self._final = os.fspath(final)
        self._entries = entries
        self._request = request
        self._shape = _PLATFORM.shape(request.interpreter)
        self._key = final.name
        self._depot = depot
        root = depot.layout.root
        self._root = f"{root}/"
        self._sources = [os.fspath(entry.path) for entry in entries]
        self._above = final.relative_to(root).parts
        self._ups: dict[str, str] = {}
        self._files: list[NewFile] = []
        self._joined: list[str] = []

    def build(
        self, plan: Plan, runtime: Runtime, strict: bytes | None, fill: Filler | None
    ) -> None:
        staged, platform, shape = self._staged, _PLATFORM, self._shape
        folders, own, joined = split(plan)
        trees: list[Tree] = []
        groups = [placed for group in own if (placed := self._place(group, trees))]
        groups += [self._join(one, fill) for one in joined]
        python = f"{self._final}/{platform.python}"
        for script in plan.scripts:
            name, data = platform.script(script.entry_point, python)
            self._files.append(NewFile(shape.scripts, name, data, 0o555))
        self._write("", "pyvenv.cfg", _configuration(self._request.interpreter))
        self._write("", platform.pip_configuration, _PIP_GUARD)
        if roots := self._request.editable_roots:
            lines = b"".join(os.fsencode(root) + b"\n" for root in roots)
            self._write(shape.site_packages, "trail_editable.pth", lines)
        groups += self._runtime(runtime, plan, strict)
        self._write("", PREFIX_FILE, self._description(runtime))
        contents = Contents(
            folders=folders,
            groups=groups,
            trees=trees,
            copied=self._request.link_mode == "copy",
            files=self._files,
            writable=(shape.scripts,),
        )
        put(contents, staged, platform, fill)
        platform.install_python(staged, self._request.interpreter)
        os.chmod(f"{staged}/{shape.scripts}", 0o555)  # noqa: PTH101, S103  # readable for all

    def _join(self, joined: Joined, fill: Filler | None) -> Placed:
        """Link a package that is joined in the depot, and make that first if it is not there."""
        depot, key = self._depot, joined.key(self._entries, self._depot)
        self._joined.append(key)
        final = depot.layout.joined_folder(key)
        if not is_there(depot, key):
            # As deep in the depot as a prefix, and of the same form: links lead to the same.
            trees: list[Tree] = []
            groups = [placed for one in joined.groups if (placed := self._place(one, trees))]
            entries = [self._entries[member].id for member in joined.members]
            content = {"layout": _LAYOUT, "key": key, "entries": entries}
            data = (json.dumps(content, indent=1) + "\n").encode()
            contents = Contents(
                folders=joined.folders,
                groups=groups,
                trees=trees,
                copied=False,
                files=[NewFile("", PREFIX_FILE, data, 0o444)],
                writable=(),
            )
            staged = f"{self._staged}-{key}"
            os.mkdir(staged)  # noqa: PTH102  # paths are strings here
            put(contents, staged, _PLATFORM, fill)
            depot.publish(Path(staged), final, key)
            depot.trust(key)
        folder, _, name = joined.path.rpartition("/")
        return Placed(Action.FOLDER_LINK, folder, self._target(folder, f"{final}/{folder}"), [name])

    def _place(self, group: Group, trees: list[Tree]) -> Placed | None:
        """Say where links lead; a script may become a file instead, and a tree is none of them."""
        action, folder, member, source, names = group
        origin = f"{self._sources[member]}/{source}" if source else self._sources[member]
        if action is Action.HARDLINK:
            return Placed(action, folder, origin, names)
        if action is Action.FOLDER_LINK:
            return Placed(action, folder, self._target(folder, origin), names)
        if action is Action.SCRIPT:
            # All of them have one folder, and one source each.
            names = [name for name in names if not self._script(folder, member, source, name)]
            action = {"hardlink": Action.HARDLINK, "copy": Action.COPY}.get(
                self._request.link_mode, Action.FILE_LINK
            )
        if action is Action.HARDLINK_TREE or action is Action.COPY_TREE:
            link = self._target(folder, origin) if self._shape.cache_tag else None
            for name in names:
                inner = None if link is None else f"{link}/{name}"
                trees.append(Tree(f"{folder}/{name}", f"{origin}/{name}", inner))
            return None
        if action is Action.BYTECODE_FOLDER:
            names = [name for name in names if make_cache(f"{origin}/{name}")]
        if not names:
            return None
        if action is not Action.HARDLINK and action is not Action.COPY:
            origin = self._target(folder, origin)
        return Placed(action, folder, origin, names)

    def _script(self, folder: str, member: int, source: str, name: str) -> bool:
        """Write a wheel's own script, with the prefix's Python, if it asks for one."""
        path = f"{self._sources[member]}/{source}/{name}"
        with open(path, "rb") as file:  # noqa: PTH123  # paths are strings here, for speed
            start = file.read(8)
            if start != b"#!python":
                return False
            file.readline()  # the rest of `#!python`, `#!pythonw` and their arguments
            data = _PLATFORM.shebang(f"{self._final}/{_PLATFORM.python}")
            self._files.append(NewFile(folder, name, data + file.read(), 0o555))
        return True

    def _runtime(self, runtime: Runtime, plan: Plan, strict: bytes | None) -> Iterator[Placed]:
        """Put the import hook in place, and what it loads only when that is needed."""
        site, tag = self._shape.site_packages, self._shape.cache_tag
        started = [BOOT]
        if self._request.code_archives:
            started.append(ARCHIVE)
        if strict is not None:
            started.append(STRICT)
            self._write(site, STRICT_TABLE, strict)
        names = (*started, EXPLAIN, TELL)
        for name in names:
            self._write(site, f"{name}.py", runtime.sources[name])
        if tag and f"{site}/__pycache__" in plan.folders:
            cache = f"{self._depot.layout.runtime(runtime.digest)}/__pycache__"
            yield Placed(
                Action.BYTECODE_FILE,
                f"{site}/__pycache__",
                self._target(f"{site}/__pycache__", cache),
                [f"{name}.{tag}.pyc" for name in names],
            )
        # The first name of all, so that it is there before other start-up files import.
        minor = self._request.interpreter.minor
        if tuple(int(part) for part in minor.split(".")) < _START_FILES:
            lines = "".join(f"import {name}; {name}.install()\n" for name in started)
            self._write(site, "0_trail.pth", lines.encode())
        else:
            lines = "".join(f"{name}:install\n" for name in started)
            self._write(site, "0_trail.start", lines.encode())

    def _target(self, folder: str, origin: str) -> str:
        """Make a path relative to a folder of the prefix, within its own depot."""
        if not _PLATFORM.relative or not origin.startswith(self._root):
            return origin
        up = self._ups.get(folder)
        if up is None:
            count = len(self._above) + (folder.count("/") + 1 if folder else 0)
            up = self._ups[folder] = "../" * count
        return up + origin[len(self._root) :]

    def _write(self, folder: str, name: str, data: bytes) -> None:
        self._files.append(NewFile(folder, name, data, 0o444))

    def _description(self, runtime: Runtime) -> bytes:
        """Say what the prefix is made of: garbage collection and `trail prefix show` ask."""
        request = self._request
        content = {
            "layout": _LAYOUT,
            "key": self._key,
            "python": {
                "executable": os.fspath(request.interpreter.base),
                "version": request.interpreter.version,
                "identity": request.interpreter.identity,
                "cache-tag": request.interpreter.cache_tag,
            },
            "link-mode": request.link_mode,
            "editable-roots": [os.fspath(path) for path in request.editable_roots],
            "entries": [entry.id for entry in self._entries],
            "joined": self._joined,
            # From this folder, so that a moved depot is still right about itself.
            "depots": ["/".join([".."] * len(self._above)), *self._other_depots()],
            "runtime": runtime.digest,
            "code-archives": request.code_archives,
        }
        return (json.dumps(content, indent=1) + "\n").encode()

    def _other_depots(self) -> list[str]:
        roots = {entry.depot.layout.root for entry in self._entries}
        return sorted(os.fspath(root) for root in roots - {self._depot.layout.root})


def _configuration(python: PrefixPython) -> bytes:
    """Make pyvenv.cfg (PEP 405, and `python-version` of the draft PEP 838)."""
    lines = (
        f"home = {python.base.parent}",
        "include-system-site-packages = false",
        f"version = {python.version}",
        f"python-version = {python.minor}",
        f"executable = {python.base}",
    )
    return os.fsencode("\n".join(lines) + "\n")
