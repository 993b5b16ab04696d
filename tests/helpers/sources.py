"""Projects to be built, with a backend of their own that needs nothing from an index."""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["BACKEND", "git", "make_repository", "make_sdist", "make_source"]

BACKEND = '''\
"""A build backend of few lines (PEP 517, PEP 660)."""
import base64, hashlib, json, os, pathlib, sys, zipfile

HERE = pathlib.Path(__file__).parent
FACTS = json.loads((HERE / "facts.json").read_text())
STEM = "{name}-{version}".format(**FACTS)

def _note(word):
    print("backend says:", word)
    if "BUILD_NOTES" in os.environ:
        with open(os.environ["BUILD_NOTES"], "a") as file:
            file.write(word + "\\n")

def _metadata():
    lines = ["Metadata-Version: 2.1", "Name: " + FACTS["name"], "Version: " + FACTS["version"]]
    return "\\n".join(lines + ["Requires-Dist: " + one for one in FACTS["requires"]]) + "\\n"

def _wheel(folder, files, tag="py3-none-any"):
    info = STEM + ".dist-info/"
    files = dict(files)
    files[info + "METADATA"] = _metadata()
    files[info + "WHEEL"] = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: " + tag + "\\n"
    if FACTS["scripts"]:
        files[info + "entry_points.txt"] = "[console_scripts]\\n" + FACTS["scripts"]
    record = []
    filename = STEM + "-" + tag + ".whl"
    with zipfile.ZipFile(pathlib.Path(folder, filename), "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
            record.append(f"{name},sha256={digest.decode().rstrip('=')},{len(text.encode())}")
        archive.writestr(info + "RECORD", "\\n".join([*record, info + "RECORD,,"]) + "\\n")
    return filename

def get_requires_for_build_wheel(config_settings=None):
    return FACTS["asks"]

get_requires_for_build_editable = get_requires_for_build_wheel

def prepare_metadata_for_build_wheel(folder, config_settings=None):
    _note("metadata")
    (pathlib.Path(folder) / (STEM + ".dist-info")).mkdir()
    (pathlib.Path(folder) / (STEM + ".dist-info") / "METADATA").write_text(_metadata())
    return STEM + ".dist-info"

def build_wheel(folder, config_settings=None, metadata_directory=None):
    _note("wheel")
    exec(FACTS["run"], {**globals(), "config_settings": config_settings})
    module = FACTS["name"]
    text = (HERE / "src" / (module + ".py")).read_text()
    return _wheel(folder, {module + ".py": text}, FACTS["tag"])

def build_editable(folder, config_settings=None, metadata_directory=None):
    _note("editable")
    tree = HERE / FACTS.get("tree", "src")
    return _wheel(folder, {"_" + FACTS["name"] + ".pth": str(tree) + "\\n"})
'''


def make_source(  # the facts that the backend goes by
    folder: Path,
    name: str = "thing",
    version: str = "1.0",
    *,
    code: str = "",
    run: str = "",
    build_requires: tuple[str, ...] = (),
    asks: tuple[str, ...] = (),
    requires: tuple[str, ...] = (),
    scripts: str = "",
    tag: str = "py3-none-any",
    dynamic: bool = True,
) -> Path:
    """Write a project.

    Args:
        folder: made; becomes the project's root.
        name: of the distribution and its module.
        version: of the distribution.
        code: of the module, behind `VERSION`.
        run: code that `build_wheel` runs.
        build_requires: `build-system.requires`.
        asks: what `get_requires_for_build_wheel` returns.
        requires: what the wheel requires.
        scripts: lines of `console_scripts`.
        tag: of the wheel.
        dynamic: whether only the build tells the requirements.
    """
    (folder / "src").mkdir(parents=True)
    (folder / "backend.py").write_text(BACKEND)
    (folder / "src" / f"{name}.py").write_text(f"VERSION = {version!r}\n{code}")
    facts = {
        "name": name,
        "version": version,
        "run": run,
        "asks": list(asks),
        "requires": list(requires),
        "scripts": scripts,
        "tag": tag,
    }
    (folder / "facts.json").write_text(json.dumps(facts))
    left = "dynamic = ['dependencies']" if dynamic else f"dependencies = {list(requires)!r}"
    (folder / "pyproject.toml").write_text(
        f"[build-system]\nrequires = {list(build_requires)!r}\nbuild-backend = 'backend'\n"
        f"backend-path = ['.']\n[project]\nname = {name!r}\nversion = {version!r}\n{left}\n"
    )
    return folder


def make_sdist(folder: Path, source: Path, *, pkg_info: str | None = None) -> Path:
    """Pack a project into `folder`, as PEP 625 has it.

    Args:
        folder: where to put the archive; made if it is missing.
        source: the project, in a folder named `{name}-{version}`.
        pkg_info: the content of PKG-INFO, or None for none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{source.name}.tar.gz"
    if pkg_info is not None:
        (source / "PKG-INFO").write_text(pkg_info)
    with tarfile.open(path, "w:gz") as archive:
        archive.add(source, source.name)
    return path


def git(folder: Path, *words: str, environ: Mapping[str, str] | None = None) -> str:
    """Run git in a folder, with nobody's configuration."""
    process = subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *words],
        cwd=folder,
        env={
            **os.environ,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            **(environ or {}),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return process.stdout.strip()


def make_repository(folder: Path) -> str:
    """Make a folder a repository with one commit on `main`, and give its id."""
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=one")
    return git(folder, "rev-parse", "HEAD")
