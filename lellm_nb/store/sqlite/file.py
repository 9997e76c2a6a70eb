"""A SQLite file: how it is opened, asked and written, and what its errors say."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lellm_nb.arguments import chosen, flag, path_of, seconds
from lellm_nb.errors import CheckpointStoreError, CorruptedCheckpointError, sentence
from lellm_nb.interrupts import UninterruptedLock
from lellm_nb.private_file import create_private
from lellm_nb.store.opened import check_process, exchanged, identity
from lellm_nb.store.sqlite.errors import store_error
from lellm_nb.store.sqlite.schema import check_schema, migrate

__all__ = ["SqliteFile"]

PAGE = 2048
"""Bytes of a page in a new file. A commit writes whole pages to the log: half of SQLite's
usual size takes a third off a step, and smaller ones leave less room for a row than it needs."""

LOG_PAGES = 2048
"""The log is brought into the file after so many pages: 4 MB, as SQLite would by itself."""


class SqliteFile:
    """One file with one connection, for all threads of one process.

    Args:
        path: The file; made when it is not there.
        synchronous: ``"NORMAL"`` or ``"FULL"``.
        timeout: Seconds to wait for another process that writes.
        readonly: Whether to only read; the file must be there.

    Attributes:
        db: The connection.
        lock: Held while it is used.
        pid: The process that opened it.
        looked: When it was looked at last whether the file is still there.

    Raises:
        CheckpointStoreError: The file cannot be opened, or was written by a newer version; or an
            argument does not fit.
        CorruptedCheckpointError: It is not a store.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        synchronous: str = "NORMAL",
        timeout: float = 5.0,
        readonly: bool = False,
    ) -> None:
        chosen(synchronous, "synchronous", CheckpointStoreError, ("NORMAL", "FULL"))
        timeout = seconds(timeout, "timeout", CheckpointStoreError, zero=True)
        self.path = path_of(path, "path", CheckpointStoreError)
        self.readonly = flag(readonly, "readonly", CheckpointStoreError)
        self.lock = UninterruptedLock()
        self.pid = os.getpid()
        self.looked = 0.0
        with self.translating_errors("open"):
            if not self.readonly:
                self._make_private()
            self.db = self._open(synchronous, timeout)
            self._identity = self._identity_now()

    def _make_private(self) -> None:
        """Make the file for its owner alone, if it is not there.

        Raises:
            CheckpointStoreError: The path is a link that leads nowhere.
        """
        try:
            create_private(self.path).close()
        except FileExistsError:
            if not self.path.exists():
                raise CheckpointStoreError(
                    f"{str(self.path)!r} is a link that leads nowhere: no store is made there."
                ) from None
        except OSError:
            pass  # what is wrong with it SQLite says better

    def _identity_now(self) -> tuple[int, int] | None:
        try:
            return identity(self.path.stat())
        except OSError:
            return None

    def check_there(self) -> None:
        """Look whether what is written still goes into the file at the path.

        Raises:
            CheckpointStoreError: The file is gone, or another one stands in its place.
        """
        self.looked = time.monotonic()
        if self._identity_now() != self._identity:
            raise exchanged(self.path)

    def _open(self, synchronous: str, timeout: float) -> sqlite3.Connection:
        if not self.readonly:
            return self._opened("mode=rwc", timeout, synchronous)
        if not self.path.exists():
            raise CheckpointStoreError(f"There is no file {str(self.path)!r}.")
        try:
            return self._opened("mode=ro", timeout)
        except sqlite3.OperationalError:
            # where even readers may not make the file that they share with a writer,
            # nobody can be writing either
            if Path(f"{self.path}-wal").exists() or os.access(self.path.parent, os.W_OK):
                raise
            return self._opened("mode=ro&immutable=1", timeout)

    def _opened(self, mode: str, timeout: float, synchronous: str = "") -> sqlite3.Connection:
        db = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?{mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=timeout,
            cached_statements=64,
        )
        db.text_factory = _text
        try:
            db.execute("pragma trusted_schema = off")
            db.execute("pragma cell_size_check = on")
            db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1 << 30)
            check_schema(db)
            if synchronous:
                db.execute(f"pragma page_size = {PAGE}")  # of a file that is empty yet
                db.execute("pragma journal_mode = wal")
                db.execute(f"pragma wal_autocheckpoint = {LOG_PAGES}")
                db.execute(f"pragma synchronous = {synchronous}")
                migrate(db)
        except BaseException:
            db.close()
            raise
        return db

    @contextlib.contextmanager
    def translating_errors(self, what: str) -> Iterator[None]:
        """Turn an error of SQLite into one that says which file, and what to try."""
        self.check_process()
        try:
            yield
        except sqlite3.Error as error:
            raise self.error(what, error) from error
        except UnicodeDecodeError as error:  # not even the names of its columns are text
            raise CorruptedCheckpointError(f"Could not {what}: {sentence(error)}") from error
        except UnicodeEncodeError as error:  # half a surrogate pair in a name
            raise CheckpointStoreError(f"Could not {what}: {sentence(error)}") from error

    def check_process(self) -> None:
        """Look whether this is the process that opened the file.

        Raises:
            CheckpointStoreError: It was forked since: two would write through one connection.
        """
        check_process(self.pid, "file")

    def error(self, what: str, error: sqlite3.Error) -> CheckpointStoreError:
        """Return the error to raise for one of SQLite's."""
        return store_error(self.path, what, error)

    @contextlib.contextmanager
    def writing(self, what: str) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it or nothing."""
        with self.lock, self.translating_errors(what):
            self.check_there()
            try:
                self.db.execute("begin immediate")
                yield self.db
                self.db.execute("commit")
            except BaseException:
                if self.db.in_transaction:
                    self.db.execute("rollback")
                raise

    def query(self, what: str, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return all rows of a question."""
        with self.lock, self.translating_errors(what):
            return self.db.execute(sql, values).fetchall()

    def close(self) -> None:
        """Close the file."""
        with self.lock, contextlib.suppress(sqlite3.Error):
            self.db.close()


def _text(data: bytes) -> str:
    return data.decode(errors="replace")  # damaged text is found by its checksum
