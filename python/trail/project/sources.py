"""Where a project says that packages come from: `[tool.trail.sources]`, `[tool.uv.sources]`.

What Poetry says of it stands beside each requirement (`trail.project.poetry`).

A package has one source, or a list of them with markers (or extras, or groups) that say when
each holds. The root's sources hold for all members of its workspace; a member's own go before
them, and trail's table goes before uv's, package by package.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.markers import InvalidMarker, Marker
from packaging.utils import InvalidName

from trail.errors import ProjectError
from trail.project.table import normalised
from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from trail.model import NormalizedName
    from trail.project.pyproject import PyProject
    from trail.project.table import Table
    from trail.project.workspace import Workspace

__all__ = ["Rule", "archive_url", "git_url", "no_member", "pdm_rules", "rules_of"]

_KINDS = ("workspace", "index", "git", "url", "path")
_KEYS = frozenset(
    {*_KINDS, "rev", "tag", "branch", "subdirectory", "lfs"}
    | {"editable", "package", "marker", "extra", "group"}
)
# `git@host:path`, as git itself takes it.
_SHORT = re.compile(r"(?P<user>[\w.-]+)@(?P<host>[\w.-]+):(?P<path>[^/].*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One source of a package.

    Args:
        file: the `pyproject.toml` that it stands in.
        key: the place in it, for messages.
        workspace: whether the package is a member.
        index: the name of the index that it comes from, or None.
        url: of an archive or a repository, as a requirement has it (PEP 440), or None.
        path: of a folder or an archive, absolute, or None.
        editable: whether a folder is used in place.
        package: whether a folder has something to be installed; None for what it says itself.
        marker: where the source holds; empty for everywhere.
        extra: the extra of the project whose requirement it is for, or None.
        group: the same for a dependency group.
    """

    file: Path
    key: str
    workspace: bool = False
    index: str | None = None
    url: str | None = None
    path: Path | None = None
    editable: bool = False
    package: bool | None = None
    marker: str = ""
    extra: NormalizedName | None = None
    group: NormalizedName | None = None

    def serves(
        self, *, extra: NormalizedName | None = None, group: NormalizedName | None = None
    ) -> bool:
        """Tell whether the source is for the requirements of a part of the project.

        Args:
            extra: the extra that they belong to; None for no extra.
            group: the dependency group; with neither, they are the project's own.
        """
        if self.extra is not None:
            return self.extra == extra
        return self.group is None or self.group == group


def rules_of(
    pyproject: PyProject, workspace: Workspace
) -> Mapping[NormalizedName, tuple[Rule, ...]]:
    """List the sources that hold for the requirements of a project.

    Args:
        pyproject: the project.
        workspace: that it belongs to.

    Raises:
        ProjectError: a source is wrong.
    """
    found: dict[NormalizedName, tuple[Rule, ...]] = dict(pyproject.rules)
    for one in dict.fromkeys((workspace.root.path, pyproject.path)):
        project = workspace.root if one == workspace.root.path else pyproject
        for tool in (project.uv_tool, project.tool):
            table = tool.table("sources")
            for name in table.values:
                found[table.name(name)] = tuple(map(_rule, table.tables(name)))
    return found


def pdm_rules(tool: Table) -> Mapping[NormalizedName, tuple[Rule, ...]]:
    """List the packages that PDM takes from one index.

    Args:
        tool: the table `[tool]`.

    Raises:
        ProjectError: a value is wrong.
    """
    from trail.project.indexes import pdm_pins  # noqa: PLC0415  # few need it

    return {
        table.parse(package, "include_packages", normalised, InvalidName): (
            Rule(file=table.path, key=table.full("include_packages"), index=index),
        )
        for table, index, package in pdm_pins(tool)
    }


def no_member(name: NormalizedName, rule: Rule, workspace: Workspace) -> ProjectError:
    """Make the error for a source that calls a member what is none.

    Args:
        name: the package.
        rule: its source.
        workspace: that the project belongs to.
    """
    known = ", ".join(sorted(workspace.names))
    return ProjectError(
        f"`{rule.file}` says that `{name}` is a member of the workspace, which it is not",
        details=(("key", rule.key), ("members", known or "none")),
        hint=f"declare its folder in {workspace.root.path}: [tool.trail.workspace] members = […]",
    )


def _rule(table: Table) -> Rule:
    unknown = sorted(table.values.keys() - _KEYS)
    if unknown and table.key.startswith("tool.trail"):
        raise table.fault(unknown[0], "trail does not know it")
    kinds = [kind for kind in _KINDS if table.values.get(kind)]
    if len(kinds) != 1:
        raise table.fault("", f"it needs one of {', '.join(_KINDS)}")
    path = table.text("path")
    return Rule(
        file=table.path,
        key=table.key,
        workspace=table.flag("workspace") or False,
        index=table.text("index"),
        url=git_url(table) if kinds == ["git"] else archive_url(table),
        path=None if path is None else (table.path.parent / path).resolve(),
        editable=table.flag("editable") or False,
        package=table.flag("package"),
        marker=str(table.parsed("marker", Marker, InvalidMarker) or ""),
        extra=table.parsed("extra", normalised, InvalidName),
        group=table.parsed("group", normalised, InvalidName),
    )


def archive_url(table: Table) -> str | None:
    """Take `url` and `subdirectory` as one address; None where there is none."""
    url, inner = table.text("url"), table.text("subdirectory")
    if url is None:
        return None
    return f"{url}#subdirectory={inner}" if inner else url


def git_url(table: Table) -> str:
    """Take `git`, `rev`, `tag` or `branch`, and `subdirectory` as one address (PEP 440).

    Raises:
        ProjectError: a value is wrong.
    """
    url, inner = table.text("git") or "", table.text("subdirectory")
    short = _SHORT.fullmatch(url)
    if short:
        url = f"ssh://{short['user']}@{short['host']}/{short['path']}"
    elif "://" not in url:
        url = (table.path.parent / url).resolve().as_uri()
    revisions = [one for key in ("rev", "tag", "branch") if (one := table.text(key))]
    if len(revisions) > 1:
        raise table.fault("rev", "it excludes tag and branch")
    at = f"@{revisions[0]}" if revisions else ""
    return f"git+{url}{at}" + (f"#subdirectory={inner}" if inner else "")
