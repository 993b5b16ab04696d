"""All settings, read once and passed on as values; nothing below reads the environment.

Each setting comes from the first of these that gives it:

1. the command line (`Overrides`),
2. the environment (`TRAIL_…`),
3. `[tool.trail]` of the project, where a project may decide it, or else `[tool.uv]`, where
   that has the same setting,
4. pip's configuration, for the settings that pip has too (`trail.pip_settings`),
5. the default.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trail import pip_settings
from trail._readers import EVERY_GROUP, NamedIndex
from trail._setting import PROJECT_TABLES, SETTINGS, Setting, read_value
from trail.errors import SettingsError
from trail.model import NO_NAMES, Names
from trail.values import dataclass, field, names_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from trail.model import NormalizedName

__all__ = [
    "EVERY_GROUP",
    "IndexSettings",
    "NamedIndex",
    "Overrides",
    "Settings",
    "default_index",
    "read_settings",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexSettings:
    """Where packages come from, and how to get there.

    Addresses may hold credentials; they are left out of the repr.

    Args:
        index_url: the index that stands for all others; None for PyPI (`default_index`).
        extra_index_urls: indexes that are asked before it, in this order.
        last_index_urls: indexes that are asked after it.
        find_links: folders, files and addresses of pages of links; absolute.
        named: indexes that the project describes; those among them that are not explicit are
            in the fields above, too.
        no_index: whether only `find_links` are used.
        connect_timeout: seconds for a connection to be made.
        read_timeout: seconds without a byte.
        retries: how often a request is repeated after a passing fault.
        proxy: address of the proxy for all requests; None for what the system says.
        cert: a file of certificate authorities (PEM), or a folder of them, to trust instead
            of the system's; None for the system's.
        client_cert: a file with the client's certificate and key (PEM).
        trusted_hosts: `host` or `host:port` whose certificates are not checked.
        netrc: the netrc file, or None where there is none.
        keyring: whether credentials are looked up with the keyring package.
        refresh: whether the server is asked about pages that still count as fresh.
        refresh_package: the projects for which it is asked in any case.
    """

    index_url: str | None = field(default=None, repr=False)
    extra_index_urls: tuple[str, ...] = field(default=(), repr=False)
    last_index_urls: tuple[str, ...] = field(default=(), repr=False)
    find_links: tuple[str, ...] = field(default=(), repr=False)
    named: tuple[NamedIndex, ...] = ()
    no_index: bool = False
    connect_timeout: float = 10.0
    read_timeout: float = 30.0
    retries: int = 4
    proxy: str | None = field(default=None, repr=False)
    cert: Path | None = None
    client_cert: Path | None = None
    trusted_hosts: tuple[str, ...] = ()
    netrc: Path | None = None
    keyring: bool = False
    refresh: bool = False
    refresh_package: frozenset[NormalizedName] = frozenset()

    @property
    def refreshes(self) -> bool:
        """Whether the server is asked about some page that still counts as fresh."""
        return self.refresh or bool(self.refresh_package)

    def indexes(self) -> tuple[str, ...]:
        """The addresses of all indexes in the order in which they are asked."""
        if self.no_index:
            return ()
        # Extra indexes come first: what a company adds must not be shadowed by a stranger's
        # package of the same name on PyPI (uv has the same order).
        default = self.index_url or default_index()
        return (*self.extra_index_urls, default, *self.last_index_urls)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What holds for one run of trail.

    Args:
        depots: the stack of depots, absolute, first one first.
        engine: `auto`, `native` or `python`.
        offline: whether the network is left alone.
        threads: how many threads unpack.
        max_unpacked: how many bytes one wheel may unpack to.
        link_mode: `auto`, `hardlink` or `copy`.
        code_archives: whether bytecode is also kept in one file for each package.
        python: which interpreter, as on the command line; None for the project's.
        strict: whether project code may import only what it declares.
        platforms: which platforms the lock covers; empty for the default ones.
        allow_record_mismatch: pairs of name and version whose wrong RECORD is accepted.
        default_groups: the dependency groups that are wanted without being named; None where
            nobody says.
        constraints: hold where the package is required at all (PEP 508).
        overrides: replace every requirement for their packages (PEP 508).
        build_constraints: as `constraints`, for what builds require.
        exclusions: packages that nothing requires, whatever it says.
        environments: markers of which one must hold on each target of the lock; empty for all.
        resolution: which versions are tried first; None for the highest.
        prerelease: whether pre-releases may be chosen; None for where nothing else will do.
        exclude_newer: a date or an age, as `trail.moments.spell_moment` writes it; or None.
        exclude_newer_package: the same for some packages; empty for no limit.
        no_build: whether nothing is built; the project itself and what is editable are.
        no_build_package: packages that are not built.
        no_binary: whether no wheels are used, and everything is built.
        no_binary_package: packages whose wheels are not used.
        no_build_isolation_package: packages that are built beside what the project uses, not
            in a prefix of their own.
        config_settings_package: what the backends of packages are told (PEP 517).
        extra_build_dependencies: further requirements of packages' builds.
        extra_build_variables: environment variables for packages' builds.
        index: where packages come from.
    """

    depots: tuple[Path, ...]
    engine: str = "auto"
    offline: bool = False
    threads: int = 1
    max_unpacked: int = 16 * 2**30
    link_mode: str = "auto"
    code_archives: bool = False
    python: str | None = None
    strict: bool = False
    platforms: tuple[str, ...] = ()
    allow_record_mismatch: frozenset[tuple[NormalizedName, str]] = frozenset()
    default_groups: tuple[str, ...] | None = None
    constraints: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    build_constraints: tuple[str, ...] = ()
    exclusions: frozenset[NormalizedName] = frozenset()
    environments: tuple[str, ...] = ()
    resolution: str | None = None
    prerelease: str | None = None
    exclude_newer: str | None = None
    exclude_newer_package: Mapping[NormalizedName, str] = field(default_factory=dict)
    no_build: bool = False
    no_build_package: Names = NO_NAMES
    no_binary: bool = False
    no_binary_package: Names = NO_NAMES
    no_build_isolation_package: frozenset[NormalizedName] = frozenset()
    config_settings_package: Mapping[NormalizedName, Mapping[str, str | list[str]]] = field(
        default_factory=dict
    )
    extra_build_dependencies: Mapping[NormalizedName, tuple[str, ...]] = field(default_factory=dict)
    extra_build_variables: Mapping[NormalizedName, Mapping[str, str]] = field(default_factory=dict)
    index: IndexSettings = field(default_factory=IndexSettings)

    @property
    def wheels_only(self) -> Names:
        """Packages that are not built."""
        return self.no_build_package | Names(everything=self.no_build)

    @property
    def sources_only(self) -> Names:
        """Packages whose wheels are not used."""
        return self.no_binary_package | Names(everything=self.no_binary)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What the command line says; None where it says nothing. Fields are as in the settings.

    Relative paths are taken from the current folder; other values are taken as they are.
    """

    depots: tuple[Path, ...] | None = None
    engine: str | None = None
    offline: bool | None = None
    threads: int | None = None
    max_unpacked: int | None = None
    link_mode: str | None = None
    python: str | None = None
    resolution: str | None = None
    prerelease: str | None = None
    exclude_newer: str | None = None
    strict: bool | None = None
    index_url: str | None = None
    extra_index_urls: tuple[str, ...] | None = None
    find_links: tuple[str, ...] | None = None
    no_index: bool | None = None
    connect_timeout: float | None = None
    read_timeout: float | None = None
    retries: int | None = None
    proxy: str | None = None
    cert: Path | None = None
    client_cert: Path | None = None
    trusted_hosts: tuple[str, ...] | None = None
    keyring: bool | None = None
    refresh: bool | None = None
    refresh_package: tuple[str, ...] | None = None
    no_build: bool | None = None
    no_build_package: tuple[str, ...] | None = None
    no_build_isolation_package: tuple[str, ...] | None = None


def read_settings(  # noqa: PLR0913  # one argument for each place that settings come from
    environ: Mapping[str, str],
    *,
    cwd: Path,
    overrides: Overrides | None = None,
    project: Mapping[str, object] | None = None,
    uv: Mapping[str, object] | None = None,
    default_groups: tuple[str, ...] | None = None,
    indexes: Mapping[str, Sequence[Mapping[str, object]]] | None = None,
    project_file: Path | None = None,
    pip_files: Sequence[Path] | None = None,
) -> Settings:
    """Read all settings.

    Args:
        environ: the environment.
        cwd: the current folder, which relative paths outside a project start from.
        overrides: what the command line says.
        project: the table `[tool.trail]`.
        uv: the table `[tool.uv]`; keys that trail does not know are none of its business.
        default_groups: those that hold where neither table names some; None for what is usual.
        indexes: those that the tables of other tools describe, by the keys of these; one without
            `url` is PyPI.
        project_file: the file that they stand in; relative paths in it start from its folder.
        pip_files: pip's configuration files, the least important first; None for those that
            pip would read.

    Raises:
        SettingsError: a value is wrong, or `[tool.trail]` has an unknown key.
    """
    files = pip_settings.config_files(environ) if pip_files is None else pip_files
    sources = _Sources(
        environ=environ,
        project=project or {},
        uv=uv or {},
        indexes=indexes or {},
        project_file=project_file or cwd / "pyproject.toml",
        pip=pip_settings.read_pip(environ, files),
        cwd=cwd,
    )
    sources.check_keys()
    home = pip_settings.home(environ)

    found: dict[str, Any] = {}
    for setting in SETTINGS:
        given = getattr(overrides, setting.field, None)
        if given is not None:
            found[setting.field] = read_value(setting, given, f"`--{setting.key}`", cwd, home)
            continue
        values = (read_value(setting, *place, home) for place in sources.places(setting))
        if setting.field == "named":
            found["named"] = _by_name(values)
        elif (value := next(values, None)) is not None:
            found[setting.field] = value

    if "default_groups" not in found and uv:
        found["default_groups"] = ("dev",)  # as uv has it for its projects
    if default_groups is not None:
        found.setdefault("default_groups", default_groups)
    _spread(found)
    if "depots" not in found:
        found["depots"] = (_default_depot(),)
    if "cert" not in found:
        found["cert"] = _system_cert(environ)
    found.setdefault("threads", _usable_cpus())
    found["netrc"] = _netrc(environ, home)
    names = set(names_of(IndexSettings))
    index = IndexSettings(**{name: value for name, value in found.items() if name in names})
    rest = {name: value for name, value in found.items() if name not in names}
    return Settings(**rest, index=index)


def default_index() -> str:
    """The address of PyPI's simple API, from distlib's public constant."""
    from urllib.parse import urlsplit  # noqa: PLC0415  # only who asks an index needs these

    parts = urlsplit(_constant_in_source() or _constant())
    return f"{parts.scheme}://{parts.netloc}/simple/"


def _constant_in_source() -> str | None:
    """Read the constant where it is written: to import its module takes 80 ms."""
    from importlib.util import find_spec  # noqa: PLC0415  # as above

    spec = find_spec("distlib")
    for folder in (spec.submodule_search_locations if spec is not None else None) or ():
        with contextlib.suppress(OSError, UnicodeError):
            source = Path(folder, "index.py").read_text(encoding="utf-8")
            found = re.search(r"^DEFAULT_INDEX = '([^']+)'$", source, re.MULTILINE)
            if found is not None:
                return found[1]
    return None


def _constant() -> str:
    from distlib.index import DEFAULT_INDEX  # type: ignore[import-untyped]  # noqa: PLC0415

    return str(DEFAULT_INDEX)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sources:
    """The places below the command line; fields as the arguments of `read_settings`."""

    environ: Mapping[str, str]
    project: Mapping[str, object]
    uv: Mapping[str, object]
    indexes: Mapping[str, Sequence[Mapping[str, object]]]
    project_file: Path
    pip: Mapping[str, tuple[str, str]]
    cwd: Path

    def places(self, setting: Setting) -> Iterator[tuple[object, str, Path]]:
        """Where a setting is given, the most important place first.

        Yields:
            A value, the place for messages, and the folder that relative paths start from.
        """
        if setting.variable is not None and self.environ.get(setting.variable):
            yield self.environ[setting.variable], f"`{setting.variable}`", self.cwd
        if setting.project and setting.key in self.project:
            place = f"`[tool.trail] {setting.key}` in `{self.project_file}`"
            yield self.project[setting.key], place, self.project_file.parent
        if setting.uv and setting.key in self.uv:
            place = f"`[tool.uv] {setting.key}` in `{self.project_file}`"
            yield self.uv[setting.key], place, self.project_file.parent
        for key, tables in self.indexes.items() if setting.field == "named" else ():
            found = [self._described(one) for one in tables]
            yield found, f"`[[{key}]]` in `{self.project_file}`", self.project_file.parent
        for option in setting.pip if setting.field != "index_url" or not self.default else ():
            if option in self.pip:
                yield (*self.pip[option], self.cwd)

    @property
    def default(self) -> bool:
        """Whether the project describes the index that takes PyPI's place."""
        own = (self.project.get("index"), self.uv.get("index"), *self.indexes.values())
        return any(
            isinstance(one, dict) and one.get("default") is True
            for tables in own
            if isinstance(tables, list | tuple)
            for one in tables
        )

    def _described(self, index: Mapping[str, object]) -> dict[str, object]:
        """Complete an index of another tool with what stands for PyPI on this machine."""
        given = self.environ.get("TRAIL_INDEX_URL")
        if "url" not in index:
            url = given or self.pip.get("index-url", (default_index(), ""))[0]
            return {**index, "url": url}
        # One that the environment names does not hide the only index that such a tool would ask.
        return {**index, "default": index.get("default", False) and not given}

    def check_keys(self) -> None:
        """Refuse what a project cannot set.

        Raises:
            SettingsError: a key is unknown, or is not for a project to decide.
        """
        known = sorted({*PROJECT_TABLES, *(one.key for one in SETTINGS if one.project)})
        for key in self.project:
            if key in known:
                continue
            problem = "is not a setting"
            if any(setting.key == key for setting in SETTINGS):
                problem = "is not for a project to decide"
            raise SettingsError(
                f"`[tool.trail] {key}` in `{self.project_file}` {problem}",
                details=(("known", ", ".join(known)),),
            )


def _by_name(values: Iterable[tuple[NamedIndex, ...]]) -> tuple[NamedIndex, ...]:
    """Put indexes of several tables together; of one name the first counts."""
    found: list[NamedIndex] = []
    for value in values:
        names = {one.name for one in found if one.name is not None}
        found += [one for one in value if one.name not in names]
    return tuple(found)


def _spread(found: dict[str, Any]) -> None:
    """Let the indexes that are described by tables be asked like others, but explicit ones."""
    asked = [one for one in found.get("named", ()) if not one.explicit]
    last = [one.url for one in asked if one.last and not one.flat]
    extra = [one.url for one in asked if not (one.default or one.flat or one.last)]
    links = [one.url for one in asked if one.flat]
    found["extra_index_urls"] = (*found.get("extra_index_urls", ()), *extra)
    found["last_index_urls"] = tuple(last)
    found["find_links"] = (*found.get("find_links", ()), *links)
    default = next((one.url for one in asked if one.default), None)
    if default is not None:
        found.setdefault("index_url", default)


def _default_depot() -> Path:
    import platformdirs  # noqa: PLC0415  # not needed where TRAIL_DEPOT is set

    return platformdirs.user_cache_path("trail")


def _system_cert(environ: Mapping[str, str]) -> Path | None:
    """The certificates that OpenSSL, requests or curl would trust instead of the system's."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        path = Path(environ.get(name, ""))
        # OpenSSL ignores a variable that names nothing.
        if environ.get(name) and path.exists():
            return path.absolute()
    return None


def _netrc(environ: Mapping[str, str], home: Path) -> Path | None:
    if environ.get("NETRC"):
        return Path(environ["NETRC"]).absolute()
    path = home / ("_netrc" if os.name == "nt" else ".netrc")
    return path if path.is_file() else None


def _usable_cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
