"""The table of settings and the ways to read their values; `trail.settings` uses both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trail._readers import (
    by_package,
    choice,
    count_from,
    read_address,
    read_addresses,
    read_build_requirements,
    read_config_settings,
    read_cutoff,
    read_depots,
    read_flag,
    read_formats,
    read_groups,
    read_indexes,
    read_lines,
    read_links,
    read_moment,
    read_names,
    read_path,
    read_prerelease,
    read_proxy,
    read_releases,
    read_requirements,
    read_seconds,
    read_size,
    read_text,
    read_variables,
    read_words,
)
from trail.addresses import redact
from trail.errors import SettingsError
from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["PROJECT_TABLES", "SETTINGS", "Setting", "read_value"]

PROJECT_TABLES = frozenset({"package", "sources", "workspace"})
"""Keys of `[tool.trail]` that `trail.project` reads."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its names in all places, and how a value is read.

    Args:
        field: the field of `Settings`, `IndexSettings` and `Overrides`.
        key: in `[tool.trail]`.
        read: turns a value, a base folder and the home folder into the field's value;
            raises ValueError with what was expected.
        variable: the environment variable, or None.
        project: whether a project may decide it. What concerns the machine or its trust in
            others (proxies, certificates, credentials) is not for a cloned project to set.
        pip: pip's options for it, the preferred one first.
        uv: whether `[tool.uv]` has the same key with the same meaning.
    """

    field: str
    key: str
    read: Callable[[object, Path, Path], Any]
    variable: str | None = None
    project: bool = False
    pip: tuple[str, ...] = ()
    uv: bool = False


def read_value(setting: Setting, value: object, place: str, folder: Path, home: Path) -> Any:
    """Read the value of a setting.

    Args:
        setting: the setting.
        value: a string; or what TOML or the command line gave.
        place: where it stands, for the message.
        folder: what relative paths start from.
        home: what `~` means.

    Raises:
        SettingsError: the value is wrong.
    """
    try:
        return setting.read(value, folder, home)
    except ValueError as error:
        shown = redact(value if isinstance(value, str) else repr(value))
        raise SettingsError(f"{place} is `{shown}`, expected {error}") from error


SETTINGS = (
    Setting("depots", "depot", read_depots, "TRAIL_DEPOT"),
    Setting("engine", "engine", choice("auto", "native", "python"), "TRAIL_ENGINE"),
    Setting("offline", "offline", read_flag, "TRAIL_OFFLINE"),
    Setting("threads", "threads", count_from(1), "TRAIL_THREADS"),
    Setting("max_unpacked", "max-unpacked", read_size, "TRAIL_MAX_UNPACKED", project=True),
    Setting(
        "link_mode",
        "link-mode",
        choice("auto", "hardlink", "copy"),
        "TRAIL_LINK_MODE",
        project=True,
    ),
    Setting("code_archives", "code-archives", read_flag, "TRAIL_CODE_ARCHIVES", project=True),
    Setting("python", "python", read_text, "TRAIL_PYTHON", project=True),
    Setting("strict", "strict", read_flag, project=True),
    Setting("platforms", "platforms", read_words, project=True),
    Setting("allow_record_mismatch", "allow-record-mismatch", read_releases, project=True),
    Setting("default_groups", "default-groups", read_groups, project=True, uv=True),
    Setting("constraints", "constraint-dependencies", read_requirements, project=True, uv=True),
    Setting(
        "build_constraints",
        "build-constraint-dependencies",
        read_requirements,
        project=True,
        uv=True,
    ),
    Setting("overrides", "override-dependencies", read_requirements, project=True, uv=True),
    Setting("exclusions", "exclude-dependencies", read_names, project=True, uv=True),
    Setting("environments", "environments", read_lines, project=True, uv=True),
    Setting(
        "resolution",
        "resolution",
        choice("highest", "lowest", "lowest-direct"),
        "TRAIL_RESOLUTION",
        project=True,
        uv=True,
    ),
    Setting("prerelease", "prerelease", read_prerelease, "TRAIL_PRERELEASE", project=True, uv=True),
    Setting(
        "exclude_newer", "exclude-newer", read_moment, "TRAIL_EXCLUDE_NEWER", project=True, uv=True
    ),
    Setting(
        "exclude_newer_package",
        "exclude-newer-package",
        by_package("a date, an age or false for each package", read_cutoff),
        project=True,
        uv=True,
    ),
    Setting("no_build", "no-build", read_flag, "TRAIL_NO_BUILD", project=True, uv=True),
    Setting(
        "no_build_package",
        "no-build-package",
        read_formats,
        "TRAIL_NO_BUILD_PACKAGE",
        project=True,
        pip=("only-binary",),
        uv=True,
    ),
    Setting("no_binary", "no-binary", read_flag, "TRAIL_NO_BINARY", project=True, uv=True),
    Setting(
        "no_binary_package",
        "no-binary-package",
        read_formats,
        "TRAIL_NO_BINARY_PACKAGE",
        project=True,
        pip=("no-binary",),
        uv=True,
    ),
    Setting(
        "no_build_isolation_package",
        "no-build-isolation-package",
        read_names,
        "TRAIL_NO_BUILD_ISOLATION_PACKAGE",
        project=True,
        uv=True,
    ),
    Setting(
        "config_settings_package",
        "config-settings-package",
        by_package("a table of settings for each package", read_config_settings),
        project=True,
        uv=True,
    ),
    Setting(
        "extra_build_dependencies",
        "extra-build-dependencies",
        by_package("a list of requirements for each package", read_build_requirements),
        project=True,
        uv=True,
    ),
    Setting(
        "extra_build_variables",
        "extra-build-variables",
        by_package("a table of variables for each package", read_variables),
        project=True,
        uv=True,
    ),
    Setting("named", "index", read_indexes, project=True, uv=True),
    Setting(
        "index_url", "index-url", read_address, "TRAIL_INDEX_URL", True, ("index-url",), uv=True
    ),
    Setting(
        "extra_index_urls",
        "extra-index-url",
        read_addresses,
        "TRAIL_EXTRA_INDEX_URL",
        True,
        ("extra-index-url",),
        uv=True,
    ),
    Setting(
        "find_links", "find-links", read_links, "TRAIL_FIND_LINKS", True, ("find-links",), uv=True
    ),
    Setting("no_index", "no-index", read_flag, "TRAIL_NO_INDEX", True, ("no-index",), uv=True),
    Setting("connect_timeout", "connect-timeout", read_seconds, "TRAIL_CONNECT_TIMEOUT"),
    Setting(
        "read_timeout",
        "read-timeout",
        read_seconds,
        "TRAIL_READ_TIMEOUT",
        pip=("timeout", "default-timeout"),
    ),
    Setting("retries", "retries", count_from(0), "TRAIL_RETRIES", pip=("retries",)),
    Setting("proxy", "proxy", read_proxy, "TRAIL_PROXY", pip=("proxy",)),
    Setting("cert", "cert", read_path, "TRAIL_CERT", pip=("cert",)),
    Setting("client_cert", "client-cert", read_path, "TRAIL_CLIENT_CERT", pip=("client-cert",)),
    Setting(
        "trusted_hosts", "trusted-host", read_words, "TRAIL_TRUSTED_HOST", pip=("trusted-host",)
    ),
    Setting("keyring", "keyring", read_flag, "TRAIL_KEYRING"),
    Setting("refresh", "refresh", read_flag, "TRAIL_REFRESH"),
    Setting("refresh_package", "refresh-package", read_names, "TRAIL_REFRESH_PACKAGE"),
)
