"""Direct references (PEP 440, PEP 610): archives by address, and folders."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urldefrag, urlsplit

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from trail.build.archive import ENDINGS
from trail.commands.chosen import direct_source
from trail.commands.sourced import sourced
from trail.errors import MetadataError, ProjectError
from trail.index.core_metadata import NeedsBuild
from trail.index.digests import STRONG
from trail.index.filenames import split_filename
from trail.index.links import local_path
from trail.index.page import IndexFile
from trail.model import NormalizedName, WheelFile
from trail.project.pyproject import load_pyproject
from trail.resolve.source import Broken, File, Metadata
from trail.values import dataclass, replace
from trail.wheel.metadata import parse_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from packaging.requirements import Requirement

    from trail.commands.build import Builder
    from trail.index.client import IndexClient
    from trail.index.core_metadata import CoreMetadata
    from trail.model import SourcePackage
    from trail.project.pyproject import PyProject
    from trail.resolve.source import Answer, Direct

__all__ = ["built_metadata", "folder_metadata", "read_direct", "requires_dist_of"]

_DYNAMIC = frozenset({"version", "dependencies", "optional-dependencies", "requires-python"})


def built_metadata(builder: Builder, source: SourcePackage) -> Answer:
    """Read the metadata of what tells it only when it is built.

    Args:
        builder: builds it.
        source: what it is.

    Raises:
        BuildError: the build failed. An older version would be no answer to that.
        TrailError: what the build needs cannot be had.
    """
    if not builder.allows(source):
        return Broken(reason=f"is only known when `{source.label}` is built, which is not allowed")
    try:
        headers = parse_headers(builder.metadata(source))
    except UnicodeDecodeError:
        return Broken(reason="cannot be read: it is not UTF-8")
    first = dict(reversed(headers))
    try:
        version = Version(first.get("version", ""))
    except InvalidVersion:
        return Broken(reason=f"cannot be read: its version is `{first.get('version')}`")
    name = NormalizedName(canonicalize_name(first.get("name", "")))
    if name != source.name:
        return Broken(reason=f"is that of `{name}`")
    return Metadata(
        name=name,
        version=version,
        requires_dist=tuple(value for key, value in headers if key == "requires-dist"),
        requires_python=first.get("requires-python") or None,
        extras=frozenset(
            NormalizedName(canonicalize_name(value))
            for key, value in headers
            if key == "provides-extra"
        ),
    )


def read_direct(
    client: IndexClient, name: NormalizedName, direct: Direct, builder: Builder | None = None
) -> tuple[Answer, Sequence[File]]:
    """Read the metadata of a direct reference.

    Args:
        client: fetches archives.
        name: the distribution that it must be.
        direct: the reference.
        builder: builds where there is no other way to know metadata; None where nothing is
            built.

    Returns:
        The metadata, and the archive where it is one.

    Raises:
        FetchError: it cannot be reached or read.
        DigestError: it is not what the reference's hash names.
    """
    url, fragment = urldefrag(direct.url)
    if direct.url.startswith("git+"):
        if builder is None:
            return Broken(reason=f"is only known when `{url}` is checked out and built"), ()
        builder.sources.commit_of(direct.url)
        source = _source(name, direct, builder)
        answer = built_metadata(builder, source)
        with builder.sources.looked_at(source) as (top, inner):
            return _with_sources(answer, inner, _InRepository(url, top)), ()
    path = local_path(url)
    if path is not None and path.is_dir():
        folder = path / _subdirectory(fragment)
        answer = _read_folder(folder, virtual=direct.virtual)
        if isinstance(answer, Broken) and builder is not None:
            answer = built_metadata(builder, _source(name, direct, builder))
        return _with_sources(answer, folder, Path.as_uri), ()
    if path is None and urlsplit(url).scheme not in {"http", "https"}:
        return Broken(reason=f"cannot be had from `{url}`, which trail does not know"), ()
    return _read_archive(client, name, direct, builder)


def _read_archive(
    client: IndexClient, name: NormalizedName, direct: Direct, builder: Builder | None
) -> tuple[Answer, Sequence[File]]:
    url, fragment = urldefrag(direct.url)
    path = local_path(url)
    filename = path.name if path is not None else unquote(urlsplit(url).path.rpartition("/")[2])
    known = split_filename(filename, name)
    # What is named otherwise, such as `v1.0.zip`, says when it is built what it is.
    if known is None and (builder is None or not filename.endswith(ENDINGS)):
        return Broken(reason=f"is missing: `{filename}` is no wheel or sdist of `{name}`"), ()
    version = known[1] if known is not None else None
    wanted = tuple(sorted(_fragment_hashes(fragment)))
    with tempfile.TemporaryDirectory(prefix="trail-") as folder:
        # The lock needs a hash, so all of it is needed.
        archive = client.download(
            WheelFile(
                name=name,
                version=version or "0",
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
        found: CoreMetadata | NeedsBuild | None = None
        if version is not None:
            here = IndexFile(
                name=name, version=version, filename=filename, url=archive.path.as_uri()
            )
            try:
                found = client.metadata(here)
            except MetadataError as error:
                return Broken(reason=f"cannot be read: {error.reason} (`{filename}`)"), (file,)
    if found is None or isinstance(found, NeedsBuild):
        if builder is None or file.is_wheel:
            return Broken(reason=f"is only known when `{filename}` is built"), (file,)
        return built_metadata(builder, _source(name, direct, builder, file, version)), (file,)
    answer = Metadata(
        name=name,
        version=Version(found.version),
        requires_dist=found.requires_dist,
        requires_python=found.requires_python,
        extras=frozenset(found.extras),
    )
    return answer, (file,)


def _source(
    name: NormalizedName,
    direct: Direct,
    builder: Builder,
    file: File | None = None,
    version: str | None = None,
) -> SourcePackage:
    return direct_source(
        name,
        direct.url,
        version=version,
        file=file,
        editable=direct.editable,
        commits=builder.sources.commits,
    )


def _subdirectory(fragment: str) -> str:
    return dict(parse_qsl(fragment)).get("subdirectory", "").strip("/")


def _fragment_hashes(fragment: str) -> Iterator[tuple[str, str]]:
    for part in fragment.split("&"):
        algorithm, _, digest = part.partition("=")
        if algorithm in STRONG and digest:
            yield algorithm, digest.lower()


def _read_folder(folder: Path, *, virtual: bool = False) -> Answer:
    """Read what a folder's `pyproject.toml` says for certain (PEP 621)."""
    path = folder / "pyproject.toml"
    if not path.exists():
        return Broken(reason=f"is only known when `{folder}` is built: it has no pyproject.toml")
    try:
        return folder_metadata(load_pyproject(path), virtual=virtual)
    except ProjectError as error:
        return Broken(reason=f"cannot be read: {error.message}")


def _with_sources(answer: Answer, folder: Path, address: Callable[[Path], str]) -> Answer:
    """Take what a project requires from where it says."""
    if isinstance(answer, Broken):
        return answer
    try:
        requires = sourced(answer.requires_dist, folder, address)
    except ProjectError as error:
        return Broken(reason=f"cannot be read: {error.message}")
    return replace(answer, requires_dist=requires)


@dataclass(frozen=True, slots=True)
class _InRepository:
    """Gives the addresses of folders in a repository.

    Args:
        url: of the repository, with the revision.
        top: where it is checked out.
    """

    url: str
    top: Path

    def __call__(self, path: Path) -> str:
        if not path.resolve().is_relative_to(self.top.resolve()):
            raise ProjectError(f"a source of `{self.url}` lies outside of it")
        inner = path.resolve().relative_to(self.top.resolve()).as_posix()
        return self.url if inner == "." else f"{self.url}#subdirectory={inner}"


def folder_metadata(project: PyProject, *, virtual: bool = False) -> Answer:
    """Read what a project says for certain.

    Args:
        project: the project; what its build says may be in it.
        virtual: whether nothing of it is going to be installed, so that its version does not
            matter.
    """
    for unsaid in (one for one in project.unsaid if one.group is None):
        return Broken(reason=f"cannot be read: {unsaid.problem} (`{project.path}`)")
    left = sorted((project.dynamic & _DYNAMIC) - project.built)
    if virtual:
        left = [key for key in left if key != "version"]
    try:
        version = Version(project.version or "0") if project.version or virtual else None
    except InvalidVersion:
        return Broken(reason=f"cannot be read: `{project.path}` has no valid version")
    if left or project.name is None or version is None:
        what = f"pyproject.toml leaves {', '.join(left)} to the build" if left else "no [project]"
        return Broken(reason=f"is only known when `{project.folder}` is built ({what})")
    return Metadata(
        name=project.name,
        version=version,
        requires_dist=tuple(requires_dist_of(project)),
        requires_python=str(project.requires_python) if project.requires_python else None,
        extras=frozenset(project.extras),
    )


def requires_dist_of(project: PyProject) -> Iterator[str]:
    """List what a project requires, as METADATA has it: with markers for extras."""
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
