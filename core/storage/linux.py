"""The system calls that Python's `os` lacks: the one seam to them, by ctypes.

Everything else Shelver asks of the kernel goes through `os`, so that a test can stand between Shelver and
the disk by wrapping these two modules. Every function raises OSError as `os` does; all retry when a signal
interrupts them.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import signal
from collections.abc import Callable
from typing import Any

_RENAME_NOREPLACE = 1
_RENAME_EXCHANGE = 2
_FICLONE = 0x40049409
_FIDEDUPERANGE = 0xC0189436
_SHARED_AT_ONCE = 16 * 1024 * 1024  # what some file systems compare at most in one call
_OPENAT2 = 437  # the same number on every architecture
_RESOLVE_NO_MAGICLINKS = 0x02
_RESOLVE_NO_SYMLINKS = 0x04
_RESOLVE_BENEATH = 0x08
_UNSUPPORTED = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP)

_MSDOS, _EXFAT, _FUSE, _NFS, _CIFS, _SMB2 = 0x4D44, 0x2011BAB0, 0x65735546, 0x6969, 0xFF534D42, 0xFE534D42
_LEASES_BY_THE_SERVER = frozenset({_NFS, _CIFS, _SMB2})
"""File systems that refuse a lease also where nobody writes."""
_EXT, _XFS, _BTRFS, _F2FS, _TMPFS = 0xEF53, 0x58465342, 0x9123683E, 0xF2F52010, 0x01021994
_SYNCED_AT_ONCE = frozenset({_EXT, _XFS, _BTRFS, _F2FS, _TMPFS})
"""File systems whose syncfs brings all bytes and names to the disk; FUSE's does not reach what is behind it."""
_INODES_MADE_UP = frozenset({_MSDOS, _EXFAT, _FUSE})
"""File systems that may give a file another inode number once it was out of memory."""

PATH_MAX = 4096
"""Bytes in a path that one call takes; deeper places are reached a component at a time."""


class _OpenHow(ctypes.Structure):
    _fields_ = [("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64)]


class _DedupeRange(ctypes.Structure):
    """What FIDEDUPERANGE takes, for one target; `shared` and `status` are its answer."""

    _fields_ = [
        ("offset", ctypes.c_uint64),
        ("length", ctypes.c_uint64),
        ("targets", ctypes.c_uint16),
        ("reserved", ctypes.c_uint16),
        ("reserved_too", ctypes.c_uint32),
        ("target", ctypes.c_int64),
        ("target_offset", ctypes.c_uint64),
        ("shared", ctypes.c_uint64),
        ("status", ctypes.c_int32),
        ("reserved_at_last", ctypes.c_uint32),
    ]


def _function(name: str, *arguments: Any, result: Any = ctypes.c_int) -> Callable[..., int]:
    function = getattr(_libc, name)
    function.argtypes = list(arguments)
    function.restype = result
    return function  # type: ignore[no-any-return]


_libc = ctypes.CDLL(None, use_errno=True)
_renameat2 = _libc.renameat2  # its arguments are ints and bytes as they are; to convert them would cost a third more
_fstatfs = _function("fstatfs", ctypes.c_int, ctypes.c_void_p)
_syncfs = _function("syncfs", ctypes.c_int)
_syscall_openat2 = _function(
    "syscall", ctypes.c_long, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_size_t, result=ctypes.c_long
)
_signal = _function("signal", ctypes.c_int, ctypes.c_void_p, result=ctypes.c_void_p)


def rename_noreplace(source_directory: int, source: bytes, directory: int, name: bytes) -> None:
    """Rename by directory descriptors; FileExistsError where the name is taken, in no case a replacement.

    Where the file system cannot refuse to replace, a hard link (which never replaces) and the removal of the old
    name do the same; where it has no hard links either, OSError (EOPNOTSUPP).
    """
    while _renameat2(source_directory, source, directory, name, _RENAME_NOREPLACE):
        code = ctypes.get_errno()
        if code in _UNSUPPORTED:
            return _link_and_unlink(source_directory, source, directory, name)
        if code != errno.EINTR:
            raise OSError(code, os.strerror(code))
    return None


def _link_and_unlink(source_directory: int, source: bytes, directory: int, name: bytes) -> None:
    try:
        os.link(source, name, src_dir_fd=source_directory, dst_dir_fd=directory, follow_symlinks=False)
    except PermissionError as error:  # how file systems without hard links say so
        raise OSError(errno.EOPNOTSUPP, "cannot rename without the risk of replacing") from error
    try:
        os.unlink(source, dir_fd=source_directory)
    except OSError:
        os.unlink(name, dir_fd=directory)
        raise


def rename_exchange(directory: int, name: bytes, other_directory: int, other: bytes) -> None:
    """Let two names change places, both at once: whoever looks finds a file under each, at any moment.

    OSError: EOPNOTSUPP where the file system cannot.
    """
    while _renameat2(directory, name, other_directory, other, _RENAME_EXCHANGE):
        code = ctypes.get_errno()
        if code in _UNSUPPORTED:
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        if code != errno.EINTR:
            raise OSError(code, os.strerror(code))


def clone_content(source: int, target: int) -> None:
    """Let an open, empty file share all blocks of another, until one of them is changed.

    OSError: EOPNOTSUPP (or ENOTTY, EINVAL) where the file system cannot, EXDEV between two file systems.
    """
    fcntl.ioctl(target, _FICLONE, source)


def share_content(source: int, target: int, size: int) -> bool:
    """Let an open file share the blocks of another of the same size (bytes), where both hold the same.

    The kernel compares, while nobody can write to either. Returns False, with what came before shared, where they
    differ. OSError: EOPNOTSUPP (or ENOTTY, EINVAL) where the file system cannot, EXDEV between two file systems.
    """
    done = 0
    while done < size:
        asked = _DedupeRange(done, min(size - done, _SHARED_AT_ONCE), 1, 0, 0, target, done, 0, 0, 0)
        fcntl.ioctl(source, _FIDEDUPERANGE, asked)
        if asked.status < 0:
            raise OSError(-asked.status, os.strerror(-asked.status))
        if asked.status:
            return False
        if not asked.shared:
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        done += asked.shared
    return True


def open_beneath(root: int, path: bytes, flags: int) -> int:
    """Open what lies beneath a directory, following no symlink and leaving it by no `..`.

    OSError: ELOOP for a symlink on the way (ENOTDIR where the kernel is old), EXDEV for a way out.
    """
    flags |= os.O_CLOEXEC | os.O_NOFOLLOW
    if not _has_openat2 or len(path) >= PATH_MAX:
        return _open_by_components(root, path, flags)
    how = _OpenHow(flags, 0, _RESOLVE_BENEATH | _RESOLVE_NO_SYMLINKS | _RESOLVE_NO_MAGICLINKS)
    for _ in range(64):
        descriptor = _syscall_openat2(_OPENAT2, root, path, ctypes.byref(how), ctypes.sizeof(how))
        if descriptor >= 0:
            return descriptor
        code = ctypes.get_errno()
        if code not in (errno.EAGAIN, errno.EINTR):  # EAGAIN: a rename elsewhere made the kernel unsure
            raise OSError(code, os.strerror(code))
    raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))


def _open_by_components(root: int, path: bytes, flags: int) -> int:
    *parents, name = path.split(b"/")
    current = root
    try:
        for component in [*parents, name]:
            if component == b"..":
                raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        for parent in parents:
            step = os.open(parent, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=current)
            if current != root:
                os.close(current)
            current = step
        return os.open(name, flags, dir_fd=current)
    finally:
        if current != root:
            os.close(current)


def _probe_openat2() -> bool:
    how = _OpenHow(os.O_PATH | os.O_CLOEXEC, 0, _RESOLVE_NO_SYMLINKS)
    descriptor = _syscall_openat2(_OPENAT2, -100, b"/", ctypes.byref(how), ctypes.sizeof(how))
    if descriptor >= 0:
        os.close(descriptor)
    return descriptor >= 0


_has_openat2 = _probe_openat2()


def sync_file_system(descriptor: int) -> None:
    """Make all of the file system durable that a descriptor (not O_PATH) lies on."""
    if _syncfs(descriptor):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def syncs_at_once(descriptor: int) -> bool:
    """Tell whether `sync_file_system` makes all durable that syncing each file and directory there would."""
    return _file_system(descriptor) in _SYNCED_AT_ONCE


def has_writer(descriptor: int) -> bool:
    """Tell whether somebody has the file open for writing; False also where the kernel will not say.

    Asks for a read lease, which is refused while there is a writer. It is given back when the descriptor is closed,
    which must be at once: an open for writing waits for it.
    """
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return _file_system(descriptor) not in _LEASES_BY_THE_SERVER
    except OSError:  # not the owner, or a file system without leases
        return False
    return False


def keeps_inodes(descriptor: int) -> bool:
    """Tell whether a file keeps its inode number for life on the file system that it lies on."""
    return _file_system(descriptor) not in _INODES_MADE_UP


def _file_system(descriptor: int) -> int:
    """Return the magic number of the file system that a descriptor lies on, 0 if the kernel will not say."""
    answer = (ctypes.c_long * 32)()  # its first field is the number, all of it is no longer than 120 bytes
    return int(answer[0]) & 0xFFFFFFFF if _fstatfs(descriptor, ctypes.byref(answer)) == 0 else 0


def ignore_lease_breaks() -> None:
    """Ignore SIGIO, whose default would end the process when another program opens a leased file.

    By libc, for `signal.signal` works in the main thread only; somebody's own handler stays.
    """
    if signal.getsignal(signal.SIGIO) is signal.SIG_DFL:
        _signal(signal.SIGIO, ctypes.c_void_p(1))  # SIG_IGN
