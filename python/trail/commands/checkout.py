"""A project in a git repository, to be used as it is at one revision (`trail.from_git`)."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from trail.addresses import redact
from trail.build.checkout import Git, parse_reference
from trail.errors import ProjectError

if TYPE_CHECKING:
    from trail.commands.context import Context

__all__ = ["check_out_project"]

_DIGITS = 40
_SIGNS = ("pylock.toml", "pyproject.toml", "requirements.txt")


def check_out_project(context: Context, url: str, revision: str | None) -> Path:
    """Check a repository out into the depot, once for each commit.

    Args:
        context: where and how.
        url: of the repository, with or without `git+`, and as direct references have it:
            `@revision` and `#subdirectory=…` may follow. Or the path of one.
        revision: a branch, tag or commit; None for what the address says.

    Returns:
        The project's folder.

    Raises:
        FetchError: the repository cannot be reached, or has no such revision.
        ProjectError: there is no project in it.
    """
    if "://" not in url:
        url = Path(url).expanduser().resolve().as_uri()
    reference = parse_reference(url if url.startswith("git+") else f"git+{url}")
    depot = context.depots().receiver
    git = Git(depot, context.environ, offline=context.settings.offline)
    commit = git.commit_of(reference.url, revision or reference.revision)
    name = hashlib.sha256(f"{reference.url} {commit}".encode()).hexdigest()[:_DIGITS]
    tree = depot.layout.checkout(f"tree-{name}")
    if not tree.is_dir():
        with depot.staging() as staging:
            folder = staging / "tree"
            folder.mkdir()
            git.check_out(reference.url, commit, folder)
            tree.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(OSError):  # another process was faster
                folder.rename(tree)
    os.utime(tree)  # garbage collection asks when it was used
    project = tree / reference.subdirectory
    if not any((project / sign).is_file() for sign in _SIGNS):
        raise ProjectError(
            f"there is no project in `{redact(url)}` at {commit[:12]}",
            details=(
                ("looked for", ", ".join(_SIGNS)),
                ("in", reference.subdirectory or "its top"),
            ),
        )
    return project
