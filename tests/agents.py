"""A real agent for tests: its own process, its own state, a real socket.

agent = AgentUnderTest(tmp_path)
agent.configure(folder="dl", path=downloads, mode="auto")
with agent.running():
    ...
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

from agent.brakes import Memory
from core.config import load_config
from core.model import FINAL_STATES
from core.state import StateDirectory

DEADLINE_SECONDS = 25.0
RESTING = FINAL_STATES | {"proposed", "interrupted"}

T = TypeVar("T")


class Answer(NamedTuple):
    """What the agent answered."""

    status: int
    body: Any


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("agent", timeout=DEADLINE_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def until(condition: Callable[[], T | Literal[False] | None], what: str = "") -> T:
    """Wait until something holds, and return it; fail when it takes too long."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not in time: {what or condition}"
        time.sleep(0.02)
    return found


def _is_passing(operation: dict[str, Any]) -> bool:
    """Tell whether an operation runs, or found no copy and is about to be forgotten."""
    return operation["state"] not in RESTING or operation["note"] == "no file is there more than once"


async def eventually(condition: Callable[[], object]) -> None:
    """Let the event loop's tasks go on until something holds; fail when it takes too long."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not condition():  # noqa: ASYNC110 -- what other processes do wakes nobody
            await asyncio.sleep(0.01)


def lives(pid: int) -> bool:
    """Tell whether a process is there."""
    return Path(f"/proc/{pid}").exists()


class AgentUnderTest:
    """One agent beneath a directory; may be started, ended and killed as often as a test likes."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.config = home / "config.toml"
        self.state = StateDirectory.beneath(home / "s")
        self.log = home / "agent.log"
        self.environment: dict[str, str] = {}
        self.process: subprocess.Popen[bytes] | None = None
        self._folders: list[str] = []
        self._head = ""
        self.head('settle = "0.1s"')

    # -- config

    def head(self, *lines: str) -> None:
        """Write what stands in `[agent]`."""
        self._head = "\n".join(("[agent]", *lines)) + "\n"
        self._write()

    def folder(self, name: str, path: Path | str, *lines: str) -> None:
        """Add a folder."""
        self._folders.append("\n".join(("[[folder]]", f'name = "{name}"', f'path = "{path}"', *lines)) + "\n")
        self._write()

    def without_folders(self) -> None:
        """Take out the folders, so that they can be added with other settings."""
        self._folders.clear()

    def _write(self) -> None:
        self.config.write_text("\n".join((self._head, *self._folders)))
        self.config.chmod(0o600)

    # -- its life

    def start(self, *, wait: bool = True, arguments: tuple[str, ...] = ()) -> None:
        """Start the process, and wait until all is well."""
        argv = [sys.executable, "-P", "-m", "agent.main", *arguments]
        if self.config.exists():
            argv += ["--config", str(self.config)]
        if "RUNTIME_DIRECTORY" not in self.environment:
            argv += ["--state", str(self.state.state)]
        environment = {**os.environ, **self.environment}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        if wait:
            until(self.is_well, "the agent is well")

    def is_well(self) -> bool:
        """Tell whether it answers that all is well."""
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.get("/health").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def stop(self) -> int:
        """End it as systemd would, and return its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(DEADLINE_SECONDS)
        self.process = None
        return code

    def kill(self) -> None:
        """Kill it where it stands; the kernel kills its worker."""
        assert self.process is not None
        worker = self.worker_pid()
        self.process.kill()
        self.process.wait()
        self.process = None
        until(lambda: not Path(f"/proc/{worker}").exists(), "the worker dies with its agent")

    @contextmanager
    def running(self, **options: Any) -> Iterator[None]:
        """Start it; end it at the end of the block, if it still runs."""
        self.start(**options)
        try:
            yield
        finally:
            if self.process is not None:
                assert self.stop() == 0

    def worker_pid(self) -> int:
        """Return the worker's process id, once there is one."""
        return int(until(lambda: self.get("/api/v1/status").body["workers"][0]["pid"], "a worker"))

    # -- asking

    def ask(self, method: str, path: str, body: bytes | None = None) -> Answer:
        """Send one request."""
        connection = UnixConnection(self.state.socket)
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            raw = response.read()
            is_json = response.headers.get_content_type() == "application/json"
            return Answer(response.status, json.loads(raw) if is_json else raw)
        finally:
            connection.close()

    def get(self, path: str) -> Answer:
        """Look."""
        return self.ask("GET", path)

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Act."""
        return self.ask("POST", path, json.dumps(body or {}).encode())

    def operations(self) -> list[dict[str, Any]]:
        """Return all operations, newest first, but those of the agent's own that found nothing to do."""
        found: list[dict[str, Any]] = self.get("/api/v1/operations").body["operations"]
        return [each for each in found if not (each["automatic"] and each["counts"]["planned"] == 0)]

    def operation(self, id: str) -> dict[str, Any]:
        """Return one operation."""
        return self.get(f"/api/v1/operations/{id}").body  # type: ignore[no-any-return]

    def rested(self, id: str) -> dict[str, Any]:
        """Wait until an operation has come to rest, and return it."""

        def look() -> dict[str, Any] | None:
            found = self.operation(id)
            return found if found["state"] in RESTING else None

        return until(look, f"{id} rests")

    def newest(self, *states: str) -> dict[str, Any]:
        """Wait until the newest operation is in one of these states, and return it."""

        def look() -> dict[str, Any] | None:
            found = self.operations()
            return found[0] if found and found[0]["state"] in states else None

        return until(look, f"the newest operation is {' or '.join(states)}")

    def folder_status(self, name: str) -> dict[str, Any]:
        """Return how a folder is."""
        return next(each for each in self.get("/api/v1/folders").body["folders"] if each["name"] == name)

    def until_folder(self, name: str, state: str) -> dict[str, Any]:
        """Wait until a folder is in a state."""

        def look() -> dict[str, Any] | None:
            found = self.folder_status(name)
            return found if found["state"] == state else None

        return until(look, f"{name} is {state}")

    def passed(self, name: str) -> None:
        """Wait until a folder was gone through for the first time, for its copies, too."""
        self.until_folder(name, "watching")
        folder, memory = load_config(self.config).folder(name), self.state.state / "folders.json"
        until(lambda: Memory(memory).of(folder.path).duplicates == folder.duplicates, "its copies are seen to")
        until(lambda: not any(map(_is_passing, self.get_all())), "all rests")

    def get_all(self) -> list[dict[str, Any]]:
        """Return all operations, whatever they are."""
        return self.get("/api/v1/operations").body["operations"]  # type: ignore[no-any-return]
