"""What a bare server and a bare disk take at the same time: the machine's own share of what an agent's answers take.

`python -m tests.long.bare SOCKET` answers each line with itself.
"""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

Act = Callable[[], Awaitable[object]]


@asynccontextmanager
async def bare_server(path: Path) -> AsyncIterator[Act]:
    """Run the server in a process of its own, and yield what asks it once."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.long.bare", str(path), stdout=PIPE)
    assert process.stdout is not None
    try:
        await process.stdout.readline()
        reader, writer = await asyncio.open_unix_connection(str(path))

        async def ask() -> None:
            writer.write(b"how are you\n")
            await reader.readline()

        yield ask
        writer.close()
    finally:
        process.kill()
        await process.wait()


def write_durably_at(path: Path) -> Act:
    """Return what writes 200 bytes to a new file, durably."""

    def write() -> None:
        descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
        try:
            os.write(descriptor, b"x" * 200)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    return lambda: asyncio.to_thread(write)


async def _serve(path: str) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)
        writer.close()

    server = await asyncio.start_unix_server(answer, path)
    print("listening", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
