"""Writing into a run, while it is going on as well."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.core.status import stop
from lellm_nb.debug.core.stop import Stop, StopReason
from lellm_nb.debug.inputs.steering import LevelWrite, level_of, write
from lellm_nb.debug.names.address import Address
from lellm_nb.debug.names.new_keys import note_new_keys
from lellm_nb.debug.verbs.branch import checked, listed_keys
from lellm_nb.errors import DebuggerError
from lellm_nb.session.protocol import Capability
from lellm_nb.state.edits import edits_of
from lellm_nb.state.mutation import Delete, Key, apply, parts_of
from lellm_nb.state.state import content_of

__all__ = ["steer"]


class _Steer:
    """The verb: it writes at the head, or hands what is to be written to the run that goes on."""

    __name__ = "steer"
    while_running = True

    def __call__(self, context: DebugContext, put: Any = None, delete: Any = None) -> Stop:
        """Write where the run stands, as one frame of kind *edit* for each level.

        Raises:
            StateError: What is to be written does not fit.
            DebuggerError: The run is not in the level that is named, or nothing is given.
        """
        refused = write(context.session, _writes(context, put, delete))
        if refused is not None:
            raise refused
        writer = context.storage.writer
        if writer is not None and writer.error is not None:
            return stop(context, StopReason.FAILED, error=writer.error)
        return stop(context, StopReason.STEP)

    def hand_in(self, context: DebugContext, put: Any = None, delete: Any = None) -> Stop | None:
        """Have a run that is going on write at its next commit; `None` where it is just over.

        Raises:
            StateError, DebuggerError: As for the verb itself.
        """
        writes = _writes(context, put, delete)
        if not context.commands.steers.hand_in(writes):
            return None
        claim = context.commands.claim
        if claim is not None:
            claim.steer()
        return stop(context, StopReason.STEP)


steer: Callable[..., Stop] = _Steer()


def _writes(context: DebugContext, put: Any, delete: Any) -> list[LevelWrite]:
    """Return what is to be written at which level, looked at against the state as it is now."""
    given, gone = checked(put), listed_keys(delete)
    edits_of(given, gone)  # what is no mapping, and what is no key
    if not given and not gone:
        raise DebuggerError('steer() writes nothing: steer(put={"topic": "otters"}).')
    session = context.session
    known = content_of(session.position.data)
    puts: dict[tuple[str, str], tuple[Address, dict[Any, Any], list[Any]]] = {}

    def at(key: Any) -> tuple[Key, tuple[Address, dict[Any, Any], list[Any]]]:
        where = Address.of(key, session.graph, known)
        path = where.path if len(where.path) > 1 else where.path[0]
        none: tuple[Address, dict[Any, Any], list[Any]] = (where, {}, [])
        return path, puts.setdefault((where.level, where.entry), none)

    for key, value in (given or {}).items():
        path, (_, values, _) = at(key)
        values[path] = value
    for key in gone:
        path, (_, _, keys) = at(key)
        keys.append(path)
    writes = [LevelWrite(where, edits_of(values, keys)) for where, values, keys in puts.values()]
    for one in writes:
        _check(context, one)
    return writes


def _check(context: DebugContext, one: LevelWrite) -> None:
    """Refuse what could not be written now.

    Raises:
        StateError: It does not fit.
        DebuggerError: The run is not in that level.
    """
    session = context.session
    level = level_of(session, one.where)
    data = session.position.data if level is None else level.data
    apply(data, one.edits)
    gone = [edit.key for edit in one.edits if isinstance(edit, Delete)]
    put = [edit.key for edit in one.edits if not isinstance(edit, Delete)]
    note_new_keys(session.graph, data, put, gone)
    if Capability.WHOLE in session.capabilities and not one.where.level:
        names: Mapping[Any, Any] = dict.fromkeys(_names(one.edits))
        session.check_edit(session.line[0], names)  # an engine with keys of its own


def _names(edits: Sequence[Any]) -> list[Any]:
    return [parts_of(edit.key)[0] for edit in edits]
