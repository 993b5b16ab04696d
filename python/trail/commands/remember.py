"""Keep what a command found out: for its project's next start, and for other projects alike."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from trail.depot.answers import give_answer
from trail.depot.roots import Root, root_name, write_root

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trail.commands.install import Installed

__all__ = ["remember"]


def remember(
    installed: Installed,
    words: tuple[str, ...],
    *,
    prefix: str = "",
    name: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> None:
    """Write a root: it keeps a prefix from collection, and is what the fast path reads.

    Without it the next start is only slower, so a depot that cannot be written is no fault.

    Args:
        installed: what was found out.
        words: what was asked for.
        prefix: the prefix' folder, or an empty string.
        name: what the root's name is made of, where it is not all the words.
        environ: for an answer to other projects with the same files (see
            `trail.depot.answers`); None where something depends on where the project lies.
    """
    layout = installed.stack.receiver.layout
    project = str(installed.python.place)
    root = Root(
        project=project,
        request=words,
        prefix=prefix,
        entries=[entry.id for entry in installed.entries],
        inputs=installed.inputs,
        withheld=installed.withheld,
        depots=[str(depot.layout.root) for depot in installed.stack.depots],
    )
    with contextlib.suppress(OSError):
        write_root(layout.root_file(root_name(project, words if name is None else (name,))), root)
        if environ is not None:
            give_answer(str(layout.answers), root, environ)
