"""What a prefix holds, path by path: the links of a plan, and small files of its own."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from trail.depot.layout import PREFIX_FILE
from trail.prefix.contents import Contents, NewFile, Placed, Tree, make_cache, putting
from trail.prefix.joined import Keys, is_there, split
from trail.prefix.known import JOINED
from trail.prefix.metadata import plan_metadata
from trail.prefix.model import Action, InPlace
from trail.prefix.vendor import ARCHIVE, BOOT, EXPLAIN, STRICT, STRICT_TABLE, TELL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from trail.depot.store import Depot, Entry
    from trail.prefix.contents import Putter
    from trail.prefix.joined import Joined
    from trail.prefix.model import Group, Plan, Platform, PrefixPython, PrefixRequest, Shape
    from trail.prefix.vendor import Runtime
    from trail.wheel.engine import Filler

__all__ = ["LAYOUT", "Builder"]

LAYOUT = 1
"""Of prefixes and joined packages: counts in their keys."""

# PEP 829: Python 3.15 reads `.start` files, and runs import lines of `.pth` files until 3.17.
# While it does, these come first, and spare each start the modules that `.start` files take
# (two thirds of the instructions of an empty program).
_START_FILES = (3, 18)
_PIP_GUARD = b"""\
# Nothing may be installed here: other projects use these files. See `trail add`.
[install]
dry-run = true
"""


class Builder:
    """Says where the links of a plan lead, and what else a prefix has.

    Args:
        platform: makes what differs between operating systems.
        shape: where things lie.
        staged: where it is made.
        final: where it is used.
        entries: by the numbers of the plan.
        depot: where it goes.
        request: what it is to hold.
        filler: makes what is joined.
    """

    def __init__(  # noqa: PLR0913  # all of what a prefix depends on, in one place
        self,
        *,
        platform: Platform,
        shape: Shape,
        staged: str,
        final: Path,
        entries: Sequence[Entry],
        depot: Depot,
        request: PrefixRequest,
        filler: Filler | None,
    ) -> None:
        self._platform = platform
        self._staged = staged
        self._final = os.fspath(final)
        self._entries = entries
        self._request = request
        self._shape = shape
        self._key = final.name
        self._depot = depot
        self._filler = filler
        root = depot.layout.root
        self._root = f"{root}/"
        self._sources = [os.fspath(entry.path) for entry in entries]
        self._above = final.relative_to(root).parts
        self._ups: dict[str, str] = {}
        self._files: list[NewFile] = []
        self._joined: list[str] = []
        self._keys = Keys(entries, depot, shape.cache_tag)
        self._made: set[str] = set()

    def usual(self, putter: Putter) -> InPlace:
        """Begin to make what needs no plan, or one that the engine can make."""
        shape, site = self._shape, self._shape.site_packages
        parts = site.split("/")
        opened = ["/".join(parts[: end + 1]) for end in range(len(parts))]
        opened.append(f"{site}/__pycache__")
        self._made.update(opened)
        putter.put(Contents(opened=opened))
        if self._request.link_mode != "auto":
            return InPlace()
        done, names = putter.put_usual(
            (site, shape.entry_site_packages, shape.cache_tag or None, len(self._above)),
            [
                (path, self._below(path), entry.known, entry.id.partition("/")[0] in JOINED)
                for path, entry in zip(self._sources, self._entries, strict=True)
            ],
            # Modules that nobody may import are found in the plan.
            packages=self._request.strict is None,
        )
        metadata = {number for number, placed in enumerate(done) if placed}
        metadata.update(self._metadata(putter, metadata))
        if names is None:
            return InPlace(metadata=metadata)
        left, needed = names
        return InPlace(metadata=metadata, left=frozenset(left), needed=needed)

    def _metadata(self, putter: Putter, done: AbstractSet[int]) -> list[int]:
        """Make `.dist-info` folders that the engine did not, and say whose."""
        site, inside = self._shape.site_packages, self._shape.entry_site_packages
        left = {
            number: entry.facts for number, entry in enumerate(self._entries) if number not in done
        }
        rows = plan_metadata(left)
        files: list[Placed] = []
        folders: list[Placed] = []
        for member, name, own, inner in rows:
            folder, origin = f"{site}/{name}", f"{self._sources[member]}/{inside}/{name}"
            files.append(Placed(folder, origin, own))
            folders.append(Placed(folder, self._target(folder, origin), inner))
        if files:
            links = {Action.HARDLINK: files, Action.FOLDER_LINK: folders}
            putter.put(Contents(folders=[row.folder for row in files], placed=links))
        return [row.member for row in rows]

    def rest(self, plan: Plan, runtime: Runtime, strict: bytes | None) -> Contents:
        """Say what comes besides, and make what is joined."""
        platform, shape = self._platform, self._shape
        folders, own, joined = split(plan)
        placed, trees = self._place(own)
        new = {one.package.path: self._join(one) for one in joined}
        for path, members, *_ in plan.joined:
            key = new.get(path) or self._keys.plain(path, members)
            self._joined.append(key)
            folder, _, name = path.rpartition("/")
            target = f"{self._depot.layout.joined_folder(key)}/{folder}"
            placed[Action.FOLDER_LINK].append(Placed(folder, self._target(folder, target), [name]))
        python = f"{self._final}/{platform.python}"
        for script in plan.scripts:
            name, data = platform.script(script.entry_point, python)
            self._files.append(NewFile(shape.scripts, name, data, 0o555))
        self._write("", "pyvenv.cfg", _configuration(self._request.interpreter))
        self._write("", platform.pip_configuration, _PIP_GUARD)
        if roots := self._request.editable_roots:
            lines = b"".join(os.fsencode(root) + b"\n" for root in roots)
            self._write(shape.site_packages, "trail_editable.pth", lines)
        placed[Action.BYTECODE_FILE] += self._runtime(runtime, plan, strict)
        self._write("", PREFIX_FILE, self._description(runtime))
        return Contents(
            folders=[folder for folder in folders if folder not in self._made],
            placed=placed,
            trees=trees,
            files=self._files,
            writable=(shape.scripts,),
        )

    def is_joined(self, path: str, members: Sequence[int]) -> bool:
        """Whether a plain shared package is in the depot; see `trail.prefix.look.Look`."""
        # Modules that nobody may import are found in the plan.
        return self._request.strict is None and is_there(
            self._depot, self._keys.plain(path, members)
        )

    def _join(self, joined: Joined) -> str:
        """Join a package in the depot, unless it is there, and give its key."""
        depot, package = self._depot, joined.package
        if package.plain:
            key = self._keys.plain(package.path, package.members)
        else:
            key = self._keys.other(joined)
        if is_there(depot, key):
            return key
        # As deep in the depot as a prefix, and of the same form: links lead to the same.
        placed, trees = self._place(joined.groups)
        entries = [self._entries[member].id for member in package.members]
        content = {"layout": LAYOUT, "key": key, "entries": entries}
        data = (json.dumps(content, indent=1) + "\n").encode()
        contents = Contents(
            folders=joined.folders,
            placed=placed,
            trees=trees,
            files=[NewFile("", PREFIX_FILE, data, 0o444)],
        )
        staged = f"{self._staged}-{key}"
        os.mkdir(staged)  # noqa: PTH102  # paths are strings here
        with putting(staged, self._platform, self._filler, copied=False) as putter:
            putter.put(contents)
        depot.publish(Path(staged), depot.layout.joined_folder(key), key)
        depot.trust(key)
        return key

    def _place(
        self, groups: Iterable[Group]
    ) -> tuple[defaultdict[Action, list[Placed]], list[Tree]]:
        """Say where links lead; a script may become a file instead."""
        placed: defaultdict[Action, list[Placed]] = defaultdict(list)
        trees: list[Tree] = []
        for action, folder, member, source, names in groups:
            origin = f"{self._sources[member]}/{source}" if source else self._sources[member]
            if action is Action.HARDLINK or action is Action.COPY:
                placed[action].append(Placed(folder, origin, names))
                continue
            if action is Action.HARDLINK_TREE or action is Action.COPY_TREE:
                link = self._target(folder, origin) if self._shape.cache_tag else None
                for name in names:
                    inner = None if link is None else f"{link}/{name}"
                    trees.append(Tree(f"{folder}/{name}", f"{origin}/{name}", inner))
                continue
            if action is Action.SCRIPT:
                self._scripts(Placed(folder, origin, names), placed)
                continue
            if action is Action.BYTECODE_FOLDER:
                names = [name for name in names if make_cache(f"{origin}/{name}")]  # noqa: PLW2901  # fewer
            placed[action].append(Placed(folder, self._target(folder, origin), names))
        return placed, trees

    def _scripts(self, row: Placed, placed: defaultdict[Action, list[Placed]]) -> None:
        """Place a wheel's own scripts, written where they ask for the prefix's Python."""
        folder, origin, names = row
        left = [name for name in names if not self._script(folder, f"{origin}/{name}", name)]
        if self._request.link_mode == "auto":
            row = Placed(folder, self._target(folder, origin), left)
            placed[Action.FILE_LINK].append(row)
        else:
            action = Action.COPY if self._request.link_mode == "copy" else Action.HARDLINK
            placed[action].append(Placed(folder, origin, left))

    def _script(self, folder: str, path: str, name: str) -> bool:
        """Write a wheel's own script, with the prefix's Python, if it asks for one."""
        with open(path, "rb") as file:  # noqa: PTH123  # paths are strings here, for speed
            start = file.read(8)
            if start != b"#!python":
                return False
            file.readline()  # the rest of `#!python`, `#!pythonw` and their arguments
            data = self._platform.shebang(f"{self._final}/{self._platform.python}")
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

    def _below(self, path: str) -> str | None:
        """Make a path of the prefix's own depot relative to that, where links can be relative."""
        if self._platform.relative and path.startswith(self._root):
            return path[len(self._root) :]
        return None

    def _target(self, folder: str, origin: str) -> str:
        """Make a path relative to a folder of the prefix, within its own depot."""
        below = self._below(origin)
        if below is None:
            return origin
        up = self._ups.get(folder)
        if up is None:
            count = len(self._above) + (folder.count("/") + 1 if folder else 0)
            up = self._ups[folder] = "../" * count
        return up + below

    def _write(self, folder: str, name: str, data: bytes) -> None:
        self._files.append(NewFile(folder, name, data, 0o444))

    def _description(self, runtime: Runtime) -> bytes:
        """Say what the prefix is made of: garbage collection and `trail prefix show` ask."""
        request = self._request
        content = {
            "layout": LAYOUT,
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
        # A line for each key: what json's own indentation writes takes it ten times as long.
        lines = ",\n".join(f" {json.dumps(key)}: {json.dumps(content[key])}" for key in content)
        return f"{{\n{lines}\n}}\n".encode()

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
