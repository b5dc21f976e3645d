"""Templates: a closed grammar, and no value that adds a component or leaves its folder."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.rules.templates import NoValueError, TemplateError, parse

HOSTILE = [
    "../../etc",
    "/etc/cron.d/x",
    "{0.__class__}",
    "{taken}",
    "..",
    ".",
    "../",
    "a/../../b",
    "\0",
    "a\0b",
    "\x1b]0;owned\x07",
    "new\nline",
    " leading and trailing ",
    ".hidden",
    ".shelver-trash",
    "shelver-trash",
    "Shelver-Trash",
    "\u202egnp.exe",
    "\ud800",
    "\udc2f\udc2f",
    "x" * 5000,
    "€" * 200,
    "%Y%n",
    "$(rm -rf ~)",
    "`id`",
    "~root",
    "-rf",
]


def render(text: str, name: bytes = b"IMG_1.JPG", groups: tuple[str, ...] = (), **values: Any) -> bytes:
    stem, _, ext = os.fsdecode(name).rpartition(".")
    own = {"name": os.fsdecode(name), "stem": stem, "ext": ext, "path": os.fsdecode(name)}
    return parse(text, groups).render(lambda fact: values.get(fact, own.get(fact)), name)


TAKEN = datetime(2024, 5, 3, 14, 7, 9)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("Pictures/", "Pictures/IMG_1.JPG"),
        ("Pictures/{taken:%Y}/{taken:%Y-%m}/", "Pictures/2024/2024-05/IMG_1.JPG"),
        ("{taken:%Y-%m-%d %H.%M.%S}.{ext}", "2024-05-03 14.07.09.JPG"),
        ("{taken}/", "2024-05-03/IMG_1.JPG"),
        ("{modified|taken:%Y}/", "2024/IMG_1.JPG"),
        ("{modified:%Y|taken:%m}/", "05/IMG_1.JPG"),
        ("{album|'Un-sorted'}/", "Un-sorted/IMG_1.JPG"),
        ('{album|"It\'s {not} a | brace}"}/', "It's {not} a | brace}/IMG_1.JPG"),
        ("{ album | artist | 'x' }/", "Queen/IMG_1.JPG"),
        ("{artist} - {stem}.{ext}", "Queen - IMG_1.JPG"),
        ("{name}", "IMG_1.JPG"),
        ("a b/c.d/", "a b/c.d/IMG_1.JPG"),
        ("{taken:%j %y %u}/", "124 24 5/IMG_1.JPG"),
    ],
)
def test_what_templates_say(text: str, path: str) -> None:
    assert os.fsdecode(render(text, taken=TAKEN, artist="Queen")) == path


def test_moments_are_shown_by_the_clock_on_the_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    try:
        late = datetime(2023, 12, 31, 20, tzinfo=UTC)
        assert render("{modified:%Y}/", modified=late) == b"2024/IMG_1.JPG"
        assert render("{taken:%Y}/", taken=datetime(2023, 12, 31, 20)) == b"2023/IMG_1.JPG"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_path_keeps_its_folders() -> None:
    values: dict[str, Any] = {"path": "sub/deep/a.txt"}
    assert render("Old/{path}", b"a.txt", **values) == b"Old/sub/deep/a.txt"
    assert render("Old/{path}/", b"a.txt", **values) == b"Old/sub/deep/a.txt"
    assert render("Old/{path}/", b"a.txt", path="a.txt") == b"Old/a.txt"
    with pytest.raises(TemplateError, match="part of its own"):
        parse("Old/x{path}/")


def test_anchors() -> None:
    home = os.fsencode(os.path.expanduser("~"))
    assert render("~/Archive/{artist}/", artist="Queen") == home + b"/Archive/Queen/IMG_1.JPG"
    assert render("/data/", b"x") == b"/data/x"
    assert render("/", b"x") == b"/x"
    assert parse("/data/a/{artist}/b/").fixed_prefix() == b"/data/a"
    assert parse("a/b.txt").fixed_prefix() == b"a"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("{takn:%Y}/", "{takn} is no placeholder", "did you mean `taken`?"),
        ("{taken:%Q}/", "%Q is no part of a date", "there are"),
        ("{taken:%}/", "% is no part of a date", "there are"),
        ("{taken:%Y/%m}/", "holds a /", "{taken:%Y}/{taken:%m}"),
        ("{taken:long}/", "is no date format", ""),
        ("{artist:%Y}/", "{artist} is no date", ""),
        ("{0.__class__}/", "placeholder without a name", ""),
        ("{name.__class__}/", "has '.' where | or } belongs", ""),
        ("{name!r}/", "has '!' where | or } belongs", ""),
        ("{name[0]}/", "has '[' where | or } belongs", ""),
        ("{}/", "placeholder without a name", ""),
        ("{taken", "holds a { without }", ""),
        ("{taken:%Y", "holds a { without }", ""),
        ("taken}/", "holds a } without {", ""),
        ("{{taken}}/", "placeholder without a name", ""),
        ("{album|'x/", "quote that is never closed", ""),
        ("{album|''}/", "is no name", ""),
        ("{album|'a/b'}/", "is no name", ""),
        ("{'x'|album}/", "fallback after a text", ""),
        ("../x/", "leads out of the folder", ""),
        ("a/../b/", "leads out of the folder", ""),
        ("./a/", "leads out of the folder", ""),
        ("a//b/", "empty part", ""),
        ("", "is empty", ""),
        ("  ", "is empty", ""),
        ("~", "names no file", ""),
        ("~bob/x/", "cannot be told", ""),
        (".shelver-trash/", "lies in the trash", "action"),
        ("a/.shelver-trash/b/", "lies in the trash", ""),
        ("a\x1b/", "control character", ""),
    ],
)
def test_mistakes(text: str, message: str, hint: str) -> None:
    with pytest.raises(TemplateError) as caught:
        parse(text)
    assert message in str(caught.value)
    assert hint in caught.value.hint


def test_groups_are_placeholders_and_win() -> None:
    assert render("{who}/", groups=("who",), who="Bob") == b"Bob/IMG_1.JPG"
    assert render("{artist}/", groups=("artist",), artist="from the name") == b"from the name/IMG_1.JPG"
    with pytest.raises(TemplateError, match="is no date"):
        parse("{taken:%Y}/", ("taken",))


@pytest.mark.parametrize("value", [None, "", "   ", "\u200b", "\x07"])
def test_no_value(value: str | None) -> None:
    with pytest.raises(NoValueError):
        render("{artist}/", artist=value)
    assert render("{artist|'x'}/", artist=value if not value or value.isspace() else None) == b"x/IMG_1.JPG"


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("text", ["Music/{artist}/{album|'Singles'}/", "{artist}.mp3", ".{artist}/", "a {artist} b/"])
def test_hostile_values_are_harmless(text: str, value: str) -> None:
    try:
        path = render(text, artist=value, album=value)
    except NoValueError:
        return
    _check(path, parts=text.count("/") + 1)


@given(value=st.text(alphabet=st.characters(), max_size=400), other=st.text(max_size=10))
@example(value="..", other="")
@example(value="SHELVER-trash", other="")
def test_no_value_adds_a_part_or_leaves(value: str, other: str) -> None:
    for text, parts in (("A/{artist}/", 3), ("{artist}{album|'x'}", 1), (".{artist}/", 2), ("{name}-{artist}", 1)):
        try:
            _check(render(text, artist=value, album=other), parts)
        except NoValueError:
            continue


def _check(path: bytes, parts: int) -> None:
    components = path.split(b"/")
    assert len(components) == parts
    for component in components:
        assert component not in (b"", b".", b"..")
        assert not component.lower().startswith(b".shelver-")
        assert len(component) <= 255
        assert b"\0" not in component
        assert b"\x1b" not in component
        assert component.strip() == component


def test_a_made_safe_component_stays_as_it_is_the_second_time() -> None:
    for value in HOSTILE:
        try:
            once = os.fsdecode(render("{artist}", artist=value))
        except NoValueError:
            continue
        assert os.fsdecode(render("{stem}", stem=once)) == once


def test_long_names_keep_their_extension() -> None:
    path = render("{artist}.{ext}", artist="é" * 300)
    assert path.endswith(b".JPG")
    assert len(path) <= 255
    path.decode()


def test_names_keep_their_form_on_disk() -> None:
    name = "u\u0308.jpg".encode()
    assert render("All/", name) == b"All/" + name
    assert render("All/{stem}.{ext}", name) == b"All/" + name
    assert render("All/{stem}.{ext}", b"\xff\xfe.jpg") == b"All/\xff\xfe.jpg"
