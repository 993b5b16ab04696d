from __future__ import annotations

from typing import TYPE_CHECKING

import installer
import pytest
from installer.destinations import SchemeDictionaryDestination
from tests.helpers.wheels import make_wheel, record_line
from tests.parity.archives import CODE, INIT, spoiled

from trail.errors import WheelError
from trail.wheel.source import StrictWheelFile

if TYPE_CHECKING:
    from pathlib import Path

FILENAME = "demo-1.0-py3-none-any.whl"


def test_installer_installs_from_it(tmp_path: Path) -> None:
    wheel = make_wheel(
        tmp_path,
        "demo",
        "1.0",
        {"demo.py": "x = 1\n", "big": bytes(3 << 20)},
        entry_points="[console_scripts]\ndemo = demo:main\n",
        data={"data/share/x": "y", "scripts/tool": "#!python\n"},
        executable=["scripts/tool"],
    )
    schemes = ("purelib", "platlib", "headers", "scripts", "data")
    destination = SchemeDictionaryDestination(
        {scheme: str(tmp_path / scheme) for scheme in schemes},
        interpreter="/usr/bin/python3",
        script_kind="posix",
    )
    with StrictWheelFile.open(wheel) as source:
        source.validate_record()
        installer.install(source, destination, {"INSTALLER": b"test\n"})
    record = (tmp_path / "purelib/demo-1.0.dist-info/RECORD").read_text("utf-8")
    assert record_line("demo.py", b"x = 1\n") in record
    assert (tmp_path / "purelib/big").stat().st_size == 3 << 20
    assert (tmp_path / "data/share/x").read_text("utf-8") == "y"
    assert (tmp_path / "scripts/tool").stat().st_mode & 0o111
    assert (tmp_path / "scripts/demo").is_file()


def test_what_it_says_about_itself(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "demo", "1.0", {"demo.py": ""})
    with StrictWheelFile.open(wheel) as source:
        assert source.distribution == "demo"
        assert source.dist_info_dir == "demo-1.0.dist-info"
        assert source.data_dir == "demo-1.0.data"
        assert source.dist_info_filenames == ["METADATA", "WHEEL", "RECORD"]
        assert source.read_dist_info("METADATA").startswith("Metadata-Version")


def test_a_bad_archive_cannot_be_opened(tmp_path: Path) -> None:
    wheel = tmp_path / "download"
    wheel.write_bytes(spoiled() + b"\0")
    with (
        pytest.raises(WheelError, match="data behind its end"),
        StrictWheelFile.open(wheel, FILENAME),
    ):
        pass


def test_a_wrong_file_is_not_handed_out(tmp_path: Path) -> None:
    wheel = tmp_path / FILENAME
    wheel.write_bytes(spoiled(INIT, content=CODE[::-1]))
    with StrictWheelFile.open(wheel) as source:
        with pytest.raises(WheelError) as caught:
            source.validate_record()
        assert caught.value.fault == "record-hash"
        with pytest.raises(WheelError):
            next(iter(source.get_contents()))
