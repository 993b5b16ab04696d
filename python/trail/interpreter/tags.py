"""The wheel tags of a described Python, computed in trail's own process.

`packaging.tags` makes the lists; only what it would ask of the running Python (libc, ABI,
platform) comes from the description instead. The result equals `packaging.tags.sys_tags()`
run inside that Python, which a test shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.tags import (
    INTERPRETER_SHORT_NAMES,
    Tag,
    compatible_tags,
    cpython_tags,
    generic_tags,
    mac_platforms,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trail.interpreter.model import Interpreter

__all__ = ["platforms_of", "tags_of"]

_BITS_32 = 32
# PEP 600: what the older names mean.
_LEGACY = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}
_OLDEST_GLIBC = 17
_OLDEST_GLIBC_X86 = 5
# Architectures that have manylinux; armv7l and i686 need a second look.
_MANYLINUX = frozenset(
    {"x86_64", "aarch64", "ppc64", "ppc64le", "s390x", "loongarch64", "riscv64", "i686"}
)


def tags_of(interpreter: Interpreter) -> tuple[Tag, ...]:
    """List the tags that a Python accepts, best first."""
    name = INTERPRETER_SHORT_NAMES.get(interpreter.implementation, interpreter.implementation)
    short = f"{name}{interpreter.version_nodot}"
    platforms = list(platforms_of(interpreter))
    if name == "cp":
        own = cpython_tags(interpreter.release, _cpython_abis(interpreter), platforms)
        pure: str | None = short
    else:
        own = generic_tags(short, _generic_abis(interpreter), platforms)
        pure = "pp3" if name == "pp" else None
    return (*own, *compatible_tags(interpreter.release, pure, platforms))


def platforms_of(interpreter: Interpreter) -> Iterator[str]:
    """List the platform tags that a Python accepts, best first."""
    if interpreter.environment["platform_system"] == "Darwin" and interpreter.mac_version:
        yield from _mac_platforms(interpreter)
    elif interpreter.platform.startswith("linux-"):
        yield from _linux_platforms(interpreter)
    else:
        yield _normalised(interpreter.platform)


def _cpython_abis(interpreter: Interpreter) -> list[str]:
    plain = f"cp{interpreter.version_nodot}" + ("t" if interpreter.free_threaded else "")
    # A debug build loads the extensions of a release build too, since 3.8.
    return [f"{plain}d", plain] if interpreter.debug else [plain]


def _generic_abis(interpreter: Interpreter) -> list[str]:
    """Take the ABI out of a suffix such as `.pypy310-pp73-x86_64-linux-gnu.so`."""
    parts = interpreter.ext_suffix.split(".")
    if len(parts) < 3 or not parts[1]:  # noqa: PLR2004  # "", the ABI, "so"
        return []
    pieces = parts[1].split("-")
    count = {"pypy": 2, "graalpy": 3}.get(pieces[0].rstrip("0123456789"), len(pieces))
    return [_normalised("-".join(pieces[:count]))]


def _mac_platforms(interpreter: Interpreter) -> Iterator[str]:
    major, minor, *_ = (*map(int, interpreter.mac_version.split(".")[:2]), 0)
    arch = interpreter.environment["platform_machine"]
    if interpreter.pointer_bits == _BITS_32:
        arch = "ppc" if arch.startswith("ppc") else "i386"
    return mac_platforms((major, minor), arch)


def _linux_platforms(interpreter: Interpreter) -> Iterator[str]:
    arch = _normalised(interpreter.platform).removeprefix("linux_")
    if interpreter.pointer_bits == _BITS_32:  # a 32-bit Python on a 64-bit kernel
        arch = {"x86_64": "i686", "aarch64": "armv8l"}.get(arch, arch)
    archs = ["armv8l", "armv7l"] if arch == "armv8l" else [arch]
    yield from (f"linux_{name}" for name in archs)
    major, _, minor = interpreter.libc_version.partition(".")
    if interpreter.libc == "glibc" and _has_manylinux(interpreter, archs):
        yield from _manylinux(interpreter, archs, int(minor.split(".")[0]))
    elif interpreter.libc == "musl":  # PEP 656
        newest = int(minor.split(".")[0])
        for name in archs:
            for step in range(newest, -1, -1):
                yield f"musllinux_{major}_{step}_{name}"


def _has_manylinux(interpreter: Interpreter, archs: list[str]) -> bool:
    if "armv7l" in archs:  # only with hardware floating point (PEP 599)
        return "gnueabihf" in interpreter.multiarch or "gnueabihf" in interpreter.soabi
    return not _MANYLINUX.isdisjoint(archs)


def _manylinux(interpreter: Interpreter, archs: list[str], newest: int) -> Iterator[str]:
    oldest = _OLDEST_GLIBC_X86 if {"x86_64", "i686"} & set(archs) else _OLDEST_GLIBC
    for name in archs:
        for minor in range(newest, oldest - 1, -1):
            if minor in interpreter.manylinux_refused:
                continue
            yield f"manylinux_2_{minor}_{name}"
            if minor in _LEGACY:
                yield f"{_LEGACY[minor]}_{name}"


def _normalised(text: str) -> str:
    return text.replace(".", "_").replace("-", "_").replace(" ", "_")
