"""Roots of prefixes: who uses which one, and which one `.venv` stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trail.commands.install import request_words
from trail.depot.roots import read_root, root_name

if TYPE_CHECKING:
    from trail.commands.context import Context
    from trail.commands.install import Installed
    from trail.commands.target import Request

__all__ = ["LINK", "is_linked", "prefix_words"]

LINK = "link"
"""The first word of the root that says what `.venv` was made for; its name is this word's."""


def prefix_words(context: Context, request: Request) -> tuple[str, ...]:
    """Give what decides about a prefix, besides files.

    Args:
        context: where and how.
        request: what is asked for.
    """
    settings = context.settings
    options = (f"--link-mode={settings.link_mode}", f"--strict={settings.strict}")
    return ("prefix", *request_words(context, request)[1:], *options)


def is_linked(words: tuple[str, ...], installed: Installed) -> bool:
    """Whether `.venv` was made for what these words ask for.

    Args:
        words: as `prefix_words` gives them.
        installed: what they came to.
    """
    layout = installed.stack.receiver.layout
    project = str(installed.python.place)
    root = read_root(layout.root_file(root_name(project, (LINK,))))
    return root is not None and (root.project, root.request) == (project, (LINK, *words))
