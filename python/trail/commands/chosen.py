"""From what the resolver chose for one Python to files: a wheel, or what one is built from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urldefrag

from packaging.tags import create_compatible_tags_selector
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from trail.build.checkout import parse_reference
from trail.errors import ResolutionError
from trail.index.digests import STRONG
from trail.index.links import local_path
from trail.model import NormalizedName, SourceKind, SourcePackage, WheelFile

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    from packaging.tags import Tag

    from trail.model import Hashes
    from trail.resolve.model import Resolved
    from trail.resolve.source import File

__all__ = ["choose", "direct_source"]

_ITSELF = NormalizedName("")  # not one of its extras


def choose(
    package: Resolved,
    tags: Sequence[Tag],
    commits: Mapping[str, str],
    *,
    sources_only: Container[str] = (),
) -> WheelFile | SourcePackage:
    """Choose the best of a version's files, as installers do: a wheel where one fits.

    Args:
        package: what the resolver chose.
        tags: what the interpreter takes, the best first.
        commits: which commit each address of a repository stands for.
        sources_only: names of packages whose wheels are not used.

    Raises:
        ResolutionError: there is nothing for this Python.
    """
    select = create_compatible_tags_selector(tags)
    wheels = [] if package.name in sources_only else list(_wheels(package.files))
    best = next(iter(select(wheels)), None)
    requires = tuple(sorted({one.name for one in package.dependencies.get(_ITSELF, ())}))
    if best is not None:
        return WheelFile(
            name=package.name,
            version=str(package.version),
            filename=best.filename,
            hashes=_strong(best),
            size=best.size,
            url=best.url,
            path=Path(best.path) if best.path is not None else None,
            index=package.index,
            vouched=bool(_strong(best)),
            requires=requires,
        )
    sources = [file for file in package.files if not file.is_wheel]
    if package.direct is not None:
        return direct_source(
            package.name,
            package.direct.url,
            version=str(package.version),
            file=sources[0] if sources else None,
            editable=package.direct.editable,
            commits=commits,
        )
    if not sources:
        raise ResolutionError(f"`{package.name}` {package.version} has no file for this Python")
    return SourcePackage(
        name=package.name,
        kind=SourceKind.SDIST,
        version=str(package.version),
        filename=sources[0].filename,
        hashes=_strong(sources[0]),
        size=sources[0].size,
        url=sources[0].url,
        path=Path(sources[0].path) if sources[0].path is not None else None,
        index=package.index,
        requires=requires,
    )


def direct_source(  # noqa: PLR0913  # a reference, and what is known of it
    name: NormalizedName,
    url: str,
    *,
    version: str | None = None,
    file: File | None = None,
    editable: bool = False,
    commits: Mapping[str, str],
) -> SourcePackage:
    """Read a direct reference to what is not a wheel (PEP 440).

    Args:
        name: the distribution.
        url: the reference.
        version: its version, where that is known.
        file: the archive, where its hashes are known.
        editable: whether a folder is used in place.
        commits: which commit each address of a repository stands for.

    Raises:
        BuildError: the address cannot be used.
    """
    if url.startswith("git+"):
        reference = parse_reference(url)
        return SourcePackage(
            name=name,
            kind=SourceKind.VCS,
            version=version,
            url=reference.url,
            commit=commits[url],
            subdirectory=reference.subdirectory,
        )
    address, fragment = urldefrag(url)
    inner = dict(parse_qsl(fragment)).get("subdirectory", "").strip("/")
    path = local_path(address)
    if path is not None and path.is_dir():
        return SourcePackage(
            name=name,
            kind=SourceKind.DIRECTORY,
            path=path,
            subdirectory=inner,
            editable=editable,
        )
    return SourcePackage(
        name=name,
        kind=SourceKind.ARCHIVE,
        version=version,
        filename=file.filename if file is not None else address.rpartition("/")[2],
        hashes=_strong(file) if file is not None else (),
        size=file.size if file is not None else None,
        url=None if path is not None else address,
        path=path,
        subdirectory=inner,
    )


def _wheels(files: Sequence[File]) -> Iterator[tuple[File, frozenset[Tag]]]:
    for file in files:
        if file.is_wheel:
            try:
                yield file, parse_wheel_filename(file.filename)[3]
            except InvalidWheelFilename:
                continue


def _strong(file: File) -> Hashes:
    return tuple(pair for pair in file.hashes if pair[0] in STRONG)
