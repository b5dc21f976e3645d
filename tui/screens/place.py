"""What all screens share: they draw the live picture, offer keys by what is allowed, and bear any size."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.renderables.background_screen import BackgroundScreen
from textual.screen import ModalScreen
from textual.widget import Widget

from core.model import Operation
from core.names import shown
from tui import words
from tui.closing import ClosesOnce
from tui.keys import Named
from tui.live import Live
from tui.surroundings import Surroundings
from tui.widgets.line import EMPTY, INKS, Line, Lines, cut, ink, plain, wrapped

if TYPE_CHECKING:
    from textual.strip import Strip

    from tui.face import Face

T = TypeVar("T")

SMALLEST = (60, 15)
FAINT = Style(color="bright_black")
FAINT_CURSOR = FAINT + Style(reverse=True)


class TooSmall(Widget):
    """Covers everything where there is no room for it, and says so."""

    DEFAULT_CSS = """
    TooSmall { layer: over; display: none; width: 100%; height: 100%; background: $background; }
    .-cramped TooSmall, .-low TooSmall { display: block; }
    """
    SCOPED_CSS = False  # it goes by the screen around it
    COMPONENT_CLASSES = INKS

    def render_line(self, y: int) -> Strip:
        """Draw the message in the middle."""
        width, height = self.size
        text = "Shelver needs {}x{} cells".format(*SMALLEST) if width >= 25 else f"{SMALLEST[0]}x{SMALLEST[1]}, please"
        line: Line = ((" " * max((width - len(text)) // 2, 0) + cut(text, width), "dim"),) if y == height // 2 else ()
        return ink(self, line, width)


class Banner(Lines):
    """Says how old the picture is, when it may be old."""

    DEFAULT_CSS = """
    Banner { background: $surface; display: none; }
    Banner.-told { display: block; }
    """

    def tell(self, line: Line | None) -> None:
        """Show a line, or nothing."""
        self.set_class(line is not None, "-told")
        width = max(self.screen.size.width, SMALLEST[0]) - 2
        self.show(((" ", "text"), *part) for part in wrapped(line or EMPTY, width))

    @property
    def text(self) -> str:
        """What is shown, as text."""
        return "\n".join(map(plain, self.lines))


class Placed(Named, ClosesOnce[T]):
    """The part that full screens and dialogs have in common."""

    @property
    def face(self) -> Face:
        """The application."""
        return cast("Face", self.app)

    @property
    def live(self) -> Live:
        """What the agent told lately."""
        return self.face.live

    @property
    def around(self) -> Surroundings:
        """Host, home and clock."""
        return self.face.around

    @property
    def operation(self) -> Operation | None:
        """The operation that it speaks of, if it speaks of one."""
        return None

    def key(self, name: str) -> str:
        """Return the key of what is called `name`, as people call it."""
        return self.face.outfit.key(name)

    def hints(self, *told: tuple[str, str]) -> str:
        """Return keys and what they do in this place: what each is called, and how it is said here."""
        return " · ".join(f"{self.key(name)} {said}" for name, said in told)

    def live_changed(self) -> None:
        """Draw the picture anew; called at most every beat, and when the screen comes to the front."""


class Place(Placed[None]):
    """A full screen. Escape comes back from it."""

    DEFAULT_CSS = """
    Place { layers: base over; background: $background; overflow: hidden; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace", "back", "back", key_display="esc"),
        Binding("question_mark,f1", "show_help", "help", key_display="?"),
        Binding("q", "quit", "quit", show=False),
    ]

    CHANGES: ClassVar[frozenset[str]] = frozenset()
    """Actions that change something: dim for who may only look."""

    def compose(self) -> ComposeResult:
        """Hold what covers the screen when it is too small; those that derive hold the rest."""
        yield TooSmall()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Tell whether an action can be done now (None: it is shown, but dim)."""
        if action in self.CHANGES and not self.face.may_act:
            return None
        return super().check_action(action, parameters)

    def on_screen_resume(self) -> None:
        """Catch up with what happened while another screen was in front."""
        self.live_changed()

    def action_back(self) -> None:
        """Go back to where one came from."""
        self.dismiss()

    async def action_quit(self) -> None:
        """Leave; the agent goes on."""
        await self.face.action_quit()

    def action_show_help(self) -> None:
        """Show every key of this place, and do what is chosen there."""
        from tui.screens.help import Deed, Help  # noqa: PLC0415  (screens open each other)

        async def chosen(deed: Deed | None) -> None:
            if deed is not None:
                await self.app.run_action(deed.action, default_namespace=deed.node)

        self.app.push_screen(Help(self), chosen)

    def tell_age(self, banner: Banner) -> None:
        """Say that the agent is gone and how old the picture is, or nothing while it is there."""
        banner.tell(self.face.age_line())


class Box(Vertical):
    """The frame of a dialog, with a title and, at its bottom, the keys. Both are data, never markup."""

    def __init__(self, title: str, keys: str) -> None:
        super().__init__(classes="box")
        # Given as content, a title is taken as it is; given as text, it would be parsed as markup.
        self.border_title = cast("str", Content(shown(title) or " "))
        self.border_subtitle = cast("str", Content(keys))


class Faint:
    """What is beneath a dialog, without its colours."""

    def __init__(self, beneath: BackgroundScreen) -> None:
        self._beneath = beneath

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the same text, all of it in one ink; where there are no colours at all, the cursor stays seen."""
        for text, style, control in console.render(self._beneath, options):
            reversed_ = style is not None and style.reverse
            yield Segment(text, None if control else FAINT_CURSOR if reversed_ else FAINT, control)


class Dialog(Placed[T], ModalScreen[T]):
    """A box over the place it was opened from. Escape closes it and changes nothing."""

    DEFAULT_CSS = """
    Dialog { align: center middle; background: $background 60%; layers: base over; }
    Dialog > .box {
        width: 76; max-width: 96%; height: auto; max-height: 92%;
        border: round $rule; border-title-color: $foreground; border-title-style: bold;
        border-subtitle-color: $dim; border-subtitle-style: none;
        background: $background; padding: 1 2 0 2;
    }
    Dialog.-wide > .box { width: 110; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "cancel")]

    def on_mount(self) -> None:
        """Hold what covers it when there is too little room."""
        self.mount(TooSmall())

    def render(self) -> RenderableType:
        """Draw what is beneath; sixteen colours have none to tint it with, so there it is faint all over."""
        beneath = super().render()
        return Faint(beneath) if isinstance(beneath, BackgroundScreen) and self.app.native_ansi_color else beneath

    def action_close(self) -> None:
        """Close it; nothing happened."""
        self.dismiss(None)


def operation_title(operation: Operation, around: Surroundings) -> str:
    """Return an operation's name for people: organize camera."""
    return f"{words.kind(operation)} {around.tilde(operation.folder)}"
