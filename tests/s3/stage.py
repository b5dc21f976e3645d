"""Operations on buckets carried out for real: a folder, a bucket's prefix, plans from short lines, the executor.

A path that begins with `@` lies in the bucket. `move`, `copy`, `trash`, `upload`, `download`; `reupload` and
`redownload` replace what is there; what is replaced goes to the trash. A `trash` with a second path relies on the copy
that stays there.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from core.errors import SourceMissing
from core.execute import execute
from core.journal import OperationFiles
from core.model import Counts, Fingerprint, Plan, Request, State, Step, StepKind, Survivor, now
from core.storage import open_storage
from core.storage.local import LocalStorage
from core.storage.s3.bucket import Bucket
from core.storage.s3.capabilities import Capabilities
from core.storage.s3.endpoint import Endpoint
from core.storage.s3.objects import Objects
from tests.acting import Silent
from tests.agents import until
from tests.s3.servers import Server

Line = tuple[str, str, str] | tuple[str, str, str, int]
Ended = tuple[State, Counts, list[tuple[str, str]]]

TRASH = b".shelver-trash"
_KINDS: dict[str, StepKind] = {"reupload": "upload", "redownload": "download"}


class Stage:
    """A folder and a bucket, and the state of operations between and within them."""

    def __init__(self, directory: Path, bucket: Objects) -> None:
        self.directory = directory
        self.bucket = bucket
        self.folder = directory / "folder"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._count = 0

    @property
    def roots(self) -> list[bytes]:
        return [os.fsencode(self.folder), self.bucket.root]

    def open_root(self, root: bytes) -> LocalStorage | Objects:
        """Open one of the roots as the engine would; the endpoint is shared."""
        if root.startswith(b"s3://"):
            return Objects(root, self.bucket.endpoint, self.bucket.can)
        return open_storage(root)

    # -- trees

    def put(self, tree: dict[str, bytes]) -> None:
        """Put objects there, as another program would."""
        for path, content in tree.items():
            self.bucket.endpoint.call(
                "put_object",
                Bucket=self.bucket.name,
                Key=self.bucket.prefix + path,
                Body=content,
                Metadata={"mtime": "1500000000.000000005"},
            )

    def write(self, tree: dict[str, bytes]) -> None:
        """Write files, old enough to be left alone by nobody."""
        for path, content in tree.items():
            file = self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            os.utime(file, ns=(10**18, 10**18 + len(content)))

    def objects(self) -> dict[str, bytes]:
        """Return everything in the bucket, the trash included."""
        plain = Bucket(self.bucket.root, self.bucket.endpoint)
        start = len(self.bucket.prefix)
        found = {}
        for item in plain.listed(self.bucket.prefix):
            answer = self.bucket.endpoint.call("get_object", Bucket=self.bucket.name, Key=item["Key"])
            with answer["Body"] as body:
                found[item["Key"][start:]] = body.read()
        return found

    def objects_at_rest(self) -> dict[str, bytes]:
        """Return everything in the bucket once two looks agree: a server goes on with what a killed process sent it."""
        looks: list[dict[str, bytes]] = []

        def is_at_rest() -> bool:
            with suppress(SourceMissing):  # it went between the listing and the reading
                looks.append(self.objects())
            return looks[-2:-1] == looks[-1:] != []

        until(is_at_rest, "the bucket is at rest")
        return looks[-1]

    def files(self) -> dict[str, bytes]:
        """Return everything in the folder, the trash included."""
        return {str(p.relative_to(self.folder)): p.read_bytes() for p in self.folder.rglob("*") if p.is_file()}

    # -- plans

    def plan(self, lines: Iterable[Line], *, reviewed: bool = False) -> Plan:
        """Write a plan; fingerprints are those of now."""
        steps = [self._step(seq, f"op{self._count + 1}", *line) for seq, line in enumerate(lines)]
        return self._written(steps, reviewed=reviewed)

    def _written(self, steps: list[Step], *, reviewed: bool = False) -> Plan:
        self._count += 1
        id = f"op{self._count}"
        plan = Plan(id, self.roots, steps, reviewed=reviewed)
        files = self.operation(id)
        files.directory.parent.mkdir(exist_ok=True)
        files.create(Request(id=id, kind="sync", folder="folder", created=now()))
        files.write_plan(plan)
        return plan

    def plan_moves(self, place: Callable[[bytes], bytes]) -> Plan:
        """Write a plan that moves every object, from one listing."""
        steps = [
            Step(seq, "move", entry.path, place(entry.path), 1, 1, fingerprint=entry.fingerprint)
            for seq, entry in enumerate(self.bucket.walk())
        ]
        return self._written(steps)

    def operation(self, id: str) -> OperationFiles:
        return OperationFiles(self.directory / "operations" / id)

    def _step(self, seq: int, id: str, kind: str, source: str, destination: str, group: int = 0) -> Step:
        (source_root, source_path), (root, path) = _place(source), _place(destination)
        trash = b"/".join((TRASH, id.encode(), path))
        survivor = Survivor(root, path, self.fingerprint(root, path)) if kind == "trash" and path else None
        if kind == "trash":
            root, path = source_root, b"/".join((TRASH, id.encode(), source_path))
        replaces = kind in _KINDS
        return Step(
            seq,
            _KINDS.get(kind, kind),  # type: ignore[arg-type]
            source_path,
            path,
            source_root,
            root,
            group,
            self.fingerprint(source_root, source_path),
            occupant=self.fingerprint(root, path) if replaces else None,
            survivor=survivor,
            trash=trash if replaces else b"",
        )

    def fingerprint(self, root: int, path: bytes) -> Fingerprint:
        storage = self.open_root(self.roots[root])
        try:
            found = storage.fingerprint(path)
        finally:
            storage.close()
        assert found, path
        return found

    # -- acting

    def run(self, plan: Plan) -> Ended:
        """Carry a plan out, or what is left of it."""
        files = self.operation(plan.operation)
        with files.journal() as journal:
            state, counts = execute(files.plan(), journal, Silent(), open_root=self.open_root)
        finished = files.outcomes().finished
        return state, counts, [(finished[s.seq].outcome, finished[s.seq].reason) for s in plan.steps]

    def act(self, lines: Iterable[Line], *, reviewed: bool = False) -> Ended:
        """Plan and carry out."""
        return self.run(self.plan(lines, reviewed=reviewed))


def _place(text: str) -> tuple[int, bytes]:
    return (1, text[1:].encode()) if text.startswith("@") else (0, text.encode())


# -- a process that dies at its n-th request ---------------------------------------------------------


class Victim(msgspec.Struct):
    """What a child process is told: to carry out an operation, and to die before or after a request."""

    directory: str
    root: str
    port: int
    name: str
    capabilities: Capabilities
    operation: str
    dies_at: int
    after: bool


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def carry_out(victim: Victim) -> None:
    """Carry out an operation, and die at a request. Raises RemoteLost, RemoteUnreachable."""
    endpoint = Endpoint(Server(victim.name, victim.port).remote)
    requests = 0

    def count(**_: object) -> None:
        nonlocal requests
        requests += 1
        if requests == victim.dies_at and not victim.after:
            _die()

    def answered(**_: object) -> None:
        if requests >= victim.dies_at and victim.after:
            _die()

    endpoint.client.meta.events.register("before-send.s3", count)
    endpoint.client.meta.events.register("after-call.s3", answered)
    bucket = Objects(victim.root.encode(), endpoint, victim.capabilities)
    stage = Stage(Path(victim.directory), bucket)
    stage.run(stage.operation(victim.operation).plan())
