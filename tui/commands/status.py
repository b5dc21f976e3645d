"""`shelver status`: agent, folders, what runs and what waits, at one look."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from datetime import datetime
from typing import NoReturn

import click
import msgspec

from core.errors import AgentUnreachable
from core.model import Progress
from tui.commands.changes import changes, look
from tui.commands.desk import Desk
from tui.commands.folders import print_folders
from tui.commands.frame import Settings, verb
from tui.commands.output import Output
from tui.commands.progress import line
from tui.commands.reaching import open_desk
from tui.commands.records import print_operations, when
from tui.wire import Status

WATCH_SECONDS = 2.0
AGENT_OUT_OF_REACH = 3


@verb("status", example="shelver status --watch")
@click.option("--watch", is_flag=True, help="Go on, with a line for each thing that changes, until Ctrl-C.")
def command(settings: Settings, watch: bool) -> int:
    """Show the agent, its folders (watching, degraded, paused or halted, and why), what runs and what waits.

    Without an agent it shows what waits, and ends with 3.
    """
    out = settings.output()
    if not watch:
        return print_status(settings, out)
    try:
        _watch(settings, out)
    except KeyboardInterrupt:  # the way to end it
        return 0


def print_status(settings: Settings, out: Output) -> int:
    """Show all of it once, in plain lines. Returns the exit code: 3 where no agent runs."""
    with open_desk(settings, to_act=False) as desk:
        return _print(out, desk)


def _watch(settings: Settings, out: Output) -> NoReturn:
    """Show all of it, and from then on a line for each thing that changes; with `--json` all of it again."""
    with open_desk(settings, to_act=False) as desk:
        before = look(desk)
        _print(out, desk)
    while True:
        sys.stdout.flush()
        time.sleep(WATCH_SECONDS)
        with suppress(AgentUnreachable), open_desk(settings, to_act=False) as desk:  # it ended just now
            after = look(desk)
            told = list(changes(before, after))
            if told and out.json:
                _print(out, desk)
            out.rows([((f"{datetime.now():%H:%M:%S}", "dim"), sentence) for sentence in told])
            before = after


def _print(out: Output, desk: Desk) -> int:
    status = desk.status()
    if out.json:
        known: dict[str, object] = msgspec.to_builtins(status)
        out.record(known if desk.by_agent else {**known, "agent": None})
    else:
        _print_agent(out, status, running=desk.by_agent)
        print_folders(out, status.folders)
        for progress in status.running:
            _print_running(out, progress)
        if status.waiting:
            if out.terminal:
                out.line("Waiting for you:")
            print_operations(out, status.waiting)
    if not desk.by_agent:
        out.note("No agent is running: `shelver up` or `shelver agent` starts one.")
        return AGENT_OUT_OF_REACH
    return 0


def _print_agent(out: Output, status: Status, *, running: bool) -> None:
    if not running:
        out.rows([("agent", ("not running", "warn"))])
        return
    alive = sum(worker.alive for worker in status.workers)
    since, workers = when(status.agent.started), f"{alive} of {len(status.workers)} workers"
    out.rows([("agent", ("running", "good"), f"since {since}", f"pid {status.agent.pid}", workers, status.version)])


def _print_running(out: Output, progress: Progress) -> None:
    if out.terminal:
        out.line((progress.operation, "strong"), "  ", line(progress))
    else:
        out.rows([("running", progress.operation, progress.phase, f"{progress.done}/{progress.total}")])
