"""A folder that is a bucket: nothing of it can be watched here, its rounds go through it. Paused like any other."""

from __future__ import annotations

from collections.abc import Callable

from core.config import Folder
from core.model import FolderStatus
from core.names import shown


class DistantFolder:
    """Stands among the watched folders. `tell`: tells everybody how it is."""

    def __init__(self, folder: Folder, tell: Callable[[FolderStatus], None], *, is_paused: bool) -> None:
        self.folder = folder
        self.status = FolderStatus(name=folder.name, path=shown(folder.path), mode=folder.mode)
        self._tell = tell
        self._show(is_paused)

    def pause(self) -> None:
        """Start nothing here any more."""
        self._show(is_paused=True)

    async def resume(self) -> None:
        """Go on."""
        self._show(is_paused=False)

    def operation_ended(self) -> None:
        """An operation of this folder is no longer under way: its rounds hear of that themselves."""

    def look_again(self, paths: list[bytes]) -> None:
        """An operation had to leave these objects: the next round looks at them again."""

    def _show(self, is_paused: bool) -> None:
        self.status.state = "paused" if is_paused else "watching"
        self.status.reason = "paused by a person" if is_paused else ""
        self._tell(self.status)
