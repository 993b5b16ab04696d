"""Where the files of a wheel land in an entry (sections 4 and "What is written")."""

from __future__ import annotations

import os

from trail.values import dataclass
from trail.wheel.faults import Fault
from trail.wheel.names import PathSet, is_python_name

__all__ = ["Placement", "place_files"]

_SCRIPT_FOLDERS = {"bin", "scripts"}
_RESERVED = {"pyvenv.cfg", "entry.json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Names that decide where files land.

    Args:
        distribution: normalised; headers land in a folder of this name.
        dist_info: the .dist-info folder, as spelled in the archive.
        windows: whether the entry is for Windows.
    """

    distribution: str
    dist_info: str
    windows: bool = os.name == "nt"

    @property
    def site_packages(self) -> str:
        """Below the entry, with `/`."""
        return "Lib/site-packages" if self.windows else "lib/python/site-packages"

    @property
    def scripts(self) -> str:
        """Below the entry."""
        return "Scripts" if self.windows else "bin"

    @property
    def data_folder(self) -> str:
        """The archive's folder of other schemes, with `/` at the end."""
        return f"{self.dist_info[: -len('.dist-info')]}.data/"

    def record_path(self, landing: str) -> str:
        """Write a path below the entry as RECORD does, from site-packages."""
        inside = f"{self.site_packages}/"
        if landing.startswith(inside):
            return landing[len(inside) :]
        return "../" * inside.count("/") + landing

    def place(self, member: str) -> tuple[str, str]:
        """Find where a file lands.

        Args:
            member: its name in the archive.

        Returns:
            The scheme (`root` for files that are in no .data folder) and the path below the
            entry, with `/`.

        Raises:
            Fault: `scheme-unknown`.
        """
        if not member.startswith(self.data_folder):
            return "root", f"{self.site_packages}/{member}"
        scheme, _, rest = member[len(self.data_folder) :].partition("/")
        folder = {
            "purelib": f"{self.site_packages}/",
            "platlib": f"{self.site_packages}/",
            "headers": f"include/{self.distribution}/",
            "scripts": f"{self.scripts}/",
            "data": "",
        }.get(scheme)
        if folder is None or not rest or (scheme == "scripts" and "/" in rest):
            raise Fault("scheme-unknown", member)
        return scheme, folder + rest


def place_files(placement: Placement, members: list[str]) -> list[tuple[str, str]]:
    """Find where all files land, and refuse what must not be written.

    Args:
        placement: the names that decide.
        members: names of files, in the order of the directory.

    Returns:
        Scheme and path below the entry of each.

    Raises:
        Fault: `scheme-unknown`, `scheme-forbidden` or `scheme-collision`.
    """
    landings = []
    paths = PathSet()
    for member in members:
        scheme, landing = placement.place(member)
        if _forbidden(scheme, landing, placement):
            raise Fault("scheme-forbidden", member)
        if not paths.add(landing):
            raise Fault("scheme-collision", member)
        landings.append((scheme, landing))
    return landings


def _forbidden(scheme: str, landing: str, placement: Placement) -> bool:
    if scheme == "root":
        return False
    if scheme in {"purelib", "platlib"}:
        top, inside, _ = landing[len(placement.site_packages) + 1 :].partition("/")
        return bool(inside) and top.casefold().endswith(".dist-info")
    parts = landing.casefold().split("/")
    if parts[0] in _RESERVED:
        return True
    if parts[0] in _SCRIPT_FOLDERS:
        return len(parts) > 1 and is_python_name(parts[1])
    if scheme != "data" or len(parts) < 3:  # noqa: PLR2004  # a file directly in lib is none of it
        return False
    return (parts[0] in {"lib", "lib64"} and parts[1].startswith("python")) or (
        parts[:2] == ["lib", "site-packages"]
    )
