"""The keys of the place, in the last line: what they do here and now, made from the bindings themselves."""

from __future__ import annotations

from collections.abc import Iterable

from textual.binding import Binding
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from tui.keys import key_name
from tui.widgets.line import EMPTY, INKS, Line, ink, width_of

HELP = "show_help"


def offered(screen: Screen[object]) -> list[tuple[Binding, bool]]:
    """Return the bindings that hold on a screen now and are shown, each with whether it can be used; help is last."""
    seen: dict[str, tuple[Binding, bool]] = {}
    for active in screen.active_bindings.values():
        if active.binding.show and active.binding.action not in seen:
            seen[active.binding.action] = (active.binding, active.enabled)
    help_binding = seen.pop(HELP, None)
    return [*seen.values(), *([help_binding] if help_binding else [])]


def bar(bindings: Iterable[tuple[Binding, bool]], width: int) -> Line:
    """Return the keys that fit; help, the last of them, always does."""
    entries = [_entry(binding, able) for binding, able in bindings]
    if not entries:
        return EMPTY
    last = entries.pop()
    room = width - 2 - width_of(last)
    line: Line = ((" ", "text"),)
    for entry in entries:
        room -= width_of(entry) + 2
        if room < 0:
            break
        line = (*line, *entry, ("  ", "text"))
    return (*line, *last)


def _entry(binding: Binding, able: bool) -> Line:
    key = key_name(binding.key_display or binding.key)
    return ((key, "accent" if able else "faint"), (f" {binding.description}", "dim" if able else "faint"))


class KeyBar(Widget):
    """One line at the bottom."""

    DEFAULT_CSS = """
    KeyBar { dock: bottom; height: 1; background: $surface; }
    """
    COMPONENT_CLASSES = INKS

    def on_mount(self) -> None:
        """Look again whenever the bindings may have changed."""
        self.screen.bindings_updated_signal.subscribe(self, self._look)
        self._shown: list[tuple[Binding, bool]] = []

    def _look(self, _: Screen[object]) -> None:
        if self.screen.is_active and offered(self.screen) != self._shown:
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw the keys."""
        self._shown = offered(self.screen)
        return ink(self, bar(self._shown, self.size.width), self.size.width)
