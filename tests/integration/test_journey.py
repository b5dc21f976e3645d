"""The whole journey as a person goes it, in tmux at 80x24: first start, the plan, a look, back again, and redone."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import trees
from tests.commands import Home

PATIENCE_SECONDS = 40.0
BETWEEN_KEYS = 0.15
"""Seconds between two keys of somebody who types; what comes faster is taken for pasted, and confirms nothing."""

TMUX = shutil.which("tmux")

pytestmark = [pytest.mark.heavy, pytest.mark.skipif(TMUX is None, reason="tmux is not installed")]


class Tmux:
    """A terminal of 80x24 in tmux, with a shell in it."""

    def __init__(self, home: Home, directory: Path) -> None:
        self._server = [str(TMUX), "-f", "/dev/null", "-S", str(directory / "tmux")]
        shell = shlex.join(["sh", "-c", "PS1='$ ' exec sh -i"])
        environment = {**home.environment, "LC_ALL": "C.UTF-8", "PYTHONPATH": str(Path.cwd())}
        environment |= {"PATH": f"{directory}:{os.environ['PATH']}", "SHELL": "/bin/sh"}
        self._write_command(directory / "shelver")
        self._tmux("new-session", "-d", "-x", "80", "-y", "24", "-c", str(home.path), shell, environment=environment)
        self._tmux("set-option", "status", "off")

    @staticmethod
    def _write_command(path: Path) -> None:
        """Make the command that a person would have installed."""
        path.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m tui.cli "$@"\n')
        path.chmod(0o755)

    def _tmux(self, *arguments: str, environment: dict[str, str] | None = None) -> str:
        return subprocess.run(
            [*self._server, *arguments], env=environment, check=True, capture_output=True, text=True
        ).stdout

    @property
    def text(self) -> str:
        """What the terminal shows."""
        return self._tmux("capture-pane", "-p")

    def press(self, *keys: str) -> None:
        """Press keys, as tmux calls them, at the speed of a person."""
        for key in keys:
            self._tmux("send-keys", key)
            time.sleep(BETWEEN_KEYS)

    def types(self, text: str) -> None:
        """Type a line."""
        self._tmux("send-keys", "-l", text)
        self.press("Enter")

    def sees(self, *words: str) -> str:
        """Wait until all of these are shown; return the whole."""
        return self.until(lambda text: all(word in text for word in words), words)

    def until(self, holds: Callable[[str], bool], what: object) -> str:
        """Wait until something holds for what is shown."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while not holds(text := self.text):
            assert time.monotonic() < give_up, f"not seen: {what!r}; there is\n{text}"
            time.sleep(0.05)
        return text

    def close(self) -> None:
        subprocess.run([*self._server, "kill-server"], check=False, capture_output=True)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "h")


@pytest.fixture
def tmux(home: Home, tmp_path: Path) -> Iterator[Tmux]:
    terminal = Tmux(home, tmp_path)
    yield terminal
    terminal.close()
    agent = home.run("status", "--json").object["agent"]
    if agent is not None:  # it stays when its terminal is gone
        os.kill(agent["pid"], signal.SIGTERM)


FILES: dict[bytes | str, trees.Node] = {
    "letter [1].txt": "dear",
    "song.mp3": "la",
    "scan \x1b[2J.pdf": "%PDF-",
    "東京.csv": "a,b",
    "thing": b"\x00\xff\x01\xfe",
}


def test_from_the_first_start_to_the_redo(tmux: Tmux, home: Home) -> None:
    trees.build(home.downloads, FILES)
    before = trees.read(home.downloads)
    tmux.types("shelver up Downloads")
    tmux.sees("Downloads", "watching", "Waiting for you", "4 files have a place")

    tmux.press("3", "Enter")
    plan = tmux.sees("waits for you", "letter [1].txt", "scan \\x1b[2J.pdf", "東京.csv", "to move", "a approve")
    assert len(plan.splitlines()) <= 24
    assert trees.read(home.downloads) == before
    tmux.press("a")
    tmux.sees("4 moved", "done", "u undo")
    moved = trees.read(home.downloads)
    assert {name for name in trees.names(home.downloads) if b"/" not in name} == {b"thing"}

    tmux.press("/")
    tmux.press(*"song", "Enter")
    tmux.sees("song.mp3", "1 of 1")
    tmux.press("/", "Escape")
    tmux.sees("letter [1].txt", "song.mp3")

    tmux.press("u")
    tmux.sees("Undo: organize Downloads", "go back to where they were", "Undo 4 files")
    tmux.press("Enter")  # the button at hand is the one that does nothing
    tmux.until(lambda text: "Undo:" not in text, "the dialog closes")
    assert trees.read(home.downloads) == moved
    tmux.press("u")
    tmux.sees("Undo 4 files")
    tmux.press("Tab", "Enter")
    tmux.sees("undo Downloads", "4 restored", "u redo")
    assert trees.read(home.downloads) == before

    tmux.press("u")
    tmux.sees("Redo 4 files")
    tmux.press("Tab", "Enter")
    tmux.until(lambda _: trees.read(home.downloads) == moved, "the files are where they had gone")

    tmux.press("Escape")
    tmux.press("w")
    tmux.press(*"song", "Enter")
    tmux.sees("song.mp3")
    tmux.press("C-c")
    tmux.sees("Keep the agent running, or stop it?")
    tmux.types("stop")
    tmux.until(lambda text: text.rstrip().endswith("$"), "the shell is back")
    assert "Traceback" not in tmux.text
    assert not (home.state / "agent.sock").exists()
