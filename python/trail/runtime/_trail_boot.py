"""Import from a prefix without asking the file system what cannot have changed.

A prefix is read-only, so a folder needs to be listed only once, and no source needs to be
compared with its bytecode. Of the operations on paths of site-packages that importing
pandas takes, three in four disappear; on a local disk that saves little, on a network one
half of the time. The links stay the truth: there is no index that could be stale, and
whatever this module does not handle, the import system's own classes do.

It never writes bytecode: for the superuser nothing is read-only, and what would be written
would land in the depot, beside the files of all projects.

An import that fails gets a note on where the module would come from (`Explainer`). Most such
imports are tried and caught, so the note is made only when somebody looks at it.
"""

# No pathlib, no `__future__`, and annotations in quotes: each import takes its time.
# ruff: noqa: PTH208

import _frozen_importlib_external as external
import os
import sys
from _frozen_importlib import ModuleSpec
from _imp import check_hash_based_pycs, extension_suffixes
from os import close, listdir, read, sep
from os import open as open_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from types import CodeType, ModuleType
    from typing import Any

__all__ = ["Explainer", "PrefixFinder", "PrefixLoader", "install", "sites", "unpack", "use"]

# PEP 552: the source's hash is in the file, and does not need to be compared.
_TRUSTED = external.MAGIC_NUMBER + b"\1\0\0\0"
_HEADER = 16
_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0)
_CHUNK = 1 << 16  # holds most modules; a bigger buffer would be mapped and unmapped
_ALWAYS_CHECK = check_hash_based_pycs == "always"  # --check-hash-based-pycs

# Unpacks the code and puts the prefix's path into it, as zipimport has it done.
unpack = getattr(external, "_compile_bytecode", None)
_relax_case = getattr(external, "_relax_case", None)

sites: "list[str]" = []
_listings: "dict[str, Container[str] | None]" = {}
_archives: "Any" = None  # of _trail_archive, where the prefix has them


class PrefixLoader(external.SourceFileLoader):
    """Loads trusted bytecode without a look at the source, and never writes any."""

    if sys.version_info < (3, 10):  # noqa: UP036  # this file is for 3.8 and later
        # Where loaders give no resources of their own, importlib_resources reads the files
        # itself, but only for loaders of this module.
        __module__ = external.SourceFileLoader.__module__

    def get_code(self, fullname: str) -> "CodeType | None":
        """Give the code of a module (`importlib.abc.InspectLoader`)."""
        code: CodeType | None
        if _archives is not None:
            code = _archives.code(fullname, self.path)
            if code is not None:
                return code
        cached, data = "", b""
        try:
            cached = external.cache_from_source(self.path)
            data = _read(cached)
        except (OSError, NotImplementedError):
            pass
        if data[: len(_TRUSTED)] != _TRUSTED or unpack is None or _ALWAYS_CHECK:
            return super().get_code(fullname)
        try:
            code = unpack(memoryview(data)[_HEADER:], fullname, cached, self.path)
        except (EOFError, ImportError, TypeError, ValueError):
            # Cut short by a power loss; nothing else would notice before it is too late.
            code = self.source_to_code(self.get_data(self.path), self.path)
        return code

    def set_data(self, path: str, data: "Any", *, _mode: int = 0o666) -> None:
        """Write bytecode only where PYTHONPYCACHEPREFIX wants all of it."""
        if sys.pycache_prefix is not None:
            super().set_data(path, data, _mode=_mode)


class _RewriteLoader(PrefixLoader):
    """Loads pytest's import hook."""

    def exec_module(self, module: "ModuleType") -> None:
        super().exec_module(module)
        _tell("pytest", module)


_DETAILS = (
    (external.ExtensionFileLoader, extension_suffixes()),
    (PrefixLoader, external.SOURCE_SUFFIXES),
    (external.SourcelessFileLoader, external.BYTECODE_SUFFIXES),
)
_LOADERS = [(suffix, loader) for loader, suffixes in _DETAILS for suffix in suffixes]


class PrefixFinder(external.FileFinder):
    """Finds what `FileFinder` finds, in the same order, with one listing per folder."""

    def __init__(self, path: str) -> None:
        super().__init__(path, *_DETAILS)

    def find_spec(self, fullname: str, target: "ModuleType | None" = None) -> "ModuleSpec | None":
        """Find a module in this finder's folder (`importlib.abc.PathEntryFinder`)."""
        del target
        if fullname == "coverage":
            _tell("coverage")
        names = _list(self.path)
        if names is None:
            return None
        name = fullname.rpartition(".")[2]
        base = self.path + sep + name
        inside = _list(base) if name in names else None
        if inside is not None:
            for suffix, loader in _LOADERS:
                if "__init__" + suffix in inside:
                    return _spec(fullname, base + sep + "__init__" + suffix, loader, [base])
        for suffix, loader in _LOADERS:
            if name + suffix in names:
                return _spec(fullname, base + suffix, loader, None)
        if inside is None:
            return None
        portion = ModuleSpec(fullname, None)
        portion.submodule_search_locations = [base]
        return portion

    def invalidate_caches(self) -> None:
        """Look again at everything (`importlib.invalidate_caches`)."""
        super().invalidate_caches()
        _listings.clear()
        if _archives is not None:
            _archives.forget()


_HAS_NOTES = hasattr(BaseException, "add_note")


class Explainer:
    """Stands last, finds nothing, and raises the error of a failed import with a note.

    Type, name, path, text and traceback of the error are those of the import system.

    Args:
        site: the site-packages folder of the prefix.
    """

    def __init__(self, site: str) -> None:
        self._site = site

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        """Raise what an import statement would; give None to who only asks."""
        del target
        # A regular package is complete as it is; a namespace (no list) may have a portion
        # elsewhere. The caller is importlib's _find_spec, and the one before the import.
        if type(path) is list:
            return
        asks = sys._getframe(2)  # noqa: SLF001  # there is no other way to know
        if asks.f_code.co_name != "_find_and_load_unlocked":
            if _is_main(asks.f_back):
                _show(fullname, self._site)
            return
        if sys.meta_path[-1] is not self:
            # A finder behind this one may yet find it, as six's does. The new one is asked
            # after it, in this very search.
            if type(sys.meta_path[-1]) is not Explainer:
                sys.meta_path.append(Explainer(self._site))
            return
        raise _missing(fullname, self._site)


# The import system takes its own frames, known by this name, out of the traceback.
Explainer.find_spec.__code__ = Explainer.find_spec.__code__.replace(
    co_filename="<frozen importlib._bootstrap>"
)


class _Notes(list):  # type: ignore[type-arg]  # Python 3.8 has no list[str] here
    """The notes of an error (PEP 678); the first one is made when they are looked at."""

    def __init__(self, name: str, site: str) -> None:
        super().__init__()
        self._of: tuple[str, str] | None = (name, site)

    def __iter__(self) -> "Iterator[str]":
        self._fill()
        return super().__iter__()

    def __len__(self) -> int:
        self._fill()
        return super().__len__()

    def __getitem__(self, index: "Any") -> "Any":
        self._fill()
        return super().__getitem__(index)

    def __repr__(self) -> str:
        return repr(list(self))

    def __reduce_ex__(self, protocol: "Any") -> "Any":
        # To another process, or a copy: as what it stands for.
        return list, (list(self),)

    def _fill(self) -> None:
        of, self._of = self._of, None
        note = of and _explain(*of)
        if note:
            self.insert(0, note)


class _Text(str):
    """The text of an error where there are no notes, before Python 3.11.

    It is the import system's own text, but shown with the note below it.
    """

    __slots__ = ("_of",)
    _of: "tuple[str, str]"

    def __str__(self) -> str:
        note = _explain(*self._of)
        plain = super().__str__()
        return plain + "\n" + note if note else plain

    def __reduce_ex__(self, protocol: "Any") -> "Any":
        return str, (super().__str__(),)


def _missing(name: str, site: str) -> ModuleNotFoundError:
    plain = "No module named " + repr(name)
    if _HAS_NOTES:
        error = ModuleNotFoundError(plain, name=name)
        error.__notes__ = _Notes(name, site)
        return error
    text = _Text(plain)
    text._of = (name, site)  # noqa: SLF001  # str takes no further argument
    return ModuleNotFoundError(text, name=name)


def _is_main(frame: "Any") -> bool:
    """Whether `python -m` asks, which shows no error but its own."""
    return (
        frame is not None
        and frame.f_code.co_name == "_get_module_details"
        and frame.f_back.f_code.co_name == "_run_module_as_main"
    )


def _show(name: str, site: str) -> None:
    note = _explain(name, site)
    if note and sys.stderr is not None:
        sys.stderr.write(note + "\n")


def _explain(name: str, site: str) -> "str | None":
    try:
        # Beside this file in a prefix; when somebody looks, not before.
        import _trail_explain  # type: ignore[import-not-found]  # noqa: PLC0415

        note: str | None = _trail_explain.explain(name, site)
    except Exception:  # noqa: BLE001  # whatever goes wrong here is not what went wrong there
        return None
    return note


def install(site: str = "") -> None:
    """Let a site-packages folder of a prefix be imported from in this way.

    Args:
        site: the folder, as it stands in `sys.path`; by default the one of this file.
    """
    site = site or __file__.rpartition(sep)[0]
    # PYTHONCASEOK, and Pythons that are built differently, are left to themselves.
    if site in sites or unpack is None or _relax_case is None or _relax_case():
        return
    if not sites:
        sys.path_hooks.insert(0, _hook)
    sites.append(site)
    sys.meta_path.append(Explainer(site))
    for path in list(sys.path_importer_cache):
        if path == site or path.startswith(site + sep):
            # This file was found by its listing, a moment ago.
            names = getattr(sys.path_importer_cache.pop(path), "_path_cache", None)
            if names and path == site:
                _listings[site] = frozenset(names)


def use(archives: "Any") -> None:
    """Ask archives before the file system."""
    global _archives  # noqa: PLW0603  # as what this file knows of listings
    if sites:
        _archives = archives


def _hook(path: "Any") -> PrefixFinder:
    # runpy and pkgutil of Python 3.10 and older ask with whatever they were given.
    for site in sites if isinstance(path, str) else ():
        # A file may be an archive, which is zipimport's.
        if (path == site or path.startswith(site + sep)) and _list(path) is not None:
            return PrefixFinder(path)
    raise ImportError("not a folder of a prefix", path=path)


def _read(path: str) -> bytes:
    """Read a file in four system calls; `io.open_code` makes nine."""
    descriptor = open_file(path, _FLAGS)
    parts = []
    try:
        while part := read(descriptor, _CHUNK):
            parts.append(part)
    finally:
        close(descriptor)
    return b"".join(parts)


def _list(folder: str) -> "Container[str] | None":
    """Give the names in a folder; None for what is no folder."""
    try:
        return _listings[folder]
    except KeyError:
        names: Container[str] | None = None if _archives is None else _archives.names(folder)
        if names is None:
            try:
                names = frozenset(listdir(folder))
            except OSError:
                names = None
        _listings[folder] = names
        return names


def _spec(
    fullname: str, path: str, loader: type, locations: "list[str] | None"
) -> "ModuleSpec | None":
    if fullname == "_pytest.assertion.rewrite" and loader is PrefixLoader:
        loader = _RewriteLoader
    return external.spec_from_file_location(
        fullname, path, loader=loader(fullname, path), submodule_search_locations=locations
    )


def _tell(tool: str, module: "Any" = None) -> None:
    """Let a tool know what it cannot see."""
    try:
        import _trail_tell  # type: ignore[import-not-found]  # noqa: PLC0415  # few need it
    except ImportError:
        return
    _trail_tell.tell(tool, module, sites)
