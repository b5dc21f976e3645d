"""Where the demo happens: samples, config, state and an agent of its own, all in one place that goes again."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.config.writing import toml_text
from tui.commands.agent_process import AgentProcess
from tui.commands.frame import Settings
from tui.demo.samples import make_messy_folder

SEED = 2024
CONFIG = """\
# The demo's config. "auto": the first pass waits for a person all the same, new files then move by themselves.
[agent]
mode = "auto"
settle = "1s"
rescan = "2s"            # a name that is not UTF-8 keeps the watcher out: the agent looks by itself

[[folder]]
name = "messy"
path = {path}
"""


@dataclass(frozen=True)
class Stage:
    """The places of one demo."""

    directory: Path

    @property
    def folder(self) -> Path:
        """The messy folder."""
        return self.directory / "messy"

    @property
    def settings(self) -> Settings:
        """What `--config` and `--state` would say."""
        return Settings(config=self.directory / "config.toml", state=self.directory / "state")

    def build(self) -> None:
        """Make the samples and the config."""
        self.folder.mkdir()
        make_messy_folder(self.folder, seed=SEED)
        descriptor = os.open(self.directory / "config.toml", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(path=toml_text(str(self.folder))))


@contextmanager
def stage(*, keep: bool) -> Iterator[Stage]:
    """Make a stage, and take it away at the end unless told to keep it."""
    made = Stage(_fresh_directory())
    try:
        made.build()
        yield made
    finally:
        if not keep:
            shutil.rmtree(made.directory)


def _fresh_directory() -> Path:
    """Return a new temporary directory whose path leaves room for a socket's: the kernel allows 107 bytes."""
    usual = Path(tempfile.gettempdir())
    fits = len(os.fsencode(usual)) < 107 - len("/shelver-demo-12345678/state/agent.sock")
    return Path(tempfile.mkdtemp(prefix="shelver-demo-", dir=usual if fits else "/tmp"))  # noqa: S108


@contextmanager
def agent_on(made: Stage) -> Iterator[Path]:
    """Run an agent on a stage, and yield its socket."""
    agent = AgentProcess(made.settings)
    try:
        yield agent.start()
    finally:
        agent.stop()
