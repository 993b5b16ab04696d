"""Decide how each path of a prefix comes from its entries. Nothing is written here.

The rules:
1. A path that one distribution owns alone is one link, at the shallowest such place.
2. A folder that several own is a real folder, and rule 1 holds for its children: so a
   namespace package (PEP 420) is shared at any depth.
3. A regular package that several own, one whose native libraries look for those of another
   distribution, and what known.py names is joined: real folders all the way down, and
   hardlinks, because code in it may resolve links or walk its own tree. What one distribution
   owns alone in it is one step of the plan, a tree, and is not looked into here.
4. A `.dist-info` folder is real, with hardlinks to its files (`trail.prefix.metadata`).
5. With the modes `hardlink` and `copy` everything is joined.
6. Where two distributions bring the same file, the dependent wins over its dependency,
   otherwise the later name. Different contents are worth a warning.
7. A real folder with Python files, in a tree too, links the depot's bytecode, which may come later.

The native engine plans by rules 1, 2, 4 and 7 where nothing else comes in (rust/trail-prefix), so a
change of these is one there, too; `tests/parity/test_prefixes.py` compares.
"""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from enum import Enum
from typing import TYPE_CHECKING

from trail.depot.layout import ENTRY_FILE
from trail.model import Kind
from trail.prefix.conflicts import Conflicts
from trail.prefix.known import JOINED
from trail.prefix.model import Action, Group, InPlace, NewScript, Plan, SharedPackage
from trail.prefix.reaching import reaching

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from trail.model import EntryPoint, Facts
    from trail.prefix.look import Look
    from trail.prefix.model import Shape

__all__ = ["make_plan"]

_INIT = r"__init__\.(py|so|pyd|.*\.(so|pyd))"

_NOTHING = InPlace()
_Part = tuple[int, str]  # a member and a path in its entry
_Owners = defaultdict[str, list[_Part]]  # by name in a folder


class _How(Enum):
    """How the children of a real folder are made."""

    LINKED = "rules 1 and 2"
    JOINED = "rule 3"
    FILES = "rule 4"


def make_plan(
    members: Sequence[Facts],
    look: Look,
    *,
    shape: Shape,
    link_mode: str,
    in_place: InPlace = _NOTHING,
) -> Plan:
    """Plan the packages of a prefix.

    Args:
        members: one per distribution, sorted by name.
        look: looks into the entries, by the same numbers.
        shape: where things lie.
        link_mode: `auto`, `hardlink` or `copy`.
        in_place: what is not to be planned. Facts of members are asked only where they are
            needed then.
    """
    planner = _Planner(members, look, shape, link_mode, in_place)
    planner.site_packages()
    planner.data()
    planner.scripts()
    return planner.plan()


class _Planner:
    """What was decided so far."""

    def __init__(
        self,
        members: Sequence[Facts],
        look: Look,
        shape: Shape,
        link_mode: str,
        in_place: InPlace,
    ) -> None:
        self._members = members
        self._in_place = in_place
        everything = in_place.left is None
        numbers = range(len(members)) if everything else in_place.needed
        self._needed = [(number, members[number]) for number in numbers]
        self._look = look
        self._shape = shape
        self._usual = _How.LINKED if link_mode == "auto" else _How.JOINED
        self._hard, self._tree = (
            (Action.COPY, Action.COPY_TREE)
            if link_mode == "copy"
            else (Action.HARDLINK, Action.HARDLINK_TREE)
        )
        # Nothing is in place where there are such libraries.
        self._reaching = reaching(members, shape) if everything else {}
        # Those of which something may have to be joined.
        joined = (number for number, facts in self._needed if facts.name in JOINED)
        self._special = {*self._reaching, *joined}
        self._headers: _Owners = defaultdict(list)
        # `lib/python` of an entry is its site-packages, not data.
        self._hidden = "/".join(shape.entry_site_packages.split("/")[:2])
        self._folders: set[str] = set()
        self._joined: list[SharedPackage] = []
        self._groups: defaultdict[tuple[Action, str, int, str], list[str]] = defaultdict(list)
        self._scripts: list[NewScript] = []
        self._warnings: list[str] = []
        self._conflicts = Conflicts(members, look)

    def plan(self) -> Plan:
        folders: set[str] = set()
        for folder in self._folders:
            while folder and folder not in folders:
                folders.add(folder)
                folder = folder.rpartition("/")[0]  # noqa: PLW2901  # upwards
        return Plan(
            folders=tuple(sorted(folders)),
            groups=tuple(Group(*place, names) for place, names in self._groups.items()),
            scripts=tuple(self._scripts),
            warnings=(*self._warnings, *self._conflicts.warnings()),
            joined=tuple(self._joined),
        )

    # The three parts of a prefix

    def site_packages(self) -> None:
        left, placed = self._in_place.left, self._in_place.metadata
        target, source = self._shape.site_packages, self._shape.entry_site_packages
        owners: _Owners = defaultdict(list)
        folders: set[_Part] = set()
        for number, facts in self._needed:
            for top in facts.top_level:
                if left is not None and top.path not in left:
                    continue
                part = (number, f"{source}/{top.path}")
                owners[top.path].append(part)
                kind = top.kind
                if (
                    kind is Kind.PACKAGE
                    or kind is Kind.NAMESPACE
                    or (kind is Kind.DATA and self._look.is_folder(*part))
                ):
                    folders.add(part)
            for name in facts.startup:
                # Superfluous where namespaces are merged, and slow: 22 of them doubled the
                # time that Python took to start.
                if not name.endswith("-nspkg.pth") and (left is None or name in left):
                    owners[name].append((number, f"{source}/{name}"))
            if number not in placed:
                part = (number, f"{source}/{facts.dist_info}")
                how = _How.FILES if self._usual is _How.LINKED else self._usual
                self._real(f"{target}/{facts.dist_info}", [part], how)
        self._fill(target, owners, folders, self._usual)
        self._folders.add(f"{target}/__pycache__")  # of trail's own modules there

    def data(self) -> None:
        shape, aliases = self._shape, dict(self._shape.aliases)
        owners: _Owners = defaultdict(list)
        folders: set[_Part] = set()
        for number, facts in self._needed:
            if facts.root_files or not facts.metadata:
                for name in self._files_at_root(number):
                    owners[name].append((number, name))
            for scheme in facts.schemes:
                name = aliases.get(scheme, scheme)
                if name in shape.reserved:
                    self._warnings.append(_left_out(scheme, facts))
                elif scheme != shape.scripts:
                    owners[name].append((number, scheme))
                    folders.add((number, scheme))
                if scheme == "include" and self._look.is_folder(number, f"include/{facts.name}"):
                    self._headers[facts.name].append((number, f"include/{facts.name}"))
        # Real in any case, because trail has something of its own there.
        for name in (shape.library, *(("include",) if self._headers else ())):
            self._real(name, owners.pop(name, []), self._usual)
        if self._headers and shape.headers not in self._folders:
            self._real(shape.headers, [], self._usual)
        self._fill("", owners, folders, self._usual)

    def _files_at_root(self, number: int) -> Iterator[str]:
        """Find what a wheel brings beside its data folders."""
        shape, facts = self._shape, self._members[number]
        names: Iterable[str] = facts.root_files
        if not facts.metadata:  # an entry of the first trails: they are not noted
            listing = self._look.listing(number, "")
            names = [name for name in listing if not listing[name] and name != ENTRY_FILE]
        if not names:
            return
        own = {*shape.reserved, shape.scripts, shape.library, *dict(shape.aliases)}
        for name in names:
            if name in own:
                self._warnings.append(_left_out(name, self._members[number]))
            else:
                yield name

    def scripts(self) -> None:
        folder = self._shape.scripts
        owners: _Owners = defaultdict(list)
        folders: set[_Part] = set()
        entry_points: dict[_Part, EntryPoint] = {}
        for number, facts in self._needed:
            for entry_point in facts.scripts:
                part = (number, f"{folder}/{entry_point.name}")
                owners[entry_point.name].append(part)
                entry_points[part] = entry_point
            if folder in facts.schemes:
                for name, is_folder in self._look.listing(number, folder).items():
                    part = (number, f"{folder}/{name}")
                    if part not in entry_points:  # an entry point replaces its wheel's own file
                        owners[name].append(part)
                        if is_folder:
                            folders.add(part)
        self._folders.add(folder)
        for name, parts in sorted(owners.items()):
            path = f"{folder}/{name}"
            part = self._conflicts.choose(path, parts, folders, entry_points)
            if part in entry_points:
                self._scripts.append(NewScript(part[0], entry_points[part]))
            elif part in folders:
                self._one(path, part, self._usual, is_folder=True)
            else:
                self._put(Action.SCRIPT, folder, part)

    # The rules

    def _real(self, path: str, parts: Sequence[_Part], how: _How) -> None:
        """Make a real folder, and place in it what its owners have."""
        owners: _Owners = defaultdict(list)
        folders: set[_Part] = set()
        regular = False
        for number, source in parts:
            for name, is_folder in self._look.listing(number, source).items():
                part = (number, f"{source}/{name}")
                if name == "__pycache__" or part[1] == self._hidden:
                    continue
                owners[name].append(part)
                if is_folder:
                    folders.add(part)
                elif how is _How.LINKED and re.fullmatch(_INIT, name):
                    regular = True
        if path == self._shape.headers:
            for name, headers in self._headers.items():
                owners[name] = headers
                folders.update(headers)
        # Only a shared package comes here with rules 1 and 2: see `_fill`.
        if regular and path.startswith(f"{self._shape.site_packages}/"):
            self._share(path, tuple(number for number, _ in parts), owners, folders)
        else:
            self._fill(path, owners, folders, how)

    def _share(
        self, path: str, members: tuple[int, ...], owners: _Owners, folders: set[_Part]
    ) -> None:
        """Join a regular package: in the depot, unless it looks for what would not be beside it."""
        if not self._special.isdisjoint(members):
            self._fill(path, owners, folders, _How.JOINED)
            return
        is_there, before = self._look.is_joined(path, members), self._conflicts.choices
        if not is_there:
            self._fill(path, owners, folders, _How.JOINED)
        plain = self._conflicts.choices == before
        self._joined.append(SharedPackage(path, members, plain, is_there))

    def _fill(self, target: str, owners: _Owners, folders: set[_Part], how: _How) -> None:
        """Place the children of a real folder."""
        if target:
            self._folders.add(target)
        sources: list[_Part] = []
        site = f"{self._shape.site_packages}/"
        linked = how is _How.LINKED and f"{target}/".startswith(site)
        for name, parts in sorted(owners.items()):
            part = parts[0]
            if linked and len(parts) == 1 and part[0] not in self._special:
                # Nearly all: what `_one` says about these, in a quarter of its time.
                number, source = part
                action = Action.FOLDER_LINK
                if part not in folders:
                    action = Action.FILE_LINK
                    if name.endswith(".py"):
                        sources.append(part)
                self._groups[action, target, number, source[: -len(name) - 1]].append(name)
                continue
            path = f"{target}/{name}" if target else name
            if len(parts) > 1 and folders.issuperset(parts):
                self._real(path, parts, how)
                continue
            if len(parts) > 1:
                part = self._conflicts.choose(path, parts, folders, {})
            self._one(path, part, how, is_folder=part in folders)
            if name.endswith(".py") and part not in folders:
                sources.append(part)
        if sources and self._shape.cache_tag and f"{target}/".startswith(site):
            self._bytecode(target, sources)

    def _one(self, path: str, part: _Part, how: _How, *, is_folder: bool) -> None:
        """Place what one distribution owns alone."""
        if not is_folder:
            action = Action.FILE_LINK if how is _How.LINKED else self._hard
            self._put(action, path.rpartition("/")[0], part)
        elif path.startswith(f"{self._shape.site_packages}/"):
            joined = how is not _How.LINKED or self._must_join(part)
            self._put(self._tree if joined else Action.FOLDER_LINK, path.rpartition("/")[0], part)
        elif how is not _How.LINKED or (self._headers and self._above_headers(path)):
            self._real(path, [part], how)
        else:
            self._put(Action.FOLDER_LINK, path.rpartition("/")[0], part)

    def _put(self, action: Action, folder: str, part: _Part) -> None:
        """Note a link, which has the same name as what it comes from."""
        number, path = part
        source, _, name = path.rpartition("/")
        self._groups[action, folder, number, source].append(name)

    def _must_join(self, part: _Part) -> bool:
        number, source = part
        named = self._members[number].name in JOINED
        if not (named or number in self._reaching):
            return False
        if not source.startswith(f"{self._shape.entry_site_packages}/"):
            return False
        return named or any(library.startswith(f"{source}/") for library in self._reaching[number])

    def _above_headers(self, path: str) -> bool:
        return f"{self._shape.headers}/".startswith(f"{path}/")

    def _bytecode(self, target: str, sources: Sequence[_Part]) -> None:
        """Link the bytecode of Python files in a real folder (rule 7)."""
        places = {(number, posixpath.dirname(source)) for number, source in sources}
        if len(places) == 1 and target != self._shape.site_packages:
            ((number, place),) = places
            self._put(Action.BYTECODE_FOLDER, target, (number, f"{place}/__pycache__"))
            return
        self._folders.add(f"{target}/__pycache__")
        for number, source in sources:
            place, _, name = source.rpartition("/")
            cached = f"{place}/__pycache__/{name[:-3]}.{self._shape.cache_tag}.pyc"
            self._put(Action.BYTECODE_FILE, f"{target}/__pycache__", (number, cached))


def _left_out(name: str, facts: Facts) -> str:
    return f"`{name}` of `{facts.name}` is left out: a prefix has its own"
