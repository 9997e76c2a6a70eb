"""A position run on with a history of its own: in another thread, or in another process."""

from __future__ import annotations

import asyncio

from lellm_nb.engine.run import HOLD, Run
from lellm_nb.engine.scope import Scope
from lellm_nb.errors import RunError
from lellm_nb.graph.graph import Graph
from lellm_nb.record.frame import Frame
from lellm_nb.record.position import Position
from lellm_nb.session.next_move import NativeMove
from lellm_nb.session.protocol import Plan, Went

__all__ = ["run_alone"]


def run_alone(graph: Graph, position: Position, plan: Plan) -> Went:
    """Run a position on to its end, or to where it holds."""
    frames: list[Frame] = []
    limit = position.step + plan.max_steps
    run = Run(Scope(graph), position, emit=frames.append, barrier=HOLD, limit=limit)
    run.capture = True
    run.watch = plan.watch
    look_up = plan.look_up
    if look_up is not None:
        run.recorded = lambda scope, site, level: look_up(
            NativeMove(scope, site, level, run.position)
        )
    try:
        halt = asyncio.run(run.go())
    except RunError as failure:
        return Went(None, failure, None, False, frames)
    held = bool(run.position.waiting) or bool(getattr(look_up, "asked", False))
    return Went(halt, None, run.stopping, held, frames)
