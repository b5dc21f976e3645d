"""Asks a process of its own which files that arrived are copies: it keeps the agent small, and ends when it is idle."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from core.config import Config, Folder
from core.duplicates import Place
from core.duplicates.lookups import Found, LookUp

IDLE_SECONDS = 60.0
PATIENCE_SECONDS = 300.0
"""The first look walks every folder."""
LONGEST_LINE = 64 * 1024 * 1024

_log = logging.getLogger(__name__)


class Lookups:
    """One process at most, started when it is needed. Belongs to the event loop's thread."""

    def __init__(self, contents: Path) -> None:
        self._contents = contents
        self._asking = asyncio.Lock()
        self._process: Process | None = None
        self._leaving: Process | None = None
        self._idle: asyncio.TimerHandle | None = None

    async def copies(self, config: Config, folder: Folder, paths: Sequence[bytes]) -> list[bytes]:
        """Return which files (paths relative to the folder) are copies; none where it cannot be told."""
        asked = LookUp(folder.path, list(paths), _places(config), os.fspath(self._contents), config.duplicates.min_size)
        async with self._asking:
            if self._idle is not None:
                self._idle.cancel()
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    found = await self._ask(asked)
            except (OSError, ValueError, EOFError, TimeoutError, msgspec.MsgspecError) as error:
                found = Found(error=str(error) or type(error).__name__)
                await self._end()
            except BaseException:  # cancelled amid an answer, which nobody will read any more
                await asyncio.shield(self._end())
                raise
            self._idle = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._let_go)
        if found.error:
            _log.warning("what arrived was not looked up: %s", found.error)
        return found.copies

    async def _ask(self, asked: LookUp) -> Found:
        if self._process is None or self._process.returncode is not None:
            argv = [sys.executable, "-P", "-m", "core.duplicates.lookups"]
            self._process = await asyncio.create_subprocess_exec(
                *argv, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, limit=LONGEST_LINE
            )
        writer, reader = self._process.stdin, self._process.stdout
        assert writer is not None and reader is not None
        writer.write(msgspec.json.encode(asked) + b"\n")
        await writer.drain()
        line = await reader.readline()
        if not line:
            raise EOFError("it ended")
        return msgspec.json.decode(line, type=Found)

    def _let_go(self) -> None:
        """Have it end by itself: nobody will ask it any more."""
        if self._process is not None and self._process.stdin is not None and not self._asking.locked():
            self._process.stdin.close()
            self._leaving, self._process = self._process, None

    async def _end(self) -> None:
        ending = filter(None, (self._process, self._leaving))
        self._process = self._leaving = None
        for process in ending:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def close(self) -> None:
        """End it."""
        if self._idle is not None:
            self._idle.cancel()
        await self._end()


def _places(config: Config) -> list[Place]:
    return [
        Place(folder.name, folder.path, folder.ignore)
        for folder in config.folders
        if folder.is_local and os.path.isdir(folder.path)
    ]
