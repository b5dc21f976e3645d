"""The agent's housekeeping: what was in the trash long enough goes, and so do journals that nobody needs any more."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import closing

from core import retention
from core.config import Config
from core.names import shown
from core.state import StateDirectory
from core.storage.remotes import Remotes

FIRST_SECONDS = 10 * 60
"""After the start, when the folders are quiet."""
PAUSE_SECONDS = 6 * 60 * 60

_log = logging.getLogger(__name__)


async def keep_house(state: StateDirectory, config: Callable[[], Config], forgotten: Callable[[str], None]) -> None:
    """Empty the trash of what expired and drop old journals, four times a day, until cancelled.

    `forgotten` is called in a thread with the id of each operation that goes.
    """
    pause = FIRST_SECONDS
    while True:
        await asyncio.sleep(pause)
        pause = PAUSE_SECONDS
        try:
            await asyncio.to_thread(keep_house_once, state, config(), forgotten)
        except Exception:
            _log.exception("housekeeping failed")


def keep_house_once(state: StateDirectory, config: Config, forgotten: Callable[[str], None]) -> None:
    """Do so once. Blocks on the disk."""
    with closing(Remotes(config, state.remotes)) as remotes:
        gone = retention.purge(state, config.trash.keep, _log_purge, open_root=remotes.open)
        if gone:
            _log.info("the trash let go of %d files, %d bytes", len(gone), sum(each.size for each in gone))
        retention.forget(state, config.history.keep, forgotten, open_root=remotes.open)


def _log_purge(each: retention.Trashed) -> None:
    _log.info("removed from the trash: %s of operation %s", shown(each.original), each.operation)
