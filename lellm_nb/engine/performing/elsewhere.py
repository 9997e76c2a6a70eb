"""A branch's plain function performed in another process, or on a cluster (SEMANTICS P7).

What is sent is the function and the state that it sees; what comes back is all that it did.
Positions and the history stay here.
"""

from __future__ import annotations

import asyncio
import pickle
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from functools import partial
from typing import Any, NamedTuple

from lellm_nb.engine.context import Context
from lellm_nb.engine.output_capture import CAPTURING, RUNNING, OutputCapture, running_tape
from lellm_nb.engine.performing.alone import context_alone
from lellm_nb.engine.performing.returned import record_returned
from lellm_nb.errors import NotSentError
from lellm_nb.errors.error_words import error_line
from lellm_nb.errors.safe_text import safe_repr, safe_type
from lellm_nb.graph.walk import branches_of, inner_graph
from lellm_nb.sending import can_pickle, cannot_go, stuck_words
from lellm_nb.state.state import content_of

__all__ = ["perform_elsewhere"]


class Job(NamedTuple):
    """What is sent: `options` are those of `context_alone`."""

    function: Callable[[Any], Any]
    data: Any
    options: Mapping[str, Any]
    calls: bool


class Done(NamedTuple):
    """What comes back: the facts of an outcome, or what was raised with where."""

    facts: dict[str, Any]
    output: str
    displayed: tuple[Any, ...]
    error: BaseException | None
    told: str


_FACTS = ("mutations", "target", "ends", "waits", "cost", "side_effects", "stream", "calls")


async def perform_elsewhere(
    executor: Executor, ctx: Context, function: Callable[[Any], Any]
) -> BaseException | None:
    """Have a node's function run, and put what it did on its context; return what it raised.

    Raises:
        NotSentError: It could not be sent, or what it made could not be sent back.
        CancelledError: It was given up; what it still does is dropped.
    """
    refused = ctx.sends(partial(_why_not_sent, executor))
    if refused is not None:
        return refused
    job = Job(function, *ctx.alone(), ctx.records_calls)
    try:
        sent = executor.submit(do_job, job)
        done = await asyncio.wrap_future(sent)
    except asyncio.CancelledError:
        raise
    except Exception as error:
        stuck = f"what {ctx.path} was to do, or what it made"
        words = f"{ctx.path} was not performed by the executor: {error_line(error)}"
        raise NotSentError(ctx.path, [stuck], words) from error
    _say(done)
    for name, fact in done.facts.items():
        if name == "stream":
            for chunk in fact or ():
                ctx.emit(chunk)
        else:
            setattr(ctx, name, fact)
    for call in ctx.calls:
        ctx.has_more = True
        for exchange in call.exchanges:
            exchange.key = None  # what is secret is known here
    if done.error is not None and done.told:
        done.error.add_note(f"Where it ran:\n{done.told}")
    return done.error


def _say(done: Done) -> None:
    """Have what was said there stand with what the node says here."""
    catch = RUNNING.get()
    if catch is None:
        sys.stdout.write(done.output)
        return
    if done.output:
        catch.write(done.output)
    if done.displayed:
        catch.displayed = list(done.displayed)


def do_job(job: Job) -> Done:
    """Run a function once, and return all that it did; this is called over there."""
    ctx, node = context_alone(job.function, job.data, **job.options)
    catch = OutputCapture()
    error: BaseException | None = None
    told = ""
    recording = _recording(ctx, catch) if job.calls else None
    before = RUNNING.set(catch)
    try:
        with CAPTURING:
            returned = node.fn(ctx)
            if returned is not None:
                record_returned(ctx, returned)
    except BaseException as raised:
        told = "".join(traceback.format_exception(raised)[-12:])
        error = raised if can_pickle(raised) and _comes_back(raised) else _stand_in(raised)
    finally:
        RUNNING.reset(before)
        catch.closed = True
        if recording is not None:
            recording()
    if catch.tape is not None:
        ctx.calls = catch.tape.close()
    facts = {name: getattr(ctx, name) for name in _FACTS}
    return Done(facts, catch.text, tuple(catch.displayed), error, told)


def _recording(ctx: Context, catch: OutputCapture) -> Callable[[], None]:
    """Have calls taken down from now on; return what ends it."""
    # loaded where it is wanted: most nodes ask nobody anything
    from lellm_nb.calls.matching import key_maker
    from lellm_nb.calls.tape import Tape
    from lellm_nb.calls.wire.install import install, uninstall

    catch.tape = Tape(ctx.path, ctx.visit, key=key_maker())
    install(running_tape, RUNNING.get)
    return uninstall


def _comes_back(error: BaseException) -> bool:
    """Tell whether an error is read again as what it is: some need more than their arguments."""
    try:
        return type(pickle.loads(pickle.dumps(error))) is type(error)
    except Exception:
        return False


def _stand_in(error: BaseException) -> RuntimeError:
    return RuntimeError(f"{safe_type(error)}: {safe_repr(error, 400)}")


def _why_not_sent(executor: Executor, site: Any, data: Any) -> NotSentError | None:
    """Return what can't be sent of a Parallel's branches and the state; `None` where all can go.

    Args:
        data: The state that they start from, as it is kept.
    """
    parts = [*_functions(site.node, site.place.static)]
    parts += [(f"state[{key!r}]", value) for key, value in content_of(data).items()]
    stuck = cannot_go(executor, parts)
    return NotSentError(site.place.path, stuck, stuck_words(stuck)) if stuck else None


def _functions(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Walk the plain functions that are performed elsewhere, each with what it is called."""
    graph = inner_graph(node)
    if graph is not None:
        for name, inner in graph.nodes.items():
            yield from _functions(inner, f"{path}/{name}")
        for key, reducer in graph.reducers.items():
            yield f"reducer of {path}:{key}", reducer
    for name, branch in branches_of(node).items():
        yield from _functions(branch, f"{path}/{name}")
    if getattr(node, "kind", "") == "task" and hasattr(node, "fn"):
        yield f"node {path}", node.fn
