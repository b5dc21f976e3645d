"""News for the program that `[notify]` names: a folder halted, an operation failed or waits."""

from __future__ import annotations

import asyncio
import logging
import os

from core.config import NotifySettings
from core.model import FolderStatus, Operation
from core.names import shown

SECONDS = 30
"""How long the program may take."""
WAITING = 50
"""News that wait for the program; more are dropped."""

_log = logging.getLogger(__name__)


class Notices:
    """Starts the program for one piece of news after another, never two at once."""

    def __init__(self, settings: NotifySettings) -> None:
        self.settings = settings
        self._waiting: asyncio.Queue[tuple[str, str, str]] = asyncio.Queue(WAITING)

    def folder_halted(self, status: FolderStatus) -> None:
        """Tell that a folder halted."""
        self._tell("halted", f"folder {shown(status.name)} is halted: {status.reason}", "")

    def operation_rested(self, operation: Operation) -> None:
        """Tell how an operation ended, or that it waits."""
        if operation.state == "proposed" and not operation.automatic:
            return  # a person asked for a preview and is looking at it
        self._tell(operation.state, in_words(operation), operation.id)

    def _tell(self, news: str, text: str, operation: str) -> None:
        if self.settings.command and news in self.settings.on:
            try:
                self._waiting.put_nowait((news, text, operation))
            except asyncio.QueueFull:
                _log.warning("too many news for the notify command, one is dropped: %s", text)

    async def run(self) -> None:
        """Start the program whenever there is news, until cancelled."""
        while True:
            await self._start(*await self._waiting.get())

    async def _start(self, news: str, text: str, operation: str) -> None:
        environment = {**os.environ, "SHELVER_NEWS": news, "SHELVER_OPERATION": operation, "SHELVER_MESSAGE": text}
        environment.pop("NOTIFY_SOCKET", None)
        try:
            process = await asyncio.create_subprocess_exec(
                *self.settings.command,
                text,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            _log.warning("the notify command cannot be started: %s", error.strerror)
            return
        try:
            async with asyncio.timeout(SECONDS):
                code = await process.wait()
            if code:
                _log.warning("the notify command ended with %d", code)
        except TimeoutError:
            process.kill()
            await process.wait()
            _log.warning("the notify command took longer than %d seconds and was ended", SECONDS)


def in_words(operation: Operation) -> str:
    """Return what became of an operation, in one line."""
    counts = operation.counts
    text = f"{operation.kind} of {shown(operation.folder)} is {operation.state}"
    if operation.state == "proposed":
        return f"{text}: {counts.planned} files, {operation.note or 'look it over'}"
    text += f": {counts.done} done, {counts.skipped} skipped, {counts.failed} failed"
    return f"{text}; {operation.error}" if operation.error else text
