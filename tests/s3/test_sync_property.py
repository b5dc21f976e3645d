"""Random trees and random edits on both sides, also while a sync is under way, and syncs that are cut off.

In the manner of what Dropbox told of its CanopyCheck: whatever happened, once people hold still both sides become the
same, a further sync plans nothing, and every content that a person made is somewhere: live, under a conflict's name or
in a trash. What a person deleted may be in the trash only.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.execute import execute
from core.storage.s3.endpoint import Endpoint
from core.storage.s3.objects import Objects
from tests.acting import Silent
from tests.s3.conftest import open_bucket
from tests.s3.faults import FaultProxy
from tests.s3.pairs import PairStage
from tests.s3.servers import Server

NAMES = ("a", "b.txt", "d/a", "d/c", "e/f/g", "é")
_numbers = itertools.count(1)
_clock = itertools.count(1)

Edit = tuple[str, str, str, str]
"""What is done, on which side, to which name, and the other name that it takes."""

names = st.sampled_from(NAMES)
edits = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(["here", "there"]), names, names),
    st.tuples(st.just("delete"), st.sampled_from(["here", "there"]), names, names),
    st.tuples(st.just("rename"), st.sampled_from(["here", "there"]), names, names),
    st.tuples(st.just("touch"), st.just("here"), names, names),
)
rounds = st.lists(
    st.tuples(
        st.lists(edits, max_size=5),  # before the plan
        st.lists(edits, max_size=3),  # between the plan and its run
        st.sampled_from(["run", "cut off", "forget the state", "run", "run"]),
    ),
    min_size=1,
    max_size=4,
)


class People:
    """Two people, one on each side. `made`: every content that one of them wrote, and may not be lost."""

    def __init__(self, pair: PairStage) -> None:
        self.pair = pair
        self.made: set[bytes] = set()

    def do(self, edit: tuple[str, str, str, str]) -> None:
        what, side, name, other = edit
        act: Callable[[str, str], None] = getattr(self, f"{what}_{side}")
        act(name, other)

    def _content(self, side: str) -> bytes:
        content = f"{side} {next(_numbers)}".encode()
        self.made.add(content)
        return content

    # -- here

    def write_here(self, name: str, _: str) -> None:
        path = self.pair.folder / name
        if path.is_dir() or any(parent.is_file() for parent in path.parents):
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self._content("here"))
        os.utime(path, ns=(10**18, 10**18 + next(_clock)))

    def delete_here(self, name: str, _: str) -> None:
        path = self.pair.folder / name
        if path.is_file():
            path.unlink()

    def rename_here(self, name: str, other: str) -> None:
        source, target = self.pair.folder / name, self.pair.folder / other
        if source.is_file() and not target.exists() and target.parent.is_dir():
            source.rename(target)

    def touch_here(self, name: str, _: str) -> None:
        path = self.pair.folder / name
        if path.is_file():
            os.utime(path, ns=(10**18, 10**18 + next(_clock)))

    # -- there

    def write_there(self, name: str, _: str) -> None:
        self.pair.put({name: self._content("there")})

    def delete_there(self, name: str, _: str) -> None:
        self.pair.remove(name)

    def rename_there(self, name: str, other: str) -> None:
        there = self.pair.there()
        if name in there and other not in there:
            self.pair.put({other: there[name]})
            self.pair.remove(name)


def everything(pair: PairStage) -> set[bytes]:
    """Return every content that is anywhere: in the folder, in the bucket, in either trash."""
    return {*pair.files().values(), *pair.objects().values()}


class CutOff(BaseException):
    """The process ends here."""


def run_and_cut_off(pair: PairStage, after: int) -> None:
    """Begin a sync, and end amid it, at a request."""
    plan = pair.plan_sync()
    files = pair.operation(plan.operation)
    requests = itertools.count()

    def count(**_: object) -> None:
        if next(requests) >= after:
            raise CutOff

    events = pair.bucket.endpoint.client.meta.events
    events.register("before-send.s3", count)
    try:
        with files.journal() as journal:
            execute(files.plan(), journal, Silent(), open_root=pair.open_root)
    except CutOff:
        pass
    finally:
        events.unregister("before-send.s3", count)
    pair.carry_out(plan)  # as the engine resumes what it finds


@pytest.mark.heavy
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", ["ministack", "moto"])
def test_both_sides_become_the_same_and_nothing_is_lost(name: str, servers: dict[str, Server], tmp_path: Path) -> None:
    server = servers[name]

    @settings(
        max_examples=60 if name == "ministack" else 20,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(rounds)
    def scenario(steps: list[tuple[list[tuple[str, str, str, str]], list[tuple[str, str, str, str]], str]]) -> None:
        endpoint = Endpoint(server.remote)
        bucket = open_bucket(server, endpoint)
        pair = PairStage(tmp_path / f"{next(_numbers)}", bucket)
        people = People(pair)
        deleted_may_be_gone = set()
        try:
            for before, meanwhile, how in steps:
                for edit in before:
                    deleted_may_be_gone |= _overwritten(people, edit)
                if how == "cut off":
                    run_and_cut_off(pair, len(meanwhile) * 4)
                    continue
                if how == "forget the state":
                    for file in pair.directory.glob("scans.db*"):
                        file.unlink()
                plan = pair.plan_sync()
                for edit in meanwhile:
                    deleted_may_be_gone |= _overwritten(people, edit)
                pair.carry_out(plan)
            for _ in range(4):
                if not pair.plan_sync().steps:
                    break
                pair.sync()
            assert [step for step in pair.plan_sync().steps if not step.refused] == []
            refused = {step.source.decode() for step in pair.plan_sync().steps}
            here = {path: content for path, content in pair.here().items() if path not in refused}
            there = {path: content for path, content in pair.there().items() if path not in refused}
            assert here == there
            assert people.made - deleted_may_be_gone <= everything(pair)
        finally:
            bucket.close()
            endpoint.close()

    scenario()


def _overwritten(people: People, edit: tuple[str, str, str, str]) -> set[bytes]:
    """Carry out an edit; return the contents that this very edit, not Shelver, made disappear."""
    before = everything(people.pair)
    people.do(edit)
    return before - everything(people.pair)


# -- amid a sync ------------------------------------------------------------------------------------------

amid = st.lists(
    st.tuples(
        st.lists(edits, max_size=4),  # before the plan
        st.lists(st.tuples(st.integers(0, 25), edits), max_size=4),  # when its run makes a request of that number
        st.lists(st.integers(0, 25), max_size=2),  # requests of the run whose answers are lost
        st.lists(st.integers(0, 6), max_size=2),  # writing requests right before which their object is changed
    ),
    min_size=1,
    max_size=3,
)


class Amid:
    """Hears each request before it goes on, and has people edit, or its answer lost, when its turn comes."""

    def __init__(self, people: People, proxy: FaultProxy) -> None:
        self.may_be_gone: set[bytes] = set()
        self._people = people
        self._proxy = proxy
        self._edits: list[tuple[int, Edit]] = []
        self._lost: list[int] = []
        self._ambushes: list[int] = []
        self._count = self._writes = 0

    def begin(self, edits: list[tuple[int, Edit]], lost: list[int], ambushes: list[int]) -> None:
        self._edits, self._lost, self._ambushes = edits, lost, ambushes
        self._count = self._writes = 0
        self._proxy.on_request = self._hear

    def end(self) -> None:
        self._proxy.on_request = None
        self._proxy.rules.clear()
        for _, edit in [each for each in self._edits if each[0] >= self._count]:
            self.edit(edit)

    def _hear(self, line: str) -> None:
        now, self._count = self._count, self._count + 1
        for number, edit in self._edits:
            if number == now:
                self.edit(edit)
        if now in self._lost:
            self._proxy.add("lost_answer", ".")
        if names := self._about_to_change(line):
            if self._writes in self._ambushes:
                for name in names:
                    self.edit(("write", "there", name, name))
            self._writes += 1

    def _about_to_change(self, line: str) -> list[str]:
        """Return the objects that a request writes or deletes; of a request that deletes many, all there are."""
        method, _, rest = line.partition(" ")
        place, _, query = rest.partition("?")
        name = unquote(place).removeprefix(f"/{self._people.pair.bucket.name}/{self._people.pair.bucket.prefix}")
        if method == "POST" and query == "delete":
            return [each for each in NAMES if each in self._people.pair.there()]
        return [name] if method in ("PUT", "DELETE") and not name.startswith((".shelver", "/")) else []

    def edit(self, edit: Edit) -> None:
        """Carry an edit out; what it replaces or deletes is gone by a person's hand."""
        what, side, name, _ = edit
        if what in ("write", "delete"):
            pair = self._people.pair
            found = pair.here().get(name) if side == "here" else pair.there().get(name)
            self.may_be_gone |= {found} if found is not None else set()
        self._people.do(edit)


@pytest.mark.heavy
@pytest.mark.timeout(1200)
def test_edits_amid_a_sync_and_lost_answers_lose_nothing_where_conditions_are_honoured(
    servers: dict[str, Server], proxy: FaultProxy, tmp_path: Path
) -> None:
    server = servers["ministack"]

    @settings(
        max_examples=60,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(amid)
    def scenario(turns: list[tuple[list[Edit], list[tuple[int, Edit]], list[int], list[int]]]) -> None:
        straight, shaky = Endpoint(server.remote), Endpoint(Server("ministack", proxy.port).remote)
        bucket = open_bucket(server, straight)
        directory = tmp_path / f"{next(_numbers)}"
        people = People(PairStage(directory, bucket))
        pair = PairStage(directory, Objects(bucket.root, shaky, bucket.can))
        hearing = Amid(people, proxy)
        try:
            for before, meanwhile, lost, ambushes in turns:
                for edit in before:
                    hearing.edit(edit)
                plan = pair.plan_sync()
                hearing.begin(meanwhile, lost, ambushes)
                pair.carry_out(plan)
                hearing.end()
            for _ in range(4):
                if not pair.plan_sync().steps:
                    break
                pair.sync()
            left = pair.plan_sync().steps
            assert [step for step in left if not step.refused] == []
            refused = {step.source.decode() for step in left}
            here = {path: content for path, content in pair.here().items() if path not in refused}
            there = {path: content for path, content in pair.there().items() if path not in refused}
            assert here == there
            assert people.made - hearing.may_be_gone <= everything(people.pair)
        finally:
            proxy.on_request = None
            proxy.rules.clear()
            for each in (bucket, pair.bucket, straight, shaky):
                each.close()

    scenario()
