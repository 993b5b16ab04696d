"""The projects themselves: made importable, with their entry points and metadata (PEP 660)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trail.model import NormalizedName, SourceKind, SourcePackage
from trail.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from trail.commands.context import Context
    from trail.model import Selection

__all__ = ["with_project"]


def with_project(
    context: Context, root: Path, selection: Selection, *, own: bool = True
) -> tuple[Selection, tuple[Path, ...]]:
    """Add the project to what is to be installed, to be edited in place.

    A project says by `[build-system]` that it is a package, or by `package`. Others run from
    their folder. The projects of a workspace are in its lock already.

    Args:
        context: where and how; its project is meant.
        root: the project's folder.
        selection: what else is to be installed; a lock of another tool may name the project.
        own: whether the projects are wanted at all.

    Returns:
        The selection, and the files that decide what the projects' wheels are.
    """
    workspace = context.project.workspace if context.project is not None else None
    if workspace is not None and workspace.members:
        if not own:
            members = {one.folder for one in workspace.projects}
            rest = (one for one in selection.sources if not any(_is(one, two) for two in members))
            selection = replace(selection, sources=tuple(rest))
        return selection, tuple(_decisive(selection.sources))
    sources = tuple(one for one in selection.sources if not _is(one, root))
    named = len(sources) < len(selection.sources)
    pyproject = workspace.root if workspace is not None else None
    if not own or not (named if pyproject is None else pyproject.package):
        return replace(selection, sources=sources), tuple(_decisive(sources))
    itself = SourcePackage(
        name=(pyproject.name if pyproject is not None else None) or NormalizedName(""),
        kind=SourceKind.DIRECTORY,
        path=root,
        editable=True,
    )
    sources = (*sources, itself)
    return replace(selection, sources=sources), tuple(_decisive(sources))


def _is(source: SourcePackage, root: Path) -> bool:
    if source.kind is not SourceKind.DIRECTORY:
        return False
    from trail.commands.trees import folder_of  # noqa: PLC0415  # few selections have folders

    return folder_of(source) == root


def _decisive(sources: Iterable[SourcePackage]) -> Iterator[Path]:
    for source in sources:
        if source.editable:
            from trail.commands.decisive import decisive_files  # noqa: PLC0415  # as above
            from trail.commands.trees import folder_of  # noqa: PLC0415  # as above

            yield from decisive_files(folder_of(source))
