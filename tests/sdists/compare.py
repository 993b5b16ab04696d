"""Two wheels of one source: the same files with the same contents?

Times are left out. Everything else must be equal, byte for byte, except what depends on
where a build ran, and each file that is equal only after such a step is listed with it:

1. In texts, the folder of the build's Python (trail's prefix, pip's overlay) is replaced, and
   the name of meson-python's build folder, which is random; in native libraries that as well.
2. From native libraries, debug information and the build id are stripped: compilers write the
   headers' folders into the one, and the other is a hash over it.
3. In bills of materials (CycloneDX), the serial number is random, and there is a time.

RECORD is left out where the files are the same: it follows from them.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Difference", "compare"]

PLACES = "folders of the build"
DEBUG = "debug information and build id"
SERIAL = "serial number and time of a bill of materials"

_MESON = re.compile(rb"\.mesonpy-[a-z0-9_]{8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A file that is not the same.

    Args:
        path: in the wheel.
        what: how it differs.
        explained: whether only where the build ran made the difference.
    """

    path: str
    what: str
    explained: bool = False


def compare(one: Path, two: Path, places: Sequence[tuple[str, str]]) -> list[Difference]:
    """Compare two wheels.

    Args:
        one: a wheel.
        two: another one.
        places: patterns of folders in texts, and what is put for them.
    """
    if one.name != two.name:
        return [Difference(path=two.name, what=f"another name than {one.name}")]
    with zipfile.ZipFile(one) as first, zipfile.ZipFile(two) as second:
        return list(_compare(first, second, places))


def _compare(
    first: zipfile.ZipFile, second: zipfile.ZipFile, places: Sequence[tuple[str, str]]
) -> Iterator[Difference]:
    names, others = ({name for name in z.namelist() if name[-1] != "/"} for z in (first, second))
    for name in sorted(names ^ others):
        yield Difference(path=name, what="in one of the wheels only")
    for name in sorted(names & others):
        if name.endswith(".dist-info/RECORD"):
            continue
        modes = [z.getinfo(name).external_attr >> 16 & 0o111 != 0 for z in (first, second)]
        if modes[0] != modes[1]:
            yield Difference(path=name, what="executable in one of the wheels only")
        data, other = first.read(name), second.read(name)
        if data == other:
            continue
        if data[:4] == b"\x7fELF":
            same, what = _bare(data) == _bare(other), DEBUG
        elif name.endswith(".cyclonedx.json"):
            same, what = _timeless(data) == _timeless(other), SERIAL
        else:
            same, what = _placed(data, places) == _placed(other, places), PLACES
        yield Difference(path=name, what=what if same else "content", explained=same)


def _bare(library: bytes) -> bytes:
    """Take out of a native library what depends on where it was built."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "library")
        path.write_bytes(_MESON.sub(b".mesonpy-" + b"0" * 8, library))
        options = ("--strip-debug", "--remove-section=.note.gnu.build-id")
        subprocess.run(["objcopy", *options, path], check=True)
        return path.read_bytes()


def _timeless(bill: bytes) -> object:
    content = json.loads(bill)
    content.pop("serialNumber", None)
    content.get("metadata", {}).pop("timestamp", None)
    return content


def _placed(text: bytes, places: Sequence[tuple[str, str]]) -> bytes:
    text = _MESON.sub(b"<meson>", text)
    for pattern, word in places:
        text = re.sub(pattern.encode(), word.encode(), text)
    return text
