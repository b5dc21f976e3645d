"""`shelver trash`: what waits there, until when, and emptying it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from core.errors import UsageError
from core.names import wire_path
from tui import words
from tui.commands.frame import Settings, group, verb
from tui.commands.output import Output, confirmed, is_interactive
from tui.commands.records import exactly, home_short, without_empty

if TYPE_CHECKING:
    from core.retention import Trashed
    from core.storage.remotes import Remotes

command = group("trash", "See what waits in the trash and until when, or empty it.")


@verb("list", example="shelver trash list")
def listing(settings: Settings) -> int:
    """List what waits in the trash, where it lay, and the day it goes."""
    out = settings.output()
    waiting = _waiting(settings)
    _print(out, waiting)
    if out.terminal and not out.json:
        total = words.size(sum(each.size for each in waiting))
        out.note(
            f"{words.files(len(waiting))}, {total}; `shelver undo OP` brings them back" if waiting else "It is empty."
        )
    return 0


@verb("empty", example="shelver trash empty --now")
@click.option("--now", "at_once", is_flag=True, help="Also what its retention still keeps.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def empty(settings: Settings, at_once: bool, yes: bool) -> int:
    """Remove what was in the trash for longer than its retention. This cannot be undone, so it asks.

    Off a terminal, --now needs --yes.
    """
    from core.retention import purge

    out = settings.output()
    keep = 0.0 if at_once else settings.load_config().trash.keep
    going = [each for each in _waiting(settings, keep) if each.expires <= datetime.now(UTC)]
    if not going:
        out.note("Nothing in the trash is old enough; --now takes the rest." if not at_once else "The trash is empty.")
        return 0
    if not yes and is_interactive():
        amount = f"{words.files(len(going))} ({words.size(sum(each.size for each in going))})"
        if not confirmed(f"Remove {amount} for good? They cannot come back."):
            return 1
    elif at_once and not yes:
        raise UsageError("--now removes what could still come back: off a terminal it needs --yes")
    with _remotes(settings) as remotes:
        gone = purge(settings.places(), keep, lambda each: None, open_root=remotes.open)
    _print(out, gone)
    left = len(going) - len(gone)
    if left:
        out.note(f"{words.files(left)} stayed: in use, or not what was trashed any more")
    return 1 if left else 0


def _waiting(settings: Settings, keep: float | None = None) -> list[Trashed]:
    from core.retention import trashed

    places, config = settings.places(), settings.load_config()
    if not places.operations.exists():
        return []
    with _remotes(settings) as remotes:
        return list(trashed(places, config.trash.keep if keep is None else keep, remotes.open))


@contextmanager
def _remotes(settings: Settings) -> Iterator[Remotes]:
    from core.storage.remotes import Remotes

    with closing(Remotes(settings.load_config(), settings.places().remotes)) as remotes:
        yield remotes


def _print(out: Output, files: list[Trashed]) -> None:
    out.records(_as_data(each) for each in files)
    if out.terminal:
        out.rows(
            [
                ((each.operation, "strong"), words.size(each.size), f"until {each.expires.astimezone():%d %b %Y}", name)
                for each in files
                for name in [home_short(wire_path(each.original)[0])]
            ]
        )
    else:
        out.rows(
            [
                (
                    each.operation,
                    str(each.size),
                    exactly(each.expires),
                    wire_path(each.original)[0],
                    wire_path(each.path)[0],
                )
                for each in files
            ]
        )


def _as_data(each: Trashed) -> dict[str, object]:
    original, original_exact = wire_path(each.original)
    path, path_exact = wire_path(each.path)
    told = {
        "operation": each.operation,
        "original": original,
        "path": path,
        "size": each.size,
        "trashed": each.trashed,
        "expires": each.expires,
        "original_b64": original_exact,
        "path_b64": path_exact,
    }
    return without_empty(told)


command.add_command(listing)
command.add_command(empty)
