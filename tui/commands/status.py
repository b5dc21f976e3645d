"""`shelver status`: agent, folders, what runs and what waits, at one look."""

from __future__ import annotations

import time

import click
import msgspec

from core.model import Progress
from tui.commands.desk import Desk, open_desk
from tui.commands.folders import print_folders
from tui.commands.frame import Settings, verb
from tui.commands.output import Output
from tui.commands.progress import line
from tui.commands.records import print_operations, when
from tui.wire import Status

WATCH_SECONDS = 2.0
AGENT_OUT_OF_REACH = 3


@verb("status", example="shelver status --watch")
@click.option("--watch", is_flag=True, help="Again every two seconds, until Ctrl-C.")
def command(settings: Settings, watch: bool) -> int:
    """Show the agent, its folders (watching, degraded, paused or halted, and why), what runs and what waits.

    Without an agent it shows what waits, and ends with 3.
    """
    out = settings.output()
    if not watch:
        return _look(settings, out)
    try:
        while True:
            if out.terminal and not out.json:
                click.clear()
            _look(settings, out)
            time.sleep(WATCH_SECONDS)
    except KeyboardInterrupt:  # the way to end it
        return 0


def _look(settings: Settings, out: Output) -> int:
    with open_desk(settings, to_act=False) as desk:
        return _print(out, desk)


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
