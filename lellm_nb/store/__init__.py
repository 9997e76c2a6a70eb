"""Stores: where checkpoints are kept."""

from lellm_nb.store.memory import InMemoryStore, StoreSink

__all__ = ["InMemoryStore", "StoreSink"]
