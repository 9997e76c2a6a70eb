"""What the parts of a graph are given, looked at where they are made: by whatever call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from functools import partial
from typing import Any

from lellm_nb.arguments import (
    Refuse,
    chosen,
    flag,
    member,
    plain_function,
    refusal,
    seconds,
    taking,
    whole,
)
from lellm_nb.errors import InvalidNodeError, LellmError, StateError
from lellm_nb.graph.decision import DefaultAction
from lellm_nb.graph.item_branches import EACH, ItemBranches
from lellm_nb.graph.question import Question
from lellm_nb.graph.retry import retry_of
from lellm_nb.state.expression.condition import condition
from lellm_nb.state.lens import IdentityLens, check_lens
from lellm_nb.state.merge import check_merge
from lellm_nb.state.mutation import Key, check_key

__all__ = [
    "check_barrier",
    "check_condition",
    "check_custom",
    "check_edge",
    "check_executor",
    "check_map",
    "check_name",
    "check_parallel",
    "check_predicate",
    "check_subgraph",
    "check_task",
    "part_of",
]


def check_name(name: Any, what: str = "node") -> str:
    """Return `name` if it can be a path segment.

    Raises:
        InvalidNodeError: It is empty, not text, or holds ``/`` or ``#``.
    """
    if not isinstance(name, str) or not name:
        raise InvalidNodeError(name, f"a {what} name is non-empty text.")
    if "/" in name or "#" in name:
        raise InvalidNodeError(name, f"a {what} name holds no '/' and no '#': they build paths.")
    return name


def check_predicate(predicate: Any, edge: str) -> Callable[[Any], Any]:
    """Return `predicate` if it can be asked of a state; of a text what it says.

    Raises:
        InvalidNodeError: It cannot be called with one, it is a coroutine function, or a text that
            is no expression.
    """
    return condition(predicate, "its condition", _in(edge), "state")


def check_edge(
    source: Any, target: Any, max_visits: Any, refuse: Refuse | None = None
) -> int | None:
    """Return the limit of an edge, if all three can be one's.

    Raises:
        InvalidNodeError: An end is no name, or the limit no whole number from 0.
    """
    refuse = refuse or _in(f"{_said(source)} -> {_said(target)}")
    _named(source, "the node it leaves", refuse)
    _named(target, "the node it leads to", refuse)
    return None if max_visits is None else whole(max_visits, "max_visits", refuse)


def check_task(task: Any) -> None:
    """Look at a task's options.

    Raises:
        InvalidNodeError: One does not fit; names it.
    """
    refuse = _in(check_name(task.name))
    taking(task.fn, "its function", refuse, "ctx")
    _set(task, "goto", _names(task.goto, "goto", refuse))
    _set(task, "side_effects", flag(task.side_effects, "side_effects", refuse))
    _set(task, "retries", whole(task.retries, "retries", refuse))
    if callable(task.backoff):
        plain_function(task.backoff, "backoff", refuse, "number")
    else:
        _set(task, "backoff", seconds(task.backoff, "backoff", refuse, zero=True))
    _set(task, "timeout", _seconds(task.timeout, refuse))
    _set(task, "idle_timeout", _seconds(task.idle_timeout, refuse, "idle_timeout"))
    retry = retry_of(task, refuse)
    _set(task, "retry", retry)
    if retry is not None:
        _set(task, "retries", retry.max - 1)
        _set(task, "backoff", retry.backoff)


def check_custom(node: Any) -> None:
    """Look at what an object of the user's was given as a node.

    Raises:
        InvalidNodeError: Something does not fit; names it.
    """
    refuse = _in(check_name(node.name))
    taking(node.target.execute, "its execute", refuse, "ctx")
    _set(node, "goto", _names(node.goto, "goto", refuse))
    _set(node, "side_effects", flag(node.side_effects, "side_effects", refuse))


def check_condition(node: Any) -> None:
    """Look at a condition's cases.

    Raises:
        InvalidNodeError: A case is not a pair of a node name and a predicate.
    """
    refuse = _in(check_name(node.name))
    given = node.cases
    if not isinstance(given, Iterable) or isinstance(given, str | Mapping):
        raise refusal(given, "cases", "a list of (target, predicate)", refuse)
    cases = []
    for case in given:
        if isinstance(case, str) or not isinstance(case, Iterable) or len(pair := [*case]) != 2:
            raise refusal(case, "a case", "(target, predicate)", refuse)
        target = _named(pair[0], "the target of a case", refuse)
        cases.append((target, check_predicate(pair[1], f"{node.name} -> {target}")))
    _set(node, "cases", tuple(cases))


def check_barrier(node: Any) -> None:
    """Look at a barrier's options.

    Raises:
        InvalidNodeError: One does not fit; names it.
    """
    refuse = _in(check_name(node.name))
    _set(node, "timeout", _seconds(node.timeout, refuse))
    action = member(node.default_action, "default_action", refuse, DefaultAction)
    _set(node, "default_action", action)
    for option, key in (("approve_key", "approved"), ("reject_key", "reject_reason")):
        given = getattr(node, option)
        if not isinstance(given, str):
            raise refusal(given, option, "the name of a key", refuse)
        _set(node, option, given or f"{node.name}.{key}")
    _set(node, "show", _keys(node.show, refuse))
    if node.ask is None:
        return
    if not isinstance(node.ask, Question):
        raise refusal(node.ask, "ask", 'a question, such as Question("Ship it?")', refuse)
    if action is DefaultAction.APPROVE:
        error = refuse(
            "default_action is no APPROVE at a barrier that asks, as it would have no answer;"
            " REJECT or SKIP it, or take an edge_on(..., 'timeout')."
        )
        error.argument = "default_action"
        raise error


def check_subgraph(node: Any) -> None:
    """Look at a subgraph's options; that it has a graph is known.

    Raises:
        InvalidNodeError: One does not fit; names it.
    """
    refuse = _in(check_name(node.name))
    check_lens(node.lens, part_of(node.name))
    _set(node, "max_steps", whole(node.max_steps, "max_steps", refuse))


def check_parallel(node: Any) -> None:
    """Look at a parallel's options.

    Raises:
        InvalidNodeError: One does not fit; names it.
    """
    refuse = _in(check_name(node.name))
    check_merge(node.merge, part_of(node.name))
    chosen(node.on_error, "on_error", refuse, ("fail_fast", "collect_all"))
    check_executor(node.executor, refuse)


def check_executor(given: Any, refuse: Refuse) -> Any:
    """Return an executor, or `None`.

    Raises:
        LellmError: It is no `concurrent.futures.Executor`.
    """
    if given is not None and not isinstance(given, Executor):
        wanted = "an executor of concurrent.futures, such as ProcessPoolExecutor(), or None"
        raise refusal(given, "executor", wanted, refuse)
    return given


def check_map(node: Any) -> None:
    """Look at a map's options; what its list is made of is known when it is entered.

    Raises:
        InvalidNodeError: One does not fit; names it.
    """
    check_parallel(node)
    refuse = _in(node.name)
    if not isinstance(node.branches, ItemBranches):  # patched: each item has the new one
        _set(node, "branches", ItemBranches(node.branches[EACH]))
    if node.each.kind in ("barrier", "condition"):
        kind = node.each.kind
        raise refuse(
            f"a {kind} can't run for each item by itself; put it into a graph,"
            " and give the graph to map."
        )
    if not isinstance(getattr(node.each, "lens", IdentityLens()), IdentityLens):
        raise refuse(
            "each graph of a map finds its item in its state, and a lens would hide that;"
            " give the graph itself."
        )
    if callable(node.over):
        plain_function(node.over, "over", refuse, "state")
    else:
        wanted = 'a key, a path such as ("plan", "steps"), or a function of the state'
        _set(node, "over", _key(node.over, "over", wanted, refuse))
    for option in ("into", "as_"):
        given = getattr(node, option)
        if not (isinstance(given, str) and given) and not (option == "into" and given is None):
            raise refusal(given, option, "the name of a key", refuse)
    if node.into is not None and node.into == node.as_:
        raise refuse(f"into and as_ are both {node.into!r}; what is collected needs its own key.")
    if node.limit is not None:
        whole(node.limit, "limit", refuse, least=1)


def _key(given: Any, option: str, wanted: str, refuse: Refuse) -> Any:
    if given is None or given == "":
        raise refusal(given, option, wanted, refuse)
    try:
        return check_key(given)
    except StateError:
        raise refusal(given, option, wanted, refuse) from None


def part_of(node: str) -> Refuse:
    """Return how a lens or a merge is refused: as a part of the state's, of a node."""
    return lambda said: StateError(f"Node {node!r}: {said}")


def _in(node: str) -> Callable[[str], LellmError]:
    return partial(InvalidNodeError, node)


def _said(name: Any) -> str:
    return name if isinstance(name, str) else "?"


def _set(node: Any, option: str, value: Any) -> None:
    object.__setattr__(node, option, value)


def _seconds(given: Any, refuse: Refuse, argument: str = "timeout") -> float | None:
    return None if given is None else seconds(given, argument, refuse)


def _keys(given: Any, refuse: Refuse) -> tuple[Key, ...]:
    """Return keys and paths of a state; one alone need not stand in a list."""
    if isinstance(given, str):
        given = (given,)
    wanted = "a list of keys of the state; a path is a tuple in it"
    if not isinstance(given, Iterable) or isinstance(given, Mapping):
        raise refusal(given, "show", wanted, refuse)
    try:
        return tuple(map(check_key, given))
    except StateError as error:
        problem = f"show is {wanted}: {error}"
        refused = refuse(problem)
        refused.argument = "show"
        raise refused from None


def _named(given: Any, what: str, refuse: Refuse) -> str:
    if not isinstance(given, str) or not given:
        raise refusal(given, what, "a node's name", refuse)
    return given


def _names(given: Any, argument: str, refuse: Refuse) -> tuple[str, ...]:
    if isinstance(given, str):
        given = (given,)
    if not isinstance(given, Iterable) or isinstance(given, Mapping):
        raise refusal(given, argument, "a list of node names", refuse)
    return tuple(_named(name, f"each of {argument}", refuse) for name in given)
