"""organize → show → undo by the command itself: no agent runs, the same engine and journal do the work."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests import trees
from tests.commands import Home
from tests.trees import File


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def messy(home: Home) -> bytes:
    return trees.messy(home.downloads)


def test_organize_show_undo_redo(home: Home, messy: bytes) -> None:
    before = trees.read(messy)
    done = home.run("organize", "Downloads", "--json").object
    after = trees.read(messy)
    assert done["state"] == "completed"
    assert done["counts"]["done"] == done["counts"]["planned"] > 5
    assert b"Archives/archive.tar.gz" in after and b"archive.tar.gz" not in after

    (shown,) = home.run("show", done["id"][:4], "--json").objects
    assert shown == done
    steps = home.run("show", "last", "--steps", "--json").objects
    assert {step["outcome"] for step in steps} == {"done"}
    assert [step for step in steps if step["destination"].endswith("Archives/archive.tar.gz")]
    assert home.run("show", "last", "--filter", "archive.tar").fields[0][1:3] == ["move", "done"]

    undone = home.run("undo", "last", "--json").object
    assert (undone["state"], undone["undo_of"]) == ("completed", done["id"])
    assert trees.read(messy) == before
    assert home.run("show", done["id"], "--json").object["undone_by"] == undone["id"]

    redone = home.run("undo", undone["id"])
    assert redone.code == 0
    assert trees.read(messy) == after


def test_a_dry_run_moves_nothing_and_its_approval_does_exactly_that(home: Home, messy: bytes) -> None:
    before = trees.read(messy)
    planned = home.run("organize", home.downloads, "--dry-run")
    assert planned.code == 0
    assert trees.read(messy) == before
    operation = planned.fields[-1]
    assert operation[3] == "proposed"
    moves = {fields[3]: fields[4] for fields in planned.fields[:-1] if fields[1] == "move"}

    late = home.downloads / "late.txt"
    late.write_text("came after the plan")
    approved = home.run("approve", "last", "--json").object
    assert (approved["id"], approved["state"]) == (operation[0], "completed")
    assert late.exists()
    assert all(os.path.exists(place) and not os.path.exists(source) for source, place in moves.items())


def test_approving_some_leaves_the_rest(home: Home) -> None:
    trees.build(home.downloads, {"a.zip": b"PK\x05\x06" + bytes(18), "b.txt": "b", "c.txt": "c"})
    home.run("organize", "Downloads", "--dry-run")
    told = home.run("approve", "last", "--only", "Downloads/b.txt", home.downloads / "c.txt")
    assert told.code == 1  # the others were skipped
    assert "not approved" in told.err
    assert {name for name in trees.names(home.downloads) if b"/" not in name} == {b"a.zip"}


def test_a_slip_in_a_path_costs_nothing(home: Home) -> None:
    trees.build(home.downloads, {"a.txt": "a"})
    home.run("organize", "Downloads", "--dry-run")
    told = home.run("approve", "last", "--only", "Downloads/b.txt")
    assert told.code == 2
    assert "nothing to do with" in told.err
    assert home.run("approve", "last", "--only", "Downloads").code == 0
    assert home.run("undo", "last", "--only", "Downloads/nowhere.txt").code == 2


def test_a_stale_step_is_skipped_alone_and_says_why(home: Home) -> None:
    trees.build(home.downloads, {"a.txt": "a", "b.txt": "b"})
    home.run("organize", "Downloads", "--dry-run")
    (home.downloads / "a.txt").write_text("edited after the plan")
    told = home.run("approve", "last")
    assert told.code == 1
    assert "a.txt: it changed since it was planned" in told.err
    assert (home.downloads / "a.txt").read_text() == "edited after the plan"
    assert not (home.downloads / "b.txt").exists()


def test_only_the_rules_that_are_named(home: Home) -> None:
    home.write_config("""
        [[folder]]
        name = "d"
        path = "~/Downloads"
        [[rule]]
        name = "texts"
        match = { ext = "txt" }
        to = "Texts/"
        [[rule]]
        name = "tables"
        match = { ext = "csv" }
        to = "Tables/"
        [[rule]]
        name = "pages"
        match = { ext = "html" }
        to = "Pages/"
    """)
    trees.build(home.downloads, {"a.txt": "a", "b.csv": "b", "c.html": "c"})
    assert home.run("organize", "d", "--rule", "texts", "tables").code == 0
    assert trees.names(home.downloads) == {b"Texts/a.txt", b"Tables/b.csv", b"c.html"}


def test_loose_files_only_unless_told_otherwise(home: Home) -> None:
    trees.build(home.downloads, {"sub": {"a.csv": "a"}})
    home.run("organize", "Downloads")
    assert trees.names(home.downloads) == {b"sub/a.csv"}
    home.run("organize", "Downloads", "--subfolders")
    assert trees.names(home.downloads) == {b"Documents/2014/a.csv"}


def test_undo_of_several_since_and_only(home: Home) -> None:
    trees.build(home.downloads, {"a.txt": "a"})
    before = trees.read(home.downloads)
    home.run("organize", "Downloads")
    trees.build(home.downloads, {"b.txt": "b", "c.txt": "c"})
    home.run("organize", "Downloads")

    alone = home.run("undo", "--only", "Downloads/Documents/2014/b.txt", "--json").object
    assert alone["counts"]["done"] == 1
    assert (home.downloads / "b.txt").exists() and not (home.downloads / "c.txt").exists()

    told = home.run("undo", "--since", "1h", "--json")
    assert told.code in (0, 1)  # b.txt is at its place already
    (home.downloads / "b.txt").unlink()
    (home.downloads / "c.txt").unlink()
    assert trees.read(home.downloads) == before


def test_since_brings_back_how_it_was_and_leaves_out_what_cancels_out(home: Home) -> None:
    trees.build(home.downloads, {"a.txt": "a"})
    trees.build(home.path / "other", {"b.txt": "b"})
    home.run("organize", "Downloads")
    home.run("undo", "last")
    moved = home.run("organize", "other", "--json").object["id"]
    told = home.run("undo", "--since", "1h", "--json")
    assert [each["undo_of"] for each in told.objects] == [moved]
    assert trees.names(home.downloads) == {b"a.txt"}
    assert trees.names(home.path / "other") == {b"b.txt"}
    assert home.run("undo", "--since", "now").code == 0


def test_since_and_only_together_leave_alone_what_has_to_do_with_neither(home: Home) -> None:
    trees.build(home.downloads, {"a.txt": "a", b"\xff.txt": "b"})
    home.run("organize", "Downloads")
    trees.build(home.downloads, {"c.txt": "c"})
    home.run("organize", "Downloads")
    told = home.run("undo", "--since", "1h", "--only", home.downloads / "Documents/2014/\udcff.txt", "--json")
    assert [each["counts"]["done"] for each in told.objects] == [1]
    assert trees.names(home.downloads) == {b"Documents/2014/a.txt", b"Documents/2014/c.txt", b"\xff.txt"}
    assert home.run("undo", "--only", home.downloads / "\udcff.txt").code == 0  # the undo moved it last: a redo
    assert b"Documents/2014/\xff.txt" in trees.names(home.downloads)


def test_a_new_proposal_takes_the_place_of_the_one_before(home: Home) -> None:
    trees.build(home.downloads, {"a.txt": "a"})
    older = home.run("organize", "Downloads", "--dry-run").fields[-1][0]
    newer = home.run("organize", "Downloads", "--dry-run").fields[-1][0]
    states = {each["id"]: each["state"] for each in home.run("ops", "--json").objects}
    assert states == {older: "superseded", newer: "proposed"}
    assert home.run("approve", older).code == 5
    assert home.run("approve", newer).code == 0


def test_what_was_done_meanwhile_waits_no_more(home: Home) -> None:
    trees.build(home.downloads, {"a.txt": "a", "b.csv": "b"})
    previewed = home.run("organize", "Downloads", "--dry-run").fields[-1][0]
    done = home.run("organize", "Downloads").fields[0][0]
    undo = home.run("undo", done, "--dry-run", "--json").object["id"]
    home.run("undo", done)
    states = {each["id"]: each["state"] for each in home.run("ops", "--json").objects}
    assert (states[previewed], states[undo]) == ("superseded", "superseded")
    assert home.run("status", "--json").object["waiting"] == []


def test_undo_dry_run_counts_and_changes_nothing(home: Home, messy: bytes) -> None:
    home.run("organize", "Downloads")
    after = trees.read(messy)
    preview = home.run("undo", "last", "--dry-run", "--json").object
    assert preview["state"] == "proposed"
    assert preview["preview"]["files"] == preview["counts"]["planned"] > 5
    assert trees.read(messy) == after
    assert home.run("approve", preview["id"]).code == 0


def test_an_edited_file_goes_back_with_its_new_content(home: Home) -> None:
    trees.build(home.downloads, {"a.txt": "before"})
    home.run("organize", "Downloads")
    moved = home.downloads / "Documents/2014/a.txt"
    moved.write_text("edited meanwhile")
    assert home.run("undo", "last").code == 0
    assert (home.downloads / "a.txt").read_text() == "edited meanwhile"


def test_a_taken_place_gets_a_number_or_is_skipped(home: Home) -> None:
    trees.build(home.downloads, {"a.txt": "first"})
    home.run("organize", "Downloads")
    (home.downloads / "a.txt").write_text("new")
    assert home.run("undo", "last", "--on-conflict", "skip").code == 1
    assert (home.downloads / "a.txt").read_text() == "new"
    assert home.run("undo", "--only", "Downloads/Documents/2014/a.txt").code == 0
    assert (home.downloads / "a (1).txt").read_text() == "first"


def test_without_an_agent_nobody_else_could_do_it_later(home: Home) -> None:
    trees.build(home.downloads, {"a.txt": "a"})
    assert home.run("organize", "Downloads", "--no-wait").fields[0][3] == "completed"


def test_ids_are_prefixes_or_last(home: Home) -> None:
    trees.build(home.downloads, {"a.txt": "a"})
    assert home.run("show", "last").code == 2
    id = home.run("organize", "Downloads").fields[0][0]
    assert home.run("show", id[:3].upper()).fields[0][0] == id
    assert home.run("show", "zzzzzzzzz").code == 2
    assert home.run("show", "").code == 2


def test_what_cannot_be_taken_back_is_refused(home: Home) -> None:
    trees.build(home.downloads, {"a.txt": "a"})
    id = home.run("organize", "Downloads", "--dry-run").fields[-1][0]
    told = home.run("undo", id)
    assert told.code == 5
    assert "there is nothing to undo" in told.err
    assert home.run("undo").code == 2
    assert home.run("undo", id, "--since", "1h").code == 2
    assert home.run("undo", "--only", "Downloads/a.txt").code == 2


def test_reject_and_cancel_take_a_proposal_from_the_table(home: Home) -> None:
    trees.build(home.downloads, {"a.txt": "a"})
    home.run("organize", "Downloads", "--dry-run")
    assert home.run("reject", "last", "--json").object["state"] == "rejected"
    assert home.run("approve", "last").code == 5
    home.run("organize", "Downloads", "--dry-run")
    assert home.run("cancel", "last", "--json").object["state"] == "cancelled"
    assert (home.downloads / "a.txt").exists()


def test_where_finds_a_file_by_any_name_it_had(home: Home) -> None:
    trees.build(home.downloads, {"Facture été.txt": "a"})
    id = home.run("organize", "Downloads").fields[0][0]
    for text in ("facture", "ÉTÉ", "Documents/2014"):
        (found,) = home.run("where", text, "--json").objects
        assert found["operation"] == id
        assert found["destination"].endswith("Documents/2014/Facture été.txt")
        assert not {"source_b64", "destination_b64"} & found.keys()
    assert home.run("where", "nonesuch").lines == []


def test_where_survives_the_loss_of_the_cache(home: Home) -> None:
    trees.build(home.downloads, {"a.txt": "a"})
    home.run("organize", "Downloads", "--state", "s")
    trees_of_cache = home.path / "s/cache"
    for file in trees_of_cache.iterdir():
        file.unlink()
    assert len(home.run("where", "a.txt", "--state", "s").lines) == 1


def test_names_of_every_kind_go_there_and_back(home: Home) -> None:
    top = trees.build(home.downloads, {name + b".csv": b"%d" % n for n, name in enumerate(SHORT_HOSTILE)})
    before = trees.read(top)
    done = home.run("organize", "Downloads", "--json")
    assert done.object["counts"]["done"] == done.object["counts"]["planned"] > 20
    for step in home.run("show", "last", "--steps", "--json").objects:
        if step["kind"] == "move":
            exact = step.get("source_b64")
            assert (exact is None) == (b"\xff" not in _bytes(step)), step
    assert home.run("undo", "last").code == 0
    assert trees.read(top) == before


SHORT_HOSTILE = [name for name in trees.HOSTILE_NAMES if len(name) < 200 and not name.startswith(b".")]


def _bytes(step: dict[str, str]) -> bytes:
    from tui.wire import exact_path

    return exact_path(step["source"], step.get("source_b64")) or b""


def test_looking_makes_nothing(home: Home) -> None:
    for line in (["ops"], ["status"], ["where", "x"], ["trash", "list"], ["trash", "empty"], ["doctor"]):
        home.run(*line)
    assert not home.state.exists()
    assert not (home.path / ".cache").exists()


def test_a_folder_that_is_none_is_refused_before_anything(home: Home) -> None:
    told = home.run("organize", "Downloads/nowhere")
    assert told.code == 2
    assert "nowhere" in told.err


def test_pausing_without_an_agent_is_remembered_for_the_next(home: Home) -> None:
    home.write_config('[[folder]]\nname = "d"\npath = "~/Downloads"\n')
    assert home.run("pause", "d").fields[0][1] == "paused"
    assert home.run("status").fields[1][1] == "paused"
    assert (home.state / "paused").read_text().splitlines() == ["d"]
    assert home.run("resume").code == 0
    assert (home.state / "paused").read_text() == ""
    assert home.run("pause", "nowhere").code == 2


def test_two_commands_never_work_at_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.state import StateDirectory

    monkeypatch.setattr("tui.commands.reaching.AGENT_STARTS_SECONDS", 0.0)  # else it waits for what could be an agent
    with home.entered():
        places = StateDirectory.of_user()
        places.prepare()
    with places.lock():
        told = home.run("organize", "Downloads")
        assert home.run("ops").code == 0  # looking takes no lock
    assert told.code == 5
    assert "in use by another Shelver process" in told.err


def test_modes_links_and_times_survive(home: Home) -> None:
    top = trees.build(
        home.downloads,
        {
            "private.csv": File(b"x", mode=0o600),
            "read only.csv": File(b"y", mode=0o444, mtime_ns=1_500_000_000_123_456_789),
            "twin.csv": trees.HardLink("private.csv"),
            "link": trees.Symlink("private.csv"),
        },
    )
    before = trees.read(top)
    home.run("organize", "Downloads")
    home.run("undo", "last")
    assert trees.read(top) == before


def test_json_of_an_operation_has_exactly_these_names(home: Home) -> None:
    trees.build(home.downloads, {"a.txt": "a"})
    operation = home.run("organize", "Downloads", "--json").object
    named = ["id", "kind", "folder", "state", "counts", "undo_of", "undone_by", "requested_by"]
    named += ["created", "started", "finished", "error"]
    assert list(operation)[: len(named)] == named
    assert list(operation["counts"]) == ["planned", "done", "skipped", "failed", "bytes"]
    steps = home.run("show", "last", "--steps", "--json").objects
    named = ["seq", "kind", "group", "source", "destination", "outcome", "reason"]
    assert all(list(step)[: len(named)] == named for step in steps)
    assert json.dumps(operation)


def test_a_part_of_a_configured_folder_is_only_that_part(home: Home) -> None:
    home.write_config('[[folder]]\nname = "d"\npath = "~/Downloads"\n')
    trees.build(home.downloads, {"a.csv": "a", "sub": {"b.csv": "b"}})
    assert home.run("organize", "Downloads/sub").code == 0
    assert b"a.csv" in trees.names(home.downloads) and b"sub/b.csv" not in trees.names(home.downloads)
    assert home.run("organize", "Downloads", "--json").object["folder"] == "d"
    assert b"a.csv" not in trees.names(home.downloads)
    assert len(home.run("ops", "--folder", "d").lines) == len(home.run("ops", "--folder", home.downloads).lines) == 1
