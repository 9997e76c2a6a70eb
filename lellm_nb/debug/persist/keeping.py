"""Which checkpoints of a run are kept, and where: what a debugger was given is looked at here."""

from __future__ import annotations

import os
from typing import Any

from lellm_nb.arguments import refusal, speaking
from lellm_nb.errors import DebuggerError
from lellm_nb.store.checkpoint_keeper import check_policies
from lellm_nb.store.checkpoint_writer import CheckpointWriter
from lellm_nb.store.run.run_writer import RunWriter
from lellm_nb.store.run_with_checkpoints import RunWithCheckpoints

__all__ = ["check_keeping", "check_policies_given", "with_checkpoints"]


def check_policies_given(policy: Any, retention: Any, missing: str) -> None:
    """Look whether a policy and a retention are what they are called, and have a use.

    Args:
        missing: The argument without which nothing is kept; empty where there is all.

    Raises:
        DebuggerError: They are not, or have none; names the argument.
    """
    check_policies(policy, retention, DebuggerError)
    for name, given in (("policy", policy), ("retention", retention)):
        if given is not None and missing:
            error = DebuggerError(
                f"{name} says what a store keeps, and nothing is written without {missing}:"
                f" give {missing}, or leave {name} out."
            )
            error.argument = name
            raise error


def check_keeping(store: Any, policy: Any, retention: Any) -> None:
    """Look whether a store can do what a policy and a retention ask of it.

    Raises:
        DebuggerError: It lacks a method that they need.
    """
    if (policy is None and retention is None) or isinstance(store, (str, os.PathLike)):
        return
    if not hasattr(store, "save"):
        raise refusal(store, "store", "a store of checkpoints, as there is a policy", DebuggerError)
    if retention is not None:
        what = "a store that can drop checkpoints, as there is a retention"
        speaking(store, "store", DebuggerError, "load list delete prune", what)


def with_checkpoints(
    writer: RunWriter, store: Any, policy: Any, retention: Any
) -> RunWriter | RunWithCheckpoints:
    """Return who writes a whole run, and beside it the checkpoints that were asked for, if any."""
    if policy is None and retention is None:
        return writer
    checkpoints = CheckpointWriter(
        store, writer.rows.trace_id, writer.graph, writer.codec, policy, retention
    )
    return RunWithCheckpoints(writer, checkpoints)
