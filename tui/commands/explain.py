"""`shelver explain`: each rule in turn, the facts it looked at, and where a file would go."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING

import click

from core.errors import UsageError
from tui import words
from tui.commands.frame import Settings, verb
from tui.commands.output import Output, Piece
from tui.commands.records import home_short, without_empty

if TYPE_CHECKING:
    from core.views.explain import Explanation


@verb("explain", example="shelver explain ~/Downloads/invoice.pdf")
@click.argument("files", metavar="FILE…", nargs=-1, required=True)
def command(settings: Settings, files: tuple[str, ...]) -> int:
    """Say for each FILE what every rule makes of it and why, what is remembered, and where it would go.

    A FILE of a folder that is a bucket is named `s3://bucket/…`.

    Works without any config, too: with the built-in rules. Changes nothing.
    """
    out = settings.output()
    code = 0
    with _explainer(settings) as explain:
        for file in files:
            try:
                explanation = explain(file)
            except UsageError as error:  # the others can still be explained
                out.note(f"shelver: {error}")
                code = error.exit_code
                continue
            out.record(without_empty(explanation))
            if out.terminal:
                _print_for_people(out, explanation)
            else:
                out.rows(_fields(explanation))
    return code


@contextmanager
def _explainer(settings: Settings) -> Iterator[Callable[[str], Explanation]]:
    from core.facts import FactReader
    from core.storage.remotes import Remotes, is_bucket
    from core.stores.decisions import Decisions
    from core.views.explain import explain, explain_object

    config, places = settings.load_config(), settings.places()
    with ExitStack() as opened:
        known = places.decisions.exists()  # looking makes nothing
        decisions = opened.enter_context(closing(Decisions(places.decisions))) if known else None
        facts = opened.enter_context(FactReader(None))
        remotes = opened.enter_context(closing(Remotes(config, places.remotes)))
        of_file = partial(explain, config=config, facts=facts, decisions=decisions)
        of_object = partial(explain_object, config=config, remotes=remotes, decisions=decisions)
        yield lambda file: of_object(os.fsencode(file)) if is_bucket(os.fsencode(file)) else of_file(file)


def _print_for_people(out: Output, told: Explanation) -> None:
    out.line((home_short(told.path), "strong"))
    for name, value in told.facts.items():
        if value is not None:
            shown = words.size(int(value)) if name == "size" else str(value)
            out.line((f"  {name}: ", "dim"), shown)
    marks: dict[bool, Piece] = {True: ("  yes", "good"), False: ("  no", "dim")}
    out.rows([[marks[rule.matches], rule.name, (rule.why, "dim")] for rule in told.rules])
    if told.follows:
        out.line("  it belongs to ", (told.follows, "strong"))
    if told.action and told.destination:
        out.line(f"  {told.action} → ", (home_short(told.destination), "accent"))
    elif told.action:
        out.line("  ", (told.action, "accent"))
    if told.left_alone:
        out.line("  left alone: ", (told.left_alone, "warn"))


def _fields(told: Explanation) -> Iterator[list[Piece]]:
    """One explanation as lines of a pipe: a line for each rule, then the verdict."""
    for rule in told.rules:
        yield [told.path, "matches" if rule.matches else "does not match", rule.name, rule.why]
    yield [told.path, told.action or "stay", told.destination or "", told.left_alone or ""]
