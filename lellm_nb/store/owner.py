"""Who writes a run: a process, by name, that can be seen to be gone."""

from __future__ import annotations

import contextlib
import gc
import getpass
import json
import os
import socket
import sys
import uuid
import weakref
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lellm_nb.errors import CheckpointStoreError

__all__ = ["Owner", "WriteRight"]


@dataclass(frozen=True, slots=True)
class Owner:
    """A process that writes a run.

    Attributes:
        user, host, pid: Its name.
        began: What tells it from a later process of the same number.
        token: Tells two who write in one process apart.
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
        if self.pid == os.getpid():
            return self.token in _held and self.began in ("", _began(self.pid))
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


class WriteRight:
    """The right to write one run, for as long as somebody in this process has it.

    Whoever is gone without letting it go has let it go: an interrupted `open`, say.
    """

    def __init__(self) -> None:
        self._owner: Owner | None = None
        self._asked: Owner | None = None

    def ask(self, trace_id: str, said: Any, force: bool = False) -> bytes:
        """Return what the store is to say of who writes, instead of what it says now.

        Raises:
            CheckpointStoreError: Somebody else writes, and is alive; or somebody else has
                written since this one let it go.
        """
        owner = Owner.from_json(said)
        alive = owner is not None and owner.alive
        if owner is not None and alive and owner.pid == os.getpid():
            gc.collect()  # a debugger that nobody has any more lets its run go, once it is found
            alive = owner.alive
        if self._owner is not None:
            if said not in (self._owner.to_json(), self.given_up):
                raise self._refusal(trace_id, owner if alive else None)
        elif alive and not force:
            raise self._refusal(trace_id, owner)
        self._asked = self._owner or Owner.me()
        return self._asked.to_json()

    def take(self) -> None:
        """Have it from now on: the store says what it was asked to."""
        self._owner = self._asked
        if self._owner is not None:
            _held[self._owner.token] = self

    def _refusal(self, trace_id: str, owner: Owner | None) -> CheckpointStoreError:
        if owner is None:
            return CheckpointStoreError(
                f"Run {trace_id} was opened by somebody else since it was let go here."
                " dbg.save(path) writes the whole run to a new file."
            )
        return CheckpointStoreError(
            f"Run {trace_id} is being written by {owner}. Close it there first;"
            " reading it works meanwhile: open it without a graph."
        )

    def drop(self) -> None:
        """Let it go, whatever the store says of it."""
        if self._owner is not None:
            _held.pop(self._owner.token, None)

    @property
    def asked(self) -> bytes:
        """What the store was asked to say last; nothing before."""
        return b"" if self._asked is None else self._asked.to_json()

    @property
    def given_up(self) -> bytes:
        """What the store is to say where it could not take everything: nobody writes.

        Nobody else writes then either but who asks for it, and this one sees that nobody has.
        """
        token = "" if self._owner is None else self._owner.token
        return json.dumps({"given up": token}).encode()


_held: weakref.WeakValueDictionary[str, WriteRight] = weakref.WeakValueDictionary()
"""By token: who writes in this process."""


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
