"""Tables for people; a `~` marks a figure that foreign load may have spoiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benches import solvers
from benches.peers import COLD, NEW, NEXT, NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from benches.install import Counts, Figure
    from benches.locks import Wheelhouse
    from benches.measure import Series
    from benches.prefix import Linking
    from benches.resolve import Solving

__all__ = ["counts", "installs", "linkings", "solvings", "starts"]

_SCENARIOS = (COLD, NEW, NEXT, NOTHING)


def installs(houses: Sequence[Wheelhouse], figures: Sequence[Figure]) -> Iterator[str]:
    """One table for each lock and place."""
    for house in houses:
        for place in dict.fromkeys(figure.place for figure in figures):
            mine = [f for f in figures if f.lock == house.name and f.place == place]
            cells = {(figure.peer, figure.scenario): figure for figure in mine}
            rows = [
                [peer, *(_cell(cells.get((peer, scenario))) for scenario in _SCENARIOS)]
                for peer in dict.fromkeys(figure.peer for figure in mine)
            ]
            size = f"{len(house.wheels)} wheels, {house.size / 1e6:.0f} MB"
            yield f"{house.name} ({size}) on {place}: seconds, ratio, processor seconds"
            yield from _table(["", *_SCENARIOS], rows)


def counts(found: Mapping[str, Sequence[Counts]]) -> Iterator[str]:
    """What cold installs leave, and ask of the kernel."""
    for lock, many in found.items():
        rows = [
            [
                each.peer,
                f"{each.files:,}",
                f"{each.folders:,}",
                f"{each.size / 1e6:,.0f}",
                "-" if each.syscalls is None else f"{each.syscalls:,}",
                "-" if not each.syscalls else f"{each.syscalls / max(each.files, 1):.1f}",
            ]
            for each in many
        ]
        yield f"{lock}: what a cold install makes"
        yield from _table(["", "files", "folders", "MB", "system calls", "per file"], rows)


def linkings(found: Sequence[Linking]) -> Iterator[str]:
    """A prefix against hardlinks."""
    rows = [
        [
            f"{each.lock} on {each.place}",
            f"{each.distributions:,}",
            f"{each.links:,}",
            f"{each.prefix * 1000:.1f}",
            f"{each.known * 1000:.1f}",
            f"{each.files:,}",
            f"{each.hardlinks * 1000:.1f}",
            f"{each.copy * 1000:.1f}",
            f"1/{1 / each.ratio:.0f}",
        ]
        for each in found
    ]
    if rows:
        yield "a prefix, and a hardlink of every file: milliseconds"
        head = ["", "packages", "links", "prefix", "known", "files", "os.link", "cp -al", "ratio"]
        yield from _table(head, rows)


def starts(found: Mapping[str, Mapping[str, Series]]) -> Iterator[str]:
    """Launchers."""
    if found:
        names = dict.fromkeys(name for series in found.values() for name in series)
        rows = [
            [name, *(_milliseconds(series[name]) for series in found.values())] for name in names
        ]
        yield "python -c pass: milliseconds"
        yield from _table(["", *found], rows)


def solvings(found: Sequence[Solving]) -> Iterator[str]:
    """Resolvers."""
    for name, condition in dict.fromkeys((each.name, each.condition) for each in found):
        mine = {
            (each.peer, each.scenario): each
            for each in found
            if (each.name, each.condition) == (name, condition)
        }
        scenarios = [
            scenario for scenario in solvers.SCENARIOS if any(scenario in key for key in mine)
        ]
        for title, write in (
            ("seconds, ratio, processor seconds", _solved),
            ("requests and answers in MB", _asked),
        ):
            rows = [
                [peer, *(write(mine.get((peer, scenario))) for scenario in scenarios)]
                for peer in dict.fromkeys(peer for peer, _ in mine)
            ]
            yield f"{name}, {condition}: {title}"
            yield from _table(["", *scenarios], rows)


def _solved(each: Solving | None) -> str:
    if each is None:
        return "-"
    mark = "~" if each.series.noisy else " "
    return f"{each.series.wall:7.3f}{mark}{each.ratio:6.2f} {each.series.cpu:7.3f}"


def _asked(each: Solving | None) -> str:
    if each is None:
        return "-"
    asked = each.asked
    kinds = {
        "pages": asked.pages,
        "304": asked.confirmed,
        "metadata": asked.metadata,
        "parts": asked.parts,
        "files": asked.files,
        "404": asked.missing,
    }
    written = " ".join(f"{count} {kind}" for kind, count in kinds.items() if count)
    return f"{written}, {asked.size / 1e6:.1f}" if written else "nothing"


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return "-"
    ratio = "" if figure.ratio is None else f"{figure.ratio:6.2f}"
    mark = "~" if figure.series.noisy else " "
    return f"{figure.series.wall:7.3f}{mark}{ratio} {figure.series.cpu:7.3f}"


def _milliseconds(series: Series) -> str:
    return f"{series.wall * 1000:.1f}{'~' if series.noisy else ' '}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    lines = [list(head), *map(list, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        first, *others = (cell.rjust(width) for cell, width in zip(line, widths, strict=True))
        del first
        yield "  ".join([line[0].ljust(widths[0]), *others]).rstrip()
    yield ""
