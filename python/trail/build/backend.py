"""Call build backends: PEP 517, PEP 518, PEP 660.

A backend runs in another Python, whose prefix holds what the build requires and nothing else:
neither the project's packages nor trail's, no PYTHONPATH and no user site. Who has such
prefixes is handed in (`Provide`), as this layer knows nothing of resolving.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import warnings
from typing import TYPE_CHECKING, Any, Protocol

from pyproject_hooks import (
    BackendUnavailable,
    BuildBackendHookCaller,
    BuildBackendWarning,
    HookMissing,
    UnsupportedOperation,
)

from trail.build.process import Log, run_logged, surroundings
from trail.build.system import is_texts, read_build_system, wrong_key
from trail.errors import BuildError
from trail.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from trail.report import Reporter

__all__ = ["Backend", "BuildPython", "Provide", "Recipe"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What the user adds to a build.

    Args:
        config_settings: for the backend; a value is a text or a list of texts.
        requires: further requirements of the build.
        constraints: hold where the build requires their packages.
        environ: environment variables for it.
        beside: ids of the entries that a build without isolation runs beside, sorted; None
            for a build in a prefix of its own.
    """

    config_settings: Mapping[str, str | list[str]] = field(default_factory=dict)
    requires: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    beside: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildPython:
    """A Python that has what a build requires.

    Args:
        executable: what to run.
        scripts: the folder of the scripts that belong to it.
        entries: ids of the depot entries that it has.
    """

    executable: Path
    scripts: Path
    entries: tuple[str, ...] = ()


class Provide(Protocol):
    """Gives a Python for a build."""

    def __call__(self, requirements: Sequence[str]) -> BuildPython:
        """Resolve and install requirements (PEP 508), those of no use left out.

        Raises:
            TrailError: that is not possible.
        """


class Backend:
    """The build backend of one source tree.

    Args:
        tree: the tree's folder; the build may write to it.
        label: what it is, for messages.
        provide: gives the Python for it.
        recipe: what the user adds.
        environ: trail's own environment.
        log: a file for what the build writes.
        keep: whether the tree is still there when the build has failed.
        reporter: is told what the build writes.

    Raises:
        BuildError: there is nothing to build, or it is described wrongly.
    """

    def __init__(  # noqa: PLR0913  # one build
        self,
        tree: Path,
        label: str,
        *,
        provide: Provide,
        recipe: Recipe,
        environ: Mapping[str, str],
        log: Path,
        keep: bool,
        reporter: Reporter,
    ) -> None:
        self._tree = tree
        self._label = label
        self._provide = provide
        self._recipe = recipe
        self._environ = environ
        self._log = Log(log)
        self._keep = keep
        self._reporter = reporter
        self._system = read_build_system(tree, label)
        self._python: BuildPython | None = None
        self._hook = ""

    @property
    def entries(self) -> tuple[str, ...]:
        """Ids of the depot entries that the last build ran with, sorted."""
        return tuple(sorted(self._python.entries)) if self._python is not None else ()

    def build(self, folder: Path, *, editable: bool = False) -> Path:
        """Build a wheel.

        Args:
            folder: an empty folder, for the wheel.
            editable: whether the wheel refers to the tree (PEP 660).

        Returns:
            The wheel.

        Raises:
            BuildError: the build failed.
            TrailError: what it requires cannot be had.
        """
        kind = "editable" if editable else "wheel"
        hooks = self._prepare(kind)
        name = self._call(hooks, f"build_{kind}", str(folder))
        if not isinstance(name, str) or name not in {path.name for path in folder.iterdir()}:
            raise self._failed(f"its backend says that it made `{name}`, which is not there")
        return folder / name

    def metadata(self, folder: Path) -> bytes | None:
        """Ask for METADATA without a build.

        Args:
            folder: an empty folder.

        Returns:
            None if the backend can only build.

        Raises:
            BuildError: the backend failed.
            TrailError: what it requires cannot be had.
        """
        hooks = self._prepare("wheel")
        name = "prepare_metadata_for_build_wheel"
        try:
            found = self._call(hooks, name, str(folder), _allow_fallback=False)
        except HookMissing:
            return None
        try:
            return (folder / str(found) / "METADATA").read_bytes()
        except OSError as error:
            raise self._failed(f"its backend made no `{found}/METADATA`") from error

    def _prepare(self, kind: str) -> BuildBackendHookCaller:
        """Set the Python up: first for the backend, then for what the backend asks for."""
        if self._recipe.beside is not None:  # what it requires is there, or the build says so
            return self._caller(())
        requires = (*self._system.requires, *self._recipe.requires)
        hooks = self._caller(requires)
        try:
            more = self._call(hooks, f"get_requires_for_build_{kind}")
        except HookMissing:  # pragma: no cover  # pyproject_hooks answers for the backend
            more = []
        if not is_texts(more):
            raise self._failed("its backend asks for something that is no requirement")
        new = [requirement for requirement in more if requirement not in requires]
        return self._caller((*requires, *new)) if new else hooks

    def _caller(self, requires: Sequence[str]) -> BuildBackendHookCaller:
        self._python = self._provide(requires)
        try:
            return BuildBackendHookCaller(
                str(self._tree),
                self._system.backend,
                backend_path=self._system.backend_path or None,
                runner=self._run,
                python_executable=str(self._python.executable),
            )
        except ValueError as error:
            raise wrong_key(self._label, "backend-path", "folders inside it") from error

    def _call(self, hooks: BuildBackendHookCaller, name: str, *values: Any, **more: Any) -> Any:
        self._hook = name
        settings = dict(self._recipe.config_settings) or None
        said: list[warnings.WarningMessage] = []
        try:
            with warnings.catch_warnings(record=True) as said:
                warnings.simplefilter("always", BuildBackendWarning)
                return getattr(hooks, name)(*values, config_settings=settings, **more)
        except subprocess.CalledProcessError as error:
            code = error.returncode
            how = f"ended with status {code}" if code >= 0 else f"was ended by signal {-code}"
            raise self._failed(f"`{name}` {how}") from error
        except BackendUnavailable as error:
            raise self._failed(
                f"its backend `{self._system.backend}` cannot be imported", str(error)
            ) from error
        except UnsupportedOperation as error:
            raise self._failed(f"its backend refuses `{name}`", error.traceback) from error
        except HookMissing as error:
            if name == "build_editable":
                raise BuildError(
                    f"cannot build `{self._label}` to be edited in place: its backend"
                    f" `{self._system.backend}` is too old, or cannot do that (PEP 660)"
                ) from error
            raise
        finally:
            for warning in said:
                self._reporter.note(f"{self._label}: {str(warning.message).strip()}")

    def _run(
        self,
        cmd: Sequence[str],
        cwd: str | None = None,
        extra_environ: Mapping[str, str] | None = None,
    ) -> None:
        """Run a hook; `pyproject_hooks` calls this."""
        if self._python is None:
            raise AssertionError(self._label)
        environ = surroundings(self._environ, self._python.scripts, self._recipe.environ)
        start = self._log.size
        try:
            run_logged(cmd, folder=cwd, environ={**environ, **(extra_environ or {})}, log=self._log)
        finally:
            for line in self._log.text(start).splitlines():
                self._reporter.note(line)

    def _failed(self, reason: str, output: str = "") -> BuildError:
        return BuildError(
            f"cannot build `{self._label}`: {reason}",
            output="\n".join(filter(None, (self._log.text(), output))),
            hint=f"to try it by hand{'' if self._keep else ', in the unpacked source'}:"
            f" {self._command()}",
        )

    def _command(self) -> str:
        """Write down what was run, as one can run it again."""
        module, _, attribute = self._system.backend.partition(":")
        if attribute:
            first, *rest = attribute.split(".")
            code = f"from {module} import {first} as b; b = {'.'.join(['b', *rest])}"
            code = f"from {module} import {first} as b" if not rest else code
        else:
            code = f"import {module} as b"
        if self._system.backend_path:
            code = f"import sys; sys.path[:0] = {list(self._system.backend_path)!r}; {code}"
        hook = self._hook.replace("prepare_metadata_for_build_", "build_")
        values = "" if hook.startswith("get_requires") else "'.'"
        settings = dict(self._recipe.config_settings)
        if settings:
            values = ", ".join(filter(None, (values, f"config_settings={settings!r}")))
        python = self._python.executable if self._python is not None else "python"
        command = shlex.join([str(python), "-c", f"{code}; print(b.{hook}({values}))"])
        command = " ".join([*self._variables(), command])
        return " && ".join([*self._change_folder(), command])

    def _variables(self) -> Iterator[str]:
        """Spell the variables that such a build has, and the user's shell has not."""
        more = self._recipe.environ
        if self._python is not None and "PATH" not in more:
            yield f'PATH={shlex.quote(str(self._python.scripts))}{os.pathsep}"$PATH"'
        for name, value in more.items():
            yield f"{name}={shlex.quote(value)}"

    def _change_folder(self) -> Iterator[str]:
        if self._keep:
            yield f"cd {shlex.quote(str(self._tree))}"
