"""What home shows, as rows: folders, what runs, what waits for a person, and what happened lately."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from rich.cells import cell_len

from core.model import FolderStatus, Operation, Progress, Transfer
from core.names import shown
from tui import words
from tui.live import Live
from tui.screens.turns import Many, ended, in_turns
from tui.surroundings import Surroundings
from tui.widgets.board import Row
from tui.widgets.line import EMPTY, Line, cut, fitted, right, rule, shortened
from tui.widgets.progress import newest_moves, progress_line, transfer_line

LATELY = 40
TRANSFERS = 3
"""Files on their way that are shown at most."""

FOLDER_ROLES = {"starting": "dim", "watching": "good", "degraded": "warn", "paused": "warn", "halted": "bad"}


def home_rows(live: Live, around: Surroundings, key: Callable[[str], str], room: int = 0) -> list[Row]:
    """Return all rows of home; with air between the sections where `room` lines leave some.

    `key`: tells a key by the name of what it does.
    """
    sections = [section for section in _sections(live, around, key) if section]
    airy = sum(map(len, sections)) + len(sections) - 1 <= room
    rows: list[Row] = []
    for number, section in enumerate(sections):
        air = Row(f"air {number}", lambda _: EMPTY, selectable=False)
        rows += [air, *section] if airy and number else section
    return rows


def _sections(live: Live, around: Surroundings, key: Callable[[str], str]) -> Iterator[list[Row]]:
    if not live.folders:
        yield _newcomer(live, key)
    else:
        yield [_title("Folders"), *_folders(live, around)]
    if running := live.running():
        yield [_title("Running"), *_running(running, live, around)]
    if waiting := live.waiting():
        yield [_title("Waiting for you"), *(_waiting(operation, around) for operation in waiting)]
    if ended := [operation for operation in live.ended() if words.is_worth_telling(operation)]:
        yield [_title("Lately"), *_lately(ended[:LATELY], around)]


# -- sections ------------------------------------------------------------------------------------------


def _title(text: str) -> Row:
    return Row(f"title {text}", lambda width: rule(width, text), selectable=False)


def _folders(live: Live, around: Surroundings) -> Iterator[Row]:
    folders = sorted(live.folders.values(), key=lambda folder: folder.name)
    names = max(cell_len(around.tilde(folder.name)) for folder in folders)
    for folder in folders:
        yield Row(f"folder {folder.name}", _folder_drawer(folder, names, around), _look(folder), folder)


def _look(folder: FolderStatus) -> object:
    return (
        *(folder.path, folder.state, folder.reason, folder.files, folder.new_today, folder.waiting),
        *(folder.bucket, folder.in_step, folder.to_carry),
        *(folder.to_push, folder.to_pull, folder.conflicts),
    )


def _folder_drawer(folder: FolderStatus, names: int, around: Surroundings) -> Callable[[int], Line]:
    def draw(width: int) -> Line:
        name = min(names, max(width // 4, 8))
        state: Line = (
            (fitted(around.tilde(folder.name), name), "text"),
            ("  ", "text"),
            (f"{folder.state:<8}  ", FOLDER_ROLES[folder.state]),
        )
        room = width - name - 12
        path = _place(folder, around)
        if folder.reason:
            reason = cut(folder.reason, room)
            rest = room - cell_len(reason) - 2
            return (*state, (reason, "text"), ("  ", "text"), (_at_right(path, rest), "faint"))
        told: Line = ((right(words.files(folder.files), 13), "text"),)
        room -= 13
        if room >= 18:
            news, is_new = _news(folder, around, room)
            told = (*told, (right(news, max(17, cell_len(news) + 2)), "accent" if is_new else "faint"))
            room -= max(17, cell_len(news) + 2)
        return (*state, *told, ("  ", "text"), (_at_right(path, room - 2), "faint"))

    return draw


def _place(folder: FolderStatus, around: Surroundings) -> str:
    """Return where a folder lies, and the bucket that it is kept in step with."""
    path = around.tilde(folder.path)
    return f"{path} ⇄ {folder.bucket}" if folder.bucket not in ("", folder.path) else path


def _news(folder: FolderStatus, around: Surroundings, room: int) -> tuple[str, bool]:
    """Return what is new in a folder, or how it stands with its bucket, and whether that wants a look."""
    waits = words.has_pair(folder) and bool(folder.to_push or folder.to_pull or folder.conflicts)
    if waits:
        carried = folder.to_push + folder.to_pull
        short = f"{words.count(carried)} to carry" if carried else words.conflicts(folder.conflicts)
        whole = words.pair(folder)
        return (whole if cell_len(whole) <= room - 2 else short), True  # the place may have less room for it
    if folder.to_carry:
        return f"{words.count(folder.to_carry)} to carry", True
    if folder.waiting:
        return f"{words.count(folder.waiting)} settling", True
    if folder.new_today:
        return f"{words.count(folder.new_today)} new today", True
    return f"in step {words.when(folder.in_step, around.now())}" if folder.in_step else "nothing new", False


def _at_right(path: str, width: int) -> str:
    return right(path, width) if width >= 8 else ""


def _running(operations: Sequence[Operation], live: Live, around: Surroundings) -> Iterator[Row]:
    for operation in operations:
        progress = live.progress.get(operation.id)
        yield Row(
            f"running {operation.id}",
            partial(_running_line, operation, progress, around),
            (operation.state, progress),
            operation,
        )
        if progress is not None and progress.transfers:
            for number, transfer in enumerate(progress.transfers[:TRANSFERS]):
                draw = partial(_transfer_line, transfer)
                yield Row(f"transfer {operation.id} {number}", draw, transfer, selectable=False)
        elif progress is not None and (progress.recent or progress.current):
            yield Row(
                f"moves {operation.id}",
                partial(_moves_line, progress),
                (progress.recent, progress.current),
                selectable=False,
            )


def _names(width: int) -> int:
    return min(max(width * 28 // 100, 14), 32)


def _name(operation: Operation, around: Surroundings, width: int) -> Line:
    name = _names(width)
    kind = words.kind(operation)
    if width < 70 and operation.kind == "organize":  # what it mostly is, where there is no room to say so
        return ((fitted(around.tilde(operation.folder), name - 2), "text"), ("  ", "text"))
    folder = fitted(around.tilde(operation.folder), name - cell_len(kind) - 3)
    return ((kind, "dim"), (" ", "text"), (folder, "text"), ("  ", "text"))


def _waiting(operation: Operation, around: Surroundings) -> Row:
    def draw(width: int) -> Line:
        time = words.when(operation.created, around.now())
        told = words.outcome(operation)
        room = width - _names(width) - 9
        why = f" · {shown(operation.note)}" if operation.note else ""
        return (
            *_name(operation, around, width),
            (cut(told, room), "text"),
            (fitted(cut(why, room - cell_len(told)), max(room - cell_len(told), 0)), "dim"),
            (right(time, 9), "dim"),
        )

    return Row(f"waiting {operation.id}", draw, (operation, around.now().date()), operation)


def _running_line(operation: Operation, progress: Progress | None, around: Surroundings, width: int) -> Line:
    return (*_name(operation, around, width), *progress_line(progress, operation, width - _names(width)))


def _transfer_line(transfer: Transfer, width: int) -> Line:
    return (("      ", "text"), *transfer_line(transfer, width - 6))


def _moves_line(progress: Progress, width: int) -> Line:
    return (("      ", "text"), *newest_moves(progress, width - 6))


def _lately(operations: Sequence[Operation], around: Surroundings) -> Iterator[Row]:
    now = around.now()
    for subject in in_turns(operations, now.tzinfo):
        last = subject.operations[-1] if isinstance(subject, Many) else subject
        yield Row(f"ended {last.id}", partial(_ended_line, subject, around), (subject, now.date()), subject)


def _ended_line(subject: Operation | Many, around: Surroundings, width: int) -> Line:
    first = subject.first if isinstance(subject, Many) else subject
    told = subject.told if isinstance(subject, Many) else words.summary(subject)
    word, role = words.state(first)
    room = width - 8 - _names(width) - 16
    return (
        (f"{words.when(ended(first), around.now()):<8}", "dim"),
        *_name(first, around, width),
        (fitted(cut(told, room), room), "text"),
        (right(word, 16), role),
    )


# -- for who is new here -------------------------------------------------------------------------------


Told = tuple[str, str] | tuple[str, str, str]
"""Text and its role; or a head, its role, and what is said of it."""


def _newcomer(live: Live, key: Callable[[str], str]) -> list[Row]:
    told = _met(key) if live.seen is not None else _alone() if live.lost else [("Asking the agent…", "strong")]
    head = max((cell_len(entry[0]) for entry in told if len(entry) == 3), default=0) + 3
    return [
        Row(f"newcomer {number}", partial(_told, entry, head), entry, selectable=False)
        for number, entry in enumerate((("", "text"), *told, ("", "text")))
    ]


def _alone() -> list[Told]:
    return [
        ("No agent is running yet.", "strong"),
        ("", "text"),
        ("The agent watches your folders and does the work;", "text"),
        ("these screens only show it.", "text"),
        ("", "text"),
        ("shelver up FOLDER", "accent", "watch a folder here and now"),
        ("shelver agent", "accent", "the agent in its own terminal"),
        ("shelver service install", "accent", "start it with this machine"),
        ("", "text"),
        ("This screen comes alive as soon as one answers.", "dim"),
    ]


def _met(key: Callable[[str], str]) -> list[Told]:
    return [
        ("Nothing is watched yet.", "strong"),
        ("", "text"),
        (key("add folder"), "accent", "adds a folder: first you see what would move, and nothing moves"),
        ("", "accent", "before you say so"),
        (key("undo"), "accent", "takes back whatever was done, today or in a year"),
        (key("help"), "accent", "shows every key"),
    ]


def _told(entry: Told, head: int, width: int) -> Line:
    text, role, *said = entry
    if not said:
        return (("   ", "text"), (cut(text, width - 4), role)) if text else EMPTY
    return (("   ", "text"), (fitted(text, head), role), (shortened(said[0], width - 5 - head), "dim"))
