"""Every store passes the suites that users get."""

from __future__ import annotations

import pytest

from lellm_nb import FolderStore, InMemoryMutationLog, InMemoryStore
from lellm_nb.store import SqliteMutationLog, SqliteStore
from lellm_nb.testing import CheckpointStoreSuite, MutationLogSuite, RunStoreSuite


class TestInMemoryStore(RunStoreSuite):
    """In memory."""

    def make_store(self):
        """A fresh one."""
        return InMemoryStore()


class TestSqliteStore(RunStoreSuite):
    """In a file."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path):
        self.folder = tmp_path

    def make_store(self):
        """A fresh one."""
        return SqliteStore(self.folder / "runs.db")


class TestFolderStore(RunStoreSuite):
    """In a folder."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path):
        self.folder = tmp_path

    def make_store(self):
        """A fresh one."""
        return FolderStore(self.folder / "runs")


class TestInMemoryLog(MutationLogSuite):
    """In memory."""

    def make_log(self):
        """A fresh one."""
        return InMemoryMutationLog()


class TestSqliteLog(MutationLogSuite):
    """In a file."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path):
        self.folder = tmp_path

    def make_log(self):
        """A fresh one."""
        return SqliteMutationLog(self.folder / "log.db")


def test_the_suite_finds_a_store_that_forgets():
    """A suite that passes everything would be worth nothing."""

    class Forgetful(InMemoryStore):
        def load_latest(self, trace_id):
            return None

    class Suite(CheckpointStoreSuite):
        def make_store(self):
            return Forgetful()

    with pytest.raises(AssertionError):
        Suite().test_the_latest_is_the_one_saved_last()
