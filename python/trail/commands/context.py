"""What a command needs of the world, made once and handed down as a value."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from trail.project.find import Project, find_project
from trail.settings import Overrides, Settings, read_settings
from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trail.depot.store import Stack
    from trail.interpreter.find import Places
    from trail.report import Reporter

__all__ = ["Context"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Where a command works and with which settings.

    Args:
        start: the folder that the user is in (or names with `--project`), absolute.
        environ: the environment variables.
        project: the project around it, or None.
        settings: everything that can be configured.
        reporter: told of progress and warnings.
    """

    start: Path
    environ: Mapping[str, str]
    project: Project | None
    settings: Settings
    reporter: Reporter

    @classmethod
    def make(
        cls, *, start: Path, environ: Mapping[str, str], overrides: Overrides, reporter: Reporter
    ) -> Context:
        """Find the project and read the settings.

        Args:
            start: an absolute folder.
            environ: the environment variables.
            overrides: what the command line says.
            reporter: told of progress and warnings.

        Raises:
            ProjectError: `pyproject.toml` cannot be read.
            SettingsError: a setting is wrong.
        """
        project = find_project(start)
        pyproject = project.pyproject if project is not None else None
        settings = read_settings(
            environ,
            cwd=start,
            overrides=overrides,
            project=pyproject.trail if pyproject is not None else None,
            uv=pyproject.uv if pyproject is not None else None,
            indexes=pyproject.indexes if pyproject is not None else None,
            default_groups=pyproject.default_groups if pyproject is not None else None,
            project_file=pyproject.path if pyproject is not None else None,
        )
        return cls(
            start=start, environ=environ, project=project, settings=settings, reporter=reporter
        )

    @property
    def inner_version_file(self) -> Path | None:
        """A `.python-version` below the project; records of it as a whole know nothing of it."""
        project = self.project
        if project is None or project.version_file is None:
            return None
        inner = not project.place.is_relative_to(project.version_file.parent)
        return project.version_file if inner else None

    @property
    def place(self) -> Path:
        """The folder that records of requests belong to: the project's, or where one started."""
        return self.start if self.project is None else self.project.place

    def places(self, known: Path | None) -> Places:
        """Say where to look for Pythons.

        Args:
            known: the folder where descriptions of interpreters are kept, or None.
        """
        from trail.interpreter.find import Places  # noqa: PLC0415  # not every command needs one

        return Places.from_environ(
            self.environ,
            folder=self.start,
            current=_own_python(),
            known=known,
        )

    def depots(self) -> Stack:
        """Open the stack of depots.

        Raises:
            DepotError: one of them cannot be used.
        """
        from trail.depot.store import open_depots  # noqa: PLC0415  # as above

        return open_depots(self.settings.depots)


def _own_python() -> Path | None:
    """The Python that runs trail; behind a virtual environment, to run only one of the two."""
    own = getattr(sys, "_base_executable", None) or sys.executable
    return Path(own) if own else None
