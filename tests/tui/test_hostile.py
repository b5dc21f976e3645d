"""Names that harm terminals and markup parsers: through every place that shows names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from textual.app import App, ComposeResult

from core.model import Counts, Event, FolderStatus, Progress
from tests.tui.fake_agent import FakeAgent
from tests.tui.home_server import CAMERA, operation, preview
from tests.tui.hostile import PAYLOADS, hostile_names, hostile_steps
from tests.tui.looking import Look, looking
from tests.tui.poisoned import Poison, PoisonedAgent
from tests.tui.scenes import SCENES, Scene, furnished_for_all
from tui.theme import INK, variables
from tui.widgets.line import Lines
from tui.widgets.paged_list import PagedList

RAW = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")


def assert_clean(look: Look) -> None:
    """No character that a terminal acts on, and every line exactly as wide as the terminal."""
    width = look.face.size.width
    for strip in look.face.screen._compositor.render_strips():
        assert not RAW.search(strip.text), repr(strip.text)
        assert strip.cell_length == width, repr(strip.text)


@pytest.mark.parametrize("number", [1000, pytest.param(5000, marks=pytest.mark.heavy)])
async def test_thousands_of_hostile_names_in_a_list(agent: FakeAgent, number: int) -> None:
    agent.put(operation("hostile0", 99, counts=Counts(planned=number, done=number)), hostile_steps(number, CAMERA))
    async with looking(agent.socket, size=(100, 300)) as look:
        look.face.show_operation(look.face.live.operations["hostile0"])
        await look.goes("OperationScreen")
        steps: PagedList[object] = look.one(PagedList)
        await look.until(lambda: steps.total == number)
        while steps.cursor < number - 1:
            assert_clean(look)
            await look.press("pagedown")
            await look.until(lambda: steps.current is not None)
        assert_clean(look)


async def test_hostile_names_in_titles_toasts_boxes_and_the_palette(agent: FakeAgent) -> None:
    payloads = [name.replace("/", "") for name in PAYLOADS]
    names = ["".join(payloads[start::4]) for start in range(4)]
    agent.folders = {
        name: FolderStatus(name=name, path=f"/srv/{name}", state="halted", reason=f"no {name}") for name in names
    }
    for number, name in enumerate(names):
        id = f"host{number:04}"
        agent.put(
            operation(id, 200 + number, folder=name, counts=Counts(planned=1, done=1), requested_by=name, note=name),
            hostile_steps(3, f"/srv/{name}"),
        )
        agent.previews[id] = preview(agent.operations[id])
    async with looking(agent.socket, size=(150, 30)) as look:
        await look.sees("halted")
        for _ in names:
            assert_clean(look)
            await look.press("down")
        for number, name in enumerate(names):
            look.face.tell(f"could not: {name}", trouble=True)
            look.face.show_operation(look.face.live.operations[f"host{number:04}"])
            await look.goes("OperationScreen")
            await look.until(lambda: look.one(PagedList).current is not None)
            assert_clean(look)
            await look.press("enter")
            await look.goes("StepDetail")
            assert_clean(look)
            await look.press("escape", "u")
            await look.goes("Undo")
            assert_clean(look)
            await look.press("escape", "escape")
            await look.goes("Home")
        await look.press("ctrl+p")
        await look.goes("CommandPalette")
        await look.sees("Resume")
        assert_clean(look)


@pytest.mark.parametrize("salt", [0, 611, 1222, 1833, 2444])
@pytest.mark.heavy
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")  # a worker replaced before it began
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
async def test_harmful_names_on_every_screen(
    scene: Scene, salt: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent, poison = furnished_for_all(tmp_path / "agent.sock"), Poison(salt)
    PoisonedAgent(agent, poison).install(monkeypatch.setattr)
    async with agent, looking(agent.socket, size=(100, 40)) as look:
        look.face.tell(poison.said("could not: a.jpg"), trouble=True)
        await scene(look, poison.said)
        for size in ((100, 40), (60, 15), (200, 50)):
            await look.pilot.resize_terminal(*size)
            await look.pilot.pause(0.05)
            assert_clean(look)


async def test_hostile_names_that_pass_by_while_something_runs(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await look.until(lambda: agent.listeners)
        for number, name in enumerate(hostile_names(30)):
            moved = Progress(
                operation="cam2runs",
                phase="executing",
                done=number,
                total=30,
                current=name,
                recent=[(name, f"Pictures/{name}")] if number % 2 else [],
            )
            await agent.tell(Event(type="progress", progress=moved))
            await look.until(lambda: look.face.live.progress["cam2runs"].done == number)  # noqa: B023
            assert_clean(look)


async def test_whoever_forgets_to_make_a_name_harmless_does_no_harm() -> None:
    class Careless(App[None]):
        CSS = INK

        def compose(self) -> ComposeResult:
            yield Lines([((payload, "text"),) for payload in PAYLOADS])

        def get_theme_variable_defaults(self) -> dict[str, str]:
            return variables(self.current_theme)

    app = Careless()
    async with app.run_test(size=(80, 40)):
        strips = app.screen._compositor.render_strips()
        assert "\\x1b]52;c;SGVsbG8=\\x07" in strips[0].text
        assert not any(RAW.search(strip.text) for strip in strips)
