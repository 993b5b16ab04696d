"""Two workspaces of uv, as their authors publish them: locked and run by trail, unchanged.

The MCP SDK's source distribution holds its members; griffe's three have one each, and are put
together as they lie in its repository. Releases after a day do not exist, so that the tests
say the same tomorrow.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
import tomllib
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.helpers.sources import git, make_repository
from tests.helpers.trail import Project

from trail.settings import default_index

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.network, pytest.mark.slow]

MCP = ("mcp-1.12.4.tar.gz", "0765585e9a3a5916a3c3ab8659330e493adc7bd8b2ca6120c2d7a0c43e034ca5")
GRIFFE = (
    "griffe-2.4.1.tar.gz",
    "766123e26ec35b2ead63202e9e43ec309d876085d571b7df288256cd6fe4a3ef",
)
GRIFFELIB = (
    "griffelib-2.4.1.tar.gz",
    "40c028dd2e623f464423f0e11e3c553158f1cf4f1368239a370534d73e1407ff",
)
GRIFFECLI = (
    "griffecli-2.4.1.tar.gz",
    "6db9acad984990b08c833ab5ec73d5a604e317b2290074d04c91ca9e52d35a7b",
)


def unpack(source: tuple[str, str], folder: Path) -> Path:
    """Download a source distribution, and unpack it as a checkout would have it."""
    filename, digest = source
    name = filename.rpartition("-")[0]
    accept = {"Accept": "application/vnd.pypi.simple.v1+json"}
    with httpx.Client(follow_redirects=True, timeout=60) as client:
        page = client.get(f"{default_index()}{name}/", headers=accept).raise_for_status().json()
        url = next(file["url"] for file in page["files"] if file["filename"] == filename)
        data = client.get(url).raise_for_status().content
    assert hashlib.sha256(data).hexdigest() == digest
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        archive.extractall(folder.parent, filter="data")
    (folder.parent / filename.removesuffix(".tar.gz")).rename(folder)
    # Backends take the version from it, instead of from the tag.
    (folder / "PKG-INFO").unlink()
    return folder


def checkout(root: Path, tag: str) -> None:
    """Make it a repository with one tag, which its version is taken from."""
    make_repository(root)
    git(root, "tag", tag)


def locked(project: Project) -> dict[str, dict[str, Any]]:
    document = tomllib.loads((project.root / "pylock.toml").read_text())
    return {package["name"]: package for package in document["packages"]}


def folders(project: Project) -> dict[str, Any]:
    return {
        name: package["directory"]["path"]
        for name, package in locked(project).items()
        if "directory" in package
    }


def test_the_sdk_of_mcp(tmp_path: Path) -> None:
    """A project with eight members, each an example, and groups on by default."""
    root = unpack(MCP, tmp_path / "project")
    checkout(root, "v1.12.4")
    project = Project(root, tmp_path / "depot", {"TRAIL_EXCLUDE_NEWER": "2025-08-20"})
    result = project.trail("lock")
    assert result.code == 0, result.err
    servers = ("auth", "prompt", "resource", "streamablehttp", "streamablehttp-stateless", "tool")
    assert folders(project) == {
        "mcp": ".",
        "mcp-snippets": "examples/snippets",
        **{f"mcp-simple-{name}": f"examples/servers/simple-{name}" for name in servers},
    }
    assert locked(project)["pydantic"]["version"] == "2.11.7"
    assert project.trail("lock", "--check").code == 0
    version = project.trail("run", "--no-default-groups", "--extra", "cli", "mcp", "version")
    assert version.out == "MCP version 1.12.4\n", version.err
    code = "import mcp, mcp_simple_tool; print(mcp.__file__)"
    inside = root / "examples" / "servers" / "simple-tool"
    member = project.trail("run", "--no-default-groups", "python", "-c", code, cwd=inside)
    assert member.out == f"{root / 'src' / 'mcp' / '__init__.py'}\n", member.err
    words = ("--no-default-groups", "--package", "mcp-simple-prompt", "mcp-simple-prompt")
    shown = project.trail("run", *words, "--help")
    assert "--transport [stdio|sse]" in shown.out, shown.err


def test_griffe(tmp_path: Path) -> None:
    """Three members whose requirements for each other only their builds tell."""
    root = unpack(GRIFFE, tmp_path / "project")
    (root / "packages").mkdir()
    unpack(GRIFFELIB, root / "packages" / "griffelib")
    unpack(GRIFFECLI, root / "packages" / "griffecli")
    checkout(root, "2.4.1")
    project = Project(root, tmp_path / "depot", {"TRAIL_EXCLUDE_NEWER": "2026-10-25"})
    result = project.trail("lock")
    assert result.code == 0, result.err
    assert folders(project) == {
        "griffe": ".",
        "griffecli": "packages/griffecli",
        "griffelib": "packages/griffelib",
    }
    packages = locked(project)
    assert [one["name"] for one in packages["griffe"]["dependencies"]] == ["griffecli", "griffelib"]
    assert packages["twine"]["marker"] == '"maintain" in dependency_groups'
    assert project.trail("lock", "--check").code == 0
    version = project.trail("run", "--no-default-groups", "griffe", "--version")
    assert version.out == "griffe 2.4.1\n", version.err
    code = "import griffe, griffecli; print(griffe.__file__)"
    words = ("run", "--package", "griffecli", "--no-default-groups", "python", "-c", code)
    member = project.trail(*words)
    source = root / "packages" / "griffelib" / "src" / "griffe" / "__init__.py"
    assert member.out == f"{source}\n", member.err
    dumped = project.trail("run", "--no-default-groups", "griffe", "dump", "griffecli")
    assert '"kind": "module"' in dumped.out, dumped.err
