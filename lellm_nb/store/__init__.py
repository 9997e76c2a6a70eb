"""Stores: where runs and checkpoints are kept."""

from lellm_nb.store.disk import DiskSink
from lellm_nb.store.folder.store import FolderStore
from lellm_nb.store.memory import InMemoryStore, StoreSink
from lellm_nb.store.network import NetworkSink
from lellm_nb.store.rows import RunInfo, RunRows, RunStore
from lellm_nb.store.sqlite.log import SqliteMutationLog
from lellm_nb.store.sqlite.store import SqliteStore

__all__ = [
    "DiskSink",
    "FolderStore",
    "InMemoryStore",
    "NetworkSink",
    "RunInfo",
    "RunRows",
    "RunStore",
    "SqliteMutationLog",
    "SqliteStore",
    "StoreSink",
]
