"""The entries of a mutation log: a list, a table, and the state that they lead to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lellm_nb.state.mutation import apply
from lellm_nb.state.state import keep, view

if TYPE_CHECKING:
    import pandas

__all__ = ["LogEntries"]


class LogEntries(list[Any]):
    """The entries of a `MutationLog`, oldest first.

    Example:
        >>> import datetime
        >>> from lellm_nb import InMemoryMutationLog, MutationLogEntry, Put
        >>> log, now = InMemoryMutationLog(), datetime.datetime.now(datetime.UTC)
        >>> log.append(MutationLogEntry("t", 1, "a", None, 0, Put("n", 2), now))
        >>> log.replay("t").fold({"n": 1})
        State({'n': 2})
        >>> log.replay("t").to_pandas()[["step", "path", "op", "key", "value"]]
           step path   op key  value
        0     1    a  Put   n      2
    """

    __slots__ = ()

    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        return LogEntries(found) if isinstance(at, slice) else found

    def fold(self, initial: Any = None, reducers: Any = None) -> Any:
        """Return the state that the entries lead to from the one before the first of them.

        Args:
            initial: A mapping, or a typed state; that of the level which the entries wrote.
            reducers: As for `MutationLogEntry.to_mutation`.

        Raises:
            StateError: A write is not in the log, or does not fit the state.
        """
        return view(apply(keep(initial), [entry.to_mutation(reducers) for entry in self]))

    def to_pandas(self) -> pandas.DataFrame:
        """Return one row per entry, typed: step, path, level, op, key, value and more.

        `op` is ``Put``, ``Delete``, ``Reduce``, ``ChannelUpdate``, or empty where the mutation has
        no such form; `key` a key, or a path as people write it; `value` what JSON has of it;
        `reducer` the name of a Reduce's; then mutation_index, checkpoint_id, timestamp, trace_id.
        """
        from lellm_nb.debug.history.log_table import log_table

        return log_table(self)
