"""The peer `installer`: the library of that name, one wheel after the other, one process.

Run as `python installer_loop.py FOLDER WHEEL…`; like its own command, it checks no RECORD.
"""

from __future__ import annotations

import sys
from pathlib import Path

from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.sources import WheelFile


def main(folder: Path, wheels: list[Path]) -> None:
    """Unpack wheels into a folder that is laid out like a virtual environment."""
    minor = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site_packages = str(folder / "lib" / minor / "site-packages")
    schemes = {
        "purelib": site_packages,
        "platlib": site_packages,
        "scripts": str(folder / "bin"),
        "headers": str(folder / "include"),
        "data": str(folder),
    }
    python = str(folder / "bin" / "python")
    destination = SchemeDictionaryDestination(
        schemes, interpreter=python, script_kind="posix", overwrite_existing=True
    )
    for wheel in wheels:
        with WheelFile.open(wheel) as source:
            install(source, destination, additional_metadata={"INSTALLER": b"installer"})


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(argument) for argument in sys.argv[2:]])
