"""Duplicates: which files there are more than once, which pictures look alike, what stays, and what that frees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from core.errors import ShelverError
from core.model import FINAL_STATES, Operation
from tui import words
from tui.asking import ask_anew
from tui.screens.duplicate_choices import Choices, Policy, by_policy
from tui.screens.duplicate_lines import (
    ACTIONS,
    about_line,
    group_line,
    looking_lines,
)
from tui.screens.group_files import GroupFiles, path_of
from tui.screens.keep_policy import Chosen, KeepPolicy
from tui.screens.place import Banner, Place
from tui.widgets.key_bar import KeyBar
from tui.widgets.line import EMPTY, Ends, Line, Lines
from tui.widgets.line_list import LineList
from tui.widgets.paged_list import PagedList
from tui.wire_looks import DuplicateGroup, DuplicatePage

NOTHING = DuplicatePage(groups=[])
REPORTS_LOOKED_AT = 100
PAGE = 1000
"""Groups asked for at once when all of them are gone through."""


class GroupList(PagedList[DuplicateGroup]):
    """The groups; enter shows what would be done."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "open", "plan")]


class Duplicates(Place):
    """The groups that a search found in one folder."""

    DEFAULT_CSS = """
    Duplicates #title { background: $surface; }
    Duplicates #about { padding: 0 1; }
    Duplicates #groups { height: 1fr; }
    Duplicates #group { height: 9; }
    Duplicates.-near #group { height: 70%; min-height: 10; }
    Duplicates.-wide FilePane { display: block; }
    Duplicates.-near FilePane { display: none; }
    Duplicates.-wide #halves { layout: horizontal; }
    Duplicates.-wide #groups { width: 6fr; height: 100%; }
    Duplicates.-wide #group { width: 7fr; height: 100%; border-left: vkey $rule; }
    Duplicates.-idle #halves, Duplicates.-idle #tabs { display: none; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "keep", "keep this", key_display="space"),
        Binding("K", "policy", "policy", key_display="K"),
        Binding("tab", "other_half", "files", key_display="tab"),
        Binding("1", "part(False)", "exact", show=False),
        Binding("2", "part(True)", "alike", show=False),
        Binding("t", "action", "what happens", show=False),
        Binding("p", "preview", "preview"),
        Binding("u", "undo", "undo"),
        Binding("f5", "search", "look again"),
        Binding("y", "copy", "copy path", show=False),
    ]
    CHANGES = frozenset({"search", "undo"})
    AUTO_FOCUS = "GroupList"

    def __init__(self, folder: str, report: Operation | None = None) -> None:
        super().__init__()
        self._folder = folder
        self._report = report
        self._asked = report is not None
        self._near = False
        self._action = "trash"
        self._choices = Choices()
        self._chosen_for_all: Policy | None = None
        self._totals: dict[bool, DuplicatePage] = {}
        self._trouble = ""

    def compose(self) -> ComposeResult:
        """Hold the groups, and the files of the one under the cursor."""
        yield from super().compose()
        yield Ends(id="title")
        yield Banner(id="banner")
        yield Lines(id="about")
        yield Ends(id="tabs")
        with Container(id="halves"):
            yield GroupList(self._fetch, self._draw_group, id="groups")
            yield GroupFiles(self._choices, id="group")
        yield KeyBar()

    def on_mount(self) -> None:
        """Find what was found last, or look."""
        self.set_class(True, "-idle")
        if self._report is None:
            ask_anew(self, self._find_report, "report")
        else:
            self._begin()

    # -- the search --------------------------------------------------------------------------------------

    @property
    def report(self) -> Operation | None:
        """The search, as it is known now."""
        return None if self._report is None else self.live.operations.get(self._report.id, self._report)

    async def _find_report(self) -> None:
        try:
            known = await self.face.agent.operations(folder=self._folder, limit=REPORTS_LOOKED_AT)
        except ShelverError as error:
            self._trouble = str(error)
            self.live_changed()
            return
        found = next((each for each in known if words.is_report(each)), None)
        stale = found is not None and any(_changed_since(found, each) for each in known)
        if self.face.may_act and (found is None or stale):  # what is known already is not read again
            self.action_search()
        elif found is not None:
            self._report = found
            self._begin()
        else:
            self._trouble = "Nobody has looked for duplicates here yet, and you may not have it done."
            self.live_changed()

    def action_search(self) -> None:
        """Have duplicates looked for; nothing is changed by that."""
        self._trouble = ""
        self.face.attempt(lambda: self.face.inquiries.find_duplicates(self._folder), self._searching)

    def _searching(self, operation: Operation) -> None:
        self.face.live.put(operation)
        self._report, self._asked = operation, False
        self._choices.forget()
        self._totals.clear()
        self._begin()

    def _begin(self) -> None:
        """Show the groups once they are there."""
        report = self.report
        if report is not None and not self._asked and words.is_report(report):
            self._asked = True
        if self._asked:
            self.set_class(False, "-idle")
            self.groups.reload()
            ask_anew(self, self._ask_totals, "totals")
            self.groups.focus()
        self.live_changed()

    async def _ask_totals(self) -> None:
        if self._report is None:
            return
        try:
            for near in (False, True):
                page = await self.face.inquiries.duplicates(self._report.id, near=near, start=0, limit=1)
                self._totals[near] = page
        except ShelverError as error:
            self._trouble = str(error)
        exact, near_ones = self._totals.get(False, NOTHING), self._totals.get(True, NOTHING)
        if not exact.total and near_ones.total and not self._near:
            self.action_part(True)
        self._draw()

    @property
    def groups(self) -> GroupList:
        """The list."""
        return self.query_one(GroupList)

    @property
    def files(self) -> GroupFiles:
        """The files of the group under the cursor."""
        return self.query_one(GroupFiles)

    async def _fetch(self, start: int, limit: int) -> tuple[Sequence[DuplicateGroup], int]:
        if self._report is None:
            return (), 0
        page = await self.face.inquiries.duplicates(self._report.id, near=self._near, start=start, limit=limit)
        return page.groups, page.total

    # -- drawing -----------------------------------------------------------------------------------------

    def live_changed(self) -> None:
        """Draw how far the search is, and the groups once it is over."""
        self.tell_age(self.query_one(Banner))
        report = self.report
        if report is not None and not self._asked and words.is_report(report):
            self._begin()
            return
        self._draw()
        self.refresh_bindings()

    def on_resize(self) -> None:
        """Lines that depend on the width are made anew."""
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        width = max(self.size.width - 2, 20)
        report = self.report
        found: Line = EMPTY
        if report is not None and self._asked:
            found = ((f"found {words.moment(report.finished or report.created, self.around.now())} ", "dim"),)
            if any(_changed_since(report, each) for each in self.live.operations.values()):
                found = ((f"changed since: {self.key('look again')} looks again  ", "warn"), *found)
        title: Line = ((" Duplicates", "strong"), (f"  {self.around.tilde(self._folder)}", "text"))
        self.query_one("#title", Ends).show(title, found)
        self.query_one("#about", Lines).show(self._about(report, width))
        self.query_one("#tabs", Ends).show(self._tabs(), ((f"{self._what_happens()} ", "dim"),))
        self._draw_files()

    def _about(self, report: Operation | None, width: int) -> list[Line]:
        if self._trouble:
            return [EMPTY, ((self._trouble, "warn"),)]
        if report is None:
            return [EMPTY, (("Looking what was found last…", "dim"),)]
        if self._asked:
            page = self._totals.get(self._near)
            return [about_line(page, self._near, width) if page is not None else (("Looking…", "dim"),)]
        if report.state in FINAL_STATES:
            return [EMPTY, ((report.error or f"The search was {words.state(report)[0]}.", "bad"),)]
        return [EMPTY, *looking_lines(report, self.live.progress.get(report.id), width)]

    def _tabs(self) -> Line:
        line: Line = ((" ", "text"),)
        for near, name in ((False, "exact"), (True, "alike")):
            total = words.count(self._totals[near].total) if near in self._totals else ""
            here = near == self._near
            line = (
                *line,
                (self.key(name), "accent"),
                (f" {name} {total}", "strong" if here else "dim"),
                ("    ", "text"),
            )
        return line

    def _what_happens(self) -> str:
        number = len(self._choices.told(near=self._near))
        parts = [f"{words.count(number)} chosen" if number else ""]
        parts.append(f"by {self._choices.policy.name}" if self._choices.policy and not self._near else "")
        parts.append(f"others {ACTIONS[self._happening]}")
        return " · ".join(filter(None, parts))

    @property
    def _happening(self) -> str:
        return "trash" if self._near else self._action

    def _draw_group(self, group: DuplicateGroup, width: int) -> Line:
        return group_line(group, self._choices, self.around, width)

    @on(PagedList.Loaded)
    @on(LineList.Highlighted, "#groups")
    def _draw_files(self) -> None:
        where = f"{words.count(self.groups.cursor + 1)} of {words.count(self.groups.total)}"
        self.files.show(self.groups.current, where)

    # -- keys --------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what there is something for."""
        if action in ("keep", "policy", "other_half", "preview", "copy", "part", "action") and not self.groups.total:
            return False
        if action == "undo" and self._undoable is None:
            return False
        return super().check_action(action, parameters)

    @property
    def _undoable(self) -> Operation | None:
        ended = self.live.ended()
        return next((o for o in ended if o.kind == "dedupe" and o.folder == self._folder and words.can_undo(o)), None)

    def action_part(self, near: bool) -> None:
        """Show exact duplicates, or pictures that look alike."""
        if near != self._near:
            self._near = near
            self.set_class(near, "-near")
            self.files.set_class(near, "-near")
            self.groups.reload()
            self.groups.focus()
            self.call_after_refresh(self._draw)

    def action_other_half(self) -> None:
        """Go to the files of the group, or back to the groups."""
        (self.files.half if self.groups.has_focus else self.groups).focus()

    def action_back(self) -> None:
        """Go back to the groups, then to where one came from."""
        if self.groups.has_focus or not self._asked:
            super().action_back()
        else:
            self.groups.focus()

    def action_keep(self) -> None:
        """Keep the file under the cursor; from the list of groups, the next one in turn."""
        group, file = self.groups.current, self.files.file
        if group is None or file is None:
            return
        if self.groups.has_focus:
            self._choices.turn(group)
        else:
            kept = self._choices.keeps(group)
            self._choices.choose(group, None if self._near and kept == file.path else file.path)
        self.groups.refresh_line(self.groups.cursor)
        self._draw()

    def action_policy(self) -> None:
        """Ask for a policy, and keep by it in all groups."""
        folders = {name: each.path for name, each in self.live.folders.items() if each.path.startswith("/")}
        self.app.push_screen(KeepPolicy(self._near, folders), self._by_policy)

    def _by_policy(self, chosen: Chosen | None) -> None:
        if chosen is None:
            return
        policy = chosen.policy
        if self._near:
            self._chosen_for_all = policy
            ask_anew(self, self._choose_all, "policy")
        else:
            self._choices.forget_exact()
            self._choices.policy = policy
            self.groups.refresh()
            self._draw()

    async def _choose_all(self) -> None:
        """Choose in every group of pictures: they go by choices alone, so each is gone through."""
        report, policy = self._report, self._chosen_for_all
        start, total = 0, 1
        try:
            while report is not None and start < total:
                page = await self.face.inquiries.duplicates(report.id, near=True, start=start, limit=PAGE)
                for group in page.groups:
                    self._choices.choose(group, by_policy(group, policy) if policy else None)
                start, total = start + PAGE, page.total
        except ShelverError as error:
            self.face.tell(str(error), trouble=True)
        self.groups.refresh()
        self._draw()

    def action_action(self) -> None:
        """Let what is too much go to the trash, become a hard link, or share its blocks."""
        if not self._near:
            names = list(ACTIONS)
            self._action = names[(names.index(self._action) + 1) % len(names)]
            self._draw()

    @on(LineList.Opened)
    def _plan(self) -> None:
        """Show what would be done; nothing is done before it is approved."""
        report = self.report
        if report is None or not self._asked:
            return
        if not self.face.may_act:
            self.face.tell("You may only look here.", trouble=True)
            return
        choices, inquiries = self._choices.told(near=self._near), self.face.inquiries
        if not self._near:
            chosen, action = self._choices.policy, self._action
            policy = chosen.name if chosen is not None else None
            self.face.attempt(lambda: inquiries.plan_copies(report, action, choices, policy), self._planned)
        elif choices:
            self.face.attempt(lambda: inquiries.plan_pictures(report, choices), self._planned)
        else:
            one, all_of_them = map(self.key, ("keep this", "policy"))
            self.face.tell(f"First choose which picture stays: {one}, or {all_of_them} for all of them.")

    def _planned(self, operation: Operation) -> None:
        self.face.live.put(operation)
        self.face.show_operation(operation)

    def action_preview(self) -> None:
        """Show the file under the cursor."""
        if self.files.file is not None:
            self.face.looks.preview(path_of(self.files.file))

    def action_copy(self) -> None:
        """Hand the path of the file under the cursor to the terminal's clipboard."""
        if self.files.file is not None:
            self.face.looks.copy(path_of(self.files.file))

    def action_undo(self) -> None:
        """Take back what was last done to duplicates here."""
        if self._undoable is not None:
            self.face.acts.show_undo(self._undoable)


def _changed_since(report: Operation, other: Operation) -> bool:
    """Tell whether an operation moved files of the folder after they were compared."""
    return other.folder == report.folder and other.sequence > report.sequence and other.counts.done > 0
