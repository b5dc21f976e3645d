"""Buckets beside rclone (its wheel), against the same server in the same run: moves, renames, uploads, listings.

*Moves*: objects of 1 KiB organized in place, from plan to sealed journal, beside `rclone move --transfers 32` within
the bucket. rclone's start and listing are in its figure; our listing and planning are in ours, the start of Python is
not. *Far away*: the same with 40 ms added to every request by a proxy. *Renamed*: a folder of files that both sides
have, renamed here, beside `rclone sync --track-renames`. *Upload*: one large file, beside `rclone copy`.

`SERVERS`: ministack, a server in Python that honours conditions; rclone's own, which honours none and is quicker.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from core.storage.s3.bucket import Bucket
from core.storage.s3.capabilities import probe
from core.storage.s3.endpoint import Endpoint
from core.storage.s3.objects import Objects
from tests.bench.timing import Timings
from tests.s3.faults import Rule as Fault
from tests.s3.faults import faults_before
from tests.s3.pairs import PairStage
from tests.s3.servers import ACCESS_KEY, REGION, SECRET_KEY, Server, environment, make_bucket, program, running
from tests.s3.stage import Stage

OBJECTS = 1500
RENAMED = 1000
LARGE = 128 * 1024 * 1024
FAR_SECONDS = 0.04
ROUNDS = 3


def main() -> None:
    """Print all of it for each server."""
    os.environ.update(environment())
    for name in ("ministack", "rclone"):
        with tempfile.TemporaryDirectory() as directory, running(name, Path(directory) / "server") as server:
            print(f"  {name}")
            _bench(server, Path(directory))


def _bench(server: Server, directory: Path) -> None:
    endpoint = Endpoint(server.remote)
    make_bucket(endpoint, "bench")
    can = probe(Bucket(b"s3://bench/probe", endpoint))
    timings = Timings()
    for number in range(ROUNDS):
        room = directory / str(number)
        room.mkdir()
        for far in (False, True):
            _moves(timings, server, endpoint, can, room / f"moves-{far}", f"m{number}{far}", far=far)
        _renames(timings, server, endpoint, can, room, f"r{number}")
        _upload(timings, server, endpoint, can, room, f"u{number}")
    endpoint.close()
    for where in ("", " far away"):
        ours, theirs = timings.median(f"moves{where}"), timings.median(f"rclone move{where}")
        print(f"    moves{where}: {OBJECTS / ours:8.0f} a second, {theirs / ours:.2f} of rclone move --transfers 32")
    print(f"    listing: {OBJECTS / timings.median('listing'):8.0f} keys a second")
    ours, theirs = timings.median("rename"), timings.median("rclone rename")
    print(f"    a folder of {RENAMED} renamed: {ours:.2f} s, {ours / theirs:.2f} times rclone sync --track-renames")
    ours, theirs = timings.median("upload"), timings.median("rclone upload")
    print(f"    upload: {LARGE / ours / 2**20:8.0f} MiB/s, {theirs / ours:.2f} of rclone copy")


def _moves(
    timings: Timings, server: Server, near: Endpoint, can: object, directory: Path, prefix: str, *, far: bool
) -> None:
    label = " far away" if far else ""
    with _at(server, far) as port:
        endpoint = Endpoint(Server(server.name, port).remote)
        stage = Stage(directory, Objects(f"s3://bench/{prefix}".encode(), endpoint, can))  # type: ignore[arg-type]
        _fill(Objects(stage.bucket.root, near, stage.bucket.can), "in")
        with _timed(timings, f"moves{label}"):
            start = perf_counter()
            plan = stage.plan_moves(lambda path: b"out/" + path[3:])
            timings.add(f"listing{label}", perf_counter() - start)
            state, counts, _ = stage.run(plan)
        assert (state, counts.done) == ("completed", OBJECTS), (state, counts)
        _rclone(timings, f"rclone move{label}", port, "move", f"bench/{prefix}/out", f"bench/{prefix}/back")
        stage.bucket.close()
        endpoint.close()


def _renames(timings: Timings, server: Server, endpoint: Endpoint, can: object, room: Path, prefix: str) -> None:
    pair = PairStage(room / "pair", Objects(f"s3://bench/{prefix}".encode(), endpoint, can))  # type: ignore[arg-type]
    pair.write({f"old/{number}": b"%d" % number * 200 for number in range(RENAMED)})
    pair.sync()
    twin = room / "twin"
    twin.mkdir()
    subprocess.run(["cp", "-a", str(pair.folder / "old"), str(twin / "old")], check=True)
    _rclone(Timings(), "", server.port, "sync", str(twin), f"bench/{prefix}-twin")
    (pair.folder / "old").rename(pair.folder / "new")
    (twin / "old").rename(twin / "new")
    with _timed(timings, "rename"):
        done = pair.sync()
    assert all(each.startswith("move") for each in done), done[:3]
    _rclone(timings, "rclone rename", server.port, "sync", "--track-renames", str(twin), f"bench/{prefix}-twin")
    pair.bucket.close()


def _upload(timings: Timings, server: Server, endpoint: Endpoint, can: object, room: Path, prefix: str) -> None:
    stage = Stage(room / "up", Objects(f"s3://bench/{prefix}".encode(), endpoint, can))  # type: ignore[arg-type]
    stage.write({"large": os.urandom(LARGE)})
    plan = stage.plan([("upload", "large", "@large")])
    with _timed(timings, "upload"):
        assert stage.run(plan)[0] == "completed"
    _rclone(timings, "rclone upload", server.port, "copy", str(stage.folder / "large"), f"bench/{prefix}-twin")
    stage.bucket.close()


def _fill(bucket: Objects, folder: str) -> None:
    def put(number: int) -> None:
        key = f"{bucket.prefix}{folder}/{number:05d}.bin"
        bucket.endpoint.call("put_object", Bucket=bucket.name, Key=key, Body=b"%d" % number * 200)

    bucket.each(put, range(OBJECTS))
    bucket.close()


@contextmanager
def _at(server: Server, far: bool) -> Iterator[int]:
    if not far:
        yield server.port
        return
    with faults_before(server.port) as proxy:
        proxy.rules.append(Fault("late", "", times=10**9, seconds=FAR_SECONDS))
        yield proxy.port


@contextmanager
def _timed(timings: Timings, name: str) -> Iterator[None]:
    with timings.of(name):
        yield


def _rclone(timings: Timings, label: str, port: int, *arguments: str) -> None:
    remote = f":s3,provider=Other,endpoint='http://127.0.0.1:{port}',region={REGION},force_path_style=true:"
    shown = [f"{remote}{each}" if each.startswith("bench/") else each for each in arguments]
    keys = {"RCLONE_S3_ACCESS_KEY_ID": ACCESS_KEY, "RCLONE_S3_SECRET_ACCESS_KEY": SECRET_KEY}
    with tempfile.TemporaryDirectory() as room, timings.of(label):
        subprocess.run(
            [program("rclone"), "--config", f"{room}/rclone.conf", "--transfers", "32", "--checkers", "32", *shown],
            env=os.environ | keys | {"HOME": room},
            check=True,
            capture_output=True,
        )
