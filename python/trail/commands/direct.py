"""Direct references (PEP 440, PEP 610): archives by address, and folders."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urldefrag, urlsplit

from packaging.version import InvalidVersion, Version

from trail.errors import FetchError, MetadataError, ProjectError
from trail.index.core_metadata import NeedsBuild
from trail.index.digests import STRONG
from trail.index.filenames import split_filename
from trail.index.links import local_path
from trail.index.page import IndexFile
from trail.model import NormalizedName, WheelFile
from trail.project.pyproject import read_pyproject
from trail.resolve.source import Broken, File, Metadata
from trail.toml import parse_toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from packaging.requirements import Requirement

    from trail.index.client import IndexClient
    from trail.project.pyproject import PyProject
    from trail.resolve.source import Answer, Direct

__all__ = ["read_direct"]

_DYNAMIC = frozenset({"version", "dependencies", "optional-dependencies", "requires-python"})


def read_direct(
    client: IndexClient, name: NormalizedName, direct: Direct
) -> tuple[Answer, Sequence[File]]:
    """Read the metadata of a direct reference.

    Args:
        client: fetches archives.
        name: the distribution that it must be.
        direct: the reference.

    Returns:
        The metadata, and the archive where it is one.

    Raises:
        FetchError: it cannot be reached or read.
        DigestError: it is not what the reference's hash names.
    """
    url, fragment = urldefrag(direct.url)
    path = local_path(url)
    if path is not None and path.is_dir():
        return _read_folder(path), ()
    if path is None and urlsplit(url).scheme not in {"http", "https"}:
        return Broken(reason=f"is only known when `{url}` is checked out and built"), ()
    filename = path.name if path is not None else unquote(urlsplit(url).path.rpartition("/")[2])
    known = split_filename(filename, name)
    if known is None:
        return Broken(reason=f"is missing: `{filename}` is no wheel or sdist of `{name}`"), ()
    wanted = tuple(sorted(_fragment_hashes(fragment)))
    with tempfile.TemporaryDirectory(prefix="trail-") as folder:
        # The lock needs a hash, so all of it is needed.
        archive = client.download(
            WheelFile(
                name=name,
                version=known[1],
                filename=filename,
                hashes=wanted,
                url=None if path is not None else client.without_credentials(url),
                path=path,
            ),
            Path(folder),
        )
        file = File(
            filename=filename,
            url=None if path is not None else client.without_credentials(url),
            path=str(path) if path is not None else None,
            hashes=tuple(sorted({("sha256", str(archive.sha256)), *wanted})),
            size=archive.size,
        )
        here = IndexFile(name=name, version=known[1], filename=filename, url=archive.path.as_uri())
        try:
            found = client.metadata(here)
        except MetadataError as error:
            return Broken(reason=f"cannot be read: {error.reason} (`{filename}`)"), (file,)
    if found is None or isinstance(found, NeedsBuild):
        return Broken(reason=f"is only known when `{filename}` is built"), (file,)
    answer = Metadata(
        name=name,
        version=Version(found.version),
        requires_dist=found.requires_dist,
        requires_python=found.requires_python,
        extras=frozenset(found.extras),
    )
    return answer, (file,)


def _fragment_hashes(fragment: str) -> Iterator[tuple[str, str]]:
    for part in fragment.split("&"):
        algorithm, _, digest = part.partition("=")
        if algorithm in STRONG and digest:
            yield algorithm, digest.lower()


def _read_folder(folder: Path) -> Answer:
    """Read what a folder's `pyproject.toml` says for certain (PEP 621)."""
    path = folder / "pyproject.toml"
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Broken(reason=f"is only known when `{folder}` is built: it has no pyproject.toml")
    except OSError as error:
        raise FetchError(f"cannot read `{path}`: {error.strerror or error}") from error
    try:
        project = read_pyproject(data, path)
        text = parse_toml(data, path, ProjectError).get("project", {}).get("version")
        version = Version(text) if isinstance(text, str) else None
    except ProjectError as error:
        return Broken(reason=f"cannot be read: {error.message}")
    except InvalidVersion:
        return Broken(reason=f"cannot be read: `{path}` has no valid version")
    left = sorted(project.dynamic & _DYNAMIC)
    if left or project.name is None or version is None:
        what = f"pyproject.toml leaves {', '.join(left)} to the build" if left else "no [project]"
        return Broken(reason=f"is only known when `{folder}` is built ({what})")
    return Metadata(
        name=project.name,
        version=version,
        requires_dist=tuple(_requirements(project)),
        requires_python=str(project.requires_python) if project.requires_python else None,
        extras=frozenset(project.extras),
    )


def _requirements(project: PyProject) -> Iterator[str]:
    yield from map(str, project.dependencies)
    for extra, requirements in project.extras.items():
        for requirement in requirements:
            yield _for_extra(requirement, extra)


def _for_extra(requirement: Requirement, extra: str) -> str:
    marker = f"extra == '{extra}'"
    if requirement.marker is None:
        return f"{requirement} ; {marker}"
    before, _, after = str(requirement).rpartition(";")
    return f"{before}; ({after.strip()}) and {marker}"
