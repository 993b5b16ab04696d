"""Which wheel of a pinned version is the one to use; pip's order, no network."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from trail.errors import DigestError, FetchError, TrailError
from trail.index.digests import STRONG, by_algorithm
from trail.index.links import local_path
from trail.model import SourceKind, SourcePackage, WheelFile
from trail.wheel.filename import parse_filename

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from packaging.tags import Tag

    from trail.errors import Details
    from trail.index.page import IndexFile, ProjectPage
    from trail.model import Hashes, Pinned
    from trail.report import Reporter
    from trail.wheel.filename import WheelName

__all__ = ["NoWheelError", "choose_wheel"]

_MOST_SHOWN = 12
_BUILD = re.compile(r"(\d*)(.*)", re.DOTALL)


class NoWheelError(FetchError):
    """There is the version, but no wheel of it for this interpreter.

    Args:
        message: as in `TrailError`.
        details: as in `TrailError`.
        source: the source distribution that one can be built from, or None.
    """

    def __init__(self, message: str, *, details: Details, source: SourcePackage | None) -> None:
        super().__init__(message, details=details)
        self.source = source


def choose_wheel(
    page: ProjectPage,
    pinned: Pinned,
    tags: Sequence[Tag],
    *,
    python: str | None = None,
    reporter: Reporter,
) -> WheelFile:
    """Choose the best wheel of a pinned version.

    In pip's order: files that are not yanked, then by the rank of the best tag, then by
    build number, the highest first.

    Args:
        page: what there is.
        pinned: what is wanted.
        tags: what the interpreter takes, the best first.
        python: the interpreter's full version, for `requires-python`; None to ignore that.
        reporter: is told of a yanked file.

    Raises:
        FetchError: there is no such version.
        NoWheelError: there is no wheel of it that fits.
        DigestError: the wheels that fit are not the ones that the hashes vouch for.
    """
    release = f"`{pinned.name}` {pinned.version}"
    files = [*page.of(pinned.version)]
    if not files:
        raise FetchError(f"there is no {release}", details=_what_there_is(page))
    if pinned.filename is not None:
        files = [file for file in files if file.filename == pinned.filename]
        if not files:
            raise FetchError(
                f"there is no `{pinned.filename}` any more", details=_what_there_is(page)
            )
    wheels = [(file, name) for file in files if (name := _wheel_name(file)) is not None]
    source = _choose_source(files, pinned, python)
    if not wheels:
        raise NoWheelError(
            f"{release} has no wheel, only a source distribution",
            details=(("file", files[0].filename), *_where(files)),
            source=source,
        )
    ranks = _ranks(tuple(tags))
    fitting = [(file, name) for file, name in wheels if not ranks.keys().isdisjoint(name.tags)]
    if not fitting:
        raise NoWheelError(
            f"{release} has no wheel for this interpreter",
            details=_tag_details(files, [file for file, _ in wheels], tags),
            source=source,
        )
    running = [(file, name) for file, name in fitting if _runs_on(file, python)]
    if not running:
        raise FetchError(
            f"{release} does not run on Python {python}",
            details=(("requires", str(fitting[0][0].requires_python)), *_where(files)),
        )
    vouched = [(file, name) for file, name in running if _vouched(file.hashes, pinned.hashes)]
    if not vouched:
        raise _strangers(pinned, [file for file, _ in running])
    file, _ = max(vouched, key=lambda pair: _rank(pair[0], pair[1], ranks))
    if file.yanked is not None:
        reason = f": {file.yanked}" if file.yanked else ""
        reporter.warn(f"{release} was yanked by its authors{reason}")
    return _as_wheel(file, pinned)


def _choose_source(
    files: Iterable[IndexFile], pinned: Pinned, python: str | None
) -> SourcePackage | None:
    """Choose the source distribution that the pin allows: `.tar.gz` before others."""
    sources = [
        file
        for file in files
        if not file.is_wheel and _runs_on(file, python) and _vouched(file.hashes, pinned.hashes)
    ]
    best = min(sources, key=lambda file: not file.filename.endswith(".tar.gz"), default=None)
    if best is None:
        return None
    wheel = _as_wheel(best, pinned)
    return SourcePackage(
        name=wheel.name,
        kind=SourceKind.SDIST,
        version=wheel.version,
        filename=wheel.filename,
        # A pin has the hashes of all files; only one of these is this file's.
        hashes=tuple(pair for pair in wheel.hashes if pair in best.hashes) or wheel.hashes,
        size=wheel.size,
        url=wheel.url,
        path=wheel.path,
        index=wheel.index,
        requires=wheel.requires,
    )


def _wheel_name(file: IndexFile) -> WheelName | None:
    if not file.is_wheel:
        return None
    try:
        return parse_filename(file.filename)
    except TrailError:
        return None


@lru_cache(maxsize=8)
def _ranks(tags: tuple[Tag, ...]) -> Mapping[Tag, int]:
    return {tag: rank for rank, tag in reversed(list(enumerate(tags)))}


def _rank(file: IndexFile, name: WheelName, ranks: Mapping[Tag, int]) -> tuple[bool, int, int, str]:
    best = min(ranks[tag] for tag in name.tags if tag in ranks)
    number, rest = _BUILD.fullmatch(name.build).groups()  # type: ignore[union-attr]  # fits all
    return (file.yanked is None, -best, int(number or -1), rest)


def _runs_on(file: IndexFile, python: str | None) -> bool:
    if python is None or file.requires_python is None:
        return True
    try:
        # As pip: Python 3.13.0rc1 passes for 3.13.0.
        running = Version(python).base_version
        return SpecifierSet(file.requires_python).contains(running, prereleases=True)
    except InvalidSpecifier:
        return True  # as pip: old uploads have all sorts of texts here


def _vouched(given: Hashes, pinned: Hashes) -> bool:
    """Whether a file's hashes may be those of the wanted file."""
    wanted = by_algorithm(pinned)
    known = by_algorithm(given)
    return all(known[name] & wanted[name] for name in known.keys() & wanted.keys())


def _as_wheel(file: IndexFile, pinned: Pinned) -> WheelFile:
    known = tuple(pair for pair in file.hashes if pair[0] in STRONG)
    settled = {algorithm for algorithm, _ in known}
    # Where the page has no hash of an algorithm, each of the pinned ones is possible.
    more = tuple(pair for pair in pinned.hashes if pair[0] not in settled)
    hashes = tuple(sorted((*known, *more))) or file.hashes
    path = local_path(file.url)
    return WheelFile(
        name=pinned.name,
        version=pinned.version,
        filename=file.filename,
        hashes=hashes,
        size=file.size,
        url=None if path else file.url,
        path=path,
        index=file.index,
        vouched=bool(hashes),
        requires=pinned.requires,
    )


# --- the details of errors


def _where(files: Iterable[IndexFile]) -> tuple[tuple[str, str], ...]:
    places = dict.fromkeys(file.index for file in files if file.index)
    return (("index", ", ".join(places)),) if places else ()


def _what_there_is(page: ProjectPage) -> tuple[tuple[str, str], ...]:
    details = [("versions", _shorten([*page.releases]) or "none")]
    if page.status != "active":
        details.append(("status", page.standing))
    return (*details, *(_where(page.files) or _where_page(page)))


def _where_page(page: ProjectPage) -> tuple[tuple[str, str], ...]:
    return (("index", page.index),) if page.index else ()


def _tag_details(
    files: Iterable[IndexFile], wheels: Iterable[IndexFile], tags: Sequence[Tag]
) -> tuple[tuple[str, str], ...]:
    offered = sorted({"-".join(wheel.filename[:-4].split("-")[-3:]) for wheel in wheels})
    details = [("wheels for", _shorten(offered))]
    if tags:
        details.append(("this is", str(tags[0])))
    sources = [file.filename for file in files if not file.is_wheel]
    if sources:
        details.append(("source", sources[0]))
    return (*details, *_where(files))


def _strangers(pinned: Pinned, files: Sequence[IndexFile]) -> DigestError:
    accepted = [f"{algorithm}={digest}" for algorithm, digest in pinned.hashes]
    offered = [
        f"{algorithm}={digest} ({file.filename})"
        for file in files
        for algorithm, digest in file.hashes
        if algorithm in STRONG
    ]
    return DigestError(
        f"refused `{pinned.name}` {pinned.version}: no wheel for this interpreter has a hash"
        " that the lock names; nothing of it was installed",
        details=(
            ("expected", _shorten(accepted)),
            ("actual", _shorten(offered)),
            *_where(files),
        ),
    )


def _shorten(words: Sequence[str]) -> str:
    more = len(words) - _MOST_SHOWN
    shown = ", ".join(words[:_MOST_SHOWN])
    return f"{shown} and {more} more" if more > 0 else shown
