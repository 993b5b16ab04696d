"""Import names one by one and write down what became of each; runs in the Python under test.

Run as `python import_names.py NAMES RESULTS`: a JSON list of names, and a file that gets one
JSON list for each as soon as it is known, so that a crash loses nothing. A result is the place
of the module's file below site-packages, or the class of the exception.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import sysconfig
from pathlib import Path


def _import(name: str, site_packages: str) -> tuple[str, str]:
    try:
        module = importlib.import_module(name)
    except BaseException as error:  # noqa: BLE001  # whatever a module does, the next one is tried
        return f"failed: {type(error).__name__}", str(error)
    file = getattr(module, "__file__", None)
    return ("no file" if file is None else os.path.relpath(file, site_packages)), ""


def main(names: Path, results: Path) -> None:
    """Import all names."""
    site_packages = sysconfig.get_path("purelib")
    with results.open("w", encoding="utf-8") as out:
        for name in json.loads(names.read_text(encoding="utf-8")):
            out.write(json.dumps([name, *_import(name, site_packages)]) + "\n")
            out.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
    os._exit(0)  # threads that an import started are not waited for
