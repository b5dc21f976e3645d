"""The config: every mistake at once, each with its line and a hint; and what is wrong with rules taken together."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.config import Config, ad_hoc, default_config_path, load_config, parse_config
from core.errors import ConfigError, Mistake, UnknownFolder
from core.quantities import duration, size
from core.toml.places import places

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"


def mistakes_in(text: str) -> list[Mistake]:
    """Return the mistakes of a config that must have some."""
    with pytest.raises(ConfigError) as caught:
        parse_config(text)
    for mistake in caught.value.mistakes:
        assert str(mistake) in str(caught.value)
    return list(caught.value.mistakes)


def told(text: str) -> list[tuple[int | None, str]]:
    """Return each mistake's line and words."""
    return [(mistake.line, f"{mistake.message} {mistake.hint}".strip()) for mistake in mistakes_in(text)]


def with_rules(rules: str, folder: str = "subfolders = true", more: str = "") -> str:
    return f'{more}\n[[folder]]\nname = "home"\npath = "/srv/home"\n{folder}\n{rules}'


def rule(name: str, match: str, to: str = "", **options: str) -> str:
    lines = [f'name = "{name}"', f"match = {match}", *(f'{key} = "{value}"' for key, value in options.items())]
    return "\n".join(["[[rule]]", *lines, *([f'to = "{to}"'] if to else []), ""])


# -- what is read


def test_defaults() -> None:
    config = parse_config("")
    assert config == Config()
    assert (config.agent.mode, config.agent.settle, config.agent.rescan) == ("review", 5.0, 600.0)
    assert (config.queue.url, config.queue.workers) == ("sqlite:", 4)
    assert (config.history.keep, config.trash.keep) == (365 * 86400.0, 30 * 86400.0)
    assert (config.duplicates.keep, config.duplicates.min_size) == (("oldest", "shortest"), 1)
    assert config.notify.on == ("failed", "halted", "proposed")
    assert (config.folders, config.rules, config.path) == ((), (), None)


def test_everything_can_be_set() -> None:
    config = parse_config(
        """
        [agent]
        mode = "auto"
        settle = "200ms"
        rescan = "1h30m"
        socket = "/run/x.sock"
        destinations = ["~/Archive", "/data/"]
        admins = ["root"]
        viewers = ["users"]
        [queue]
        url = "redis://localhost:6379/0"
        workers = 2
        [history]
        keep = "2y"
        [trash]
        keep = "1w"
        [duplicates]
        keep = ["newest"]
        min_size = "4KiB"
        similar_distance = 0
        [notify]
        command = ["prog", "arg"]
        on = []
        [[remote]]
        name = "attic"
        endpoint = "https://s3.example.com"
        path_style = true
        [[folder]]
        name = "docs"
        path = "~/Documents/"
        sync = "s3://bucket/docs/"
        direction = "push"
        remote = "attic"
        rules = ["pdf"]
        mode = "review"
        settle = "10s"
        subfolders = true
        duplicates = "trash"
        ignore = ["*.iso"]
        [[folder]]
        name = "bucket"
        path = "s3://bucket/inbox"
        [[rule]]
        name = "pdf"
        match = { ext = "pdf" }
        to = "Papers/"
        """
    )
    docs, bucket = config.folders
    home = os.fsencode(os.path.expanduser("~"))
    assert (config.agent.settle, config.agent.rescan, config.agent.socket) == (0.2, 5400.0, Path("/run/x.sock"))
    assert config.agent.destinations == (home + b"/Archive", b"/data")
    assert (docs.path, docs.mode, docs.settle, docs.rescan) == (home + b"/Documents", "review", 10.0, 5400.0)
    assert (docs.sync, docs.direction, docs.remote, docs.duplicates) == ("s3://bucket/docs", "push", "attic", "trash")
    assert [each.name for each in docs.rules.rules] == ["pdf"]
    assert (bucket.path, bucket.is_local, bucket.mode) == (b"s3://bucket/inbox", False, "auto")
    assert (config.duplicates.min_size, config.duplicates.similar_distance) == (4096, 0)
    assert (config.notify.command, config.notify.on) == (("prog", "arg"), ())
    assert config.remotes[0].path_style
    assert docs.ignores(b"deep/A.ISO")
    assert not docs.ignores(b"deep/a.iso.txt")


def test_a_folder_without_rules_uses_every_rule_else_the_built_in_ones() -> None:
    config = parse_config(with_rules(rule("a", '{ext = "a"}', "A/") + rule("b", '{ext = "b"}', "B/")))
    assert [each.name for each in config.folders[0].rules.rules] == ["a", "b"]
    assert "music" in [each.name for each in parse_config(with_rules("")).folders[0].rules.rules]


def test_the_example_is_right_and_shows_every_key() -> None:
    import ast
    import inspect

    from core.config import tables
    from core.rules import reading

    config = parse_config(EXAMPLE.read_text())
    assert config.agent.settle == Config().agent.settle
    assert (config.queue, config.history, config.trash, config.duplicates, config.notify) == (
        Config().queue, Config().history, Config().trash, Config().duplicates, Config().notify,
    )  # fmt: skip
    asked = set()
    for source in (inspect.getsource(tables), inspect.getsource(reading.read_rule)):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                first = node.args[0]
                if node.func.attr in {"choice", "duration", "text", "texts", "number", "flag", "size", "required_text"}:
                    asked |= {str(first.value)} if isinstance(first, ast.Constant) else set()
    assert len(asked) > 20
    assert [key for key in asked if f"{key} = " not in EXAMPLE.read_text()] == []


# -- mistakes


def test_every_mistake_at_once_each_with_its_line_and_a_hint() -> None:
    text = """
[agent]
mode = "atuo"
settle = 5
resacn = "10m"
[agnet]
[queue]
workers = 0
url = "amqp://x"
[trash]
keep = "30 days"
[duplicates]
min_size = "1 apple"
keep = ["eldest"]
[[remote]]
name = "attic"
secret_key = "hush"
[[folder]]
name = "home"
path = "relative"
rules = ["pdfs"]
ignore = [
  "*.iso",
  "[a",
]
subfolders = "yes"
remote = "atic"
[[rule]]
name = "pdf"
match = { ext = "pdf", knd = "document" }
to = "Papers/{takn:%Y}/"
[[rule]]
name = "pdf"
match = {}
action = "mvoe"
to = "All/"
"""
    assert told(text) == [
        (3, "must be review or auto, not 'atuo' did you mean `auto`?"),
        (4, "must be a text, not a whole number write it in quotes"),
        (5, "is no key here did you mean `rescan`?"),
        (6, "is no key here did you mean `agent`?"),
        (8, "must be at least 1, not 0"),
        (9, 'is no queue: \'amqp://x\' there are "sqlite:" and "redis://HOST:PORT/NUMBER"'),
        (11, "'30 days' is no duration; write a number and ms, s, m, h, d, w or y, as in '10m'"),
        (13, "'1 apple' is no size; write a number and B, kB, MB, GB, TB (or KiB, MiB, …), as in '10MB'"),
        (14, "knows no 'eldest' did you mean `oldest`?"),
        (17, "is no key here keys and secrets never stand in the config: name a `profile`, or use the environment"),
        (20, "'relative' must be absolute or begin with ~/"),
        (21, "knows no 'pdfs' did you mean `pdf`?"),
        (24, "in '[a' a [ is never closed; write [[] for the bracket itself"),
        (26, "must be true or false, not a text"),
        (27, "knows no 'atic' did you mean `attic`?"),
        (30, "is no key of a match did you mean `kind`?"),
        (31, "{takn} is no placeholder did you mean `taken`?"),
        (33, "another rule has this name already"),
        (35, "must be move, copy, trash or leave, not 'mvoe' did you mean `move`?"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a = \n", 1, "invalid value"),
        ('[agent]\nmode = "auto\n', 2, "illegal character"),
        ("[agent]\n[agent]\n", 2, "twice"),
        ("agent = 3", 1, "must be a table"),
        ("[folder]\nname = 'x'", 1, "must be an array of tables write [[folder]]"),
        ("folder = 3", 1, "must be a list"),
        ("[[folder]]\nname = 'x'", 1, "needs `path`"),
        ("[[folder]]\npath = '/x'", 1, "needs `name`"),
        ("[[folder]]\nname = ''\npath = '/x'", 2, "must not be empty"),
        ("[[folders]]\nname = 'x'", 1, "write [[folder]]"),
        ("[[folder]]\nname = 'x'\npath = 's3://'", 3, "names no bucket"),
        ("[[folder]]\nname = 'x'\npath = '/x'\nignore = '*.iso'", 4, 'write ["*.iso"]'),
        ("[[folder]]\nname = 'x'\npath = '/x'\nrules = []", 4, "must not be empty"),
        ("[[folder]]\nname = 'x'\npath = '/x'\n[[folder]]\nname = 'x'\npath = '/y'", 5, "this name already"),
        ("[[folder]]\nname = 'x'\npath = '/x'\n[[folder]]\nname = 'y'\npath = '/x/'", 6, "this path already"),
        ("[[folder]]\nname = 'x'\npath = '/x/.shelver-trash'", 3, "lies in the trash"),
        ("[[rule]]\nname = 'x'\nto = 'A/'", 1, "needs `match`"),
        ("[[rule]]\nname = 'x'\nmatch = {}", 1, "needs `to`"),
        ("[[rule]]\nname = 'x'\nmatch = {}\nto = 3", 4, "must be a text"),
        ("[[rule]]\nname = 'x'\nmatch = {}\naction = 'trash'\nto = 'A/'", 5, "moves nothing there"),
        ("[[rule]]\nname = 'x'\nmatch = 'pdf'\nto = 'A/'", 3, "must be a table"),
        ("[[rule]]\nname = 'x'\nmatch = {ext = '.pdf'}\nto = 'A/'", 3, "did you mean `pdf`?"),
        ("[[rule]]\nname = 'x'\nmatch = {any = [\n]}\nto = 'A/'", 3, "must not be empty"),
        ("[[rule]]\nname = 'x'\nto = 'A/'\n[rule.match]\nregex = '('", 5, "is no regex"),
        ("[[rule]]\nname = 'x'\nto = 'A/'\n[rule.match]\nkind = 'x'", 5, "is no kind"),
        ("[notify]\non = ['nothing']", 2, "knows no 'nothing'"),
        ("[agent]\nworkers = true", 2, "is no key here"),
        ("[queue]\nworkers = true", 2, "must be a whole number, not true or false"),
        ("[agent]\nsocket = 'x.sock'", 2, "must be absolute"),
        ("[duplicates]\nsimilar_distance = 17", 2, "must be at most 16, not 17"),
        ("[duplicates]\nsimilar_distance = -1", 2, "must be at least 0, not -1"),
    ],
)
def test_one_mistake(text: str, line: int, message: str) -> None:
    found = told(text)
    assert len(found) == 1
    assert found[0][0] == line
    assert message in found[0][1]


def test_hostile_names_in_mistakes_are_shown_harmless() -> None:
    (mistake,) = mistakes_in('"\\u001b[31m" = 1')
    assert "\x1b" not in str(mistake)
    assert "\\x1b[31m" in str(mistake)


# -- rules taken together


@pytest.mark.parametrize(
    ("to", "fragment"),
    [
        ("/etc/", "/etc lies in no configured folder"),
        ("/", "/ lies in no configured folder"),
        ("~/elsewhere/", "lies in no configured folder"),
        ("/srv/{kind}/", "/srv lies in no configured folder"),
        ("/srv/homely/", "/srv/homely lies in no configured folder"),
        ("../x/", "leads out of the folder"),
        ("/srv/home/../x/", "leads out of the folder"),
        (".shelver-trash/x/", "lies in the trash"),
    ],
)
def test_destinations_that_escape(to: str, fragment: str) -> None:
    (mistake,) = mistakes_in(with_rules(rule("it", '{ext = "pdf"}', to)))
    assert fragment in mistake.message
    assert mistake.line == 9


def test_destinations_that_do_not() -> None:
    parse_config(with_rules(rule("it", '{ext = "pdf"}', "/srv/home/Papers/")))
    parse_config(with_rules(rule("it", '{ext = "pdf"}', "/data/x/Papers/"), more='[agent]\ndestinations = ["/data"]'))


@pytest.mark.parametrize(
    ("rules", "fragment"),
    [
        (rule("it", '{kind = "image"}', "Pictures/{path}"), "feeds itself"),
        (rule("it", '{regex = "^(?P<n>.*)[.]txt$"}', "new-{n}.txt"), "feeds itself"),
        (rule("it", '{ext = "txt"}', "{path}/x/"), "feeds itself"),
        (rule("it", '{name = "scan*"}', "{modified:%Y}/scan {name}"), "feeds itself"),
        (rule("a", '{path = "in/*"}', "out/") + rule("b", '{path = "out/*"}', "in/"), "would be moved again"),
        (rule("a", '{name = "*c*"}', "note.{ext}") + rule("b", "{}", "All/"), "would be moved again"),
        (rule("a", '{path = "in/*"}', "out/") + rule("b", '{path = "out/*"}', action="trash"), "to the trash"),
        (rule("copy", '{ext = "pdf"}', "Copies/", action="copy") + rule("b", "{}", "All/"), "would be moved again"),
        (rule("copy", '{ext = "pdf"}', "Copies/{path}", action="copy"), "feeds itself"),
    ],
)
def test_rules_that_feed_themselves_or_each_other(rules: str, fragment: str) -> None:
    found = mistakes_in(with_rules(rules))
    assert fragment in found[0].message
    assert found[0].line is not None


@pytest.mark.parametrize(
    ("rules", "folder"),
    [
        (rule("it", '{kind = "image"}', "Pictures/{taken|modified:%Y}/"), "subfolders = true"),
        (rule("it", '{kind = "image"}', "Pictures/{path}"), "subfolders = false"),
        (rule("a", '{path = "in/**"}', "out/") + rule("b", '{path = "out/*", ext = "zip"}', "out/"),
         "subfolders = true"),
        (rule("a", '{ext = "txt"}', "{stem}.{ext}"), "subfolders = true"),
        (rule("a", '{ext = "txt"}', ".hidden/{path}"), "subfolders = true"),
        (rule("copy", "{}", "Copies/", action="copy") + rule("b", '{path = "Copies/*"}', action="leave"),
         "subfolders = true"),
        (rule("copy", "{}", "Copies/", action="copy") + rule("b", "{}", "All/"), "subfolders = false"),
        ("", "subfolders = true"),
    ],
)  # fmt: skip
def test_rules_that_do_not(rules: str, folder: str) -> None:
    parse_config(with_rules(rules, folder))


def test_rules_of_two_folders_that_go_round() -> None:
    (mistake, *_) = mistakes_in(
        '[[folder]]\nname = "a"\npath = "/srv/a"\nrules = ["to b"]\n'
        '[[folder]]\nname = "b"\npath = "/srv/b"\nrules = ["to a"]\n'
        + rule("to b", "{}", "/srv/b/")
        + rule("to a", "{}", "/srv/a/")
    )
    assert "feeds itself" in mistake.message
    parse_config(
        '[[folder]]\nname = "a"\npath = "/srv/a"\nrules = ["to b"]\n'
        '[[folder]]\nname = "b"\npath = "/srv/b"\nrules = ["on"]\n'
        + rule("to b", "{}", "/srv/b/")
        + rule("on", "{}", "/srv/b/done/")
    )


def test_rules_that_are_never_reached() -> None:
    found = told(
        with_rules(
            rule("copy", "{}", "/srv/x/", action="copy")
            + rule("camera", "{}", "{camera}/")
            + rule("all", "{}", "All/")
            + rule("pdf", '{ext = "pdf"}', "Papers/"),
            more='[agent]\ndestinations = ["/srv/x"]',
            folder="subfolders = false",
        )
    )
    assert found == [(20, "is never reached in folder home: rule all before it takes every file put it before")]


# -- the file


@pytest.fixture
def private(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    file = tmp_path / "config.toml"
    file.write_text("[agent]\nmode = 'auto'\n")
    file.chmod(0o600)
    return file


def test_a_private_file_is_read(private: Path) -> None:
    config = load_config(private)
    assert (config.agent.mode, config.path) == ("auto", private)


@pytest.mark.parametrize(
    ("file_mode", "directory_mode", "message"),
    [
        (0o602, 0o700, "others can write"),
        (0o666, 0o700, "others can write"),
        (0o600, 0o707, "others can write"),
    ],
)
def test_one_that_others_can_write_is_refused(private: Path, file_mode: int, directory_mode: int, message: str) -> None:
    private.chmod(file_mode)
    private.parent.chmod(directory_mode)
    try:
        with pytest.raises(ConfigError, match=message):
            load_config(private)
    finally:
        private.parent.chmod(0o700)


def test_a_link_does_not_hide_who_can_write(private: Path, tmp_path: Path) -> None:
    (tmp_path / "link.toml").symlink_to(private)
    assert load_config(tmp_path / "link.toml").agent.mode == "auto"
    private.chmod(0o666)
    with pytest.raises(ConfigError, match="others can write"):
        load_config(tmp_path / "link.toml")


@pytest.mark.needs_root
@pytest.mark.skipif(os.geteuid() != 0, reason="changes a file's owner")
def test_one_that_a_group_or_another_user_owns_is_refused(private: Path) -> None:
    os.chown(private, 0, 12345)
    private.chmod(0o660)
    with pytest.raises(ConfigError, match="a group can write"):
        load_config(private)
    os.chown(private, 12345, 0)
    private.chmod(0o600)
    with pytest.raises(ConfigError, match="belongs to another user"):
        load_config(private)


def test_a_missing_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHELVER_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert default_config_path() == tmp_path / "shelver/config.toml"
    assert load_config() == Config()
    with pytest.raises(ConfigError, match="there is no"):
        load_config(tmp_path / "nowhere.toml")
    monkeypatch.setenv("SHELVER_CONFIG", str(tmp_path / "mine.toml"))
    assert default_config_path() == tmp_path / "mine.toml"
    with pytest.raises(ConfigError, match="there is no"):
        load_config()


def test_a_file_that_is_no_text(private: Path) -> None:
    private.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="cannot read"):
        load_config(private)


# -- folders by name and path


def test_folders_are_found_by_name_and_by_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("home/inner/deep", "other", "link target"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "home")
    config = parse_config(
        f'[[folder]]\nname = "home"\npath = "{tmp_path}/home"\n'
        f'[[folder]]\nname = "in"\npath = "{tmp_path}/home/inner"\n'
    )
    assert config.folder("home").name == "home"
    assert config.folder(f"{tmp_path}/home/").name == "home"
    assert config.folder(f"{tmp_path}/home/sub/file.txt").name == "home"
    assert config.folder(f"{tmp_path}/home/inner/deep").name == "in"
    assert config.folder(f"{tmp_path}/home/innermost").name == "home"
    assert config.folder(f"{tmp_path}/link").name == "home"
    other = config.folder(f"{tmp_path}/other")
    assert (other.path, other.configured, other.mode) == (os.fsencode(tmp_path / "other"), False, "review")
    monkeypatch.chdir(tmp_path)
    assert config.folder("other").path == os.fsencode(tmp_path / "other")
    for unknown in ("nothing", f"{tmp_path}/nothing", "\ud800/", "a\0/b", "", "~nobody-at-all/x"):
        with pytest.raises(UnknownFolder):
            config.folder(unknown)
    with pytest.raises(UnknownFolder):
        config.folder(f"{tmp_path}/other", allow_path=False)
    assert config.nested_in(config.folder("home")) == (os.fsencode(tmp_path / "home/inner"),)


def test_ad_hoc_folders(tmp_path: Path) -> None:
    for name in ("a/x", "b/x"):
        (tmp_path / name).mkdir(parents=True)
    config = ad_hoc([tmp_path / "a/x", tmp_path / "b/x", tmp_path / "a/x"])
    assert [(folder.name, folder.mode) for folder in config.folders] == [("x", "review"), ("x 2", "review")]
    assert ad_hoc([tmp_path / "a/x"], mode="auto").folder("x").mode == "auto"
    with pytest.raises(UnknownFolder):
        ad_hoc([tmp_path / "gone"])


# -- the parts


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5s", 5), ("200ms", 0.2), ("10m", 600), ("1h30m", 5400), ("30d", 2592000), ("2w", 1209600), ("1y", 31536000),
     ("1.5h", 5400), ("0s", 0)],
)  # fmt: skip
def test_durations(text: str, seconds: float) -> None:
    assert duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "5", "s", "5 seconds", "-5s", "5s!", "1e3s"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        duration(text)


@pytest.mark.parametrize(
    ("text", "count"),
    [("1B", 1), ("10", 10), ("10kB", 10_000), ("10 KB", 10_000), ("10KiB", 10_240), ("1.5MB", 1_500_000),
     ("1MiB", 1 << 20), ("2gb", 2_000_000_000), ("1TiB", 1 << 40)],
)  # fmt: skip
def test_sizes(text: str, count: int) -> None:
    assert size(text) == count


@pytest.mark.parametrize("text", ["", "MB", "-1B", "1 apple", "1e3B", "1,5MB"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="is no size"):
        size(text)


def test_places_in_a_text_that_hides_them() -> None:
    text = """# [not] a = 1
a = "[x] # no\\" = 3"
"b c" = 1
[one . two]   # comment
x.y = [
  1, # ]
  { z = "}" },
  '''
  [[fake]]
  k = 1
  ''',
]
s = \"\"\"
q = 1
\"\"\" # end
t = 1979-05-27T07:32:00
[[many]]
k = {a = 1, b = {c = [1, "2"]}}
[[many]]
'k' = 2
[[many.deep]]
v = true
[many.sub]
w = 1.5
"""
    found = places(text)
    expected = {
        ("a",): 2, ("b c",): 3, ("one", "two"): 4, ("one", "two", "x", "y"): 5, ("one", "two", "x", "y", 0): 6,
        ("one", "two", "x", "y", 1, "z"): 7, ("one", "two", "x", "y", 2): 8, ("one", "two", "s"): 13,
        ("one", "two", "t"): 16, ("many", 0): 17, ("many", 0, "k"): 18, ("many", 0, "k", "b", "c", 1): 18,
        ("many", 1): 19, ("many", 1, "k"): 20, ("many", 1, "deep", 0): 21, ("many", 1, "deep", 0, "v"): 22,
        ("many", 1, "sub", "w"): 24,
    }  # fmt: skip
    assert {key: found.get(key) for key in expected} == expected
    assert not any("fake" in key or "not" in key for key in found)


# -- whatever stands in it

WORDS = st.sampled_from(
    ["agent", "mode", "auto", "settle", "5s", "queue", "url", "folder", "rule", "remote", "name", "path", "match", "to",
     "action", "copy", "trash", "kind", "image", "ext", "pdf", "regex", "(", "any", "all", "not", "size", ">1MB", "age",
     "taken", "2024", "text", "ignore", "[", "*", "rules", "/srv", "~/x", "s3://b", "..", "{taken:%Y}/", "{path}/",
     "a/{name}", "/srv/{ext}/", "(?P<x>a*)", "{x}", "subfolders", "duplicates", "destinations", "on_conflict", ""]
)  # fmt: skip
VALUES = st.recursive(
    WORDS | st.text(max_size=3) | st.integers(-1, 2) | st.booleans() | st.dates() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
RULES = st.lists(st.dictionaries(st.sampled_from(["name", "match", "to", "action", "on_conflict"]), VALUES), max_size=3)
FOLDERS = st.lists(
    st.dictionaries(st.sampled_from(["name", "path", "rules", "ignore", "subfolders"]), VALUES), max_size=2
)


def toml(value: object) -> str:
    """Write a value as TOML, tables inline."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + "".join(c if c.isalnum() and c.isascii() else f"\\U{ord(c):08x}" for c in value) + '"'
    if isinstance(value, list):
        return f"[{', '.join(toml(each) for each in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{toml(key)} = {toml(each)}' for key, each in value.items())}}}"
    return value.isoformat() if isinstance(value, date) else repr(value).replace("inf", "0.0")


@settings(deadline=None, derandomize=True, max_examples=150)
@given(top=st.dictionaries(WORDS, VALUES, max_size=3), rules=RULES, folders=FOLDERS)
def test_any_value_anywhere_is_a_config_or_mistakes_with_lines(
    top: dict[str, object], rules: list[dict[str, object]], folders: list[dict[str, object]]
) -> None:
    table = {**top, "rule": rules, "folder": folders}
    text = "".join(f"{toml(key)} = {toml(value)}\n" for key, value in table.items())
    try:
        parse_config(text)
    except ConfigError as error:
        assert error.mistakes
        assert all(mistake.line for mistake in error.mistakes)
