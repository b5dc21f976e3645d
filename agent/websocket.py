"""Events over WebSocket: a snapshot first, then what happens, for as long as the listener keeps up."""

from __future__ import annotations

import asyncio

from aiohttp import WSCloseCode, WSMsgType, web

from agent.hub import Subscriber
from agent.serving import Agent
from core.model import FINAL_STATES

WRITE_SECONDS = 30
"""A listener that takes nothing for so long is cut off."""
SNAPSHOT_OPERATIONS = 50
"""The newest operations that a newcomer is told, beside those under way and those that wait."""
MESSAGE_LIMIT = 4096
"""Bytes that a listener may send at once; nothing that it says is heeded."""

CHANNELS: web.AppKey[set[web.WebSocketResponse]] = web.AppKey("channels", set)
"""Where an application keeps the listeners that are connected."""


async def listen(agent: Agent, request: web.Request, id: str | None) -> web.StreamResponse:
    """Send the events of one operation, or of all, until the listener goes. Raises UnknownOperation."""
    if id is not None:
        agent.operations.get(id)
    channel = web.WebSocketResponse(max_msg_size=MESSAGE_LIMIT, compress=False)
    await channel.prepare(request)
    request.app[CHANNELS].add(channel)
    try:
        with agent.hub.subscribed(id) as subscriber:
            reading = asyncio.create_task(_read(channel))
            sending = asyncio.create_task(_send(agent, channel, subscriber))
            try:
                await asyncio.wait([reading, sending], return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (reading, sending):
                    task.cancel()
                results = await asyncio.gather(reading, sending, return_exceptions=True)
    finally:
        request.app[CHANNELS].discard(channel)
    if any(isinstance(result, TimeoutError) for result in results) and request.transport is not None:
        request.transport.abort()  # closing it properly would wait for the listener, too
    elif not channel.closed:
        await channel.close(code=WSCloseCode.OK)
    return channel


async def _read(channel: web.WebSocketResponse) -> None:
    async for _ in channel:
        pass


async def _send(agent: Agent, channel: web.WebSocketResponse, subscriber: Subscriber) -> None:
    id = subscriber.operation
    if id is None:
        await _write(channel, agent.hub.snapshot(await agent.archive.newest(SNAPSHOT_OPERATIONS)))
    else:
        operation = agent.operations.get(id)
        await _write(channel, agent.hub.snapshot([operation], only=id))
        if operation.state in FINAL_STATES:
            await _write(channel, agent.hub.end(operation))
            return
    while True:
        await _write(channel, await subscriber.next())


async def _write(channel: web.WebSocketResponse, payload: bytes) -> None:
    """Send one event. Raises TimeoutError when the listener does not take it."""
    async with asyncio.timeout(WRITE_SECONDS):
        await channel.send_frame(payload, WSMsgType.TEXT)


async def close_listeners(application: web.Application) -> None:
    """Tell every listener that the agent ends."""
    listening = application[CHANNELS]
    await asyncio.gather(*[_say_goodbye(channel) for channel in listening])


async def _say_goodbye(channel: web.WebSocketResponse) -> None:
    try:
        async with asyncio.timeout(1):
            await channel.close(code=WSCloseCode.GOING_AWAY, message=b"the agent ends")
    except (TimeoutError, ConnectionError, RuntimeError):
        pass  # it does not listen, or is gone
