"""Compile the Python files of depot entries; runs in the target interpreter, 3.8 and up.

Reads one request per line (JSON) from stdin, a folder and the archive to make of it or null,
and answers each with one line:
`{"files": compiled, "failed": not compilable, "error": why it stopped, or null}`.
Knows nothing of trail: the standard library is all it has.
"""

# A tight loop over many files, without pathlib.
# ruff: noqa: PTH101, PTH102, PTH103, PTH105, PTH112, PTH118, PTH120, PTH123

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import marshal
import os
import py_compile
import sys

_FOLDER = 0o755
_LOCKED = 0o555
_FILE = 0o444
_HEADER = 16  # PEP 552: magic number, flags, hash of the source
_UNCHECKED = b"\1\0\0\0"


def compile_tree(top: str) -> tuple[int, int]:
    """Compile what is below a folder; returns how many files were and could not be."""
    done = failed = 0
    for root, folders, names in os.walk(top):
        if "__pycache__" in folders:
            folders.remove("__pycache__")
        sources = [name for name in names if name.endswith(".py")]
        if not sources:
            continue
        cache = os.path.join(root, "__pycache__")
        if not os.path.isdir(cache):
            os.chmod(root, _FOLDER)
            try:
                os.mkdir(cache)
            except FileExistsError:
                pass
            finally:
                os.chmod(root, _LOCKED)
        os.chmod(cache, _FOLDER)
        try:
            for name in sources:
                if compile_file(os.path.join(root, name), top):
                    done += 1
                else:
                    failed += 1
        finally:
            os.chmod(cache, _LOCKED)
    return done, failed


def compile_file(source: str, top: str) -> bool:
    """Compile one file, unless that was done before; false if it is no Python of today."""
    target = importlib.util.cache_from_source(source, optimization="")
    if is_compiled(target):
        return True
    try:
        py_compile.compile(
            source,
            cfile=target,
            # Every prefix has its own path for it: importlib puts that in when it loads it.
            dfile=os.path.relpath(source, top),
            doraise=True,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
    except (py_compile.PyCompileError, SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    os.chmod(target, _FILE)
    return True


def is_compiled(target: str) -> bool:
    """Whether a whole file is there; one that was cut short by a power loss is not."""
    try:
        with open(target, "rb") as file:
            data = file.read()
    except OSError:
        return False
    if data[:8] != importlib.util.MAGIC_NUMBER + _UNCHECKED:
        return False
    try:
        marshal.loads(data[_HEADER:])  # noqa: S302  # trail wrote it
    except (EOFError, ValueError, TypeError):
        return False
    return True


def write_archive(top: str, target: str) -> None:
    """Put the bytecode of a tree into one file; `_trail_archive.py` describes it.

    Args:
        top: a compiled tree.
        target: the file; an older one is replaced at once and as a whole.
    """
    suffixes = tuple(importlib.machinery.all_suffixes())
    index: dict[str | None, object] = {}
    tables: list[bytes] = []
    code: list[bytes] = []
    tables_end = code_end = 0
    for root, folders, names in os.walk(top):
        table: dict[str, tuple[int, int] | None] = dict.fromkeys(folders)
        if "__pycache__" in folders:
            folders.remove("__pycache__")
        for name in names:
            if not name.endswith(suffixes):
                continue
            table[name] = None
            cached = importlib.util.cache_from_source(os.path.join(root, name), optimization="")
            if name.endswith(".py") and is_compiled(cached):
                with open(cached, "rb") as file:
                    data = file.read()[_HEADER:]
                table[name] = (code_end, len(data))
                code.append(data)
                code_end += len(data)
        packed = marshal.dumps(table)
        index[os.path.relpath(root, top).replace(os.sep, "/")] = (tables_end, len(packed))
        tables.append(packed)
        tables_end += len(packed)
    index[None] = tables_end
    packed = marshal.dumps(index)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    half = f"{target}.{os.getpid()}"
    with open(half, "wb") as file:
        file.write(b"trail-1\n" + importlib.util.MAGIC_NUMBER)
        file.write(len(packed).to_bytes(4, "little"))
        file.writelines([packed, *tables, *code])
    os.chmod(half, _FILE)
    os.replace(half, target)


def main() -> None:
    """Answer requests until stdin ends."""
    for line in sys.stdin:
        done = failed = 0
        error = None
        try:
            top, archive = json.loads(line)
            done, failed = compile_tree(top)
            if archive is not None:
                write_archive(top, archive)
        except OSError as problem:
            error = str(problem)
        answer = {"files": done, "failed": failed, "error": error}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
