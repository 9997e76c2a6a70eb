"""Calls: stopping at them, how much they may cost, asking one again (CALLS.md, K7, K12)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lellm_nb.arguments import number, refusal, text, whole
from lellm_nb.debug.breakpoints.call_break import CallBreak
from lellm_nb.debug.calls.budget import CallBudget
from lellm_nb.debug.core.advance import advance
from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.core.stop import Stop
from lellm_nb.debug.names.node_name import node_path, node_paths
from lellm_nb.debug.names.warn_caller import caution
from lellm_nb.errors import DebuggerError
from lellm_nb.session.protocol import Controls
from lellm_nb.state.expression.condition import condition

__all__ = ["break_on_call", "budget", "prices", "step_call"]


def break_on_call(
    context: DebugContext,
    tool: str | None = None,
    *,
    model: str | None = None,
    node: str | None = None,
    visit: int | None = None,
    nth: int | None = None,
    when: str | Callable[[Any], Any] | None = None,
) -> CallBreak:
    """Stop runs inside of nodes: before calls, or after answers that ask for a tool.

    Raises:
        NoSuchNodeError: There is no such node, or more than one.
        DebuggerError: Another argument does not fit; names it.
    """
    _recording(context, "break_on_call")
    named = {"tool": tool, "model": model}
    told = {name: text(one, name, DebuggerError) for name, one in named.items() if one is not None}
    if visit is not None:
        visit = whole(visit, "visit", DebuggerError, least=1)
    if nth is not None:
        nth = whole(nth, "nth", DebuggerError)
    asked = None if when is None else condition(when, "when", DebuggerError, "call")
    path = "" if node is None else node_path(context.session.graph, node)
    if tool is not None and tool in node_paths(context.session.graph):
        caution(
            f"break_on_call({tool!r}) stops after an answer that asks for a tool of that name;"
            f" for calls in the node, break_on_call(node={tool!r})."
        )
    made: CallBreak = context.breakpoints.add(
        CallBreak(**told, node=path, visit=visit, nth=nth, when=asked)
    )
    return made


async def step_call(context: DebugContext) -> Stop:
    """Run on until one more call was answered; barriers and stops end it before that."""
    _recording(context, "step_call")

    def one(_: Controls) -> None:
        context.calls.stepping = 1

    return await advance(context, serve=one)


def budget(
    context: DebugContext,
    cost: float | None = None,
    tokens: int | None = None,
    calls: int | None = None,
) -> CallBudget | None:
    """Have runs hold before the call that would exceed what is given, from now on.

    Raises:
        DebuggerError: An amount is no number from zero; names it.
    """
    _recording(context, "budget")
    given = {"cost": cost, "tokens": tokens, "calls": calls}
    limits = {what: _amount(much, what) for what, much in given.items() if much is not None}
    settings = context.call_settings
    settings.budget = CallBudget(limits, settings.cost_of) if limits else None
    context.commands.changed()
    return settings.budget


def prices(context: DebugContext, prices: Mapping[str, tuple[float, float]]) -> None:
    """Say what tokens of models cost, in dollars per million: (in, out).

    Raises:
        DebuggerError: It is no mapping of names to pairs of numbers.
    """
    if not isinstance(prices, Mapping):
        raise refusal(prices, "prices", "a mapping of models to (in, out)", DebuggerError)
    context.call_settings.prices.add(prices)
    context.commands.changed()


def _amount(given: Any, argument: str) -> float:
    much = number(given, argument, DebuggerError)
    if much < 0:
        raise refusal(given, argument, "a number from zero", DebuggerError)
    return much


def _recording(context: DebugContext, verb: str) -> None:
    if not context.call_settings.on:
        raise DebuggerError(f"{verb}: this run takes no calls down: Debugger(…, calls=True) does.")
