"""The project's own commands, and the example that they show."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import dev
import pytest
from tests.helpers.packaging import ROOT

if TYPE_CHECKING:
    from pathlib import Path

QUICKSTART = ROOT / "examples" / "quickstart"


def output(*command: str | Path, cwd: Path) -> tuple[str, str]:
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, capture_output=True, text=True, check=True
    )
    return done.stdout, done.stderr


def test_link_prefix_is_an_environment_of_its_own(tmp_path: Path) -> None:
    prefix = tmp_path / "pre fix"
    dev.link_prefix(prefix)
    dev.link_prefix(prefix)
    python = prefix / "bin" / "python"
    show = "import sys; print(sys.prefix); print(*[p for p in sys.path if 'site-packages' in p])"
    (site_packages,) = prefix.glob("lib/python*/site-packages")
    assert output(python, "-c", show, cwd=tmp_path)[0] == f"{prefix}\n{site_packages}\n"


def test_link_prefix_starts_anew_for_another_python(tmp_path: Path) -> None:
    dev.link_prefix(tmp_path / "prefix")
    (tmp_path / "prefix" / "pyvenv.cfg").write_text("home = /elsewhere\n")
    (tmp_path / "prefix" / "left over").touch()
    dev.link_prefix(tmp_path / "prefix")
    assert not (tmp_path / "prefix" / "left over").exists()


def test_unknown_command() -> None:
    done = subprocess.run(
        [sys.executable, "dev.py", "tets"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    commands = "demo, test, lint, bench, compat, sdists, build"
    assert done.stderr == f"error: no command `tets`; choose from {commands}\n"


def test_quickstart_is_locked_by_hash_and_names_no_host() -> None:
    text = (QUICKSTART / "requirements.txt").read_text(encoding="utf-8")
    pins = re.findall(
        r"^([a-z0-9-]+)==\S+(?: ; [^\\]+)? \\\n( +--hash=sha256:)", text, re.MULTILINE
    )
    assert {name for name, _ in pins} > {"numpy", "pandas", "rich"}
    assert len(pins) == len(re.findall("^[a-z]", text, re.MULTILINE))
    assert "://" not in text


@pytest.mark.slow
@pytest.mark.network
def test_quickstart_runs(tmp_path: Path) -> None:
    project = tmp_path / "quickstart"
    shutil.copytree(QUICKSTART, project)
    trail = (sys.executable, "-m", "trail")
    _, first = output(*trail, "install", cwd=project)
    assert "8 new" in first
    report, _ = output(*trail, "run", "report.py", cwd=project)
    assert "What this program runs on" in report
    assert str(tmp_path / "depot" / "installed" / "numpy") in report
    _, second = output(*trail, "install", cwd=project)
    assert second.startswith("nothing to do: 8 packages in the depot")
