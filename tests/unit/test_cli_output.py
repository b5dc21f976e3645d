"""What commands print: one record a line in a pipe, exact JSON, and no name that acts on a terminal."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from core.errors import UsageError
from core.model import Counts, Operation, Progress, StepView
from core.names import wire_path
from tests.trees import HOSTILE_NAMES
from tui.commands.moments import moment
from tui.commands.output import Output, as_json, width
from tui.commands.progress import line
from tui.commands.records import common_folder, print_operations, print_steps

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=timezone(timedelta(hours=1)))
HARMFUL = {chr(code) for code in [*range(0x20), *range(0x7F, 0xA0), 0x202E, 0x200B] if chr(code) != "\n"}

OPERATION = Operation(
    id="k3f9x2ab",
    kind="organize",
    folder="/home/ann/Down\x1b[31mloads",
    state="partial",
    counts=Counts(planned=3, done=2, skipped=1, bytes=10),
    created=datetime(2026, 11, 24, 9, 0, tzinfo=UTC),
)


class Terminal(io.StringIO):
    """Standard output that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(params=["pipe", "terminal"])
def stdout(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    stream = Terminal() if request.param == "terminal" else io.StringIO()
    monkeypatch.setattr("sys.stdout", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    return stream


def test_columns_are_narrowed_to_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stdout = Terminal()
    monkeypatch.setattr("sys.stdout", stdout)
    monkeypatch.setenv("COLUMNS", "60")
    Output().rows([("a", "b" * 20, "c"), ("d", "e" * 50, "f"), ("g" * 9, "h", "i")])
    lines = stdout.getvalue().splitlines()
    assert lines[0] == "a" + " " * 10 + "b" * 20 + " " * 26 + "c"
    assert lines[2].endswith(" i") and [len(line) for line in lines] == [58, 64, 58]


def test_a_step_that_keeps_the_name_shows_only_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    stdout = Terminal()
    monkeypatch.setattr("sys.stdout", stdout)
    monkeypatch.setenv("NO_COLOR", "1")
    steps = [
        StepView(seq=0, kind="move", group=0, source="/d/a.txt", destination=to, outcome="done", reason=None)
        for to in ("/d/Texts/a.txt", "/d/Texts/b.txt")
    ]
    print_steps(Output(), OPERATION, steps)
    assert [line.split("→ ")[1] for line in stdout.getvalue().splitlines()[1:]] == ["Texts/", "Texts/b.txt"]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_no_name_acts_on_whoever_reads_it(name: bytes, stdout: io.StringIO) -> None:
    text, exact = wire_path(b"/home/" + name)
    step = StepView(
        seq=0, kind="move", group=0, source=text, destination=text, outcome="done", reason=text, source_b64=exact
    )
    for json_wanted in (False, True):
        out = Output(json=json_wanted)
        out.line(text, (text, "bad"))
        print_steps(out, OPERATION, [step, step])
        print_operations(out, [OPERATION])
    printed = stdout.getvalue().replace("\t", "" if stdout.isatty() else " ")
    assert not HARMFUL - {"\t"} & set(printed)


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_json_says_exactly_what_the_name_is(name: bytes) -> None:
    text, exact = wire_path(name)
    assert json.loads(as_json({"path": text, "path_b64": exact})) == {"path": text, "path_b64": exact}


def test_json_leaves_letters_of_all_languages_readable() -> None:
    assert as_json({"path": "Ärger/日本.txt"}) == '{"path":"Ärger/日本.txt"}'
    assert as_json({"path": "a\x9b\u202e\U000e0001"}) == '{"path":"a\\u009b\\u202e\\udb40\\udc01"}'


def test_a_pipe_gets_one_record_a_line_with_tabs_between(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stdout", stream)
    print_operations(Output(), [OPERATION, OPERATION])
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[0].split("\t")[:5] == ["k3f9x2ab", "organize", "/home/ann/Down\\x1b[31mloads", "partial", "2/3 done"]


def test_colours_only_where_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    def printed(term: str, no_color: str) -> str:
        stream = Terminal()
        monkeypatch.setattr("sys.stdout", stream)
        monkeypatch.setenv("TERM", term)
        monkeypatch.setenv("NO_COLOR", no_color)
        Output().line(("moved", "good"))
        return stream.getvalue()

    assert printed("xterm", "") == "\x1b[32mmoved\x1b[0m\n"
    assert printed("xterm", "1") == "moved\n"
    assert printed("dumb", "") == "moved\n"


def test_columns_are_as_wide_as_a_terminal_draws_them(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr("sys.stdout", stream)
    Output().rows([("日本", "x"), ("abcd", "x"), ("e\u0301", "x")])
    assert stream.getvalue().splitlines() == ["日本  x", "abcd  x", "e\u0301     x"]
    assert width("\x1b") == len("\\x1b")


def test_with_json_sentences_are_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    out = Output(json=True)
    out.line("hello")
    out.rows([("a", "b")])
    out.record({"a": 1})
    assert capsys.readouterr().out == '{"a":1}\n'


def test_steps_share_their_innermost_folder() -> None:
    def step(source: str | None, destination: str | None) -> StepView:
        return StepView(
            seq=0, kind="move", group=0, source=source, destination=destination, outcome="done", reason=None
        )

    assert common_folder([step("/h/d/a.txt", "/h/d/Docs/a.txt"), step("/h/d/b.txt", "/h/d/Pics/b.txt")]) == "/h/d"
    assert common_folder([step("/a/x", "/b/x")]) == ""
    assert common_folder([step(None, "/h/d/Docs")]) == "/h/d"
    assert common_folder([]) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", NOON),
        ("2h", NOON - timedelta(hours=2)),
        ("3 d ago", NOON - timedelta(days=3)),
        ("90s", NOON - timedelta(seconds=90)),
        ("today", NOON.replace(hour=0)),
        ("yesterday", NOON.replace(day=23, hour=0)),
        ("2026-11-20T09:00+01:00", NOON.replace(day=20, hour=9)),
        ("2026-11-20 08:00Z", NOON.replace(day=20, hour=9)),
    ],
)
def test_moments_as_people_type_them(text: str, expected: datetime) -> None:
    assert moment(text, NOON) == expected


def test_a_time_of_day_is_todays_and_local() -> None:
    here = datetime.now().astimezone().replace(hour=23, minute=59)
    assert moment("9:05", here) == here.replace(hour=9, minute=5, second=0, microsecond=0)


@pytest.mark.parametrize("text", ["soon", "25:00", "2026-13-01", "", "3 fortnights", "\x1b[31m"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        moment(text, NOON)
    assert "\x1b" not in str(refused.value)


def test_progress_in_words() -> None:
    assert line(Progress(operation="x", phase="scanning", done=1204)) == "looking  1,204 files"
    half = Progress(operation="x", phase="executing", done=5, total=10, rate=412.4, remaining=38.2)
    assert line(half, "organize") == "organize  " + "━" * 14 + "─" * 14 + "   50%  412 files/s  0:38 left"
    travelling = Progress(
        operation="x", phase="executing", done=1, total=4, bytes_done=61_400_000, bytes_total=240_000_000
    )
    assert line(travelling).endswith("   26%  61.4 MB of 240 MB")
