"""The face: the application that holds the agent's picture, the screens, and what a person can do."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual import events
from textual._compositor import CompositorUpdate
from textual.app import App
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.filter import LineFilter
from textual.geometry import Offset
from textual.screen import ModalScreen, Screen
from textual.theme import ThemeProvider
from textual.timer import Timer
from textual.widgets import Input

from core.errors import ShelverError
from core.model import Event, Operation, StepView
from core.names import shown
from tui import theme, words
from tui.acts import Acts
from tui.canvas import Canvas, Written
from tui.glyphs import Ascii
from tui.keys import Named
from tui.live import Live
from tui.looks import Looks
from tui.outfit import PLAIN, Outfit
from tui.palette import CommandPalette, Commands
from tui.rhythm import Rhythm
from tui.screens.home import Home
from tui.screens.place import SMALLEST, Placed
from tui.surroundings import Surroundings
from tui.widgets.line import Line

if TYPE_CHECKING:
    from tui.client import AgentClient
    from tui.inquiries import Inquiries

T = TypeVar("T")

LONGEST_RETRY = 10.0
MET = 100
"""Operations that are asked for when the agent is met, the latest."""


class Face(Named, App[None], inherit_bindings=False):
    """Shelver's screens over one agent's socket."""

    CSS = (
        theme.INK
        + theme.FEW_COLOURS
        + """
    CommandPalette { layers: base over; }
    CommandPalette.-cramped #--results, CommandPalette.-low #--results { display: none; }
    CommandPalette #--container { background: $background; }
    CommandPalette #--input, CommandPalette CommandList { background: $background; }
    CommandPalette #--input { border: hkey $rule; }
    CommandPalette CommandList { border-bottom: hkey $rule; }
    CommandPalette SearchIcon { display: none; }
    CommandPalette CommandInput { padding: 0 2; }
    Toast { background: $surface; color: $foreground; border-left: outer $accent; }
    Toast.-error { border-left: outer $error; }
    """
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+l", "repaint", "draw again", show=False),
        Binding("ctrl+p", "command_palette", "palette", show=False, priority=True),
        Binding("ctrl+c", "leave", "leave", show=False, priority=True),
        Binding("f12", "diagnostics", "diagnostics", show=False),
    ]
    TITLE = "Shelver"
    COMMANDS = {Commands}
    HORIZONTAL_BREAKPOINTS = [(0, "-cramped"), (60, "-narrow"), (85, "-middle"), (140, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (15, "-tall")]
    ENABLE_COMMAND_PALETTE = True

    def __init__(self, socket: Path, around: Surroundings, *, read_only: bool = False, outfit: Outfit = PLAIN) -> None:
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self._socket = socket
        self.live = Live()
        self.acts = Acts(self)
        self.looks = Looks(self)
        self.around = around
        self.read_only = read_only
        self.outfit = outfit
        self.rhythm = Rhythm(around.burst)
        self.animation_level = "none"
        self._beat: Timer | None = None
        self._again = False
        self.register_theme(theme.DARK)
        self.register_theme(theme.LIGHT)
        self.theme = outfit.theme if outfit.theme in self.available_themes else theme.DARK.name
        self._remembered = self.theme
        self.set_keymap(dict(outfit.keys))
        self._ascii = Ascii(enabled=outfit.ascii)
        self._canvas = Canvas()
        self._cursor_shown: Offset | None = None

    # What the first frame does not need is loaded after it: the connection's library takes as long as all of Textual.

    @cached_property
    def agent(self) -> AgentClient:
        """The agent's socket."""
        from tui.client import AgentClient  # noqa: PLC0415

        return AgentClient(self._socket)

    @cached_property
    def inquiries(self) -> Inquiries:
        """What is asked of the agent beyond its operations."""
        from tui.inquiries import Inquiries  # noqa: PLC0415

        return Inquiries(self.agent)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return the variables of Shelver's own that another theme lacks."""
        return theme.variables(self.current_theme)

    def get_default_screen(self) -> Home:
        """Begin at home."""
        return Home()

    # -- colours and glyphs ------------------------------------------------------------------------------

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return what every line goes through last: nothing but ASCII where the terminal shows no more."""
        return [*super().get_line_filters(), self._ascii] if self._ascii.enabled else super().get_line_filters()

    def watch_theme(self, name: str) -> None:
        """Remember a theme that was chosen, for the next time."""
        if self.is_running and name != self._remembered:
            self._remembered = name
            try:
                self.outfit.remember(name)
            except OSError as error:
                self.tell(f"The theme is not remembered: {error.strerror}.", trouble=True)

    # -- the picture -------------------------------------------------------------------------------------

    async def on_mount(self) -> None:
        """Begin to listen to the agent, once the first frame is painted."""
        self.app_resume_signal.subscribe(self, lambda _: self._canvas.forget())
        self.call_after_refresh(self.run_worker, self._keep_up, group="agent", exit_on_error=False)

    def on_ready(self) -> None:
        """Say what of the outfit could not be had; no key will wait while all that was loaded is looked through."""
        gc.freeze()
        gc.enable()
        if self.outfit.theme not in ("", *self.available_themes):
            self.tell(f"No theme is called {self.outfit.theme}.", trouble=True)

    async def on_unmount(self) -> None:
        """Let go of the socket; the agent goes on."""
        if "agent" in vars(self):  # who leaves at once never met it
            await self.agent.close()

    async def _keep_up(self) -> None:
        """Listen for ever; when the agent goes away, say so and come back, ever more slowly."""
        delay = self.around.retry
        while True:
            try:
                async for event in self.agent.events():
                    await self._hear(event)
                    delay = self.around.retry
            except ShelverError as error:
                self.live.parted(str(error))
                self.changed()
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_RETRY)

    async def _hear(self, event: Event) -> None:
        """Take in one event. Whoever has just begun to listen, or missed something, asks for everything.

        What happens in the meantime waits in the connection, and is heard after the answers: nothing is lost between.
        """
        missed = self.live.missed_before(event)
        self.live.apply(event, self.around.now())
        if missed or event.type in ("snapshot", "resync"):
            await self._meet()
        elif event.type == "error":
            self.tell(event.message, trouble=True)
        self.changed()

    async def _meet(self) -> None:
        """Ask for everything that home shows, and for older operations that were not over or are looked at."""
        status, me, operations = await asyncio.gather(
            self.agent.status(), self.agent.me(), self.agent.operations(limit=MET)
        )
        told = {operation.id for operation in (*operations, *status.waiting)}
        running = {progress.operation for progress in status.running}
        others = (self.live.unfinished() | running | self._looked_at()) - told
        asked = await asyncio.gather(*map(self.agent.operation, others), return_exceptions=True)
        found = [operation for operation in asked if isinstance(operation, Operation)]
        self.live.met(status, me, [*operations, *found], self.around.now())

    def _looked_at(self) -> set[str]:
        """Return the ids of the operations that screens speak of."""
        found = set()
        for screen in self.screen_stack:
            with suppress(NoMatches):  # the screen is on its way in or out
                if isinstance(screen, Placed) and screen.operation is not None:
                    found.add(screen.operation.id)
        return found

    def changed(self) -> None:
        """Draw the picture: at once when it was quiet, else with the next beat. Nothing beats while nothing changes."""
        if self._beat is None:
            self._draw()
            self._beat = self.set_timer(self.around.beat, self._on_beat)
        else:
            self._again = True

    def _on_beat(self) -> None:
        self._beat = None
        if self._again:
            self._again = False
            self.changed()

    def _draw(self) -> None:
        screen = self.screen_stack[-1] if self.screen_stack else None  # none is left while the application ends
        if isinstance(screen, Placed) and screen.is_mounted:
            with suppress(NoMatches):  # the screen is on its way in or out
                screen.live_changed()

    def age_line(self) -> Line | None:
        """Return how old the picture is, or None while the agent is there."""
        live = self.live
        if live.connected or not live.lost:
            return None
        if live.seen is None:
            return ((live.lost, "warn"), ("  Trying again.", "dim"))
        age = words.lasting((self.around.now() - live.seen).total_seconds())
        seen = live.seen.astimezone(self.around.now().tzinfo)
        return (
            ("The agent is out of reach", "warn"),
            (f" · what you see is from {seen:%H:%M:%S}, {age} ago", "dim"),
        )

    @property
    def may_act(self) -> bool:
        """Whether anything may be changed from here."""
        return not self.read_only and self.live.may_act

    # -- going to places ---------------------------------------------------------------------------------

    def show_operation(self, operation: Operation, text: str = "") -> None:
        """Open an operation."""
        from tui.screens.review import place_of  # noqa: PLC0415

        self.push_screen(place_of(operation, text))

    def open_operation(self, operation: Operation) -> None:
        """Open what somebody chose in a list: of a search for duplicates what it found, it has no steps."""
        if words.is_report(operation):
            self.looks.duplicates_of(operation)
        else:
            self.show_operation(operation)

    def show_operation_named(self, id: str, text: str = "") -> None:
        """Open an operation by its id, with its steps filtered."""
        self.attempt(lambda: self.agent.operation(id), lambda operation: self.show_operation(operation, text))

    def show_operations(self, folder: str | None = None, *, filtering: bool = False) -> None:
        """Open the list of operations."""
        from tui.screens.operations import Operations  # noqa: PLC0415

        self.push_screen(Operations(folder, filtering=filtering))

    def show_where(self) -> None:
        """Open the search."""
        from tui.screens.where import Where  # noqa: PLC0415

        self.push_screen(Where())

    def show_step(self, step: StepView, operation: Operation) -> None:
        """Show a step in full."""
        from tui.screens.step import StepDetail  # noqa: PLC0415

        self.push_screen(StepDetail((step,), operation))

    # -- asking the agent -------------------------------------------------------------------------------

    def attempt(self, work: Callable[[], Awaitable[T]], then: Callable[[T], object]) -> None:
        """Ask the agent for something; say so when it refuses."""
        self.run_worker(self._attempt(work, then), group="acts", exit_on_error=False)

    async def _attempt(self, work: Callable[[], Awaitable[T]], then: Callable[[T], object]) -> None:
        try:
            then(await work())
        except ShelverError as error:
            self.tell(str(error), trouble=True)

    def tell(self, text: str, *, trouble: bool = False) -> None:
        """Say something in passing."""
        self.notify(shown(text), severity="error" if trouble else "information", markup=False)

    # -- small things ------------------------------------------------------------------------------------

    def action_repaint(self) -> None:
        """Draw everything again, whatever the terminal shows."""
        self._canvas.forget()
        self.refresh(repaint=True, layout=True)

    def action_diagnostics(self) -> None:
        """Show how agent, terminal and connection are."""
        if not isinstance(self.screen, ModalScreen):
            self.looks.diagnostics()

    def action_leave(self) -> None:
        """End the screens; the agent goes on. What is selected with the mouse is copied instead, as everywhere."""
        if selected := self.screen.get_selected_text():
            self.copy_to_clipboard(selected)
        else:
            self.exit()

    def action_command_palette(self) -> None:
        """Open the palette, where there is room for it."""
        there_is_room = self.size.width >= SMALLEST[0] and self.size.height >= SMALLEST[1]
        if there_is_room and not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandPalette(id="--command-palette"))

    def search_themes(self) -> None:
        """Offer the themes."""
        self.push_screen(CommandPalette(providers=[ThemeProvider], placeholder="Search for themes…"))

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        """Show an update of Textual's, of which only the cells that differ are sent; nothing where none does."""
        if isinstance(renderable, CompositorUpdate) and self._running and not self._batch_count:
            renderable = Written(self._canvas.changes(renderable, self.console))
            if not renderable.text and self._cursor_shown == self.cursor_position:
                return
            self._cursor_shown = self.cursor_position
        super()._display(screen, renderable)

    async def on_event(self, event: events.Event) -> None:
        """Keep the rhythm of the keys, then go on as ever."""
        if isinstance(event, events.Key) and not event.is_forwarded:
            self.rhythm.key(event.time)
        elif isinstance(event, events.MouseDown):
            self.rhythm.pointer()
        elif isinstance(event, events.Resize):
            self._canvas.forget()
        await super().on_event(event)

    def on_command_palette_opened(self, _: CommandPalette.Opened) -> None:
        """Let the palette's cursor stand still, too."""
        for entry in self.screen.query(Input):
            entry.cursor_blink = False

    def get_system_commands(self, screen: Any) -> Any:
        """Offer none of Textual's own: the palette has ours."""
        return ()
