"""Which commits a store of checkpoints keeps, and for how long (SEMANTICS C4)."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

from lellm_nb.arguments import Refuse, speaking
from lellm_nb.ids import CheckpointId, TraceId
from lellm_nb.record.checkpoint import Checkpoint, CheckpointStore
from lellm_nb.record.codec.values import Codec
from lellm_nb.record.frame import Frame
from lellm_nb.record.policy import CheckpointPolicy, RetentionPolicy, TriggerPolicy
from lellm_nb.record.redaction.checkpoint import redacted
from lellm_nb.store.retention_guard import RetentionGuard

__all__ = ["CheckpointKeeper", "check_policies"]


def check_policies(policy: Any, retention: Any, refuse: Refuse, named: str = "policy") -> None:
    """Look whether two arguments are a policy and a retention; `None` is none.

    Args:
        named: What the argument is called that is a policy.

    Raises:
        LellmError: One is not; names it.
    """
    if policy is not None:
        what = "a TriggerPolicy or a CheckpointPolicy"
        speaking(policy, named, refuse, "wants", what)
    if retention is not None:
        speaking(retention, "retention", refuse, "to_drop", "a RetentionPolicy")


class CheckpointKeeper:
    """The one place where a policy and a retention are honoured, for sinks and debuggers alike.

    Args:
        store: Any `CheckpointStore`.
        trace_id: The run's id.
        codec: Its redactor says what is secret.
        policy: Which commits are kept; every one by default.
        retention: How long they are; for good by default.
        graph: The graph that runs: it says where the states of inner levels stand.

    Attributes:
        guard: Protects checkpoints from every retention.
    """

    def __init__(
        self,
        store: CheckpointStore,
        trace_id: TraceId,
        codec: Codec,
        policy: TriggerPolicy | CheckpointPolicy | None = None,
        retention: RetentionPolicy | None = None,
        graph: Any = None,
    ) -> None:
        self.graph = graph
        self.store = store
        self.trace_id = trace_id
        self.codec = codec
        self.policy = TriggerPolicy.EVERY_NODE if policy is None else policy
        self.retention = RetentionPolicy.keep_all() if retention is None else retention
        self.guard = RetentionGuard(store, trace_id)
        self._facts: dict[CheckpointId, Checkpoint] = {}
        """What age and protection were read from, without the states."""

    @property
    def drops(self) -> bool:
        """Whether the retention drops anything at all."""
        return self.retention != RetentionPolicy.keep_all()

    def wants(self, frame: Frame) -> bool:
        """Tell whether the policy keeps a commit."""
        return self.policy.wants(frame)

    def made(self, frame: Frame, graph_hash: int) -> Checkpoint:
        """Return the checkpoint of a frame, without secrets where the store does not see to it."""
        checkpoint = Checkpoint.of(frame, graph_hash)
        redactor = self.codec.redactor
        if redactor is None:
            return checkpoint
        own = getattr(self.store, "redact", None)
        if own is not None and own is redactor and not redactor.paths:
            return checkpoint  # it takes out itself what has the look of a secret
        return redacted(checkpoint, redactor, self.graph)

    def save(self, checkpoint: Checkpoint) -> CheckpointId:
        """Save a checkpoint, and drop those that may go since."""
        self.store.save(self.trace_id, checkpoint)
        self.retain()
        return checkpoint.checkpoint_id

    def retain(self) -> None:
        """Drop what is beyond the retention, and not protected."""
        policy = self.retention
        if type(policy) is RetentionPolicy and policy.age is None:
            if policy.latest is not None:
                self.store.prune(self.trace_id, policy.latest)
            return
        known = [self._looked_up(id) for id in self.store.list(self.trace_id)]
        self._facts = {fact.checkpoint_id: fact for fact in known}
        now = datetime.datetime.now(datetime.UTC)
        for fact in policy.to_drop(known, now):
            # it may have been protected since, from elsewhere
            if not self.store.load(fact.checkpoint_id).protected:
                self.store.delete(fact.checkpoint_id)

    def _looked_up(self, checkpoint_id: CheckpointId) -> Checkpoint:
        known = self._facts.get(checkpoint_id)
        if known is not None and not known.protected:
            return known
        return replace(
            self.store.load(checkpoint_id), state={}, position=None, frames=None, last=None
        )
