"""Pictures that look alike: what a hash costs, what the search costs, and how well both find real photographs.

The photographs are what packages ship, under free licences: scikit-image's `data` (astronaut, coffee, retina, …, most
of them public domain) and scikit-learn's `china` and `flower`, which `pip install '.[bench]'` brings; those of Debian's
`lomiri-wallpapers-*` and `mate-backgrounds` where they are installed; with `SHELVER_PHOTOS=FOLDER:…` any others.
Drawings, screenshots and second views of one scene are left out.

*Hashes*: photographs made 12 megapixels large, as a camera writes them (with a small picture in the EXIF block) and as
programs that save them again do (without), in three qualities; CPU seconds of `imagehash.phash(Image.open(…))` beside
all that Shelver does, decoders and their start too.

*Found*: each photograph is cut into its quarters, pictures of their own that share light and colours: the harder
test. Of each, fifteen copies: saved again in four qualities and as WebP, made smaller to three quarters, a half and a
quarter, twice as large and as a camera writes it, brighter and darker, of more and less contrast, grey, and turned by
EXIF. *Recall* is the share of copies in the group of the picture they come from; *precision* the share of a group's
members that belong there.

*Search*: random hashes, one in ten a few bits from another; and the same with one in five in one neighbourhood, as
the frames of a time lapse are.
"""

from __future__ import annotations

import importlib.util
import io
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import imagehash
import numpy as np
from PIL import Image, ImageEnhance

from core.duplicates import Place
from core.duplicates.bands import pairs_within
from core.duplicates.pictures import Picture, pictures_of
from core.duplicates.similar import find_similar
from core.facts import FactReader
from core.storage import Entry
from tests.camera import as_a_camera

DISTANCE = 8
_TIMES = 20
ORIENTATION = 0x0112

_PHOTOGRAPHS = {
    "skimage/data": "astronaut brick camera cell chelsea coffee coins grass gravel hubble_deep_field ihc microaneurysms"
    " moon motorcycle_left page retina rocket",
    "sklearn/datasets/images": "china flower",
}
_BACKGROUNDS = ("/usr/share/backgrounds/*_by_*.jpg", "/usr/share/backgrounds/mate/nature/*.jpg")


def photographs() -> list[Path]:
    """Return the photographs there are."""
    found: list[Path] = []
    for place, names in _PHOTOGRAPHS.items():
        package, _, below = place.partition("/")
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            folder = Path(spec.origin).parent / below
            found += [path for path in sorted(folder.glob("*.[jp][pn]g")) if path.stem in names.split()]
    for pattern in _BACKGROUNDS:
        found += sorted(Path("/").glob(pattern[1:]))
    for place in filter(None, os.environ.get("SHELVER_PHOTOS", "").split(":")):
        found += sorted(each for each in Path(place).rglob("*") if each.suffix.lower() in (".jpg", ".jpeg", ".png"))
    return found


def main() -> None:
    """Print the figures."""
    photos = photographs()
    print(f"  {len(photos)} photographs")
    if photos:
        _with(photos)
    for kind in ("random", "neighbourhood"):
        subprocess.run([sys.executable, "-m", __name__, kind], check=True)


def _with(photos: list[Path]) -> None:
    with tempfile.TemporaryDirectory(prefix="bench") as directory:
        _hashes(photos, Path(directory) / "large")
        _found(photos, Path(directory) / "copies")


# -- what a hash costs --------------------------------------------------------------------------------------


def _hashes(photos: list[Path], folder: Path) -> None:
    some = [_large(photo) for photo in photos[:: max(1, len(photos) // 12)]]
    for kind, encode in (("as a camera writes it", as_a_camera), ("saved again", _saved)):
        for quality in (80, 90, 95):
            files = _files(folder / kind / str(quality), [encode(picture, quality=quality) for picture in some])
            _compare(f"{kind}, quality {quality}", files)


def _files(folder: Path, contents: list[bytes]) -> list[Path]:
    """Lay each out several times, so that the start of decoders counts for no more than among many photos."""
    folder.mkdir(parents=True)
    for number in range(_TIMES * len(contents)):
        (folder / f"{number}.jpg").write_bytes(contents[number % len(contents)])
    return [folder / f"{number}.jpg" for number in range(len(contents))]


def _compare(kind: str, files: list[Path]) -> None:
    plain = median(_seconds(lambda: [_plain(file) for file in files]) for _ in range(3)) / len(files)
    ours = median(_seconds(lambda: _ours(files[0].parent)) for _ in range(3)) / len(files) / _TIMES
    size = sum(file.stat().st_size for file in files) / len(files) / 1e6
    print(
        f"  12 MP {kind:<34} {size:4.1f} MB: imagehash {plain * 1000:6.1f} ms CPU,"
        f" Shelver {ours * 1000:6.1f} ms CPU: {plain / ours:5.1f} times"
    )


def _large(photo: Path) -> Image.Image:
    with Image.open(photo) as picture:
        return picture.convert("RGB").resize((4000, 3000), Image.Resampling.LANCZOS)


def _saved(picture: Image.Image, *, quality: int) -> bytes:
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=quality)
    return target.getvalue()


def _plain(file: Path) -> imagehash.ImageHash:
    with Image.open(file) as picture:
        return imagehash.phash(picture)


def _ours(folder: Path) -> list[Picture]:
    with FactReader(None) as facts:
        return pictures_of([Place("photos", os.fsencode(folder))], facts, lambda *_: None)


def _seconds(act: Callable[[], object]) -> float:
    """Return the CPU seconds that something takes, those of its children too."""
    before = _processor_time()
    act()
    return _processor_time() - before


def _processor_time() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return process_time() + children.ru_utime + children.ru_stime


# -- how well they find ---------------------------------------------------------------------------------------


def _found(photos: list[Path], folder: Path) -> None:
    folder.mkdir()
    count = copies = 0
    for number, photo in enumerate(photos):
        with Image.open(photo) as picture:
            picture.draft("RGB", (2000, 2000))
            whole = picture.convert("RGB")
        whole.thumbnail((2000, 2000))
        for quarter, part in enumerate(_quarters(whole)):
            name = f"{number:03}-{quarter}"
            part.save(folder / f"{name} original.png", compress_level=1)
            count += 1
            copies += _copy(part, folder / name)
    pictures = _ours(folder)
    groups = find_similar(pictures, DISTANCE)
    right = members = 0
    for group in groups:
        names = [os.fsdecode(picture.entry.path).split()[0] for picture in group.members]
        members += len(names) - 1
        right += names.count(names[0]) - 1
    print(
        f"  {count} pictures, {copies} copies, {len(pictures)} hashes, {sum(each.flat for each in pictures)} flat:"
        f" recall {right / copies:.4f}, precision {right / max(1, members):.4f}"
    )


def _quarters(picture: Image.Image) -> Iterator[Image.Image]:
    width, height = picture.width // 2, picture.height // 2
    for left, top in ((0, 0), (width, 0), (0, height), (width, height)):
        yield picture.crop((left, top, left + width, top + height))


def _copy(picture: Image.Image, path: Path) -> int:
    """Make the copies of a picture; returns how many."""
    changed = {
        "brighter": ImageEnhance.Brightness(picture).enhance(1.25),
        "darker": ImageEnhance.Brightness(picture).enhance(0.75),
        "harder": ImageEnhance.Contrast(picture).enhance(1.25),
        "softer": ImageEnhance.Contrast(picture).enhance(0.75),
        "grey": picture.convert("L"),
    }
    for name, share in (("large", 0.75), ("half", 0.5), ("small", 0.25)):
        size = max(1, round(picture.width * share)), max(1, round(picture.height * share))
        changed[name] = picture.resize(size, Image.Resampling.BICUBIC)
    for name, copy in changed.items():
        copy.save(f"{path} {name}.jpg", quality=85)
    for quality in (95, 75, 50, 30):
        picture.save(f"{path} q{quality}.jpg", quality=quality)
    picture.save(f"{path} webp.webp", quality=75)
    block = Image.Exif()
    block[ORIENTATION] = 6
    picture.transpose(Image.Transpose.ROTATE_90).save(f"{path} turned.jpg", quality=90, exif=block)
    large = picture.resize((2 * picture.width, 2 * picture.height), Image.Resampling.BICUBIC)
    Path(f"{path} camera.jpg").write_bytes(as_a_camera(large, quality=90))
    return len(changed) + 7


# -- what the search costs --------------------------------------------------------------------------------------


def _search(kind: str) -> None:
    count = 1_000_000
    random = np.random.default_rng(1)
    hashes = random.integers(0, 1 << 64, count, np.uint64)
    planted = slice(count - count // 10, count)
    hashes[planted] = _flipped(hashes[: count // 10], 6, random)
    if kind == "neighbourhood":
        hashes[: count // 5] = _flipped(np.full(count // 5, hashes[0]), 4, random)
    else:
        start = perf_counter(), process_time()
        pairs = pairs_within(hashes, count, DISTANCE, 10_000_000)
        assert pairs is not None
        wall, cpu = perf_counter() - start[0], process_time() - start[1]
        print(f"  all {len(pairs[0]):,} pairs of {count:,}: {wall:.1f} s, {cpu:.1f} s CPU, peak {_peak():.0f} MB")
    pictures = [
        Picture(b"/photos", Entry(b"IMG_%07d.JPG" % number, number, number, 0, 0, 1), hash, 4000, 3000)
        for number, hash in enumerate(hashes.tolist())
    ]
    start = perf_counter(), process_time()
    groups = find_similar(pictures, DISTANCE)
    wall, cpu = perf_counter() - start[0], process_time() - start[1]
    print(
        f"  groups of {count:,} pictures ({kind}): {len(groups):,} in {wall:.1f} s, {cpu:.1f} s CPU,"
        f" peak {_peak():.0f} MB, the pictures too"
    )


def _flipped(
    hashes: np.ndarray[tuple[int], np.dtype[np.uint64]], bits: int, random: np.random.Generator
) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    for _ in range(bits):
        hashes = hashes ^ (np.uint64(1) << random.integers(0, 64, len(hashes)).astype(np.uint64))
    return hashes


def _peak() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()  # what getrusage tells began with the parent's memory
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    _search(sys.argv[1])
