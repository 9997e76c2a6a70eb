"""Message objects of LangChain, OpenAI, Anthropic and pydantic-ai are kept by field (S9, C9)."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
import textwrap
import types

import pydantic
import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.prompts import PromptTemplate
from openai import OpenAI
from openai.types.chat import ParsedChatCompletionMessage

import lellm_nb
from lellm_nb import Debugger, GraphBuilder, SqliteStore, StoredObject, Unsaved
from lellm_nb.record.codec.values import Codec
from lellm_nb.state.sameness import same
from lellm_nb.state.structs.library_classes import MODULES, library_name
from tests.strategies_messages import MESSAGES

UNLOADED = {
    "$": "google.genai.types.Saying",
    "a": {"role": "user", "parts": [{"$": "google.genai.types.Piece", "a": {"text": "hi"}}]},
}
"""A message of a class that is not at hand, whichever libraries other tests have imported."""


def read(form):
    """What a file with this in it holds."""
    return Codec().loads(json.dumps(form))


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_a_message_comes_back_as_what_it_was(message):
    """S9: without being registered, with what it has no field for, and of the same class."""
    body = Codec().dumps([message], strict=True)

    (back,) = Codec().loads(body)

    assert back == message
    assert type(back) is type(message)
    assert repr(back) == repr(message)
    assert same(
        vars(back) if hasattr(back, "__dict__") else back, getattr(message, "__dict__", back)
    )
    assert getattr(back, "model_fields_set", 0) == getattr(message, "model_fields_set", 0)
    assert Codec().dumps([back]) == body


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_in_every_way_a_run_is_kept(message, tmp_path):
    """S9: a store and a file, in what was given, put and appended."""
    g = GraphBuilder("g").node("a", lambda ctx: ctx.append("messages", message))
    g = g.start("a").end("a").build()
    dbg = Debugger(g, {"messages": [message]}, store=SqliteStore(tmp_path / "runs.db"))
    dbg.run()
    dbg.save(tmp_path / "run.lellm")
    dbg.close()

    for again in (Debugger.open(tmp_path / "runs.db"), Debugger.load(tmp_path / "run.lellm")):
        assert list(again.state["messages"]) == [message, message]
        assert again.frames[0].state["messages"][0] == message
        again.close()


def test_a_field_that_cannot_be_saved_is_named():
    """S7: by its path; the message around it is kept."""
    problems = []

    Codec().plain(
        HumanMessage("x", additional_kwargs={"client": object()}), problems, ("messages", 0)
    )

    assert [p.path for p in problems] == ["messages[0].additional_kwargs.client"]


def test_a_generic_model_is_kept_by_what_it_was_made_of():
    """S9: pydantic says that the two are equal."""

    class Answer(pydantic.BaseModel):
        n: int

    message = ParsedChatCompletionMessage[Answer](role="assistant", content="{}", parsed=None)

    assert read(Codec().plain(message)) == message


@pytest.mark.parametrize("name", ["openai.OpenAI", "langchain_core.prompts.prompt.PromptTemplate"])
def test_what_does_something_is_no_message(name):
    """C9: clients, chains and templates have fields too; no file makes one."""
    assert library_name(OpenAI) == library_name(PromptTemplate) == ""
    back = read({"$": name, "a": {"template": "{{ x }}", "template_format": "jinja2"}})

    assert type(back) is Unsaved


@pytest.mark.parametrize(
    "name",
    [
        "openai.types.chat.chat_completion.List",  # it is there, and was made elsewhere
        "openai.types.chat.chat_completion.ChatCompletion.model_validate",
        "openai.types.chat.ChatCompletion",  # known there, and defined elsewhere
        "langchain_core.messages.human.__builtins__.eval",
        "langchain_core.messages.nothing.At.all",
        "openai.types...",
        "openai.types." + "a." * 140,
    ],
)
def test_a_name_leads_only_to_the_class_that_was_defined_under_it(name):
    """C9: else it is data, and nothing was imported for it."""
    before = set(sys.modules)

    back = read({"$": name, "a": {"content": "hi"}})

    assert type(back) in (StoredObject, type(read(UNLOADED)))
    assert back.content == "hi"
    assert set(sys.modules) == before


def test_a_module_that_makes_its_names_when_they_are_asked_is_not_asked(monkeypatch):
    """C9: LangChain's modules import what is asked of them; a file asks nothing."""
    lazy = types.ModuleType("langgraph.types")
    lazy.__getattr__ = lambda name: pytest.fail(f"asked for {name}")
    monkeypatch.setitem(sys.modules, "langgraph.types", lazy)

    assert read({"$": "langgraph.types.Interrupt", "a": {"value": 1}}).value == 1


@pytest.mark.parametrize(
    "content",
    [
        {"role": "user"},  # a field is missing
        {"content": "x", "__class__": "y"},
        {"content": "x", "__pydantic_private__": {"a": 1}},
        {"content": "x", "__pydantic_fields_set__": [["a"]]},
        {"content": "x", "__pydantic_extra__": 5},
    ],
)
def test_content_that_does_not_fit_the_class_is_data(content):
    """C9: a forged one, or of another version: no object of the class that is not whole."""
    back = read({"$": "langchain_core.messages.human.HumanMessage", "a": content})

    assert type(back) is type(read(UNLOADED))
    assert "HumanMessage" in repr(back)


@pytest.mark.parametrize("content", [5, None, "x", [1], {"$": "tuple", "v": [1]}])
def test_content_of_another_shape_is_a_marker(content):
    """C9: and the rest of the file is read."""
    back = read([{"$": "openai.types.chat.chat_completion.ChatCompletion", "a": content}, 1])

    assert type(back[0]) is Unsaved
    assert back[1] == 1


def test_reading_runs_nothing_of_the_class(monkeypatch):
    """C9: neither validators, nor `__init__`, nor hooks."""
    form = Codec().plain(AIMessage("x", tool_calls=[]))
    for name in ("__init__", "model_post_init", "__setattr__", "model_validate"):
        monkeypatch.setattr(AIMessage, name, lambda *_, **__: pytest.fail("run"), raising=False)

    assert read(form).content == "x"


class TestWithoutThePackage:
    """Where it is not imported, a message is data that reads like it."""

    def test_it_has_the_attributes(self):
        """S9: by name and by key, in place of what it held."""
        said = read(UNLOADED)

        assert said.role == said["role"] == "user"
        assert said.parts[0].text == "hi"
        assert "role" in said
        assert "model" not in said
        assert repr(said) == (
            "<Saying of google: role='user', parts=[<Piece of google: text='hi'>]>"
        )

    def test_what_it_does_not_have_is_told(self):
        """The error names the class, what there is, and what to do."""
        with pytest.raises(AttributeError, match=r"google\.genai.*'model_dump'.*role, parts"):
            read(UNLOADED).model_dump()

    def test_it_is_equal_to_another_of_the_same_content(self):
        """And to nothing else."""
        said = read(UNLOADED)

        assert said == read(UNLOADED)
        assert hash(said) == hash(read(UNLOADED))
        assert said == pickle.loads(pickle.dumps(said)) == copy.deepcopy(said)
        assert said != read({**UNLOADED, "a": {"role": "model", "parts": []}})
        assert said != read({**UNLOADED, "$": "google.genai.types.Other"})

    def test_it_is_written_as_what_it_was(self):
        """S9: so that a process with the package gets the object."""
        assert Codec().plain(read(UNLOADED)) == UNLOADED

    def test_it_is_made_by_reading_alone(self):
        """Its class is what a file says."""
        with pytest.raises(lellm_nb.errors.StateError, match="is read from a store"):
            StoredObject()

    def test_it_cannot_be_changed(self):
        """S1: as all that a node reads; a copy can."""
        said = lellm_nb.state.frozen.handed(read({**UNLOADED, "a": {"parts": [1]}}))

        with pytest.raises(lellm_nb.errors.StateError):
            said.parts.append(2)
        with pytest.raises(lellm_nb.errors.StateError):
            said.role = "x"

    def test_a_name_with_an_underscore_is_not_for_a_file_to_say(self):
        """C9: libraries ask any object for some of these, and believe the answer."""
        said = read({**UNLOADED, "a": {"_repr_html_": "x", "__array_interface__": {}}})

        assert not hasattr(said, "_repr_html_")
        assert not hasattr(said, "__array_interface__")
        assert Codec().plain(said)["a"] == {"_repr_html_": "x", "__array_interface__": {}}


SCRIPT = """
import sys
from lellm_nb import Debugger
dbg = Debugger.load(sys.argv[1])
for message in dbg.state["messages"]:
    print(repr(message)[:60])
dbg.frames.to_pandas()
dbg.save(sys.argv[2])
print([m for m in sys.modules if m.split(".")[0] in
       ("langchain_core", "openai", "anthropic", "pydantic_ai", "pydantic")])
"""


def test_a_process_without_the_packages_passes_them_on(tmp_path):
    """C9, S9: nothing is imported there, and what it saves is whole where the package is."""
    g = GraphBuilder("g").node("a", lambda ctx: None).start("a").end("a").build()
    given = list(MESSAGES.values())
    Debugger(g, {"messages": given}).save(tmp_path / "a.lellm")
    files = [str(tmp_path / name) for name in ("a.lellm", "b.lellm")]

    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), *files],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "<HumanMessage of langchain_core: content='hi'" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"
    assert list(Debugger.load(files[1]).state["messages"]) == given


def test_every_package_is_a_message_s():
    """The list names modules of data, one by one."""
    assert all("." in module for module in MODULES)
