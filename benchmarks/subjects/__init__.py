"""The libraries that are measured, each behind the same few functions.

A module of this folder offers `prepare(chain, **options)`, `travel(chain, **options)`,
`fan(branches, **options)`, `jokes(subjects, **options)`, `lies(**options)` and `IMPORT`; those that
keep a run on disk offer `keep(chain, folder, **options)` and `reopen(chain, folder)`; lellm_nb and
the bare loop offer `mapped(items, **options)`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

__all__ = ["KEEPERS", "PEERS", "SUBJECTS", "Subject"]


@dataclass(frozen=True)
class Subject:
    """One row's worth of a library: its module here, and how it is to be used."""

    name: str
    module: str
    package: str
    distribution: str = ""
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def installed(self) -> bool:
        """Whether it can be measured here."""
        try:
            return not self.package or find_spec(self.package) is not None
        except ModuleNotFoundError:  # of a dotted name, what it is part of
            return False

    @property
    def version(self) -> str:
        """Its version, or nothing."""
        try:
            return version(self.distribution) if self.distribution else ""
        except PackageNotFoundError:
            return ""

    def load(self) -> Any:
        """Import its module."""
        return import_module(f"benchmarks.subjects.{self.module}")


_ALL = [
    Subject("bare loop", "bare", ""),
    Subject("bare loop, deep copies kept", "bare", "", options={"keep": "deep"}),
    Subject("lellm_nb engine alone", "lellm", "lellm_nb", "lellm-nb", {"how": "engine"}),
    Subject("lellm_nb session", "lellm", "lellm_nb", "lellm-nb", {"how": "session"}),
    Subject("lellm_nb Debugger", "lellm", "lellm_nb", "lellm-nb", {"how": "debugger"}),
    Subject("lellm_nb Debugger, stops set", "lellm", "lellm_nb", "lellm-nb", {"how": "stops"}),
    Subject("lellm_nb Debugger, ten stops", "lellm", "lellm_nb", "lellm-nb", {"how": "ten stops"}),
    Subject("LangGraph in memory", "langgraph_memory", "langgraph", "langgraph"),
    Subject("Debugger on LangGraph", "langgraph_graphs", "langgraph"),
    Subject("Burr in memory", "burr_memory", "burr", "burr"),
    Subject(
        "LangGraph SqliteSaver",
        "langgraph_sqlite",
        "langgraph.checkpoint.sqlite",
        "langgraph-checkpoint-sqlite",
    ),
    Subject("Burr tracker", "burr_tracker", "burr", "burr"),
    Subject("pydantic-graph", "pydantic_graph_full", "pydantic_graph", "pydantic-graph"),
]

SUBJECTS: dict[str, Subject] = {subject.name: subject for subject in _ALL}
PEERS = ("LangGraph in memory", "Burr in memory", "pydantic-graph")
KEEPERS = ("LangGraph SqliteSaver", "Burr tracker")
