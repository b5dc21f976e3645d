"""Buckets on real servers: the same tests run against each of three."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from core.storage.s3.bucket import Bucket
from core.storage.s3.capabilities import Capabilities, probe
from core.storage.s3.endpoint import Endpoint
from core.storage.s3.objects import Objects
from tests.s3.faults import FaultProxy, faults_before
from tests.s3.servers import SERVERS, Server, environment, make_bucket, running

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Find the servers' credentials in the environment, and nobody else's."""
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Server]]:
    """Servers that were asked for, started when they first are."""
    with _Started(tmp_path_factory) as started:
        yield started


class _Started(dict[str, Server]):
    def __init__(self, rooms: pytest.TempPathFactory) -> None:
        super().__init__()
        self._rooms = rooms
        self._running: list[Iterator[Server]] = []

    def __missing__(self, name: str) -> Server:
        context = running(name, self._rooms.mktemp("s3"))
        self[name] = context.__enter__()
        self._running.append(context)  # type: ignore[arg-type]
        return self[name]

    def __enter__(self) -> _Started:
        return self

    def __exit__(self, *_: object) -> None:
        for context in reversed(self._running):
            context.__exit__(None, None, None)  # type: ignore[attr-defined]


_EVERY_DAY = "ministack"
"""The one that honours most, and answers soonest; CI asks the others, too."""


@pytest.fixture(
    params=[name if name == _EVERY_DAY else pytest.param(name, marks=pytest.mark.heavy) for name in SERVERS]
)
def server(request: pytest.FixtureRequest, servers: dict[str, Server]) -> Server:
    """Each real server in turn."""
    return servers[request.param]


_known: dict[str, Capabilities] = {}


def open_bucket(server: Server, endpoint: Endpoint, prefix: str = "in") -> Objects:
    """Make a bucket of its own at a server and open a prefix of it."""
    name = f"shelver-{next(_numbers)}"
    make_bucket(endpoint, name)
    root = f"s3://{name}/{prefix}".rstrip("/").encode()
    if server.name not in _known:
        _known[server.name] = probe(Bucket(root, endpoint))
    return Objects(root, endpoint, _known[server.name])


@pytest.fixture
def endpoint(server: Server) -> Iterator[Endpoint]:
    """A client of a server."""
    found = Endpoint(server.remote)
    yield found
    found.close()


@pytest.fixture
def bucket(server: Server, endpoint: Endpoint) -> Iterator[Objects]:
    """A fresh bucket at a server."""
    with_threads = open_bucket(server, endpoint)
    yield with_threads
    with_threads.close()


@pytest.fixture
def proxy(servers: dict[str, Server]) -> Iterator[FaultProxy]:
    """A proxy before the server that honours most conditions."""
    with faults_before(servers["ministack"].port) as found:
        yield found


@pytest.fixture
def shaky(servers: dict[str, Server], proxy: FaultProxy) -> Iterator[Objects]:
    """A fresh bucket behind the proxy."""
    straight = Endpoint(servers["ministack"].remote)
    root = open_bucket(servers["ministack"], straight).root
    straight.close()
    endpoint = Endpoint(Server("ministack", proxy.port).remote)
    found = Objects(root, endpoint, _known["ministack"])
    yield found
    found.close()
    endpoint.close()
