"""`trail export`: what the lock selects for the Python at hand, in the words of other tools."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

from packaging.utils import canonicalize_name

from trail.commands.lock import read_lock, refresh_lock, workspace_of
from trail.commands.pins import Pins
from trail.commands.target import choose_python, select
from trail.depot.entry import public_url
from trail.model import SourcePackage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from packaging.requirements import Requirement

    from trail.commands.context import Context
    from trail.commands.target import Request
    from trail.model import WheelFile
    from trail.project.pyproject import PyProject

__all__ = ["FORMATS", "export"]

FORMATS = ("requirements", "pylock", "cyclonedx")


def export(context: Context, request: Request, form: str, *, hashed: bool = True) -> str:
    """Write the project's lock in another form.

    Args:
        context: where and how.
        request: which Python, extras and groups.
        form: one of `FORMATS`. `pylock` is the lock as it is, for every target; the others hold
            what is selected for one.
        hashed: whether `requirements` has hashes.

    Raises:
        TrailError: there is no lock, or it does not fit.
    """
    refresh_lock(context, request.policy)
    root = workspace_of(context).root
    pylock = read_lock(workspace_of(context))
    if form == "pylock":
        return root.path.with_name("pylock.toml").read_text("utf-8")
    python = choose_python(context, request, context.depots().receiver.layout.interpreters)
    selection = select(context, request, python).selection
    packages = {(package.name, str(package.version)): package for package in pylock.packages}
    items: list[WheelFile | SourcePackage] = [*selection.wheels, *selection.sources]
    items.sort(key=lambda item: item.name)
    if form == "requirements":
        pins = Pins(root=root.folder, packages=packages, hashed=hashed)
        if pins.mixes(items):
            context.reporter.warn(
                "pip installs folders and repositories only where nothing has a hash"
                " (`--no-hashes`); uv installs them"
            )
        return pins.lines(items)
    return _cyclonedx(root, request, items)


def _asked(pyproject: PyProject, request: Request) -> Iterator[Requirement]:
    """What the project itself requires, with the extras and groups that are asked for."""
    yield from pyproject.dependencies
    for names, tables in ((request.extras, pyproject.extras), (request.groups, pyproject.groups)):
        for name in names:
            yield from tables.get(canonicalize_name(name), ())


def _address(item: WheelFile | SourcePackage) -> str:
    """Name a package for others (package-url)."""
    version = f"@{item.version}" if item.version else ""
    commit = item.commit if isinstance(item, SourcePackage) else ""
    source = f"?vcs_url={quote(f'git+{item.url}@{commit}', safe='')}" if commit else ""
    return f"pkg:pypi/{item.name}{version}{source}"


def _cyclonedx(
    pyproject: PyProject, request: Request, wheels: Sequence[WheelFile | SourcePackage]
) -> str:
    """Make a bill of materials (CycloneDX 1.6), the same for the same lock."""
    components: list[dict[str, object]] = [
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
            **(
                {"externalReferences": [{"type": "distribution", "url": public_url(wheel.url)}]}
                if wheel.url
                else {}
            ),
        }
        for wheel in wheels
    ]
    locked = {wheel.name: wheel for wheel in wheels}
    name = pyproject.name or "project"
    asked = {canonicalize_name(one.name) for one in _asked(pyproject, request)}
    dependencies = [
        {
            "ref": name,
            "dependsOn": sorted(_address(locked[one]) for one in asked if one in locked),
        }
    ]
    dependencies += [
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
        "metadata": {"component": {"type": "application", "bom-ref": name, "name": name}},
        "components": components,
        "dependencies": dependencies,
    }
    return json.dumps(document, indent=2) + "\n"
