"""Learn what a Python is, by running it once; later from what was written down then.

A Python of a virtual environment is described as its base: trail never depends on one. What
was written down holds while the binary, the `pyvenv.cfg` beside it and the operating system
are the same. What runs something else than itself, such as a shim whose choice depends on
the folder, is asked anew each time.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from trail.errors import InterpreterError
from trail.files import write_atomic
from trail.interpreter.model import Interpreter
from trail.sha256 import hex_digest

__all__ = ["OLDEST", "describe"]

OLDEST = (3, 8)
"""The oldest Python that trail's import hook runs on."""

_PROBE = Path(__file__).with_name("_probe.py")
_PATIENCE = 30.0  # seconds; a network file system may be slow, a hanging script never ends
_FORMAT = 1  # of the record files; raise it when the facts change


def describe(executable: Path, known: Path | None = None) -> Interpreter:
    """Describe a Python.

    Args:
        executable: its path, absolute.
        known: a folder for what was learned, or None to keep nothing.

    Raises:
        InterpreterError: it does not run, is too old, or its virtual environment has lost
            its base.
    """
    record = known / f"{_digest(str(executable))}.json" if known else None
    facts = _recall(record, executable) if record else None
    if facts is None:
        own = _probe(executable)
        facts = _base(Path(own["executable"]), own) or own
        _check(executable, facts)
        if record and os.path.realpath(own["executable"]) == os.path.realpath(executable):
            _remember(record, executable, facts)
    return _interpreter(facts)


def _probe(executable: Path) -> dict[str, Any]:
    """Run a Python; `-S` keeps all that is installed for it out."""
    try:
        process = subprocess.run(  # noqa: S603  # running it is the only way to know it
            [executable, "-I", "-S", _PROBE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _unusable(executable, f"no answer within {_PATIENCE:.0f} s") from error
    except OSError as error:
        raise _unusable(executable, (error.strerror or str(error)).lower()) from error
    if process.returncode:
        lines = process.stderr.decode(errors="replace").strip().splitlines()
        said = f": {lines[0] if process.returncode == 2 else lines[-1]}" if lines else ""  # noqa: PLR2004  # usage errors stand first
        raise _unusable(executable, f"exit code {process.returncode}{said}")
    try:
        facts = json.loads(process.stdout.splitlines()[-1])
        if not Path(facts["executable"]).is_absolute():
            raise _unusable(executable, "it does not know its own path")
    except (ValueError, LookupError, TypeError) as error:
        raise _unusable(executable, "it does not answer as a Python does") from error
    return facts  # type: ignore[no-any-return]


def _unusable(executable: Path, problem: str) -> InterpreterError:
    return InterpreterError(
        f"`{executable}` does not run as a Python", details=(("problem", problem),)
    )


def _check(executable: Path, facts: dict[str, Any]) -> None:
    major, minor = facts["environment"]["python_version"].split(".")
    if (int(major), int(minor)) < OLDEST:
        problem = f"it is Python {facts['version']}, the oldest that can be used is 3.8"
        raise InterpreterError(f"`{executable}` is too old", details=(("problem", problem),))


def _base(executable: Path, own: dict[str, Any]) -> dict[str, Any] | None:
    """Describe the base of a virtual environment's Python; None for any other Python."""
    settings = _pyvenv(executable)
    if settings is None:
        return None
    first = None
    for place in _base_places(executable, own, settings):
        facts = _probe(place)
        # A copy takes `python3` beside its base for the base, also where that is another one.
        if _kind(facts) == _kind(own):
            return facts
        first = first or facts
    if first is None:
        raise InterpreterError(
            f"`{executable}` belongs to a virtual environment whose Python is gone",
            details=(("problem", f"there is no Python in `{settings.get('home', '')}`"),),
        )
    return first


def _kind(facts: dict[str, Any]) -> tuple[str, str, bool]:
    return facts["implementation"], facts["environment"]["python_version"], facts["free_threaded"]


def _base_places(executable: Path, facts: dict[str, Any], settings: dict[str, str]) -> list[Path]:
    """List where the base of a virtual environment's Python may be, the likely ones first."""
    names = (executable.name, f"python{facts['environment']['python_version']}", "python3")
    # Before 3.11, and with --copies, a Python without `site` takes itself for the base.
    # `executable` is written by venv, `base-executable` by virtualenv.
    places = [
        facts["base_executable"],
        settings.get("base-executable", ""),
        settings.get("executable", ""),
        *(str(Path(settings["home"], name)) for name in names if "home" in settings),
        *(str(Path(facts["base_prefix"], "bin", name)) for name in names),
    ]
    return [
        place
        for place in dict.fromkeys(map(Path, filter(None, places)))
        if place.is_absolute() and os.access(place, os.X_OK) and _pyvenv(place) is None
    ]


def _pyvenv_places(executable: Path) -> tuple[Path, Path]:
    return executable.parent / "pyvenv.cfg", executable.parent.parent / "pyvenv.cfg"


def _pyvenv(executable: Path) -> dict[str, str] | None:
    """Read the `pyvenv.cfg` that makes a Python one of a virtual environment (PEP 405)."""
    for path in _pyvenv_places(executable):
        try:
            text = path.read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            continue
        pairs = (line.partition("=") for line in text.splitlines())
        return {key.strip().lower(): value.strip() for key, _, value in pairs}
    return None


def _interpreter(facts: dict[str, Any]) -> Interpreter:
    base = Path(os.path.realpath(facts["executable"]))
    status = base.stat()
    flags = ("t" if facts["free_threaded"] else "") + ("d" if facts["debug"] else "")
    name = f"{facts['implementation']}-{facts['version']}{flags}"
    digest = _digest(f"{base}\0{facts['version']}\0{status.st_size}\0{status.st_mtime_ns}")
    return Interpreter(
        executable=_stable_name(Path(facts["executable"]), facts),
        base=base,
        base_prefix=Path(facts["base_prefix"]),
        base_exec_prefix=Path(facts["base_exec_prefix"]),
        stdlib=Path(facts["stdlib"]),
        include=Path(facts["include"]),
        version=facts["version"],
        implementation=facts["implementation"],
        cache_tag=facts["cache_tag"],
        identity=f"{name}-{digest[:12]}",
        environment=facts["environment"],
        platform=facts["platform"],
        version_nodot=facts["version_nodot"],
        soabi=facts["soabi"],
        ext_suffix=facts["ext_suffix"],
        multiarch=facts["multiarch"],
        pointer_bits=facts["pointer_bits"],
        debug=facts["debug"],
        free_threaded=facts["free_threaded"],
        libc=facts["libc"],
        libc_version=facts["libc_version"],
        manylinux_refused=tuple(facts["manylinux_refused"]),
        mac_version=facts["mac_version"],
        externally_managed=facts["externally_managed"],
    )


def _stable_name(executable: Path, facts: dict[str, Any]) -> Path:
    """Prefer `python3.12` to a `python3` that may be turned to another version one day."""
    stem = "python" if facts["implementation"] == "cpython" else facts["implementation"]
    flag = "t" if facts["free_threaded"] else ""
    suffix = ".exe" if executable.suffix == ".exe" else ""
    minor = facts["environment"]["python_version"]
    other = executable.with_name(f"{stem}{minor}{flag}{suffix}")
    same = os.path.realpath(other) == os.path.realpath(executable)
    return other if same and other.exists() else executable


def _recall(record: Path, executable: Path) -> dict[str, Any] | None:
    """Give what was learned, if nothing has changed since."""
    try:
        kept = json.loads(record.read_bytes())
        facts: dict[str, Any] = kept["facts"]
        if kept["state"] == _state(executable, facts):
            return facts
    except (OSError, ValueError, LookupError, TypeError):
        pass  # not there, cut short, or of another version of trail
    return None


def _remember(record: Path, executable: Path, facts: dict[str, Any]) -> None:
    kept = {"state": _state(executable, facts), "facts": facts}
    with contextlib.suppress(OSError):  # a depot that cannot be written is no fault here
        record.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(record, json.dumps(kept).encode())


def _state(executable: Path, facts: dict[str, Any]) -> list[Any]:
    """List all that a description depends on, as JSON gives it back."""
    files = (
        executable,
        Path(facts["executable"]),
        *_pyvenv_places(executable),
    )
    return [_FORMAT, str(executable), _system(), *(_stamp(path) for path in files)]


def _system() -> str:
    """Name the running operating system: its release is a marker value."""
    if sys.platform == "win32":
        return repr(sys.getwindowsversion())
    system = os.uname()
    try:
        libc = os.confstr("CS_GNU_LIBC_VERSION")
    except (OSError, ValueError):
        libc = None
    return " ".join((system.sysname, system.release, system.version, system.machine, libc or ""))


def _stamp(path: Path) -> list[str | int] | None:
    """Take what changes when a file is replaced or a link is turned; None where it is gone."""
    try:
        status = path.stat()
    except OSError:
        return None
    return [os.path.realpath(path), status.st_size, status.st_mtime_ns, status.st_ino]


def _digest(text: str) -> str:
    return hex_digest(os.fsencode(text))[:32]
