"""LangGraph runs for tests in the browser, and pictures of the panel that shows them.

python -m tests.browser.langgraph.states /tmp/shots [name …] [light | dark] [1400 | 900 | 390]
"""

from __future__ import annotations

import sys

from playwright.sync_api import Locator, expect

from tests.browser.harness.notebook_page import Notebook
from tests.browser.harness.servers import ROOT
from tests.browser.screenshots_states import State, completed, take_at_widths

SETUP = (
    f"import sys; sys.path.insert(0, {str(ROOT)!r})"
    + """
import operator
from typing import Annotated, Literal, TypedDict
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
import json
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.tools import tool
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Send, interrupt
from pydantic import BaseModel, Field
from lellm_nb import Debugger
from tests.adapters.langgraph.models import Typing, by_tools, call

ran = []

class Speaking(Typing):
    \"\"\"Says its words one by one, and then what it calls.\"\"\"

    def _stream(self, messages, stop=None, run_manager=None, **more):
        yield from super()._stream(messages, stop, run_manager, **more)
        said = self.script(messages)
        calls = [{"name": one["name"], "args": json.dumps(one["args"]), "id": one["id"], "index": n}
                 for n, one in enumerate(said.tool_calls)]
        yield ChatGenerationChunk(message=AIMessageChunk("", id=said.id, tool_call_chunks=calls))

@tool
def lookup_order(order_id: str) -> str:
    \"\"\"Look an order up.\"\"\"
    ran.append(("lookup_order", order_id))
    return f"Order {order_id}: one otter, 42 EUR"

@tool
def refund(order_id: str, amount: int, reason: str = "") -> str:
    \"\"\"Refund an order.\"\"\"
    ran.append(("refund", amount))
    return f"refunded {amount} EUR of {order_id}"

@tool
def send_mail(to: str, text: str) -> str:
    \"\"\"Send a mail.\"\"\"
    ran.append(("send_mail", to))
    return f"sent to {to}"

BOTH = [call("refund", "t2", order_id="A-17", amount=42, reason="broken on arrival"),
        call("send_mail", "t3", to="ann@example.com", text="Your refund of 42 EUR is on its way.")]

def agent(**options):
    says = by_tools(
        AIMessage("Let me look at that order.", id="ai1",
                  tool_calls=[call("lookup_order", "t1", order_id="A-17")]),
        AIMessage("It can be refunded. I will refund it and write to the customer.", id="ai2",
                  tool_calls=BOTH),
        AIMessage("Done: the refund is on its way, and the customer knows.", id="ai3"))
    asks = HumanInTheLoopMiddleware(interrupt_on={
        "refund": True, "send_mail": {"allowed_decisions": ["approve", "reject"]}}, **options)
    made = create_agent(Speaking(script=says), tools=[lookup_order, refund, send_mail],
                        middleware=[asks], name="support")
    return Debugger(made, {"messages": [HumanMessage("refund order A-17", id="h1")]})

class Review(BaseModel):
    verdict: Literal["accept", "revise", "drop"] = Field(description="What becomes of the draft")
    stars: int
    note: str = Field(default="", description="For the author")
    urgent: bool = False
    tags: list[str] = []

class Draft(TypedDict, total=False):
    draft: str
    review: dict
    log: Annotated[list, operator.add]

def form():
    def review(state):
        ask = {"question": "What becomes of this draft?", "draft": state["draft"]}
        return {"review": interrupt(ask, response_schema=Review).model_dump(), "log": ["review"]}
    g = StateGraph(Draft).add_node("review", review)
    words = "Otters hold hands while they sleep.\\n" * 4
    g.add_node("write", lambda s: {"draft": words, "log": ["write"]})
    g.add_node("publish", lambda s: {"log": ["publish"]})
    g.add_edge(START, "write").add_edge("write", "review").add_edge("review", "publish")
    return Debugger(g.compile(), {"log": []})

def plain(question="Ship it?"):
    def ask(state):
        return {"draft": str(interrupt(question)), "log": ["ask"]}
    g = StateGraph(Draft).add_node("ask", ask).add_node("end", lambda s: {"log": ["end"]})
    return Debugger(g.add_edge(START, "ask").add_edge("ask", "end").compile(), {"log": []})

def paused():
    g = StateGraph(Draft)
    for name in "abc":
        g.add_node(name, lambda s, name=name: {"log": [name]})
    g.add_edge(START, "a").add_edge("a", "b").add_edge("b", "c")
    return Debugger(g.compile(interrupt_before=["b"], interrupt_after=["b"]), {"log": []})

def handoff():
    def triage(s):
        return Command(goto="billing" if s.get("draft") else "sales", update={"log": ["triage"]})
    g = StateGraph(Draft).add_node("triage", triage).add_edge(START, "triage")
    for name in ("sales", "billing"):
        g.add_node(name, lambda s, name=name: {"log": [name]})
    return Debugger(g.compile(), {"log": [], "draft": "invoice"})

def two():
    def ask(s):
        return {"notes": [f"{s['topic']}: {interrupt('keep ' + s['topic'] + '?')}"]}
    g = StateGraph(Topics).add_node("ask", ask)
    def spread(s):
        return [Send("ask", {"topic": one}) for one in s["topics"]]
    g.add_conditional_edges(START, spread, ["ask"])
    return Debugger(g.compile(), {"topics": ["fur", "river"], "notes": []})

class Topics(TypedDict, total=False):
    topics: list
    topic: str
    notes: Annotated[list, operator.add]
    report: str

class Notes(TypedDict, total=False):
    notes: Annotated[list, operator.add]

def research(fail=False):
    inner = StateGraph(Topics, output_schema=Notes)
    def search(s):
        print("searching", s["topic"])
        return {"notes": [f"{s['topic']}: found"]}
    def read(s):
        if fail and s["topic"] == "rivers":
            raise ValueError(f"no page about {s['topic']}")
        return {"notes": [f"{s['topic']}: read"]}
    inner.add_node("search", search).add_node("read", read)
    inner.add_edge(START, "search").add_edge("search", "read")
    g = StateGraph(Topics)
    g.add_node("plan", lambda s: {"topics": ["otters", "rivers", "fur"]})
    g.add_node("look", inner.compile())
    g.add_node("check", lambda s: {"notes": ["checked the plan"]})
    g.add_node("report", lambda s: {"report": f"{len(s['notes'])} notes"})
    def spread(s):
        return [*(Send("look", {"topic": one, "notes": []}) for one in s["topics"]), "check"]
    g.add_edge(START, "plan").add_conditional_edges("plan", spread, ["look", "check"])
    g.add_edge(["look", "check"], "report")
    return Debugger(g.compile(name="research"), {"notes": []})
"""
)


def before(page: Notebook, panel: Locator) -> None:
    """Before the first run."""


def waiting(page: Notebook, panel: Locator) -> None:
    """Two actions wait; one is edited, one rejected."""
    page.kernel("None", "dbg.run()")
    action = panel.get_by_role("group", name="Action 1, refund")
    action.get_by_role("textbox", name="Arguments").fill(
        '{"order_id": "A-17", "amount": 40, "reason": "as agreed"}'
    )
    panel.get_by_role("group", name="Action 2, send_mail").get_by_role(
        "radio", name="reject"
    ).check()


def schema(page: Notebook, panel: Locator) -> None:
    """A form made from a JSON schema."""
    page.kernel("None", "dbg.run()")
    panel.get_by_role("textbox", name="stars").fill("4")
    expect(panel.get_by_role("group", name="Barrier review")).to_contain_text("verdict")


def question(page: Notebook, panel: Locator) -> None:
    """A plain question, with More open."""
    page.kernel("None", "dbg.run()")
    panel.get_by_role("textbox", name="Answer").fill('{"ship": true}')
    panel.get_by_role("button", name="More", exact=True).click()
    expect(panel.get_by_role("button", name="Reroute")).to_be_visible()


def refused(page: Notebook, panel: Locator) -> None:
    """An answer that does not fit."""
    page.kernel("None", "dbg.run()")
    panel.get_by_role("textbox", name="stars").fill("many")
    panel.get_by_role("button", name="Answer", exact=True).click()
    expect(panel.get_by_role("alert")).to_contain_text("required property")


def static(page: Notebook, panel: Locator) -> None:
    """A static interrupt."""
    page.kernel("None", "dbg.run()")
    expect(panel.get_by_role("group", name="Barrier b")).to_be_visible()


def open_step(page: Notebook, panel: Locator) -> None:
    """A super-step with several tasks open."""
    page.kernel("None", "dbg.step(3)")
    expect(panel.get_by_role("status")).to_contain_text("frame 4")


def joined(page: Notebook, panel: Locator) -> None:
    """After a join."""
    page.kernel("None", "dbg.run(until='report')")
    panel.get_by_role("tab", name="Mutations").click()
    expect(panel.locator(".frame-title")).to_contain_text("join")


def nested(page: Notebook, panel: Locator) -> None:
    """Inside a subgraph."""
    page.kernel("None", "dbg.step(4)")
    panel.get_by_role("tab", name="State").click()


def failed(page: Notebook, panel: Locator) -> None:
    """A branch of a super-step failed."""
    page.kernel("None", "dbg.run()")
    expect(panel.get_by_role("tabpanel")).to_contain_text("ValueError")


STATES: list[State] = [
    ("fresh", before, "agent()"),
    ("waiting", waiting, "agent()"),
    ("schema", schema, "form()"),
    ("question", question, "plain()"),
    ("refused", refused, "form()"),
    ("static", static, "paused()"),
    ("open", open_step, "research()"),
    ("nested", nested, "research()"),
    ("joined", joined, "research()"),
    ("failed", failed, "research(fail=True)"),
    ("completed", completed, "agent()"),
]
if __name__ == "__main__":
    sys.exit(take_at_widths(STATES, SETUP, "langgraph"))
