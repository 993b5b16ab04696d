"""Answers: what a lock came to, for the next project with the same one.

A root (roots.py) says what one project uses. The next checkout of that project, the next
worktree, the next CI job on this machine has another folder and the same files: an answer is
a root that names no project, under the content of its lock. It holds where all other files
that decided have the same content too, and the Python the same size and time. It keeps
nothing from garbage collection; who takes it gets a root.

As light as roots.py: the fast path of `trail run` imports it.
"""

from __future__ import annotations

import os
import sys

from trail.depot.roots import Input, Root, is_current, read_root, take_input, touch_root, write_root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["answer_path", "give_answer", "is_given", "take_answer"]

LOCKS = ("pylock.toml", "requirements.txt")
"""What can be a project's lock, the first that is there."""


def answer_path(folder: str, request: Sequence[str], environ: Mapping[str, str], lock: str) -> str:
    """Name the file of an answer.

    Args:
        folder: the depot's folder of answers.
        request: as in `Root`.
        environ: what decides which Python is found is part of the name, as is trail's own.
        lock: sha256 of the lock's content.
    """
    from trail.sha256 import hex_digest  # noqa: PLC0415  # who has a root does not need it

    own = getattr(sys, "_base_executable", None) or sys.executable
    search = (environ.get("PATH", ""), environ.get("PYENV_ROOT", ""), own)
    data = os.fsencode("\0".join((lock, *search, *request)))
    return os.path.join(folder, hex_digest(data)[:40])  # noqa: PTH118  # no pathlib


def is_given(folder: str, root: Root, environ: Mapping[str, str]) -> bool:
    """Whether there is an answer that `give_answer` made of this root."""
    path = _path_of(folder, root, environ)
    return path is not None and os.path.exists(path)  # noqa: PTH110  # as above


def give_answer(folder: str, root: Root, environ: Mapping[str, str]) -> None:
    """Keep what a project's root says, for others.

    Args:
        folder: the depot's folder of answers.
        root: nothing in it may depend on where the project lies.
        environ: as in `answer_path`.

    Raises:
        OSError: it cannot be written.
    """
    path = _path_of(folder, root, environ)
    if path is None:
        return
    above = _above(root)
    inside = [
        Input(item.path.removeprefix(above), item.size, 0, item.digest)
        if item.path.startswith(above)
        else item
        for item in root.inputs
    ]
    write_root(path, Root(**{**root.values(), "project": "", "inputs": inside}))


def take_answer(
    folder: str, project: str, request: Sequence[str], environ: Mapping[str, str]
) -> Root | None:
    """Find out what a project uses from what another one with the same files does.

    Args:
        folder: the depot's folder of answers.
        project: the project's folder, absolute.
        request: as in `Root`.
        environ: as in `answer_path`.

    Returns:
        The project's root, not yet written; None if nobody asked the same before.
    """
    try:
        lock = _lock_of(project)
        path = "" if lock is None else answer_path(folder, request, environ, lock.digest)
        answer = read_root(path)
        if lock is None or answer is None or answer.request != tuple(request):
            return None
        inputs = [
            # What lies elsewhere is compared by its time, below.
            item
            if os.path.isabs(item.path)  # noqa: PTH117  # as above
            else lock
            if os.path.join(project, item.path) == lock.path  # noqa: PTH118  # as above
            else take_input(os.path.join(project, item.path))[0]  # noqa: PTH118  # as above
            for item in answer.inputs
        ]
    except OSError:  # a file that cannot be read; the slow path says which
        return None
    same = all(
        (own.size, own.digest) == (item.size, item.digest)
        for own, item in zip(inputs, answer.inputs, strict=True)
    )
    elsewhere = [item for item in answer.inputs if os.path.isabs(item.path)]  # noqa: PTH117
    if not same or not is_current(Root(**{**answer.values(), "inputs": elsewhere})):
        return None
    touch_root(path)
    return Root(**{**answer.values(), "project": project, "inputs": inputs})


def _lock_of(project: str) -> Input | None:
    for name in LOCKS:
        found, data = take_input(os.path.join(project, name))  # noqa: PTH118  # as above
        if data is not None:
            return found
    return None


def _path_of(folder: str, root: Root, environ: Mapping[str, str]) -> str | None:
    """The file of the answer that a root makes; None where it has no lock."""
    above = _above(root)
    digests = {item.path: item.digest for item in root.inputs if item.size >= 0}
    for name in LOCKS:
        if digest := digests.get(above + name):
            return answer_path(folder, root.request, environ, digest)
    return None


def _above(root: Root) -> str:
    return os.path.join(root.project, "")  # noqa: PTH118  # as above
