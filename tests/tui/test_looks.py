"""Looking closer: why a file goes where it goes, a folder and its rules, a file at a glance, how everything is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import pytest

from core.model import Event
from tests.tui.fake_agent import FakeAgent
from tests.tui.home_server import folder
from tests.tui.hostile import PAYLOADS
from tests.tui.looking import Look, looking
from tests.tui.looks_server import INVOICE, PHOTO, furnished_to_look
from tests.tui.test_hostile import assert_clean
from tui.outfit import Outfit
from tui.widgets.board import Board
from tui.widgets.key_bar import offered
from tui.widgets.picture import UPPER


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[FakeAgent]:
    async with furnished_to_look(tmp_path / "agent.sock") as agent:
        yield agent


async def test_explain_says_where_a_file_would_go_and_what_each_rule_makes_of_it(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        look.face.looks.explain(INVOICE.encode())
        await look.sees("Explain  invoice 17.pdf", "goes to", "~/Scans/Documents/Invoices/2026/invoice 17.pdf")
        await look.sees("a person took its move back", "the first that matches decides", "2026-11-12 08:30", "120 kB")
        assert look.line_with("pictures  ").split()[:2] == ["no", "pictures"]
        assert look.line_with("invoices").split()[:2] == ["yes", "invoices"]
        assert "artist, taken" in look.line_with("it has no")
        await look.press("r")
        await look.goes("FolderScreen")
        await look.sees("everything else")


async def test_a_file_that_is_where_it_belongs_stays(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        look.face.looks.explain(PHOTO.encode())
        await look.sees("it is where it belongs")
        assert "goes to" not in look.text and "stays" in look.line_with("it is where it belongs")


async def test_what_cannot_be_explained_says_why(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        look.face.looks.explain(b"/etc/passwd")
        await look.sees("/etc/passwd lies in no folder that Shelver looks after")


async def test_explain_is_reached_from_a_step_from_home_and_by_a_typed_path(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        look.face.show_operation(look.face.live.operations["scanwait"])
        await look.sees("invoice 17.pdf")
        await look.press("e")
        await look.goes("Explain")
        await look.sees("Documents/Invoices/2026")
        await look.press("escape", "escape")
        await look.goes("Home")
        await look.press("e")
        await look.goes("AskFile")
        await look.press("ctrl+u")
        await look.types("~/Scans/invoice 17.pdf")
        await look.press("enter")
        await look.goes("Explain")
        await look.sees("Documents/Invoices/2026")


async def test_a_folder_tells_its_state_its_settings_and_its_rules(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await look.until(lambda: agent.listeners)
        look.one(Board).jump("folder scans")
        look.face.looks.folder("scans")
        await look.goes("FolderScreen")
        await look.sees("every new file is looked at once it has settled", "4 settling", "ignores *.iso")
        assert look.line_with("pictures").split()[-1] == "1,204"
        assert "→ Pictures/{taken|modif" in look.line_with("pictures")
        assert "to the trash" in look.line_with("installers")
        await look.press("down", "down", "enter")
        await look.goes("RuleDetail")
        await look.sees("ext pdf, (name *invoice*) or (text Invoice|Rechnung)", "12 files in 30 days")
        await look.press("escape", "P")
        await look.sees("by lena", "nothing is started here until it is resumed")
        await agent.tell(Event(type="folder", folder=folder("scans", state="degraded", reason="too many folders")))
        await look.sees("degraded", "too many folders")
    assert [path for _, path, _ in agent.acts()] == ["/folders/scans/pause"]


async def test_enter_on_a_folder_at_home_opens_it_and_a_halted_one_is_accepted_there(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await look.sees("the disk is not mounted")
        look.one(Board).jump("folder archive")
        await look.press("enter")
        await look.goes("FolderScreen")
        await look.sees("halted", "the disk is not mounted", "until you accept it")
        await look.press("P")
        await look.goes("Confirm")
        await look.sees("It halted because:")
        await look.press("tab", "enter")
        await look.until(agent.acts)
    assert agent.acts() == [("POST", "/folders/archive/resume", {})]


async def test_a_folder_that_left_the_config_says_so(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        look.face.looks.folder("gone")
        await look.sees("gone is in the config no more", "No folder is called that.")


async def test_a_picture_is_drawn_and_a_text_begins(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        look.face.looks.preview(PHOTO.encode())
        await look.sees("IMG_000042.JPG", "image · 3.1 MB", "Fuji X-T5", UPPER * 8)
        await look.press("p")
        await look.goes("Home")
        look.face.looks.preview(INVOICE.encode())
        await look.sees("document · 120 kB", "Haus & Garten GmbH", "2 rakes 39.80")
        assert UPPER not in look.text
        await look.press("e")
        await look.goes("Explain")


async def test_where_there_is_ascii_alone_a_picture_is_drawn_in_letters(agent: FakeAgent) -> None:
    async with looking(agent.socket, outfit=Outfit(ascii=True)) as look:
        look.face.looks.preview(PHOTO.encode())
        await look.sees("Fuji X-T5", "+++*****+++", "::::")
        assert UPPER not in look.text


async def test_on_a_wide_terminal_the_file_stands_beside_its_explanation(agent: FakeAgent) -> None:
    async with looking(agent.socket, size=(200, 50)) as look:
        look.face.looks.explain(INVOICE.encode())
        await look.sees("Documents/Invoices/2026", "Haus & Garten GmbH")


async def test_diagnostics_tell_agent_terminal_and_findings(agent: FakeAgent) -> None:
    async with looking(agent.socket, size=(100, 50)) as look:
        await look.press("f12")
        await look.goes("Diagnostics")
        await look.sees(
            "process 4242, up since 12 Nov", "process 4243 at work", "100x50 cells", "since the screens opened"
        )
        await look.sees("/mnt/archive is not there", "mount or make it", "sysctl fs.inotify.max_user_instances=128")
        assert "problem" in look.line_with("/mnt/archive is not there")
        await look.press("f12")
        await look.goes("Home")


async def test_without_an_agent_diagnostics_still_tell_the_terminal(tmp_path: Path) -> None:
    async with looking(tmp_path / "none.sock") as look:
        await look.press("f12")
        await look.goes("Diagnostics")
        await look.sees("nobody listens", "80x24 cells")
        await look.press("end")
        await look.sees("cannot be reached")


async def test_who_may_only_look_looks_everywhere_and_changes_nothing(agent: FakeAgent) -> None:
    agent.may = ["view"]
    async with looking(agent.socket) as look:
        look.face.looks.folder("scans")
        await look.sees("installers")
        await look.press("P", "o", "E")
        able = {binding.action: able for binding, able in offered(look.face.screen)}
        assert not (able["pause"] or able["organize"] or able["edit"]) and able["explain"]
        await look.press("e")
        await look.goes("AskFile")
    assert agent.acts() == []


async def test_hostile_names_and_texts_do_no_harm(agent: FakeAgent) -> None:
    poison = "".join(payload.replace("/", "") for payload in PAYLOADS)
    path = f"/srv/{poison}"[:200]
    looks = agent.looks
    looks.explanations[path] = {
        "path": path,
        "folder": poison,
        "facts": {"kind": poison, poison: poison, "text": poison, "taken": poison},
        "rules": [{"name": poison, "matches": True, "why": poison}],
        "action": "move",
        "destination": f"{path}/{poison}",
        "left_alone": poison,
        "follows": poison,
    }
    text = "\n".join(PAYLOADS) + "\x1b[2J\n\x9b"
    looks.previews[path] = {"path": path, "kind": poison, "size": 1, "facts": {poison: poison}, "text": text}
    looks.rules[poison] = {
        "folder": poison,
        "rules": [{"name": poison, "match": {poison: [poison], "any": [{"name": poison}]}, "to": poison}],
        "settings": {"ignore": [poison], "sync": poison},
    }
    looks.findings = [{"check": poison, "level": "problem", "message": poison, "hint": poison}]
    agent.folders[poison] = folder(poison, path=path, state="halted", reason=poison)
    async with looking(agent.socket, size=(150, 60)) as look:
        await look.until(lambda: poison in look.face.live.folders)
        look.face.looks.explain(path.encode("utf-8", "surrogateescape"))
        await look.sees("goes to", "Rules, in turn")
        await look.pilot.pause(0.1)
        assert_clean(look)
        await look.press("p")
        await look.goes("FileScreen")
        await look.sees("leading and trailing")
        assert_clean(look)
        look.face.looks.folder(poison)
        await look.goes("FolderScreen")
        await look.sees("Rules;")
        assert_clean(look)
        await look.press("enter")
        await look.goes("RuleDetail")
        assert_clean(look)
        look.face.looks.diagnostics()
        await look.goes("Diagnostics")
        await look.sees("problem")
        assert_clean(look)


def _is_as_deep(look: Look, depth: int) -> bool:
    return len(look.face.screen_stack) == depth


HEAVY = pytest.mark.heavy


@pytest.mark.parametrize(
    "size", [(1, 1), (60, 15), pytest.param((20, 5), marks=HEAVY), pytest.param((300, 100), marks=HEAVY)]
)
async def test_every_size_is_borne(agent: FakeAgent, size: tuple[int, int]) -> None:
    async with looking(agent.socket, size=size) as look:
        looks = look.face.looks
        shows: list[Callable[[], None]] = [
            partial(looks.explain, INVOICE.encode()),
            partial(looks.folder, "scans"),
            partial(looks.preview, PHOTO.encode()),
            partial(looks.duplicates, "camera"),
            looks.diagnostics,
            looks.add_folder,
        ]
        for depth, show in enumerate(shows, 2):
            show()
            await look.until(partial(_is_as_deep, look, depth))
            await look.pilot.resize_terminal(80, 24)
            await look.pilot.resize_terminal(*size)
            await look.pilot.pause()
