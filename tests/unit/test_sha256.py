from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest

from trail.sha256 import hex_digest


@pytest.mark.parametrize("size", [0, 1, 55, 56, 63, 64, 65, 100_000])
def test_digests_are_those_of_hashlib(size: int) -> None:
    data = bytes(number % 251 for number in range(size))
    assert hex_digest(data) == hashlib.sha256(data).hexdigest()


def test_a_python_that_leaves_it_to_openssl() -> None:
    code = (
        "import sys; sys.modules['_sha2'] = sys.modules['_sha256'] = None\n"
        "from trail.sha256 import hex_digest; print(hex_digest(b'trail'), 'hashlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == [hashlib.sha256(b"trail").hexdigest(), "True"]
