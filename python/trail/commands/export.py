"""`trail export`: what the lock selects for the Python at hand, in the words of other tools."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

from trail.commands.lock import project_of, read_lock
from trail.commands.target import choose_python, select
from trail.errors import LockError
from trail.model import SourceKind, SourcePackage

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
    items: list[WheelFile | SourcePackage] = [*selection.wheels, *selection.sources]
    items.sort(key=lambda item: item.name)
    if form == "requirements":
        return "".join(
            _requirement(item, packages.get((item.name, str(item.version)))) for item in items
        )
    name = pyproject.name or "project"
    return _cyclonedx(name, items)


def _requirement(wheel: WheelFile | SourcePackage, package: Package | None) -> str:
    """Pin a package with the hashes of all its files: pip may choose another one of them."""
    if isinstance(wheel, SourcePackage) and wheel.kind is not SourceKind.SDIST:
        return _direct(wheel)
    if wheel.index is None and wheel.path is not None:
        raise LockError(f"`{wheel.name}` is a file of this machine, which others cannot install")
    files = [] if package is None else [*(package.wheels or ()), package.sdist]
    digests = sorted({file.hashes["sha256"] for file in files if file and "sha256" in file.hashes})
    digests = digests or [digest for kind, digest in wheel.hashes if kind == "sha256"]
    lines = [f"{wheel.name}=={wheel.version}", *(f"    --hash=sha256:{one}" for one in digests)]
    return " \\\n".join(lines) + "\n"


def _direct(source: SourcePackage) -> str:
    if source.url is None or source.url.startswith("file:"):
        raise LockError(f"`{source.name}` is on this machine, so others cannot install it")
    inner = f"#subdirectory={source.subdirectory}" if source.subdirectory else ""
    if source.kind is SourceKind.VCS:
        return f"{source.name} @ git+{source.url}@{source.commit}{inner}\n"
    lines = [f"{source.name} @ {source.url}{inner}"]
    lines += [f"    --hash={kind}:{digest}" for kind, digest in source.hashes]
    return " \\\n".join(lines) + "\n"


def _address(item: WheelFile | SourcePackage) -> str:
    """Name a package for others (package-url)."""
    version = f"@{item.version}" if item.version else ""
    commit = item.commit if isinstance(item, SourcePackage) else ""
    source = f"?vcs_url={quote(f'git+{item.url}@{commit}', safe='')}" if commit else ""
    return f"pkg:pypi/{item.name}{version}{source}"


def _cyclonedx(name: str, wheels: Sequence[WheelFile | SourcePackage]) -> str:
    """Make a bill of materials (CycloneDX 1.6)."""
    components = [
        {
            "type": "library",
            "bom-ref": _address(wheel),
            "name": wheel.name,
            **({"version": wheel.version} if wheel.version else {}),
            "purl": _address(wheel),
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
            "ref": _address(wheel),
            "dependsOn": sorted(
                _address(locked[other]) for other in wheel.requires if other in locked
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
