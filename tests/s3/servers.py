"""Real S3 servers on loopback, one process each; every one is ended by whoever started it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from core.config.models import Remote
from core.storage.s3.endpoint import Endpoint
from tests.agents import until

ACCESS_KEY = "AKIASHELVERTESTS0000"
SECRET_KEY = "canary-Zm9yIHNoZWx2ZXIgdGVzdHMgb25seQ"
"""A secret that no output, log, event or catalog may ever hold."""

REGION = "us-east-1"
_NOWHERE = "/nonexistent/aws"


@dataclass(frozen=True)
class Server:
    """A server that answers, and what a config's `[[remote]]` says of it."""

    name: str
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def remote(self) -> Remote:
        return Remote(self.name, self.url, REGION, path_style=True)

    @property
    def table(self) -> str:
        """What a config says of it."""
        lines = (
            "[[remote]]",
            f'name = "{self.name}"',
            f'endpoint = "{self.url}"',
            f'region = "{REGION}"',
            "path_style = true",
        )
        return "\n".join(lines) + "\n"


def environment() -> dict[str, str]:
    """Return what finds the credentials, and keeps the user's own out of it."""
    return {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": _NOWHERE,
        "AWS_SHARED_CREDENTIALS_FILE": _NOWHERE,
    }


def _ministack(port: int, _: Path) -> tuple[list[str], dict[str, str]]:
    argv = [sys.executable, "-m", "hypercorn", "--bind", f"127.0.0.1:{port}", "ministack.app:app"]
    return argv, {"SERVICES": "s3,sqs", "GATEWAY_PORT": str(port)}


def _moto(port: int, _: Path) -> tuple[list[str], dict[str, str]]:
    return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], {}


def _rclone(port: int, room: Path) -> tuple[list[str], dict[str, str]]:
    files = room / "objects"
    files.mkdir()
    argv = [
        program("rclone"), "serve", "s3", "--addr", f"127.0.0.1:{port}", "--config", str(room / "rclone.conf"),
        "--auth-key", f"{ACCESS_KEY},{SECRET_KEY}", "--vfs-cache-mode", "off", str(files),
    ]  # fmt: skip
    return argv, {}


def program(name: str) -> str:
    """Return where a program is that a wheel brought along."""
    beside = Path(sys.executable).parent / name
    return str(beside) if beside.exists() else shutil.which(name) or name


SERVERS: dict[str, Callable[[int, Path], tuple[list[str], dict[str, str]]]] = {
    "ministack": _ministack,
    "moto": _moto,
    "rclone": _rclone,
}


@contextmanager
def running(name: str, room: Path) -> Iterator[Server]:
    """Run a server until the end of the block. `room`: a directory of its own, where it may keep what it likes."""
    room.mkdir(parents=True, exist_ok=True)
    port = free_port()
    argv, more = SERVERS[name](port, room)
    with (room / "log").open("wb") as log:
        process = subprocess.Popen(
            argv, cwd=room, env=os.environ | environment() | {"HOME": str(room)} | more, stdout=log, stderr=log
        )
    try:
        until(lambda: process.poll() is not None or _answers(port), f"{name} answers")
        if process.poll() is not None:
            raise RuntimeError(f"{name} did not start: {(room / 'log').read_text()[-2000:]}")
        yield Server(name, port)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """Return a port of loopback that nobody listens at now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/", timeout=2):
            return True
    except HTTPError:
        return True
    except OSError:
        return False


def make_bucket(endpoint: Endpoint, name: str) -> None:
    """Make a bucket."""
    endpoint.client.create_bucket(Bucket=name)
