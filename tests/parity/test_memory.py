"""Memory does not grow with the wheel."""

from __future__ import annotations

import base64
import hashlib
import os
import random
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest
from tests.parity.archives import METADATA, RECORD, WHEEL

if TYPE_CHECKING:
    from pathlib import Path

    from trail.wheel.engine import Engine

MIB = 1 << 20
BLOCK = random.Random(0).randbytes(MIB)  # does not compress
FILES = {"demo/__init__.py": 0, "demo/large.bin": 520} | {
    f"demo/part{number}.bin": 20 for number in range(14)
}

# Linux counts in KiB. What is mapped is given back when it is needed: only an archive that
# is read is measured as what it takes.
CODE = """
import resource, sys
from pathlib import Path
from trail.model import Facts
from trail.wheel.engine import Job, choose_engine

wheel, destination, name = sys.argv[1:]
job = Job(
    wheel=Path(wheel), filename="demo-1.0-py3-none-any.whl", name="demo", version="1.0",
    destination=Path(destination), private=False, max_unpacked=1 << 40,
)
with choose_engine(name).open(threads=2) as unpacker:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    unpacker.submit(job)
    result = unpacker.next().result
    assert isinstance(result, Facts), result
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of 800 MB."""
    path = tmp_path_factory.mktemp("large") / "demo-1.0-py3-none-any.whl"
    texts = {
        METADATA: b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n",
        WHEEL: b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [f"{RECORD},,\n"]
    with zipfile.ZipFile(path, "w") as archive:
        for name, size in FILES.items():
            digest = hashlib.sha256()
            with archive.open(name, "w") as file:
                for _ in range(size):
                    digest.update(BLOCK)
                    file.write(BLOCK)
            rows.append(_row(name, digest.digest(), size * MIB))
        for name, text in texts.items():
            archive.writestr(name, text)
            rows.append(_row(name, hashlib.sha256(text).digest(), len(text)))
        archive.writestr(RECORD, "".join(rows))
    return path


def _row(name: str, digest: bytes, size: int) -> str:
    return f"{name},sha256={base64.urlsafe_b64encode(digest).decode().rstrip('=')},{size}\n"


@pytest.mark.slow
@pytest.mark.xdist_group("large")
@pytest.mark.skipif(sys.platform != "linux", reason="the unit of ru_maxrss is Linux's")
def test_a_large_wheel_needs_little_memory(engine: Engine, wheel: Path, tmp_path: Path) -> None:
    assert wheel.stat().st_size > 800 * MIB
    done = subprocess.run(
        [sys.executable, "-c", CODE, wheel, tmp_path / "out", engine.name],
        check=True,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert int(done.stdout) < 200 * 1024
    size = sum(path.stat().st_size for path in (tmp_path / "out").rglob("*.bin"))
    assert size == 800 * MIB
