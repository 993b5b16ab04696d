"""`trail depot path|list|show|verify|size|gc`."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import click
from packaging.utils import canonicalize_name

from trail.cli.options import common_options, make_context, make_printer
from trail.cli.printer import human_size
from trail.cli.progress import choose_reporter
from trail.depot import collect
from trail.depot.builds import read_builds
from trail.depot.usage import measure
from trail.depot.verify import verify_entries
from trail.errors import DepotError, UsageError
from trail.report import Reporter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trail.cli.printer import Printer
    from trail.commands.context import Context
    from trail.depot.store import Entry, Origin
    from trail.depot.verify import Problem

__all__ = ["command"]

_DAY = 86400.0


@click.group("depot")
@common_options
def command() -> None:
    """Look into the depot, verify it, clean it up."""


@command.command("path")
@common_options
@click.pass_context
def path(context: click.Context) -> None:
    """Print the folders of the depots, the first one first."""
    for folder in _world(context).settings.depots:
        click.echo(folder)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@common_options
@click.pass_context
def list_(context: click.Context, as_json: bool) -> None:
    """List all entries."""
    entries = list(_world(context).depots().entries())
    if as_json:
        rows = [
            {"id": entry.id, "path": str(entry.path), "built": entry.info().built}
            for entry in entries
        ]
        click.echo(json.dumps(rows, indent=2))
        return
    for entry in entries:
        name, version, tags = entry.id.split("/")
        click.echo(f"{name} {version} {tags}{' (built)' if entry.info().built else ''}")


@command.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@common_options
@click.pass_context
def show(context: click.Context, name: str, as_json: bool) -> None:
    """Show the entries of the distribution NAME, or the entry with the id NAME."""
    found = [entry for entry in _world(context).depots().entries() if _is_called(entry, name)]
    if not found:
        raise DepotError(f"there is no `{name}` in the depot", hint="trail depot list")
    for number, entry in enumerate(found):
        if as_json:
            # As it is on the disk: that is its specification.
            click.echo(entry.depot.layout.entry_file(entry.id).read_text("utf-8").rstrip())
            continue
        if number:
            click.echo()
        _show(entry)


@command.command("verify")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--repair", is_flag=True, help="Remove what is damaged; the next use brings it anew.")
@common_options
@click.pass_context
def verify(context: click.Context, names: tuple[str, ...], repair: bool) -> None:
    """Compare every file in the depot with the hash that it had when it was installed."""
    printer = make_printer(context)
    world = _world(context)
    entries = [
        entry
        for entry in world.depots().entries()
        if not names or any(_is_called(entry, name) for name in names)
    ]
    if names and not entries:
        raise DepotError(f"there is no `{names[0]}` in the depot", hint="trail depot list")
    begun = time.monotonic()
    damaged: list[Entry] = []
    for entry, problems in verify_entries(entries, threads=world.settings.threads):
        for problem in problems:
            line = f"{entry.id}: {_describe(problem)}"
            if problem.serious:
                click.echo(line)
            else:
                printer.warn(line)
        if any(problem.serious for problem in problems):
            damaged.append(entry)
        elif entry.depot.writable:
            entry.depot.trust(entry.id)
    seconds = time.monotonic() - begun
    if not damaged:
        seen = _count(len(entries), "entry", "entries")
        printer.say(f"verified {seen} in {seconds:.1f}s: all as installed")
        return
    left = _repair(damaged, world, printer) if repair else damaged
    if left:
        raise DepotError(
            f"{len(left)} of {len(entries)} entries are not as they were installed",
            details=tuple(("entry", str(entry.path)) for entry in left),
            hint="repair those as a user who can write their depot"
            if repair
            else "trail depot verify --repair",
        )


def _repair(damaged: Sequence[Entry], world: Context, printer: Printer) -> list[Entry]:
    """Remove what is damaged; return what lies where we cannot write."""
    removable = [entry for entry in damaged if entry.depot.writable]
    for entry in removable:
        entry.depot.quarantine(entry)
    for depot in world.depots().depots:
        if depot.writable:
            collect.remove_users(depot, [entry.id for entry in removable])
    if removable:
        removed = _count(len(removable), "damaged entry", "damaged entries")
        printer.say(f"removed {removed}; the next use brings what it needs anew")
    return [entry for entry in damaged if not entry.depot.writable]


@command.command("size")
@common_options
@click.pass_context
def size(context: click.Context) -> None:
    """Say what the parts of the depots take on the disk."""
    for depot in _world(context).depots().depots:
        click.echo(depot.layout.root)
        for usage in measure(depot):
            click.echo(
                f"  {usage.part:<13} {usage.items:>7} items {usage.files:>9} files"
                f" {human_size(usage.size):>10}"
            )


@command.command("gc")
@click.option("--days", default=7.0, show_default=True, help="Keep what was used since.")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@common_options
@click.pass_context
def gc(context: click.Context, days: float, dry_run: bool) -> None:
    """Remove prefixes, entries, builds and checkouts that no project uses any more."""
    if days < 0:
        raise UsageError("`--days` is less than 0")
    printer = make_printer(context)
    with choose_reporter(printer) as reporter:
        depot = make_context(context, reporter).depots().receiver
        plan = collect.plan(collect.survey(depot), now=time.time(), youngest=days * _DAY)
        if dry_run:
            names = (*plan.prefixes, *plan.joined, *plan.entries, *plan.builds, *plan.sources)
            for name in names:
                click.echo(name)
            return
        count = collect.collect(depot, plan, youngest=days * _DAY, reporter=reporter)
        depot.clean_staging()
    printer.say(f"removed {_removed(plan)}" if count else "nothing to remove")


def _removed(plan: collect.Plan) -> str:
    parts = [
        _count(len(names), one, many)
        for names, one, many in (
            (plan.prefixes, "prefix", "prefixes"),
            (plan.joined, "joined package", "joined packages"),
            (plan.entries, "entry", "entries"),
            (plan.builds, "build", "builds"),
            (plan.sources, "checkout", "checkouts"),
            (plan.roots, "record of use", "records of use"),
        )
        if names
    ]
    *before, last = parts
    return f"{', '.join(before)} and {last}" if before else last


def _world(context: click.Context) -> Context:
    return make_context(context, Reporter())


def _is_called(entry: Entry, name: str) -> bool:
    return name == entry.id or entry.id.partition("/")[0] == canonicalize_name(name)


def _count(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _describe(problem: Problem) -> str:
    values = (("expected", problem.expected), ("actual", problem.actual))
    known = ", ".join(f"{label} {value}" for label, value in values if value is not None)
    return f"{problem.path}: {problem.what}" + (f" ({known})" if known else "")


def _show(entry: Entry) -> None:
    info = entry.info()
    facts, origin = info.facts, info.origin
    rows = [
        ("name", f"{facts.name} {facts.version}"),
        ("path", str(entry.path)),
        ("wheel", info.filename),
        ("sha256", info.sha256),
        ("built from" if info.built else "from", _source(origin)),
        ("built with", _built_with(entry)),
        ("files", f"{facts.files} ({human_size(facts.size)})"),
        ("imports", ", ".join(item.name for item in facts.top_level if item.kind != "data")),
        ("scripts", ", ".join(script.name for script in facts.scripts)),
        ("start-up", ", ".join(facts.startup)),
        ("schemes", ", ".join(facts.schemes)),
        ("waived", ", ".join(f"{item.path} ({item.rule})" for item in facts.mismatches)),
        ("reaches", ", ".join(f"{item.library}: {item.runpath}" for item in facts.escapes)),
    ]
    for label, value in rows:
        if value:
            click.echo(f"{label:<10} {value}")


def _source(origin: Origin) -> str:
    place = origin.url or origin.path or origin.kind
    return f"{place} at {origin.revision}" if origin.revision else place


def _built_with(entry: Entry) -> str:
    """What trail built the entry with, as far as it still keeps that."""
    if not entry.info().built:
        return ""
    for _, record in read_builds(entry.depot):
        if record.sha256 == entry.sha256:
            return ", ".join(" ".join(one.split("/")[:2]) for one in record.requires) or "nothing"
    return ""
