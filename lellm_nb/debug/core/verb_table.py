"""Every verb of the debugger, one row each: what it is called, where it stands, what it needs.

Buttons, keys, tooltips, the magic, `post`, the sheet with the keys and the README's list are made
from these rows. A new verb is a row here, a function in `lellm_nb.debug.verbs` and a method of a
face.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any

from lellm_nb.debug.core import button_tips as tips
from lellm_nb.debug.core.button_tips import Tip
from lellm_nb.session.protocol import Capability

__all__ = ["BUTTONS", "TOPICS", "VERBS", "Verb"]


@dataclass(frozen=True, eq=False, repr=False)
class Verb:
    """One verb.

    Attributes:
        name: The method, and what `post` and ``%lellm`` call it.
        topic: Under what the README lists it.
        says: What it does, as the README says it; empty where another row says it too.
        room: The module of `lellm_nb.debug.verbs` that does it, or of another room with its name
            before a dot; empty where nothing is claimed.
        needs: What the engine has to be able to, or `None`.
        twin: Whether it moves the run, and so has a twin for `await`.
        onward: Whether it goes on with the run: refused where that is only read.
        at_once: Whether it is done where it is called: it awaits nothing and runs no node.
        words: What ``%lellm`` takes after it: ``none, count, until, frame, text, name, pair``, a
            count and an until only where one is given; `None` where the magic does not know it.
        word: What ``%lellm`` calls it; its name by default.
        makes: Whether it makes a debugger, and needs none: the new one is meant from then on.
        label: The accessible name of its button; empty where it has none.
        group: The button's group in the toolbar; -1 for a button on a card.
        key: The button's key, as `aria-keyshortcuts` has it.
        icon: The button's picture, 16 by 16, as the data of an SVG path.
        filled: Whether the picture is filled.
        main: Whether it is the button that a person looks for first.
        takes: What a press gives it, in the words of the view's message: nothing, the ``frame``
            on show, a ``decision`` with what was typed for it, …
        leads: Whether the panel goes along to the debugger that it returns.
        tip: What its tooltip says while the run rests.
        going: What it says while a command is going on, where it can be pressed then.
        away: What it says while a frame other than the head, ``{frame}``, is on show.
        only_away: Whether its button can be pressed only then.
    """

    name: str
    topic: str
    says: str = ""
    room: str = ""
    needs: Capability | None = None
    twin: bool = False
    onward: bool = False
    at_once: bool = False
    words: str | None = None
    word: str = ""
    makes: bool = False
    label: str = ""
    group: int = -1
    key: str = ""
    icon: str = ""
    filled: bool = False
    main: bool = False
    takes: str = ""
    leads: bool = False
    tip: Tip | None = None
    going: str = ""
    away: str = ""
    only_away: bool = False

    @cached_property
    def work(self) -> Any:
        """The function that does it; its module is loaded when it is wanted."""
        room = self.room if "." in self.room else f"verbs.{self.room}"
        return getattr(import_module(f"lellm_nb.debug.{room}"), self.name)


REWIND, FORK, INSIDE = Capability.REWIND, Capability.FORK, Capability.STEP_INSIDE
DECIDE, REROUTE = Capability.DECIDE, Capability.REROUTE

# A row is a line or three, read across; the formatter would make it twenty.
# fmt: off
_ROWS = [
    # backward, forward: the order of the toolbar
    Verb("run_back", "backward", "`run_back(until=None)` goes back to the last stop passed",
         "backward", REWIND, twin=True, words="until", label="Run back", group=0, key="Shift+F9",
         icon="M11.5 3l-8 5 8 5z", filled=True, tip=tips.run_back),
    Verb("back", "backward", "`back(n=1)` moves to an earlier frame", "backward",
         REWIND, twin=True, at_once=True, words="count", label="Step back", group=0,
         key="Shift+F10", icon="M11.5 3.5v9L5.5 8zM4.2 3.5v9", tip=tips.back),
    Verb("step", "forward", "`step(n=1)` makes one commit", "forward",
         twin=True, onward=True, words="count", label="Step", group=0, key="F11",
         icon="M4.5 3.5v9l6-4.5zM11.8 3.5v9", tip=tips.steps),
    Verb("run", "forward", "`run(until=None)` goes on to the next stop", "forward",
         twin=True, onward=True, words="until", label="Run", group=0, key="F9",
         icon="M4.5 3l8 5-8 5z", filled=True, main=True, tip=tips.runs),
    Verb("over", "forward", "`over()`, `into()` and `out()` know about subgraphs and branches",
         "forward", INSIDE, twin=True, onward=True, words="none", label="Over", group=1, key="F10",
         icon="M2.5 9.5a5.5 5.5 0 0 1 10.6-1M13.5 4.5v4.2H9.3M8 13.2h.01", tip=tips.over),
    Verb("into", "forward", "", "forward", INSIDE, twin=True, onward=True, words="none",
         label="Into", group=1, key="F11", icon="M8 2.5v7.2M4.8 6.8 8 10l3.2-3.2M8 13.2h.01",
         tip=tips.enters),
    Verb("out", "forward", "", "forward", INSIDE, twin=True, onward=True, words="none",
         label="Out", group=1, key="Shift+F11", icon="M8 10V2.8M4.8 5.8 8 2.6l3.2 3.2M8 13.2h.01",
         tip=tips.leaves),
    Verb("pause", "forward", "`pause()` and `stop()` end a run that is going on", onward=True,
         words="none", label="Pause", group=2, key="Escape", icon="M5.2 3.2v9.6m5.6-9.6v9.6",
         tip=tips.idle,
         going="Pause at the next commit; if a cell holds the kernel, Interrupt it"),
    Verb("stop", "forward", onward=True, words="none", label="Stop", group=2, icon="M4 4h8v8H4z",
         filled=True, tip=tips.idle, going="Stop now; a node in flight is dropped"),
    Verb("retry", "forward", "`retry()` tries a failed step again after you mended the function",
         "retry", twin=True, onward=True, words="none", label="Retry", group=2,
         icon="M12.8 8a4.8 4.8 0 1 1-1.5-3.5M13 2.2v2.9h-2.9", tip=tips.retry),
    Verb("fork", "change", "`fork(at=…, put=…, delete=…, nodes=…, name=…)` gives a Debugger of its"
         " own on any frame of the past", "branch", FORK, onward=True, at_once=True, words="count",
         label="Fork here", group=3, key="F",
         icon="M4.5 3v10M4.5 9.5c4.5 0 7-1.5 7-5M9.3 6.2l2.2-2.2 2.2 2.2", takes="frame",
         leads=True, tip=tips.forks, away="Start a new line from frame {frame}"),
    Verb("rewind", "backward", "`rewind(frame)` goes to any frame of any line; what came later"
         " stays in the record, and going on from there starts a new line", "backward",
         REWIND, twin=True, at_once=True, words="frame", label="Rewind here", group=3, key="Enter",
         icon="M8 4.2V8l2.6 1.6M3.2 8a4.8 4.8 0 1 0 1.5-3.5M3 2.2v2.9h2.9", takes="frame",
         tip=tips.rewind, away="Move the head to frame {frame}; nothing is lost", only_away=True),
    Verb("send", "forward", "`send(input)` begins the next turn of a run that is through: a"
         " mapping, or text for a graph with messages", "turns", Capability.TURNS, twin=True,
         onward=True, words="text"),
    Verb("start", "forward", "`start()` begins to run and returns at once", onward=True),
    # barriers
    Verb("approve", "barriers", "`approve()`, `reject(reason)`, `modify(key, value)` and"
         " `reroute(target)` decide (with `then_run=True` they run on, as a button does)", "decide",
         DECIDE, twin=True, onward=True, words="none", label="Approve", key="A",
         takes="decision"),
    Verb("reject", "barriers", "", "decide", DECIDE, twin=True, onward=True, words="text",
         label="Reject", key="X", takes="decision reason"),
    Verb("modify", "barriers", "", "decide", DECIDE, twin=True, onward=True, words="pair",
         label="Modify", takes="decision key value"),
    Verb("reroute", "barriers", "", "decide", REROUTE, twin=True, onward=True, words="name",
         label="Reroute", takes="decision target"),
    Verb("answer", "barriers", "`answer(value)` answers a barrier that asks (`Question`), or is"
         " what an `interrupt()` of LangGraph returns", "decide", Capability.ANSWER, twin=True,
         onward=True, label="Answer", takes="decision answer"),
    Verb("always", "barriers", "`always(barrier, decision, when=…)` decides it by rule from now on;"
         " `standing` lists and revokes the rules", "standing", DECIDE, onward=True, at_once=True),
    Verb("preview", "barriers", "`preview(decision)` shows beforehand what a decision would change"
         " and where it would lead", needs=DECIDE),
    # stops
    Verb("break_at", "stops", "`break_at(node, when=…, visit=…, ignore=…, after=…)`", "stops",
         at_once=True),
    Verb("break_on", "stops", "`break_on(edge=(a, b), refused=…)`", "stops", Capability.ROUTES,
         at_once=True),
    Verb("break_on_error", "stops", "`break_on_error()`", "stops", at_once=True),
    Verb("watch", "stops", "`watch(key, expression or predicate)`, forward and backward;"
         " `breakpoints` lists, disables and removes them", "stops", at_once=True),
    # look, ask
    Verb("at", "look", "`at(node, visit=1)`"),
    Verb("diff", "look", "`diff(a, b)`"),
    Verb("who", "ask", "`who(key)` wrote it"),
    Verb("history", "ask", "`history(key)` tells each change"),
    Verb("why", "ask", "`why(frame)` went the way it went, and where a refused way had been open",
         needs=Capability.ROUTES),
    Verb("find", "ask", "`find(text)` on this line, or with `lines=\"all\"` on each"),
    Verb("evaluate", "ask", "`evaluate(expression)` over all frames of this line, or of all lines"),
    Verb("bisect", "ask", "`bisect(predicate)`"),
    Verb("loops", "ask", "`loops()` turn by turn, with the edges that leave each cycle"),
    Verb("timing", "ask", "`timing()`"),
    Verb("where", "ask", "`where()` tells what runs now and where it is"),
    # change, replay
    Verb("patch", "change", "`patch({node: function})` goes on with new code (a function that you"
         " define again under its old name is picked up by itself)", "patch", Capability.PATCH,
         onward=True, at_once=True),
    Verb("without", "change", "`without(frame, mutation)` folds the record again with one write"
         " left out, and no node runs", "refold", Capability.REFOLD, twin=True, onward=True,
         takes="frame mutation", leads=True),
    Verb("sweep", "change", "`sweep(at, variants)` tries many values, or functions, and returns a"
         " DataFrame",
         "sweep", FORK, twin=True, onward=True),
    Verb("resolve_join", "change", "`resolve_join(…)` after branches failed or disagree", "joins",
         Capability.JOIN, twin=True, onward=True, takes="how"),
    Verb("mode", "replay", '`mode(node, "recorded")` looks a node\'s outcome up instead of running'
         ' it, `"ask"` waits for you, `"live"` runs it; a node with `side_effects=True` is looked'
         " up by itself when you come back to it", "modes", Capability.RECORDED, onward=True,
         at_once=True),
    Verb("mock", "replay", "`mock(node, {key: value})` fixes what a node does, or has a function"
         " stand in, until `mock(node, None)`; `mocks` lists them", "outcomes", Capability.RECORDED,
         onward=True, at_once=True),
    Verb("steer", "change", "`steer(put=…, delete=…)` writes at the next commit of a run that is"
         " going on, or at the head", "steer", Capability.EDIT, onward=True, at_once=True),
    Verb("skip", "forward", "`skip()` goes past a node without running it", "outcomes",
         Capability.RECORDED, twin=True, onward=True, words="none"),
    # calls
    Verb("rerun", "calls", "`rerun(frame, calls=…, edit=…, answer=…)` runs a node anew in a fork"
         " over its recorded calls: the first ones are served, one is changed, the others are sent",
         "rerun", Capability.CALLS, twin=True, onward=True, takes="frame calls", leads=True),
    Verb("break_on_call", "calls", "`break_on_call(tool=…, model=…, node=…, nth=…, when=…)` stops"
         " inside of nodes", "calls", Capability.CALLS, at_once=True),
    Verb("step_call", "calls", "`step_call()` goes on until one more call was answered", "calls",
         Capability.CALLS, twin=True, onward=True, words="none"),
    Verb("budget", "calls", "`budget(cost=…, tokens=…, calls=…)` holds before the call that would"
         " exceed it", "calls", Capability.CALLS, at_once=True),
    Verb("prices", "calls", "`prices({model: (in, out)})` in dollars per million tokens", "calls",
         Capability.CALLS, at_once=True),
    # lines
    Verb("branch", "lines", "`branch(name)` opens one", needs=FORK),
    Verb("compare", "lines", "`compare(other)` sets two side by side"),
    Verb("note", "lines", "`note(frame, text)` and `pin(frame)` mark frames"),
    Verb("pin", "lines"),
    # take away, keep
    Verb("to_test", "take away", "`to_test(frame)` gives the text of a pytest that replays one"
         " step", needs=Capability.CODE),
    Verb("to_cell", "take away", "`to_cell(frame)` that of a cell that calls the node on the state"
         " it saw", needs=Capability.CODE),
    Verb("export_html", "take away", "`export_html(path)` writes one page that shows everything in"
         " any browser, without Python or a network"),
    Verb("from_checkpoint", "keep", "`Debugger.from_checkpoint(what, graph)` opens any checkpoint,"
         " its captured frames being the past", makes=True),
    Verb("open_thread", "keep", "`Debugger.open_thread(graph, config)` stands where a thread of"
         " LangGraph stands, which is only read", makes=True),
    Verb("post_mortem", "keep", "`Debugger.post_mortem()` (and `%lellm pm`) stands where a run"
         " failed that had no debugger", makes=True, words="none", word="pm"),
    Verb("save", "keep", "`save(path)` writes the whole run to one file", "persist.save",
         Capability.STORE, at_once=True),
    Verb("supply", "keep", "`supply({key: value})` gives secrets again to a run that was reopened",
         "persist.secrets", Capability.EDIT, onward=True, at_once=True, takes="values"),
    Verb("refresh", "keep", "`refresh()` looks for frames that another process has added"),
    Verb("close", "keep", "`close()` lets the run go"),
    Verb("dock", "take away", "`dock()` shows the panel beside the notebook"),
]
# fmt: on

TOPICS = {
    "forward": "",
    "backward": "",
    "stops": "",
    "barriers": "`pending` says what waits, `user` who decides",
    "look": "`state`, `position`, `stack`, `frames` (`frames.to_pandas()` for a DataFrame;"
    " `frames[3].output` is what the node printed)",
    "ask": "",
    "change": "",
    "replay": "",
    "calls": "`calls` (`calls.to_pandas()` for a DataFrame) and `frames[3].calls` are what nodes"
    " asked of models and tools; `call.ask(messages=…)` asks one again",
    "lines": "`tree` draws them",
    "take away": "",
    "keep": "",
}
"""Under what the README lists the verbs, in order, and what stands there that is no verb."""

VERBS: dict[str, Verb] = {verb.name: verb for verb in _ROWS}
"""Every verb by its name."""

BUTTONS: tuple[Verb, ...] = tuple(verb for verb in _ROWS if verb.group >= 0)
"""The verbs of the toolbar, from left to right."""
