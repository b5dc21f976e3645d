"""What there is to look at on the home server of `tests.tui.home_server`: rules, explanations, files, findings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.tui.fake_agent import FakeAgent
from tests.tui.fake_looks import picture
from tests.tui.home_server import CAMERA, HOME, at, furnished

INVOICE = f"{HOME}/Scans/invoice 17.pdf"
PHOTO = f"{CAMERA}/IMG_000042.JPG"
NOTE = f"{HOME}/Scans/letter.pdf"
MESS = f"{HOME}/Mess"


def furnished_to_look(socket: Path) -> FakeAgent:
    """Return the furnished agent with all that can be looked at."""
    agent = furnished(socket)
    looks = agent.looks
    looks.explanations = {INVOICE: EXPLAINED, PHOTO: SETTLED}
    looks.previews = {PHOTO: photo, INVOICE: LETTER}
    looks.rules = {"scans": SCANS, "downloads": BUILT_IN, "archive": BUILT_IN | {"folder": "archive"}}
    looks.findings = FINDINGS
    looks.prospects = {MESS: MESSY}
    return agent


def photo(columns: int, rows: int) -> dict[str, Any]:
    return {
        "path": PHOTO,
        "kind": "image",
        "size": 3_145_728,
        "modified": at(13, 9, 14),
        "facts": {"taken": "2026-07-14T18:22:31", "camera": "Fuji X-T5", "dimensions": "4032x3024"},
        "picture": picture(*framed(columns, rows)),
    }


def framed(columns: int, rows: int) -> tuple[int, int]:
    """Return the cells that a picture of 4:3 takes in so many."""
    rows = min(rows, columns * 3 // 8)
    return min(columns, rows * 8 // 3), rows


LETTER: dict[str, Any] = {
    "path": INVOICE,
    "kind": "document",
    "size": 120_331,
    "modified": at(12, 8, 30),
    "facts": {"title": "Invoice 17"},
    "text": "Invoice 17\n\nHaus & Garten GmbH\nLindenweg 4\n\n2 rakes\t39.80\n1 hose\t24.90\n\nTotal\t64.70",
}

EXPLAINED: dict[str, Any] = {
    "path": INVOICE,
    "folder": "scans",
    "facts": {
        "artist": None,
        "kind": "document",
        "modified": "2026-11-12T08:30:00+00:00",
        "name": "invoice 17.pdf",
        "size": 120_331,
        "taken": None,
        "text": "Invoice 17 Haus & Garten GmbH Lindenweg 4 2 rakes 39.80 1 hose 24.90 Total 64.70",
    },
    "rules": [
        {"name": "keep these", "matches": False, "why": "its name fits none of keep*, README*"},
        {"name": "pictures", "matches": False, "why": "kind is document, not image or video"},
        {
            "name": "invoices",
            "matches": True,
            "why": "ext is pdf; text: “Invoice” is found in it, at its very beginning, as the rule wants",
        },
    ],
    "action": "move",
    "destination": f"{HOME}/Scans/Documents/Invoices/2026/invoice 17.pdf",
    "left_alone": "a person took its move back; the agent leaves it alone until it or the rules change",
}

SETTLED: dict[str, Any] = {
    "path": PHOTO,
    "folder": "camera",
    "facts": {"kind": "image", "size": 3_145_728, "taken": None},
    "rules": [{"name": "pictures and videos", "matches": True, "why": "kind is image"}],
    "action": "move",
    "destination": PHOTO,
    "left_alone": "it is where it belongs",
}

SCANS: dict[str, Any] = {
    "folder": "scans",
    "rules": [
        {"name": "keep these", "match": {"name": ["keep*", "README*"]}, "action": "leave", "moved": 0},
        {
            "name": "pictures",
            "match": {"kind": ["image", "video"]},
            "to": "Pictures/{taken|modified:%Y}/",
            "moved": 1204,
        },
        {
            "name": "invoices",
            "match": {"ext": "pdf", "any": [{"name": "*invoice*"}, {"text": "Invoice|Rechnung"}]},
            "to": "Documents/Invoices/{modified:%Y}/",
            "moved": 12,
        },
        {"name": "installers", "match": {"ext": ["exe", "msi"], "age": ">30d"}, "action": "trash", "moved": 3},
        {"name": "everything else", "match": {}, "to": "Documents/{modified:%Y}/", "moved": 310},
    ],
    "days": 30,
    "built_in": False,
    "settings": {"mode": "review", "settle": 5.0, "rescan": 600.0, "ignore": ["*.iso"]},
}

BUILT_IN: dict[str, Any] = {
    "folder": "downloads",
    "rules": [
        {"name": "pictures and videos", "match": {"kind": ["image", "video"]}, "to": "Pictures/{taken|modified:%Y}/"},
        {"name": "audio", "match": {"kind": "audio"}, "to": "Music/{artist|'Unknown artist'}/{album|'Singles'}/"},
        {"name": "documents", "match": {"kind": ["document", "sheet"]}, "to": "Documents/{modified:%Y}/", "moved": 3},
    ],
    "built_in": True,
}

FINDINGS: list[dict[str, Any]] = [
    {"check": "versions", "level": "ok", "message": "Shelver 0.1.0, Python 3.11.7, Linux 6.12"},
    {"check": "config", "level": "ok", "message": "~/.config/shelver/config.toml; folders: 4, rules: 5"},
    {
        "check": "folder archive",
        "level": "problem",
        "message": "/mnt/archive is not there",
        "hint": "mount or make it; until then the agent halts it",
    },
    {"check": "journals", "level": "ok", "message": "1,204 operations can be read"},
    {
        "check": "inotify",
        "level": "note",
        "message": "only 64 watchers allowed for this user",
        "hint": "sysctl fs.inotify.max_user_instances=128",
    },
]

MESSY: dict[str, Any] = {
    "name": "mess",
    "path": MESS,
    "table": '[[folder]]\nname = "mess"\npath = "~/Mess"\n',
    "files": 4212,
    "looked_at": 2000,
    "moves": 1893,
    "stays": 107,
    "rules": [
        {"rule": "pictures and videos", "files": 1204},
        {"rule": "documents", "files": 512},
        {"rule": "archives", "files": 177},
    ],
    "refusals": {"open in another program": 2},
    "sample": [
        {
            "seq": number,
            "kind": "move",
            "group": 0,
            "source": f"{MESS}/{name}",
            "destination": f"{MESS}/{place}/{name}",
            "outcome": "pending",
            "reason": None,
        }
        for number, (name, place) in enumerate(
            [
                ("IMG_2041.HEIC", "Pictures/2026/2026-11"),
                ("invoice 17.pdf", "Documents/2026"),
                ("backup.zip", "Archives"),
                ("IMG_2042.HEIC", "Pictures/2026/2026-11"),
            ]
        )
    ],
    "config": f"{HOME}/.config/shelver/config.toml",
    "obstacle": None,
}

MISTAKEN: dict[str, Any] = {
    "path": f"{HOME}/.config/shelver/config.toml",
    "exists": True,
    "obstacle": None,
    "mistakes": [
        {
            "line": 7,
            "where": "folder downloads colour",
            "message": "is no key here",
            "hint": "there are duplicates, ignore, mode, name, path, rules, settle, subfolders",
            "text": 'colour = "red"',
        },
        {
            "line": 12,
            "where": "rule pictures to",
            "message": "knows no {takn}",
            "hint": "did you mean `taken`?",
            "text": 'to = "Pictures/{takn:%Y}/"',
        },
    ],
}
