"""What agent and worker tell each other: messages over an inherited pair of sockets, one packet each.

The pair is SOCK_SEQPACKET: a message arrives whole or not at all, and the end of one process is the end of file
for the other.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from agent.queue import QueueName
from agent.settings import Settings
from core.model import Operation, Progress

MESSAGE_LIMIT = 192 * 1024
"""Bytes in a message; below what a socket buffer of the kernel's default size takes in one piece."""


# -- to the worker ----------------------------------------------------------------------------------------


class Begin(Struct, frozen=True, tag="begin"):
    """The first message: where everything is."""

    settings: Settings


class Wake(Struct, frozen=True, tag="wake"):
    """Something was put in a queue."""

    queue: QueueName


class Cancel(Struct, frozen=True, tag="cancel"):
    """A person asked to stop an operation."""

    operation: str


class Reload(Struct, frozen=True, tag="reload"):
    """The config changed; operations that run keep the old one."""


class Stop(Struct, frozen=True, tag="stop"):
    """Stop between two files; what is under way stays resumable."""


Order = Begin | Wake | Cancel | Reload | Stop


# -- to the agent -----------------------------------------------------------------------------------------


class Ready(Struct, frozen=True, tag="ready"):
    """The worker serves its queues."""


class Taken(Struct, frozen=True, tag="taken"):
    """The worker took an operation from its queue."""

    operation: str


class Changed(Struct, frozen=True, tag="changed"):
    """An operation has a new state."""

    operation: Operation


class Advanced(Struct, frozen=True, tag="advanced"):
    """An operation got on."""

    progress: Progress


class LeftOff(Struct, frozen=True, tag="left_off"):
    """The worker is done with an operation, for good or until it is queued again.

    `error`: what went wrong; `is_hopeless`: it would go wrong again.
    """

    operation: str
    error: str = ""
    is_hopeless: bool = False


class InUse(Struct, frozen=True, tag="in_use"):
    """Files of a folder had to be left because a program has them open: they are to be looked at again."""

    root: bytes
    paths: list[bytes]


Report = Ready | Taken | Changed | Advanced | LeftOff | InUse

_encode = msgspec.json.Encoder().encode
_orders: msgspec.json.Decoder[Order] = msgspec.json.Decoder(Order)
_reports: msgspec.json.Decoder[Report] = msgspec.json.Decoder(Report)


def pair() -> tuple[socket.socket, socket.socket]:
    """Return the two ends."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def encode(message: Order | Report) -> bytes:
    """Return a message as it is sent."""
    return _encode(message)


def reports_in(channel: socket.socket, limit: int = 64) -> Iterator[Report]:
    """Yield what the worker said, without waiting. Raises EOFError when it is gone."""
    for _ in range(limit):  # the event loop has others to serve
        try:
            packet = channel.recv(MESSAGE_LIMIT)
        except BlockingIOError:
            return
        except ConnectionResetError:  # it died with orders unread; what it said before is still there
            continue
        if not packet:
            raise EOFError
        yield _reports.decode(packet)


def next_order(channel: socket.socket) -> Order:
    """Wait for what the agent says. Raises EOFError when it is gone."""
    try:
        packet = channel.recv(MESSAGE_LIMIT)
    except ConnectionResetError:
        raise EOFError from None
    if not packet:
        raise EOFError
    return _orders.decode(packet)
