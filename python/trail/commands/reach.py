"""Which targets a lock is to cover, of those that the project's Pythons and platforms give."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.markers import InvalidMarker, Marker

from trail.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from trail.settings import Settings

__all__ = ["wanted_environments"]


def wanted_environments(settings: Settings, file: str) -> Callable[[Mapping[str, str]], bool]:
    """Tell for which targets the project needs a lock: `environments`, as uv has it.

    Args:
        settings: of the project.
        file: where the settings stand, for messages.

    Returns:
        Takes the marker values of a target.

    Raises:
        SettingsError: the setting holds what is no marker.
    """
    try:
        markers = [Marker(text) for text in settings.environments]
    except InvalidMarker as error:
        raise SettingsError(
            f"`environments` in `{file}` holds what is no marker",
            details=(("problem", str(error).splitlines()[0]),),
        ) from error
    return lambda environment: (
        not markers or any(marker.evaluate(dict(environment)) for marker in markers)
    )
