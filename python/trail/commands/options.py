"""How versions are chosen: what the settings say of it, as options of the resolver."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from trail.moments import parse_moment
from trail.resolve.model import Options, Origin, Prerelease, RootRequirement, Strategy
from trail.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trail.settings import Settings

__all__ = ["roots_of", "with_settings"]


def with_settings(options: Options, settings: Settings) -> Options:
    """Complete options by what the settings say; that goes before what the options have.

    Args:
        options: what is for one run alone, or was read from a lock.
        settings: all settings.
    """
    cutoff, now = settings.exclude_newer or options.cutoff, datetime.now(UTC)
    cutoffs = settings.exclude_newer_package
    return replace(
        options,
        strategy=Strategy(settings.resolution or options.strategy),
        prerelease=Prerelease(settings.prerelease or options.prerelease),
        cutoff=cutoff,
        exclude_newer=parse_moment(cutoff, now) if cutoff else None,
        cutoffs=cutoffs,
        exclude_newer_package={
            name: parse_moment(text, now) if text else None for name, text in cutoffs.items()
        },
        constraints=roots_of(settings.constraints, "constraint-dependencies"),
        overrides=(
            *roots_of(settings.overrides, "override-dependencies"),
            # What holds nowhere takes the requirement away.
            *roots_of(
                (f"{name} ; python_version < '0'" for name in sorted(settings.exclusions)),
                "exclude-dependencies",
            ),
        ),
        no_build=options.no_build | settings.wheels_only,
        no_binary=options.no_binary | settings.sources_only,
    )


def roots_of(texts: Iterable[str], key: str) -> tuple[RootRequirement, ...]:
    """Make requirements of what a setting says.

    Args:
        texts: requirements (PEP 508).
        key: the setting's.
    """
    origin = Origin(file="pyproject.toml", key=f"tool.trail.{key}")
    return tuple(RootRequirement(requirement=Requirement(text), origin=origin) for text in texts)
