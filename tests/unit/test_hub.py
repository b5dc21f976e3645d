"""The hub: nothing that matters is dropped, nothing else piles up."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from agent.hub import PROGRESS_PAUSE, QUEUE_LIMIT, Hub, Subscriber
from core.model import Event, FolderStatus, Operation, Progress, State, now


class Time:
    """A clock that stands still until it is moved, and calls what falls due."""

    def __init__(self) -> None:
        self.moment = 100.0
        self._due: list[tuple[float, Callable[[], None]]] = []

    def __call__(self) -> float:
        return self.moment

    def later(self, seconds: float, act: Callable[[], None]) -> Timer:
        entry = (self.moment + seconds, act)
        self._due.append(entry)
        return Timer(self._due, entry)

    def move(self, seconds: float) -> None:
        self.moment += seconds
        due = [entry for entry in self._due if entry[0] <= self.moment]
        self._due = [entry for entry in self._due if entry not in due]
        for _, act in due:
            act()


class Timer:
    """What can be called off."""

    def __init__(self, due: list[tuple[float, Callable[[], None]]], entry: tuple[float, Callable[[], None]]) -> None:
        self._due, self._entry = due, entry

    def cancel(self) -> None:
        if self._entry in self._due:
            self._due.remove(self._entry)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def hub(time: Time) -> Hub:
    return Hub(time.later, time)


def operation(id: str, state: State = "running") -> Operation:
    return Operation(id=id, kind="organize", folder="dl", state=state, created=now())


def progress(id: str, done: int) -> Progress:
    return Progress(operation=id, phase="executing", done=done, total=100)


async def taken(subscriber: Subscriber) -> list[Event]:
    """Return what waits for a listener."""
    return [msgspec.json.decode(await subscriber.next(), type=Event) for _ in range(len(subscriber))]


async def test_of_progress_only_the_newest_is_told_and_in_time(hub: Hub, time: Time) -> None:
    with hub.subscribed() as listener:
        for done in range(10):
            hub.progress(progress("a", done))
        assert [event.progress.done for event in await taken(listener) if event.progress] == [0]
        time.move(PROGRESS_PAUSE)
        assert [event.progress.done for event in await taken(listener) if event.progress] == [9]
        time.move(10)
        assert await taken(listener) == []
    assert hub.counters.coalesced > 0


async def test_each_operation_has_a_pace_of_its_own(hub: Hub) -> None:
    with hub.subscribed() as listener:
        hub.progress(progress("a", 1))
        hub.progress(progress("b", 2))
        assert [event.progress.operation for event in await taken(listener) if event.progress] == ["a", "b"]


async def test_no_progress_is_told_after_the_end(hub: Hub, time: Time) -> None:
    with hub.subscribed() as listener:
        hub.progress(progress("a", 1))
        hub.progress(progress("a", 2))
        hub.operation(operation("a", "completed"))
        time.move(10)
        assert [event.type for event in await taken(listener)] == ["progress", "end"]
    assert hub.running == []


@pytest.mark.parametrize("state", ["proposed", "interrupted"])
async def test_what_waits_for_a_person_has_no_progress(hub: Hub, state: State) -> None:
    hub.progress(progress("a", 1))
    hub.operation(operation("a", state))
    assert hub.running == []


async def test_events_are_numbered_without_a_gap(hub: Hub, time: Time) -> None:
    with hub.subscribed() as listener:
        hub.operation(operation("a", "planning"))
        hub.progress(progress("a", 1))
        hub.operation(operation("a"))
        hub.folder(FolderStatus(name="dl", path="/dl"))
        hub.operation(operation("a", "completed"))
        assert [event.seq for event in await taken(listener)] == [1, 2, 3, 4, 5]


async def test_a_listener_to_one_operation_hears_of_no_other(hub: Hub) -> None:
    with hub.subscribed("a") as listener:
        hub.operation(operation("b"))
        hub.progress(progress("b", 1))
        hub.operation(operation("a"))
        assert [event.operation.id for event in await taken(listener) if event.operation] == ["a"]


async def test_a_folder_that_says_the_same_again_is_not_told_again(hub: Hub) -> None:
    status = FolderStatus(name="dl", path="/dl")
    with hub.subscribed() as listener:
        hub.folder(status)
        hub.folder(status)
        status.waiting = 3
        hub.folder(status)
        assert len(await taken(listener)) == 2


async def test_a_full_queue_loses_progress_before_state(hub: Hub, time: Time) -> None:
    with hub.subscribed() as slow:
        hub.operation(operation("a", "planning"))
        for done in range(QUEUE_LIMIT + 10):
            time.move(1)
            hub.progress(progress("a", done))
        hub.operation(operation("a", "completed"))
        events = await taken(slow)
    assert events[0].operation is not None and events[0].operation.state == "planning"
    assert [event.type for event in events if event.type != "progress"] == ["operation", "resync", "end"]
    assert len(events) <= QUEUE_LIMIT


async def test_a_queue_full_of_states_is_emptied_and_says_so(hub: Hub) -> None:
    with hub.subscribed() as slow, hub.subscribed() as quick:
        for number in range(QUEUE_LIMIT + 50):
            hub.operation(operation(str(number)))
            assert [event.operation.id for event in await taken(quick) if event.operation] == [str(number)]
        assert len(slow) <= QUEUE_LIMIT
        events = await taken(slow)
    assert events[0].type == "resync"
    assert events[-1].operation is not None and events[-1].operation.id == str(QUEUE_LIMIT + 49)


async def test_a_newcomer_is_told_all_that_goes_on(hub: Hub) -> None:
    hub.folder(FolderStatus(name="dl", path="/dl"))
    hub.progress(progress("a", 5))
    hub.progress(progress("b", 6))
    snapshot = msgspec.json.decode(hub.snapshot([operation("a")]), type=Event)
    assert snapshot.type == "snapshot" and snapshot.seq == 3
    assert [each.done for each in snapshot.progresses or []] == [5, 6]
    assert [each.name for each in snapshot.folders or []] == ["dl"]
    alone = msgspec.json.decode(hub.snapshot([operation("a")], only="a"), type=Event)
    assert [each.done for each in alone.progresses or []] == [5]
    assert not alone.folders


async def test_an_event_is_encoded_once(hub: Hub) -> None:
    with hub.subscribed() as one, hub.subscribed() as other:
        hub.operation(operation("a"))
        assert await one.next() is await other.next()


async def test_who_listens_no_more_gets_nothing(hub: Hub) -> None:
    with hub.subscribed() as listener:
        assert hub.listeners == 1
    hub.operation(operation("a"))
    assert len(listener) == 0
    assert hub.listeners == 0
