"""The words of `trail run`, split the same way by the fast path and by the command line.

`trail run [OPTION]… [--] COMMAND [ARGUMENT]…`: options end at the first word that is none,
at `--`, or at `-m`, which belongs to the command. This module must stay as light as
`trail.commands.replay`, which imports it.
"""

from __future__ import annotations

import os
import sys
import zlib

from trail import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "WITH_VALUE",
    "install_words",
    "lock_words",
    "nothing_to_do",
    "run_words",
    "split_words",
]

# Options of `trail run` that take a value.
WITH_VALUE = frozenset(
    {
        "-p",
        "--python",
        "--extra",
        "--group",
        "--package",
        "--with",
        "--jobs",
        "--link-mode",
        "--project",
        "--color",
        "--depot",
        "--index-url",
        "--extra-index-url",
        "--find-links",
        "--no-binary-package",
        "--no-build-isolation-package",
        "--no-build-package",
        "--only-binary",
        "--refresh-package",
    }
)
# Options of `trail lock` that say how versions are chosen, or where they come from.
_LOCK_FLAGS = frozenset({"--check", "--no-binary", "--no-build", "--no-index", "--offline"})
_LOCK_VALUES = frozenset(
    {
        "--exclude-newer",
        "--extra-index-url",
        "--index-url",
        "--no-binary-package",
        "--no-build-package",
        "--only-binary",
        "--prerelease",
        "--resolution",
    }
)
# Variables that say where pip's configuration is (see trail.pip_settings).
_PLACES_OF_PIP = frozenset(
    {"APPDATA", "HOME", "PROGRAMDATA", "USERPROFILE", "XDG_CONFIG_DIRS", "XDG_CONFIG_HOME"}
)
# Options that change what is shown, not what is run.
_IRRELEVANT = frozenset({"-q", "--quiet", "-v", "--verbose", "--offline", "--compile"})
# Variables that decide about a prefix.
_VARIABLES = (
    "TRAIL_PYTHON",
    "TRAIL_LINK_MODE",
    "TRAIL_CODE_ARCHIVES",
    "TRAIL_NO_BINARY",
    "TRAIL_NO_BINARY_PACKAGE",
    "PIP_NO_BINARY",
    "TRAIL_NO_BUILD_ISOLATION_PACKAGE",
)


def split_words(words: list[str]) -> tuple[list[str], list[str]]:
    """Split what follows `trail run` into options and command.

    Returns:
        The options as they stand, and the command, which begins with `-m` for a module.
    """
    position = 0
    while position < len(words):
        word = words[position]
        if word == "--":
            return words[:position], words[position + 1 :]
        if word == "-m" or not word.startswith("-") or word == "-":
            return words[:position], words[position:]
        position += 2 if word in WITH_VALUE else 1
    return words, []


def run_words(options: list[str], environ: Mapping[str, str]) -> tuple[str, ...]:
    """Give what decides about the prefix of `trail run`, besides files.

    Args:
        options: as `split_words` gives them.
        environ: the environment.
    """
    kept = (_public(word) for word in options if word not in _IRRELEVANT)
    # Another trail may have another import hook, and so other prefixes.
    return ("run", f"trail=={__version__}", *_settings(environ), *kept)


def install_words(  # noqa: PLR0913  # the parts of a request
    environ: Mapping[str, str],
    *,
    python: str | None = None,
    extras: Sequence[str] = (),
    groups: Sequence[str] = (),
    default_groups: bool = True,
    members: Sequence[str] = (),
    all_members: bool = False,
    own: bool = True,
    frozen: bool = False,
    packages: Sequence[str] = (),
    sources_only: Sequence[str] = (),
    requirements: Sequence[str] = (),
) -> tuple[str, ...]:
    """Give what decides about the entries that are needed, besides files.

    Args:
        environ: the environment.
        python: as asked for.
        extras: of the project.
        groups: dependency groups, beside the default ones.
        default_groups: whether those are wanted.
        members: the projects of a workspace that are meant.
        all_members: whether all of them are.
        own: whether the projects themselves come along.
        frozen: whether the lock is taken as it is, even if it does not meet the project.
        packages: requirements beside the project's.
        sources_only: packages whose wheels are not used.
        requirements: paths of requirements files, absolute.
    """
    words = ["install", *_settings(environ)]
    if python is not None:
        words.append(f"--python={python}")
    words += [f"--extra={name}" for name in sorted(extras)]
    words += [f"--group={name}" for name in sorted(groups)]
    if not default_groups:
        words.append("--no-default-groups")
    words += [f"--package={name}" for name in sorted(members)]
    if all_members:
        words.append("--all-packages")
    if not own:
        words.append("--no-project")
    if frozen:
        words.append("--frozen")
    words += [f"--with={_public(word)}" for word in packages]
    words += [f"--no-binary-package={name}" for name in sources_only]
    words += [f"--requirement={path}" for path in requirements]
    return tuple(words)


def lock_words(words: Sequence[str], environ: Mapping[str, str]) -> tuple[str, ...] | None:
    """Give what decides about a lock, besides files, as a digest: addresses may hold secrets.

    Args:
        words: what follows `trail lock`.
        environ: the environment.

    Returns:
        None for words that ask for more than a comparison.
    """
    position = 0
    while position < len(words):
        word = words[position]
        value = words[position + 1] if position + 1 < len(words) else ""
        if word not in _LOCK_FLAGS and (word not in _LOCK_VALUES or not value):
            return None
        position += 1 if word in _LOCK_FLAGS else 2
    decisive = sorted(
        f"{name}={value}"
        for name, value in environ.items()
        if name.startswith(("TRAIL_", "PIP_")) or name in _PLACES_OF_PIP
    )
    here = (__version__, sys.version, sys.prefix, sys.platform, *_machine(environ))
    data = "\0".join((*words, "", *decisive, "", *here)).encode("utf-8", "surrogatepass")
    # As for the names of roots: no cryptographic hash, a CRC from both ends.
    return "lock", f"{zlib.crc32(data):08x}{zlib.crc32(data[::-1]):08x}"


def _machine(environ: Mapping[str, str]) -> Sequence[str]:
    if hasattr(os, "uname"):
        return [os.uname().machine]
    return [environ.get("PROCESSOR_ARCHITECTURE", "")]


def nothing_to_do(count: int, seconds: float) -> str:
    """Say that everything is in the depot.

    Args:
        count: how many packages there are.
        seconds: how long it took to see that.
    """
    packages = "1 package" if count == 1 else f"{count} packages"
    return f"nothing to do: {packages} in the depot, checked in {max(round(seconds * 1000), 1)}ms"


def _public(word: str) -> str:
    """Leave out the credentials of an address; as `without_users`, without its imports."""
    start, slashes, rest = word.partition("//")
    host, slash, path = rest.partition("/")
    return f"{start}{slashes}{host.rpartition('@')[2]}{slash}{path}"


def _settings(environ: Mapping[str, str]) -> list[str]:
    return [f"{name}={environ[name]}" for name in _VARIABLES if environ.get(name)]
