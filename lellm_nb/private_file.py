"""Files that only their owner reads: whole or not at all, and never through a planted link."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO

__all__ = ["create_private", "make_private_folder", "open_plain", "written_whole"]

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
_BINARY = getattr(os, "O_BINARY", 0)


def create_private(path: Path) -> IO[bytes]:
    """Make a file that is not there yet, for its owner alone (mode 0600), and open it.

    Raises:
        OSError: Something stands there already, a link too.
    """
    return os.fdopen(os.open(path, _FLAGS | _BINARY, 0o600), "w+b")


def make_private_folder(path: Path) -> None:
    """Make a folder for its owner alone (mode 0700), if it is not there; others leave it whole.

    Raises:
        OSError: It cannot be made; something else stands there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=0o700, exist_ok=True)


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[IO[bytes]]:
    """Write a file beside its place, and put it there when the block is over without an error.

    Raises:
        OSError: It cannot be written; what stood there before stays.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "notes"
        >>> with written_whole(path) as file:
        ...     _ = file.write(b"all of it")
        >>> path.read_bytes(), oct(path.stat().st_mode & 0o777)
        (b'all of it', '0o600')
    """
    made = path.with_name(f".{path.name[:100]}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        with create_private(made) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        made.replace(path)
    finally:
        with contextlib.suppress(OSError):
            made.unlink(missing_ok=True)


def open_plain(path: Path, *, write: bool = False) -> int:
    """Open a file that is there and return its descriptor; no link, no pipe, no device.

    Raises:
        OSError: It is not there, may not be opened, or is no plain file.
    """
    way = (os.O_RDWR if write else os.O_RDONLY) | _BINARY
    # a pipe in its place would be waited for without end
    way |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    found = os.open(path, way)
    if not stat.S_ISREG(os.fstat(found).st_mode):
        os.close(found)
        raise OSError(errno.EINVAL, "it is no plain file")
    return found
