"""A hundred thousand files, of every kind and name, organized and taken back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import trees
from tests.organizing import Home
from tests.trees import File, Folder, HardLink, Symlink, Tree

FILES = 100_000

RULES = """
[[rule]]
name = "by kind of name"
match = {ext = ["txt", "jpg", "dat"]}
to = "Sorted/{ext}/{modified:%Y}/"
[[rule]]
name = "junk"
match = {ext = "tmp2"}
action = "trash"
[[rule]]
name = "elsewhere"
match = {ext = "big"}
to = "DISK/{stem}/"
"""

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(600)]


def many() -> Tree:
    """Return a tree of folders that organizing will empty, with whatever may be lost on the way."""
    tree: dict[bytes | str, trees.Node] = {}
    for folder in range(FILES // 100):
        files: dict[bytes | str, trees.Node] = {}
        for number in range(100):
            name = b"%d-%d.%s" % (folder, number, (b"txt", b"jpg", b"dat", b"tmp2")[number % 4])
            match number:
                case 0:
                    name = b"\xff\n\x1b[31m%d.txt" % folder
                case 1:
                    name = b"same name.jpg"
                case 2:
                    name = b"%d-2.big" % folder
            mode = 0o600 if number % 7 == 0 else 0o644
            xattrs = {"user.note": b"kept %d" % number} if number % 11 == 0 else {}
            when = trees.LONG_AGO + folder * 86_400_000_000_000 + number
            files[name] = File(b"%d" % (folder * 100 + number) * (number % 5), when, mode, xattrs)
        files[b"twin of 5.txt"] = HardLink(b"%d-5.jpg" % folder)
        files[b"link"] = Symlink(b"same name.jpg")
        tree[f"in/{folder % 10}/{folder}"] = Folder(files, trees.LONG_AGO + folder, 0o750 if folder % 3 else 0o755)
    tree["emptied"] = Folder({"only.txt": "the only one"}, trees.LONG_AGO + 7, 0o711, {"user.note": b"a folder's"})
    return tree


def test_a_hundred_thousand_files_come_back_as_they_were(tmp_path: Path) -> None:
    with Home(tmp_path) as home:
        home.rules(RULES.replace("DISK", str(home.disk)))
        home.build(many())
        before = trees.read(home.root)
        emptied = trees.read(home.root, folder_times=True)[b"emptied"]
        done = home.organize()
        assert done.state == "completed"
        assert done.counts.done >= FILES
        assert trees.read(home.root) != before
        undone = home.scene.undo(done)
        assert (undone.state, undone.counts.done) == ("completed", done.counts.done)
        assert trees.read(home.root) == before
        assert trees.read(home.root, folder_times=True)[b"emptied"] == emptied  # made anew, with the time it had
        assert not trees.read(home.disk)
