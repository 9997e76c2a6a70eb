"""Files of older versions that hold all that these could keep: opened, looked at, gone on with."""

from __future__ import annotations

import functools
import operator
import shutil
from pathlib import Path

import pytest

import tests.corpus.everything as corpus
from lellm_nb import CheckpointCodec, Debugger, Redacted, Unsaved
from lellm_nb.errors import CheckpointStoreError
from lellm_nb.record.redaction.redactor import redacted_paths
from lellm_nb.state.frozen import thaw
from lellm_nb.state.sameness import same
from lellm_nb.store import DiskSink, SqliteMutationLog, SqliteStore

VERSIONS = sorted(corpus.HERE.iterdir())
TODAY = {
    "everything": lambda: corpus.run_everything(None, clients=False),
    "failed": lambda: corpus.run_to_failure(None),
    "dataclass": lambda: corpus.run_typed(corpus.Review("otters"), None, "dataclass"),
    "model": lambda: corpus.run_typed(corpus.Order(number=7), None, "model"),
}
"""The runs as this version makes them."""


def every_run(test):
    """A test is of each run, from the store and from a file."""
    ways = pytest.mark.parametrize("how", ["store", "saved"])
    return pytest.mark.parametrize("name", TODAY)(ways(test))


@pytest.fixture(scope="module", params=VERSIONS, ids=lambda folder: folder.name)
def released(request):
    """The files of one version."""
    return request.param


@pytest.fixture
def folder(released, tmp_path):
    """A copy of them."""
    return Path(shutil.copytree(released, tmp_path / "files"))


def opened(folder, name, how, graph=None):
    """One run of a version, from its store or from a file of its own."""
    if how == "saved":
        return Debugger.load(folder / f"{name}.lellm", graph)
    store = SqliteStore(folder / "runs.db")
    (run,) = [run for run in store.runs() if run.name == name]
    return Debugger.open(store, run=run.trace_id, graph=graph)


def graph_of(name):
    """The graph that goes with a run."""
    return corpus.graph() if name in ("everything", "failed") else corpus.typed_graph()


def content(state):
    """A state but for what a store leaves out: secrets, and what could not be saved."""
    held = dict(state) if hasattr(state, "keys") else state.snapshot()
    return {k: thaw(v) for k, v in held.items() if k not in ("said", "config", "tools")}


def rows(dbg):
    """What each frame of a run is, without its times."""
    frames = in_places(dbg)
    return [(*place(f), f.route, str(f.error), str(f.output), f.stream) for f in frames]


def in_places(dbg):
    """The frames of a run by their places: branches side by side come in any order."""
    return sorted(dbg.frames, key=lambda frame: str(place(frame)))


def place(frame):
    """Which step of a run a frame is."""
    return frame.kind, frame.path, frame.visit, frame.cursor


def with_secrets(dbg):
    """Give a reopened run back what was taken out of it."""
    known, state = corpus.start_state(), dbg.position.state
    gone = redacted_paths(dict(state)) if hasattr(state, "keys") else []
    if gone:
        dbg.supply({path: functools.reduce(operator.getitem, path, known) for path in gone})
    return dbg


@every_run
def test_every_frame_and_state_is_what_it_was(folder, name, how):
    """C9, S9: the same as the run made today, to the last value."""
    old, new = opened(folder, name, how), TODAY[name]()

    assert rows(old) == rows(new)
    for was, now in zip(in_places(old), in_places(new), strict=True):
        assert same(content(was.state), content(now.state)), was
        assert same(content(was.root_state), content(now.root_state)), was
    assert old.lines == new.lines
    assert [p.id for p in old.pending] == [p.id for p in new.pending]
    for line in old.lines:
        assert rows(old.branch(line)) == rows(new.branch(line))
    old.close()


def marks(dbg):
    """Notes, pins, modes, and the stops that a store can keep."""
    history = dbg.session.history
    return (
        {frame.index: text for frame, text in history.notes.items()},
        [frame.index for frame in history.pins],
        dbg.modes,
        [(s.label, s.enabled) for s in dbg.breakpoints if s.label != "when condition changes"],
    )


@every_run
def test_marks_and_stops_are_there(folder, name, how):
    """A function that a store could not keep comes back switched off."""
    old = opened(folder, name, how, graph_of(name))

    assert marks(old) == marks(TODAY[name]())
    assert not any(s.enabled for s in old.breakpoints if s.label == "when condition changes")
    old.close()


@every_run
def test_every_look_shows_it(folder, name, how, tmp_path):
    """S10: tables, texts, differences, questions and the page that needs no kernel."""
    old = opened(folder, name, how)

    assert list(old.frames.to_pandas()["kind"]) == [frame.kind for frame in old.frames]
    for frame in old.frames:
        assert len(frame.to_pandas())
        assert frame.kind in repr(frame)
        assert str(frame.state)
    assert len(old.diff(0, -1))
    assert "main" in repr(old.tree)
    assert old.find("first" if name in ("dataclass", "model") else "talk") is not None
    old.export_html(tmp_path / "page.html")
    assert (tmp_path / "page.html").stat().st_size > 10_000
    old.close()


@every_run
def test_every_frame_can_be_rewound_to_and_gone_on_from(folder, name, how):
    """C2: by the graph of today, to where the run of today comes from there."""
    old, new = opened(folder, name, how, graph_of(name)), TODAY[name]()

    for index in range(len(old.frames)):
        stops = []
        for dbg in (old, new):
            line = dbg.branch("main").fork(at=index)
            with_secrets(line).mode("broken", "live")
            for each in line.breakpoints:
                each.enabled = False
            stops.append((line.step().reason, repr(line.position.node), content(line.state)))
        assert same(*stops), index
    old.close()


@every_run
def test_a_run_goes_on(folder, name, how):
    """C2: what waited is decided, and the run ends as that of today ends."""
    ends = []
    for dbg in (opened(folder, name, how, graph_of(name)), TODAY[name]()):
        for each in dbg.breakpoints:
            each.enabled = False
        while dbg.pending:
            dbg.approve(dbg.pending[0].id)
        with_secrets(dbg).mode("broken", "live")
        ends.append((dbg.run().reason.name, str(dbg.last_stop.error), content(dbg.state)))
        dbg.close()

    assert same(*ends)


@pytest.mark.parametrize("name", TODAY)
def test_its_last_moment_is_in_a_checkpoint(folder, name):
    """C9: in a store and as bytes, with what was left out."""
    store = SqliteStore(folder / "runs.db")
    kept = store.load_latest(name)
    blob = CheckpointCodec().decode((folder / "checkpoints" / name).read_bytes())

    assert same(content(kept.state), content(blob.state))
    assert (kept.last_node, kept.current_node) == (blob.last_node, blob.current_node)
    dbg = opened(folder, name, "store")
    assert same(content(kept.state), content(dbg.state))
    assert repr(kept.position) == repr(dbg.position)
    dbg.close()


def test_what_could_not_be_kept_is_a_marker_or_taken_out(folder):
    """S7, C13: a client, and secrets by their place and by their looks."""
    state = opened(folder, "everything", "store").state

    assert type(state["tools"][0]["client"]) is Unsaved
    assert type(state["config"]["password"]) is Redacted
    assert state["config"]["host"] == "h"
    assert "[redacted: OpenAI key]" in str(state["said"])


def test_no_file_has_a_secret(released):
    """C13: in any of them."""
    files = [file for file in released.rglob("*") if file.is_file()]

    assert len(files) > 10
    for file in files:
        body = file.read_bytes()
        assert corpus.SECRET.encode() not in body
        assert b"hunter2" not in body


def test_snapshots_and_the_log_are_read(folder):
    """C5, C7: what a DiskSink and a mutation log wrote."""
    sink = DiskSink(folder / "disk")
    states = [sink.read(path)["state"] for path in sink.snapshots()]
    log = SqliteMutationLog(SqliteStore(folder / "runs.db"))
    entries = list(log.replay((folder / "log_trace").read_text()))

    assert [list(state["log"]) for state in states] == [["a"], ["a", "b"]]
    assert states[0]["n"] == (1, 2)
    assert [(e.step, e.node_id) for e in entries] == [(1, "a"), (2, "b")]


def test_the_corpus_is_small_and_never_made_again(released):
    """It travels with every checkout."""
    assert sum(file.stat().st_size for file in released.rglob("*")) < 200_000
    with pytest.raises(CheckpointStoreError, match="never made again"):
        corpus.main(released.name)
