"""Who may do what, by the kernel's word. (As other users: tests/integration/test_agent_api.py.)"""

from __future__ import annotations

import asyncio
import grp
import os
import pwd
from pathlib import Path

import pytest

from agent.auth import Access, Peer, People, peer_of
from core.errors import NotAllowed

STRANGER = Peer(1, 4_000_000, 4_000_000, frozenset())


def test_owner_and_root_may_act() -> None:
    access = Access(owner=1000)
    assert access.rights(Peer(1, 1000, 1000, frozenset())) == ["view", "act"]
    assert access.rights(Peer(1, 0, 0, frozenset())) == ["view", "act"]


def test_others_may_do_nothing() -> None:
    access = Access(owner=1000)
    assert access.rights(STRANGER) == []
    with pytest.raises(NotAllowed):
        access.require(STRANGER, "view")


def test_by_default_nobody_owns() -> None:
    assert Access().rights(STRANGER) == []


@pytest.mark.parametrize(
    ("peer", "rights"),
    [
        (Peer(1, 7, 99, frozenset()), ["view", "act"]),  # the user itself
        (Peer(1, 99, 8, frozenset()), ["view", "act"]),  # its primary group
        (Peer(1, 99, 99, frozenset({5, 8})), ["view", "act"]),  # one of its other groups
        (Peer(1, 9, 99, frozenset()), ["view"]),
        (Peer(1, 9, 8, frozenset()), ["view", "act"]),  # the greater right counts
        (Peer(1, 8, 7, frozenset()), []),  # a user's number is no group's
    ],
)
def test_admins_act_and_viewers_look(peer: Peer, rights: list[str]) -> None:
    access = Access(People(frozenset({7}), frozenset({8})), People(frozenset({9})), owner=1000)
    assert access.rights(peer) == rights


def test_names_are_users_and_groups(caplog: pytest.LogCaptureFixture) -> None:
    user, group = pwd.getpwuid(0), grp.getgrgid(0)
    people = People.named([user.pw_name, group.gr_name, "no such\x1bone"])
    assert people == People(frozenset({0}), frozenset({0}))
    assert "no such\\x1bone" in caplog.text
    assert not People.named([])


async def test_the_kernel_tells_who_is_connected(tmp_path: Path) -> None:
    found: asyncio.Future[Peer] = asyncio.get_running_loop().create_future()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.set_result(peer_of(writer.transport))
        writer.close()

    async with await asyncio.start_unix_server(connected, tmp_path / "s"):
        _, writer = await asyncio.open_unix_connection(tmp_path / "s")
        peer = await found
        writer.close()
        await writer.wait_closed()
    assert (peer.pid, peer.uid, peer.gid) == (os.getpid(), os.geteuid(), os.getegid())
    assert peer.groups == frozenset(os.getgroups())


def test_a_connection_that_is_gone_is_nobody() -> None:
    with pytest.raises(NotAllowed):
        peer_of(None)
