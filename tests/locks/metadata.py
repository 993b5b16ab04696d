"""Whether what a lock installs somewhere meets its own requirements, by its METADATA.

The METADATA is read here anew, of the very wheels that are installed, with `packaging` alone.
"""

from __future__ import annotations

import io
import zipfile
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
from packaging.metadata import Metadata
from packaging.pylock import PackageWheel
from packaging.tags import compatible_tags, cpython_tags
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from packaging.pylock import Package, Pylock
    from packaging.requirements import Requirement
    from packaging.tags import Tag

    from trail.resolve.model import Target

__all__ = ["Shelf", "faults"]

_THREADS = 16
_FOUND = 200


class Shelf:
    """METADATA of wheels, fetched once.

    Args:
        folder: where it is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        self._read: dict[str, Metadata] = {}

    def fill(self, wheels: Iterable[PackageWheel]) -> None:
        """Fetch what is not at hand, several at a time."""
        missing = {_digest(wheel): wheel for wheel in wheels if not self._path(wheel).exists()}
        with (
            httpx.Client(follow_redirects=True, timeout=60) as client,
            ThreadPoolExecutor(_THREADS) as pool,
        ):
            found = pool.map(lambda wheel: _fetch(client, wheel), missing.values())
            for wheel, data in zip(missing.values(), found, strict=True):
                half = self._path(wheel).with_suffix(".half")
                half.write_bytes(data)
                half.replace(self._path(wheel))

    def metadata(self, wheel: PackageWheel) -> Metadata:
        """Parse the METADATA of a wheel; `fill` has seen it."""
        digest = _digest(wheel)
        if digest not in self._read:
            # Not validated: many old ones have a fault in a field that nobody needs here.
            self._read[digest] = Metadata.from_email(self._path(wheel).read_bytes(), validate=False)
        return self._read[digest]

    def _path(self, wheel: PackageWheel) -> Path:
        return self._folder / _digest(wheel)


def faults(lock: Pylock, target: Target, roots: Sequence[Requirement], shelf: Shelf) -> list[str]:
    """List what is wrong with what a lock installs on a target.

    Args:
        lock: the lock.
        target: where to install it.
        roots: what the project requires.
        shelf: the METADATA.

    Returns:
        A line for each requirement that is not met, for each package that does not support
        the target's Python, and for each that nobody requires.
    """
    environment = dict(target.environment)
    chosen = dict(_chosen(lock, target))
    shelf.fill(wheel for _, wheel in chosen.values())
    found: list[str] = []
    seen: set[tuple[str, str]] = set()
    queue: deque[tuple[str, str, Requirement]] = deque(("the project", "", root) for root in roots)
    while queue:
        parent, extra, requirement = queue.popleft()
        marker = requirement.marker
        if marker is not None and not marker.evaluate({**environment, "extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        if name not in chosen:
            found.append(f"{parent} requires `{requirement}`, which is not there")
            continue
        package, wheel = chosen[name]
        version = package.version
        if version is None or not requirement.specifier.contains(version, prereleases=True):
            found.append(f"{parent} requires `{requirement}`, and {version} is there")
        metadata = shelf.metadata(wheel)
        for part in ("", *map(canonicalize_name, requirement.extras)):
            if (name, part) not in seen:
                seen.add((name, part))
                queue.extend((f"{name} {version}", part, one) for one in _requires(metadata))
        python = metadata.requires_python
        if python is not None and not python.contains(target.python, prereleases=True):
            found.append(f"{name} {version} requires Python {python}")
    needed = {name for name, _ in seen}
    found += [f"nobody requires {name}" for name in sorted(chosen.keys() - needed)]
    return found


def _chosen(lock: Pylock, target: Target) -> Iterable[tuple[str, tuple[Package, PackageWheel]]]:
    environment: Mapping[str, str] = target.environment
    for package, artifact in lock.select(environment=environment, tags=_tags(target)):  # type: ignore[arg-type]  # a TypedDict is a mapping here
        if not isinstance(artifact, PackageWheel):
            raise TypeError(f"{package.name} has no wheel for {target.name}")
        yield package.name, (package, artifact)


def _tags(target: Target) -> Sequence[Tag]:
    """List what a target accepts, best first."""
    release = target.python.release[:2]
    short = f"cp{release[0]}{release[1]}"
    platforms = [platform for platform in target.tags if platform != "any"]
    return [
        *cpython_tags(release, [short], platforms),
        *compatible_tags(release, short, platforms),
    ]


def _requires(metadata: Metadata) -> Sequence[Requirement]:
    return metadata.requires_dist or ()


def _fetch(client: httpx.Client, wheel: PackageWheel) -> bytes:
    response = client.get(f"{wheel.url}.metadata")  # PEP 658
    if response.status_code == _FOUND:
        return response.content
    whole = client.get(f"{wheel.url}").raise_for_status().content
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        (path,) = (
            name
            for name in archive.namelist()
            if name.endswith(".dist-info/METADATA") and name.count("/") == 1
        )
        return archive.read(path)


def _digest(wheel: PackageWheel) -> str:
    return wheel.hashes["sha256"]
