"""The indexes that Poetry and PDM describe for a project, in the words of `[[tool.trail.index]]`.

Poetry: sources are `primary`, and then PyPI is asked only if it is one of them; `supplemental`,
asked after all others; or `explicit`. https://python-poetry.org/docs/repositories/

PDM: all are asked, and one named `pypi` takes PyPI's place.
https://pdm-project.org/latest/usage/config/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from trail.project.table import Table

__all__ = ["Described", "described_indexes", "pdm_pins"]

_PYPI = "pypi"
_AFTER = frozenset({"supplemental", "secondary"})
_LEFT_OUT = ("verify_ssl", "ca_certs", "client_cert", "client_key", "exclude_packages")


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What other tools say of indexes.

    Args:
        indexes: by the key of the table, what `[[tool.trail.index]]` would say; one without
            `url` is PyPI.
        untaken: keys that say what trail does not take over.
    """

    indexes: Mapping[str, tuple[Mapping[str, Any], ...]]
    untaken: tuple[str, ...] = ()


def described_indexes(tool: Table) -> Described:
    """Read `[[tool.poetry.source]]` and `[[tool.pdm.source]]`.

    Args:
        tool: the table `[tool]`.

    Raises:
        ProjectError: a value is of a wrong type.
    """
    poetry, pdm = tool.table("poetry").tables("source"), tool.table("pdm").tables("source")
    found = {
        "tool.poetry.source": tuple(_poetry(poetry)),
        "tool.pdm.source": tuple(_pdm(pdm, tool.table("pdm").table("resolution"))),
    }
    return Described(
        indexes={key: value for key, value in found.items() if value},
        untaken=tuple(_untaken(pdm)),
    )


def pdm_pins(tool: Table) -> Iterator[tuple[Table, str, str]]:
    """List the packages that PDM takes from one index: the source, its name, theirs."""
    for one in tool.table("pdm").tables("source"):
        for pattern in one.texts("include_packages"):
            if not _is_pattern(pattern):
                yield one, one.text("name") or "", pattern


def _poetry(tables: tuple[Table, ...]) -> Iterator[dict[str, Any]]:
    asked: list[Table | None] = []
    after: list[Table | None] = []
    listed = False
    for one in tables:
        is_pypi = _name(one).lower() == _PYPI
        listed = listed or is_pypi
        priority = (one.text("priority") or "primary").lower()
        if priority == "explicit":
            yield _entry(one) | {"explicit": True}
            continue
        if is_pypi:
            yield _entry(one) | {"explicit": True}  # so that requirements can name it
        (after if priority in _AFTER else asked).append(None if is_pypi else one)
    if not listed and tables:
        asked = asked or [None]
        yield {"name": _PYPI, "explicit": True}
    yield from _in_order([*asked, *after])


def _pdm(tables: tuple[Table, ...], resolution: Table) -> Iterator[dict[str, Any]]:
    given = [one for one in tables if "$" not in (one.text("url") or "")]
    own = [one for one in given if _name(one) == _PYPI]
    if not resolution.flag("respect-source-order"):
        # All are alike there. What a company adds goes before PyPI, as everywhere in trail.
        given = [*(one for one in given if _name(one) != _PYPI), *own]
    order: list[Table | None] = list(given)
    if not own and given:
        order = [None, *given] if resolution.flag("respect-source-order") else [*given, None]
    yield from _in_order(order)


def _in_order(asked: list[Table | None]) -> Iterator[dict[str, Any]]:
    """Describe indexes that are asked one after the other; None stands for PyPI."""
    pypi = asked.index(None) if None in asked else None
    pages = [place for place, one in enumerate(asked) if one is not None and not _is_flat(one)]
    for place, one in enumerate(asked):
        if one is None:
            continue
        entry = _entry(one)
        if pypi is None:
            entry["default"] = pages[-1:] == [place]
        else:
            entry["last"] = place > pypi
        yield entry


def _name(table: Table) -> str:
    return table.text("name") or ""


def _entry(table: Table) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": _name(table)}
    url, user = table.text("url"), table.text("username")
    if url is not None:
        if user and "://" in url:
            scheme, rest = url.split("://", 1)
            secret = quote(table.text("password") or "", safe="")
            url = f"{scheme}://{quote(user, safe='')}:{secret}@{rest}"
        entry["url"] = url
    if _is_flat(table):
        entry["format"] = "flat"
    return entry


def _is_flat(table: Table) -> bool:
    url = table.text("url") or ""
    return table.text("type") == "find_links" or url.endswith((".htm", ".html"))


def _is_pattern(text: str) -> bool:
    return any(sign in text for sign in "*?[")


def _untaken(tables: tuple[Table, ...]) -> Iterator[str]:
    for one in tables:
        yield from (one.full(key) for key in _LEFT_OUT if key in one.values)
        if "$" in (one.text("url") or ""):  # variables of the environment
            yield one.full("url")
        if any(map(_is_pattern, one.texts("include_packages"))):
            yield one.full("include_packages")
