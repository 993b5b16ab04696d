"""A workspace with the requirements that only builds tell, for who shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trail.commands.dynamic import state_of_build, told_by_build

if TYPE_CHECKING:
    from trail.commands.context import Context
    from trail.project.workspace import Workspace

__all__ = ["with_told"]


def with_told(context: Context, workspace: Workspace) -> Workspace:
    """Ask the builds of projects whose files leave requirements to them; they are kept.

    Args:
        context: where and how.
        workspace: the projects.

    Raises:
        BuildError: a build failed.
        TrailError: what a build needs cannot be had.
    """
    left = [one for one in (workspace.root, *workspace.members) if state_of_build(one) is not None]
    if not left:
        return workspace
    # Few projects need what builds.
    from trail.commands.builds import Builds  # noqa: PLC0415  # see above
    from trail.index.client import IndexClient  # noqa: PLC0415  # see above
    from trail.resolve.model import Options  # noqa: PLC0415  # see above

    settings = context.settings
    with (
        IndexClient(
            settings.index,
            cache=context.depots().receiver.layout.index,
            offline=settings.offline,
            reporter=context.reporter,
        ) as client,
        Builds(context, client, Options()) as builds,
    ):
        for one in left:
            told = told_by_build(builds.builder(), one, editable=bool(workspace.members))
            workspace = workspace.changed(told)
    return workspace
