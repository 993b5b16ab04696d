"""Pinned `requirements.txt` files, read as locks (pip's "Requirements File Format").

A file is a lock if it leaves nothing to choose but the wheel: every requirement is
`name==version`, or names a wheel, an archive, a folder or a commit by its address or path.
Relative paths start at the folder of the file they stand in. With hashes, pip's rule holds:
if one requirement has them, all that apply must.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import parse_wheel_filename

from trail.errors import LockError
from trail.lock._reader import Reader
from trail.lock.choice import accepted_tags, target_name
from trail.lock.pins import Constraint, Pin, Requirements
from trail.model import Names, Pinned, Selection, WheelFile
from trail.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from packaging.markers import Marker
    from packaging.tags import Tag

    from trail.model import NormalizedName

__all__ = ["Requirements", "read_requirements", "select"]


def read_requirements(
    data: bytes,
    path: Path,
    *,
    read: Callable[[Path], bytes] = Path.read_bytes,
    variables: Mapping[str, str] | None = None,
) -> Requirements:
    """Read a requirements file whose requirements are all pinned.

    Args:
        data: the file's bytes.
        path: the file, absolute.
        read: reads an included file.
        variables: environment variables, for `${NAME}`.

    Raises:
        LockError: a line cannot be read, a requirement is not pinned, a hash is weaker than
            sha256, or an included file cannot be read.
    """
    reader = Reader(read=read, variables=variables or {})
    reader.file(data, path)
    if reader.unpinned:
        raise LockError(
            f"`{path}` does not pin every requirement",
            details=tuple(reader.unpinned),
            hint="pin each one as `name==version`, or let trail lock them: "
            f"trail init && trail add -r {path.name}",
        )
    hashed = reader.require_hashes or any(pin.hashes for pin in reader.pins)
    return Requirements(
        path=path,
        pins=tuple(reader.pins),
        sources=tuple(reader.sources),
        constraints=tuple(reader.constraints),
        index_url=reader.index_url,
        extra_index_urls=tuple(reader.extra_index_urls),
        find_links=tuple(reader.find_links),
        no_index=reader.no_index,
        require_hashes=hashed,
        only_binary=tuple(reader.only_binary),
        no_binary=tuple(reader.no_binary),
        pre=reader.pre,
        trusted_hosts=tuple(reader.trusted_hosts),
    )


def select(
    requirements: Requirements,
    *,
    environment: Mapping[str, str],
    tags: Sequence[Tag] | None = None,
) -> Selection:
    """Choose what a requirements file names for one target; nothing is fetched.

    Args:
        requirements: the file.
        environment: the target's marker values (PEP 508).
        tags: the wheels that the target accepts, best first; None accepts every wheel that is
            named by address or path.

    Returns:
        Wheels named by address or path, pinned ones, and sources, each in the file's order.

    Raises:
        LockError: two requirements contradict each other or a constraint, one has no hash
            while others have, or a wheel does not fit the target.
    """
    chosen: dict[NormalizedName, Pin] = {}
    for pin in requirements.pins:
        if not _applies(pin.marker, environment):
            continue
        known = chosen.get(pin.name)
        chosen[pin.name] = _merge(known, pin) if known else pin
    for constraint in requirements.constraints:
        if constraint.name in chosen and _applies(constraint.marker, environment):
            chosen[constraint.name] = _constrain(chosen[constraint.name], constraint)
    bare = [pin for pin in chosen.values() if not pin.hashes]
    if requirements.require_hashes and bare:
        raise LockError(
            f"`{requirements.path}` has hashes, but not for every requirement",
            details=tuple((pin.place, f"{pin.name} {pin.version}") for pin in bare),
        )
    sources = [one for one in requirements.sources if _applies(one.marker, environment)]
    loose = [one for one in sources if not one.package.hashes]
    if requirements.require_hashes and loose:
        raise LockError(
            f"`{requirements.path}` has hashes, but not for every requirement",
            details=tuple((one.place, one.package.label) for one in loose),
        )
    wheels = [_wheel_file(pin) for pin in chosen.values() if pin.filename]
    if tags is not None:
        _check_fit(wheels, requirements.path, environment, tags)
    return Selection(
        wheels=tuple(wheels),
        pinned=tuple(
            Pinned(name=pin.name, version=pin.version, hashes=pin.hashes)
            for pin in chosen.values()
            if not pin.filename
        ),
        sources=tuple(one.package for one in sources),
        wheels_only=Names.read(requirements.only_binary),
        sources_only=Names.read(requirements.no_binary),
    )


def _applies(marker: Marker | None, environment: Mapping[str, str]) -> bool:
    return marker is None or marker.evaluate(dict(environment), context="metadata")


def _merge(known: Pin, other: Pin) -> Pin:
    """Take two requirements for one distribution as one, if they agree."""

    def identity(pin: Pin) -> tuple[object, ...]:
        return (pin.version, pin.filename, pin.url, pin.path)

    if identity(known) != identity(other) or (
        known.hashes and other.hashes and known.hashes != other.hashes
    ):
        raise LockError(
            f"two requirements for `{known.name}` disagree",
            details=((known.place, _shown(known)), (other.place, _shown(other))),
        )
    return known if known.hashes else replace(known, hashes=other.hashes)


def _constrain(pin: Pin, constraint: Constraint) -> Pin:
    if not constraint.specifier.contains(pin.version, prereleases=True):
        raise LockError(
            f"a constraint forbids `{pin.name} {pin.version}`",
            details=(
                (pin.place, _shown(pin)),
                (constraint.place, f"{constraint.name}{constraint.specifier}"),
            ),
        )
    return pin if pin.hashes else replace(pin, hashes=constraint.hashes)


def _shown(pin: Pin) -> str:
    if pin.filename:
        return str(pin.path or pin.url)
    hashes = f" with {len(pin.hashes)} hashes" if pin.hashes else ""
    return f"{pin.name}=={pin.version}{hashes}"


def _wheel_file(pin: Pin) -> WheelFile:
    algorithms = [algorithm for algorithm, _ in pin.hashes]
    if len(set(algorithms)) != len(algorithms):
        raise LockError(
            f"`{pin.place}` has several hashes for one file",
            details=tuple(pin.hashes),
        )
    return WheelFile(
        name=pin.name,
        version=pin.version,
        filename=pin.filename or "",
        hashes=pin.hashes,
        url=pin.url,
        path=pin.path,
        vouched=bool(pin.hashes),
    )


def _check_fit(
    wheels: Iterable[WheelFile], path: Path, environment: Mapping[str, str], tags: Sequence[Tag]
) -> None:
    accepted = frozenset(tags)
    misfits = [
        wheel.filename
        for wheel in wheels
        if accepted.isdisjoint(parse_wheel_filename(wheel.filename)[3])
    ]
    if misfits:
        raise LockError(
            f"`{path}` names wheels that do not fit this target",
            details=(
                *(("wheel", name) for name in misfits),
                ("target", target_name(environment)),
                ("accepts", accepted_tags(tags)),
            ),
        )
