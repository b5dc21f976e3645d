"""Rules: what `match` says, which rule decides, and what the decision costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.config import Folder
from core.errors import ConfigError
from core.rules import NOTHING, Rule, RuleSet, Ruling
from core.rules.built_in import built_in_rules
from core.rules.reading import read_rule
from core.storage import Entry
from core.toml.sections import Mistakes, Section

NOW = datetime.now(UTC)


@dataclass
class Facts:
    """The facts of a file, given; asked for what is not given it has no value. Counts what it is asked."""

    entry: Entry
    values: Mapping[str, Any]
    root: bytes = b"/home"
    asked: list[str] = field(default_factory=list)

    def get(self, name: str) -> Any:
        self.asked.append(name)
        return self.values.get(name)


def a_file(path: str | bytes = "a.pdf", size: int = 1000, **values: Any) -> Facts:
    raw = path if isinstance(path, bytes) else path.encode("utf-8", "surrogateescape")
    return Facts(Entry(raw, 1, size, 0, 0, 1), {"modified": NOW - timedelta(days=400), **values})


def a_rule(name: str = "it", to: str | None = "To/", **table: Any) -> Rule:
    mistakes = Mistakes()
    table = {"name": name, "match": {}, **table}
    if to is not None:
        table["to"] = to
    rule = read_rule(Section(table, (), name, mistakes))
    mistakes.raise_any("test")
    return rule


def rules(*made: Rule) -> RuleSet:
    return RuleSet(made)


def decide(rule_set: RuleSet, facts: Facts) -> Ruling:
    folder = Folder("home", b"/home", rules=rule_set)
    decision = rule_set.decide(facts, folder)
    explained = rule_set.explain(facts, folder)
    assert (explained.rule, explained.destination) == (decision.rule, decision.destination)
    deciding = [name for name, matches, _ in explained.trail if matches]
    if decision.rule:
        assert decision.rule in deciding
    assert all(why for _, _, why in explained.trail)
    return decision


def matches(match: dict[str, Any], facts: Facts) -> bool:
    return decide(rules(a_rule(match=match)), facts).rule == "it"


# -- the match language


@pytest.mark.parametrize(
    ("match", "facts", "expected"),
    [
        ({}, a_file(), True),
        ({"kind": "image"}, a_file(kind="image"), True),
        ({"kind": ["video", "image"]}, a_file(kind="image"), True),
        ({"kind": "image"}, a_file(kind="video"), False),
        ({"kind": "image"}, a_file(), False),
        ({"ext": "pdf"}, a_file("A.PDF"), True),
        ({"ext": ["jpg", "jp?g"]}, a_file("a.JPEG"), True),
        ({"ext": "pdf"}, a_file("pdf"), False),
        ({"ext": "pdf"}, a_file(".pdf"), False),
        ({"ext": "*"}, a_file("none"), False),
        ({"ext": "tar.gz"}, a_file("a.tar.gz"), True),
        ({"ext": "tar.gz"}, a_file("a.gz"), False),
        ({"ext": ["gz", "tar.bz2"]}, a_file("a.gz"), True),
        ({"name": "scan*"}, a_file("SCAN 1.pdf"), True),
        ({"name": "scan*"}, a_file("a scan.pdf"), False),
        ({"name": "[ab]?.txt"}, a_file("b1.txt"), True),
        ({"name": "[!ab]*"}, a_file("b1.txt"), False),
        ({"name": "x"}, a_file("sub/x"), True),
        ({"name": "caf\u00e9*"}, a_file("cafe\u0301.txt"), True),
        ({"name": "cafe\u0301*"}, a_file("caf\u00e9.txt"), True),
        ({"name": "STRASSE*"}, a_file("strasse.txt"), True),
        ({"name": "*"}, a_file(b"\xff\xfe"), True),
        ({"name": "a*b"}, a_file("a\nb"), True),
        ({"regex": r"^(\d{4})-\d\d"}, a_file("2024-05.pdf"), True),
        ({"regex": r"\d{4}"}, a_file("in 2024.pdf"), True),
        ({"regex": "PDF"}, a_file("a.pdf"), False),
        ({"regex": "(?i)PDF"}, a_file("a.pdf"), True),
        ({"regex": "^caf\u00e9$"}, a_file("cafe\u0301"), True),
        ({"regex": ["x", "a"]}, a_file("a.pdf"), True),
        ({"path": "inbox/*"}, a_file("Inbox/a.pdf"), True),
        ({"path": "inbox/*"}, a_file("inbox/deep/a.pdf"), True),
        ({"path": "inbox"}, a_file("inbox/deep/a.pdf"), True),
        ({"path": "inbox/"}, a_file("inbox/a.pdf"), True),
        ({"path": "inbox/*.pdf"}, a_file("inbox/deep/a.pdf"), False),
        ({"path": "**/*.pdf"}, a_file("inbox/deep/a.pdf"), True),
        ({"path": "**/*.pdf"}, a_file("a.pdf"), True),
        ({"path": "**/raw/**"}, a_file("x/raw/y/a.pdf"), True),
        ({"path": "a/**/b"}, a_file("a/b"), True),
        ({"path": "a/**/b"}, a_file("a/x/y/b"), True),
        ({"path": "a/**/b"}, a_file("a/x/y/c"), False),
        ({"path": "*.pdf"}, a_file("inbox/a.pdf"), False),
        ({"path": "other/**"}, a_file("inbox/a.pdf"), False),
        ({"size": ">10MB"}, a_file(size=10_000_001), True),
        ({"size": ">10MB"}, a_file(size=10_000_000), False),
        ({"size": ">10MiB"}, a_file(size=10_000_001), False),
        ({"size": ">=1kB, <1KiB"}, a_file(size=1000), True),
        ({"size": ">=1kB, <1KiB"}, a_file(size=1024), False),
        ({"size": "0B"}, a_file(size=0), True),
        ({"size": ["<1kB", ">1MB"]}, a_file(size=2_000_000), True),
        ({"age": ">30d"}, a_file(), True),
        ({"age": ">30d"}, a_file(first_seen=NOW - timedelta(days=2)), False),
        ({"age": "<1h"}, a_file(modified=NOW - timedelta(minutes=5)), True),
        ({"age": ">1y"}, a_file(modified=NOW - timedelta(days=366)), True),
        ({"taken": "2024"}, a_file(taken=datetime(2024, 12, 31, 23, 59)), True),
        ({"taken": "2024"}, a_file(taken=datetime(2025, 1, 1)), False),
        ({"taken": "2024-05"}, a_file(taken=datetime(2024, 5, 31)), True),
        ({"taken": ">2024-05"}, a_file(taken=datetime(2024, 5, 31)), False),
        ({"taken": ">=2024-05-31"}, a_file(taken=datetime(2024, 5, 31)), True),
        ({"taken": "<=2024-12"}, a_file(taken=datetime(2024, 12, 31, 23)), True),
        ({"taken": ">=2020, <2022"}, a_file(taken=datetime(2021, 1, 1)), True),
        ({"taken": datetime(2024, 5, 1).date()}, a_file(taken=datetime(2024, 5, 1, 8)), True),
        ({"taken": "2024-*-01"}, a_file(taken=datetime(2024, 7, 1)), True),
        ({"taken": "*"}, a_file(taken=datetime(2024, 7, 1)), True),
        ({"taken": "*"}, a_file(), False),
        ({"camera": "canon*"}, a_file(camera="Canon EOS R5"), True),
        ({"camera": "*"}, a_file(), False),
        ({"artist": "mo\u0308tley*"}, a_file(artist="M\u00f6tley Cr\u00fce"), True),
        ({"album": "live [[]1999]"}, a_file(album="Live [1999]"), True),
        ({"title": ["a", "b"]}, a_file(title="B"), True),
        ({"text": r"Customer (?P<who>\w+)"}, a_file(text="… Customer Smith"), True),
        ({"text": "x"}, a_file(), False),
        ({"any": [{"ext": "jpg"}, {"ext": "pdf"}]}, a_file(), True),
        ({"any": [{"ext": "jpg"}, {"kind": "image"}]}, a_file(), False),
        ({"all": [{"ext": "pdf"}, {"name": "a*"}]}, a_file(), True),
        ({"all": [{"ext": "pdf"}, {"name": "b*"}]}, a_file(), False),
        ({"not": {"ext": "pdf"}}, a_file(), False),
        ({"not": {"ext": "pdf", "name": "b*"}}, a_file(), True),
        ({"not": {"kind": "image"}}, a_file(), True),
        ({"ext": "pdf", "not": {"any": [{"size": "<1kB"}, {"all": [{"name": "x*"}, {"name": "*y"}]}]}}, a_file(), True),
        ({"ext": "pdf", "kind": "image"}, a_file(kind="document"), False),
    ],
)  # fmt: skip
def test_match(match: dict[str, Any], facts: Facts, expected: bool) -> None:
    assert matches(match, facts) is expected


@pytest.mark.parametrize(
    ("match", "message"),
    [
        ({"kind": "imagee"}, "did you mean `image`"),
        ({"ext": ".pdf"}, "did you mean `pdf`"),
        ({"ext": 7}, "must be a text or a list of texts"),
        ({"ext": []}, "must be at least one text"),
        ({"name": "[a"}, "never closed"),
        ({"name": ""}, "must be"),
        ({"regex": "("}, "is no regex"),
        ({"text": "*"}, "is no regex"),
        ({"path": "/abs"}, "beneath the folder"),
        ({"path": "../x"}, "beneath the folder"),
        ({"size": "10 apples"}, "is no size"),
        ({"size": 10}, 'as in ">10MB"'),
        ({"age": "30d"}, "older"),
        ({"age": ">30 days"}, "is no duration"),
        ({"taken": "yesterday"}, "is no date"),
        ({"taken": "2024-13"}, "is no date"),
        ({"nmae": "x"}, "did you mean `name`"),
        ({"any": []}, "must not be empty"),
        ({"any": {"ext": "pdf"}}, "array of tables"),
        ({"any": ["pdf"]}, "must be a table"),
        ({"not": "pdf"}, "must be a table"),
        ({"not": {"ext": ".x"}}, "without the dot"),
    ],
)
def test_match_mistakes(match: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        a_rule(match=match)
    assert message in str(caught.value)


# -- which rule decides


def test_the_first_that_matches_decides() -> None:
    rule_set = rules(
        a_rule("one", match={"ext": "jpg"}),
        a_rule("two", match={"name": "a*"}, to="Two/"),
        a_rule("three", to="Three/"),
    )
    assert decide(rule_set, a_file()) == Ruling("two", "move", b"/home/Two/a.pdf", copies=[])
    assert decide(rule_set, a_file("b.pdf")).rule == "three"


def test_copies_run_and_never_decide() -> None:
    rule_set = rules(
        a_rule("copy", action="copy", to="Copies/"),
        a_rule("move", match={"ext": "pdf"}),
        a_rule("late copy", action="copy", to="Late/"),
    )
    decision = decide(rule_set, a_file())
    assert (decision.rule, decision.copies) == ("move", [("copy", b"/home/Copies/a.pdf")])
    decision = decide(rule_set, a_file("b.txt"))
    assert decision.rule is None
    assert decision.copies == [("copy", b"/home/Copies/b.txt"), ("late copy", b"/home/Late/b.txt")]


def test_leave_and_trash_have_no_destination() -> None:
    rule_set = rules(a_rule("leave", None, match={"ext": "pdf"}, action="leave"), a_rule("trash", None, action="trash"))
    assert decide(rule_set, a_file()) == Ruling("leave", "leave", None, copies=[])
    assert decide(rule_set, a_file("b.txt")) == Ruling("trash", "trash", None, copies=[])


def test_a_rule_without_the_value_it_needs_does_not_match() -> None:
    rule_set = rules(a_rule("camera", to="{camera}/"), a_rule("rest", to="Rest/"))
    assert decide(rule_set, a_file()).rule == "rest"
    assert decide(rule_set, a_file(camera="X")).destination == b"/home/X/a.pdf"
    folder = Folder("home", b"/home", rules=rule_set)
    assert rule_set.explain(a_file(), folder).trail[0] == (
        "camera",
        False,
        "it matches every file; but no value for {camera}",
    )


def test_groups_become_placeholders() -> None:
    match = {"any": [{"regex": r"^(?P<who>[a-z]+)-(?P<n>\d+)"}, {"regex": r"^(?P<n>\d+)"}]}
    rule_set = rules(a_rule(match=match, to="{who|'nobody'}/{n}.{ext}"))
    assert decide(rule_set, a_file("bob-12.pdf")).destination == b"/home/bob/12.pdf"
    assert decide(rule_set, a_file("7.pdf")).destination == b"/home/nobody/7.pdf"


def test_groups_of_one_file_never_reach_another() -> None:
    rule_set = rules(
        a_rule("one", match={"all": [{"regex": r"^(?P<who>[a-z]+)"}, {"size": ">1MB"}]}, to="{who}/"),
        a_rule("two", match={"any": [{"regex": r"^(?P<who>\d+)"}, {"name": "*.pdf"}]}, to="{who|'nobody'}/"),
    )
    assert decide(rule_set, a_file("bob.pdf")).destination == b"/home/nobody/bob.pdf"


def test_hostile_groups_stay_in_their_component() -> None:
    rule_set = rules(a_rule(match={"regex": "^(?P<who>.*)-"}, to="{who}/x/"))
    assert decide(rule_set, a_file("..-a")).destination == b"/home/_./x/..-a"
    assert decide(rule_set, a_file(b"\x1b[31m-a")).destination == b"/home/[31m/x/\x1b[31m-a"


def test_a_regex_that_never_ends() -> None:
    rule_set = rules(a_rule("slow", match={"regex": "^(a|aa)+$"}), a_rule("rest", to="Rest/"))
    folder = Folder("home", b"/home", rules=rule_set)
    bad = a_file("a" * 70 + "!")
    decision = rule_set.decide(bad, folder)
    assert (decision.rule, decision.trouble) == (None, "rule slow timed out")
    assert rule_set.explain(bad, folder).trail[0] == ("slow", False, "rule timed out")
    assert decide(rule_set, a_file("b.pdf")).rule == "rest"


def test_patience_ends_so_that_a_run_does_not_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    from core.rules import conditions

    monkeypatch.setattr(conditions, "PATIENCE_SECONDS", 0.001)
    rule_set = rules(a_rule("slow", match={"regex": "^(a|aa)+$"}))
    folder = Folder("home", b"/home", rules=rule_set)
    for _ in range(8):
        assert rule_set.decide(a_file("a" * 70 + "!"), folder).trouble
    assert rule_set.decide(a_file("harmless"), folder).trouble == "rule slow timed out"
    assert rule_set.renewed().decide(a_file("harmless"), folder) is NOTHING


# -- what it asks and costs


def test_only_what_rules_need_is_asked() -> None:
    rule_set = rules(
        a_rule("iso", match={"ext": "iso"}), a_rule("photo", match={"ext": "jpg", "kind": "image"}, to="{taken:%Y}/")
    )
    assert rule_set.needs == {"kind", "taken"}
    for name, asked in (("a.iso", []), ("a.txt", []), ("a.jpg", ["kind"])):
        facts = a_file(name)
        rule_set.decide(facts, Folder("home", b"/home", rules=rule_set))
        assert facts.asked == asked
    assert rule_set.needs_of(b"x/a.jpg") == {"kind", "taken"}
    assert rule_set.needs_of(b"x/a.iso") == frozenset()


def test_needs_name_every_fact() -> None:
    rule_set = rules(a_rule(match={"age": ">1d", "text": "x", "any": [{"camera": "*"}, {"not": {"album": "*"}}]},
                            to="{artist|title|name}/{modified:%Y}/"))  # fmt: skip
    assert rule_set.needs == {"modified", "first_seen", "text", "camera", "album", "artist", "title"}
    assert rules(a_rule(match={"name": "*", "size": ">1B", "path": "*"}, to="{name}{stem}{ext}")).needs == frozenset()


def test_rules_by_extension_alone_run_no_test_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    from core.rules import conditions

    calls = 0
    answer = conditions.AllOf.by_extension

    def counted(self: conditions.AllOf, ext: str, kind: str | None = None) -> bool | None:
        nonlocal calls
        calls += 1
        return answer(self, ext, kind)

    monkeypatch.setattr(conditions.AllOf, "by_extension", counted)
    rule_set = rules(*(a_rule(ext, match={"ext": ext}, to=f"{ext}/") for ext in ("jpg", "pdf", "txt")))
    folder = Folder("home", b"/home", rules=rule_set)
    for n in range(1000):
        assert rule_set.decide(a_file(f"{n}.PDF"), folder).destination == b"/home/pdf/%d.PDF" % n
    assert calls == 2  # jpg no, pdf yes: and then never again


def test_hostile_extensions_do_not_fill_the_memory() -> None:
    rule_set = rules(a_rule(match={"ext": "pdf"}))
    folder = Folder("home", b"/home", rules=rule_set)
    for n in range(10_000):
        rule_set.decide(a_file(f"a.{n}"), folder)
    assert len(rule_set._by_extension) <= 4096


def test_the_hash_is_that_of_the_rules_and_their_order() -> None:
    one, two = a_rule("one"), a_rule("two", match={"ext": "pdf"})
    assert rules(one, two).hash == rules(a_rule("one"), a_rule("two", match={"ext": "pdf"})).hash
    others = [
        rules(two, one),
        rules(one),
        rules(one, a_rule("two", match={"ext": "txt"})),
        rules(one, a_rule("two", match={"ext": "pdf"}, on_conflict="skip")),
        rules(one, a_rule("two", to="x/")),
    ]
    assert len({rules(one, two).hash, *(each.hash for each in others)}) == 6


def test_rules_by_name_keep_their_order() -> None:
    rule_set = rules(a_rule("one"), a_rule("two"), a_rule("three"))
    assert [rule.name for rule in rule_set.named(["three", "one"]).rules] == ["one", "three"]


# -- the built-in rules


@pytest.mark.parametrize(
    ("facts", "destination"),
    [
        (a_file("a.jpg", kind="image", taken=datetime(2024, 5, 3)), "Pictures/2024/2024-05/a.jpg"),
        (a_file("a.mp4", kind="video", modified=datetime(2019, 1, 15, tzinfo=UTC)), "Pictures/2019/2019-01/a.mp4"),
        (a_file("a.mp3", kind="audio", artist="Queen", album="Jazz"), "Music/Queen/Jazz/a.mp3"),
        (a_file("a.mp3", kind="audio"), "Music/Unknown artist/Singles/a.mp3"),
        (a_file("a.pdf", kind="document", modified=datetime(2019, 1, 15, tzinfo=UTC)), "Documents/2019/a.pdf"),
        (a_file("a.xlsx", kind="sheet", modified=datetime(2019, 1, 15, tzinfo=UTC)), "Documents/2019/a.xlsx"),
        (a_file("a.eml", kind="mail", modified=datetime(2019, 1, 15, tzinfo=UTC)), "Documents/2019/a.eml"),
        (a_file("a.zip", kind="archive"), "Archives/a.zip"),
        (a_file("a.py", kind="code"), "Code/a.py"),
        (a_file("a.ttf", kind="font"), "Fonts/a.ttf"),
        (a_file("a.csv", kind="data"), "Data/a.csv"),
        (a_file("a.exe", kind="program"), "Programs/a.exe"),
        (a_file("a.xyz", kind="other"), None),
        (a_file("a.mp3", kind="audio", artist="../../etc", album="/etc/cron.d/x"),
         "Music/_._.._etc/_etc_cron.d_x/a.mp3"),
        (a_file("a.mp3", kind="audio", artist="{0.__class__}", album="."), "Music/{0.__class__}/_/a.mp3"),
    ],
)  # fmt: skip
def test_built_in_rules(facts: Facts, destination: str | None) -> None:
    found = decide(built_in_rules(), facts).destination
    assert found == (None if destination is None else b"/home/" + destination.encode())
