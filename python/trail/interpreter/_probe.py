"""Runs inside the Python that is described, and prints what it is as one line of JSON.

Started as a file with `-I -S`: no site-packages, no environment variables, nothing of the
user's runs. Standard library only; Python 3.7 and newer can run it, so that one that is too
old is told by its version. `trail.interpreter.describe` reads the result.
"""

from __future__ import annotations

import json
import os
import platform
import struct
import subprocess
import sys
import sysconfig
from importlib.machinery import EXTENSION_SUFFIXES

TYPE_CHECKING = False  # typing is slow to import
if TYPE_CHECKING:
    from typing import Any

_MUSL = "ld-musl-"


def full_version(info: Any) -> str:
    """Write a version as PEP 508 wants `implementation_version`."""
    version = f"{info.major}.{info.minor}.{info.micro}"
    if info.releaselevel != "final":
        version += info.releaselevel[0] + str(info.serial)
    return version


def environment() -> dict[str, str]:
    """Give the marker values of PEP 508."""
    return {
        "implementation_name": sys.implementation.name,
        "implementation_version": full_version(sys.implementation.version),
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": platform.python_version(),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "sys_platform": sys.platform,
    }


def libc() -> tuple[str, str]:
    """Give name and version of the C library on Linux; empty texts where that is unknown."""
    if not sys.platform.startswith("linux"):
        return ("", "")
    glibc = glibc_version()
    if glibc:
        return ("glibc", glibc)
    loader = musl_loader()
    musl = musl_version(loader) if loader else ""
    return ("musl", musl) if musl else ("", "")


def glibc_version() -> str:
    """Ask the C library of this process (PEP 600)."""
    try:
        text = os.confstr("CS_GNU_LIBC_VERSION") or ""  # for instance "glibc 2.36"
    except (AttributeError, OSError, ValueError):
        text = ""
    if text:
        return text.split()[-1]
    try:
        import ctypes  # noqa: PLC0415  # not every Python has it

        function = ctypes.CDLL(None).gnu_get_libc_version
    except (ImportError, OSError, AttributeError, TypeError):
        return ""
    function.restype = ctypes.c_char_p
    return str(function().decode("ascii"))


def musl_loader(maps: str = "/proc/self/maps") -> str:
    """Find the dynamic loader of musl in this process."""
    try:
        with open(maps) as file:  # noqa: PTH123  # pathlib is slow to import
            for line in file:
                if _MUSL in line:
                    return line[line.index("/") :].strip()
    except (OSError, ValueError):
        pass
    return ""


def musl_version(loader: str) -> str:
    """Run musl's loader, which tells its version when it has nothing to load (PEP 656)."""
    process = subprocess.Popen(  # noqa: S603  # the loader that runs this process
        [loader], stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True
    )
    lines = process.communicate()[1].splitlines()
    for line in lines:
        if line.startswith("Version "):
            return line.split()[1]
    return ""


def mac_version() -> str:
    """Give the version of macOS, also where it poses as 10.16 to an old build."""
    version = platform.mac_ver()[0]
    if version.startswith("10.16"):
        script = "import platform; print(platform.mac_ver()[0])"
        process = subprocess.Popen(  # noqa: S603  # this Python itself
            [sys.executable, "-I", "-S", "-c", script],
            env={"SYSTEM_VERSION_COMPAT": "0"},
            stdout=subprocess.PIPE,
            universal_newlines=True,
        )
        version = process.communicate()[0].strip() or version
    return version


def manylinux_refused(version: str) -> list[int]:
    """List the glibc versions that this Python's distributor refuses (PEP 600)."""
    try:
        import _manylinux  # type: ignore[import-not-found]  # noqa: PLC0415  # may be added
    except ImportError:
        return []
    parts = version.split(".")
    arch = sysconfig.get_platform().split("-", 1)[-1]
    old = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}
    refused = []
    for minor in range(5, int(parts[1]) + 1):
        if hasattr(_manylinux, "manylinux_compatible"):
            answer = _manylinux.manylinux_compatible(2, minor, arch)
        else:
            answer = getattr(_manylinux, old.get(minor, "") + "_compatible", None)
        if answer is not None and not answer:
            refused.append(minor)
    return refused


def facts() -> dict[str, Any]:
    """Collect everything."""
    variable = sysconfig.get_config_var
    major, minor = sys.version_info[:2]
    debug = variable("Py_DEBUG")
    if debug is None:  # Windows does not set it
        debug = hasattr(sys, "gettotalrefcount") or "_d.pyd" in EXTENSION_SUFFIXES
    name, version = libc()
    return {
        "executable": sys.executable,
        "base_executable": getattr(sys, "_base_executable", None) or sys.executable,
        "base_prefix": sys.base_prefix,
        "base_exec_prefix": sys.base_exec_prefix,
        "version": platform.python_version(),
        "implementation": sys.implementation.name,
        "cache_tag": sys.implementation.cache_tag or "",
        "environment": environment(),
        "platform": sysconfig.get_platform(),
        "stdlib": sysconfig.get_path("stdlib"),
        "include": sysconfig.get_path("include"),
        "debug": bool(debug),
        "free_threaded": bool(variable("Py_GIL_DISABLED")),
        "soabi": variable("SOABI") or "",
        "ext_suffix": variable("EXT_SUFFIX") or EXTENSION_SUFFIXES[0],
        "version_nodot": str(variable("py_version_nodot") or f"{major}{minor}"),
        "multiarch": variable("MULTIARCH") or "",
        "pointer_bits": struct.calcsize("P") * 8,
        "libc": name,
        "libc_version": version,
        "manylinux_refused": manylinux_refused(version) if name == "glibc" else [],
        "mac_version": mac_version() if sys.platform == "darwin" else "",
        "externally_managed": os.path.exists(  # noqa: PTH110  # pathlib is slow to import
            os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")  # noqa: PTH118
        ),
    }


if __name__ == "__main__":
    print(json.dumps(facts()))  # noqa: T201  # how the result gets out
