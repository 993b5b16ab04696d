"""Make a prefix, once: staging, rename, read-only. What exists under its key is complete."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

from trail.depot.faults import explained
from trail.depot.unpacked import read_facts
from trail.errors import PrefixError
from trail.prefix.builder import LAYOUT, Builder
from trail.prefix.contents import putting
from trail.prefix.look import EntryFacts, EntryFolders
from trail.prefix.model import LINK_MODES, Prefix
from trail.prefix.plan import make_plan
from trail.prefix.vendor import bring_runtime, read_runtime
from trail.sha256 import hex_digest

if sys.platform == "win32":
    from trail.prefix.platform_windows import WindowsPlatform as ThisPlatform
elif sys.platform == "darwin":
    from trail.prefix.platform_macos import MacPlatform as ThisPlatform
else:
    from trail.prefix.platform_posix import PosixPlatform as ThisPlatform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from trail.depot.store import Depot, Entry
    from trail.prefix.model import Platform, PrefixRequest
    from trail.prefix.vendor import Runtime
    from trail.report import Reporter
    from trail.wheel.engine import Engine

__all__ = ["ensure_prefix", "prefix_key"]

_PLATFORM: Platform = ThisPlatform()
_DIGITS = 20


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
    path, shape = depot.layout.prefix(key), _PLATFORM.shape(request.interpreter)
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
        scripts=path / shape.scripts,
        site_packages=path / shape.site_packages,
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
    content = {
        "layout": LAYOUT,
        "depot": os.fspath(depot.layout.root),
        "python": [os.fspath(request.interpreter.base), request.interpreter.identity],
        "entries": sorted(entry.name_in(depot) for entry in request.entries),
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
    entries = _in_order(request.entries)
    read_facts(entries, engine.reader)
    shape, filler = _PLATFORM.shape(request.interpreter), engine.filler
    final = depot.layout.prefix(key)
    with explained("make the prefix", final), depot.staging() as staging:
        staged = staging / key
        staged.mkdir()
        top = os.fspath(staged)
        builder = Builder(
            platform=_PLATFORM,
            shape=shape,
            staged=top,
            final=final,
            entries=entries,
            depot=depot,
            request=request,
            filler=filler,
        )
        copied = request.link_mode == "copy"
        with putting(top, _PLATFORM, filler, copied=copied) as putter:
            in_place = builder.usual(putter)
            members = EntryFacts(entries)
            paths = [entry.path for entry in entries]
            look = EntryFolders(paths, members, shape, builder.is_joined)
            plan = make_plan(
                members, look, shape=shape, link_mode=request.link_mode, in_place=in_place
            )
            for warning in plan.warnings:
                reporter.warn(warning)
            table = None
            if request.strict is not None:
                from trail.prefix.strict import make_table  # noqa: PLC0415  # few projects are

                table = make_table(request.strict, plan, members, look, shape)
            putter.put(builder.rest(plan, runtime, table))
        _PLATFORM.install_python(top, request.interpreter)
        (staged / shape.scripts).chmod(0o555)
        # Where another process was first, its prefix stays: the same by the same key.
        depot.publish(staged, final, key)


def _in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Sort entries by name, of which each may be there once."""
    by_name: dict[str, Entry] = {}
    for entry in entries:
        name, version, _ = entry.id.split("/")
        other = by_name.setdefault(name, entry)
        if other is not entry:
            versions = sorted((other.id.split("/")[1], version))
            raise PrefixError(
                f"`{name}` is selected twice", details=(("versions", ", ".join(versions)),)
            )
    return [by_name[name] for name in sorted(by_name)]
