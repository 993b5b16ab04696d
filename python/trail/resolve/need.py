"""Requirements, each parsed once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from trail.extras import extras_named
from trail.model import NormalizedName
from trail.values import dataclass, field

if TYPE_CHECKING:
    from packaging.markers import Marker
    from packaging.specifiers import SpecifierSet

    from trail.resolve.source import Metadata

__all__ = ["Need", "Needs", "Reader", "as_need"]

# Mistakes in the requirements of old releases that everybody used to accept, and what is
# meant: celery 4 alone has the first one in 40 releases. uv corrects them as well.
_MISTAKES = (
    (re.compile(r">=?\s*dev\b"), ">0.0.0.dev0"),
    (re.compile(r"(\d)\*"), r"\1.*"),  # !=3.0*
    (re.compile(r"([<>]=?\s*[\d.]*\d)\.\*"), r"\1"),  # >=3.6.*
    (re.compile(r"(\d)\s*([<>=!~]=?)"), r"\1,\2"),  # >=1.0<2
    (re.compile(r",\s*(?=\)|;|$)"), ""),  # >=1.0,
)
_OR = re.compile(r"\bor\b")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Need:
    """A parsed requirement.

    Args:
        text: as it is written.
        name: what is required.
        extras: the extras that are asked of it.
        specifier: the versions that satisfy it.
        specifier_text: the same, in a fixed spelling.
        url: where it has to come from, or None.
        marker: where it holds, or None for everywhere.
        marker_text: the same, in a fixed spelling; empty for None.
        pins: whether it names exactly one version (`==1.0`, `===1.0`).
    """

    text: str
    name: NormalizedName
    extras: frozenset[NormalizedName]
    specifier: SpecifierSet = field(repr=False)
    specifier_text: str
    url: str | None
    marker: Marker | None = field(repr=False)
    marker_text: str
    pins: bool


def as_need(requirement: Requirement, text: str | None = None) -> Need:
    """Prepare a requirement for the resolver.

    Args:
        requirement: the requirement.
        text: as it is written, where that is known.
    """
    marker = requirement.marker
    specifiers = tuple(requirement.specifier)
    return Need(
        text=text or str(requirement),
        name=NormalizedName(canonicalize_name(requirement.name)),
        extras=frozenset(NormalizedName(canonicalize_name(one)) for one in requirement.extras),
        specifier=requirement.specifier,
        specifier_text=",".join(sorted(map(str, specifiers))),
        url=requirement.url,
        marker=marker,
        marker_text="" if marker is None else str(marker),
        pins=any(
            one.operator == "===" or (one.operator == "==" and not one.version.endswith(".*"))
            for one in specifiers
        ),
    )


class Reader:
    """Reads requirements, each text once: the versions of a package have most of them in common.

    `known_extras` has what `extras` said before.
    """

    def __init__(self) -> None:
        self._needs: dict[str, Need] = {}
        self.known_extras: dict[str, tuple[NormalizedName, ...]] = {}

    def need(self, text: str) -> Need:
        """Parse a requirement.

        Raises:
            InvalidRequirement: it is none.
        """
        need = self._needs.get(text)
        if need is None:
            need = self._needs[text] = as_need(_read(text), text)
        return need

    def extras(self, text: str) -> tuple[NormalizedName, ...]:
        """Tell for which extras alone a requirement holds, by a look at its marker.

        Returns:
            Nothing for a requirement that may hold without one, or that is too involved for a
            look.
        """
        found = tuple(
            dict.fromkeys(NormalizedName(canonicalize_name(extra)) for extra in _extras(text))
        )
        self.known_extras[text] = found
        return found


class Needs:
    """The requirements of one version, by extra; parsed when they are asked for.

    Args:
        metadata: of the version.
        reader: reads the requirements.
    """

    def __init__(self, metadata: Metadata, reader: Reader) -> None:
        self._reader = reader
        self._plain: list[str] = []
        self._of: dict[NormalizedName, list[str]] = {}
        known = reader.known_extras
        for text in metadata.requires_dist:
            extras = known.get(text)
            if extras is None:
                extras = reader.extras(text)
            if not extras:
                self._plain.append(text)
            for extra in extras:
                self._of.setdefault(extra, []).append(text)

    def of(self, extra: NormalizedName) -> tuple[Need, ...]:
        """List what may hold for an extra, or for the package itself if it is empty.

        The markers are still to be evaluated.

        Raises:
            InvalidRequirement: the metadata has a requirement that is none.
        """
        texts = self._of.get(extra, []) if extra else []
        # Markers too involved for a look are left to be evaluated, for each extra.
        odd = [text for text in self._plain if not extra or "extra" in text.partition(";")[2]]
        return tuple(self._reader.need(text) for text in (*odd, *texts))


def _extras(text: str) -> list[str]:
    _, _, marker = text.partition(";")
    if "extra" not in marker:
        return []
    # Not parsed: airflow has 1000 requirements, most of them for extras that nobody asks for.
    found = extras_named(marker)
    return [] if marker.count("extra") != len(found) or _OR.search(marker) else found


def _read(text: str) -> Requirement:
    """Parse a requirement, and correct it where it needs that."""
    try:
        return Requirement(text)
    except InvalidRequirement:
        head, semicolon, marker = text.partition(";")
        for pattern, meant in _MISTAKES:
            head = pattern.sub(meant, head)
            try:
                return Requirement(f"{head}{semicolon}{marker}")
            except InvalidRequirement:
                continue
        raise


def problem_of(error: InvalidRequirement) -> str:
    """Take the first line of what packaging says about a requirement."""
    return str(error).partition("\n")[0].rstrip(".")
