"""Where an agent's config and state are: what it was started with, and hands to its worker."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from agent.logs import LogFormat
from core.config import Config, ad_hoc, default_config_path, load_config
from core.state import StateDirectory


class Settings(Struct, frozen=True, kw_only=True):
    """`config`: the file, or None for the user's default place. `folders`: serve these with built-in rules instead."""

    state: str
    cache: str
    socket: str
    config: str | None = None
    folders: list[str] = []
    log_format: LogFormat = "auto"

    @classmethod
    def of(cls, state: StateDirectory, config: Path | None, folders: Sequence[Path], log_format: LogFormat) -> Settings:
        """Return the settings for an agent in this state directory."""
        return cls(
            state=str(state.state),
            cache=str(state.cache),
            socket=str(state.socket),
            config=str(config.absolute()) if config else None,
            folders=[str(folder.absolute()) for folder in folders],
            log_format=log_format,
        )

    @property
    def state_directory(self) -> StateDirectory:
        """The places of this Shelver."""
        return StateDirectory(Path(self.state), Path(self.cache), Path(self.socket))

    @property
    def config_path(self) -> Path | None:
        """Where the config lies, or would; None for an agent that serves the folders it was started with."""
        if self.folders:
            return None
        return Path(self.config) if self.config else default_config_path()

    def read_config(self) -> Config:
        """Read the config as it is now. Raises ConfigError."""
        if self.folders:
            return ad_hoc([Path(folder) for folder in self.folders])
        return load_config(Path(self.config) if self.config else None)
