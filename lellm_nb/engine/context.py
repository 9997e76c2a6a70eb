"""What a node sees and may do; what it recorded is the outcome of its step (SEMANTICS R10)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lellm_nb.arguments import flag, number, seconds
from lellm_nb.calls.function_call import call_function
from lellm_nb.engine.node_place import NodePlace
from lellm_nb.engine.output_capture import RUNNING, running_tape
from lellm_nb.engine.performing.node_host import NodeHost
from lellm_nb.errors import NodeNotFoundError, StateError, StateTypeError
from lellm_nb.graph.node_options import check_name
from lellm_nb.state.compact import MISSING, kept_inside, rebuilt
from lellm_nb.state.containers.fingerprint import Reads
from lellm_nb.state.frozen import PLAIN, FrozenDict, FrozenList, freeze, frozen_list
from lellm_nb.state.key import StateKey
from lellm_nb.state.mutation import Delete, Put, Reduce, check_key, parts_of
from lellm_nb.state.reducer import Reducer, no_reducer
from lellm_nb.state.state import UNREAD, view_of_keys
from lellm_nb.state.typed import Typed

__all__ = ["Context"]


class Context(NodePlace):
    """A node's view of the run. It reads the state and records what should change.

    Nothing it records is seen by the node itself: the engine applies the batch
    after the node has returned (SEMANTICS S1).
    """

    # -- reading ---------------------------------------------------------------

    @property
    def state(self) -> Any:
        """The state before this step; read-only, at every depth."""
        seen = self.seen
        if seen is None:
            data = self._level.data
            if type(data) is Typed:  # an object of the user's has no place to note it
                self.reads = Reads(data)
                seen = data.real(self.reads)
            else:
                seen = view_of_keys(data, UNREAD)
            self.seen = seen
        return seen

    @property
    def is_cancelled(self) -> bool:
        """Whether the run was cancelled; a long sync node should look now and then."""
        return self._run is not None and self._run.token.is_cancelled

    @property
    def is_interrupted(self) -> bool:
        """Whether a person interrupted it; it is not tried again then."""
        return self._run is not None and self._run.token.interrupted

    def belongs_to(self, run: NodeHost) -> bool:
        """Tell whether a run performs this attempt, and has not given it up."""
        return self._run is run

    def open_tape(self) -> Any:
        """Return where this node's calls are taken down; asked at its first one (K1)."""
        run = self._run or self._left_by  # a later attempt is of the same step
        return None if run is None else run.open_tape(self._scope, self._site, self._level)

    def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a function that a debugger takes down like a call of a model (K4).

        A model in this process, a search, a shell command: where the node runs again over its
        recorded calls, what the function returned is looked up. Without a debugger it is called.

        Returns:
            What it returned; where it is async, what is to be awaited.

        Raises:
            Exception: What it raised.
        """
        tape = running_tape(RUNNING.get())
        if tape is None:
            return function(*args, **kwargs)
        return call_function(tape, function, args, kwargs)

    # -- writing ---------------------------------------------------------------

    def put(self, key: Any, value: Any) -> None:
        """Record that `key` (a name, a path tuple or a `StateKey`) becomes `value`.

        Raises:
            StateTypeError: The value does not fit the `StateKey`, or the key is no key.
        """
        if type(key) is not str:
            key = self._key(key, value)
        if type(value) not in PLAIN:
            value = self.kept(value, key)
        self.mutations.append(Put(key, value))

    def delete(self, key: Any) -> None:
        """Record that `key` goes away; absent is fine."""
        self.mutations.append(Delete(self._key(key)))

    def reduce(self, key: Any, value: Any, reducer: Reducer | None = None) -> None:
        """Record that `value` joins what is at `key`.

        Args:
            key: A name, a path tuple or a `StateKey`.
            value: What its reducer gets as the new value.
            reducer: By default the `StateKey`'s, or the one the graph has for the key.

        Raises:
            StateError: No reducer is known for the key.
        """
        name = self._key(key)
        if reducer is None and isinstance(key, StateKey):
            reducer = key.reducer
        if reducer is None:
            reducer = self._scope.graph.reducers.get(name if isinstance(name, str) else name[0])
        if reducer is None:
            raise no_reducer(name)
        if type(value) not in PLAIN:
            value = self.frozen(value, name)
        self.mutations.append(Reduce(name, value, reducer))

    def append(self, key: Any, item: Any) -> None:
        """Record that one item is added at the end of the list at `key`."""
        name = self._key(key)
        if type(item) not in PLAIN:
            item = self.frozen(item, name)
        if issubclass(type(item), list):  # APPEND would extend by it
            item = frozen_list((item,))
        self.mutations.append(Reduce(name, item, Reducer.APPEND))

    def record(self, mutation: Any) -> None:
        """Record a mutation as it is: Put, Delete, Reduce, or a typed state's own.

        Raises:
            StateTypeError: It is none.
        """
        if isinstance(mutation, Put):
            mutation = Put(self._key(mutation.key), self.kept(mutation.kept, mutation.key))
        elif isinstance(mutation, Reduce):
            given: Any = mutation.key
            name, graph = self._key(given), self._scope.graph
            own = {name: given.reducer} if isinstance(given, StateKey) else graph.reducers
            joined = type(mutation)(name, self.frozen(mutation.kept, name), mutation.reducer)
            mutation = joined.resolved(own)
        elif isinstance(mutation, Delete):
            mutation = Delete(self._key(mutation.key))
        elif not hasattr(mutation, "apply"):
            kind = type(mutation).__name__
            raise StateTypeError(None, "a mutation", kind, f"{kind} is no Put, Delete or Reduce.")
        self.mutations.append(mutation)

    def frozen(self, value: Any, key: Any) -> Any:
        """Return a value as it is recorded."""
        data = self._level.data
        return data.frozen(value, key) if type(data) is Typed else freeze(value, key)

    def kept(self, value: Any, key: Any) -> Any:
        """Return what is put as it is kept: of a container made again what is new in it (C14)."""
        frozen = self.frozen(value, key)
        if type(frozen) is not FrozenList and type(frozen) is not FrozenDict:
            return frozen
        data = self._level.data
        top, *path = parts_of(key)
        before = (data.data if type(data) is Typed else data).get(top, MISSING)
        return rebuilt(kept_inside(before, tuple(path)), frozen)

    def _key(self, key: Any, value: Any = MISSING) -> Any:
        if isinstance(key, StateKey):
            if value is not MISSING:
                key.check(value)
            return key.name
        return check_key(key)

    # -- control ---------------------------------------------------------------

    def goto(self, node: str) -> None:
        """Go to `node` next, with or without an edge; the last goto or end wins."""
        if not isinstance(node, str):
            raise NodeNotFoundError(node, self._scope.graph.nodes, path=self.path)
        self.target, self.ends = node, False

    def end(self) -> None:
        """End this level after this node; the last goto or end wins."""
        self.target, self.ends = None, True

    def pause(self, barrier_id: str, timeout: float | None = None) -> None:
        """Commit this node, then wait for a decision under that name.

        Args:
            barrier_id: The last segment of the id that waits.
            timeout: Seconds after which it is rejected by itself; `None` waits on.
        """
        if timeout is not None:
            timeout = seconds(timeout, "timeout", StateError)
        self.waits = (check_name(barrier_id, "barrier"), timeout)

    def retire(self) -> None:
        """Cut a given-up attempt off: what it still emits goes nowhere."""
        self._left_by, self._run = self._run, None

    def left_by(self, session: object) -> bool:
        """Tell whether a run of a session, by what all its runs share, has given it up."""
        return self._left_by is not None and self._left_by.doomed is session

    # -- the rest --------------------------------------------------------------

    def emit(self, chunk: Any) -> None:
        """Send a chunk on the stream; it is kept in the frame as well."""
        if self.stream is None:
            self.stream = []
        self.stream.append(chunk)
        if self._run is not None:
            self._run.on_chunk(self._site, chunk)

    def set_token_cost(self, cost: float) -> None:
        """Note what this step cost, in the unit you count in."""
        self.cost = number(cost, "cost", StateError)

    def set_has_side_effects(self, value: bool = True) -> None:
        """Note that this step touched the outside world."""
        self.side_effects = flag(value, "value", StateError)
