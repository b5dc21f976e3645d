"""The process dies anywhere in a sync's life: what it began is brought to its end, both sides become the same.

Points are every request, from the marks to the last delete, and every change of what is remembered of the pair.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from core.config import Config, load_config
from core.engine import Engine
from core.model import Operation, Request, Resolution, new_id, now
from core.state import StateDirectory
from core.storage.remotes import Remotes
from core.storage.s3.endpoint import Endpoint
from core.storage.s3.objects import Objects
from tests.s3.conftest import open_bucket
from tests.s3.dying import dies
from tests.s3.servers import Server
from tests.s3.stage import Stage
from tests.s3.sync_victim import Deaf, Errand, carry_out


class Pair(Stage):
    """A folder and a bucket's prefix, with an engine's whole state beside it."""

    def __init__(self, directory: Path, bucket: Objects, server: Server) -> None:
        super().__init__(directory, bucket)
        self.made: set[bytes] = set()
        self.state = StateDirectory.beneath(directory / "s")
        self.state.prepare()
        self.config = directory / "config.toml"
        table = f'[[folder]]\nname = "scans"\npath = "{self.folder}"\nsync = "{bucket.root.decode()}"\n'
        self.config.write_text(f"{server.table}{table}")
        self.config.chmod(0o600)
        remotes = Remotes(self.read(), self.state.remotes)
        remotes.try_out(bucket.root, lambda _: bucket.can)
        remotes.close()

    def read(self) -> Config:
        return load_config(self.config)

    def write(self, tree: dict[str, bytes]) -> None:
        self.made |= {*tree.values()}
        super().write(tree)

    def put(self, tree: dict[str, bytes]) -> None:
        self.made |= {*tree.values()}
        super().put(tree)

    def ask(self, **more: object) -> str:
        """Record a request for a sync; return its id."""
        request = Request(id=new_id(), kind="sync", folder="scans", created=now(), **more)  # type: ignore[arg-type]
        with closing(Engine(self.state, self.read(), Deaf())) as engine:
            engine.submit(request)
        return request.id

    def run(self, id: str) -> Operation:  # type: ignore[override]
        """Have it carried out, or what is left of it."""
        with closing(Engine(self.state, self.read(), Deaf())) as engine:
            return engine.run(id, lambda: False)

    def sync(self) -> Operation:
        return self.run(self.ask())

    def conflicts(self) -> list[bytes]:
        with closing(Engine(self.state, self.read(), Deaf())) as engine:
            return [each.copy for each in engine.conflicts(engine.config.folder("scans"))]

    def sides(self) -> tuple[dict[str, bytes], dict[str, bytes]]:
        """Return both trees, the times of conflict names left out."""
        return _own(self.files()), _own(self.objects())

    def anywhere(self) -> set[bytes]:
        return {*self.files().values(), *self.objects().values()}


def _own(tree: dict[str, bytes]) -> dict[str, bytes]:
    return {
        re.sub(r"conflict [\d-]+ \d+ [^)]*", "conflict", path): content
        for path, content in tree.items()
        if not path.startswith(".shelver")
    }


Scene = Callable[[Pair], str]


def first_sync(pair: Pair) -> str:
    """Two sides that never met: nothing may be taken as deleted or replaced."""
    pair.write({"here": b"here", "same": b"same", "d/both": b"both, here"})
    pair.put({"there": b"there", "same": b"same", "d/both": b"both, there"})
    return pair.ask()


def later_sync(pair: Pair) -> str:
    """Of each kind of change one."""
    pair.write({each: each.encode() for each in ("up", "down", "gone here", "gone there", "both", "old name", "rests")})
    assert pair.sync().state == "completed"
    pair.write({"up": b"up, newer", "both": b"both, here", "fresh here": b"fresh here"})
    pair.put({"down": b"down, newer", "both": b"both, there", "fresh there": b"fresh there"})
    (pair.folder / "gone here").unlink()
    (pair.folder / "old name").rename(pair.folder / "new name")
    call = pair.bucket.endpoint.call
    call("delete_object", Bucket=pair.bucket.name, Key=pair.bucket.prefix + "gone there")
    return pair.ask()


def resolution(kept: Resolution) -> Scene:
    """Two conflicts that are settled."""

    def scene(pair: Pair) -> str:
        pair.write({"a": b"a", "d/b": b"b"})
        assert pair.sync().state == "completed"
        pair.write({"a": b"a, here", "d/b": b"b, here"})
        pair.put({"a": b"a, there", "d/b": b"b, there"})
        assert pair.sync().state == "completed"
        assert len(pair.conflicts()) == 2
        return pair.ask(resolve=kept, paths=pair.conflicts())

    scene.__name__ = f"keep_{kept}"
    return scene


SCENES = [first_sync, later_sync, resolution("mine"), resolution("theirs"), resolution("both")]


@pytest.mark.parametrize("scene", [later_sync, SCENES[2]], ids=lambda scene: scene.__name__)
def test_a_sync_that_was_cut_off_comes_to_the_same_end(
    tmp_path: Path, bucket: Objects, server: Server, scene: Scene
) -> None:
    _cut_off(tmp_path, bucket, server, scene, [9])


@pytest.mark.heavy
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_sync_that_was_cut_off_at_any_point_comes_to_the_same_end(
    tmp_path: Path, servers: dict[str, Server], scene: Scene, after: bool
) -> None:
    server = servers["ministack"]  # what each server makes of a cut is told by the tests of steps
    with closing(Endpoint(server.remote)) as endpoint, closing(open_bucket(server, endpoint)) as bucket:
        points = _cut_off(tmp_path, bucket, server, scene, range(1, 500), after=after)
    assert points > 12, "it was to die at many points"


def _cut_off(
    tmp_path: Path,
    bucket: Objects,
    server: Server,
    scene: Scene,
    points: Sequence[int],
    *,
    after: bool = False,
) -> int:
    """Play a scene, and cut it off at each of these points in turn; return how many there were."""
    whole = _fresh(tmp_path, bucket, server, 0)
    assert whole.run(scene(whole)).state == "completed"
    expected = whole.sides()
    assert expected[0] == expected[1]
    for at in points:
        pair = _fresh(tmp_path, bucket, server, at)
        id = scene(pair)
        made, (here, there) = pair.anywhere(), pair.sides()

        has_died = _dies(pair, id, at, after=after)

        assert made <= pair.anywhere(), f"lost at {at}"
        if scene is first_sync:  # nothing was proven to be deleted
            assert here.keys() <= pair.sides()[0].keys() | {"d/both"} and there.keys() <= pair.sides()[1].keys()
        assert pair.run(id).state == "completed", f"at {at}"
        for _ in range(2):
            pair.sync()
        assert pair.sides() == expected, f"at {at}"
        assert made <= pair.anywhere(), f"lost at {at}"
        assert pair.sync().counts.planned == 0, f"at {at}"
        pair.bucket.close()
        if not has_died:
            return at
    return len(points)


def _fresh(tmp_path: Path, bucket: Objects, server: Server, at: int) -> Pair:
    root = f"s3://{bucket.name}/{at}".encode()
    return Pair(tmp_path / str(at), Objects(root, bucket.endpoint, bucket.can), server)


def _dies(pair: Pair, id: str, at: int, *, after: bool) -> bool:
    """Carry a sync out in a process that dies; tell whether it came to that."""
    errand = Errand(str(pair.config), str(pair.state.state), id, at, after)
    return dies(carry_out, errand)
