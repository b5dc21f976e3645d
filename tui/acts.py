"""What a person can do: each act asks first where it changes files, and then asks the agent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from core.model import FolderStatus, Operation, Preview, Resolution, StepView
from tui import words
from tui.screens.place import operation_title
from tui.widgets.line import EMPTY, Line
from tui.wire import exact_path

if TYPE_CHECKING:
    from tui.face import Face
    from tui.selection import Selection

CLIPBOARD_BYTES = 70_000
"""More than this, and terminals silently drop it."""

_REVERSIBLE: Line = (("It can be undone later, all of it or any part.", "dim"),)


class Acts:
    """The acts of the person before the screens. The agent decides what is allowed, and does the work."""

    def __init__(self, face: Face) -> None:
        self._face = face
        self.planned_here: set[str] = set()
        """Plans that were made from these screens, and not decided yet."""

    def plan(self, folder: str) -> None:
        """Have a folder planned, and show the plan; nothing moves before it is approved."""
        self._face.attempt(lambda: self._face.agent.submit("organize", folder, dry_run=True), self._planned)

    def plan_sync(self, folder: str) -> None:
        """Have a folder compared with its bucket, and show the plan; nothing is carried before it is approved."""
        self._face.attempt(lambda: self._face.agent.submit("sync", folder, dry_run=True), self._planned)

    def plan_resolution(self, folder: str, copies: Sequence[bytes], resolution: Resolution) -> None:
        """Have it planned how conflicts are settled, and show the plan; nothing changes before it is approved."""
        self._face.attempt(lambda: self._face.agent.resolve(folder, copies, resolution), self._planned)

    def _planned(self, operation: Operation) -> None:
        self.planned_here.add(operation.id)
        self._started(operation)

    def drop(self, operation: Operation) -> None:
        """Drop a plan that was only looked at. Unlike one that is rejected, its files are not left alone for it."""
        self._face.attempt(lambda: self._face.agent.cancel(operation.id), self._took_over)

    def add_folder(self) -> None:
        """Ask for a folder, show what its rules would do there, and have it watched."""
        self._face.looks.add_folder()

    def _started(self, operation: Operation) -> None:
        self._face.live.put(operation)
        self._face.show_operation(operation)

    def _took_over(self, operation: Operation) -> None:
        self._face.live.put(operation)
        self._face.changed()

    def approve(self, operation: Operation, selection: Selection, *, is_seen: bool = False) -> None:
        """Let an operation run, without what was taken out; ask first, unless a person has all of it in view."""

        async def approve() -> Operation:
            chosen = await selection.paths(self._face.agent, operation)
            if selection.is_turned:
                return await self._face.agent.approve(operation.id, only=chosen)
            return await self._face.agent.approve(operation.id, without=chosen or None)

        going = selection.going_of(operation) if operation.state == "proposed" else operation.counts.pending
        if going == 0 and not selection.is_whole:
            self._face.tell("Nothing is left to approve; x rejects the plan.", trouble=True)
        elif is_seen and operation.state == "proposed":
            if not self._face.rhythm.hurried:
                self._face.attempt(approve, self._approved)
        else:
            some = f"{words.count(going)} of {words.files(selection.total_of(operation))}"
            said = words.files(going) if selection.is_whole else some
            where = " go where the list shows." if going != 1 else " goes where the list shows."
            self._ask(
                f"Approve: {operation_title(operation, self._face.around)}",
                (((said, "strong"), (where, "text")), EMPTY, _REVERSIBLE),
                f"Approve {words.files(going)}",
                approve,
            )

    def _approved(self, operation: Operation) -> None:
        self._took_over(operation)
        self._face.tell("Approved. Once it is done, u takes it back.")

    def reject(self, operation: Operation) -> None:
        """Ask, then refuse a proposed operation."""
        said = "Nothing moves. The agent leaves these files alone until they or the rules change."
        self._ask(
            f"Reject: {operation_title(operation, self._face.around)}",
            (((said, "text"),),),
            "Reject",
            lambda: self._face.agent.reject(operation.id),
        )

    def cancel(self, operation: Operation) -> None:
        """Ask, then stop a running operation."""
        said = "It stops between two files. What is done stays done, and can be undone; approve goes on with the rest."
        self._ask(
            f"Stop: {operation_title(operation, self._face.around)}",
            tuple(((part, "text"),) for part in said.split("; ")),
            "Stop it",
            lambda: self._face.agent.cancel(operation.id),
        )

    def _ask(self, title: str, lines: Sequence[Line], verb: str, work: Callable[[], Awaitable[Operation]]) -> None:
        self._confirm(title, lines, verb, lambda: self._face.attempt(work, self._took_over))

    def _confirm(self, title: str, lines: Sequence[Line], verb: str, act: Callable[[], None]) -> None:
        from tui.screens.confirm import Confirm  # noqa: PLC0415  (nobody is asked anything in the first frame)

        def answered(yes: bool | None) -> None:
            if yes:
                act()

        self._face.push_screen(Confirm(title, lines, verb), answered)

    def pause(self, folder: FolderStatus) -> None:
        """Start nothing in a folder any more."""
        self._face.attempt(lambda: self._face.agent.pause(folder.name), self._folder_changed)

    def resume(self, folder: FolderStatus) -> None:
        """Go on in a folder; one that halted says why first."""

        def resume() -> None:
            self._face.attempt(lambda: self._face.agent.resume(folder.name), self._folder_changed)

        if folder.state != "halted":
            resume()
            return
        lines: tuple[Line, ...] = (
            (("It halted because:", "dim"),),
            ((folder.reason, "warn"),),
            EMPTY,
            (("Going on accepts the folder as it is now.", "text"),),
        )
        self._confirm(f"Resume {self._face.around.tilde(folder.name)}", lines, "Go on", resume)

    def _folder_changed(self, folder: FolderStatus) -> None:
        self._face.live.folders[folder.name] = folder
        self._face.changed()

    def show_undo(self, operation: Operation, only: Sequence[bytes] | None = None) -> None:
        """Show what taking an operation back would do, then ask; what is done is exactly the plan that was shown."""

        def answered(preview: Preview | None) -> None:
            if preview is not None:
                self._face.attempt(lambda: self._face.agent.approve(preview.operation.id), self._started)

        from tui.screens.undo import Undo  # noqa: PLC0415

        self._face.push_screen(Undo(operation, only), answered)

    def redo(self, operation: Operation, only: Sequence[bytes] | None = None) -> None:
        """Do again what was taken back: the undo is undone. `only`: the part of an undo that is meant."""
        undone_by = operation.undone_by
        if undone_by is None:
            self.show_undo(operation, only)
        else:
            self._face.attempt(lambda: self._face.agent.operation(undone_by), self.show_undo)

    def put_away(self, preview: Preview) -> None:
        """Drop the plan of an undo that was only looked at, so that it does not wait for anybody."""
        self._face.attempt(lambda: self._face.agent.reject(preview.operation.id), self._took_over)

    def copy_path(self, step: StepView) -> None:
        """Hand a path to the terminal's clipboard, which may or may not take it."""
        text, encoded = step.source, step.source_b64
        if step.outcome == "done" and step.destination:
            text, encoded = step.destination, step.destination_b64
        path = exact_path(text, encoded)
        if path is None:
            return
        if encoded is not None or len(path) > CLIPBOARD_BYTES:
            self._face.tell("This name cannot go through the clipboard; enter shows it.", trouble=True)
            return
        self._face.copy_to_clipboard(path.decode())
        self._face.tell("Sent to the terminal's clipboard; Y shows it if yours does not take it.")
