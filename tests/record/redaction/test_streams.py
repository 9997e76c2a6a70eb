"""C13: a key that a stream brings in pieces is stored, shown and exported without any of them."""

from __future__ import annotations

import dataclasses
import json
import random
import re
import sqlite3

import pytest

from lellm_nb import Debugger, GraphBuilder, Redactor, SqliteStore, TextDelta, ThinkingDelta
from lellm_nb import ToolOutput as Output
from lellm_nb.graph.drawing.outline import Outline
from lellm_nb.notebook.model.stream_tails import StreamTails
from lellm_nb.notebook.tabs.output import output_rows
from lellm_nb.record.redaction.streams import without_split_secrets

KEY = "sk-proj-" + "aB3" * 12
PASSWORD = "correct horse battery staple"
PEM = "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEow" * 30 + "\n-----END RSA PRIVATE KEY-----"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\n" + "MIIDdz" * 30 + "\n-----END CERTIFICATE-----"


@dataclasses.dataclass
class Message:
    """A chunk of a class that is not known: it is shown by its text."""

    content: str


SHAPES = {
    "text": str,
    "deltas": TextDelta,
    "thinking": ThinkingDelta,
    "hidden thinking": lambda text: ThinkingDelta(text, redacted=True),
    "tool output": lambda text: Output("call-1", text),
    "dicts": lambda text: {"delta": {"content": text}, "index": 0},
    "lists": lambda text: [{"content": [text]}],
}


def cut(text, seed):
    """A text in pieces of one to nine letters."""
    rng, pieces = random.Random(seed), []
    while text:
        size = rng.randint(1, 9)
        pieces.append(text[:size])
        text = text[size:]
    return pieces


def streamed(chunks, **options):
    """A finished run whose node emitted some chunks."""

    def node(ctx):
        for chunk in chunks:
            ctx.emit(chunk)

    g = GraphBuilder("g").node("llm", node).start("llm").end("llm").build()
    state = {"config": {"password": PASSWORD}}
    dbg = Debugger(g, state, **options)
    assert dbg.run().reason.name == "COMPLETED"
    return dbg


def parts(secret):
    """What of a secret tells something: any eight letters of it."""
    body = secret.strip("-")
    return [body[i : i + 8] for i in range(8, len(body) - 8)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("secret", [KEY, PASSWORD, PEM], ids=["key", "password", "certificate"])
@pytest.mark.parametrize("seed", [1, 2])
def test_no_piece_of_a_secret_is_stored_or_shown(shape, secret, seed, tmp_path):
    """In the file, in the saved file, in the tab, in an export; the words around it stay."""
    chunks = [SHAPES[shape](t) for t in ["before ", *cut(f"it is {secret}", seed), " and after"]]
    redact = Redactor(paths=["config.password"])
    file = tmp_path / "runs.db"
    dbg = streamed(chunks, store=SqliteStore(file, redact=redact), redact=redact)
    rows = json.dumps(output_rows_of(dbg))
    dbg.close()
    bodies = b"".join(row[0] for row in sqlite3.connect(file).execute("select body from frames"))
    again = Debugger.open(file)

    shown = f"{rows}{json.dumps(output_rows_of(again))}"
    kept = bodies.decode() + repr([str(c) for c in again.frames[1].stream])
    for part in parts(secret):
        assert part not in kept
        assert part not in shown
    assert "redacted" in kept
    if shape != "hidden thinking":
        assert "before " in shown
        assert "after" in shown
        assert "redacted" in shown


def output_rows_of(dbg):
    """The output tab of the frame that streamed, as the panel makes it."""
    from lellm_nb.notebook.values.redaction import redacting_for

    with redacting_for(dbg) as mine:
        mine.learn(dbg.frames[0].state)
        return output_rows(dbg.frames[1])


def test_pieces_between_which_something_else_came_are_one_text():
    """Thinking, a call and its output may come between two words of an answer."""
    half = len(KEY) // 2
    chunks = [
        *(TextDelta(f"use {KEY[:half]}"), ThinkingDelta("I see. "), Output("c", f"a {KEY[:9]}")),
        *(TextDelta(KEY[half:]), Output("d", "other "), Output("c", f"{KEY[9:]} b")),
    ]
    rows = output_rows(streamed(chunks).frames[1])

    for part in parts(KEY):
        assert part not in rows["stream"]
    assert "I see. " in rows["stream"]
    assert rows["stream"].count("[redacted: OpenAI key]") == 2


def test_what_has_no_secret_in_pieces_is_the_same_object():
    forms = [["a"], {"chunk": "TextDelta", "has": ["b"]}, [{"x": [1, None]}], [KEY]]

    made = without_split_secrets(forms, Redactor())

    assert all(one is other for one, other in zip(made, forms, strict=True))


@pytest.mark.parametrize("shape", [s for s in SHAPES if s != "hidden thinking"])
@pytest.mark.parametrize("secret", [KEY, PASSWORD, PEM], ids=["key", "password", "certificate"])
@pytest.mark.parametrize("seed", range(4))
def test_no_piece_of_a_secret_is_told_live(shape, secret, seed):
    """f16: however it is cut; what comes after it is told."""
    text = f"first words, then {secret}\nand here it goes on with other words and more "
    told, chunks = "", []
    dbg = streamed([], redact=Redactor(paths=["config.password"]))
    dbg.redact.apply(dict(dbg.state))
    tails = StreamTails(Outline("g", by_path={"llm": 0}), dbg)
    for piece in cut(text, seed):
        chunks.append(SHAPES[shape](piece))
        for _number, anew, words in tails.news({"llm": chunks}):
            told = words if anew else told + words

    for part in parts(secret):
        assert part not in told
    if shape in ("text", "deltas", "thinking", "tool output"):
        # the first letters of a key tell nothing yet
        assert re.match(r"first words, then .{0,2}\[redacted", told)
        assert "and here it goes on with other words and more" in told
    assert "redacted" in told


@pytest.mark.parametrize(
    "block",
    [
        CERTIFICATE,
        "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
        "-----BEGIN nothing that ends",
        "-----BEGIN",
        PEM,
        "-----BEGIN PRIVATE KEY-----" + "MIIEow\n" * 4_000,
    ],
    ids=["certificate", "public", "lower", "cut", "private", "endless"],
)
def test_after_a_block_the_stream_goes_on(block):
    """f16: nothing is withheld for good, also not behind a key that never ends."""
    told, chunks = "", []
    tails = StreamTails(Outline("g", by_path={"llm": 0}))
    for piece in [*cut(f"see {block}", 1), "\n", *["then more words. "] * 20]:
        chunks.append(piece)
        for _number, anew, words in tails.news({"llm": chunks}):
            told = words if anew else told + words

    assert told.count("then more words.") >= 19
    assert told.startswith("see ")
    assert "PRIVATE" not in told
    assert told.count("MIIEow") <= 1_800  # nobody's key is so long: what goes on is no more of it
