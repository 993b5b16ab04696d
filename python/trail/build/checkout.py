"""Git repositories: which commit a revision is, and a work tree of a commit.

A repository is kept once per depot, bare and as shallow as it may be, below `sources/`; each
build gets a work tree of its own from it. Git does the network, with the user's own
configuration for it (proxies, credentials), but asks nobody for a password.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from trail.addresses import redact
from trail.errors import BuildError, FetchError
from trail.files import remove_tree
from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from trail.depot.store import Depot

__all__ = ["Git", "Reference", "is_commit", "parse_reference"]

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SCHEMES = frozenset({"file", "git", "http", "https", "ssh"})
_DIGITS = 40
# They would lead git to another repository.
_GONE = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_CEILING_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_WORK_TREE",
    }
)
# Backends and their plugins that take the version from tags: these need the history.
_ASKS_HISTORY = re.compile(
    rb"setuptools[-_]scm|[-_]vcs\b|vcs[-_]|versioneer|versioningit|dunamai|\bpbr\b"
    rb"|setuptools[-_]git|poetry[-_]dynamic[-_]versioning|use_scm_version|source *= *[\"']scm"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What `git+https://host/repository@revision#subdirectory=folder` means.

    Args:
        url: of the repository, for git.
        revision: a branch, tag or commit; None for the default branch.
        subdirectory: in the repository, with `/`; empty for its top.
    """

    url: str
    revision: str | None = None
    subdirectory: str = ""


def is_commit(revision: str | None) -> bool:
    """Whether a revision is a whole commit id, which means the same for ever."""
    return revision is not None and _COMMIT.fullmatch(revision) is not None


def parse_reference(url: str) -> Reference:
    """Take the address of a repository apart (PEP 440, PEP 610).

    Args:
        url: with `git+` at its start.

    Raises:
        BuildError: it is another address.
    """
    parts = urlsplit(url.removeprefix("git+"))
    if not url.startswith("git+") or parts.scheme not in _SCHEMES or not parts.path:
        raise BuildError(
            f"`{redact(url)}` is not the address of a repository that trail can use",
            details=(("expected", "git+https://…, git+ssh://… or git+file://…"),),
        )
    path, at, revision = parts.path.rpartition("@")
    fragment = dict(parse_qsl(parts.fragment))
    return Reference(
        url=urlunsplit(parts._replace(path=path if at else parts.path, fragment="")),
        revision=revision if at and revision else None,
        subdirectory=fragment.get("subdirectory", "").strip("/"),
    )


class Git:
    """Runs git.

    Args:
        depot: keeps the repositories.
        environ: trail's environment.
        offline: whether the network is left alone.
    """

    def __init__(self, depot: Depot, environ: Mapping[str, str], *, offline: bool) -> None:
        self._depot = depot
        self._offline = offline
        kept = {name: value for name, value in environ.items() if name not in _GONE}
        self._environ = {**kept, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"}

    def commit_of(self, url: str, revision: str | None) -> str:
        """Tell which commit a revision is now.

        Args:
            url: of the repository.
            revision: a branch, tag or commit, also a short one; None for the default branch.

        Raises:
            FetchError: the repository cannot be reached, or has no such revision.
        """
        if revision is not None and is_commit(revision):
            return revision
        self._check(url, revision)
        self._check_online(url)
        names = [f"refs/tags/{revision}^{{}}", f"refs/tags/{revision}", f"refs/heads/{revision}"]
        names = [*names, revision] if revision is not None else ["HEAD"]
        found = {}
        for line in self._git("ls-remote", "--", url, *names, subject=url).splitlines():
            commit, _, name = line.partition("\t")
            found[name] = commit
        for name in names:
            if name in found:
                return found[name]
        # A short commit id, which only the repository itself can tell.
        with self._depot.guard(f"repository {_key(url)}"):
            repository = self._repository(url)
            self._fetch_all(repository, url)
            try:
                return self._git("rev-parse", "--verify", f"{revision}^{{commit}}", at=repository)
            except FetchError as error:
                raise FetchError(
                    f"`{redact(url)}` has no revision `{revision}`",
                    hint="name a branch, a tag or a commit",
                ) from error

    def check_out(self, url: str, commit: str, folder: Path) -> None:
        """Make a work tree, submodules included.

        Args:
            url: of the repository.
            commit: a whole commit id.
            folder: empty; gets the tree.

        Raises:
            FetchError: the repository cannot be reached, or has no such commit.
        """
        self._check(url, commit)
        with self._depot.guard(f"repository {_key(url)}"):
            repository = self._repository(url)
            self._fetch(repository, url, commit)
            self._git("init", "--quiet", "--", str(folder))
            self._git("remote", "add", "origin", url, at=folder)
            source = repository.as_uri()
            self._git("fetch", "--quiet", "--depth=1", "--no-tags", source, commit, at=folder)
            self._git("checkout", "--quiet", "--detach", commit, at=folder)
            if _asks_history(folder):
                self._fetch_all(repository, url)
                deepen = ("--unshallow",) if self._is_shallow(folder) else ()
                self._git("fetch", "--quiet", "--tags", *deepen, source, commit, at=folder)
        if (folder / ".gitmodules").is_file():
            self._check_online(url)
            # Git refuses submodules on this disk, unless the repository is there as well.
            local = ("-c", "protocol.file.allow=always") if url.startswith("file:") else ()
            words = ("submodule", "--quiet", "update", "--init", "--recursive", "--depth=1")
            self._git(*local, *words, at=folder, subject=url)

    def _repository(self, url: str) -> Path:
        """The bare repository, empty if it is new; the caller holds its guard."""
        repository = self._depot.layout.checkout(_key(url))
        if not (repository / "HEAD").is_file():
            remove_tree(repository)
            repository.parent.mkdir(parents=True, exist_ok=True)
            self._git("init", "--quiet", "--bare", "--", str(repository))
            # Any commit may be asked of it, also one without a name.
            self._git("config", "uploadpack.allowAnySHA1InWant", "true", at=repository)
        os.utime(repository / "HEAD")  # garbage collection asks when it was used
        return repository

    def _fetch(self, repository: Path, url: str, commit: str) -> None:
        if self._has(repository, commit):
            return
        self._check_online(url)
        words = ("fetch", "--quiet", "--depth=1", "--no-tags", "--", url, commit)
        try:
            self._git(*words, at=repository, subject=url)
        except FetchError:  # old servers give named commits only
            self._fetch_all(repository, url)
        if not self._has(repository, commit):
            raise FetchError(f"`{redact(url)}` has no commit `{commit}`")
        # A name keeps it from git's own garbage collection.
        self._git("update-ref", f"refs/trail/{commit}", commit, at=repository)

    def _fetch_all(self, repository: Path, url: str) -> None:
        if self._offline and not url.startswith("file:"):
            return  # what is there must do
        deepen = ("--unshallow",) if self._is_shallow(repository) else ()
        refs = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
        self._git("fetch", "--quiet", *deepen, "--", url, *refs, at=repository, subject=url)

    def _has(self, repository: Path, commit: str) -> bool:
        try:
            self._git("cat-file", "-e", f"{commit}^{{commit}}", at=repository)
        except FetchError:
            return False
        return True

    def _is_shallow(self, repository: Path) -> bool:
        return self._git("rev-parse", "--is-shallow-repository", at=repository) == "true"

    def _check(self, url: str, revision: str | None) -> None:
        """Refuse what git would take for an option or for a program to run."""
        if urlsplit(url).scheme not in _SCHEMES or (revision or "").startswith("-"):
            raise BuildError(
                f"`{redact(url)}` is not the address of a repository that trail can use",
                details=(("revision", revision or "the default branch"),),
            )

    def _check_online(self, url: str) -> None:
        if self._offline and not url.startswith("file:"):
            raise FetchError(
                f"`{redact(url)}` is needed, but trail is offline",
                hint="run the command once without `--offline`",
            )

    def _git(self, *words: str, at: Path | None = None, subject: str = "") -> str:
        """Run git and give its output.

        Raises:
            FetchError: it fails, or there is no git.
        """
        place = ("-C", str(at)) if at is not None else ()
        try:
            process = subprocess.run(  # noqa: S603  # git, which the user has on PATH
                # Hooks of the user's templates are for repositories that they work in.
                ["git", *place, "-c", "core.hooksPath=", "-c", "gc.auto=0", *words],  # noqa: S607
                env=self._environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
        except FileNotFoundError as error:
            raise FetchError("git is needed, and not on PATH", hint="install git") from error
        if process.returncode:
            said = process.stderr.decode(errors="replace").strip().splitlines()
            lines = [redact(line) for line in said]
            what = f"`{redact(subject)}`" if subject else "a repository"
            raise FetchError(
                f"git failed for {what}", details=tuple(("git", line) for line in lines)
            )
        return process.stdout.decode(errors="replace").strip()


def _key(url: str) -> str:
    name = re.sub(r"[^A-Za-z0-9_-]", "-", urlsplit(url).path.rpartition("/")[2])[:40].strip("-")
    return f"git-{name}-{hashlib.sha256(url.encode()).hexdigest()[:_DIGITS]}"


def _asks_history(folder: Path) -> bool:
    for name in ("pyproject.toml", "setup.py", "setup.cfg"):
        path = folder / name
        if path.is_file() and _ASKS_HISTORY.search(path.read_bytes()):
            return True
    return False
