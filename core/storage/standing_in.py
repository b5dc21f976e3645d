"""How one file takes another's name: exchanged in one go, and what takes it made beforehand."""

from __future__ import annotations

import errno
import os

from core.errors import CannotStandIn, CrossesDevices, NotTheSame
from core.storage import Copy, linux
from core.storage.copying import give_attributes, read_attributes
from core.storage.directories import opened, told
from core.storage.local import LocalStorage, fingerprint_of
from core.storage.twins import Held

_CANNOT_CLONE = (errno.EOPNOTSUPP, errno.ENOTTY, errno.EINVAL, errno.ENOSYS)


def exchange(storage: LocalStorage, path: bytes, other_storage: LocalStorage, other: bytes) -> None:
    """Let two names change places. Raises SourceMissing where one is gone, CannotStandIn, …"""
    with told():
        try:
            linux.rename_exchange(*storage.place(path), *other_storage.place(other))
        except OSError as error:
            if error.errno == errno.EXDEV:
                raise CannotStandIn("its trash lies on another file system") from None
            if error.errno == errno.EOPNOTSUPP:
                raise CannotStandIn("the file system cannot exchange two names") from None
            raise


def link(storage: LocalStorage, path: bytes, target: LocalStorage, place: bytes) -> None:
    """Give a file a second name. Raises DestinationTaken, CannotStandIn, …"""
    try:
        storage.link(path, target, place)
    except CrossesDevices:
        raise CannotStandIn("the copy that would stay is on another file system") from None


def clone(source: Held, likeness: Held, target: LocalStorage, temporary: bytes) -> Copy:
    """Make a file that shares all blocks of one and has the attributes of another; durable, under a temporary name.

    Where the file system lets the kernel compare, it is the other's content for certain, whatever is written meanwhile.
    Leaves nothing on failure. Raises NotTheSame, CannotStandIn, NoSpace, ….
    """
    with told():
        target.make_parents(temporary)
        with opened(target.open_file(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL)) as writing:
            try:
                _share_content(source.descriptor, likeness.descriptor, writing)
                if not give_attributes(writing, read_attributes(likeness.descriptor)):
                    raise CannotStandIn("its owner or attributes cannot be given to another file")
                os.fsync(writing)
                return Copy(temporary, b"", fingerprint_of(os.fstat(writing)))
            except BaseException:
                target.discard(temporary)
                raise


def _share_content(source: int, likeness: int, target: int) -> None:
    """Fill a file with the content of its likeness, in the blocks of the source."""
    try:
        linux.clone_content(likeness, target)
        try:
            are_same = linux.share_content(source, target, os.fstat(target).st_size)
        except OSError as error:
            if error.errno not in _CANNOT_CLONE:
                raise
            linux.clone_content(source, target)  # nobody compares once more: whoever holds both did
        else:
            if not are_same:
                raise NotTheSame
    except OSError as error:
        if error.errno == errno.EXDEV:
            raise CannotStandIn("the copy that would stay is on another file system") from None
        if error.errno in _CANNOT_CLONE:
            raise CannotStandIn("the file system cannot let two files share their blocks") from None
        raise
