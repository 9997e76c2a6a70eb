"""By which names code is found again: functions, what wraps them, methods, objects (G9)."""

from __future__ import annotations

import functools

from lellm_nb import Debugger, GraphBuilder
from tests.debug.cells import Cells, only, ran, row

DECORATED = """
import functools
def loud(f):
    @functools.wraps(f)
    def inner(ctx):
        return {**f(ctx), "loud": True}
    return inner
"""


def test_a_decorated_function():
    """G9: the name means what wraps it; twice wrapped, cached, and decorated only later."""
    cells = Cells(DECORATED + "@loud\n@loud\ndef work(ctx): return {'n': 1}")
    dbg = Debugger(only(cells.work))
    assert ran(dbg) == {"n": 1, "loud": True}
    cells("@loud\ndef work(ctx): return {'n': 2}")
    assert ran(dbg) == {"n": 2, "loud": True}
    cells("def work(ctx): return {'n': 3}")
    assert ran(dbg) == {"n": 3}
    cells("@functools.lru_cache\ndef work(ctx): return {'n': 4}")
    assert ran(dbg) == {"n": 4}
    cells("@loud\ndef work(ctx): return {'n': 5}")

    assert ran(dbg) == {"n": 5, "loud": True}


def test_a_function_inside_of_what_its_name_means():
    """G9: the graph has the plain function, its name the decorated one: it stays the plain one."""
    cell = "@loud\n@g.task\ndef work(ctx): return {{'n': {}}}"
    cells = Cells(DECORATED, g=GraphBuilder("g"))
    cells(cell.format(1))
    dbg = Debugger(cells.g.start("work").end("work").build())
    assert ran(dbg) == {"n": 1}
    cells(cell.format(2))

    assert ran(dbg) == {"n": 2}


def test_what_wraps_a_function_for_the_graph_alone():
    """G9: the name never meant the wrapper, so it does not lead to a new one."""
    cells = Cells(DECORATED + "def work(ctx): return {'n': 1}")
    dbg = Debugger(only(cells.loud(cells.work)))
    cells("def work(ctx): return {'n': 2}")

    assert ran(dbg) == {"n": 1, "loud": True}


def test_a_partial_of_a_function_and_what_it_is_given():
    """G9: a partial is made anew of the new functions, with the same arguments."""
    cells = Cells("def base(n, ctx, *, of): return {'n': n, 'of': of()}\ndef one(): return 1")
    dbg = Debugger(only(functools.partial(cells.base, 5, of=cells.one)))
    assert ran(dbg) == {"n": 5, "of": 1}
    cells("def base(n, ctx, *, of): return {'n': -n, 'of': of()}")
    assert ran(dbg) == {"n": -5, "of": 1}
    cells("def one(): return 'one'")

    assert ran(dbg) == {"n": -5, "of": "one"}


AGENT = """
class Agent:
    def __init__(self): self.calls = []
    def plan(self, ctx):
        self.calls.append("plan")
        return {{"plan": self.helped()}}
    def helped(self): return {n}
    def __call__(self, ctx): return {{"called": {n}, "calls": len(self.calls)}}
    @classmethod
    def of_class(cls, ctx): return {{"class": {n}}}
    @staticmethod
    def static(ctx): return {{"static": {n}}}
class Step:
    def execute(self, ctx): return {{"step": {n}}}
"""


def test_methods_and_objects_of_a_class_that_is_defined_again():
    """G9: bound, class and static methods, callables, `execute`; one object stays one object."""
    cells = Cells(AGENT.format(n=1))
    agent = cells.Agent()
    of_class, static = cells.Agent.of_class, cells.Agent.static
    graph = row(a=agent.plan, b=agent, c=of_class, d=static, e=agent.static, f=cells.Step())
    dbg = Debugger(graph)
    assert ran(dbg) == {"plan": 1, "called": 1, "calls": 1, "class": 1, "static": 1, "step": 1}
    cells(AGENT.format(n=2))

    assert ran(dbg) == {"plan": 2, "called": 2, "calls": 2, "class": 2, "static": 2, "step": 2}
    plain = dict(graph.run({}).state)
    assert plain["plan"] == plain["called"] == plain["class"] == plain["step"] == 1
    assert type(agent).plan is not cells.Agent.plan


def test_a_method_that_is_put_into_its_class():
    """G9: `Agent.plan = plan` is the usual way to mend one method."""
    cells = Cells(AGENT.format(n=1))
    dbg = Debugger(only(cells.Agent().plan))
    cells("def plan(self, ctx): return {'plan': 'mended'}\nAgent.plan = plan")

    assert ran(dbg) == {"plan": "mended"}


def test_objects_with_slots_and_with_functions_in_them():
    """G9: attributes of an object come along; a function that it holds is followed by name."""
    cells = Cells(
        "from dataclasses import dataclass\nfrom typing import Any\n"
        "def load(ctx): return {'n': 1}\n"
        "@dataclass(frozen=True, slots=True)\nclass Slots:\n"
        "    n: int\n"
        "    def __call__(self, ctx): return {'slots': self.n}\n"
        "@dataclass\nclass Holds:\n"
        "    run: Any\n"
        "    def execute(self, ctx): return self.run(ctx)\n"
    )
    graph = row(slots=cells.Slots(3), holds=cells.Holds(cells.load))
    dbg = Debugger(graph)
    cells("class Slots:\n    def __call__(self, ctx): return {'slots': -self.n}")
    cells("def load(ctx): return {'n': 2}")

    assert ran(dbg) == {"slots": -3, "n": 2}
