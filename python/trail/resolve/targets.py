"""The environments that a lock covers, also those that are not at hand.

A platform is named `SYSTEM-MACHINE` with an optional floor: `linux-x86_64`,
`linux-aarch64-glibc2.34`, `linux-x86_64-musl`, `macos-arm64-14`, `windows-x86_64`. Marker values
are those that CPython reports there (PEP 508), tags those of `packaging.tags` (PEP 425, 600,
656). Release and version of the operating system are unknown and empty.
"""

from __future__ import annotations

import re
from itertools import product, starmap
from typing import TYPE_CHECKING

from packaging.tags import mac_platforms
from packaging.version import Version

from trail.errors import SettingsError
from trail.resolve.accepted import accepted_on
from trail.resolve.model import Target
from trail.values import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from packaging.specifiers import SpecifierSet

__all__ = [
    "DEFAULT_PLATFORMS",
    "NEWEST_MINOR",
    "OLDEST_MINOR",
    "Platform",
    "make_environments",
    "make_targets",
    "parse_platform",
    "split_patches",
]

DEFAULT_PLATFORMS = ("linux-x86_64", "linux-aarch64", "macos-arm64", "windows-x86_64")
"""What a lock covers where the project does not say."""

OLDEST_MINOR = 8
"""Of Python 3: no older one can run what trail starts."""

NEWEST_MINOR = 15
"""Of Python 3: the newest one that this trail knows of; open-ended ranges end with it."""

_PATCHES = 40  # more than any minor version had
_GLIBC = (2, 28)
_MUSL = (1, 2)
_MACOS = (13, 0)
# PEP 600: the older names, and what each means.
_LEGACY = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
_OLDEST_GLIBC = {"x86_64": 5, "i686": 5}  # of other machines: 17

_NAME = re.compile(
    r"(?P<system>linux|macos|windows)-(?P<machine>[a-z0-9_]+?)"
    r"(?:-(?P<libc>glibc|musl)?(?P<floor>\d+(?:\.\d+)?)?)?"
)
_MACHINES: dict[str, dict[str, str]] = {  # the machine's name here, and `platform.machine()`
    "linux": {
        name: name
        for name in (
            "x86_64",
            "aarch64",
            "i686",
            "armv7l",
            "ppc64le",
            "s390x",
            "riscv64",
            "loongarch64",
        )
    },
    "macos": {"arm64": "arm64", "x86_64": "x86_64"},
    "windows": {"x86_64": "AMD64", "arm64": "ARM64", "x86": "x86"},
}
_WINDOWS = {"x86_64": "win_amd64", "arm64": "win_arm64", "x86": "win32"}
_SYSTEMS = {  # os_name, sys_platform, platform_system
    "linux": ("posix", "linux", "Linux"),
    "macos": ("posix", "darwin", "Darwin"),
    "windows": ("nt", "win32", "Windows"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """An operating system on a machine.

    Args:
        name: as it was written.
        system: `linux`, `macos` or `windows`.
        machine: for instance `x86_64`.
        libc: `glibc` or `musl`; empty where that means nothing.
        floor: the oldest version of the C library, or of macOS, that must do.
    """

    name: str
    system: str
    machine: str
    libc: str = ""
    floor: tuple[int, int] = (0, 0)

    @property
    def environment(self) -> Mapping[str, str]:
        """The marker values that do not depend on Python."""
        os_name, sys_platform, platform_system = _SYSTEMS[self.system]
        return {
            "os_name": os_name,
            "platform_machine": _MACHINES[self.system][self.machine],
            "platform_release": "",
            "platform_system": platform_system,
            "platform_version": "",
            "sys_platform": sys_platform,
        }

    def tags(self) -> Iterator[str]:
        """List the platform tags that are accepted, best first."""
        major, minor = self.floor
        if self.system == "macos":
            yield from mac_platforms(self.floor, self.machine)
        elif self.system == "windows":
            yield _WINDOWS[self.machine]
        elif self.libc == "musl":
            yield from (f"musllinux_{major}_{step}_{self.machine}" for step in range(minor, -1, -1))
            yield f"linux_{self.machine}"
        else:
            for step in range(minor, _OLDEST_GLIBC.get(self.machine, 17) - 1, -1):
                yield f"manylinux_{major}_{step}_{self.machine}"
                if step in _LEGACY:
                    yield f"{_LEGACY[step]}_{self.machine}"
            yield f"linux_{self.machine}"


def parse_platform(name: str) -> Platform:
    """Read the name of a platform.

    Raises:
        SettingsError: it is not one.
    """
    found = _NAME.fullmatch(name)
    if found is None or found["machine"] not in _MACHINES[found["system"]]:
        raise _unknown(name)
    system, libc, floor = found["system"], found["libc"] or "", found["floor"]
    if (libc and system != "linux") or (floor and system == "windows"):
        raise _unknown(name)
    if floor and system == "linux" and not libc:
        raise _unknown(name)
    if system == "linux":
        libc = libc or "glibc"
    default = {"glibc": _GLIBC, "musl": _MUSL}.get(libc, _MACOS if system == "macos" else (0, 0))
    if floor is not None:
        major, _, minor = floor.partition(".")
        default = int(major), int(minor or 0)
    return Platform(name=name, system=system, machine=found["machine"], libc=libc, floor=default)


def _unknown(name: str) -> SettingsError:
    known = ", ".join(
        f"{system}-{machine}" for system, machines in _MACHINES.items() for machine in machines
    )
    return SettingsError(
        f"no such platform: `{name}`",
        details=(
            ("expected", f"one of {known}"),
            ("with a floor", "linux-x86_64-glibc2.34, linux-x86_64-musl1.2, macos-arm64-14"),
        ),
    )


def make_targets(
    requires_python: SpecifierSet | None, platforms: Iterable[Platform]
) -> tuple[Target, ...]:
    """List the targets of a project: Pythons, the newest ones first, on each platform.

    The newest minor that trail knows comes last: few packages support it in its first months,
    and what is left for it shall not hold back the others.

    Platforms that no marker can tell apart, such as those of musl and glibc, share a target.

    Args:
        requires_python: which Pythons the project supports, or None for all.
        platforms: in the order of importance.
    """
    return tuple(starmap(_make_target, _kinds(requires_python, platforms)))


def make_environments(
    requires_python: SpecifierSet | None, platforms: Iterable[Platform]
) -> tuple[Mapping[str, str], ...]:
    """List the marker values of a project's targets, without what takes long to list."""
    kinds = _kinds(requires_python, platforms)
    return tuple(_environment(python, same[0]) for python, same in kinds)


def _kinds(
    requires_python: SpecifierSet | None, platforms: Iterable[Platform]
) -> Iterator[tuple[Version, Sequence[Platform]]]:
    together: dict[tuple[str, str], list[Platform]] = {}
    for platform in platforms:
        together.setdefault((platform.system, platform.machine), []).append(platform)
    return product(_pythons(requires_python), together.values())


def split_patches(target: Target, patches: Iterable[int]) -> tuple[Target, ...]:
    """Split a target where a marker tells patch releases of its Python apart.

    Args:
        target: stands for all patch releases from its own on.
        patches: the first ones of the parts; those not above the target's own say nothing.

    Returns:
        The parts, the newest one first; the target itself is the last.
    """
    major, minor, own = (*target.python.release, 0, 0)[:3]
    parts = [
        _with_python(target, Version(f"{major}.{minor}.{patch}"))
        for patch in sorted(set(patches), reverse=True)
        if patch > own
    ]
    return (*parts, target)


def _pythons(requires_python: SpecifierSet | None) -> Iterator[Version]:
    for minor in (*range(NEWEST_MINOR - 1, OLDEST_MINOR - 1, -1), NEWEST_MINOR):
        for patch in range(_PATCHES):
            version = Version(f"3.{minor}.{patch}")
            if requires_python is None or requires_python.contains(version, prereleases=True):
                yield version
                break


def _make_target(python: Version, platforms: Sequence[Platform]) -> Target:
    major, minor = python.release[:2]
    accepted = [accepted_on((major, minor), platform.tags()) for platform in platforms]
    names = ", ".join(platform.name for platform in platforms)
    return Target(
        name=f"cpython-{_short(python)} {names}",
        python=python,
        environment=_environment(python, platforms[0]),
        tags=accepted[0],
        more_tags=tuple(accepted[1:]),
    )


def _environment(python: Version, platform: Platform) -> Mapping[str, str]:
    return {
        **platform.environment,
        "implementation_name": "cpython",
        "implementation_version": str(python),
        "platform_python_implementation": "CPython",
        "python_full_version": str(python),
        "python_version": f"{python.major}.{python.minor}",
    }


def _with_python(target: Target, python: Version) -> Target:
    name, _, platform = target.name.partition(" ")
    implementation = name.partition("-")[0]
    return replace(
        target,
        name=f"{implementation}-{_short(python)} {platform}",
        python=python,
        environment={
            **target.environment,
            "implementation_version": str(python),
            "python_full_version": str(python),
        },
    )


def _short(python: Version) -> str:
    """`3.12` for 3.12.0, `3.12.4` for itself."""
    return str(python).removesuffix(".0")
