"""What the depot knows about an entry: `entry.json` (docs/layout.md, section 4).

Reading is strict and cheap: a prefix of 200 entries reads 200 of these. Keys that this
version does not know are ignored, so that later ones can add some.
"""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from trail.depot.layout import LAYOUT_VERSION
from trail.errors import DepotError
from trail.model import (
    EntryPoint,
    Escape,
    Facts,
    Hashes,
    Kind,
    Mismatch,
    NormalizedName,
    Sha256,
    TopLevel,
)
from trail.values import dataclass

if TYPE_CHECKING:
    from pathlib import Path

    from trail.model import WheelFile
    from trail.wheel.engine import Known

__all__ = ["EntryInfo", "Origin", "dump_info", "facts_of", "parse_info", "public_url"]

_T = TypeVar("_T")
_ORIGINS = frozenset({"index", "path", "url", "vcs"})
_SHA256 = re.compile(r"[0-9a-f]{64}")
_KINDS = {str(kind): kind for kind in Kind}
_DEPTH = 2  # entry.json has one line for each key down to here, and for each item of a list


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a wheel, or what it was built from, came from; never with credentials.

    Args:
        kind: `index`, `url`, `path` or `vcs`.
        url: the file's or repository's address, without query; None for `path`.
        index: the index' address; None for other kinds.
        path: the file or folder; None for other kinds.
        revision: the commit, for `vcs`.
        hashes: what a lock or an index promised about it.
    """

    kind: str
    url: str | None = None
    index: str | None = None
    path: str | None = None
    revision: str | None = None
    hashes: Hashes = ()

    @classmethod
    def of(cls, wheel: WheelFile) -> Origin:
        """Say where a wheel came from, without credentials."""
        hashes = tuple(sorted(wheel.hashes))
        if wheel.path is not None:
            return cls(kind="path", path=str(wheel.path), hashes=hashes)
        url = None if wheel.url is None else public_url(wheel.url)
        if wheel.index is None:
            return cls(kind="url", url=url, hashes=hashes)
        return cls(kind="index", url=url, index=public_url(wheel.index), hashes=hashes)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryInfo:
    """The content of an `entry.json`.

    Args:
        facts: what the engine found.
        origin: where the wheel, or its source, came from.
        filename: the wheel's file name.
        sha256: of the wheel.
        size: of the wheel, in bytes.
        built: whether trail built the wheel from `origin`, rather than found it there.
    """

    facts: Facts
    origin: Origin
    filename: str
    sha256: Sha256
    size: int
    built: bool = False

    @property
    def tags(self) -> tuple[str, ...]:
        """The wheel's tags (PEP 425), sorted; a compressed set is taken apart."""
        parts = self.filename.removesuffix(".whl").rsplit("-", 3)[1:]
        return tuple(
            sorted("-".join(tag) for tag in itertools.product(*(part.split(".") for part in parts)))
        )


def public_url(url: str) -> str:
    """Take everything secret out of an address: user, password, query and fragment."""
    from urllib.parse import urlsplit  # noqa: PLC0415  # only who installs needs it

    if "://" not in url:
        return url
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def dump_info(info: EntryInfo) -> bytes:
    """Write an `entry.json`: sorted keys, one line for each key and each item."""
    facts, origin = info.facts, info.origin
    tree = {
        "layout": LAYOUT_VERSION,
        "filename": info.filename,
        "sha256": info.sha256,
        "size": info.size,
        "tags": list(info.tags),
        "built": info.built,
        "origin": {
            "kind": origin.kind,
            "url": origin.url,
            "index": origin.index,
            "path": origin.path,
            "revision": origin.revision,
            "hashes": dict(origin.hashes),
        },
        "facts": {
            "name": facts.name,
            "version": facts.version,
            "dist_info": facts.dist_info,
            "root_is_purelib": facts.root_is_purelib,
            "files": facts.files,
            "size": facts.size,
            "record": facts.record,
            "top_level": [
                {"path": top.path, "name": top.name, "kind": str(top.kind)}
                for top in facts.top_level
            ],
            "startup": list(facts.startup),
            "scripts": [
                {"name": script.name, "value": script.value, "gui": script.gui}
                for script in facts.scripts
            ],
            "schemes": list(facts.schemes),
            "metadata": list(facts.metadata),
            "root_files": list(facts.root_files),
            "escapes": [
                {"library": escape.library, "runpath": escape.runpath, "tag": escape.tag}
                for escape in facts.escapes
            ],
            "mismatches": [
                {
                    "path": wrong.path,
                    "rule": wrong.rule,
                    "expected": wrong.expected,
                    "actual": wrong.actual,
                }
                for wrong in facts.mismatches
            ],
        },
    }
    return (_pretty(tree) + "\n").encode("ascii")


def _pretty(value: Any, depth: int = 0) -> str:
    pad = " " * (depth + 1)
    if isinstance(value, dict) and value and depth < _DEPTH:
        rows = [f'{pad}"{key}": {_pretty(value[key], depth + 1)}' for key in sorted(value)]
        return "{\n" + ",\n".join(rows) + "\n" + " " * depth + "}"
    if isinstance(value, list) and value:
        rows = [pad + json.dumps(item, sort_keys=True) for item in value]
        return "[\n" + ",\n".join(rows) + "\n" + " " * depth + "]"
    return json.dumps(value, sort_keys=True)


def parse_info(data: bytes, path: str | Path) -> EntryInfo:
    """Read an `entry.json`.

    Args:
        data: the file's content.
        path: the file, for messages.

    Raises:
        DepotError: it is damaged, or written by a later trail.
    """
    try:
        tree = json.loads(data)
    except ValueError as error:
        raise DepotError(
            f"cannot read `{path}`: {error}", hint="trail depot verify --repair"
        ) from error
    if not isinstance(tree, dict):
        _wrong(path, "the file", "an object", tree)
    layout = _get(tree, "layout", int, "", path)
    if layout > LAYOUT_VERSION:
        raise DepotError(
            f"cannot use `{path}`: a later trail wrote it",
            details=(("layout", str(layout)), ("known", str(LAYOUT_VERSION))),
            hint="upgrade trail",
        )
    return EntryInfo(
        facts=_facts(_get(tree, "facts", dict, "", path), path),
        origin=_origin(_get(tree, "origin", dict, "", path), path),
        filename=_get(tree, "filename", str, "", path),
        sha256=_sha256(tree, "sha256", "", path),
        size=_get(tree, "size", int, "", path),
        built=_get(tree, "built", bool, "", path),
    )


def facts_of(known: Known) -> Facts:
    """Make facts of what `trail.wheel.engine.Reader` read."""
    (
        name, version, dist_info, root_is_purelib, files, size, record,
        top_level, startup, scripts, schemes, metadata, root_files, escapes,
    ) = known.row()  # fmt: skip
    return Facts(
        name=NormalizedName(name),
        version=version,
        dist_info=dist_info,
        root_is_purelib=root_is_purelib,
        files=files,
        size=size,
        record=Sha256(record),
        top_level=tuple(
            [TopLevel(path=path, name=name, kind=_KINDS[kind]) for path, name, kind in top_level]
        ),
        startup=startup,
        scripts=tuple(
            [EntryPoint(name=name, value=value, gui=gui) for name, value, gui in scripts]
        ),
        schemes=schemes,
        metadata=metadata,
        root_files=root_files,
        escapes=tuple(
            [Escape(library=library, runpath=runpath, tag=tag) for library, runpath, tag in escapes]
        ),
    )


def _origin(tree: dict[str, Any], path: str | Path) -> Origin:
    kind = _get(tree, "kind", str, "origin.", path)
    if kind not in _ORIGINS:
        _wrong(path, "origin.kind", "one of " + ", ".join(sorted(_ORIGINS)), kind)
    hashes = _get(tree, "hashes", dict, "origin.", path)
    return Origin(
        kind=kind,
        url=_get_or_none(tree, "url", "origin.", path),
        index=_get_or_none(tree, "index", "origin.", path),
        path=_get_or_none(tree, "path", "origin.", path),
        revision=_get_or_none(tree, "revision", "origin.", path),
        hashes=tuple(
            (name, _get(hashes, name, str, "origin.hashes.", path)) for name in sorted(hashes)
        ),
    )


def _facts(tree: dict[str, Any], path: str | Path) -> Facts:
    at = "facts."
    return Facts(
        name=NormalizedName(_get(tree, "name", str, at, path)),
        version=_get(tree, "version", str, at, path),
        dist_info=_get(tree, "dist_info", str, at, path),
        root_is_purelib=_get(tree, "root_is_purelib", bool, at, path),
        files=_get(tree, "files", int, at, path),
        size=_get(tree, "size", int, at, path),
        record=_sha256(tree, "record", at, path),
        top_level=tuple(
            TopLevel(
                path=_get(item, "path", str, where, path),
                name=_get(item, "name", str, where, path),
                kind=_kind(item, where, path),
            )
            for where, item in _items(tree, "top_level", path)
        ),
        startup=_strings(tree, "startup", path),
        scripts=tuple(
            EntryPoint(
                name=_get(item, "name", str, where, path),
                value=_get(item, "value", str, where, path),
                gui=_get(item, "gui", bool, where, path),
            )
            for where, item in _items(tree, "scripts", path)
        ),
        schemes=_strings(tree, "schemes", path),
        # Absent in entries of the first trails.
        metadata=_strings(tree, "metadata", path) if "metadata" in tree else (),
        root_files=_strings(tree, "root_files", path) if "root_files" in tree else (),
        escapes=tuple(
            Escape(
                library=_get(item, "library", str, where, path),
                runpath=_get(item, "runpath", str, where, path),
                tag=_get(item, "tag", str, where, path),
            )
            for where, item in _items(tree, "escapes", path)
        ),
        mismatches=tuple(
            Mismatch(
                path=_get(item, "path", str, where, path),
                rule=_get(item, "rule", str, where, path),
                expected=_get_or_none(item, "expected", where, path),
                actual=_get_or_none(item, "actual", where, path),
            )
            for where, item in _items(tree, "mismatches", path)
        ),
    )


def _get(tree: dict[str, Any], key: str, kind: type[_T], where: str, path: str | Path) -> _T:
    value = tree.get(key, _ABSENT)
    if type(value) is not kind:  # exact: True is no number
        _wrong(path, where + key, _NAMES[kind], value)
    return value


def _get_or_none(tree: dict[str, Any], key: str, where: str, path: str | Path) -> str | None:
    value = tree.get(key)
    if value is not None and type(value) is not str:
        _wrong(path, where + key, "a string or null", value)
    return value


def _sha256(tree: dict[str, Any], key: str, where: str, path: str | Path) -> Sha256:
    value = _get(tree, key, str, where, path)
    if not _SHA256.fullmatch(value):
        _wrong(path, where + key, "64 hexadecimal digits", value)
    return Sha256(value)


def _kind(tree: dict[str, Any], where: str, path: str | Path) -> Kind:
    value = _get(tree, "kind", str, where, path)
    if value not in _KINDS:
        _wrong(path, f"{where}kind", "one of " + ", ".join(_KINDS), value)
    return _KINDS[value]


def _items(tree: dict[str, Any], key: str, path: str | Path) -> list[tuple[str, dict[str, Any]]]:
    result = []
    for number, item in enumerate(_get(tree, key, list, "facts.", path)):
        where = f"facts.{key}[{number}]"
        if type(item) is not dict:
            _wrong(path, where, "an object", item)
        result.append((f"{where}.", item))
    return result


def _strings(tree: dict[str, Any], key: str, path: str | Path) -> tuple[str, ...]:
    items = _get(tree, key, list, "facts.", path)
    if not set(map(type, items)) <= {str}:
        for number, item in enumerate(items):
            if type(item) is not str:
                _wrong(path, f"facts.{key}[{number}]", "a string", item)
    return tuple(items)


_ABSENT = object()
_NAMES: dict[type, str] = {
    bool: "true or false",
    dict: "an object",
    int: "a number",
    list: "a list",
    str: "a string",
}


def _wrong(path: str | Path, key: str, expected: str, value: Any) -> NoReturn:
    actual = "nothing" if value is _ABSENT else json.dumps(value)
    raise DepotError(
        f"cannot use `{path}`: `{key}` is wrong",
        details=(("expected", expected), ("actual", actual)),
        hint="trail depot verify --repair",
    )
