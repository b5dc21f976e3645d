"""The worker's reports: progress never waits, states always arrive."""

from __future__ import annotations

import socket
import time

import pytest

from agent import channel
from agent.channel import Advanced, Cancel, Changed, LeftOff, Ready, Report, Taken
from agent.reporter import Reporter
from core.model import Operation, Progress, now


def progress(done: int) -> Progress:
    return Progress(operation="a", phase="executing", done=done, current="x" * 500)


def operation(number: int) -> Operation:
    return Operation(id=str(number), kind="organize", folder="dl", created=now())


def received(ours: socket.socket, last: Report) -> list[Report]:
    """Return all reports up to a certain one."""
    ours.settimeout(20)
    reports: list[Report] = []
    while last not in reports:
        reports += channel.reports_in(ours, limit=1)
    return reports


def test_an_agent_that_does_not_listen_holds_nobody_up() -> None:
    ours, theirs = channel.pair()
    with ours, theirs:
        reporter = Reporter(theirs)
        began = time.monotonic()
        for number in range(20_000):
            reporter.progressed(progress(number))
            if number % 100 == 0:
                reporter.say(Changed(operation(number)))
        assert time.monotonic() - began < 20  # it would wait for ever
        reporter.say(LeftOff("a"))
        reports = received(ours, LeftOff("a"))
        states = [int(each.operation.id) for each in reports if isinstance(each, Changed)]
        assert states == list(range(0, 20_000, 100))
        assert len(reports) < 20_000
        reporter.progressed(progress(7))
        assert received(ours, Advanced(progress(7)))
        reporter.close(20)


def test_progress_from_before_a_state_does_not_come_after_it() -> None:
    ours, theirs = channel.pair()
    with ours, theirs:
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        reporter = Reporter(theirs)
        for number in range(100):  # the buffer is full, so that the rest is still here
            reporter.say(Changed(operation(number)))
        reporter.progressed(progress(1))
        ended = Changed(Operation(id="a", kind="organize", folder="dl", state="completed", created=now()))
        reporter.say(ended)
        reports = received(ours, ended)
        reporter.close(20)  # whatever else there was is sent now
        ours.setblocking(False)
        reports += channel.reports_in(ours)
        assert not [each for each in reports if isinstance(each, Advanced)]


def test_what_a_worker_said_before_it_died_is_heard_though_it_left_orders_unread() -> None:
    ours, theirs = channel.pair()
    ours.setblocking(False)
    with ours:
        ours.send(channel.encode(Cancel("a")))
        theirs.send(channel.encode(Taken("a")))
        theirs.close()
        reports = channel.reports_in(ours)
        assert next(reports) == Taken("a")
        with pytest.raises(EOFError):
            next(reports)


def test_the_end_of_the_worker_is_heard() -> None:
    ours, theirs = channel.pair()
    ours.setblocking(False)
    with ours:
        theirs.send(channel.encode(Ready()))
        theirs.close()
        reports = channel.reports_in(ours)
        assert next(reports) == Ready()
        with pytest.raises(EOFError):
            next(reports)
