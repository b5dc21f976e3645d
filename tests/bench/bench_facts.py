"""What facts cost: kinds beside a loop that opens each file and reads 4 KiB, dates beside Pillow in one process."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from PIL import Image

from core.facts import FactReader, FileFacts
from core.storage import Entry
from core.stores.index import Index
from tests.bench.timing import Timings
from tui.demo.samples import samples

FOLDERS = 120
FLOOR = "open + read 4 KiB"
PILLOW = "Pillow, no decoder"


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="bench") as directory:
        root = os.fsencode(directory) + b"/tree"
        entries = _tree(root)
        kinds, dates = Timings(), Timings()
        for number in range(5):
            _kinds(root, entries, Path(directory) / f"{number}.db", kinds)
        photos = [entry for entry in entries if entry.path.lower().endswith(b".jpg")]
        for _ in range(3):
            _dates(root, photos, dates)
        print(f"  {len(entries):,} files")
        kinds.report(len(entries), FLOOR)
        print(f"  {len(photos):,} photos")
        dates.report(len(photos), PILLOW)


def _tree(root: bytes) -> list[Entry]:
    """Lay the samples out, many times over, and return what a walk finds."""
    entries = []
    made = {sample.path.replace(b"/", b"_"): sample.content for sample in samples(1)}
    for number in range(FOLDERS):
        os.makedirs(os.path.join(root, b"%d" % number))
        for name, content in made.items():
            path = b"%d/%s" % (number, name)
            with open(os.path.join(root, path), "wb") as file:
                file.write(content)
            at = os.lstat(os.path.join(root, path))
            entries.append(Entry(path, at.st_ino, at.st_size, at.st_mtime_ns, at.st_ctime_ns, at.st_dev))
    return entries


def _kinds(root: bytes, entries: list[Entry], database: Path, timings: Timings) -> None:
    with timings.of(FLOOR):
        for entry in entries:
            descriptor = os.open(os.path.join(root, entry.path), os.O_RDONLY)
            os.read(descriptor, 4096)
            os.close(descriptor)
    with FactReader(None) as reader:
        with timings.of("name, ext, size, modified"):
            _ask([reader.of(root, entry) for entry in entries], "name", "ext", "size", "modified")
        with timings.of("kind, no index"):
            _ask([reader.of(root, entry) for entry in entries], "kind")
    with Index(database) as index:
        for name in ("kind, kept in the index", "kind, known"):
            with timings.of(name), FactReader(index) as reader:
                for start in range(0, len(entries), 500):
                    files = [reader.of(root, entry) for entry in entries[start : start + 500]]
                    reader.prefetch(files, ["kind"])
                    _ask(files, "kind")


def _dates(root: bytes, photos: list[Entry], timings: Timings) -> None:
    with timings.of(PILLOW):
        for entry in photos:
            try:
                with Image.open(os.fsdecode(os.path.join(root, entry.path))) as picture:
                    picture.getexif().get_ifd(0x8769)
            except OSError:  # a sample that only says it is a photo
                continue
    with timings.of("taken, by two decoders"), FactReader(None) as reader:
        reader.prefetch([reader.of(root, entry) for entry in photos], ["taken"])


def _ask(files: list[FileFacts], *names: str) -> None:
    for file in files:
        for name in names:
            file.get(name)
