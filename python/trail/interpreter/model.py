"""What trail knows of a Python."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from trail.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from packaging.tags import Tag

__all__ = ["Interpreter"]


@dataclass(frozen=True, kw_only=True)  # no slots: `tags` is computed once and kept
class Interpreter:
    """A base Python; never one of a virtual environment.

    Args:
        executable: what to run, absolute; may be a link.
        base: the real binary behind it.
        base_prefix: `sys.base_prefix`.
        base_exec_prefix: `sys.base_exec_prefix`.
        stdlib: the folder of the standard library.
        include: the folder of the C headers, whether it exists or not.
        version: for instance `3.12.1`.
        implementation: `cpython`, `pypy`, …
        cache_tag: for instance `cpython-312`; empty where there is none.
        identity: readable and stable; another one as soon as the binary is another one.
        environment: the marker values of PEP 508.
        platform: `sysconfig.get_platform()`, for instance `linux-x86_64`.
        version_nodot: for instance `312`.
        soabi: the ABI in the names of extension modules; empty where there is none.
        ext_suffix: the suffix of extension modules.
        multiarch: the GNU name of the platform; empty where there is none.
        pointer_bits: 32 or 64.
        debug: whether it is a debug build.
        free_threaded: whether it has no GIL (PEP 703).
        libc: `glibc`, `musl`, or empty where that is unknown or means nothing.
        libc_version: for instance `2.36`; empty as `libc` is.
        manylinux_refused: minor glibc versions that its distributor refuses (PEP 600).
        mac_version: for instance `14.2`; empty elsewhere.
        externally_managed: whether its distributor manages it (PEP 668).
    """

    executable: Path
    base: Path
    base_prefix: Path
    base_exec_prefix: Path
    stdlib: Path
    include: Path
    version: str
    implementation: str
    cache_tag: str
    identity: str
    environment: Mapping[str, str] = field(hash=False)
    platform: str
    version_nodot: str
    soabi: str
    ext_suffix: str
    multiarch: str
    pointer_bits: int
    debug: bool
    free_threaded: bool
    libc: str
    libc_version: str
    manylinux_refused: tuple[int, ...]
    mac_version: str
    externally_managed: bool

    @property
    def release(self) -> tuple[int, int]:
        """Major and minor version."""
        major, minor = self.environment["python_version"].split(".")
        return int(major), int(minor)

    @property
    def minor(self) -> str:
        """Major and minor version as text, for instance `3.12`."""
        return self.environment["python_version"]

    @cached_property
    def tags(self) -> tuple[Tag, ...]:
        """The wheels that it accepts, best first (PEP 425)."""
        # Deferred: what needs no wheels, such as a warm `trail run`, needs no packaging.
        from trail.interpreter.tags import tags_of  # noqa: PLC0415

        return tags_of(self)
