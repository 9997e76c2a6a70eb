"""Who writes a run: a process, by name, that can be seen to be gone."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import socket
import sys
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

__all__ = ["Owner"]


@dataclass(frozen=True, slots=True)
class Owner:
    """A process that writes a run.

    Attributes:
        user, host, pid: Its name.
        began: What tells it from a later process of the same number.
        token: Tells two stores of one process apart.
    """

    user: str
    host: str
    pid: int
    began: str
    token: str

    @classmethod
    def me(cls) -> Owner:
        """Return this process."""
        user = "somebody"
        with contextlib.suppress(Exception):  # no user database, in some containers
            user = getpass.getuser()
        pid = os.getpid()
        return cls(user, socket.gethostname(), pid, _began(pid), uuid.uuid4().hex)

    @property
    def alive(self) -> bool:
        """Whether it is still there; of another machine's process nobody knows, so yes."""
        if self.host != socket.gethostname():
            return True
        if not _exists(self.pid):
            return False
        now = _began(self.pid)
        return not now or not self.began or now == self.began

    def to_json(self) -> bytes:
        """Return its stored form."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, form: Any) -> Owner | None:
        """Read the stored form; `None` where there is none, or it can't be read."""
        try:
            found = json.loads(form)
            return cls(
                str(found["user"]),
                str(found["host"]),
                int(found["pid"]),
                str(found["began"]),
                str(found["token"]),
            )
        except (TypeError, ValueError, KeyError):
            return None

    def __str__(self) -> str:
        return f"{self.user} on {self.host} (process {self.pid})"


def _began(pid: int) -> str:
    """Say when a process began, where the system tells; the boot is part of it."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot[:8]} {fields[19]}"
    except (OSError, IndexError):
        return ""


def _exists(pid: int) -> bool:
    if pid <= 0:
        return False
    if sys.platform == "win32":  # os.kill would end it there
        import ctypes

        handle = ctypes.windll.kernel32.OpenProcess(0x1000, False, pid)
        if handle:
            ctypes.windll.kernel32.CloseHandle(handle)
        return bool(handle)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    except OverflowError:
        return False
    return True
