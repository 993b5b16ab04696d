"""The project's commands; they need Python 3.11 or later, pip and PyPI, and set up the rest.

    python3 dev.py demo               install and run examples/quickstart, and again
    python3 dev.py test [ARGS]        lint, then all tests; with ARGS: pytest alone, with them
    python3 dev.py lint               ruff and mypy; clippy and rustfmt where Rust is at hand
    python3 dev.py bench [ARGS]       compare with other tools (ARGS: see --help)
    python3 dev.py compat [ARGS]      compare with virtualenvs, case by case (ARGS: see --help)
    python3 dev.py sdists [ARGS]      build twenty source distributions, compare with pip
    python3 dev.py build              the source distribution and the wheels, into dist/

Everything is installed into .dev/, a link folder of the kind that trail itself makes: neither
virtualenv nor venv is needed, and a Python managed by the system is not touched. trail is
installed editable, with the native engine if there is a Rust toolchain.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036  # said before `import tomllib` fails
    sys.exit("error: dev.py needs Python 3.11 or later")

import functools
import hashlib
import importlib.util
import os
import shutil
import subprocess
import time
import tomllib
from pathlib import Path

import trail_build

ROOT = Path(__file__).resolve().parent
DEV = ROOT / ".dev"

# Variables that would reach into the Pythons that we start, or send pip elsewhere.
LEAKS = (
    "PYTHONHOME", "PYTHONPATH", "PYTHONSAFEPATH", "PYTHONSTARTUP", "VIRTUAL_ENV",
    "PIP_PREFIX", "PIP_PYTHON", "PIP_REQUIRE_VIRTUALENV", "PIP_ROOT", "PIP_TARGET", "PIP_USER",
)  # fmt: skip


def main() -> None:
    """Run the command that the arguments name."""
    name, *arguments = sys.argv[1:] or ["--help"]
    commands = {
        "demo": demo, "test": test, "lint": lint, "bench": bench, "compat": compat,
        "sdists": sdists, "build": build,
    }  # fmt: skip
    if name in {"-h", "--help"}:
        print(__doc__)
    elif name not in commands:
        sys.exit(f"error: no command `{name}`; choose from {', '.join(commands)}")
    else:
        try:
            commands[name](*arguments)
        except subprocess.CalledProcessError as err:
            sys.exit(err.returncode if err.returncode > 0 else 1)
        except KeyboardInterrupt:
            sys.exit(130)


def demo() -> None:
    """Install the example and run it, twice: the second time there is nothing left to do."""
    setup()
    for title, options in (("The first time", ["-v"]), ("The second time", [])):
        print(f"\n== {title} ==")
        for words in (["install"], ["run", "report.py"]):
            command = ["trail", *options, *words]
            print(f"\n$ {' '.join(command)}")
            start = time.perf_counter()
            run(*command, cwd=ROOT / "examples" / "quickstart")
            print(f"({time.perf_counter() - start:.2f} s)")


def test(*arguments: str) -> None:
    """Run the linters, the Rust tests and pytest; with arguments, pytest alone."""
    setup()
    if not arguments:
        lint()
        if native_fault() is None:
            run("cargo", "test", "--locked")
        arguments = ("-n2", "--dist=loadgroup")
    run("python", "-m", "pytest", *arguments)


def lint() -> None:
    """Check style and types, the Rust part's too where there is a toolchain."""
    setup()
    run("ruff", "check", ".")
    run("ruff", "format", "--check", ".")
    run("mypy")
    if native_fault() is None:
        run("cargo", "fmt", "--all", "--check")
        run("cargo", "clippy", "--workspace", "--all-targets", "--locked", "--", "-Dwarnings")


def bench(*arguments: str) -> None:
    """Compare trail with its peers; the arguments are those of benches/run.py."""
    setup()
    run("python", "benches/run.py", *arguments)


def compat(*arguments: str) -> None:
    """Run real packages in virtualenvs and in trail, and write docs/compatibility.md."""
    setup()
    run("python", "tests/compat/run.py", *arguments)


def sdists(*arguments: str) -> None:
    """Build real source distributions with trail and pip, write docs/source-distributions.md."""
    setup()
    run("python", "tests/sdists/run.py", *arguments)


def build() -> None:
    """Make the source distribution and the wheels, into dist/."""
    setup()
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    run("python", "-c", "import trail_build; trail_build.build_sdist('dist')")
    for native in ("off",) if native_fault() else ("off", "require"):
        pip("wheel", "--no-deps", "--wheel-dir=dist", f"--config-settings=native={native}", ".")
    for path in sorted((ROOT / "dist").iterdir()):
        print(f"dist/{path.name}: {path.stat().st_size} bytes")


def setup() -> None:
    """Install trail and the tools into .dev/, unless nothing changed since."""
    pyproject = ROOT / "pyproject.toml"
    inputs = [pyproject, ROOT / "trail_build.py", ROOT / "python/trail/__init__.py"]
    inputs += [ROOT / "Cargo.toml", ROOT / "Cargo.lock"]
    inputs += [*(ROOT / "rust").rglob("Cargo.toml"), *(ROOT / "rust").rglob("*.rs")]
    native = "require" if os.environ.get("TRAIL_REQUIRE_NATIVE") == "1" else "auto"
    digest = hashlib.sha256(repr((base_python(), sys.version, native, native_fault())).encode())
    for path in sorted(inputs):
        digest.update(path.read_bytes() if path.is_file() else b"")
    stamp = DEV / "installed"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == digest.hexdigest():
        return
    stamp.unlink(missing_ok=True)
    link_prefix(DEV)
    tools = tomllib.loads(pyproject.read_text(encoding="utf-8"))["dependency-groups"]["dev"]
    engines = f"without the native engine: {native_fault()}" if native_fault() else "with Rust"
    print(f"Setting up .dev/, {engines}; a minute or two the first time")
    pip("install", "--quiet", f"--config-settings=native={native}", "--editable=.", *tools)
    stamp.write_text(digest.hexdigest(), encoding="utf-8")


def link_prefix(folder: Path) -> None:
    """Make a folder that is a Python environment of its own, by links alone."""
    base = base_python()
    config = f"home = {base.parent}\ninclude-system-site-packages = false\n"
    config += f"version = {sys.version.split()[0]}\n"
    marker = folder / "pyvenv.cfg"
    if marker.is_file() and marker.read_text(encoding="utf-8") == config:
        return
    shutil.rmtree(folder, ignore_errors=True)
    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    (folder / "lib" / python / "site-packages").mkdir(parents=True)
    (folder / "bin").mkdir()
    for name in ("python", "python3", python):
        (folder / "bin" / name).symlink_to(base)
    marker.write_text(config, encoding="utf-8")


def base_python() -> Path:
    """Find the Python that runs this, behind virtual environments, shims and links."""
    return Path(os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable))


@functools.cache
def native_fault() -> str | None:
    """Say why the native engine cannot be built here; None if it can."""
    return trail_build.rust_fault(ROOT)


def pip(command: str, *arguments: str) -> None:
    """Run the pip at hand on .dev/."""
    if importlib.util.find_spec("pip") is None:
        sys.exit(f"error: {sys.executable} has no pip\nhint: apt-get install python3-pip")
    python = str(DEV / "bin" / "python")
    run(sys.executable, "-m", "pip", "--python", python, command, *arguments)


def run(program: str, *arguments: str, cwd: Path = ROOT) -> None:
    """Run a program of .dev/, or else one on PATH, in a clean environment."""
    environment = {key: value for key, value in os.environ.items() if key not in LEAKS}
    environment |= {"PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    if native_fault() is None:
        environment["TRAIL_REQUIRE_NATIVE"] = "1"
    sys.stdout.flush()
    found = DEV / "bin" / program
    command = [str(found) if found.exists() else program, *arguments]
    subprocess.run(command, cwd=cwd, env=environment, check=True)


if __name__ == "__main__":
    main()
