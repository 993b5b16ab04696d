"""packse's scenarios: from its source distribution on PyPI to a world in memory.

Its TOML files say which packages there are, what is required, and what a resolver shall
find. They are downloaded for the tests, pinned by version and hash; nothing of them is here.
"""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
import tomllib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import httpx
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from tests.helpers.memory_source import MemorySource, Release, normal

from trail.resolve.model import (
    Names,
    Options,
    Origin,
    Prerelease,
    Request,
    RootRequirement,
    Target,
)
from trail.resolve.targets import make_targets, parse_platform
from trail.settings import default_index

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["Scenario", "download", "read_scenarios"]

VERSION = "0.3.59"
SHA256 = "718bcca5dd1e9321f5c2918d5975ffd772f0c3b150cf29b03979677a003d73d2"

# packse's own defaults, of its class `PackageMetadata`.
REQUIRES_PYTHON = ">=3.12"

PLATFORM = "linux-x86_64"  # where scenarios without a platform are run
UNIVERSAL = ("linux-x86_64", "linux-aarch64", "macos-arm64", "macos-x86_64", "windows-x86_64")
NAMED = {"x86_64-manylinux2014": "linux-x86_64-glibc2.17"}


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One scenario.

    Args:
        name: packse's.
        request: what shall be resolved.
        targets: for which environments.
        source: the packages that there are.
        satisfiable: whether there is a solution.
        packages: the versions that shall be found; empty where packse does not say.
    """

    name: str
    request: Request
    targets: tuple[Target, ...]
    source: MemorySource
    satisfiable: bool
    packages: Mapping[str, str]


def download(folder: Path) -> bytes:
    """Fetch packse's source distribution, unless the folder has it.

    Raises:
        ValueError: it is not the one that the tests were written for.
    """
    kept = folder / f"packse-{VERSION}.tar.gz"
    data = kept.read_bytes() if kept.is_file() else _fetch(kept.name)
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise ValueError(kept.name)
    kept.write_bytes(data)
    return data


def _fetch(filename: str) -> bytes:
    accept = {"Accept": "application/vnd.pypi.simple.v1+json"}
    with httpx.Client(follow_redirects=True, timeout=60) as client:
        page = client.get(f"{default_index()}packse/", headers=accept).raise_for_status().json()
        url = next(file["url"] for file in page["files"] if file["filename"] == filename)
        return client.get(url).raise_for_status().content


def read_scenarios(sdist: bytes) -> Iterator[Scenario]:
    """Read all scenarios, sorted by name."""
    found = []
    with tarfile.open(fileobj=io.BytesIO(sdist)) as archive:
        for member in archive:
            if re.search(r"/scenarios/(?!examples/).+\.toml$", member.name):
                file = archive.extractfile(member)
                assert file is not None
                found.append(_scenario(tomllib.loads(file.read().decode())))
    yield from sorted(found, key=lambda one: one.name)


def _scenario(data: Mapping[str, Any]) -> Scenario:
    options = data.get("resolver_options", {})
    root = data["root"]
    request = Request(
        roots=tuple(
            RootRequirement(
                requirement=Requirement(text),
                origin=Origin(file="pyproject.toml", key="project.dependencies"),
            )
            for text in root["requires"]
        ),
        requires_python=SpecifierSet(root.get("requires_python", REQUIRES_PYTHON)),
        options=Options(
            prerelease=Prerelease.ALLOW if options.get("prereleases") else Prerelease.IF_NECESSARY,
            no_build=_names(options.get("no_build", [])),
            no_binary=_names(options.get("no_binary", [])),
        ),
    )
    return Scenario(
        name=data["name"],
        request=request,
        targets=_targets(data, request),
        source=MemorySource(
            {
                name: {version: _release(one) for version, one in package["versions"].items()}
                for name, package in data["packages"].items()
            }
        ),
        satisfiable=data["expected"]["satisfiable"],
        packages=data["expected"].get("packages", {}),
    )


def _names(names: list[str]) -> Names:
    return Names(names=frozenset(map(normal, names)))


def _release(data: Mapping[str, Any]) -> Release:
    tags = data.get("wheel_tags") or ["py3-none-any"]
    return Release(
        requires=tuple(data.get("requires", ())),
        extras={name: tuple(texts) for name, texts in data.get("extras", {}).items()},
        requires_python=data.get("requires_python", REQUIRES_PYTHON),
        wheels=tuple(tags) if data.get("wheel", True) else (),
        sdist=data.get("sdist", True),
        yanked="" if data.get("yanked") else None,
    )


# --- targets


def _targets(data: Mapping[str, Any], request: Request) -> tuple[Target, ...]:
    options = data.get("resolver_options", {})
    if options.get("universal"):
        platforms = [parse_platform(name) for name in UNIVERSAL]
        return tuple(_with_invented(make_targets(request.requires_python, platforms), data))
    python = options.get("python") or data.get("environment", {}).get("python", "3.12")
    version = Version(python if python.count(".") > 1 else f"{python}.0")
    name = NAMED.get(options.get("python_platform", ""), PLATFORM)
    return make_targets(SpecifierSet(f"=={version}"), [parse_platform(name)])


def _with_invented(targets: tuple[Target, ...], data: Mapping[str, Any]) -> Iterator[Target]:
    """Add the implementations and systems that a scenario speaks of, such as `illumos`."""
    yield from targets
    text = str(data)
    base = {(target.environment["sys_platform"], target.python): target for target in targets}
    for variable in ("implementation_name", "sys_platform", "os_name"):
        values = set(re.findall(rf"{variable} [=!]= '([^']+)'", text))
        known = {target.environment[variable] for target in targets}
        for value in sorted(values - known):
            for target in base.values():
                yield replace(
                    target,
                    name=f"{target.name} {value}",
                    environment={**target.environment, variable: value},
                )
