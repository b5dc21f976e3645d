"""Who asks, as the kernel tells, and what that user may do.

The owner of the agent and root may act, and so may `[agent] admins`; `viewers` may look; nobody else may do
anything. Credentials are those of the process that connected, at the moment it connected.
"""

from __future__ import annotations

import asyncio
import grp
import logging
import os
import pwd
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from core.errors import NotAllowed
from core.names import shown

Right = Literal["view", "act"]

_SO_PEERGROUPS = 59  # Linux 4.13; Python has no name for it
_GROUPS_BYTES = 1024  # the largest answer that Python's getsockopt can hold: 256 groups
_CREDENTIALS = struct.Struct("iII")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Peer:
    """The process at the other end of a connection."""

    pid: int
    uid: int
    gid: int
    groups: frozenset[int]


@dataclass(frozen=True)
class People:
    """Users and groups that the config names."""

    users: frozenset[int] = frozenset()
    groups: frozenset[int] = frozenset()

    @classmethod
    def named(cls, names: Iterable[str]) -> People:
        """Look names up among users and groups; one that is unknown is reported and gives nobody a right."""
        users, groups = set(), set()
        for name in names:
            known = False
            try:
                users.add(pwd.getpwnam(name).pw_uid)
                known = True
            except KeyError:
                pass
            try:
                groups.add(grp.getgrnam(name).gr_gid)
                known = True
            except KeyError:
                pass
            if not known:
                _log.warning("no user or group is called %s", shown(name))
        return cls(frozenset(users), frozenset(groups))

    def __contains__(self, peer: Peer) -> bool:
        return peer.uid in self.users or peer.gid in self.groups or bool(peer.groups & self.groups)

    def __bool__(self) -> bool:
        return bool(self.users or self.groups)


@dataclass(frozen=True)
class Access:
    """What each peer may do on this agent's socket."""

    admins: People = People()
    viewers: People = People()
    owner: int = -1

    @classmethod
    def of(cls, admins: Iterable[str], viewers: Iterable[str]) -> Access:
        """Return the rights that the config grants on a socket of this process's user."""
        return cls(People.named(admins), People.named(viewers), os.geteuid())

    def rights(self, peer: Peer) -> list[Right]:
        """Return what a peer may do, nothing by default."""
        if peer.uid in (0, self.owner) or peer in self.admins:
            return ["view", "act"]
        return ["view"] if peer in self.viewers else []

    def require(self, peer: Peer, right: Right) -> None:
        """Raise NotAllowed unless a peer has a right."""
        if right not in self.rights(peer):
            raise NotAllowed(f"user {peer.uid} may not {right} here")


def user_name(uid: int) -> str:
    """Return what a user is called; may ask a directory service, so call it in a thread."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def peer_of(transport: asyncio.BaseTransport | None) -> Peer:
    """Return who is connected. Raises NotAllowed when the connection is gone, so that nobody is taken for somebody."""
    connection = transport.get_extra_info("socket") if transport is not None else None
    if connection is None:
        raise NotAllowed("the connection is gone")
    try:
        raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    except OSError as error:
        raise NotAllowed(f"the connection does not say who it is: {error.strerror}") from None
    pid, uid, gid = _CREDENTIALS.unpack(raw)
    return Peer(pid, uid, gid, _groups(connection))


def _groups(connection: socket.socket) -> frozenset[int]:
    try:
        raw = connection.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, _GROUPS_BYTES)
    except OSError:  # an old kernel, or more groups than fit: the primary group alone counts
        return frozenset()
    return frozenset(struct.unpack(f"{len(raw) // 4}I", raw))
