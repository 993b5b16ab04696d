"""What builds while requirements are resolved: made when the first build is needed.

Most resolutions build nothing, and the modules that a build takes need 100 ms to load.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trail.commands.build import Builder
    from trail.commands.context import Context
    from trail.index.client import IndexClient
    from trail.resolve.model import Options

__all__ = ["Builds"]


class Builds:
    """A builder for the project's Python, as soon as somebody asks for it.

    Args:
        context: where and how.
        client: fetches what is needed; stays open.
        options: what is not built, and what is not taken as a wheel.
        kept: the commits that stay as they are, by the repository's address and the revision
            that was asked for.
    """

    def __init__(
        self,
        context: Context,
        client: IndexClient,
        options: Options,
        kept: Mapping[tuple[str, str | None], str] | None = None,
    ) -> None:
        self._context = context
        self._client = client
        self._options = options
        self._kept = kept or {}
        self._builder: Builder | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        if self._builder is not None:
            self._builder.__exit__(*details)

    def builder(self) -> Builder:
        """Make the builder, or give the one that was made.

        Raises:
            DepotError: a depot cannot be used.
            SettingsError: the engine is not there.
        """
        if self._builder is None:
            from trail.commands.builders import builder_for  # noqa: PLC0415  # see above

            self._builder = builder_for(self._context, self._client, self._options)
            self._builder.sources.keep(self._kept)
        return self._builder

    @property
    def commits(self) -> Mapping[str, str]:
        """Which commit each address of a repository stands for, as far as that was asked."""
        return self._builder.sources.commits if self._builder is not None else {}
