"""Pythons for tests: the real ones of this machine, and scripts that pretend to be one."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import Any

from trail.interpreter import _probe

__all__ = ["fake_python", "real_pythons"]


def real_pythons() -> list[Path]:
    """List the Pythons that tests may run: the present one, and those that pyenv installed."""
    found = {os.path.realpath(sys.executable): Path(sys.executable)}
    for path in sorted(Path.home().glob(".pyenv/versions/3.*/bin/python3")):
        minor = path.parts[-3].split(".")[1]
        if minor.isdigit() and int(minor) >= 8:
            found.setdefault(os.path.realpath(path), path)
    return list(found.values())


def fake_python(path: Path, version: str, **changes: Any) -> Path:
    """Write a script that answers as a Python of another version would.

    Args:
        path: the script; its folders are made.
        version: what it claims to be.
        changes: further facts that differ from the running Python's.
    """
    minor = ".".join(version.split(".")[:2])
    facts = _probe.facts()
    facts |= {
        "executable": str(path),
        "base_executable": str(path),
        "version": version,
        "version_nodot": minor.replace(".", ""),
        "cache_tag": f"cpython-{minor.replace('.', '')}",
        "environment": {
            **facts["environment"],
            "python_version": minor,
            "python_full_version": version,
        },
        **changes,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    runs = path.with_name(f"{path.name}.runs")
    answer = shlex.quote(json.dumps(facts))
    path.write_text(f"#!/bin/sh\necho run >> {shlex.quote(str(runs))}\necho {answer}\n")
    path.chmod(0o755)
    return path
