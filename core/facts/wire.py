"""What the worker and its decoders say to each other over a socket pair: frames of MessagePack behind a length.

A batch of jobs goes out with one open descriptor for each. An empty answer comes back when the decoder is about to
begin, then one for each job, in order.
"""

from __future__ import annotations

import socket
import struct
import time

import msgspec
from msgspec import Struct

Value = str | int | None
MOST_JOBS = 16
"""In one batch; so many descriptors travel in one message."""

_MOST_ANSWER = 2 * 1024 * 1024
_LENGTH = struct.Struct(">I")
_MOST_TEXT = 256 * 1024


class Job(Struct, frozen=True, array_like=True):
    """One look at one file: which family of facts, the file's format and its extension.

    `room`: width and height in pixels, of families that make a picture small.
    """

    family: str
    format: str
    extension: str
    room: tuple[int, ...] = ()


class Answer(Struct, frozen=True, array_like=True):
    """What a decoder found. `failed`: it could not read the file."""

    facts: dict[str, Value]
    failed: bool = False


_jobs = msgspec.msgpack.Decoder(list[Job])
_answers = msgspec.msgpack.Decoder(Answer)
_encode = msgspec.msgpack.Encoder().encode


def send_jobs(connection: socket.socket, jobs: list[Job], descriptors: list[int]) -> None:
    """Send a batch; the first byte carries the descriptors. Raises OSError."""
    frame = _encode(jobs)
    message = _LENGTH.pack(len(frame)) + frame
    sent = socket.send_fds(connection, [message], descriptors)
    connection.sendall(message[sent:])


def receive_jobs(connection: socket.socket) -> tuple[list[Job], list[int]]:
    """Receive a batch; no jobs when the other side is gone."""
    start, descriptors, _, _ = socket.recv_fds(connection, _LENGTH.size, MOST_JOBS)
    length = start + _exactly(connection, _LENGTH.size - len(start)) if start else b""
    if len(length) < _LENGTH.size:
        return [], descriptors
    return _jobs.decode(_exactly(connection, _LENGTH.unpack(length)[0])), descriptors


def send_answer(connection: socket.socket, answer: Answer) -> None:
    """Send what became of one job. Raises OSError."""
    frame = _encode(answer)
    connection.sendall(_LENGTH.pack(len(frame)) + frame)


def receive_answer(connection: socket.socket, names: tuple[str, ...], seconds: float) -> Answer:
    """Receive what became of one job, for the facts named, within some seconds.

    A decoder may have been taken over by what it read, so nothing it says is believed: raises ValueError for
    anything that is no answer to the question. Raises EOFError when it died, TimeoutError when it is late.
    """
    deadline = time.monotonic() + seconds
    length = _LENGTH.unpack(_exactly(connection, _LENGTH.size, deadline))[0]
    if length > _MOST_ANSWER:
        raise ValueError("an answer too long")
    answer = _answers.decode(_exactly(connection, length, deadline))
    for name, value in answer.facts.items():
        if name not in names or (isinstance(value, str) and len(value) > _MOST_TEXT):
            raise ValueError("an answer to another question")
    return answer


def _exactly(connection: socket.socket, size: int, deadline: float | None = None) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            connection.settimeout(left)
        part = connection.recv(min(size - len(parts), 1 << 20))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)
