"""What pictures look like, as decoders see it: every format, upright, flat, hostile; and which there are."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from random import Random

import imagehash
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from core.duplicates import Place
from core.duplicates.pictures import Picture, pictures_of, taken
from core.facts import FactReader
from core.facts.embedded import largest_jpeg
from core.facts.inlaid import inlaid
from core.storage.directories import Directories
from core.stores.index import Index
from tests import trees
from tests.camera import as_a_camera
from tui.demo import sample_media as media
from tui.demo import sample_pictures as pictures

TAKEN = datetime(2021, 8, 14, 18, 2, 11)
NIKON = ("NIKON CORPORATION", "NIKON D90")
ORIENTATION = 0x0112


@pytest.fixture(scope="module")
def facts() -> Iterator[FactReader]:
    with FactReader(None, decoders=1) as facts:
        yield facts


def nothing(*_: object) -> None:
    pass


def looked_at(folder: Path, facts: FactReader, **files: bytes) -> dict[str, Picture]:
    """Write some files (`name_ext`) and return the pictures among them."""
    trees.build(folder, {name.replace("_", "."): content for name, content in files.items()})
    found = pictures_of([Place("folder", os.fsencode(folder))], facts, nothing)
    return {os.fsdecode(picture.entry.path).replace(".", "_"): picture for picture in found}


def apart(one: Picture, other: Picture) -> int:
    assert not one.flat
    assert not other.flat
    return (one.hash ^ other.hash).bit_count()


def landscape(seed: int = 1, size: tuple[int, int] = (640, 480)) -> Image.Image:
    return pictures.drawn(Random(seed), size).filter(ImageFilter.GaussianBlur(1))


def encoded(picture: Image.Image, format: str, **options: object) -> bytes:
    target = io.BytesIO()
    picture.save(target, format, **options)
    return target.getvalue()


def test_every_format(tmp_path: Path, facts: FactReader) -> None:
    picture = landscape()
    wide = Image.merge("I;16", [picture.convert("L").convert("I;16")])
    files = {
        "a_png": encoded(picture, "PNG"),
        "a_jpg": encoded(picture, "JPEG", quality=90),
        "progressive_jpg": encoded(picture, "JPEG", quality=90, progressive=True),
        "grey_jpg": encoded(picture.convert("L"), "JPEG"),
        "cmyk_jpg": encoded(picture.convert("CMYK"), "JPEG"),
        "two_mpo": encoded(picture, "MPO", save_all=True, append_images=[landscape(2)]),
        "a_webp": encoded(picture, "WEBP"),
        "a_avif": encoded(picture, "AVIF"),
        "a_tif": encoded(picture, "TIFF"),
        "packed_tif": encoded(picture, "TIFF", compression="tiff_lzw"),
        "a_gif": encoded(picture, "GIF"),
        "a_bmp": encoded(picture, "BMP"),
        "a_jp2": encoded(picture, "JPEG2000"),
        "a_ppm": encoded(picture, "PPM"),
        "a_tga": encoded(picture, "TGA"),
        "sixteen_png": encoded(wide.point(lambda value: value * 256), "PNG"),
        "twelve_png": encoded(wide.point(lambda value: value * 16), "PNG"),
        "palette_png": encoded(picture.quantize(200), "PNG"),
        "a_heic": pictures.encoded(picture, "HEIF"),
    }
    found = looked_at(tmp_path, facts, **files)
    assert found.keys() == files.keys()
    for name, each in found.items():
        assert (each.width, each.height) == (640, 480), name
        assert apart(each, found["a_png"]) <= 4, name
    whole = int(str(imagehash.phash(picture)), 16)
    assert (whole ^ found["a_jpg"].hash).bit_count() <= 2


@pytest.mark.parametrize("format", ["JPEG", "WEBP", "TIFF", "PNG"])
def test_a_picture_is_looked_at_upright(format: str, tmp_path: Path, facts: FactReader) -> None:
    upright = landscape(3, (320, 240))
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    files = {"upright_png": encoded(upright, "PNG"), "turned_png": encoded(upright.transpose(turns[6]), "PNG")}
    for number, turn in turns.items():
        block = Image.Exif()
        block[ORIENTATION] = number
        files[f"{number}_x"] = pictures.encoded(upright.transpose(turn), format, block)
    found = looked_at(tmp_path, facts, **files)
    for number in turns:
        each = found[f"{number}_x"]
        assert (each.width, each.height) == (320, 240)
        assert apart(each, found["upright_png"]) <= 2, number
    assert (found["turned_png"].width, found["turned_png"].height) == (240, 320)
    assert apart(found["turned_png"], found["upright_png"]) > 16


def raw_bodies(jpeg: bytes, thumbnail: bytes) -> dict[str, bytes]:
    """Raw pictures of some makers, each with a small and a large JPEG inside, and rubbish between."""
    block = pictures.exif(TAKEN, NIKON)
    block[ORIENTATION] = 8
    rubbish = Random(2).randbytes(100_000)
    tiff = encoded(Image.new("RGB", (80, 60)), "TIFF", exif=block)
    inside = rubbish + b"\xff\xd8\xff\xe0 no picture" + thumbnail + rubbish + jpeg + thumbnail + rubbish
    return {
        "a_nef": tiff + inside,
        "a_ORF": b"IIRO" + tiff[4:] + inside,
        "a_rw2": b"IIU\0" + tiff[4:] + inside,
        "a_raf": b"FUJIFILMCCD-RAW 0201".ljust(84, b"\0") + struct.pack(">II", 92, len(jpeg)) + jpeg + inside,
        "a_cr3": media.box(b"ftyp", b"crx \0\0\0\x01crx ") + media.box(b"mdat", inside),
    }


def test_raw_pictures_are_seen_by_what_their_camera_put_inside(tmp_path: Path, facts: FactReader) -> None:
    upright = landscape(4, (480, 640))
    lying = upright.transpose(Image.Transpose.ROTATE_270)
    thumbnail = encoded(landscape(5, (160, 120)), "JPEG")
    found = looked_at(
        tmp_path, facts, upright_png=encoded(upright, "PNG"), **raw_bodies(encoded(lying, "JPEG"), thumbnail)
    )
    assert len(found) == 6
    for name in ("a_nef", "a_rw2", "a_ORF"):
        assert apart(found[name], found["upright_png"]) <= 2, name
        assert (found[name].width, found[name].height) == (480, 640)
    for name in ("a_raf", "a_cr3"):  # which carry no orientation outside of the JPEG
        assert (found[name].width, found[name].height) == (640, 480)


def test_a_jpeg_at_the_border_of_two_reads_is_found(tmp_path: Path) -> None:
    jpeg = encoded(landscape(), "JPEG")
    for offset in (-3, -2, -1, 0):
        path = tmp_path / f"{offset}.nef"
        path.write_bytes(bytes((1 << 20) + offset) + jpeg)
        with path.open("rb") as file:
            found = largest_jpeg(file)
            assert found is not None
            assert found.file.read() == jpeg


# -- the small picture inside a JPEG ----------------------------------------------------------------------------


def trusts(jpeg: bytes, least: tuple[int, int] = (64, 64)) -> bool:
    file = io.BytesIO(jpeg)
    with Image.open(file) as picture:
        return inlaid(file, picture, least) is not None


def photograph(seed: int = 1) -> Image.Image:
    """Return what is large enough for a look at its small picture to be worth it, and has features everywhere."""
    large = landscape(seed, (1600, 1200))
    cloud = Image.effect_noise((40, 30), 90).resize(large.size, Image.Resampling.BICUBIC)
    return Image.blend(large, cloud.convert("RGB"), 0.4)


def test_the_small_picture_that_a_camera_made_is_enough(tmp_path: Path, facts: FactReader) -> None:
    picture = photograph()
    jpeg = as_a_camera(picture, orientation=6)
    assert trusts(jpeg)
    assert trusts(as_a_camera(picture, quality=30))
    assert not trusts(jpeg, (200, 100))
    found = looked_at(tmp_path, facts, a_jpg=jpeg, b_png=encoded(picture.transpose(Image.Transpose.ROTATE_270), "PNG"))
    assert (found["a_jpg"].width, found["a_jpg"].height) == (1200, 1600)
    assert apart(found["a_jpg"], found["b_png"]) <= 4


@cache
def stale() -> dict[str, bytes]:
    picture = photograph()
    barred = Image.new("RGB", (160, 120))
    barred.paste(picture.resize((160, 100)), (0, 10))
    plain = picture.copy()
    plain.paste((90, 120, 200), (0, 0, 1600, 500))
    whole = as_a_camera(picture)
    return {
        "of another picture": as_a_camera(picture, small=photograph(2)),
        "from before it was cropped": as_a_camera(picture.crop((200, 150, 1600, 1200)), small=picture),
        "from before it was cut": as_a_camera(picture.crop((0, 0, 1600, 1000)), small=picture),
        "from before it was brightened": as_a_camera(ImageEnhance.Brightness(picture).enhance(1.3), small=picture),
        "from before it was turned": as_a_camera(picture.rotate(180), small=picture),
        "with black bars": as_a_camera(picture.resize((1600, 1000)), small=barred),
        "under a plain sky": as_a_camera(plain),
        "that is rubbish": whole.replace(b"\xff\xdb", b"\xff\x00", 1),
        "that lies elsewhere": whole.replace(
            struct.pack("<HHII", 0x0201, 4, 1, 68), struct.pack("<HHII", 0x0201, 4, 1, 1 << 31)
        ),
        "of a small picture": as_a_camera(picture.resize((640, 480))),
        "that is none": encoded(picture, "JPEG"),
    }


@pytest.mark.parametrize("why", stale())
def test_a_small_picture_that_proves_nothing_is_not_trusted(why: str, tmp_path: Path, facts: FactReader) -> None:
    jpeg = stale()[why]
    assert not trusts(jpeg)
    found = looked_at(tmp_path, facts, a_jpg=jpeg)
    with Image.open(io.BytesIO(jpeg)) as picture:
        whole = int(str(imagehash.phash(picture)), 16)
    assert (found["a_jpg"].hash ^ whole).bit_count() <= 2


def test_flat_pictures_say_so(tmp_path: Path, facts: FactReader) -> None:
    noise = Image.effect_noise((640, 480), 20)  # gone when it is made small
    files = {
        "white_jpg": encoded(Image.new("RGB", (640, 480), "white"), "JPEG"),
        "white_png": encoded(Image.new("L", (640, 480), 255), "PNG"),
        "deep_png": encoded(Image.new("I;16", (640, 480), 65535), "PNG"),
        "black_png": encoded(Image.new("L", (640, 480)), "PNG"),
        "clear_png": encoded(Image.new("RGBA", (640, 480)), "PNG"),
        "noise_png": encoded(noise, "PNG"),
        "hills_png": encoded(landscape(), "PNG"),
    }
    found = looked_at(tmp_path, facts, **files)
    assert {name for name, each in found.items() if not each.flat} == {"hills_png"}
    assert found["white_jpg"].hash == found["white_png"].hash == found["deep_png"].hash == found["clear_png"].hash
    assert len({each.hash for each in found.values()}) == 4


def test_what_is_clear_is_white(tmp_path: Path, facts: FactReader) -> None:
    logo = Image.new("RGBA", (300, 300))  # black, all of it, and clear but for the letters
    page = Image.new("RGB", (300, 300), "white")
    for picture in (logo, page):
        picture.paste("black", (40, 60, 120, 250))
        picture.paste("black", (170, 30, 260, 180))
    clear = logo.quantize(10)
    files = {
        "a_png": encoded(page, "PNG"),
        "b_png": encoded(logo, "PNG"),
        "c_png": encoded(clear, "PNG"),
        "d_png": encoded(logo.convert("LA"), "PNG"),
    }
    found = looked_at(tmp_path, facts, **files)
    assert [apart(found["a_png"], found[name]) for name in ("b_png", "c_png", "d_png")] == [0, 0, 0]


def test_different_pictures_are_far_apart(tmp_path: Path, facts: FactReader) -> None:
    files = {f"{seed}_jpg": encoded(landscape(seed), "JPEG") for seed in range(12)}
    found = list(looked_at(tmp_path, facts, **files).values())
    distances = sorted(apart(one, other) for one in found for other in found if one is not other)
    assert distances[0] > 4
    assert distances[len(distances) // 2] > 16


def test_what_cannot_be_read_is_left_out(tmp_path: Path, facts: FactReader) -> None:
    whole = encoded(landscape(), "JPEG")
    bomb = encoded(Image.new("1", (16_000, 16_000)), "PNG")
    files = {
        "cut_jpg": whole[:3000],
        "noise_jpg": b"\xff\xd8\xff" + Random(1).randbytes(999),
        "bomb_png": bomb,
        "a_jpg": whole,
    }
    assert looked_at(tmp_path, facts, **files).keys() == {"a_jpg"}


def test_which_pictures_are_there(tmp_path: Path) -> None:
    photo = pictures.photo(Random(1), TAKEN, NIKON)
    folder, nested = tmp_path / "f", tmp_path / "f/nested"
    trees.build(
        folder,
        {
            "b.jpg": photo,
            "sub/wrong.txt": photo,
            "text.jpg": b"no picture",
            ".hidden.jpg": photo,
            ".hidden/a.jpg": photo,
            "node_modules/a.jpg": photo,
            "project/.git/HEAD": b"",
            "project/a.jpg": photo,
            "c.jpg.part": photo,
            "raw/a.jpg": photo,
            "nested/n.jpg": photo,
        },
    )
    os.link(folder / "b.jpg", folder / "also.jpg")
    os.link(folder / "b.jpg", nested / "also.jpg")
    (folder / "link.jpg").symlink_to("b.jpg")
    places = [Place("f", os.fsencode(folder), ("raw/",)), Place("n", os.fsencode(nested))]
    told: list[tuple[object, ...]] = []
    with FactReader(None) as facts:
        found = pictures_of(places, facts, lambda *each: told.append(each))
        names = [(os.fsdecode(each.root), os.fsdecode(each.entry.path)) for each in found]
        assert names == [(str(folder), "also.jpg"), (str(folder), "sub/wrong.txt"), (str(nested), "n.jpg")]
        assert taken(found, facts) == ["2021-08-14T18:02:11"] * 3
    assert ("scanning", 0, 3) in told


def test_a_hash_that_is_known_is_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "f"
    trees.build(
        folder,
        {"a.jpg": encoded(landscape(), "JPEG"), "b.png": encoded(landscape(2), "PNG"), "c.png": b"\x89PNG\r\n\x1a\n"},
    )
    places = [Place("f", os.fsencode(folder))]
    with Index(tmp_path / "index.db") as index:
        with FactReader(index) as facts:
            first = pictures_of(places, facts, nothing)
        opened: list[bytes] = []
        monkeypatch.setattr(Directories, "open_file", lambda self, path, flags: opened.append(path))
        with FactReader(index) as facts:
            assert pictures_of(places, facts, nothing) == first
    assert len(first) == 2
    assert opened == []


def test_a_search_can_be_stopped(tmp_path: Path, facts: FactReader) -> None:
    trees.build(tmp_path, {"a.png": encoded(landscape(), "PNG")})

    class Stopped(Exception):
        pass

    def stop(*_: object) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        pictures_of([Place("f", os.fsencode(tmp_path))], facts, stop)
