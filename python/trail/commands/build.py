"""Build what is not a wheel: in a prefix of trail's own, once, and into the depot.

What a build requires is resolved for the Python at hand, brought into the depot and linked
like everything else, so that the next build with the same requirements only looks it up.
"""

from __future__ import annotations

import contextlib
from functools import cached_property
from typing import TYPE_CHECKING, Self

from trail.build.backend import Backend, BuildPython, Recipe
from trail.build.cache import BuildCache, Made, Subject, key_of
from trail.build.checkout import Git
from trail.commands.bring import bring
from trail.commands.build_python import BuildResolver
from trail.commands.build_source import Sources
from trail.commands.chosen import choose
from trail.commands.layouts import layout_wheel
from trail.commands.options import roots_of
from trail.commands.source import IndexSource
from trail.commands.trees import origin_of, place_of
from trail.commands.wants import build_places
from trail.depot.layout import site_packages
from trail.errors import BuildError
from trail.model import SourceKind, SourcePackage, WheelFile
from trail.prefix.build import ensure_prefix
from trail.prefix.model import PrefixRequest
from trail.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from trail.commands.context import Context
    from trail.depot.store import Entry, Stack
    from trail.index.client import IndexClient
    from trail.interpreter.model import Interpreter
    from trail.resolve.model import Options
    from trail.settings import Settings
    from trail.wheel.engine import Engine

__all__ = ["Builder"]

_Beside = tuple["Entry", ...] | None
"""What a build without isolation runs beside; None for a build in a prefix of its own."""


class Builder:
    """Builds for one Python.

    Args:
        context: where and how.
        interpreter: finds the Python; called when something must be built.
        stack: the depots.
        client: fetches archives and what builds require; stays open.
        engine: unpacks and verifies.
        settings: the context's, with what requirements files add.
        options: which packages may be built, and which may not be taken as wheels.
        beside: gives what builds without isolation run beside.
    """

    def __init__(  # noqa: PLR0913  # the parts that a build joins
        self,
        context: Context,
        interpreter: Callable[[], Interpreter],
        *,
        stack: Stack,
        client: IndexClient,
        engine: Engine,
        settings: Settings,
        options: Options,
        beside: Callable[[], tuple[Entry, ...]],
    ) -> None:
        self._environ = context.environ
        self._reporter = context.reporter
        self._workspace = context.project.workspace if context.project is not None else None
        self._named = settings.index.named
        self._find_interpreter = interpreter
        self._stack = stack
        self._client = client
        self._engine = engine
        self._settings = settings
        self._options = options
        self._find_beside = beside
        self._found_beside: tuple[Entry, ...] | None = None
        self._index = IndexSource(client, reporter=context.reporter, builder=lambda: self)
        self._pythons: dict[tuple[str, ...], BuildPython] = {}
        self._at_work: list[str] = []
        self.count = 0
        """How many wheels were built, beside those that builds require."""
        self.sources = Sources(
            Git(stack.receiver, context.environ, offline=settings.offline),
            client,
            stack.receiver,
            max_unpacked=settings.max_unpacked,
        )
        """Brings what is to be built, and knows which commits are meant."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._index.close()

    def build(self, sources: Iterable[SourcePackage]) -> tuple[Entry, ...]:
        """Build packages, or find what was built before; last what is built beside the others.

        Args:
            sources: what to build.

        Returns:
            An entry for each, in their order.

        Raises:
            BuildError: a build failed, or is not allowed.
            TrailError: what a build needs cannot be had.
        """
        wanted = tuple(sources)
        built: dict[SourcePackage, Entry] = {}
        for source in sorted(wanted, key=self._is_beside):
            built[source] = self._build(source, tuple(built.values()))
        return tuple(built[source] for source in wanted)

    def metadata(self, source: SourcePackage) -> bytes:
        """Get the METADATA that a package will have, by a build only if there is no other way.

        Args:
            source: the package.

        Raises:
            BuildError: the backend failed, or a build is not allowed.
            TrailError: what a build needs cannot be had.
        """
        subject = self._subject(source)
        beside = self._beside() if self._is_beside(source) else None
        recipe = self._recipe(source, beside)
        built = self._cache.find(subject, self._key(subject, recipe))
        if built is None:
            with contextlib.suppress(_OnlyBuilds):
                return self._cache.metadata(
                    subject,
                    self._key(subject, recipe, kind="metadata"),
                    lambda staging: self._prepare(source, recipe, beside, staging),
                    wait=not self._at_work,
                )
            built = self._build(source, ())
        return _read_metadata(built)

    def allows(self, source: SourcePackage) -> bool:
        """Whether the settings allow that something is built."""
        return source.editable or source.name not in self._options.no_build

    @cached_property
    def _interpreter(self) -> Interpreter:
        return self._find_interpreter()

    @cached_property
    def _cache(self) -> BuildCache:
        return BuildCache(
            self._stack,
            self._engine,
            self._interpreter.tags,
            max_unpacked=self._settings.max_unpacked,
        )

    @cached_property
    def _resolver(self) -> BuildResolver:
        # What has a source in the project has it for builds, too.
        places = () if self._workspace is None else build_places(self._workspace, self._named)
        bounds = roots_of(self._settings.build_constraints, "build-constraint-dependencies")
        options = replace(self._options, constraints=bounds)
        return BuildResolver(self._index, self._interpreter, options, places)

    # --- builds

    def _build(self, source: SourcePackage, before: tuple[Entry, ...]) -> Entry:
        subject = self._subject(source)
        beside = (*self._beside(), *before) if self._is_beside(source) else None
        recipe = self._recipe(source, beside)
        return self._cache.ensure(
            subject,
            self._key(subject, recipe),
            lambda staging: self._make(source, recipe, beside, staging),
            wait=not self._at_work,
        )

    def _make(self, source: SourcePackage, recipe: Recipe, beside: _Beside, staging: Path) -> Made:
        folder = staging / "wheel"
        folder.mkdir()
        own = layout_wheel(source, folder)
        if own is not None:
            self.count += not self._at_work
            return Made(path=own)
        with self._backend(source, recipe, beside, staging) as backend:
            self._reporter.note(f"building {source.label}")
            self._reporter.doing(f"building {source.label}")
            wheel = backend.build(folder, editable=source.editable)
            self.count += len(self._at_work) == 1  # not for another build
            return Made(path=wheel, entries=backend.entries)

    def _prepare(
        self, source: SourcePackage, recipe: Recipe, beside: _Beside, staging: Path
    ) -> Made:
        folder = staging / "metadata"
        folder.mkdir()
        with self._backend(source, recipe, beside, staging) as backend:
            self._reporter.note(f"asking the build of {source.label} for its metadata")
            self._reporter.doing(f"asking the build of {source.label} for its metadata")
            data = backend.metadata(folder)
            if data is None:
                raise _OnlyBuilds
            path = folder / "METADATA"
            path.write_bytes(data)
            return Made(path=path, entries=backend.entries)

    @contextlib.contextmanager
    def _backend(
        self, source: SourcePackage, recipe: Recipe, beside: _Beside, staging: Path
    ) -> Iterator[Backend]:
        """Bring the sources and make ready to build them."""
        self._check_allowed(source)
        if source.name in self._at_work:
            chain = [*self._at_work[self._at_work.index(source.name) :], source.name]
            raise BuildError(
                f"`{source.name}` must be built to build itself",
                details=(("required by", " -> ".join(chain)),),
            )
        self._at_work.append(source.name)
        try:
            yield Backend(
                self.sources.tree(source, staging),
                source.label,
                provide=lambda requirements: (
                    self._provide(requirements, source.label)
                    if beside is None
                    else self._python(beside)
                ),
                recipe=recipe,
                environ=self._environ,
                log=staging / "build.log",
                keep=source.kind is SourceKind.DIRECTORY,
                reporter=self._reporter,
            )
        finally:
            self._at_work.pop()

    def _check_allowed(self, source: SourcePackage) -> None:
        if self.allows(source):
            return
        everything = self._options.no_build.everything
        option = "no-build" if everything else f"no-build-package {source.name}"
        raise BuildError(
            f"`{source.label}` must be built, which is not allowed",
            details=(("source", place_of(source)), ("setting", option)),
        )

    def _subject(self, source: SourcePackage) -> Subject:
        return Subject(
            label=source.label,
            digest=self.sources.digest(source),
            origin=origin_of(source),
            name=source.name or None,
            # The version of a folder is what its files say now.
            version=None if source.kind is SourceKind.DIRECTORY else source.version,
            editable=source.editable,
        )

    def _recipe(self, source: SourcePackage, beside: _Beside) -> Recipe:
        settings, name = self._settings, source.name
        requires = settings.extra_build_dependencies.get(name, ())
        if requires and beside is not None:
            raise BuildError(
                f"`{source.label}` is built without isolation, so nothing is brought for it alone",
                details=(("extra-build-dependencies", ", ".join(requires)),),
                hint="require these in the project, or build it with isolation",
            )
        return Recipe(
            config_settings=settings.config_settings_package.get(name, {}),
            requires=requires,
            constraints=settings.build_constraints,
            environ=settings.extra_build_variables.get(name, {}),
            beside=None if beside is None else tuple(sorted(entry.id for entry in beside)),
        )

    def _key(self, subject: Subject, recipe: Recipe, *, kind: str = "") -> str:
        return key_of(subject, recipe, self._interpreter.tags[0], kind=kind)

    # --- the Pythons that builds run with

    def _is_beside(self, source: SourcePackage) -> bool:
        return source.name in self._settings.no_build_isolation_package

    def _beside(self) -> tuple[Entry, ...]:
        """What builds without isolation run beside."""
        if self._found_beside is None:
            self._found_beside = self._find_beside()
        return self._found_beside

    def _provide(self, requirements: Sequence[str], label: str) -> BuildPython:
        wanted = tuple(sorted(set(requirements)))
        if wanted not in self._pythons:
            self._pythons[wanted] = self._python(self._entries(wanted, label))
        return self._pythons[wanted]

    def _python(self, entries: tuple[Entry, ...]) -> BuildPython:
        prefix = ensure_prefix(
            PrefixRequest(
                interpreter=self._interpreter,
                entries=entries,
                link_mode=self._settings.link_mode,
            ),
            self._stack.receiver,
            self._reporter,
            engine=lambda: self._engine,
        )
        return BuildPython(
            executable=prefix.python,
            scripts=prefix.scripts,
            entries=tuple(entry.id for entry in entries),
        )

    def _entries(self, requirements: Sequence[str], label: str) -> tuple[Entry, ...]:
        """Bring what a build requires into the depot."""
        chosen = [
            choose(
                package,
                self._interpreter.tags,
                self.sources.commits,
                sources_only=self._options.no_binary,
            )
            for package in self._resolver.resolve(requirements, label)
        ]
        brought = bring(
            [one for one in chosen if isinstance(one, WheelFile)],
            stack=self._stack,
            client=self._client,
            engine=self._engine,
            settings=self._settings,
            reporter=self._reporter,
        )
        built = self.build(one for one in chosen if isinstance(one, SourcePackage))
        return (*brought.entries, *built)


class _OnlyBuilds(Exception):  # noqa: N818  # not an error: there is another way
    """The backend tells no metadata without a build."""


def _read_metadata(entry: Entry) -> bytes:
    """Read the METADATA of an entry.

    Raises:
        BuildError: it cannot be read.
    """
    path = site_packages(entry.path) / entry.facts.dist_info / "METADATA"
    try:
        return path.read_bytes()
    except OSError as error:
        raise BuildError(f"cannot read `{path}`: {error.strerror or error}") from error
