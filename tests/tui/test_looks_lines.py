"""What the screens to look with say, without a screen: lives, choices, rules in words, pictures, editors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from rich.style import Style

from core.errors import UsageError
from tests.tui.copies_server import alike, copies
from tests.tui.home_server import CAMERA, HOME
from tui.editor import command
from tui.screens.duplicate_choices import BEST, POLICIES, Choices, Policy, by_policy, folder_policies
from tui.screens.folder_lines import match_words
from tui.screens.where_lines import lives
from tui.traffic import Traffic
from tui.widgets.line import Line, plain, wrapped
from tui.widgets.picture import grey, half_blocks, is_whole, shaded, true
from tui.wire import Trace
from tui.wire_looks import DuplicateGroup, Raster

# -- where ---------------------------------------------------------------------------------------------


def went(source: str, destination: str, kind: str = "move") -> Trace:
    return Trace(operation="op", kind=kind, source=source, destination=destination)


def test_passages_of_one_file_are_one_life() -> None:
    found = lives([went("/b", "/c"), went("/x", "/y"), went("/a", "/b")])
    assert [[trace.source for trace in life.traces] for life in found] == [["/b", "/a"], ["/x"]]
    assert found[0].name == "c"


def test_an_undo_and_a_redo_stay_one_life() -> None:
    (life,) = lives([went("/a", "/b"), went("/b", "/a"), went("/a", "/b")])
    assert len(life.traces) == 3


def test_a_copy_begins_a_life_of_its_own_and_the_trash_ends_one() -> None:
    assert len(lives([went("/a", "/elsewhere", "copy"), went("/a", "/b")])) == 2
    (life,) = lives([went("/b", "/.shelver-trash/op/b", "trash"), went("/a", "/b")])
    assert life.newest.kind == "trash"


# -- duplicates ----------------------------------------------------------------------------------------


def group(made: dict[str, object]) -> DuplicateGroup:
    import msgspec

    return msgspec.convert(made, DuplicateGroup)


def policy(name: str) -> Policy:
    return next(policy for policy in POLICIES if policy.name == name)


def test_what_stays_goes_by_choice_then_policy_then_the_agent() -> None:
    choices, two = Choices(), group(copies(0))
    first, second = (file.path for file in two.files)
    assert choices.keeps(two) == first
    choices.policy = policy("newest")
    assert choices.keeps(two) == second
    choices.choose(two, first)
    assert choices.keeps(two) == first and choices.told(near=False) == {"0": first}
    choices.forget_exact()
    assert choices.keeps(two) == second


def test_what_stays_anyhow_is_what_a_policy_keeps() -> None:
    three = group(copies(1))
    assert by_policy(three, policy("oldest")) == three.files[2].path  # protected


def test_a_policy_that_goes_by_a_folder_leaves_to_the_agent_what_it_does_not_tell_apart() -> None:
    two, pictures = group(copies(0)), group(alike(1))
    camera, downloads = (file.path for file in two.files)
    folders = {"camera": CAMERA, "downloads": f"{HOME}/Downloads", "down": f"{HOME}/Down"}
    expected = {
        "in:camera": camera,
        "in:down": camera,
        "in:downloads": downloads,
        "not-in:camera": downloads,
        "not-in:down": camera,
        "not-in:downloads": camera,
    }
    assert {each.name: by_policy(two, each) for each in folder_policies(folders)} == expected
    assert {by_policy(pictures, each) for each in folder_policies(folders)} == {None}
    assert by_policy(pictures, BEST) == pictures.files[0].path


def test_pictures_are_left_alone_until_somebody_chose_and_again_after_the_last() -> None:
    choices, pictures = Choices(), group(alike(0))
    assert choices.keeps(pictures) is None
    seen = []
    for _ in range(3):
        choices.turn(pictures)
        seen.append(choices.keeps(pictures))
    assert seen == [pictures.files[0].path, pictures.files[1].path, None]
    assert choices.told(near=True) == {}


# -- rules, editors, traffic ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("match", "told"),
    [
        ({}, "every file"),
        ({"kind": ["image", "video"], "size": ">10MB"}, "kind image or video, size >10MB"),
        ({"any": [{"name": "a*"}, {"ext": "pdf"}]}, "(name a*) or (ext pdf)"),
        ({"not": {"path": "raw/*"}, "all": [{"ext": "x"}]}, "not (path raw/*), (ext x)"),
    ],
)
def test_a_match_in_words(match: dict[str, object], told: str) -> None:
    assert match_words(match) == told


def test_the_editor_is_the_persons_own_and_goes_to_the_line_if_it_can() -> None:
    assert command("/c.toml", 7, {"VISUAL": "code --wait", "EDITOR": "vi"}) == ["code", "--wait", "/c.toml"]
    assert command("/c.toml", 7, {"EDITOR": "/usr/bin/nvim -R"}) == ["/usr/bin/nvim", "-R", "+7", "/c.toml"]
    assert command("/c.toml", None, {"EDITOR": "vi"}) == ["vi", "/c.toml"]
    with pytest.raises(UsageError):
        command("/c.toml", None, {"EDITOR": "vi 'unfinished"})


def test_what_is_written_is_told_in_all_and_by_the_second() -> None:
    counts = iter([1000, 4000])
    traffic, now = Traffic(lambda: next(counts)), datetime(2026, 11, 16, tzinfo=UTC)
    traffic.look(now)
    assert traffic.told() == "1.0 kB since the screens opened"
    traffic.look(now + timedelta(seconds=2))
    assert traffic.told() == "4.0 kB since the screens opened, 1.5 kB/s now"


# -- pictures ------------------------------------------------------------------------------------------

CHECKED = Raster(2, 2, bytes([255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255]))


def test_two_pixels_stand_in_a_cell_and_like_neighbours_are_one_run() -> None:
    left, right = half_blocks(CHECKED, 0, None, true)
    assert (left.text, right.text) == ("▀", "▀")
    assert left.style == Style.parse("#ff0000 on #0000ff")
    plain = Raster(5, 1, bytes([10, 20, 30] * 5))
    (run,) = half_blocks(plain, 0, None, true)
    assert run.text == "▀" * 5 and run.style is not None and run.style.bgcolor is None


def test_without_colours_shades_stand_for_light() -> None:
    (dark,) = shaded(Raster(3, 1, bytes([0] * 9)), 0, Style.null())
    (light,) = shaded(Raster(3, 1, bytes([255] * 9)), 0, Style.null())
    assert (dark.text, light.text) == ("   ", "@@@")
    assert grey(Raster(1, 1, bytes([0] * 3)), 0, 0).number == 0
    assert grey(Raster(1, 1, bytes([255] * 3)), 0, 0).number == 15


def test_a_raster_that_lies_about_its_size_is_none() -> None:
    assert is_whole(CHECKED)
    for lie in (Raster(3, 2, CHECKED.rgb), Raster(0, 0, b""), Raster(-1, -4, CHECKED.rgb)):
        assert not is_whole(lie)


# -- lines that have no room -----------------------------------------------------------------------------


def test_a_piece_without_room_begins_the_next_line_and_loses_nothing() -> None:
    told: Line = (("The agent is out of reach", "warn"), (" · what you see is from 14:10:00, 2 h 5 min ago", "dim"))
    assert wrapped(told, 80) == [told]
    assert wrapped(told, 58) == [told[:1], (("· what you see is from 14:10:00, 2 h 5 min ago", "dim"),)]
    assert [plain(line) for line in wrapped(told, 30)] == [
        "The agent is out of reach",
        "· what you see is from",
        "14:10:00, 2 h 5 min ago",
    ]
    assert wrapped((), 30) == []
