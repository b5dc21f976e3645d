"""Local folders: one root, reached by directory descriptors, never overwriting anything."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress

from core.errors import (
    EscapesRoot,
    FolderNotEmpty,
    IoFailed,
    NoSpace,
    SourceChanged,
    SourceInUse,
    SourceMissing,
    StorageError,
)
from core.model import Attributes, Fingerprint
from core.storage import Copy, Entry, KeepGoing, linux
from core.storage.copying import copy_content, digest_of, give_attributes, read_attributes
from core.storage.directories import Directories, opened, storage_error, told
from core.storage.walking import entry_of, files_in, name_on_disk
from core.trash import TRASH

_LOOK = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class LocalStorage(Directories):
    """A folder on this machine. Raises errors of `core.errors.StorageError` and no OSError."""

    def __init__(self, root: bytes) -> None:
        super().__init__(root)
        linux.ignore_lease_breaks()
        self.unreadable: list[bytes] = []
        """Directories that the last walk could not look into."""

    # -- looking

    def fingerprint(self, path: bytes) -> Fingerprint | None:
        """Return what is there now, or None if there is no regular file; never follows a symlink."""
        status = self._status(path)
        return fingerprint_of(status) if status and stat.S_ISREG(status.st_mode) else None

    def looks_as(self, path: bytes, expected: Fingerprint) -> bool:
        """Tell whether a file looks as expected; False also for one that cannot be looked at."""
        try:
            directory, name = self.place(path)
            status = os.stat(name, dir_fd=directory, follow_symlinks=False)
        except (OSError, StorageError):
            return False
        return (
            status.st_ino == expected.inode
            and status.st_size == expected.size
            and status.st_mtime_ns == expected.mtime_ns
            and stat.S_ISREG(status.st_mode)
        )

    def exists(self, path: bytes) -> bool:
        """Tell whether anything has this name, be it a directory or a dangling symlink."""
        return self._status(path) is not None

    def is_directory(self, path: bytes) -> bool:
        """Tell whether there is a directory (and not a symlink to one)."""
        status = self._status(path)
        return status is not None and stat.S_ISDIR(status.st_mode)

    def entry(self, path: bytes) -> Entry | None:
        """Return the regular file at a path as `walk` would, or None."""
        status = self._status(path)
        return entry_of(path, status) if status and stat.S_ISREG(status.st_mode) else None

    def _status(self, path: bytes) -> os.stat_result | None:
        with told():
            try:
                directory, name = self.place(path)
                return os.stat(name, dir_fd=directory, follow_symlinks=False)
            except (FileNotFoundError, NotADirectoryError):
                return None

    def list_directory(self, path: bytes) -> list[bytes]:
        """Return the names in a directory (b"" is the root), in no order; none if there is no such directory."""
        with told():
            try:
                with opened(self.open_directory(path)) as descriptor:
                    return [name_on_disk(name) for name in os.listdir(descriptor)]
            except (FileNotFoundError, NotADirectoryError):
                return []

    def attributes(self, path: bytes) -> Attributes:
        """Return mode, owner, mtime, xattrs and ACLs of a directory. Raises SourceMissing."""
        with told(), opened(self.open_directory(path)) as descriptor:
            return read_attributes(descriptor)

    def walk(self, descend: Callable[[bytes], bool] = lambda path: True) -> Iterator[Entry]:
        """Yield every regular file beneath the root, as `walk_directories` finds them."""
        for _, files in self.walk_directories(descend):
            yield from files

    def walk_directories(self, descend: Callable[[bytes], bool]) -> Iterator[tuple[bytes, list[Entry]]]:
        """Yield each directory with its regular files, in no order; `descend` decides for each directory's path.

        A directory of many files comes several times, each time with some more: whoever walks it is heard in between.
        Follows no symlink, never enters a trash nor yields what Shelver has under way. A directory that cannot
        be read is added to `unreadable`; one that vanishes meanwhile is passed over. Raises IoFailed and the like
        for the root only.
        """
        self.unreadable = []
        waiting = [b""]
        while waiting:
            directory = waiting.pop()
            subdirectories: list[bytes] = []
            try:
                with opened(self._open_for_walk(directory)) as descriptor:
                    for files in files_in(descriptor, directory, subdirectories):
                        yield directory, files
            except (FileNotFoundError, NotADirectoryError):
                if not directory:
                    raise SourceMissing from None
            except (OSError, StorageError) as error:
                if not directory:
                    raise (storage_error(error) if isinstance(error, OSError) else error) from None
                self.unreadable.append(directory)
            waiting += [each for each in subdirectories if descend(each)]

    def _open_for_walk(self, directory: bytes) -> int:
        if not directory:
            return self.open_directory(b"")
        return linux.open_beneath(self.root_descriptor(), directory, os.O_RDONLY | os.O_DIRECTORY)

    # -- moving

    def check_unchanged(self, path: bytes, expected: Fingerprint) -> None:
        """Raise SourceMissing, SourceChanged or SourceInUse unless the file is as expected and nobody writes to it."""
        try:
            directory, name = self.place(path)
            self._check(directory, name, expected)
        except OSError as error:
            self._check_unopened(path, expected, error)

    @staticmethod
    def _check(directory: int, name: bytes, expected: Fingerprint) -> None:
        descriptor = os.open(name, _LOOK, dir_fd=directory)
        try:
            in_use = linux.has_writer(descriptor)  # the lease ends with the descriptor, at once
            is_unchanged = is_as(expected, descriptor)
        finally:
            os.close(descriptor)
        if not is_unchanged:
            raise SourceChanged
        if in_use:
            raise SourceInUse

    def _check_unopened(self, path: bytes, expected: Fingerprint, error: OSError) -> None:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            raise SourceMissing from None
        if error.errno in (errno.ELOOP, errno.ENXIO):  # a symlink, a socket or a device has its name now
            raise SourceChanged from None
        if error.errno != errno.EACCES:
            raise storage_error(error) from None
        found = self.fingerprint(path)  # a file that may be moved but not read
        if found is None:
            raise SourceMissing
        if found != expected:
            raise SourceChanged

    def check_unused(self, path: bytes) -> None:
        """Raise SourceInUse if another program has the file open for writing."""
        with told():
            try:
                with opened(self.open_file(path, os.O_RDONLY)) as descriptor:
                    if linux.has_writer(descriptor):
                        raise SourceInUse
            except PermissionError:
                return

    def move_unchanged(self, source: bytes, expected: Fingerprint, target: LocalStorage, destination: bytes) -> None:
        """Check and move as `check_unchanged` and `move` do, with little time in between."""
        try:
            source_directory, source_name = self.place(source)
            self._check(source_directory, source_name, expected)
            directory, name = target.place(destination)
            linux.rename_noreplace(source_directory, source_name, directory, name)
        except OSError:  # seldom: find out at leisure why
            self.check_unchanged(source, expected)
            self.move(source, target, destination)

    def move(self, source: bytes, target: LocalStorage, destination: bytes) -> None:
        """Rename without ever replacing, making the parents that are missing.

        Raises DestinationTaken, SourceMissing, CrossesDevices and others of StorageError.
        """
        try:
            try:
                self._rename(source, target, destination)
            except FileNotFoundError:
                if not self.exists(source):
                    raise
                target.release()  # a directory on the way is missing, or was removed since it was found
                target.make_parents(destination)
                self._rename(source, target, destination)
        except OSError as error:
            raise storage_error(error) from None

    def _rename(self, source: bytes, target: LocalStorage, destination: bytes) -> None:
        source_directory, source_name = self.place(source)
        directory, name = target.place(destination)
        linux.rename_noreplace(source_directory, source_name, directory, name)

    def link(self, source: bytes, target: LocalStorage, destination: bytes) -> None:
        """Give a file a second name. Raises DestinationTaken, SourceMissing, CrossesDevices, …"""
        with told():
            target.make_parents(destination)
            directory, name = target.place(destination)
            source_directory, source_name = self.place(source)
            os.link(source_name, name, src_dir_fd=source_directory, dst_dir_fd=directory, follow_symlinks=False)

    # -- copying

    def copy(
        self,
        source: bytes,
        target: LocalStorage,
        temporary: bytes,
        expected: Fingerprint,
        go_on: KeepGoing,
        attributes: Attributes | None = None,
    ) -> Copy:
        """Copy content and metadata to `temporary` in the target, to be confirmed; leave nothing on failure.

        `attributes`: what the copy gets instead of the source's own. Raises SourceChanged if the file is not, or does
        not stay, as expected; whatever `go_on` raises; NoSpace, ….
        """
        with told(), opened(self.open_file(source, os.O_RDONLY)) as reading:
            if not is_as(expected, reading):
                raise SourceChanged
            target.make_parents(temporary)
            target.check_space(temporary, os.fstat(reading).st_blocks * 512)
            with opened(target.open_file(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL)) as writing:
                try:
                    wanted = attributes or read_attributes(reading)
                    digest = copy_content(reading, writing, go_on)
                    is_whole = give_attributes(writing, wanted)
                    if not is_as(expected, reading):
                        raise SourceChanged
                except BaseException:
                    target.discard(temporary)
                    raise
                os.posix_fadvise(writing, 0, 0, os.POSIX_FADV_DONTNEED)  # begins to write it: `confirm` waits less
                lost, source_status = None if is_whole else wanted, os.fstat(reading)
                device = source_status.st_dev if source_status.st_nlink > 1 else 0
                return Copy(temporary, digest, fingerprint_of(os.fstat(writing)), lost, device)

    def check_space(self, path: bytes, size: int) -> None:
        """Raise NoSpace if a file that takes so many bytes cannot fit where `path` lies: better now than amid it."""
        with told():
            room = os.fstatvfs(self.place(path)[0])
        if room.f_blocks and size > room.f_bavail * room.f_frsize:
            raise NoSpace

    def confirm(self, copy: Copy) -> None:
        """Make a copy's bytes durable, and read them back. Raises IoFailed if they are not what was copied."""
        with told(), opened(self.open_file(copy.temporary, os.O_RDONLY)) as descriptor:
            os.fsync(descriptor)
        self.verify(copy)

    def verify(self, copy: Copy) -> None:
        """Read a copy back whose bytes are durable. Raises IoFailed if they are not what was copied."""
        with told(), opened(self.open_file(copy.temporary, os.O_RDONLY)) as descriptor:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)  # what is read comes from the disk
            if digest_of(descriptor) != copy.digest:
                raise IoFailed("what was written does not read back the same")

    def holds(self, path: bytes, copy: Copy) -> bool:
        """Tell whether a file is the one that was copied, byte for byte."""
        if self.fingerprint(path) != copy.fingerprint:
            return False
        with told(), opened(self.open_file(path, os.O_RDONLY)) as descriptor:
            return digest_of(descriptor) == copy.digest

    def publish(self, copy: Copy, destination: bytes) -> None:
        """Give a copy its name without replacing. Raises DestinationTaken, …"""
        with told():
            linux.rename_noreplace(*self.place(copy.temporary), *self.place(destination))

    def sync_folder_of(self, path: bytes) -> None:
        """Make the name of a file durable, and the names of the directories that were made for it."""
        with told():
            self.sync_path(path.rpartition(b"/")[0])

    def take_away(self, path: bytes, expected: Fingerprint, aside: bytes) -> None:
        """Remove a file whose content is safe elsewhere: rename aside, verify, unlink; else rename it back.

        `aside` lies in the same directory. Raises SourceMissing, SourceChanged, SourceInUse: then it stays.
        """
        with told():
            linux.rename_noreplace(*self.place(path), *self.place(aside))
        try:
            self.check_unchanged(aside, expected)
            self.discard(aside)
        except StorageError:
            self.move(aside, self, path)
            raise

    def discard(self, path: bytes) -> None:
        """Remove one of Shelver's own temporaries, if it is there."""
        with told():
            try:
                directory, name = self.place(path)
                os.unlink(name, dir_fd=directory)
            except FileNotFoundError:
                pass

    def put_own(self, name: bytes, content: bytes) -> None:
        """Make one of Shelver's own small files at the top of the root, durably. Raises DestinationTaken, …"""
        with told(), opened(self.open_file(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL)) as descriptor:
            os.write(descriptor, content)
            os.fsync(descriptor)
        self.sync_folder_of(name)

    def purge(self, path: bytes, expected: Fingerprint) -> None:
        """Remove a file from the trash for good, and the folders that leaves empty there.

        The retention's alone. Raises EscapesRoot for what is not in a trash, SourceChanged.
        """
        if TRASH not in path.split(b"/")[:-1]:
            raise EscapesRoot
        self.check_unchanged(path, expected)
        self.discard(path)
        folder = path.rpartition(b"/")[0]
        with suppress(StorageError):
            while TRASH in folder.split(b"/"):
                self.remove_directory(folder)
                folder = folder.rpartition(b"/")[0]

    # -- directories

    def make_directory(self, path: bytes, attributes: Attributes | None) -> bool:
        """Make one directory and those above it; False if it was there already.

        With attributes it is private until `give_directory` gives it those. Raises DestinationTaken.
        """
        with told():
            self.make_parents(path)
            return self.make(path, None if attributes is None else 0o700)

    def give_directory(self, path: bytes, attributes: Attributes) -> None:
        """Give a directory back what it had, once all files are in it: mode, owner, xattrs, ACLs, times."""
        with told(), opened(self.open_directory(path)) as descriptor:
            give_attributes(descriptor, attributes)

    def remove_directory(self, path: bytes) -> Attributes:
        """Remove an empty directory and return what it was. Raises FolderNotEmpty, SourceMissing."""
        attributes = self.attributes(path)
        with told():
            directory, name = self.place(path)
            try:
                os.rmdir(name, dir_fd=directory)
            except FileExistsError:  # how some file systems say that it is not empty
                raise FolderNotEmpty from None
        self.release()
        return attributes

    def sync(self) -> None:
        """Make every name changed through this storage durable. Raises IoFailed and others of StorageError."""
        with told():
            super().sync()


def is_as(expected: Fingerprint, descriptor: int) -> bool:
    """Tell whether an open file is as it was expected to be."""
    status = os.fstat(descriptor)
    return (
        status.st_size == expected.size
        and status.st_mtime_ns == expected.mtime_ns
        and stat.S_ISREG(status.st_mode)
        and (status.st_ino == expected.inode or not linux.keeps_inodes(descriptor))
    )


def fingerprint_of(status: os.stat_result) -> Fingerprint:
    """Return what tells a file with such a status."""
    return Fingerprint(status.st_ino, status.st_size, status.st_mtime_ns)
