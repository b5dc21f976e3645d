"""The storage of local folders: what it finds, what it refuses to touch, what a copy keeps."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.errors import (
    CrossesDevices,
    DestinationTaken,
    EscapesRoot,
    FolderNotEmpty,
    FolderTaken,
    IoFailed,
    NoSpace,
    SourceChanged,
    SourceInUse,
    SourceMissing,
    StorageError,
    UsageError,
)
from core.model import Attributes, Fingerprint
from core.storage import Copy, linux, open_storage
from core.storage.copying import read_attributes
from core.storage.local import LocalStorage
from tests import trees
from tests.trees import File, Folder, HardLink, Symlink


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[LocalStorage]:
    (tmp_path / "root").mkdir()
    with LocalStorage(os.fsencode(tmp_path / "root")) as storage:
        yield storage


@pytest.fixture
def other(elsewhere: Path) -> Iterator[LocalStorage]:
    with LocalStorage(os.fsencode(elsewhere)) as storage:
        yield storage


@pytest.fixture(params=["openat2", "components"])
def resolving(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways of finding a directory beneath the root: what holds for one must hold for the other."""
    if request.param == "components":
        monkeypatch.setattr(linux, "_has_openat2", False)


def _nothing(count: int) -> None:
    pass


def _expected(storage: LocalStorage, path: bytes) -> Fingerprint:
    found = storage.fingerprint(path)
    assert found is not None
    return found


# -- opening


def test_a_root_must_be_an_absolute_path() -> None:
    with pytest.raises(UsageError):
        open_storage(b"s3://bucket/prefix")


def test_a_closed_storage_holds_no_descriptor(storage: LocalStorage) -> None:
    trees.build(storage.root, {"a": {"b": "1"}, "c": {"d": "2"}})
    before = len(os.listdir("/proc/self/fd"))
    list(storage.walk())
    storage.move(b"a/b", storage, b"e/b")
    assert len(os.listdir("/proc/self/fd")) > before
    storage.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_few_descriptors_stay_open_however_many_folders_are_used(storage: LocalStorage) -> None:
    trees.build(storage.root, {f"{number}/file": "x" for number in range(200)})
    before = len(os.listdir("/proc/self/fd"))
    for number in range(200):
        storage.move(b"%d/file" % number, storage, b"%d/moved" % number)
    assert len(os.listdir("/proc/self/fd")) - before < 100


# -- walking


def test_a_walk_yields_regular_files_only_and_follows_no_link(storage: LocalStorage, tmp_path: Path) -> None:
    trees.build(tmp_path / "outside", {"secret": "s"})
    trees.build(
        storage.root,
        {"a": "1", "sub": {"b": "2"}, "link": Symlink("a"), "out": Symlink(str(tmp_path / "outside")), "empty": {}},
    )
    os.mkfifo(storage.root + b"/pipe")
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind(os.fsdecode(storage.root) + "/socket")
        assert {entry.path for entry in storage.walk()} == {b"a", b"sub/b"}


def test_a_walk_yields_what_lstat_says(storage: LocalStorage) -> None:
    trees.build(storage.root, {"sub": {"a": File(b"12345", mtime_ns=-1_000_000_001)}, "twin": HardLink("sub/a")})
    entry = next(entry for entry in storage.walk() if entry.path == b"sub/a")
    status = os.lstat(storage.root + b"/sub/a")
    assert (entry.inode, entry.size, entry.mtime_ns, entry.ctime_ns, entry.device, entry.links) == (
        status.st_ino,
        5,
        -1_000_000_001,
        status.st_ctime_ns,
        status.st_dev,
        2,
    )
    assert storage.entry(b"sub/a") == entry


def test_a_walk_survives_every_name(storage: LocalStorage) -> None:
    trees.hostile(storage.root)
    assert {entry.path for entry in storage.walk()} == {
        path for path, found in trees.read(storage.root).items() if found.kind == "file"
    }


def test_a_walk_never_enters_the_trash_nor_yields_what_is_under_way(storage: LocalStorage) -> None:
    trees.build(
        storage.root,
        {
            ".shelver-trash": {"x": {"gone": "1"}},
            "sub": {".shelver-trash": {"y": "2"}, ".shelver-op-3.tmp": "3"},
            "a": "4",
        },
    )
    assert [entry.path for entry in storage.walk()] == [b"a"]


def test_a_walk_descends_only_where_told(storage: LocalStorage) -> None:
    trees.build(storage.root, {"a": {"1": ""}, "b": {"2": ""}, "b/c": {"3": ""}})
    asked: list[bytes] = []

    def descend(path: bytes) -> bool:
        asked.append(path)
        return path != b"a"

    found = {entry.path for entry in storage.walk(descend)}
    assert (found, set(asked)) == ({b"b/2", b"b/c/3"}, {b"a", b"b", b"b/c"})


def test_a_walk_reaches_deeper_than_a_path_can_be(storage: LocalStorage) -> None:
    name = b"d" * 200
    current = os.open(storage.root, os.O_RDONLY)
    for _ in range(25):
        os.mkdir(name, dir_fd=current)
        deeper = os.open(name, os.O_RDONLY, dir_fd=current)
        os.close(current)
        current = deeper
    os.close(os.open(b"file", os.O_CREAT | os.O_WRONLY, dir_fd=current))
    os.close(current)
    (entry,) = storage.walk()
    assert len(entry.path) > 5000
    storage.check_unchanged(entry.path, entry.fingerprint)
    storage.move(entry.path, storage, b"shallow")
    assert [entry.path for entry in storage.walk()] == [b"shallow"]


def test_an_unreadable_folder_is_reported_and_the_rest_is_walked(
    storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees.build(storage.root, {"closed": {"a": ""}, "open": {"b": ""}})
    real = linux.open_beneath

    def refuse(root: int, path: bytes, flags: int) -> int:
        if path == b"closed":
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(root, path, flags)

    monkeypatch.setattr(linux, "open_beneath", refuse)
    assert [entry.path for entry in storage.walk()] == [b"open/b"]
    assert storage.unreadable == [b"closed"]


def test_a_walk_of_a_root_that_is_gone_says_so(storage: LocalStorage) -> None:
    os.rmdir(storage.root)
    with pytest.raises(SourceMissing):
        list(storage.walk())


# -- never out of the root


@pytest.mark.usefixtures("resolving")
@pytest.mark.parametrize(
    "path",
    [
        b"../outside/f",
        b"a/../../outside/f",
        b"/etc/passwd",
        b"",
        b".",
        b"..",
        b"a/..",
        b"a//f",
        b"a/./f",
        b"./f",
        b"f\0x",
    ],
)
def test_a_path_that_is_no_plain_way_down_is_refused(storage: LocalStorage, tmp_path: Path, path: bytes) -> None:
    trees.build(storage.root, {"a": {"f": "1"}})
    trees.build(tmp_path / "outside", {"f": "2"})
    before = trees.read(tmp_path)
    acts: list[Callable[[], object]] = [
        lambda: storage.fingerprint(path),
        lambda: storage.move(path, storage, b"b"),
        lambda: storage.move(b"a/f", storage, path),
        lambda: storage.make_directory(path, None),
    ]
    for act in acts:
        with pytest.raises(EscapesRoot):
            act()
    assert trees.read(tmp_path) == before


@pytest.mark.usefixtures("resolving")
def test_no_symlink_is_followed_out_of_the_root_nor_within_it(storage: LocalStorage, tmp_path: Path) -> None:
    outside = trees.build(tmp_path / "outside", {"f": "2"})
    trees.build(outside, {"deep": {"h": "4"}})
    trees.build(storage.root, {"f": "1", "out": Symlink(outside), "sub": {"g": "3"}, "within": Symlink("sub")})
    trees.build(storage.root, {"sub": {"deep": {"i": "5"}}})
    before = trees.read(tmp_path)
    for path in (b"out/f", b"within/g", b"out/deep/h", b"within/deep/i"):
        with pytest.raises(StorageError):
            storage.check_unchanged(path, Fingerprint(1, 1, 1))
        with pytest.raises(StorageError):
            storage.move(path, storage, b"taken out")
        with pytest.raises(StorageError):
            storage.move(b"f", storage, path + b" new")
        with pytest.raises(StorageError):
            storage.make_directory(path + b" dir", None)
    assert trees.read(tmp_path) == before


def test_a_source_that_became_a_symlink_has_changed(storage: LocalStorage, tmp_path: Path) -> None:
    trees.build(storage.root, {"f": "1"})
    expected = _expected(storage, b"f")
    os.rename(storage.root + b"/f", tmp_path / "f")
    os.symlink(tmp_path / "f", storage.root + b"/f")
    with pytest.raises(SourceChanged):
        storage.check_unchanged(b"f", expected)


@pytest.mark.parametrize("kind", ["pipe", "socket", "folder"])
def test_a_source_that_became_something_else_has_changed_and_blocks_nobody(storage: LocalStorage, kind: str) -> None:
    path = storage.root + b"/f"
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        match kind:
            case "pipe":
                os.mkfifo(path)
            case "socket":
                listening.bind(os.fsdecode(path))
            case _:
                os.mkdir(path)
        status = os.lstat(path)
        with pytest.raises(SourceChanged):
            storage.check_unchanged(b"f", Fingerprint(status.st_ino, status.st_size, status.st_mtime_ns))


# -- in use, changed


def test_a_file_open_for_writing_elsewhere_is_in_use(storage: LocalStorage) -> None:
    trees.build(storage.root, {"f": "1"})
    expected = _expected(storage, b"f")
    with open(storage.root + b"/f", "ab"):
        with pytest.raises(SourceInUse):
            storage.check_unchanged(b"f", expected)
        with pytest.raises(SourceInUse):
            storage.check_unused(b"f")
    storage.check_unchanged(b"f", expected)
    storage.check_unused(b"f")


def test_a_file_open_for_reading_elsewhere_is_not_in_use(storage: LocalStorage) -> None:
    trees.build(storage.root, {"f": "1"})
    with open(storage.root + b"/f", "rb"):
        storage.check_unchanged(b"f", _expected(storage, b"f"))


def test_no_lease_is_left_behind(storage: LocalStorage) -> None:
    trees.build(storage.root, {"f": "1"})
    storage.check_unchanged(b"f", _expected(storage, b"f"))
    storage.check_unused(b"f")
    descriptor = os.open(storage.root + b"/f", os.O_WRONLY | os.O_NONBLOCK)  # EWOULDBLOCK while a lease stands
    try:
        assert fcntl.fcntl(descriptor, fcntl.F_GETLEASE) == fcntl.F_UNLCK
    finally:
        os.close(descriptor)


def test_a_lease_that_another_program_breaks_does_not_kill(tmp_path: Path) -> None:
    """SIGIO's default ends a process: a storage must have seen to that before its first lease, in any thread."""
    script = (
        "import os, signal, sys, threading\n"
        "from core.storage.local import LocalStorage\n"
        "storage = LocalStorage(os.fsencode(sys.argv[1]))\n"
        "worker = threading.Thread(target=storage.check_unused, args=(b'f',))\n"
        "worker.start(); worker.join(); storage.close()\n"
        "os.kill(os.getpid(), signal.SIGIO)\n"
        "print('alive')\n"
    )
    (tmp_path / "f").write_text("1")
    done = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "alive\n"), done.stderr


@pytest.mark.parametrize("network", [0x6969, 0xFF534D42, 0xFE534D42])
def test_a_server_that_refuses_leases_does_not_make_files_look_used(
    storage: LocalStorage, monkeypatch: pytest.MonkeyPatch, network: int
) -> None:
    def refuse(*args: object) -> int:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    trees.build(storage.root, {"f": "1"})
    monkeypatch.setattr(fcntl, "fcntl", refuse)
    with pytest.raises(SourceInUse):
        storage.check_unused(b"f")
    monkeypatch.setattr(linux, "_file_system", lambda descriptor: network)
    storage.check_unused(b"f")


def test_the_file_systems_kind_is_told(tmp_path: Path, elsewhere: Path) -> None:
    kinds = {}
    for path in (tmp_path, elsewhere, Path("/proc")):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            kinds[path] = linux._file_system(descriptor)
            assert linux.keeps_inodes(descriptor)
        finally:
            os.close(descriptor)
    assert kinds[Path("/proc")] == 0x9FA0
    assert 0 not in kinds.values()


@pytest.mark.parametrize("is_made_up", [True, False])
def test_an_inode_number_counts_only_where_files_keep_it(
    storage: LocalStorage, other: LocalStorage, monkeypatch: pytest.MonkeyPatch, is_made_up: bool
) -> None:
    trees.build(storage.root, {"f": "1"})
    expected = replace(_expected(storage, b"f"), inode=12345678)
    if is_made_up:
        monkeypatch.setattr(linux, "_file_system", lambda descriptor: 0x2011BAB0)
        storage.check_unchanged(b"f", expected)
        storage.copy(b"f", other, b"t", expected, _nothing)
        storage.move_unchanged(b"f", expected, storage, b"g")
    else:
        with pytest.raises(SourceChanged):
            storage.check_unchanged(b"f", expected)
        with pytest.raises(SourceChanged):
            storage.copy(b"f", other, b"t", expected, _nothing)


@pytest.mark.parametrize("change", ["content", "time", "file"])
def test_a_changed_source_is_told(storage: LocalStorage, change: str) -> None:
    trees.build(storage.root, {"f": "1"})
    expected = _expected(storage, b"f")
    path = storage.root + b"/f"
    match change:
        case "content":
            trees.write(path, b"22")
        case "time":
            os.utime(path, ns=(1, expected.mtime_ns + 1))
        case "file":
            trees.write(path + b" new", b"1")
            os.rename(path + b" new", path)
    with pytest.raises(SourceChanged):
        storage.check_unchanged(b"f", expected)
    with pytest.raises(SourceChanged):
        storage.move_unchanged(b"f", expected, storage, b"g")
    assert trees.names(storage.root) == {b"f"}


def test_a_missing_source_is_told(storage: LocalStorage) -> None:
    trees.build(storage.root, {"file": ""})
    for path in (b"nothing", b"no folder/nothing", b"file/nothing"):
        assert storage.fingerprint(path) is None
        with pytest.raises(SourceMissing):
            storage.check_unchanged(path, Fingerprint(1, 1, 1))


# -- moving


def test_a_move_makes_the_folders_it_needs(storage: LocalStorage) -> None:
    trees.build(storage.root, {"f": "1"})
    before = _expected(storage, b"f")
    storage.move(b"f", storage, b"a/b/c/g")
    assert _expected(storage, b"a/b/c/g") == before
    assert not storage.exists(b"f")


@pytest.mark.parametrize("there", ["file", "folder", "dangling", "itself", "hard link"])
def test_a_move_never_replaces(storage: LocalStorage, there: str) -> None:
    tree: dict[bytes | str, trees.Node] = {"f": "1"}
    match there:
        case "file":
            tree["g"] = "2"
        case "folder":
            tree["g"] = {}
        case "dangling":
            tree["g"] = Symlink("nowhere")
        case "hard link":
            tree["g"] = HardLink("f")
    trees.build(storage.root, tree)
    before = trees.read(storage.root)
    with pytest.raises(DestinationTaken):
        storage.move(b"f", storage, b"f" if there == "itself" else b"g")
    assert trees.read(storage.root) == before


def test_a_move_beneath_a_file_finds_its_folder_taken(storage: LocalStorage) -> None:
    trees.build(storage.root, {"f": "1", "g": "2"})
    with pytest.raises(FolderTaken):
        storage.move(b"f", storage, b"g/f")


def test_a_move_finds_a_folder_again_that_was_removed_meanwhile(storage: LocalStorage) -> None:
    trees.build(storage.root, {"f": "1", "g": "2", "sub": {}})
    storage.move(b"f", storage, b"sub/f")
    os.rename(storage.root + b"/sub/f", storage.root + b"/f")
    os.rmdir(storage.root + b"/sub")
    storage.move(b"g", storage, b"sub/g")
    assert trees.names(storage.root) == {b"f", b"sub/g"}


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOSYS])
def test_where_rename_cannot_refuse_a_link_does(
    storage: LocalStorage, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    _renaming_fails(monkeypatch, code)
    trees.build(storage.root, {"f": "1", "g": "2"})
    before = _expected(storage, b"f")
    with pytest.raises(DestinationTaken):
        storage.move(b"f", storage, b"g")
    storage.move(b"f", storage, b"h")
    assert trees.names(storage.root) == {b"g", b"h"}
    assert _expected(storage, b"h") == before


def test_a_link_that_cannot_end_in_a_rename_is_taken_back(
    storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.unlink

    def keep(path: bytes, *, dir_fd: int) -> None:
        if path == b"f":
            raise OSError(errno.EIO, "Input/output error")
        real(path, dir_fd=dir_fd)

    _renaming_fails(monkeypatch, errno.EINVAL)
    monkeypatch.setattr(os, "unlink", keep)
    trees.build(storage.root, {"f": "1"})
    with pytest.raises(StorageError):
        storage.move(b"f", storage, b"h")
    assert trees.names(storage.root) == {b"f"}


def test_where_nothing_can_refuse_a_move_is_refused(storage: LocalStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*args: object, **kwargs: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    _renaming_fails(monkeypatch, errno.EINVAL)
    monkeypatch.setattr(os, "link", no_links)
    trees.build(storage.root, {"f": "1"})
    before = trees.read(storage.root)
    with pytest.raises(IoFailed):
        storage.move(b"f", storage, b"h")
    assert trees.read(storage.root) == before


def _renaming_fails(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def fail(*args: object) -> int:
        ctypes.set_errno(code)
        return -1

    monkeypatch.setattr(linux, "_renameat2", fail)


def test_a_move_to_another_file_system_is_told_apart(storage: LocalStorage, other: LocalStorage) -> None:
    trees.build(storage.root, {"f": "1"})
    with pytest.raises(CrossesDevices):
        storage.move(b"f", other, b"f")


def test_the_trash_and_what_is_above_it_within_it_are_private(storage: LocalStorage) -> None:
    trees.build(storage.root, {"f": "1"})
    storage.move(b"f", storage, b".shelver-trash/op/sub/f")
    for path in (b".shelver-trash", b".shelver-trash/op", b".shelver-trash/op/sub"):
        assert stat.S_IMODE(os.stat(os.path.join(storage.root, path)).st_mode) == 0o700


@pytest.mark.parametrize("name", trees.HOSTILE_NAMES)
def test_any_name_can_be_moved(storage: LocalStorage, name: bytes) -> None:
    trees.build(storage.root, {name: "x"})
    storage.move(name, storage, b"sub/" + name)
    assert trees.names(storage.root) == {b"sub/" + name}


def test_a_name_of_255_bytes_goes_and_one_of_256_is_told(storage: LocalStorage) -> None:
    trees.build(storage.root, {"f": "x"})
    with pytest.raises(IoFailed):
        storage.move(b"f", storage, b"n" * 256)
    storage.move(b"f", storage, "€".encode() * 85)
    assert trees.names(storage.root) == {"€".encode() * 85}


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (errno.EIO, IoFailed),
        (errno.EROFS, IoFailed),
        (errno.ESTALE, IoFailed),
        (errno.EMFILE, IoFailed),
        (errno.ENOSPC, NoSpace),
        (errno.EDQUOT, NoSpace),
    ],
)
def test_what_the_system_reports_becomes_one_clear_error(
    storage: LocalStorage, monkeypatch: pytest.MonkeyPatch, code: int, error: type[StorageError]
) -> None:
    _renaming_fails(monkeypatch, code)
    trees.build(storage.root, {"f": "1"})
    with pytest.raises(error) as caught:
        storage.move(b"f", storage, b"g")
    assert str(caught.value)
    assert trees.names(storage.root) == {b"f"}


# -- copying


def _copied(storage: LocalStorage, other: LocalStorage, source: bytes, destination: bytes) -> Copy:
    copy = storage.copy(source, other, b".shelver-op-0.tmp", _expected(storage, source), _nothing)
    other.confirm(copy)
    other.publish(copy, destination)
    other.sync_folder_of(destination)
    return copy


def test_a_copy_keeps_all_that_belongs_to_a_file(storage: LocalStorage, other: LocalStorage) -> None:
    xattrs = {"user.origin": b"https://example.org/\xff"}
    if os.geteuid() == 0:
        xattrs["system.posix_acl_access"] = trees.acl(12345, 6)
    trees.build(storage.root, {"f": File(b"content", mtime_ns=-1_234_567_891, mode=0o640, xattrs=xattrs)})
    if os.geteuid() == 0:
        os.chown(storage.root + b"/f", 12345, 54321)
    before = trees.read(storage.root)[b"f"]
    copy = _copied(storage, other, b"f", b"g")
    assert trees.read(other.root) == {b"g": before}
    assert copy.lost is None
    assert other.holds(b"g", copy)


def test_a_copy_keeps_holes(storage: LocalStorage, other: LocalStorage) -> None:
    path = storage.root + b"/f"
    with open(path, "wb") as file:
        file.seek(10 * 1024 * 1024)
        file.write(b"middle")
        file.truncate(64 * 1024 * 1024)
    copy = _copied(storage, other, b"f", b"f")
    status = os.stat(other.root + b"/f")
    assert status.st_size == 64 * 1024 * 1024
    assert status.st_blocks * 512 < 1024 * 1024
    assert trees.content(other.root + b"/f") == trees.content(path)
    assert storage.holds(b"f", Copy(b"", copy.digest, _expected(storage, b"f")))


@pytest.mark.parametrize("size", [0, 1, 1024 * 1024, 5 * 1024 * 1024 + 3])
def test_a_copy_counts_its_bytes(storage: LocalStorage, other: LocalStorage, size: int) -> None:
    trees.write(storage.root + b"/f", os.urandom(size))
    counted: list[int] = []
    storage.copy(b"f", other, b"t", _expected(storage, b"f"), counted.append)
    assert sum(counted) == size
    assert max(counted) <= 4 * 1024 * 1024


@pytest.mark.needs_root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give files away")
def test_a_copy_that_cannot_keep_its_owner_is_open_to_no_more_people(
    storage: LocalStorage, other: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    trees.build(storage.root, {"f": File(b"secret", mode=0o4670)})
    os.chown(storage.root + b"/f", 12345, 54321)
    os.chmod(storage.root + b"/f", 0o6670)
    monkeypatch.setattr(os, "fchown", refuse)
    copy = storage.copy(b"f", other, b"t", _expected(storage, b"f"), _nothing)
    assert stat.S_IMODE(os.stat(other.root + b"/t").st_mode) == 0o600
    assert copy.lost == Attributes(0o6670, 12345, 54321, trees.LONG_AGO)


@pytest.mark.parametrize("call", ["fchmod", "utime", "setxattr", "fchown"])
def test_a_copy_goes_also_where_not_all_can_be_kept(
    storage: LocalStorage, other: LocalStorage, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def refuse(*args: object, **keywords: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    trees.build(storage.root, {"f": File(b"1", mode=0o640, xattrs={"user.x": b"y"})})
    if os.geteuid() == 0:
        os.chown(storage.root + b"/f", 12345, 54321)
    attributes = read(storage, b"f")
    monkeypatch.setattr(os, call, refuse)
    copy = storage.copy(b"f", other, b"t", _expected(storage, b"f"), _nothing)
    other.confirm(copy)
    if call != "fchown" or os.geteuid() == 0:
        assert copy.lost == attributes


def read(storage: LocalStorage, path: bytes) -> Attributes:
    descriptor = storage.open_file(path, os.O_RDONLY)
    try:
        return read_attributes(descriptor)
    finally:
        os.close(descriptor)


def test_a_copy_is_private_while_it_is_under_way(storage: LocalStorage, other: LocalStorage) -> None:
    modes: list[int] = []
    trees.build(storage.root, {"f": File(b"x", mode=0o666)})
    storage.copy(
        b"f", other, b"t", _expected(storage, b"f"), lambda count: modes.append(os.stat(other.root + b"/t").st_mode)
    )
    assert {stat.S_IMODE(mode) for mode in modes} == {0o600}


def test_a_copy_that_is_stopped_leaves_nothing(storage: LocalStorage, other: LocalStorage) -> None:
    def stop(count: int) -> None:
        raise KeyboardInterrupt

    trees.write(storage.root + b"/f", b"x" * 5_000_000)
    with pytest.raises(KeyboardInterrupt):
        storage.copy(b"f", other, b"t", _expected(storage, b"f"), stop)
    assert trees.names(other.root) == set()


def test_a_source_that_changes_while_it_is_copied_is_told(storage: LocalStorage, other: LocalStorage) -> None:
    trees.write(storage.root + b"/f", b"x" * 5_000_000)
    with pytest.raises(SourceChanged):
        storage.copy(
            b"f",
            other,
            b"t",
            _expected(storage, b"f"),
            lambda count: trees.write(storage.root + b"/f", b"y" * 6_000_000),
        )
    assert trees.names(other.root) == set()


@pytest.mark.parametrize(
    ("call", "code"), [("pwrite", errno.ENOSPC), ("preadv", errno.EIO), ("ftruncate", errno.EDQUOT)]
)
def test_a_copy_that_fails_leaves_nothing(
    storage: LocalStorage, other: LocalStorage, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    def fail(*args: object) -> int:
        raise OSError(code, os.strerror(code))

    trees.build(storage.root, {"f": "1"})
    before = trees.read(storage.root)
    monkeypatch.setattr(os, call, fail)
    with pytest.raises(IoFailed if code == errno.EIO else NoSpace):
        storage.copy(b"f", other, b"sub/t", _expected(storage, b"f"), _nothing)
    monkeypatch.undo()
    assert trees.names(other.root) == set()
    assert trees.read(storage.root) == before


def test_a_copy_that_cannot_fit_is_not_begun(
    storage: LocalStorage, other: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*args: object) -> bytes:
        raise AssertionError("it began")

    trees.write(storage.root + b"/f", os.urandom(100_000))
    real = os.fstatvfs
    monkeypatch.setattr("core.storage.local.copy_content", never)
    monkeypatch.setattr(os, "fstatvfs", lambda descriptor: _Room(real(descriptor)))
    with pytest.raises(NoSpace):
        storage.copy(b"f", other, b"t", _expected(storage, b"f"), _nothing)
    assert trees.names(other.root) == set()


class _Room:
    """A file system with 4096 bytes left."""

    f_bavail = 1
    f_frsize = 4096

    def __init__(self, real: os.statvfs_result) -> None:
        self.f_blocks = real.f_blocks


def test_a_copy_that_does_not_read_back_is_told(storage: LocalStorage, other: LocalStorage) -> None:
    trees.build(storage.root, {"f": "1234"})
    copy = storage.copy(b"f", other, b"t", _expected(storage, b"f"), _nothing)
    trees.write(other.root + b"/t", b"1334")
    with pytest.raises(IoFailed):
        other.confirm(copy)


def test_a_copy_is_published_without_replacing(storage: LocalStorage, other: LocalStorage) -> None:
    trees.build(storage.root, {"f": "1"})
    trees.build(other.root, {"g": "2"})
    with pytest.raises(DestinationTaken):
        _copied(storage, other, b"f", b"g")
    assert trees.content(other.root + b"/g") == b"2"


# -- taking away


def test_what_is_taken_away_is_gone(storage: LocalStorage) -> None:
    trees.build(storage.root, {"f": "1", "g": "2"})
    storage.take_away(b"f", _expected(storage, b"f"), b".shelver-op-0.aside")
    assert trees.names(storage.root) == {b"g"}


@pytest.mark.parametrize("why", ["changed", "in use", "replaced"])
def test_what_is_not_what_was_copied_stays(storage: LocalStorage, why: str) -> None:
    trees.build(storage.root, {"f": "1"})
    expected = _expected(storage, b"f")
    path = storage.root + b"/f"
    if why == "changed":
        trees.write(path, b"22")
    elif why == "replaced":
        os.rename(path, path + b" old")
        trees.write(path, b"1")
    before = trees.read(storage.root)
    with open(path, "ab" if why == "in use" else "rb"), pytest.raises(StorageError):
        storage.take_away(b"f", expected, b".shelver-op-0.aside")
    assert trees.read(storage.root) == before


def test_what_cannot_be_removed_gets_its_name_back(storage: LocalStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **keywords: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    trees.build(storage.root, {"f": "1"})
    monkeypatch.setattr(os, "unlink", refuse)
    with pytest.raises(IoFailed):
        storage.take_away(b"f", _expected(storage, b"f"), b".shelver-op-0.aside")
    assert trees.names(storage.root) == {b"f"}


# -- directories


def test_a_folder_that_is_not_empty_stays(storage: LocalStorage) -> None:
    trees.build(storage.root, {"sub": {"f": "1"}})
    with pytest.raises(FolderNotEmpty):
        storage.remove_directory(b"sub")
    assert trees.names(storage.root) == {b"sub/f"}


def test_a_removed_folder_comes_back_as_it_was(storage: LocalStorage) -> None:
    trees.build(storage.root, {"sub": Folder(mode=0o750, xattrs={"user.colour": b"red"})})
    before = trees.read(storage.root, folder_times=True)
    attributes = storage.remove_directory(b"sub")
    assert trees.read(storage.root) == {}
    assert storage.make_directory(b"sub", attributes)
    assert stat.S_IMODE(os.stat(storage.root + b"/sub").st_mode) == 0o700
    storage.give_directory(b"sub", attributes)
    assert trees.read(storage.root, folder_times=True) == before


def test_a_folder_that_is_there_is_not_made(storage: LocalStorage) -> None:
    trees.build(storage.root, {"sub": {}, "file": "1", "link": Symlink("sub")})
    assert not storage.make_directory(b"sub", None)
    for taken in (b"file", b"link"):
        with pytest.raises(StorageError):
            storage.make_directory(taken, None)


def test_a_root_that_is_replaced_is_told(storage: LocalStorage) -> None:
    storage.root_descriptor()
    assert storage.is_in_place()
    os.rename(storage.root, storage.root + b" away")
    assert not storage.is_in_place()
    os.mkdir(storage.root)
    assert not storage.is_in_place()


def test_syncing_survives_a_file_system_that_syncs_no_folders(
    storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    synced: list[int] = []
    trees.build(storage.root, {"f": "1"})
    storage.move(b"f", storage, b"new/f")
    monkeypatch.setattr(os, "fsync", refuse)
    monkeypatch.setattr(linux, "sync_file_system", synced.append)
    storage.sync()
    storage.sync_folder_of(b"new/f")
    assert len(synced) >= 2


def test_syncing_survives_folders_that_are_gone(storage: LocalStorage) -> None:
    trees.build(storage.root, {"a": {"f": "1"}, "b": {"g": "2"}})
    storage.move(b"a/f", storage, b"b/f")
    os.rmdir(storage.root + b"/a")
    storage.sync()
