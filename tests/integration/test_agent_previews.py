"""Files at a glance over the socket: pictures, texts, what is known, and why there is nothing to see."""

from __future__ import annotations

import io
import os
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode

import pytest
from PIL import Image

from tests.agents import AgentUnderTest, Answer
from tui.demo import sample_media as media
from tui.demo import sample_papers as papers
from tui.demo import sample_pictures as pictures

TAKEN = datetime(2021, 8, 14, 18, 2, 11)
CAMERA = ("NIKON CORPORATION", "NIKON D90")


def photo(size: tuple[int, int] = (320, 240)) -> bytes:
    """Red above, blue below."""
    picture = Image.new("RGB", size, "red")
    picture.paste("blue", (0, size[1] // 2, size[0], size[1]))
    return pictures.encoded(picture, "JPEG", pictures.exif(TAKEN, CAMERA))


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentUnderTest]:
    home = tmp_path_factory.mktemp("p")
    agent = AgentUnderTest(home)
    (home / "f").mkdir()
    agent.folder("f", home / "f", "subfolders = true", 'mode = "review"')
    with agent.running():
        agent.passed("f")
        yield agent


@pytest.fixture
def folder(agent: AgentUnderTest) -> Path:
    return agent.home / "f"


def ask(agent: AgentUnderTest, path: Path | bytes | str, **more: Any) -> Answer:
    return agent.get("/api/v1/files/preview?" + urlencode({"path": path, **more}))


def look(agent: AgentUnderTest, path: Path, content: bytes, **more: Any) -> dict[str, Any]:
    path.write_bytes(content)
    answer = ask(agent, path, **more)
    assert answer.status == 200, answer.body
    return answer.body  # type: ignore[no-any-return]


def test_a_photo(agent: AgentUnderTest, folder: Path) -> None:
    found = look(agent, folder / "a.jpg", photo(), columns=20, rows=10)
    assert found["kind"] == "image"
    assert found["size"] == (folder / "a.jpg").stat().st_size
    assert found["modified"].startswith(str(datetime.now().year))
    assert found["facts"] == {
        "taken": "2021-08-14T18:02:11",
        "taken_source": "exif",
        "camera": "Nikon D90",
        "width": 320,
        "height": 240,
    }
    raster = found["picture"]
    assert (raster["width"], raster["height"]) == (20, 15)
    rgb = b64decode(raster["rgb"], validate=True)
    assert len(rgb) == 20 * 15 * 3
    assert rgb[0] > 200 > 100 > rgb[2]
    assert rgb[-1] > 200 > 100 > rgb[-3]
    assert "text" not in found
    assert "why_not" not in found


def test_a_picture_fits_into_an_answer(agent: AgentUnderTest, folder: Path) -> None:
    noise = Image.frombytes("RGB", (600, 500), Random(1).randbytes(600 * 500 * 3))
    (folder / "noise.png").write_bytes(pictures.encoded(noise, "PNG"))
    raw = agent.ask(
        "GET", "/api/v1/files/preview?" + urlencode({"path": folder / "noise.png", "columns": 1000, "rows": 1000})
    )
    assert raw.body["picture"]["width"] * raw.body["picture"]["height"] > 30_000
    assert len(str(raw.body)) < 256 * 1024
    small = look(agent, folder / "small.png", pictures.encoded(Image.new("RGB", (5, 3), "red"), "PNG"))["picture"]
    assert (small["width"], small["height"]) == (5, 3)


def test_texts(agent: AgentUnderTest, folder: Path) -> None:
    assert look(agent, folder / "a.txt", b"Dear \x1b[31mall\nof you")["text"] == "Dear \x1b[31mall\nof you"
    assert look(agent, folder / "latin.txt", "na\u00efve caf\u00e9 \u00e0 Z\u00fcrich".encode("cp1252"))[
        "text"
    ].startswith("na\u00efve")
    assert look(agent, folder / "a.pdf", papers.pdf(["Invoice 7"]))["text"].startswith("Invoice 7")
    assert look(agent, folder / "a.docx", papers.docx(["Minutes"]))["text"] == "Minutes"
    long = look(agent, folder / "long.txt", b"x\n" * 100_000)["text"]
    assert long.count("\n") == 399
    assert look(agent, folder / "wide.txt", b"w" * 500_000)["text"] == "w" * 16_000


def test_sound_is_told_by_its_tags(agent: AgentUnderTest, folder: Path) -> None:
    found = look(agent, folder / "a.mp3", media.mp3(("Ana", "Sol", "Luz")))
    assert found["facts"] == {"artist": "Ana", "album": "Sol", "title": "Luz"}
    assert found["why_not"] == "there is no way to show sound"


def test_why_there_is_nothing_to_see(agent: AgentUnderTest, folder: Path) -> None:
    whole = photo()
    assert look(agent, folder / "empty.jpg", b"")["why_not"] == "it is empty"
    assert look(agent, folder / "cut.jpg", whole[: len(whole) // 2])["why_not"] == "it cannot be read"
    assert look(agent, folder / "a.zip", b"PK\x03\x04 and so on")["why_not"] == "there is no way to show an archive"
    assert look(agent, folder / "a.bin", b"\0\1\2\3" * 99)["why_not"] == "it holds no text"


def test_a_name_that_is_not_text(agent: AgentUnderTest, folder: Path) -> None:
    path = os.fsencode(folder) + b"/\xff\x1b.txt"
    Path(os.fsdecode(path)).write_text("here")
    answer = agent.get("/api/v1/files/preview?" + urlencode({"path_b64": b64encode(path).decode()}))
    assert answer.body["text"] == "here"
    assert b64decode(answer.body["path_b64"]) == path


def test_what_is_no_file_of_a_folder_is_refused(agent: AgentUnderTest, folder: Path) -> None:
    outside = agent.home / "secret.txt"
    outside.write_text("secret")
    (folder / "link.txt").symlink_to(outside)
    (folder / "way").symlink_to(agent.home)
    (folder / "sub").mkdir()
    os.mkfifo(folder / "pipe")
    for path in (
        outside,
        folder / "link.txt",
        folder / "way/secret.txt",
        f"{folder}/../secret.txt",
        folder / "sub",
        folder,
        folder / "pipe",
        folder / "gone",
        "secret.txt",
        "",
    ):
        answer = ask(agent, path)
        assert answer.status == 422, path
        assert answer.body["error"]["field"] == "path"
        assert "secret" not in str(answer.body.get("text"))
    assert ask(agent, folder / "a.txt", columns=0).status == 422


def test_a_picture_is_decoded_elsewhere(agent: AgentUnderTest, folder: Path) -> None:
    """The agent's own process loads no library that decodes."""
    assert look(agent, folder / "b.jpg", photo())["picture"]
    assert agent.process is not None
    maps = Path(f"/proc/{agent.process.pid}/maps").read_text()
    assert "_imaging" not in maps
    assert "numpy" not in maps


def test_a_bomb_is_told_not_shown(agent: AgentUnderTest, folder: Path) -> None:
    target = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(target, "PNG")
    assert look(agent, folder / "bomb.png", target.getvalue())["why_not"] == "it cannot be read"
    assert look(agent, folder / "c.jpg", photo())["picture"]
