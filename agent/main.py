"""The agent's process: starts, stops, reloads."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import logging
import os
import resource
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import get_args

from agent.logs import LogFormat, set_up
from agent.notify import notify
from agent.promptness import keep_what_is_loaded, take_turns
from agent.settings import Settings
from core.config import Config
from core.errors import Locked, ShelverError, StateFull
from core.state import StateDirectory
from core.storage.linux import ignore_lease_breaks

OPEN_FILES = 8192
"""Listeners to events and watched folders take one each."""

_log = logging.getLogger(__name__)


def run(
    config_path: Path | None, state: StateDirectory, log_format: LogFormat = "auto", folders: Sequence[Path] = ()
) -> int:
    """Be the agent until SIGTERM or SIGINT; SIGHUP reads the config again. Returns the exit code.

    `folders`: serve these with the built-in rules instead of a config. Waits while another process holds the state.
    """
    set_up(log_format, "agent")
    try:
        config = Settings.of(state, config_path, folders, log_format).read_config()
        state = _listening_where_told(state, config)
        settings = Settings.of(state, config_path, folders, log_format)
        state.prepare()
        with ExitStack() as held:
            _hold(state, held)
            with suppress(StateFull):  # then what is asked for says so
                state.check_room()
            _raise_limit()
            ignore_lease_breaks()
            asyncio.run(_serve(settings, config))
    except ShelverError as error:
        _log.critical("%s", error)
        return error.exit_code
    return 0


def _listening_where_told(state: StateDirectory, config: Config) -> StateDirectory:
    """Return the state with the config's socket, unless it is a separate Shelver, which has its own."""
    is_separate = state.socket.parent == state.state
    return dataclasses.replace(state, socket=config.agent.socket) if config.agent.socket and not is_separate else state


def _hold(state: StateDirectory, held: ExitStack) -> None:
    try:
        held.enter_context(state.lock())
    except Locked:
        _log.info("waiting for another Shelver process to let go of the state")
        notify("STATUS=waiting for another Shelver process")
        held.enter_context(state.lock(wait=True))


def _raise_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _serve(settings: Settings, config: Config) -> None:
    from agent.daemon import Daemon  # noqa: PLC0415 -- a wrong config is told before the server is loaded

    loop = asyncio.get_running_loop()
    take_turns()
    agent = Daemon(settings, config)
    keep_what_is_loaded()
    reloading: set[asyncio.Task[None]] = set()

    def reload() -> None:
        task = loop.create_task(agent.reload())
        reloading.add(task)
        task.add_done_callback(reloading.discard)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, agent.stop)
    loop.add_signal_handler(signal.SIGHUP, reload)
    await agent.run()


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and be the agent. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="agent.main", description="The agent of Shelver, in the foreground.")
    parser.add_argument("--config", type=Path, help="the config; the user's own if left out")
    parser.add_argument("--state", type=Path, default=os.environ.get("SHELVER_STATE"), help="a separate Shelver here")
    parser.add_argument("--folder", type=Path, action="append", default=[], help="serve this with the built-in rules")
    parser.add_argument("--log-format", choices=get_args(LogFormat), default="auto")
    options = parser.parse_args(arguments)
    state = StateDirectory.beneath(Path(options.state)) if options.state else StateDirectory.of_user()
    return run(options.config, state, options.log_format, options.folder)


if __name__ == "__main__":
    sys.exit(main())
