"""P6 with the Debugger: maps stepped, rewound, forked, replayed, kept and asked about."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger, GraphBuilder, Redactor, Reducer, StopReason
from lellm_nb.errors import NoSuchNodeError, StateError
from lellm_nb.graph.walk import static_path


def inner():
    """A graph that measures its page, and asks."""
    g = GraphBuilder("inner").node("size", lambda ctx: {"size": len(ctx.state["page"])})
    return g.barrier("ok").edge("size", "ok").start("size").end("ok").build()


def shout(ctx):
    ctx.append("log", ctx.path)
    if ctx.item in ctx.state.get("bad", ()):
        raise ValueError(f"no {ctx.item}")
    return ctx.item.upper()


def graph(on_error="fail_fast"):
    """Two maps in a row: functions, then graphs that ask."""
    g = GraphBuilder("pages", reducers={"log": Reducer.APPEND})
    g.map("shout", shout, over="urls", into="pages", limit=2, on_error=on_error)
    g.map("check", inner(), over="pages", into="checked", as_="page")
    return g.edge("shout", "check").start("shout").end("check").build()


URLS = {"urls": ["a", "bb", "ccc"]}


def on(dbg, stepped=False):
    """Run on to the end, approving what waits."""
    while True:
        stop = dbg.step() if stepped else dbg.run()
        if stop.reason is StopReason.BARRIER:
            dbg.approve(stop.pending[0].id)
        elif stop.reason is not StopReason.STEP:
            return stop


def done(**options):
    """A debugger whose run is through."""
    dbg = Debugger(graph(), URLS, **options)
    assert on(dbg).reason is StopReason.COMPLETED
    return dbg


@pytest.mark.parametrize("stepped", [True, False])
def test_a_run_ends_alike_from_every_frame(stepped):
    """P6: rewound to any frame, also inside, live."""
    dbg = done()
    end, count = dbg.state, len(dbg.frames)
    line = list(dbg.frames)

    for index in range(count):
        child = Debugger(graph(), URLS)
        on(child)
        child.rewind(index)
        assert on(child, stepped).reason is StopReason.COMPLETED
        assert child.state == end, line[index]


def test_a_recorded_map_runs_no_node():
    """R10, P6: outcomes are found by path, node and visit; the list is computed again."""
    dbg = done()
    end = dbg.state
    for node in ("shout/*", "check/*/size"):
        dbg.mode(node, "recorded")
    dbg.rewind(0)
    dbg.patch({"shout/*": lambda ctx: 1 / 0})

    assert on(dbg).reason is StopReason.COMPLETED
    assert dbg.state == end


def test_a_fork_with_other_items_has_other_branches():
    """P6: the branches stand in the position, and a fork before them computes them anew."""
    dbg = done()
    other = dbg.fork(0, put={"urls": ["x"]})
    on(other)

    assert other.state["pages"] == ["X"]
    assert len(dbg.state["pages"]) == 3


def test_a_fork_inside_keeps_the_items():
    """P6: what is written in one branch changes the list for none."""
    dbg = done()
    inside = dbg.at("check/1/size")
    fork = dbg.fork(inside, put={"size": 77, "page": "changed"})
    on(fork)

    assert [one["size"] for one in fork.state["checked"]] == [1, 77, 3]
    assert [one["page"] for one in fork.state["checked"]] == ["A", "changed", "CCC"]


@pytest.mark.parametrize("opened_with", ["its graph", "no graph"])
def test_a_kept_map_comes_back_frame_by_frame(tmp_path, opened_with):
    """P6: also the items, in the middle of it, and without the code."""
    file = tmp_path / "runs.db"
    dbg = Debugger(graph(), URLS, store=file)
    dbg.run()
    before = [(f.path, f.static_path, f.node, f.state, f.position) for f in dbg.frames]
    dbg.close()
    again = Debugger.open(file, graph=graph() if opened_with == "its graph" else None)

    assert [(f.path, f.static_path, f.node, f.state, f.position) for f in again.frames] == before
    if opened_with == "its graph":
        assert on(again).reason is StopReason.COMPLETED
        assert [one["size"] for one in again.state["checked"]] == [1, 2, 3]
    assert sorted(again.frames.to_pandas()["item"].dropna()[:3]) == ["a", "bb", "ccc"]


def test_each_item_is_a_row_with_what_came_of_it():
    """P6: item, path, result and error."""
    dbg = Debugger(graph("collect_all"), {**URLS, "bad": ["bb"]})
    dbg.run()
    table = dbg.frames.to_pandas().set_index("path")

    assert list(table.loc[["shout/0", "shout/2"], "item"]) == ["a", "ccc"]
    assert list(table.loc[["shout/0", "shout/2"], "result"]) == ["A", "CCC"]
    assert "no bb" in table.loc["shout", "error"]
    assert "item" not in Debugger(inner(), {"page": "x"}).frames.to_pandas().columns


@pytest.mark.parametrize(("how", "pages"), [("keep", ["A", "CCC"]), ("drop", [])])
def test_a_dropped_item_leaves_no_entry(how, pages):
    """P3, P6: what becomes of failed branches is said as for a Parallel."""
    dbg = Debugger(graph("collect_all"), {**URLS, "bad": ["bb"]})
    assert dbg.run().reason is StopReason.FAILED
    dbg.resolve_join(how)

    assert dbg.state["pages"] == pages


def test_a_failed_item_is_tried_again_alone():
    """P3, P6: what the others committed stays."""
    dbg = Debugger(graph("collect_all"), {**URLS, "bad": ["bb"]})
    dbg.run()
    dbg.patch({"shout/*": lambda ctx: f"mended {ctx.item}"})
    dbg.resolve_join("retry")
    on(dbg)

    assert dbg.state["pages"] == ["A", "mended bb", "CCC"]


def test_who_goes_through_a_map_to_the_step_that_made_a_result():
    """P6: of what functions returned, and of the end states of graphs."""
    dbg = done()
    page = dbg.who(("pages", 1))
    size = dbg.who(("checked", 2, "size"))

    assert [w.frame.path for w in page] == ["shout", "shout/1"]
    assert [w.frame.path for w in size] == ["check", "check/2", "check/2/size"]


def test_a_level_of_an_item_is_asked_by_its_number_or_for_all():
    """Questions take `check/1:size` for one item, `check/*:size` for every one."""
    dbg = done()

    assert [w.frame.path for w in dbg.who("check/1:size")] == ["check/1/size"]
    assert {w.frame.path for w in dbg.who("check/*:size")} >= {"check/0/size", "check/2/size"}
    with pytest.raises(NoSuchNodeError, match=r"check/\*"):
        dbg.who("check/x:size")


def test_breakpoints_stop_in_every_item():
    """A node of a map is `check/*/size` for all of them, `check/1/size` for one."""
    dbg = Debugger(graph(), URLS)
    dbg.break_at("check/*/size")
    stops = [dbg.run() for _ in range(3)]

    assert [stop.reason for stop in stops] == [StopReason.BREAKPOINT] * 3

    dbg = Debugger(graph(), URLS)
    dbg.break_at("check/1/size")
    assert [dbg.run().reason for _ in range(2)] == [StopReason.BREAKPOINT, StopReason.BARRIER]


def test_the_path_of_an_item_leads_to_what_runs_for_all():
    """Walks know a map's branches once, under `*`."""
    made = graph()

    assert static_path(made, "check#2/1/ok") == "check/*/ok"
    assert static_path(made, "shout/12") == "shout/*"
    assert static_path(made, "shout/x") == "shout/x"
    assert ("check", "map") in made.fingerprint.nodes
    assert "check" in made.to_mermaid()
    assert "check" in made.to_svg()
    assert not made.analyze().warnings


def test_a_test_of_one_item_gives_its_item():
    """What a map gives its function is written out with it."""
    dbg = done()
    text = dbg.to_test(dbg.at("shout/1"))
    space = {}
    exec(compile(text, "a test", "exec"), space)  # the text that a person would run

    assert "item={'item': 'bb'}['item'], into='pages'" in text
    next(value for name, value in space.items() if name.startswith("test_"))()


def test_a_secret_of_a_list_is_one_in_each_item(tmp_path):
    """C13: `users[*].pin` is `item.pin` in the graph of an item; in rows and in what is shown."""
    hide = Redactor(paths=["users[*].pin"])
    g = GraphBuilder("look").node("see", lambda ctx: {"seen": ctx.state["item"]["name"]})
    inner = g.start("see").end("see").build()
    outer = GraphBuilder("all").map("each", inner, over="users", into="out")
    graph = outer.start("each").end("each").build()
    users = [{"name": "ada", "pin": 41_27}, {"name": "bob", "pin": 77_31}]
    dbg = Debugger(graph, {"users": users}, store=tmp_path / "runs.db", redact=hide)
    dbg.run(until="each/*/see")
    dbg.step()
    shown = dbg.export_html(tmp_path / "run.html").read_text()
    dbg.close()
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("runs.db*"))

    assert "4127" not in shown
    assert b"4127" not in kept


def test_a_person_gives_an_item_what_its_function_would_return():
    """P6, R10: the value itself, at the key that is collected, and at no other."""
    dbg = Debugger(graph(), URLS)
    dbg.mode("shout/*", "ask")
    dbg.run()

    for key in ("item", "log", ("pages", 0)):
        with pytest.raises(StateError, match=r"modify\('pages', value\)"):
            dbg.modify(key, "X", "shout/1#0")
    dbg.modify("pages", "X", "shout/1#0")
    dbg.mode("shout/*", "live")
    on(dbg)

    assert dbg.state["pages"] == ["A", "X", "CCC"]


@pytest.mark.parametrize("put", [{"pages": ["X"]}, {("pages", 0): "X"}])
def test_what_an_item_made_is_changed_where_it_stands(put):
    """P6: in its list of one; a fork that would leave anything else there says what to put."""
    dbg = done()
    for wrong in ("X", ["X", "Y"], []):
        with pytest.raises(StateError, match=r"put=\{'pages': \[value\]\}"):
            dbg.fork(at=("shout/1", 1), put={"pages": wrong})

    fork = dbg.fork(at=("shout/1", 1), put=put)
    on(fork)

    assert fork.state["pages"] == ["A", "X", "CCC"]
