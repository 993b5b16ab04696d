"""Compiled projects edited in place: real backends, with PyPI (PEP 660)."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.helpers.trail import Project, Result, make_project

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = [pytest.mark.network, pytest.mark.slow]

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
HEAD = f'[project]\nname = "demo"\nversion = "1.0"\nrequires-python = "=={HERE}.*"\n'
SHOW = ("run", "python", "-c", "import demo; print(demo.answer(), demo.WORD)")

C = """\
#include <Python.h>
static PyObject *answer(PyObject *self, PyObject *no) { return PyLong_FromLong(41); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, ""}, {NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_native", NULL, -1, methods};
PyMODINIT_FUNC PyInit__native(void) { return PyModule_Create(&module); }
"""
RUST = """\
use pyo3::prelude::*;
#[pyfunction]
fn answer() -> i32 { 41 }
#[pymodule]
fn _native(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(answer, m)?)
}
"""
PACKAGE = "from demo._native import answer\nWORD = 'first'\n"

SETUPTOOLS = {
    "pyproject.toml": (
        '[build-system]\nrequires = ["setuptools>=77"]\nbuild-backend = "setuptools.build_meta"\n'
        f"{HEAD}"
        "[tool.setuptools]\n"
        'ext-modules = [{ name = "demo._native", sources = ["native/code.c"] }]\n'
    ),
    "native/code.c": C,
    "src/demo/__init__.py": PACKAGE,
}
MESON = {
    "pyproject.toml": (
        '[build-system]\nrequires = ["meson-python"]\nbuild-backend = "mesonpy"\n' + HEAD
    ),
    "meson.build": (
        "project('demo', 'c', version: '1.0')\n"
        "py = import('python').find_installation(pure: false)\n"
        "py.extension_module('_native', 'native/code.c', subdir: 'demo', install: true)\n"
        "py.install_sources('src/demo/__init__.py', subdir: 'demo')\n"
    ),
    "native/code.c": C,
    "src/demo/__init__.py": PACKAGE,
}
SCIKIT = {
    "pyproject.toml": (
        '[build-system]\nrequires = ["scikit-build-core"]\n'
        'build-backend = "scikit_build_core.build"\n' + HEAD
    ),
    "CMakeLists.txt": (
        "cmake_minimum_required(VERSION 3.18)\nproject(demo LANGUAGES C)\n"
        "find_package(Python REQUIRED COMPONENTS Interpreter Development.Module)\n"
        "python_add_library(_native MODULE native/code.c WITH_SOABI)\n"
        "install(TARGETS _native DESTINATION demo)\n"
    ),
    "native/code.c": C,
    "src/demo/__init__.py": PACKAGE,
}
MATURIN = {
    "pyproject.toml": (
        '[build-system]\nrequires = ["maturin>=1.9"]\nbuild-backend = "maturin"\n'
        f"{HEAD}"
        '[tool.maturin]\nmodule-name = "demo._native"\npython-source = "src"\n'
        'manifest-path = "native/Cargo.toml"\n'
    ),
    "native/Cargo.toml": (
        '[package]\nname = "demo"\nversion = "1.0.0"\nedition = "2021"\n'
        '[lib]\nname = "_native"\ncrate-type = ["cdylib"]\n'
        '[dependencies]\npyo3 = "0.30"\n'
        "[profile.dev]\ndebug = false\n"
    ),
    "native/src/lib.rs": RUST,
    "src/demo/__init__.py": PACKAGE,
}


def trail(project: Project, *words: str, cwd: Path | None = None) -> Result:
    """Run trail, with more patience than a command that compiles nothing deserves."""
    process = subprocess.run(
        project.command(*words),
        cwd=cwd or project.root,
        env=project.surroundings(),
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    return Result(process.returncode, process.stdout, process.stderr)


def write(project: Project, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = project.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("files", "source", "program"),
    [
        pytest.param(SETUPTOOLS, "native/code.c", "cc", id="setuptools"),
        pytest.param(MESON, "native/code.c", "cc", id="meson-python"),
        pytest.param(SCIKIT, "native/code.c", "cc", id="scikit-build-core"),
        pytest.param(MATURIN, "native/src/lib.rs", "cargo", id="maturin"),
    ],
)
def test_compiled_project_is_built_again_when_its_sources_change(
    tmp_path: Path, files: Mapping[str, str], source: str, program: str
) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"needs {program}")
    project = make_project(tmp_path)
    write(project, files)
    first = trail(project, *SHOW)
    assert first.out == "41 first\n", first.err
    module = project.root / "src" / "demo" / "__init__.py"
    module.write_text(PACKAGE.replace("first", "second"))
    assert trail(project, *SHOW).out == "41 second\n"
    path = project.root / source
    path.write_text(path.read_text().replace("41", "42"))
    again = trail(project, *SHOW)
    assert again.out == "42 second\n", again.err
    assert trail(project, *SHOW, cwd=project.root / "src").out == "42 second\n"
