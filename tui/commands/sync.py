"""`shelver sync`: bring a folder and its bucket in step now, and settle what both changed."""

from __future__ import annotations

import click

from core.errors import UsageError
from core.model import Operation, Resolution
from tui import words
from tui.commands.acting import Manner, Telling, carry_out, conclude, show_plan
from tui.commands.completing import complete_folders
from tui.commands.conflicts import copies_meant, print_conflicts, tell_conflicts
from tui.commands.desk import Desk
from tui.commands.folders import place
from tui.commands.frame import Settings, verb
from tui.commands.output import Output
from tui.commands.reaching import open_desk


@verb("sync", example="shelver sync scans --dry-run")
@click.argument("folder", shell_complete=complete_folders)
@click.argument("paths", nargs=-1, metavar="[PATH]…")
@click.option("--conflicts", is_flag=True, help="Only list the files that both sides changed.")
@click.option(
    "--resolve",
    type=click.Choice(["mine", "theirs", "both"]),
    help="Settle the conflicts of PATH…: keep your version, the bucket's, or both under plain names.",
)
@click.option("--all", "every", is_flag=True, help="With --resolve: all conflicts of the folder.")
@click.option("--dry-run", is_flag=True, help="Only plan; what is proposed can be approved.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--no-wait", is_flag=True, help="Leave it to the agent and return at once.")
def command(
    settings: Settings,
    folder: str,
    paths: tuple[str, ...],
    conflicts: bool,
    resolve: Resolution | None,
    every: bool,
    **manner: bool,
) -> int:
    """Bring FOLDER (a configured name or a path) and its bucket in step: what is new or changed goes both ways.

    What one side deleted goes to the trash of the other; where both changed, both are kept, and --resolve settles it.
    On a terminal it shows the plan and asks.
    """
    _check(paths, resolve, every=every, conflicts=conflicts)
    out = settings.output()
    if conflicts:
        with open_desk(settings, to_act=False) as desk:
            return _list(desk, out, place(desk, folder))
    with open_desk(settings, to_act=True) as desk:
        named = place(desk, folder)
        if resolve is None:
            return carry_out(
                desk,
                out,
                Manner(**manner),
                lambda only_plan: desk.submit("sync", named, dry_run=only_plan),
                Telling(_show_plan, _conclude),
            )
        copies = copies_meant(desk, named, paths)
        return carry_out(
            desk,
            out,
            Manner(**manner),
            lambda only_plan: desk.submit("sync", named, dry_run=only_plan, resolve=resolve, paths=copies),
        )


def _check(paths: tuple[str, ...], resolve: Resolution | None, *, every: bool, conflicts: bool) -> None:
    """Raise UsageError for what makes no sense together."""
    if resolve is None and (paths or every):
        raise UsageError("a sync looks at the whole folder; paths say which conflicts `--resolve` settles")
    if resolve is not None and conflicts:
        raise UsageError("`--conflicts` only lists, `--resolve` settles: give one of them")
    if resolve is not None and bool(paths) == every:
        raise UsageError("which conflicts? name their files, or say `--all`")


def _list(desk: Desk, out: Output, folder: str) -> int:
    found = desk.conflicts(folder)
    print_conflicts(out, found)
    if out.terminal and not found:
        out.line("No conflict waits to be settled.")
    elif out.terminal:
        out.note(f"Settle them: shelver sync {folder} --resolve mine|theirs|both PATH…")
    return 0


def _show_plan(desk: Desk, out: Output, operation: Operation) -> None:
    """Show how much goes to each side, then the plan."""
    if operation.counts.planned:
        told = words.carried(desk.carries(operation.id))
        out.line((told[0].upper() + told[1:], "strong")) if out.terminal else out.line(told)
    show_plan(desk, out, operation)


def _conclude(desk: Desk, out: Output, operation: Operation) -> int:
    code = conclude(desk, out, operation)
    tell_conflicts(desk, out, operation.folder)
    return code
