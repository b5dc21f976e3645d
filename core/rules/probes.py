"""Made-up files that fit a rule, to find out what rules do before a real file meets them.

A probe is built from what a `match` asks for: a kind, an extension, a name that fits its globs and regexes. What cannot
be made up that way (a regex with lookarounds, say) yields no probe, and so proves nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice, product
from typing import TYPE_CHECKING, Any

from core.quantities import duration, size
from core.rules.conditions import KINDS, RegexTimedOut, Subject
from core.storage import Entry

if TYPE_CHECKING:
    from core.config.models import Folder
    from core.rules import Rule

_MOST = 48
"""Probes tried for each rule."""

_EXTENSIONS = {
    "image": "jpg", "video": "mp4", "audio": "mp3", "document": "pdf", "sheet": "xlsx", "slides": "pptx",
    "ebook": "epub", "mail": "eml", "archive": "zip", "code": "py", "font": "ttf", "data": "csv", "program": "exe",
    "other": "xyz",
}  # fmt: skip
_TAGS = {"camera": "Camera", "artist": "Artist", "album": "Album", "title": "Title"}


@dataclass(frozen=True)
class Probe:
    """Facts of a file that is not there."""

    root: bytes
    entry: Entry
    values: Mapping[str, Any] = field(default_factory=dict)

    def get(self, name: str) -> Any:
        """Return a fact."""
        return self.values.get(name)

    def moved(self, root: bytes, place: bytes) -> Probe:
        """Return the same file at another absolute path; what it is stays."""
        relative = place[len(root.rstrip(b"/")) + 1 :]
        return replace(self, root=root, entry=_entry(relative, self.entry.size))


def probes(rule: Rule, folder: Folder) -> Iterator[Probe]:
    """Yield made-up files of a folder that fit the rule's `match`."""
    match = json.loads(rule.source)[1]
    for wishes in islice(_wishes(match if isinstance(match, dict) else {}), _MOST):
        for probe in _made(wishes, folder):
            try:
                if rule.condition.holds(Subject(probe)):
                    yield probe
            except RegexTimedOut:
                break


# -- what a match wishes for ------------------------------------------------------------------------


def _wishes(match: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Yield one text for each key, in all combinations; of `any` one branch, of `not` nothing."""
    ways: list[list[dict[str, str]]] = []
    for key, value in match.items():
        values = value if isinstance(value, list) else [value]
        branches = [each for each in values if isinstance(each, dict)]
        if key == "any":
            ways.append([wish for branch in branches for wish in islice(_wishes(branch), _MOST)])
        elif key == "all":
            ways += [list(islice(_wishes(branch), _MOST)) for branch in branches]
        elif key != "not":
            ways.append([{key: str(each)} for each in values])
    for combination in product(*ways):
        yield {key: text for wish in combination for key, text in wish.items()}


def _made(wishes: Mapping[str, str], folder: Folder) -> Iterator[Probe]:
    """Yield probes for one combination of wishes: with every tag and with none, and kinds where none is wished."""
    kinds = [wishes["kind"]] if wishes.get("kind") in KINDS else ["image", "document", "other"]
    for kind, tagged in product(kinds, (True, False)):
        values: dict[str, Any] = {"kind": kind, "modified": _modified(wishes.get("age", ""))}
        if tagged:
            values |= {"taken": _taken(wishes.get("taken", "")), **_TAGS}
        for key in ("camera", "artist", "album", "title"):
            if key in wishes:
                values[key] = glob_sample(wishes[key])
        if "text" in wishes:
            values["text"] = regex_sample(wishes["text"])
        for path, bytes_ in product(_paths(wishes, kind), _sizes(wishes.get("size", ""))):
            yield Probe(folder.path, _entry(path.encode("utf-8", "surrogateescape"), bytes_), values)


def _paths(wishes: Mapping[str, str], kind: str) -> Sequence[str]:
    """Return paths that may fit: a name as wished, and the same with an extension where it has none."""
    directory, _, name = glob_sample(wishes["path"]).rpartition("/") if "path" in wishes else ("", "", "")
    if "name" in wishes:
        name = glob_sample(wishes["name"])
    elif "regex" in wishes:
        name = regex_sample(wishes["regex"]) or "sample"
    extension = glob_sample(wishes["ext"]) if "ext" in wishes else _EXTENSIONS[kind]
    names = [name or "sample"] if name.endswith(f".{extension}") else [f"{name or 'sample'}.{extension}"]
    if name and "ext" not in wishes:
        names = list(dict.fromkeys([name, *names]))
    return [f"{directory}/{each}" if directory else each for each in names]


def _modified(age: str) -> datetime:
    usual = datetime(2020, 5, 17, 12, tzinfo=UTC)
    young = re.search(r"<=?\s*([^,]+)", age)
    return datetime.now(UTC) - timedelta(seconds=duration(young[1]) / 2) if young else usual


def _taken(wish: str) -> datetime:
    date = re.search(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?", wish)
    usual = datetime(2019, 3, 2, 12)  # cameras know no zone
    if date is None:
        return usual
    year, month, day = (int(part) if part else 1 for part in date.groups())
    shift = -1 if "<" in wish else 1 if ">" in wish else 0
    return usual.replace(year=year + shift, month=month, day=day)


def _sizes(wish: str) -> Sequence[int]:
    bounds = [size(number) for number in re.findall(r"\d+(?:\.\d+)?\s*[A-Za-z]*", wish)]
    return [1000] if not bounds else sorted({max(0, bound + step) for bound in bounds for step in (-1, 0, 1)})


def _entry(path: bytes, bytes_: int) -> Entry:
    return Entry(path, 0, bytes_, 0, 0, 0)


# -- texts that fit ---------------------------------------------------------------------------------


def glob_sample(pattern: str) -> str:
    """Return a text that fits a glob."""
    text = re.sub(r"\[(!?)([^\]])[^\]]*\]", lambda found: "x" if found[1] else found[2], pattern)
    return text.replace("**", "x").replace("*", "x").replace("?", "x").rstrip("/")


def regex_sample(pattern: str) -> str | None:
    """Return a text in which a regex is found, or None where none can be made up."""
    try:
        from re import _parser  # type: ignore[attr-defined]  # noqa: PLC0415  # the only parser of regexes at hand

        return _sample(_parser.parse(pattern))
    except Exception:  # what it cannot parse or make up proves nothing
        return None


def _sample(tokens: Any) -> str:
    return "".join(_SAMPLERS[str(kind)](argument) for kind, argument in tokens)


def _of_set(items: Any) -> str:
    negated = str(items[0][0]) == "NEGATE"
    members = items[1:] if negated else items
    texts = [chr(a[0]) if str(kind) == "RANGE" else _SAMPLERS[str(kind)](a) for kind, a in members]
    if not negated:
        return texts[0]
    return next(letter for letter in "x7-_ ~" if not re.fullmatch(_class(members), letter))


def _class(members: Any) -> str:
    names = {"CATEGORY_DIGIT": r"\d", "CATEGORY_WORD": r"\w", "CATEGORY_SPACE": r"\s"}
    parts = []
    for kind, argument in members:
        if str(kind) == "RANGE":
            parts.append(f"{re.escape(chr(argument[0]))}-{re.escape(chr(argument[1]))}")
        else:
            parts.append(names[str(argument)] if str(kind) == "CATEGORY" else re.escape(chr(argument)))
    return f"[{''.join(parts)}]"


_CATEGORIES = {
    "CATEGORY_DIGIT": "7",
    "CATEGORY_WORD": "x",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_DIGIT": "x",
    "CATEGORY_NOT_WORD": "-",
    "CATEGORY_NOT_SPACE": "x",
}
_SAMPLERS: dict[str, Any] = {
    "LITERAL": chr,
    "NOT_LITERAL": lambda code: "x" if code != ord("x") else "y",
    "ANY": lambda _: "x",
    "AT": lambda _: "",
    "IN": _of_set,
    "CATEGORY": lambda category: _CATEGORIES[str(category)],
    "BRANCH": lambda argument: _sample(argument[1][0]),
    "SUBPATTERN": lambda argument: _sample(argument[3]),
    "ATOMIC_GROUP": _sample,
    "MAX_REPEAT": lambda argument: _sample(argument[2]) * max(argument[0], min(argument[1], 1)),
    "MIN_REPEAT": lambda argument: _sample(argument[2]) * max(argument[0], min(argument[1], 1)),
    "POSSESSIVE_REPEAT": lambda argument: _sample(argument[2]) * max(argument[0], min(argument[1], 1)),
}
