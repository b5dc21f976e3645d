"""Disks whose power can be cut: images on loop devices, whose file system is told to drop what is not durable.

All of it lives in a mount namespace of its own: when the process ends, however it ends, the kernel unmounts
and detaches everything, and the images, unlinked from the start, are gone.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.storage import linux

MEGABYTE = 1024 * 1024
IMAGE_SIZE = {"ext4": 24 * MEGABYTE, "xfs": 300 * MEGABYTE, "btrfs": 200 * MEGABYTE}
MAKE = {
    "ext4": ["mkfs.ext4", "-q", "-F"],
    "xfs": ["mkfs.xfs", "-q", "-f"],
    "btrfs": ["mkfs.btrfs", "-q", "-f"],
}

_SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN and XFS_IOC_GOINGDOWN are the same number
_WITHOUT_FLUSHING_THE_LOG = 2
_LOOP_FREE = 0x4C82
_LOOP_CONFIGURE = 0x4C0A
_AUTOCLEAR = 4
_NEW_MOUNT_NAMESPACE = 0x00020000
_RECURSIVE_PRIVATE = 0x4000 | 0x40000

_libc = ctypes.CDLL(None, use_errno=True)


def leave_the_shared_mounts() -> None:
    """Put this process into a mount namespace of its own. Raises OSError without the right to do so."""
    _check(_libc.unshare(_NEW_MOUNT_NAMESPACE), "unshare")
    _check(_libc.mount(None, b"/", None, _RECURSIVE_PRIVATE, None), "mount")


class Disk:
    """A small file system of its own, mounted at a folder."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.folder = folder
        self._kind = kind.encode()
        self._image = _image(kind)
        folder.mkdir(parents=True)
        self._mount()

    def cut(self) -> None:
        """Cut the power: nothing more reaches the disk, and what was not durable is lost."""
        descriptor = os.open(self.folder, os.O_RDONLY)
        fcntl.ioctl(descriptor, _SHUTDOWN, struct.pack("<I", _WITHOUT_FLUSHING_THE_LOG))
        os.close(descriptor)

    def restart(self) -> None:
        """Give it power again: the file system recovers from its own log."""
        self._unmount()
        self._mount()

    def sync(self) -> None:
        """Make all that is on it durable."""
        descriptor = os.open(self.folder, os.O_RDONLY)
        linux.sync_file_system(descriptor)
        os.close(descriptor)

    def _mount(self) -> None:
        # Whoever else had the device open would keep what the kernel remembers of it, beyond the power cut.
        with _loop_device(self._image) as device:
            _check(_libc.mount(device, os.fsencode(self.folder), self._kind, 0, None), "mount")

    def _unmount(self) -> None:
        _check(_libc.umount2(os.fsencode(self.folder), 0), "umount")


def _image(kind: str) -> int:
    """Return an open image of an empty file system, which has no name."""
    with tempfile.NamedTemporaryFile(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as image:
        image.truncate(IMAGE_SIZE[kind])
        subprocess.run([*MAKE[kind], image.name], check=True, capture_output=True)
        return os.dup(image.file.fileno())


@contextmanager
def _loop_device(image: int) -> Iterator[bytes]:
    """Attach an image to a free loop device; it is detached when nobody uses it any more."""
    descriptor, device = _free_loop_device(image)
    try:
        yield device
    finally:
        os.close(descriptor)


def _free_loop_device(image: int) -> tuple[int, bytes]:
    for _ in range(100):
        with open("/dev/loop-control", "rb") as control:
            number = fcntl.ioctl(control, _LOOP_FREE)
        device = f"/dev/loop{number}"
        if not os.path.exists(device):
            os.mknod(device, 0o060600, os.makedev(7, number))
        descriptor = os.open(device, os.O_RDWR | os.O_CLOEXEC)
        info = struct.pack("<5Q4I64s64s32s2Q", 0, 0, 0, 0, 0, 0, 0, 0, _AUTOCLEAR, b"", b"", b"", 0, 0)
        try:
            fcntl.ioctl(descriptor, _LOOP_CONFIGURE, struct.pack("<II", image, 0) + info + bytes(64))
        except OSError as error:
            os.close(descriptor)
            if error.errno != errno.EBUSY:
                raise
        else:
            return descriptor, os.fsencode(device)
    raise OSError(errno.EBUSY, "no free loop device")


def _check(result: int, what: str) -> None:
    if result:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
