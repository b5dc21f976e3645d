"""The `shelver` command in tests: in this process for speed, or as a real one, always with a home of its own."""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.cli import run

PATIENCE_SECONDS = 50


@dataclass(frozen=True)
class Ran:
    """What a command printed and ended with."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """The lines of standard output."""
        return self.out.splitlines()

    @property
    def fields(self) -> list[list[str]]:
        """The records of standard output, each with its fields."""
        return [line.split("\t") for line in self.lines]

    @property
    def objects(self) -> list[dict[str, Any]]:
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.lines]

    @property
    def object(self) -> dict[str, Any]:
        """Standard output as the one JSON object that it must be."""
        (only,) = self.objects
        return only


class Home:
    """A user's home with nothing in it, below which everything that a command touches lies."""

    def __init__(self, directory: Path) -> None:
        self.path = directory
        self.downloads = directory / "Downloads"
        self.downloads.mkdir(parents=True)
        self.config = directory / ".config/shelver/config.toml"
        self.state = directory / ".local/state/shelver"

    @property
    def environment(self) -> dict[str, str]:
        """The environment of its user."""
        outside = ("XDG_", "SHELVER_", "NO_COLOR", "TERM", "HOME")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(outside)}
        return {**kept, "HOME": str(self.path), "TERM": "xterm-256color", "PYTHONWARNINGS": "error"}

    def write_config(self, text: str) -> Path:
        """Write the config where a command finds it."""
        self.config.parent.mkdir(parents=True, exist_ok=True)
        self.config.write_text(text, encoding="utf-8")
        self.config.chmod(0o600)
        return self.config

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Be its user in this process."""
        before, stood, inside = dict(os.environ), Path.cwd(), self.environment
        os.environ.clear()
        os.environ.update(inside)
        os.chdir(self.path)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)
            os.chdir(stood)

    def run(self, *arguments: str | os.PathLike[str]) -> Ran:
        """Run a command line in this process, off a terminal."""
        out, err = io.StringIO(), io.StringIO()
        with self.entered(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run([os.fspath(argument) for argument in arguments])
        return Ran(code, out.getvalue(), err.getvalue())

    def start(self, *arguments: str, environment: Mapping[str, str] = {}, **more: Any) -> subprocess.Popen[bytes]:
        """Start the command as a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "tui.cli", *arguments],
            env={**self.environment, **environment},
            cwd=self.path,
            stdin=subprocess.DEVNULL,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more},
        )

    def process(self, *arguments: str, environment: Mapping[str, str] = {}) -> Ran:
        """Run the command as a process of its own, off a terminal."""
        with self.start(*arguments, environment=environment) as process:
            out, err = process.communicate(timeout=PATIENCE_SECONDS)
        return Ran(process.returncode, out.decode(), err.decode())

    @contextlib.contextmanager
    def terminal(
        self, *arguments: str, environment: Mapping[str, str] = {}, program: Sequence[str] = ("-m", "tui.cli")
    ) -> Iterator[Terminal]:
        """Run the command (or another program of Python's) on a terminal of its own, as a person would."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 200, 0, 0))
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", *program, *arguments],
                env={**self.environment, **environment},
                cwd=self.path,
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                start_new_session=True,
            )
        finally:
            os.close(theirs)
        with process, os.fdopen(ours, "r+b", buffering=0) as master:
            try:
                yield Terminal(process, master.fileno())
            finally:
                process.kill()


class Terminal:
    """A terminal that a command runs on: what it shows, and what a person types."""

    def __init__(self, process: subprocess.Popen[bytes], descriptor: int) -> None:
        self._process = process
        self._descriptor = descriptor
        self.shown = b""

    def wait_for(self, text: str) -> None:
        """Read until a text is shown."""
        wanted = text.encode()
        give_up = time.monotonic() + PATIENCE_SECONDS
        while wanted not in self.shown:
            if not self._read(give_up):
                raise AssertionError(f"{text!r} was never shown: {self.shown!r}")

    def wait_for_question(self, text: str) -> None:
        """Read until a question is shown and the command waits for its answer.

        Python hears a signal that comes between the two only with the next key.
        """
        self.wait_for(text)
        stat = Path(f"/proc/{self._process.pid}/stat")
        give_up = time.monotonic() + PATIENCE_SECONDS
        while stat.read_text().rpartition(")")[2].split()[0] != "S":
            assert time.monotonic() < give_up, f"it does not wait for an answer: {self.shown!r}"
            time.sleep(0.005)

    def type(self, keys: str) -> None:
        """Type something."""
        os.write(self._descriptor, keys.encode())

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def end(self) -> int:
        """Read to the end and return the exit code."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while self._read(give_up):
            pass
        return self._process.wait(PATIENCE_SECONDS)

    def _read(self, give_up: float) -> bool:
        if not select.select([self._descriptor], [], [], max(give_up - time.monotonic(), 0))[0]:
            raise AssertionError(f"nothing more came: {self.shown!r}")
        try:
            data = os.read(self._descriptor, 65536)
        except OSError:  # the other end is closed
            return False
        self.shown += data
        return bool(data)
