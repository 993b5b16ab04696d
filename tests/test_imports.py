"""What importing trail loads: next to nothing, since every start of a program pays for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).parents[1] / "python"


def loaded_by(statement: str) -> set[str]:
    """List the modules that a statement loads in a fresh interpreter."""
    code = (
        f"import json, sys; before = set(sys.modules); {statement}; "
        "print(json.dumps([*sys.modules.keys() - before]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stdout))


def test_importing_trail_loads_nothing_else() -> None:
    assert loaded_by("import trail") == {"trail"}


def test_what_is_loaded_is_seen() -> None:
    assert {"trail.model", "packaging"} < loaded_by("import trail.model, packaging")


def test_requests_need_no_command_line_of_httpx() -> None:
    loaded = loaded_by("import trail.index.http")
    assert {"httpx._client", "ssl"} < loaded
    assert loaded.isdisjoint({"httpx._main", "click", "pygments", "rich"})


def test_the_command_line_of_httpx_can_be_loaded_later() -> None:
    assert "httpx._main" in loaded_by("import trail.index.http, httpx._main")


def test_commands_load_no_module_for_what_is_rare() -> None:
    commands = "install", "lock", "run"
    loaded = loaded_by("; ".join(f"import trail.cli.{name}" for name in commands))
    assert loaded.isdisjoint(
        {
            "concurrent.futures",  # several Pythons, downloads
            "configparser",  # a file of pip's
            "email",  # dates in Retry-After
            "filecmp",  # files of two owners
            "netrc",
            "queue",  # compiling
            "shutil",  # copies
            "tempfile",
            "unicodedata",  # names in wheels
            "packaging.dependency_groups",
            "trail.prefix.bytecode",
            "trail.prefix.strict",
            "trail.wheel.metadata",  # what a build tells
        }
    )


def test_to_run_loads_nothing_that_only_resolves_or_builds() -> None:
    loaded = loaded_by("import trail.cli.run")
    assert "trail.prefix.build" in loaded
    assert loaded.isdisjoint({"trail.resolve.model", "trail.commands.trees", "trail.wheel.engine"})


def test_to_lock_loads_no_reader_of_locks() -> None:
    loaded = loaded_by(
        "import trail.cli.lock, trail.commands.document, trail.commands.locking,"
        " trail.commands.source, trail.index.client, trail.lock.write"
    )
    assert {"packaging.markers", "trail.commands.lock"} < loaded
    assert loaded.isdisjoint({"packaging.pylock", "trail.lock.pylock", "trail.commands.trees"})
    assert loaded.isdisjoint({"netrc", "base64", "email", "random"})


def test_a_file_of_this_machine_is_taken_without_what_downloads_need() -> None:
    loaded = loaded_by("import trail.commands.provide, trail.index.local")
    assert loaded.isdisjoint({"email", "http", "random", "tempfile", "trail.index.download"})


def test_metadata_files_are_read_without_what_archives_need() -> None:
    loaded = loaded_by("import trail.index.metadata, trail.index.http")
    assert {"httpx", "trail.index.core_metadata"} < loaded
    assert loaded.isdisjoint(
        {"installer", "tarfile", "trail.index.zipped", "trail.wheel.archive", "zipfile"}
    )


def test_commands_load_what_is_rare_in_the_standard_library_when_they_need_it() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "trail", "depot", "path"],
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert {"click", "packaging.tags"} <= loaded
    assert loaded.isdisjoint({"ast", "hashlib", "subprocess", "sysconfig", "textwrap", "traceback"})
