"""A proxy between a client and a server that does what networks and servers do.

It speaks HTTP/1.1 with bodies of known length, on loopback, in a thread with a loop of its own. Rules are tried in
order: the first whose pattern is found in `METHOD path?query` and that has any times left decides. The Host header
goes through unchanged, so that signatures stay good.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

Fault = Literal["slow_down", "error", "error_with_200", "forbidden", "reset", "reset_in_body", "truncated", "stall",
                "lost_answer", "late"]  # fmt: skip

_XML = '<?xml version="1.0" encoding="UTF-8"?><Error><Code>{}</Code><Message>{}</Message></Error>'


@dataclass
class Rule:
    """What happens to requests whose line fits: after the first `after`, for `times` of them."""

    fault: Fault
    pattern: str
    times: int = 1
    after: int = 0
    seconds: float = 0.0
    """How long `late` waits."""

    def takes(self, line: str) -> bool:
        """Tell whether a request meets the fault; counts it."""
        if not re.search(self.pattern, line):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        self.times -= 1
        return self.times >= 0


@dataclass
class FaultProxy:
    """The proxy. `lines`: every request so far, as rules see them."""

    upstream: int
    rules: list[Rule] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    port: int = 0
    on_request: Callable[[str], None] | None = None
    """Called with each request's line before it goes on; may kill something."""
    opened: list[asyncio.StreamWriter] = field(default_factory=list)

    def add(self, fault: Fault, pattern: str, **more: int | float) -> Rule:
        """Have something happen from now on."""
        rule = Rule(fault, pattern, **more)  # type: ignore[arg-type]
        self.rules.append(rule)
        return rule

    # -- one connection

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry requests of one client to the server, one after the other."""
        with suppress(asyncio.IncompleteReadError, OSError):
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.upstream)
            self.opened.append(up_writer)
            while await self._exchange(reader, writer, up_reader, up_writer):
                pass
            up_writer.close()
        writer.close()

    async def hang_up(self) -> None:
        """End every connection."""
        for writer in self.opened:
            writer.transport.abort()
        await asyncio.sleep(0)  # the loop closes their sockets at its next turn

    async def _exchange(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        up_reader: asyncio.StreamReader,
        up_writer: asyncio.StreamWriter,
    ) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        line = head.split(b" HTTP/", 1)[0].decode("latin-1")
        self.lines.append(line)
        if self.on_request:
            self.on_request(line)
        if _value(head, b"expect"):
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            head = re.sub(rb"(?i)\r\nexpect:[^\r]*", b"", head)
        rule = next((rule for rule in self.rules if rule.takes(line)), None)
        if rule is not None and not await self._goes_on(rule, reader, head, writer):
            return False
        up_writer.write(head)
        await _carry(reader, head, up_writer)
        return await self._answer(rule, line, writer, up_reader)

    async def _goes_on(
        self, rule: Rule, reader: asyncio.StreamReader, head: bytes, writer: asyncio.StreamWriter
    ) -> bool:
        """Do what happens before the server sees anything; False: it never does."""
        match rule.fault:
            case "late":
                await asyncio.sleep(rule.seconds)
                return True
            case "slow_down":
                await self._refuse(reader, head, writer, "503 Slow Down", "SlowDown")
            case "error":
                await self._refuse(reader, head, writer, "500 Internal Server Error", "InternalError")
            case "forbidden":
                await self._refuse(reader, head, writer, "403 Forbidden", "AccessDenied")
            case "error_with_200":
                await self._refuse(reader, head, writer, "200 OK", "InternalError")
            case "reset":
                writer.transport.abort()
            case "reset_in_body":
                await reader.read(1024)
                writer.transport.abort()
            case "stall":
                await reader.read()  # until the client gives up
            case _:
                return True
        return False

    async def _refuse(
        self, reader: asyncio.StreamReader, head: bytes, writer: asyncio.StreamWriter, status: str, code: str
    ) -> None:
        await _carry(reader, head, None)
        body = _XML.format(code, code).encode()
        writer.write(
            f"HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n".encode()
            + body
        )
        await writer.drain()

    async def _answer(
        self, rule: Rule | None, line: str, writer: asyncio.StreamWriter, up_reader: asyncio.StreamReader
    ) -> bool:
        head = await up_reader.readuntil(b"\r\n\r\n")
        while head.startswith((b"HTTP/1.1 100", b"HTTP/1.0 100")):
            head = await up_reader.readuntil(b"\r\n\r\n")
        has_body = not line.startswith("HEAD ") and not re.match(rb"HTTP/1\.. (204|304)", head)
        if rule is not None and rule.fault == "lost_answer":
            if has_body:
                await _carry(up_reader, head, None)
            writer.transport.abort()
            return False
        writer.write(head)
        if rule is not None and rule.fault == "truncated" and has_body:
            writer.write(await up_reader.readexactly(_length(head) // 2))
            await writer.drain()
            writer.transport.abort()
            return False
        if has_body:
            await _carry(up_reader, head, writer)
        await writer.drain()
        return b"close" not in _value(head, b"connection").lower()


async def _carry(reader: asyncio.StreamReader, head: bytes, writer: asyncio.StreamWriter | None) -> None:
    """Carry a body on, or away."""

    async def give(data: bytes) -> None:
        if writer is not None:
            writer.write(data)
            await writer.drain()

    if b"chunked" in _value(head, b"transfer-encoding").lower():
        while True:
            size = await reader.readuntil(b"\r\n")
            await give(size)
            length = int(size.split(b";")[0], 16)
            if not length:
                break
            await give(await reader.readexactly(length + 2))
        while True:
            line = await reader.readuntil(b"\r\n")
            await give(line)
            if line == b"\r\n":
                return
    left = _length(head)
    while left:
        data = await reader.read(min(left, 65536))
        if not data:
            raise asyncio.IncompleteReadError(b"", left)
        left -= len(data)
        await give(data)


def _length(head: bytes) -> int:
    return int(_value(head, b"content-length") or 0)


def _value(head: bytes, name: bytes) -> bytes:
    found = re.search(rb"(?i)\r\n" + name + rb":[ \t]*([^\r]*)", head)
    return found[1] if found else b""


@contextmanager
def faults_before(upstream: int) -> Iterator[FaultProxy]:
    """Run a proxy before a server's port until the end of the block."""
    proxy = FaultProxy(upstream)
    ready, done = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        proxy.opened.append(writer)
        tasks.add(asyncio.ensure_future(proxy.serve(reader, writer)))

    async def run() -> None:
        server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=1 << 20)
        proxy.port = server.sockets[0].getsockname()[1]
        loops.append(asyncio.get_running_loop())
        ready.set()
        await done.wait()
        server.close()
        await proxy.hang_up()
        await asyncio.gather(*tasks, return_exceptions=True)
        await proxy.hang_up()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield proxy
    finally:
        loops[0].call_soon_threadsafe(done.set)
        thread.join(10)
        assert not thread.is_alive()
