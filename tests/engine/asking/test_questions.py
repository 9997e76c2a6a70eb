"""Barriers that ask: what is an answer, where it goes, and what becomes of anything else."""

from __future__ import annotations

import dataclasses
import enum

import pydantic
import pytest

from lellm_nb import (
    Answer,
    Approve,
    ChannelBarrierSink,
    Debugger,
    GraphBuilder,
    MockBarrierSink,
    Modify,
    NoopBarrierSink,
    Put,
    Question,
    Redactor,
    Reject,
    Reroute,
    StopReason,
    TimedOut,
    typed_state,
)
from lellm_nb.errors import QuestionError


class Way(enum.Enum):
    CARD = "card"
    CASH = "cash"


@dataclasses.dataclass
class To:
    iban: str


@dataclasses.dataclass
class Refund:
    amount: float
    way: Way = Way.CARD
    to: To | None = None

    def __post_init__(self):
        if self.amount < 0:
            raise ValueError("an amount is not negative")


class Model(pydantic.BaseModel):
    n: int
    why: str = "none"


SCHEMA = {
    "type": "object",
    "properties": {"n": {"type": "integer", "minimum": 1}, "tags": {"items": {"type": "string"}}},
    "required": ["n"],
}


def asking(ask, *, reject="ship", **options):
    """Return a graph that asks, and goes to `ship` or, rejected, where it is said."""
    g = (
        GraphBuilder("asking")
        .node("draft", lambda ctx: {"n": 1})
        .barrier("ask", ask=ask, **options)
    )
    g.node("ship", lambda ctx: {"shipped": True}).node("no", lambda ctx: None)
    g.edge("draft", "ask").edge_on("ask", "ship", "approve").edge_on("ask", reject, "reject")
    return g.edge("ask", "no").edge("ship", "no").start("draft").end("no").build()


def standing(ask, **options):
    """Return a debugger that waits at a question."""
    dbg = Debugger(asking(ask, **options))
    assert dbg.run().reason is StopReason.BARRIER
    return dbg


CHOICE = Question("Ship it?", choices=["now", "later"])


# -- answers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "given", "put"),
    [
        (Question("?"), "anything", "anything"),
        (Question("?"), {"a": [1, None]}, {"a": [1, None]}),
        (CHOICE, "now", "now"),
        (Question("?", choices={1: "one", 2: "two"}), 2, 2),
        (Question("?", form=Refund), {"amount": 3}, {"amount": 3, "way": "card", "to": None}),
        (
            Question("?", form=Refund),
            Refund(2.5, Way.CASH, To("DE1")),
            {"amount": 2.5, "way": "cash", "to": {"iban": "DE1"}},
        ),
        (
            Question("?", form=Refund),
            {"amount": 1, "way": "cash", "to": {"iban": "DE1"}},
            {"amount": 1, "way": "cash", "to": {"iban": "DE1"}},
        ),
        (Question("?", form=Model), {"n": 3}, {"n": 3, "why": "none"}),
        (Question("?", form=Model), Model(n=4), {"n": 4, "why": "none"}),
        (Question("?", form=SCHEMA), {"n": 1, "tags": ["a"]}, {"n": 1, "tags": ["a"]}),
    ],
)
def test_an_answer_is_put_as_plain_data_and_approves(ask, given, put):
    """B8: a mapping for a form, with its defaults; G8: it goes by the edge of an approval."""
    dbg = standing(ask)
    frame = dbg.answer(given).frame

    assert frame.state["ask.answer"] == put
    assert frame.state["ask.approved"] is True
    assert frame.next_node == "ship"
    assert frame.mutations[0] == Put("ask.answer", put)
    assert frame.decision.decision == Answer(put)
    assert (frame.decision.effective, frame.decision.by) == (put, dbg.user)
    assert dbg.run().reason is StopReason.COMPLETED


@pytest.mark.parametrize(
    ("ask", "given", "at", "said"),
    [
        (Question("?"), object(), (), "it is an object, and no text or JSON value"),
        (Question("?"), {"a": [{1}, object()]}, (), r"a\[1\] is an object"),
        (Question("?"), {1: 2}, (), "has keys that are no text"),
        (CHOICE, "never", (), "it is one of 'now', 'later'"),
        (Question("?", choices=[1]), True, (), "it is one of 1"),
        (Question("?", form=Refund), {}, ("amount",), "amount is needed: a number"),
        (Question("?", form=Refund), 3, (), "it takes an object, not a whole number"),
        (Question("?", form=Refund), {"amount": "3"}, ("amount",), "takes a number, not text"),
        (Question("?", form=Refund), {"amount": -1}, (), "an amount is not negative"),
        (Question("?", form=Refund), {"amount": 1, "wya": "x"}, ("wya",), "Did you mean 'way'"),
        (Question("?", form=Refund), {"amount": 1, "way": "x"}, ("way",), "'card', 'cash', not"),
        (
            Question("?", form=Refund),
            {"amount": 1, "to": {"iban": 3}},
            ("to", "iban"),
            "takes text",
        ),
        (Question("?", form=Model), {"n": "x"}, ("n",), "valid integer"),
        (Question("?", form=Model), {}, ("n",), "Field required"),
        (Question("?", form=Model), 3, (), "object"),
        (Question("?", form=SCHEMA), {"n": 0}, ("n",), "n is at least 1"),
        (Question("?", form=SCHEMA), {"n": 1, "tags": ["a", 2]}, ("tags", 1), "takes text"),
    ],
)
def test_what_is_no_answer_is_refused_and_nothing_is_lost(ask, given, at, said):
    """B8: the error names the field and what was expected; the barrier goes on waiting."""
    dbg = standing(ask)
    with pytest.raises(QuestionError, match=said) as caught:
        dbg.answer(given)

    assert (caught.value.barrier_id, caught.value.at) == ("ask#0", at)
    assert [one.id for one in dbg.pending] == ["ask#0"]
    assert len(dbg.frames) == 3


def test_a_yes_is_no_answer_and_an_answer_is_no_yes():
    """B8: `approve()` at a question names `answer`, as `answer()` at a plain barrier `approve`."""
    dbg, plain = standing(CHOICE), standing(None)

    for refused in (dbg.approve, lambda: dbg.preview(Approve())):
        with pytest.raises(QuestionError, match=r"answer\(value\)"):
            refused()
    for refused in (lambda: plain.answer("x"), lambda: plain.preview(Answer("x"))):
        with pytest.raises(QuestionError, match=r"asks nothing: approve\(\)"):
            refused()
    assert dbg.status_line.startswith("waiting")
    assert plain.status_line.startswith("waiting")


@pytest.mark.parametrize(
    ("decision", "state", "following"),
    [
        (Reject("no"), {"ask.reject_reason": "no"}, "no"),
        (Modify("n", 2), {"n": 2, "ask.approved": True}, "ship"),
        (Reroute("draft"), {}, "draft"),
    ],
)
def test_other_decisions_work_at_a_question_as_anywhere(decision, state, following):
    """B3, B8: none of them needs an answer, and none puts one."""
    graph = asking(CHOICE, reject="no")
    dbg = Debugger(graph)
    dbg.run()
    would = dbg.preview(decision)
    words = {"reject": ("reason",), "modify": ("key", "value"), "reroute": ("target",)}
    given = [getattr(decision, name) for name in words[decision.word]]
    frame = getattr(dbg, decision.word)(*given).frame

    assert frame.state == {"n": 1, **state}
    assert frame.next_node == would.next_node == following


def test_a_preview_of_an_answer_says_what_it_would_write():
    """B8: as it would be put."""
    would = standing(Question("?", form=Model)).preview(Answer({"n": 2}))

    assert [change.path for change in would.diff] == [("ask.answer",), ("ask.approved",)]
    assert would.next_node == "ship"


def test_what_waits_says_what_it_asks_and_shows():
    """B8: the text, the choices or the schema, and the values that the barrier shows."""
    graph = GraphBuilder("g").barrier("ask", ask=CHOICE, show=["n", ("m", "k"), "gone"])
    dbg = Debugger(graph.start("ask").end("ask").build(), {"n": 1, "m": {"k": [2]}, "x": 3})
    one = dbg.run().pending[0]

    assert (one.kind, one.question, one.choices) == ("question", "Ship it?", ("now", "later"))
    assert one.schema == {"enum": ["now", "later"]}
    assert one.shown == {"n": 1, "m.k": [2]}
    plain = standing(None, show="n").pending[0]
    assert (plain.kind, plain.question, plain.schema, plain.shown) == (
        *("barrier", None, None),
        {"n": 1},
    )


def test_what_waits_says_in_a_line_what_it_asks():
    """B8: with the choices; what is secret stays out, as everywhere."""
    secret = "sk-" + "a1" * 16
    asked = Question(f"Ship {secret} to Ada Lovelace?", choices=["now", "later"])
    dbg = Debugger(asking(asked), {"who": "Ada Lovelace"}, redact=Redactor(paths=["who"]))
    one = dbg.run().pending[0]

    assert str(one).startswith("ask#0: Ship [redacted")
    assert str(one).endswith("? ('now', 'later')")
    for said in (str(one), repr(one), str(dbg.pending)):
        assert secret not in said
        assert "Lovelace" not in said
    assert str(standing(None).pending[0]) == "ask#0"


# -- sinks -----------------------------------------------------------------------------------


def test_a_sink_answers():
    """B8: by `Answer`, once it fits; B9: what does not is asked for again."""
    sink = MockBarrierSink([Answer("never"), Approve(), Answer("now")])
    state = asking(CHOICE).run({}, barrier=sink).state

    assert sink.asked == ["ask#0"] * 3
    assert state["ask.answer"] == "now"
    channel = ChannelBarrierSink()
    channel.decide("ask#0", Answer("later"))
    assert asking(CHOICE).run({}, barrier=channel).state["ask.answer"] == "later"


def test_a_sink_may_be_given_the_question():
    """B8: one that has `wait_answer` is asked by that, with what is asked and shown."""
    seen = []

    class Sink(MockBarrierSink):
        async def wait_answer(self, barrier_id, timeout, question, shown):
            seen.append((barrier_id, timeout, question, shown))
            return await self.wait_decision(barrier_id, timeout)

    graph = asking(CHOICE, timeout=5, show=["n"])
    graph.run({}, barrier=Sink([Answer("now")]))

    assert seen == [("ask#0", 5, CHOICE, {"n": 1})]


@pytest.mark.parametrize(
    ("sink", "said"), [(None, "no barrier sink"), (NoopBarrierSink(), "answer")]
)
@pytest.mark.filterwarnings("error")
def test_nobody_answers_by_itself(sink, said):
    """B6, B8: without a sink, or with one that only approves, the run ends with the refusal."""
    with pytest.raises(QuestionError, match=said):
        asking(CHOICE).run({}, barrier=sink)


def test_a_question_whose_time_is_up_is_rejected():
    """B4, B8: there is no answer that could stand for a yes."""

    class Late:
        async def wait_decision(self, barrier_id, timeout):
            return TimedOut()

    graph = asking(CHOICE, reject="no", timeout=1)
    assert graph.run({}, barrier=Late()).state == {"n": 1, "ask.reject_reason": "timeout"}


# -- everywhere ------------------------------------------------------------------------------


def nested():
    inner = asking(Question("?", form=Model))
    g = GraphBuilder("outer").subgraph("one", inner, lens="a").subgraph("two", inner, lens="b")
    return g.edge("one", "two").start("one").end("two").build()


def test_a_question_inside_writes_under_its_own_level():
    """N4, B8: a graph that is used twice has two answers."""
    dbg = Debugger(nested(), {"a": {}, "b": {}})
    dbg.run()
    dbg.answer({"n": 1}, then_run=True)
    dbg.answer({"n": 2}, then_run=True)

    assert [dbg.state[key]["ask.answer"]["n"] for key in "ab"] == [1, 2]


def test_branches_answer_alone_and_agree_where_they_are_joined():
    """B5, N4: one rejection stands for all, else the first answer; it is no conflict."""
    inner = GraphBuilder("in").barrier("ask", ask=CHOICE).start("ask").end("ask").build()
    g = GraphBuilder("par").parallel("par", {"l": inner, "r": inner, "s": inner})
    graph = g.start("par").end("par").build()
    dbg = Debugger(graph)
    dbg.run()
    dbg.answer("later", "par/r/ask#0")
    dbg.answer("now", "par/l/ask#0")
    apart = dbg.fork()
    dbg.answer("now", "par/s/ask#0", then_run=True)
    apart.reject("no", "par/s/ask#0", then_run=True)

    assert dbg.state == {"ask.answer": "now", "ask.approved": True}
    assert apart.state == {"ask.reject_reason": "no"}


def test_a_rewound_question_waits_under_the_same_id_and_a_fork_answers_for_itself():
    """B2, B8: a run is stepped to its question as it is run to it; the past stays."""
    dbg = Debugger(asking(CHOICE))
    assert [dbg.step().frame.kind for _ in range(2)] == ["commit", "waiting"]
    dbg.answer("now", then_run=True)
    dbg.rewind(2)

    assert [one.id for one in dbg.pending] == ["ask#0"]
    fork = dbg.fork(name="other")
    fork.answer("later", then_run=True)
    assert fork.state["ask.answer"] == "later"
    assert dbg.frames[-1].state["ask.answer"] == "now"


def test_a_recorded_answer_is_given_again():
    """R10, B8: as it was put, and without anybody who answers."""
    dbg = standing(Question("?", form=Refund))
    dbg.answer(Refund(2.0), then_run=True)
    then = dict(dbg.state)
    for node in ("draft", "ask", "ship", "no"):
        dbg.mode(node, "recorded")
    dbg.rewind(0)

    assert dbg.run().reason is StopReason.COMPLETED
    assert dbg.state == then


def test_a_stored_question_is_asked_again(tmp_path):
    """B8: opened without its graph it says what it asks; with it, it takes the answer."""
    path = tmp_path / "runs.db"
    graph = asking(Question("How?", choices={"a": "A", "b": "B"}), show=["n"])
    Debugger(graph, store=path).run()
    looked = Debugger.open(path).pending[0]

    assert (looked.kind, looked.question, looked.choices) == ("question", "How?", ("a", "b"))
    assert (looked.schema, looked.shown) == (graph.nodes["ask"].ask.schema, {"n": 1})
    again = Debugger.open(path, graph=graph)
    with pytest.raises(QuestionError):
        again.answer("c")
    again.answer("a", then_run=True)
    again.close()
    read = Debugger.open(path)
    assert read.frames[3].decision.decision == Answer("a")
    assert read.state["ask.answer"] == "a"


def test_a_typed_state_without_the_field_keeps_the_answer_in_its_frame():
    """B8: the write is left out, the decision stands, and its edge is taken."""

    @typed_state
    @dataclasses.dataclass
    class S:
        n: int = 0

    dbg = Debugger(asking(CHOICE), S())
    dbg.run()
    frame = dbg.answer("later").frame

    assert (frame.mutations, frame.next_node) == ((), "ship")
    assert frame.decision.decision == Answer("later")


def test_an_answer_is_told_by_a_stream():
    """B7: the event of a decision has the answer, as it was put."""
    import asyncio

    async def go():
        execution = asking(Question("?", form=Model)).execute_stream({})
        execution.handle.decide("ask#0", Answer({"n": 1}))
        return [e async for e in execution.events if type(e).__name__ == "BarrierResolved"]

    (told,) = asyncio.run(go())
    assert told.decision == Answer({"n": 1, "why": "none"})
