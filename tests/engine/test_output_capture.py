"""What a node prints, logs and displays lands in its own frame, and nothing else does."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
import threading

import pytest

from lellm_nb import Debugger, GraphBuilder, StopReason
from lellm_nb.engine.output_capture import MOST
from tests.strategies import chain

R = StopReason


def only(function, **options):
    """A debugger of one node, after it ran."""
    g = GraphBuilder("g")
    g.task(function, name="node", **options)
    dbg = Debugger(g.start("node").end("node").build(), {})
    dbg.run()
    return dbg


def output(function, **options):
    return only(function, **options).frames[-1].output


# -- where nodes run ---------------------------------------------------------------------


def says(ctx):
    print("said by", ctx.node)


async def says_later(ctx):
    print("before")
    await asyncio.sleep(0)
    print("after")


async def says_in_a_thread(ctx):
    await asyncio.to_thread(print, "from a thread")


async def says_in_a_task(ctx):
    await asyncio.gather(*(said(i) for i in range(3)))


async def said(i):
    print("task", i)


def writes_in_every_way(ctx):
    sys.stdout.write("written ")
    sys.stdout.writelines(["in ", "lines\n"])
    sys.stdout.flush()
    print("to stderr", file=sys.stderr)
    print("no end", end="")


@pytest.mark.parametrize(
    ("function", "options", "text"),
    [
        (says, {}, "said by node\n"),
        (says_later, {}, "before\nafter\n"),
        (says_in_a_thread, {}, "from a thread\n"),
        (says_in_a_task, {}, "task 0\ntask 1\ntask 2\n"),
        (says, {"timeout": 5}, "said by node\n"),
        (writes_in_every_way, {}, "written in lines\nto stderr\nno end"),
        (lambda ctx: None, {}, ""),
    ],
)
def test_a_node_is_heard_wherever_it_runs(function, options, text, capfd):
    """Sync, async, tasks, threads: in order, and not on the terminal."""
    assert output(function, **options) == text
    assert capfd.readouterr() == ("", "")


def test_branches_are_kept_apart():
    """Side by side, sync and async, each frame has its own text."""
    meet = threading.Barrier(2, timeout=20)

    def sync(ctx):
        print("one of", ctx.node)
        meet.wait()
        print("two of", ctx.node)

    async def late(ctx):
        for i in range(3):
            print(ctx.node, i)
            await asyncio.sleep(0)

    g = GraphBuilder("g").parallel("par", {"a": sync, "b": sync, "c": late, "d": late})
    dbg = Debugger(g.start("par").end("par").build(), {})
    dbg.run()

    for name in "ab":
        assert dbg.at(f"par/{name}").output == f"one of {name}\ntwo of {name}\n"
    for name in "cd":
        assert dbg.at(f"par/{name}").output == f"{name} 0\n{name} 1\n{name} 2\n"
    assert dbg.frames[-1].output == ""


def test_two_debuggers_at_once_are_kept_apart():
    """Captured by context, never by redirecting the process."""

    async def slow(ctx):
        for _ in range(3):
            print(ctx.state["who"])
            await asyncio.sleep(0.002)

    g = GraphBuilder("g").node("slow", slow).start("slow").end("slow").build()
    first, second = Debugger(g, {"who": "first"}), Debugger(g, {"who": "second"})
    handles = [first.start(), second.start()]
    for handle in handles:
        handle.result(10)

    assert first.frames[-1].output == "first\n" * 3
    assert second.frames[-1].output == "second\n" * 3


def test_a_subgraphs_nodes_and_a_failed_step_are_heard():
    """Also what a node said before it raised, and of each attempt of one with retries."""

    def fails(ctx):
        print("trying")
        raise ValueError("no")

    inner = chain(says, name="inner")
    g = GraphBuilder("g").subgraph("sub", inner)
    g.task(fails, name="fails", retries=1, backoff=0)
    dbg = Debugger(g.edge("sub", "fails").start("sub").end("fails").build(), {})

    assert dbg.run().reason is R.FAILED
    assert dbg.at("sub/says").output == "said by says\n"
    assert dbg.frames[-1].kind == "error"
    assert dbg.frames[-1].output == "trying\ntrying\n"


# -- logging -----------------------------------------------------------------------------


def test_what_a_node_logs_is_kept_with_its_level_and_name():
    """Records that loggers let through; levels stay as the program set them."""

    def logs(ctx):
        logging.getLogger("shop").warning("only %d left", 3)
        logging.getLogger("shop").debug("not asked for")
        try:
            raise ValueError("inner")
        except ValueError:
            logging.getLogger("shop").exception("broke")

    text = output(logs)

    assert "WARNING shop: only 3 left\n" in text
    assert "not asked for" not in text
    assert "ERROR shop: broke" in text
    assert "ValueError: inner" in text


def test_other_handlers_hear_it_as_ever(caplog):
    """The frame gets a copy; what is logged outside of nodes is not in any frame."""

    def logs(ctx):
        logging.getLogger("shop").warning("inside")

    with caplog.at_level(logging.INFO):
        dbg = only(logs)
        logging.getLogger("shop").warning("outside")

    assert [r.getMessage() for r in caplog.records if r.name == "shop"] == ["inside", "outside"]
    assert dbg.frames[-1].output == "WARNING shop: inside\n"


# -- what does not belong to a node --------------------------------------------------------


def test_nothing_leaks_from_around_the_nodes(capfd):
    """Predicates, listeners, conditions of stops and the test itself print as ever."""
    g = GraphBuilder("g").node("a", says).node("b", says)
    g.edge_if("a", "b", lambda s: print("predicate") or True)
    dbg = Debugger(g.start("a").end("b").build(), {})
    dbg.subscribe(lambda: print("listener"))
    dbg.break_at("b", when=lambda s: print("condition"))
    print("test before")
    dbg.run(until=lambda frame: print("until"))
    print("test after")
    printed = capfd.readouterr().out

    for what in ("test before", "predicate", "listener", "condition", "until", "test after"):
        assert what in printed
    assert [f.output for f in dbg.frames] == ["", "said by a\n", "said by b\n"]


def test_streams_and_handlers_are_put_back():
    """After a run the process is as it was; also after a failure, and after many runs."""
    before = sys.stdout, sys.stderr, list(logging.root.handlers)

    def fails(ctx):
        raise ValueError("no")

    for function in (says, fails, says_later):
        only(function)

    assert (sys.stdout, sys.stderr, list(logging.root.handlers)) == before


def test_a_task_that_outlives_its_node_prints_as_ever(capfd):
    """A late task's words belong to no frame: the step is committed."""
    late = asyncio.Event()

    async def leaves(ctx):
        async def later():
            await asyncio.sleep(0.02)
            print("too late")
            late.set()

        leaves.task = asyncio.create_task(later())
        print("in time")

    async def waits(ctx):
        await late.wait()

    dbg = Debugger(chain(leaves, waits), {})
    dbg.run()

    assert [f.output for f in dbg.frames] == ["", "in time\n", ""]
    assert "too late" in capfd.readouterr().out


def test_a_thread_of_its_own_prints_as_ever(capfd):
    """Other threads of the process are not this node's business."""

    def starts(ctx):
        thread = threading.Thread(target=print, args=("another thread",))
        thread.start()
        thread.join()

    assert output(starts) == ""
    assert "another thread" in capfd.readouterr().out


def test_a_node_that_runs_another_debugger_keeps_its_own_words():
    """Debuggers inside nodes have frames of their own."""
    inner = []

    async def outer(ctx):
        print("outer begins")
        dbg = Debugger(chain(says), {})
        await dbg.arun()
        inner.append(dbg.frames[-1].output)
        print("outer ends")

    assert output(outer) == "outer begins\nouter ends\n"
    assert inner == ["said by says\n"]


# -- how much ------------------------------------------------------------------------------


def test_a_megabyte_is_cut_and_says_so():
    """What is beyond is counted, not kept."""

    def shouts(ctx):
        for _ in range(30):
            print("x" * 99_999)

    text = output(shouts)

    assert len(text) < MOST + 100
    assert text.endswith("\n[… 2,000,000 more characters]") or "2000000 more" in text
    assert text.startswith("x" * 99_999 + "\n")


def test_odd_prints_are_harmless():
    """Lone surrogates, nulls, control characters, no text at all."""

    def odd(ctx):
        print("\ud800", "\x00", "é", "\x1b[31m")
        sys.stdout.write("")

    assert output(odd) == "\ud800 \x00 é \x1b[31m\n"


def test_what_is_no_text_fails_the_node_that_wrote_it():
    """As a stream does: a TypeError in the node, and a step that failed."""
    wrong = only(lambda ctx: sys.stdout.write(b"bytes"))
    assert wrong.frames[-1].failed
    assert isinstance(wrong.frames[-1].error.__cause__, TypeError)


def test_output_is_looked_up_with_a_recorded_outcome():
    """A recorded step shows what its node said when it ran."""
    dbg = only(says)
    dbg.mode("node", "recorded")
    dbg.rewind(0)
    dbg.run()

    assert dbg.frames[-1].recorded
    assert dbg.frames[-1].output == "said by node\n"


def test_output_is_found_and_tabulated():
    """`find` looks into it; `output` is the frame's, for every reader."""
    dbg = only(says)

    assert [hit.frame.index for hit in dbg.find("said by")] == [1]


# -- rich displays -------------------------------------------------------------------------

SHELL = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
from IPython.display import HTML, clear_output, display
shell = InteractiveShell.instance()
import asyncio
from lellm_nb import Debugger, GraphBuilder

class Picture:
    def _repr_png_(self): return "aGVsbG8="
    def __repr__(self): return "a picture"

def shows(ctx):
    print("first")
    display(Picture())
    clear_output()
    display({"text/html": "<b>bold</b>"}, raw=True)

async def shows_in_a_thread(ctx):
    await asyncio.to_thread(display, HTML("<i>thread</i>"))

g = GraphBuilder("g").parallel("par", {"x": shows, "y": shows_in_a_thread})
g.node("last", lambda ctx: display("last words")).edge("par", "last")
dbg = Debugger(g.start("par").end("last").build(), {})
display("outside before")
dbg.run()
display("outside after")
dbg.mode("last", "recorded"); dbg.rewind(("par", 1)); dbg.run()
found = {f.path: [f.output, list(f.displayed)] for f in dbg.frames}
print(json.dumps(found), file=sys.stderr)
"""


def test_rich_displays_land_in_their_frames():
    """In IPython: MIME bundles in `displayed`, their plain text in `output`; nothing is shown."""
    pytest.importorskip("IPython")
    done = subprocess.run(
        [sys.executable, "-c", SHELL], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stderr.strip().splitlines()[-1])

    text, bundles = found["par/x"]
    assert text == "first\na picture\n\n"
    assert [sorted(bundle) for bundle in bundles] == [["image/png", "text/plain"], ["text/html"]]
    assert found["par/y"][1][0]["text/html"] == "<i>thread</i>"
    assert found["last"] == ["'last words'\n", [{"text/plain": "'last words'"}]]
    assert "outside before" in done.stdout
    assert "outside after" in done.stdout
    for inside in ("picture", "bold", "thread", "last words"):
        assert inside not in done.stdout


@pytest.mark.timeout(120)
def test_rich_displays_in_a_kernel_stay_out_of_the_cell(tmp_path):
    """In a notebook too, under `%%capture` as well: the cell shows only what it displays itself."""
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    made = "from IPython.display import HTML, display\n"
    made += "from lellm_nb import Debugger, GraphBuilder\n"
    made += "def shows(ctx):\n    print('said')\n    display(HTML('<b>inside</b>'))\n"
    made += "g = GraphBuilder('g').node('shows', shows).start('shows').end('shows').build()"
    cells = [
        made,
        "dbg = Debugger(g, {}); dbg.run(); display(HTML('<i>outside</i>'))",
        "%%capture told\nquiet = Debugger(g, {}); stop = quiet.run()",
        "print([b['text/html'] for d in (dbg, quiet) for b in d.frames[1].displayed])",
        "print([d.frames[1].output for d in (dbg, quiet)], len(told.outputs))",
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    nbclient.NotebookClient(book, timeout=60, resources={"metadata": {"path": tmp_path}}).execute()
    shown = [cell["outputs"] for cell in book.cells]

    assert [list(out["data"]) for out in shown[1]] == [["text/plain", "text/html"]]
    assert "outside" in shown[1][0]["data"]["text/html"]
    assert shown[3][0]["text"] == "['<b>inside</b>', '<b>inside</b>']\n"
    assert shown[4][0]["text"].endswith("] 0\n")
    assert shown[4][0]["text"].count("said") == 2
