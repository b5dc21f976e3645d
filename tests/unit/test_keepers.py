"""Which copy stays: by the policies in their order, always the same, and told in words."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from core.config import Config, ConfigError, DuplicateSettings, Folder, parse_config
from core.duplicates.keepers import Copy, Keepers

DAY = 86_400_000_000_000
FOLDERS = (Folder("Photos", b"/srv/Photos"), Folder("Inbox", b"/srv/Inbox"))


def kept(policies: list[str], *copies: tuple[str, int]) -> tuple[str, str]:
    config = Config(duplicates=DuplicateSettings(keep=tuple(policies)), folders=FOLDERS)
    found = [Copy(path.encode(), day * DAY + DAY // 2) for path, day in copies]
    answers = set()
    for seed in range(5):
        random.Random(seed).shuffle(found)
        number, why = Keepers(config).choose(found)
        answers.add((found[number].path.decode(), why))
    (answer,) = answers
    return answer


@pytest.mark.parametrize(
    ("policies", "copies", "answer"),
    [
        (["oldest"], [("/b", 3), ("/a", 4)], ("/b", "oldest: 1970-01-04")),
        (["newest"], [("/b", 3), ("/a", 4)], ("/a", "newest: 1970-01-05")),
        (["shortest"], [("/aaa", 3), ("/b", 4)], ("/b", "shortest path")),
        (["longest"], [("/aaa", 3), ("/b", 4)], ("/aaa", "longest path")),
        (["oldest", "shortest"], [("/aaa", 3), ("/b", 3)], ("/b", "shortest path")),
        (["oldest", "shortest"], [("/aa", 3), ("/bb", 3)], ("/aa", "first by its path")),
        (["in:Photos"], [("/srv/Inbox/a", 1), ("/srv/Photos/z", 9)], ("/srv/Photos/z", "in Photos")),
        (["in:/srv/Photos"], [("/srv/Inbox/a", 1), ("/srv/Photos/z", 9)], ("/srv/Photos/z", "in /srv/Photos")),
        (["not-in:Inbox"], [("/srv/Inbox/a", 1), ("/else/z", 9)], ("/else/z", "not in Inbox")),
        (["in:Photos"], [("/srv/Photos2/a", 1), ("/srv/Photos/z", 9)], ("/srv/Photos/z", "in Photos")),
        (
            ["in:Photos", "oldest"],
            [("/srv/Inbox/a", 1), ("/srv/Photos/y", 9), ("/srv/Photos/z", 3)],
            ("/srv/Photos/z", "in Photos, oldest: 1970-01-04"),
        ),
        (["in:Photos", "oldest"], [("/x", 9), ("/y", 3)], ("/y", "oldest: 1970-01-04")),
        (["name:^IMG_"], [("/a/copy of IMG_1", 1), ("/a/IMG_1", 9)], ("/a/IMG_1", "its name has ^IMG_")),
        (["name:caf\u00e9"], [("/a", 1), ("/cafe\u0301", 9)], ("/cafe\u0301", "its name has caf\u00e9")),
        ([], [("/b", 3), ("/a", 4)], ("/a", "first by its path")),
    ],
)
def test_which_stays(policies: list[str], copies: list[tuple[str, int]], answer: tuple[str, str]) -> None:
    assert kept(policies, *copies) == answer


def test_a_regex_that_thinks_too_long_finds_nothing() -> None:
    assert kept(["name:(a+)+$"], ("/" + "a" * 60 + "b", 1), ("/aa", 9)) == ("/aa", "its name has (a+)+$")


@pytest.mark.parametrize("mtime_ns", [-(1 << 62), 1 << 62])
def test_times_that_no_calendar_has(mtime_ns: int) -> None:
    config = Config(duplicates=DuplicateSettings(keep=("oldest",)))
    assert Keepers(config).choose([Copy(b"/a", mtime_ns), Copy(b"/b", mtime_ns + 1)])[0] == 0


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ("eldest", "knows no 'eldest'; did you mean `oldest`?"),
        ("in:Phots", "knows no folder 'Phots'; did you mean `Photos`?"),
        ("not-in:", "'not-in:' names no folder: write not-in:FOLDER"),
        ("name:(", "'(' is no regex: missing ) at position 1"),
        ("oldest:2019", "'oldest:2019' takes nothing: write 'oldest'"),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path: Path, policy: str, message: str) -> None:
    text = (
        f'[duplicates]\nkeep = [\n  "shortest",\n  "{policy}",\n]\n[[folder]]\nname = "Photos"\npath = "{tmp_path}"\n'
    )
    with pytest.raises(ConfigError) as caught:
        parse_config(text)
    assert str(caught.value).splitlines()[1:] == [f"  line 4: [duplicates] keep: {message}"]


def test_all_kinds_are_read(tmp_path: Path) -> None:
    keep = ("in:Photos", "not-in:~/Downloads", "name:^IMG", "oldest", "newest", "shortest", "longest")
    listed = ", ".join(f'"{each}"' for each in keep)
    text = f'[duplicates]\nkeep = [{listed}]\n[[folder]]\nname = "Photos"\npath = "{tmp_path}"\n'
    assert parse_config(text).duplicates.keep == keep
