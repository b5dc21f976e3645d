"""Sends processes on errands: looks that would make the agent itself large or slow."""

from __future__ import annotations

import asyncio
import logging
import sys
from asyncio.subprocess import DEVNULL, PIPE
from contextlib import suppress
from typing import TypeVar

import msgspec

from core.errands import SECONDS, Answer, Errand, Refused
from core.errors import ConfigError, ShelverError, UsageError

AT_ONCE = 2

T = TypeVar("T")
_log = logging.getLogger(__name__)


class Errands:
    """Runs a few errands at once; the others wait. Belongs to the event loop's thread."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(AT_ONCE)

    async def run(self, errand: Errand, answer: type[T]) -> T:
        """Return what an errand finds. Raises the error that refused it, ShelverError where it came to nothing."""
        async with self._free:
            raw = await self._sent(msgspec.json.encode(errand))
        told = msgspec.json.decode(raw, type=Answer)
        if told.refused is not None:
            raise _refusal(told.refused)
        return msgspec.json.decode(told.found, type=answer)

    async def _sent(self, errand: bytes) -> bytes:
        argv = [sys.executable, "-P", "-m", "core.errands"]
        process = await asyncio.create_subprocess_exec(*argv, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
        try:
            found, _ = await asyncio.wait_for(process.communicate(errand), SECONDS)
        except TimeoutError:
            raise ShelverError("it takes too long") from None
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode != 0:
            _log.error("an errand ended with %s", process.returncode)
            raise ShelverError("the look failed; try it again")
        return found


def _refusal(refused: Refused) -> ShelverError:
    kind = ConfigError if refused.code == ConfigError.code else UsageError if refused.field else _Told
    error = kind(refused.message)
    if refused.field:
        error.fields["field"] = refused.field
    return error


class _Told(UsageError):
    """{detail}"""
