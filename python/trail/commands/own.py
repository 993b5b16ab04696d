"""The project itself: made importable, with its entry points and metadata (PEP 660)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trail.commands.decisive import decisive_files
from trail.commands.trees import folder_of
from trail.model import NormalizedName, SourceKind, SourcePackage
from trail.values import replace

if TYPE_CHECKING:
    from pathlib import Path

    from trail.commands.context import Context
    from trail.model import Selection

__all__ = ["with_project"]


def with_project(
    context: Context, root: Path, selection: Selection
) -> tuple[Selection, tuple[Path, ...]]:
    """Add the project to what is to be installed, to be edited in place.

    A project says by `[build-system]` that it is a package. Others run from their folder.

    Args:
        context: where and how; its project is meant.
        root: the project's folder.
        selection: what else is to be installed; a lock of another tool may name the project.

    Returns:
        The selection, and the files that decide what the project's wheel is.
    """
    sources = tuple(one for one in selection.sources if not _is(one, root))
    named = len(sources) < len(selection.sources)
    pyproject = context.project.pyproject if context.project is not None else None
    builds = named or (pyproject is not None and pyproject.builds)
    if not context.settings.package or not builds:
        return replace(selection, sources=sources), ()
    own = SourcePackage(
        name=(pyproject.name if pyproject is not None else None) or NormalizedName(""),
        kind=SourceKind.DIRECTORY,
        path=root,
        editable=True,
    )
    return replace(selection, sources=(*sources, own)), decisive_files(root)


def _is(source: SourcePackage, root: Path) -> bool:
    return source.kind is SourceKind.DIRECTORY and folder_of(source) == root
