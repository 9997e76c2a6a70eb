"""Message objects in a state are looked into, followed and told of by their fields (S8, C13)."""

from __future__ import annotations

import ast

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from openai.types.chat import ChatCompletionMessage

from lellm_nb import Debugger, GraphBuilder, Redactor, SqliteStore
from lellm_nb.notebook.values.redaction import redacting_for
from lellm_nb.notebook.values.value_rows import children, inside, keys_at
from lellm_nb.state.containers.fingerprint import fingerprint
from tests.strategies_messages import MESSAGES

SECRET = "sk-" + "a1" * 16


def run(node, state, **options):
    """A debugger that ran one node."""
    graph = GraphBuilder("g").node("a", node).start("a").end("a").build()
    dbg = Debugger(graph, state, **options)
    dbg.stopped = dbg.run()
    return dbg


def reply(ctx):
    """Answer, and change what was said."""
    first = ctx.state["messages"][0].model_copy(update={"content": "changed"})
    ctx.put(("messages", 0), first)
    ctx.append("messages", AIMessage("hello"))


@pytest.fixture(params=["run", "reopened"])
def dbg(request, tmp_path):
    """A run as it is, and as it is read again."""
    made = run(reply, {"messages": [HumanMessage("hi")]})
    if request.param == "run":
        return made
    made.save(tmp_path / "run.lellm")
    return Debugger.load(tmp_path / "run.lellm")


def test_a_difference_is_of_a_field(dbg):
    """The path leads into the message."""
    changes = {change.path: change for change in dbg.diff(0, 1)}

    assert changes["messages", 0, "content"].new == "changed"
    assert changes["messages", 1].kind == "added"


def test_who_wrote_a_field(dbg):
    """By path, as of any value."""
    assert "frame 1 a" in str(dbg.who("messages[0].content"))
    assert list(dbg.history("messages[0].content")["new"]) == ["changed"]


def test_a_table_has_them(dbg):
    """Of the frames, and of one state."""
    assert len(dbg.frames.to_pandas()) == 2
    assert "hello" in str(dbg.frames[1].to_pandas()["value"][0])


def test_a_row_opens_into_its_fields(dbg):
    """In the panel: by name, each with its type."""
    state = {"messages": dbg.state["messages"]}

    rows = children(inside(state, [0, 0]))["rows"]

    assert [row["key"] for row in rows][:2] == ["content", "additional_kwargs"]
    assert rows[0]["text"] == "changed"
    assert keys_at(state, [0, 0, 0]) == ("messages", 0, "content")


def test_a_written_test_names_them(dbg):
    """What has no source text is named, and the test is skipped."""
    text = dbg.to_test(1)

    ast.parse(text)
    assert "messages[0] is HumanMessage" in text


def test_a_field_can_be_put_by_its_path():
    """S3: the message is another one, and frames before have the old."""
    dbg = run(
        lambda ctx: ctx.put(("messages", 0, "content"), "b"), {"messages": [HumanMessage("a")]}
    )

    assert dbg.state["messages"][0] == HumanMessage("b")
    assert dbg.frames[0].state["messages"][0] == HumanMessage("a")


def _set_field(message):
    message.content = "x"


def _set_extra(message):
    message.sent_by = "x"


def _inside_a_field(message):
    message.additional_kwargs["x"] = 1


@pytest.mark.parametrize("change", [_set_field, _set_extra, _inside_a_field])
def test_a_change_in_place_is_told(change):
    """S8: also in what the class has no field for; nothing is committed."""
    message = HumanMessage("hi", sent_by="me")

    dbg = run(lambda ctx: change(ctx.state["messages"][0]), {"messages": [message]})

    assert dbg.stopped.reason.name == "FAILED"
    assert "'messages[0]' was changed in place" in str(dbg.stopped.error)
    assert dbg.frames[0].opaque == [("messages", 0)]


def test_what_a_client_adds_is_seen():
    """S8: OpenAI's models take fields that they do not declare."""
    message = ChatCompletionMessage.construct(role="assistant", content="a", reasoning="b")
    before = fingerprint(message)

    message.reasoning = "c"

    assert fingerprint(message) != before


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_a_look_changes_nothing(message):
    """S8: what a class works out when it is asked is no change."""
    before = fingerprint(message)
    repr(message)
    for name in dir(message):
        if name in ("text", "pretty_repr", "content_blocks", "output_text", "model_fields_set"):
            getattr(message, name)

    assert fingerprint(message) == before


class TestSecrets:
    """C13: in a message as anywhere else."""

    def kept(self, tmp_path, **options):
        """All that a store and a file have of a run, and the run reopened."""
        state = {"messages": [HumanMessage(f"my key is {SECRET}", id="pin-4711")]}
        store = SqliteStore(tmp_path / "runs.db", **options)
        dbg = run(reply, state, store=store, **options)
        dbg.close()
        body = b"".join(f.read_bytes() for f in tmp_path.iterdir())
        return body, Debugger.open(tmp_path / "runs.db")

    def test_a_key_in_the_text_of_a_message(self, tmp_path):
        """Is taken out of it, and the message stays one."""
        body, again = self.kept(tmp_path)

        assert SECRET.encode() not in body
        message = again.frames[0].state["messages"][0]
        assert type(message) is HumanMessage
        assert str(message.content) == "my key is [redacted: OpenAI key]"
        assert message.id == "pin-4711"

    def test_a_field_by_its_path(self, tmp_path):
        """As the product writes paths."""
        body, again = self.kept(tmp_path, redact=Redactor(paths=["messages[*].id"]))

        assert b"pin-4711" not in body
        message = again.frames[0].state["messages"][0]
        assert str(message.id) == "[redacted]"

    def test_in_the_rows_of_the_panel(self):
        """By place and by looks."""
        dbg = run(
            reply,
            {"messages": [HumanMessage(f"key {SECRET}", id="pin-4711")]},
            redact=Redactor(paths=["messages[0].id"]),
        )
        with redacting_for(dbg):
            state = dbg.frames[0].state
            message = state["messages"][0]
            told = str(children(state)) + str(children(message, path=("messages", 0)))
            told += str(children(state["messages"], path=("messages",)))

        assert SECRET not in told
        assert "pin-4711" not in told
        assert "[redacted: OpenAI key]" in told

    def test_the_object_of_the_user_keeps_them(self):
        """Only what is written and shown is without."""
        message = HumanMessage(f"key {SECRET}")

        redacted = Redactor().apply(message)

        assert str(redacted.content) == "key [redacted: OpenAI key]"
        assert message.content == f"key {SECRET}"
