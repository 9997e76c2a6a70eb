"""Pictures of the panel, and of what cells show below it, for what the second engine can do.

python -m tests.browser.engine.states /tmp/shots [name …] [light | dark] [1400 | 900 | 390]
"""

from __future__ import annotations

import sys

from playwright.sync_api import Locator, expect

from tests.browser.harness.notebook_page import Notebook
from tests.browser.harness.panels import button, look_at, node
from tests.browser.screenshots_states import State, take_at_widths

SETUP = """\
import asyncio, dataclasses, threading
from enum import Enum
from IPython.display import display
from lellm_nb import *

class Way(Enum):
    CARD = "card"
    CASH = "cash"

@dataclasses.dataclass
class Refund:
    amount: int
    way: Way
    note: str = ""
    urgent: bool = False

ORDER = {"id": "A-17", "what": "one otter, plush", "price": 42}
CHOICES = Question("How is it paid back?", choices={"card": "To the card", "cash": "In cash",
                                                    "no": "Not at all"})
FORM = Question("How much is paid back, and how?", form=Refund)
FREE = Question("What do we write to the customer?")

def asks(question, show=("order",)):
    g = GraphBuilder("refund").node("order", lambda ctx: {"order": ORDER})
    g.barrier("refund", ask=question, show=list(show)).node("pay", lambda ctx: {"paid": True})
    g.edge("order", "refund").edge("refund", "pay").start("order").end("pay")
    return Debugger(g.build())

def several():
    inner = {}
    for name, question in {"way": CHOICES, "sum": FORM, "mail": FREE, "sign": None}.items():
        b = GraphBuilder(name).node("write", lambda ctx, n=name: {n: f"draft of {n}"})
        b.barrier("ok", ask=question).edge("write", "ok")
        inner[name] = b.start("write").end("ok").build()
    inner["send"] = inner["sign"]
    g = GraphBuilder("contract").parallel("parts", inner).node("done", lambda ctx: {"sent": True})
    return Debugger(g.edge("parts", "done").start("parts").end("done").build(), {"client": "ACME"})

def paying():
    g = GraphBuilder("paying")
    @g.task
    def order(ctx):
        return {"amount": ctx.state.get("amount", 0) + 30, "round": ctx.state.get("round", 0) + 1}
    g.barrier("ok", show=["amount"]).node("pay", lambda ctx: {"paid": ctx.state["amount"]})
    g.edge("order", "ok").edge_if("ok", "pay", "round >= 5").edge("ok", "order")
    return Debugger(g.start("order").end("pay").build())

CITIES = ["Aachen", "Bergen", "Cork", "Delft", "Evora", "Faro",
          "Ghent", "Hull", "Izmir", "Jena", "Kiel", "Lviv"]
gate = threading.Event()

def atlas(fail=(), on_error="fail_fast", hold=False):
    inner = GraphBuilder("inner")
    @inner.task
    async def search(ctx):
        city = ctx.state["city"]
        print("searching", city)
        while hold and city > "F" and not gate.is_set():
            await asyncio.sleep(0.05)
        return {"found": f"3 pages about {city}", "score": len(city) / 10}
    @inner.task
    def read(ctx):
        if ctx.state["city"] in fail:
            raise ValueError(f"no page about {ctx.state['city']} can be read")
        return {"text": f"{ctx.state['city']} lies by the water."}
    inner.edge("search", "read").start("search").end("read")
    g = GraphBuilder("atlas").node("plan", lambda ctx: {"cities": CITIES})
    g.map("look", inner.build(), over="cities", into="pages", as_="city", limit=4,
          on_error=on_error)
    g.node("report", lambda ctx: {"report": f"{len(ctx.state['pages'])} pages"})
    g.edge("plan", "look").edge("look", "report").start("plan").end("report")
    return Debugger(g.build(), {"tone": "dry"})

def flaky(times, pause=60):
    tried = []
    g = GraphBuilder("flaky").node("plan", lambda ctx: {"query": "otters"})
    @g.task(retry=Retry(max=3, on=(ConnectionError,), backoff=pause))
    def fetch(ctx):
        tried.append(1)
        print("try", len(tried))
        if len(tried) <= times:
            raise ConnectionError("the river does not answer on port 443")
        return {"page": "Otters hold hands"}
    g.node("report", lambda ctx: {"report": "done"})
    g.edge("plan", "fetch").edge("fetch", "report").start("plan").end("report")
    return Debugger(g.build())

def chat():
    g = GraphBuilder("chat", ReducerRegistry({"messages": Reducer.APPEND}))
    g.node("look_up", lambda ctx: {"facts": ["hold hands"]})
    @g.task
    def answer(ctx):
        last = ctx.state["messages"][-1]["content"]
        said = f"About {last}: {ctx.state.get('facts')}"
        return {"messages": {"role": "assistant", "content": said}}
    g.node("check", lambda ctx: {"checked": True}).edge("look_up", "answer").edge("answer", "check")
    return Debugger(g.start("look_up").end("check").build(),
                    {"messages": [{"role": "user", "content": "otters"}]})

def counting():
    g = GraphBuilder("counting").node("count", lambda ctx: {"n": ctx.state.get("n", 0) + 1})
    g.node("check", lambda ctx: {"even": ctx.state["n"] % 2 == 0}).node("out", lambda ctx: None)
    g.edge("count", "check").edge_if("check", "out", "n >= 6").edge("check", "count")
    return Debugger(g.start("count").end("out").build(), {"n": 0, "items": []})
"""


def as_it_is(page: Notebook, panel: Locator) -> None:
    """What the cell has left."""


def waits(page: Notebook, panel: Locator) -> None:
    """A question waits."""
    expect(panel.get_by_role("group", name="Barrier refund")).to_contain_text("pay")


def filled(page: Notebook, panel: Locator) -> None:
    """A form, with one field that does not fit."""
    waits(page, panel)
    panel.get_by_role("textbox", name="amount").fill("many")
    button(panel, "Answer").click()
    expect(panel.get_by_role("alert").first).to_be_visible()


def typed(page: Notebook, panel: Locator) -> None:
    """A free answer is typed."""
    waits(page, panel)
    panel.get_by_role("textbox", name="Answer").fill("Dear Ann, the otter is on its way.")
    expect(panel.get_by_role("group", name="Barrier refund")).to_contain_text("otter is on its way")


def answered(page: Notebook, panel: Locator) -> None:
    """A choice was made: what the frames of question and answer say."""
    waits(page, panel)
    panel.get_by_role("combobox", name="Answer").select_option("In cash")
    button(panel, "Answer").click()
    expect(panel.get_by_role("status")).to_contain_text("completed")
    look_at(panel, 3)


def many(page: Notebook, panel: Locator) -> None:
    """Several wait at once."""
    expect(panel.get_by_role("group", name="Barrier")).to_have_count(5)


def all_approved(page: Notebook, panel: Locator) -> None:
    """All that takes a yes was approved; the rest waits."""
    expect(panel.get_by_role("group", name="Barrier")).to_have_count(3)


def by_rule(page: Notebook, panel: Locator) -> None:
    """A frame that a rule decided."""
    look_at(panel, 3)
    panel.get_by_role("tab", name="Mutations").click()
    expect(panel.locator(".frame-title")).to_contain_text("frame 3")


def mapping(page: Notebook, panel: Locator) -> None:
    """Some items are through, some run."""
    expect(panel.get_by_role("status")).to_contain_text("running")
    expect(panel.get_by_role("region", name="Graph")).to_contain_text("search")


def collected(page: Notebook, panel: Locator) -> None:
    """The list that the map has made."""
    panel.get_by_role("tab", name="State").click()
    panel.get_by_role("tabpanel").get_by_role("button", name="pages").first.click()
    expect(panel.get_by_role("tabpanel")).to_contain_text("Aachen")


def in_item(page: Notebook, panel: Locator) -> None:
    """Inside of one item, in the past."""
    look_at(panel, 6)
    panel.get_by_role("tab", name="State").click()


def card_of_map(page: Notebook, panel: Locator) -> None:
    """The card of the node that stands for every item."""
    expect(panel.get_by_role("status")).to_contain_text("completed")
    panel.get_by_role("region", name="Graph").get_by_role("button", name="look/*").first.click()
    expect(panel.get_by_role("group", name="Node look")).to_be_visible()


def failed_items(page: Notebook, panel: Locator) -> None:
    """Items failed."""
    expect(panel.get_by_role("status")).to_contain_text("failed")
    expect(panel.get_by_role("tabpanel")).to_contain_text("ValueError")


def retrying(page: Notebook, panel: Locator) -> None:
    """Between two attempts, with the node's card."""
    expect(panel.locator(".status-why")).to_contain_text("attempt 2")
    node(panel, "fetch, current").click()
    expect(panel.get_by_role("group", name="Node fetch")).to_be_visible()


def gave_up(page: Notebook, panel: Locator) -> None:
    """All attempts failed."""
    expect(panel.get_by_role("tabpanel")).to_contain_text("ConnectionError")


def second_try(page: Notebook, panel: Locator) -> None:
    """It worked in the end."""
    look_at(panel, 2)
    panel.get_by_role("tab", name="Output").click()


def turn(page: Notebook, panel: Locator) -> None:
    """The input of the second turn."""
    look_at(panel, 4)
    panel.get_by_role("tab", name="Mutations").click()
    expect(panel.locator(".frame-title")).to_contain_text("frame 4")


def mocked(page: Notebook, panel: Locator) -> None:
    """The frame of a node that a mock stood in for."""
    look_at(panel, 7)
    expect(panel.locator(".frame-title")).to_contain_text("frame 7")


def skipped(page: Notebook, panel: Locator) -> None:
    """The frame of a node that was gone past."""
    look_at(panel, 8)
    expect(panel.locator(".frame-title")).to_contain_text("frame 8")


def edge_card(page: Notebook, panel: Locator) -> None:
    """The card of the node with the refused edge."""
    panel.get_by_role("region", name="Graph").get_by_role("button", name="check").first.click()
    expect(panel.get_by_role("group", name="Node check")).to_be_visible()


def stop_list(page: Notebook, panel: Locator) -> None:
    """The stops as the panel lists them."""
    panel.get_by_role("tab", name="Watches").click()
    expect(panel.get_by_role("tabpanel")).to_contain_text("refused")


WITH = "\ndisplay(dbg)\n"
TURNS = f"""chat(){WITH}dbg.run()
dbg.send({{"messages": {{"role": "user", "content": "seals"}}}})
dbg.step()
dbg.steer(put={{"facts": ["bark"], "tone": "dry"}})
dbg.mock("answer", {{"messages": {{"role": "assistant", "content": "As you like."}}}})
dbg.step()
display(dbg.skip())
display(dbg.frames.to_pandas()); dbg.tree"""
STOPS = f"""counting()
dbg.break_at("check", when="n > 3")
dbg.break_on(edge=("check", "out"), refused=True)
dbg.break_on(edge=("check", "count"))
dbg.breakpoints.disable(3)
dbg.watch("len(items) > 3"){WITH}"""
LIST = "display(dbg.breakpoints, dbg.breakpoints.to_pandas())"

STATES: list[State] = [
    ("choices", waits, f"asks(CHOICES){WITH}dbg.run()"),
    ("answered", answered, f"asks(CHOICES){WITH}dbg.run()"),
    ("form", waits, f"asks(FORM){WITH}dbg.run()"),
    ("misfit", filled, f"asks(FORM){WITH}dbg.run()"),
    ("free", typed, f"asks(FREE){WITH}dbg.run()"),
    ("several", many, f"several(){WITH}dbg.run()\ndbg.pending"),
    ("approved", all_approved, f"several(){WITH}dbg.run()\ndbg.approve(all=True)"),
    (
        "rule",
        by_rule,
        f"paying(){WITH}dbg.always('ok', 'approve', when=lambda s: s['amount'] < 100)\n"
        "display(dbg.run())\ndisplay(dbg.standing, dbg.standing.to_pandas())\n"
        "dbg.frames.to_pandas()",
    ),
    ("map-running", mapping, f"atlas(hold=True)\ngate.clear(){WITH}handle = dbg.start()"),
    ("map-inside", in_item, f"atlas(){WITH}dbg.step(9)"),
    ("map-done", collected, f"atlas(){WITH}display(dbg.run())\ndbg.frames.to_pandas().head(14)"),
    ("map-card", card_of_map, f"atlas(){WITH}dbg.run()"),
    (
        "map-failed",
        failed_items,
        f"atlas(fail=('Cork', 'Jena'), on_error='collect_all'){WITH}display(dbg.run())\n"
        "dbg.frames.to_pandas().tail(8)",
    ),
    (
        "map-kept",
        collected,
        f"atlas(fail=('Cork', 'Jena'), on_error='collect_all'){WITH}dbg.run()\n"
        "display(dbg.resolve_join('keep'))\ndbg.run()",
    ),
    ("retrying", retrying, f"flaky(1){WITH}handle = dbg.start()"),
    ("gave-up", gave_up, f"flaky(9, pause=0.01){WITH}display(dbg.run())\ndbg.frames[2].attempts"),
    ("tried", second_try, f"flaky(2, pause=0.01){WITH}display(dbg.run())\ndbg.frames.to_pandas()"),
    ("turn", turn, TURNS),
    ("mocked", mocked, TURNS),
    ("skipped", skipped, TURNS),
    ("stops", edge_card, f"{STOPS}display(dbg.run())\n{LIST}"),
    ("kept", stop_list, f"counting(){WITH}display(dbg.run())\n{LIST}"),
    ("kept-fresh", as_it_is, "counting()\ndbg"),
]


if __name__ == "__main__":
    sys.exit(take_at_widths(STATES, SETUP, "engine", whole=True))
