"""What a shell completes beside verbs and options: the ids of operations, and the names of folders."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import click
from click.shell_completion import CompletionItem

from core.errors import ShelverError
from tui.commands.frame import Settings

if TYPE_CHECKING:
    from tui.commands.desk import Desk

MANY = 50
Function = TypeVar("Function", bound=Callable[..., object])


def operation_argument(function: Function) -> Function:
    """Give a command its argument OP, which a shell can complete."""
    return click.argument("operation", metavar="OP", shell_complete=complete_operations)(function)


def complete_operations(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Return `last` and the newest operations whose ids begin so, each with what it is."""

    def known(desk: Desk) -> list[CompletionItem]:
        from tui.commands.desk import pages
        from tui.commands.records import title

        newest = islice(pages(desk), MANY)
        return [CompletionItem(each.id, help=f"{title(each)}, {each.state}") for each in newest]

    return _beginning(begun, [CompletionItem("last", help="the newest that fits"), *_asked(context, known)])


def complete_folders(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Return the names of configured folders; the shell adds directories."""

    def known(desk: Desk) -> list[CompletionItem]:
        return [CompletionItem(folder.name, help=folder.path) for folder in desk.folders()]

    return [*_beginning(begun, _asked(context, known)), CompletionItem(begun, type="dir")]


def _beginning(begun: str, items: list[CompletionItem]) -> list[CompletionItem]:
    return [item for item in items if str(item.value).startswith(begun) and str(item.value).isprintable()]


def _asked(context: click.Context, question: Callable[[Desk], list[CompletionItem]]) -> list[CompletionItem]:
    """Ask where operations are known. A shell is told nothing of what goes wrong."""
    from tui.commands.reaching import open_desk

    try:
        with open_desk(context.find_object(Settings) or Settings(), to_act=False) as desk:
            return question(desk)
    except (ShelverError, OSError):
        return []
