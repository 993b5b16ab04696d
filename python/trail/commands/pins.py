"""A selection as lines of a `requirements.txt`, which pip and uv install."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from trail.model import SourceKind, SourcePackage
from trail.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from packaging.pylock import Package

    from trail.model import NormalizedName, WheelFile

__all__ = ["Pins"]

_UNHASHED = frozenset({SourceKind.DIRECTORY, SourceKind.VCS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    """What is written of each package.

    Args:
        root: the folder that relative paths start at: pip takes them from the current one.
        packages: of the lock, by name and version.
        hashed: whether to write hashes.
    """

    root: Path
    packages: Mapping[tuple[NormalizedName, str], Package] = field(default_factory=dict)
    hashed: bool = True

    def lines(self, items: Iterable[WheelFile | SourcePackage]) -> str:
        """Write what can be given to pip."""
        return "".join(map(self._line, items))

    def _line(self, item: WheelFile | SourcePackage) -> str:
        if isinstance(item, SourcePackage) and item.kind is not SourceKind.SDIST:
            return self._source(item)
        package = self.packages.get((item.name, str(item.version)))
        if package is not None and package.archive is not None and item.url is not None:
            return self._pinned(f"{item.name} @ {item.url}", _sha256(item))
        if item.index is None and item.path is not None:
            return self._pinned(self._relative(item.path), _sha256(item))
        # Those of all its files: pip may choose another one of them.
        files = [] if package is None else [*(package.wheels or ()), package.sdist]
        digests = {file.hashes["sha256"] for file in files if file and "sha256" in file.hashes}
        return self._pinned(f"{item.name}=={item.version}", sorted(digests) or _sha256(item))

    def _source(self, source: SourcePackage) -> str:
        inner = f"#subdirectory={source.subdirectory}" if source.subdirectory else ""
        if source.kind is SourceKind.VCS:
            url = source.url or (source.path or self.root).as_uri()
            return f"{source.name} @ git+{url}@{source.commit}{inner}\n"
        if source.path is None:
            return self._pinned(f"{source.name} @ {source.url}{inner}", _sha256(source))
        if source.kind is SourceKind.DIRECTORY:
            editable = "-e " if source.editable else ""
            return f"{editable}{self._relative(source.path / source.subdirectory)}\n"
        if inner:  # pip takes a fragment from addresses only
            return self._pinned(f"{source.name} @ {source.path.as_uri()}{inner}", _sha256(source))
        return self._pinned(self._relative(source.path), _sha256(source))

    def _relative(self, path: Path) -> str:
        """Spell a path as pip and uv know it as one."""
        try:
            text = Path(os.path.relpath(path, self.root)).as_posix()
        except ValueError:  # another drive
            return path.as_posix()
        return text if text.startswith("../") else f"./{text}"

    def _pinned(self, requirement: str, digests: Iterable[str]) -> str:
        hashes = [f"    --hash=sha256:{digest}" for digest in digests] if self.hashed else []
        return " \\\n".join([requirement, *hashes]) + "\n"

    def mixes(self, items: Iterable[WheelFile | SourcePackage]) -> bool:
        """Tell whether some lines have hashes and others cannot: pip refuses that."""
        kinds = {isinstance(item, SourcePackage) and item.kind in _UNHASHED for item in items}
        return self.hashed and len(kinds) > 1


def _sha256(item: WheelFile | SourcePackage) -> Iterator[str]:
    return (value for kind, value in item.hashes if kind == "sha256")
