"""`trail export`: what the lock selects for the Python at hand, in the words of other tools."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from trail.commands.lock import project_of, read_lock
from trail.commands.target import choose_python, select
from trail.errors import LockError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging.pylock import Package

    from trail.commands.context import Context
    from trail.commands.target import Request
    from trail.model import WheelFile

__all__ = ["FORMATS", "export"]

FORMATS = ("requirements", "pylock", "cyclonedx")


def export(context: Context, request: Request, form: str) -> str:
    """Write the project's lock in another form.

    Args:
        context: where and how.
        request: which Python, extras and groups.
        form: one of `FORMATS`. `pylock` is the lock as it is, for every target; the others hold
            what is selected for one.

    Raises:
        TrailError: there is no lock, or it does not fit.
    """
    pyproject = project_of(context)
    pylock = read_lock(pyproject)
    if form == "pylock":
        return pyproject.path.with_name("pylock.toml").read_text("utf-8")
    python = choose_python(context, request, context.depots().receiver.layout.interpreters)
    selection = select(context, request, python).selection
    packages = {(package.name, str(package.version)): package for package in pylock.packages}
    if form == "requirements":
        return "".join(
            _requirement(wheel, packages.get((wheel.name, wheel.version)))
            for wheel in selection.wheels
        )
    name = pyproject.name or "project"
    return _cyclonedx(name, selection.wheels)


def _requirement(wheel: WheelFile, package: Package | None) -> str:
    """Pin a package with the hashes of all its files: pip may choose another one of them."""
    if wheel.index is None and wheel.path is not None:
        raise LockError(f"`{wheel.name}` is a file of this machine, which others cannot install")
    files = [] if package is None else [*(package.wheels or ()), package.sdist]
    digests = sorted({file.hashes["sha256"] for file in files if file and "sha256" in file.hashes})
    digests = digests or [digest for kind, digest in wheel.hashes if kind == "sha256"]
    lines = [f"{wheel.name}=={wheel.version}", *(f"    --hash=sha256:{one}" for one in digests)]
    return " \\\n".join(lines) + "\n"


def _cyclonedx(name: str, wheels: Sequence[WheelFile]) -> str:
    """Make a bill of materials (CycloneDX 1.6)."""
    components = [
        {
            "type": "library",
            "bom-ref": f"pkg:pypi/{wheel.name}@{wheel.version}",
            "name": wheel.name,
            "version": wheel.version,
            "purl": f"pkg:pypi/{wheel.name}@{wheel.version}",
            "hashes": [
                {"alg": kind.upper().replace("SHA", "SHA-"), "content": digest}
                for kind, digest in wheel.hashes
                if kind in {"sha256", "sha384", "sha512"}
            ],
        }
        for wheel in wheels
    ]
    locked = {wheel.name: wheel for wheel in wheels}
    dependencies = [
        {
            "ref": f"pkg:pypi/{wheel.name}@{wheel.version}",
            "dependsOn": sorted(
                f"pkg:pypi/{other}@{locked[other].version}"
                for other in wheel.requires
                if other in locked
            ),
        }
        for wheel in wheels
    ]
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": name}},
        "components": components,
        "dependencies": dependencies,
    }
    return json.dumps(document, indent=2) + "\n"
