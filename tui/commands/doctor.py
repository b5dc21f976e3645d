"""`shelver doctor`: looks at everything, changes nothing unless told to rebuild."""

from __future__ import annotations

import click

from tui.commands.frame import Settings, verb

MARKS = {"ok": ("ok", "good"), "note": ("note", "accent"), "problem": ("problem", "bad")}


@verb("doctor", example="shelver doctor")
@click.option("--rebuild", is_flag=True, help="Make the catalog anew from plans and journals; no agent may run.")
def command(settings: Settings, rebuild: bool) -> int:
    """Look for what is wrong: limits, permissions, config, torn journals, the catalog, the service.

    Ends with 1 if there is a problem. Changes nothing without --rebuild.
    """
    from core.checks import Site
    from tui.commands.checks import CHECKS

    out = settings.output()
    if rebuild:
        from tui.commands.catalog_care import rebuild_catalog

        out.note(f"The catalog was made anew: {rebuild_catalog(settings):,} operations.")
    site = Site.of(settings.places(), settings.config)
    findings = [finding for check in CHECKS for finding in check(site)]
    out.records(findings)
    out.rows([(MARKS[each.level], each.check, each.message, (each.hint, "dim")) for each in findings])
    return int(any(each.level == "problem" for each in findings))
