"""C12: a megabyte and a half of a hostile file never takes more than a hundred of memory."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lellm_nb import CheckpointCodec, Debugger
from lellm_nb.cli import main
from lellm_nb.errors import CheckpointStoreError, CorruptedCheckpointError
from lellm_nb.store.packing import Budget, pack, unpack, weight
from lellm_nb.store.store_at import store_at
from tests.faults.hostile import DENSE, LONG, MAKERS, MOST, RAW, packed, run

MEGABYTES = 100


@contextlib.contextmanager
def little_memory() -> Iterator[None]:
    """At no moment more than a hundred megabytes more than before."""
    gc.collect()
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < MEGABYTES * 1_000_000


def opened(path: Path) -> Any:
    return Debugger.load(path) if path.suffix == ".lellm" else Debugger.open(path)


LOOKS: list[Callable[[Any], Any]] = [
    repr,
    lambda dbg: dbg.status_line,
    lambda dbg: dict(dbg.state),
    lambda dbg: dbg.frames.to_pandas(),
    lambda dbg: repr(dbg.frames),
    lambda dbg: repr(dbg.tree),
]


@pytest.fixture(scope="module", autouse=True)
def _loaded(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is imported late is imported by now."""
    file = tmp_path_factory.mktemp("warm") / "runs.db"
    run(store=file).close()
    for look in LOOKS:
        look(Debugger.open(file))


SHORT = [*list(MAKERS)[::4], "a folder: a long name"]
"""Those that the short form makes: following every allocation takes its time."""


@pytest.mark.timeout(120)
@pytest.mark.parametrize("what", MAKERS if os.environ.get("LELLM_LONG") else SHORT)
def test_opening_and_looking_take_little_memory(what: str, tmp_path: Path) -> None:
    make, name = MAKERS[what]
    path = make(name, tmp_path)
    size = sum(f.stat().st_size for f in ([path] if path.is_file() else path.iterdir()))
    assert size < MOST * 1.1

    with little_memory(), contextlib.suppress(CheckpointStoreError):
        dbg = opened(path)
        for look in LOOKS:
            with contextlib.suppress(CheckpointStoreError):
                look(dbg)
        del dbg
    said = io.StringIO()
    with little_memory(), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        main([str(path)])
        main([str(path), "show"])


@pytest.mark.parametrize("body", [DENSE, LONG * 1, b'"' + b"x" * 60_000_000 + b'"'])
def test_a_checkpoint_is_no_bomb_either(body: bytes, tmp_path: Path) -> None:
    store: Any = store_at(tmp_path / "runs.db")
    form = b'{"lellm_nb":"checkpoint","format":1,"state":{"keys":{"k":' + body + b"}}}"
    squeezed = packed(form)
    row = ("an id", "a trace", 0, squeezed, zlib.crc32(squeezed))
    store.db.execute(
        "insert into checkpoints (id, trace, protected, body, sum) values (?, ?, ?, ?, ?)", row
    )
    with little_memory(), pytest.raises(CorruptedCheckpointError):
        store.load_latest("a trace")
    with little_memory(), pytest.raises(CorruptedCheckpointError):
        CheckpointCodec().decode(b'{"state":' + RAW + b"}")


@pytest.mark.parametrize(
    "body",
    [
        b'"' + b"x" * 20_000_000 + b'"',
        b"[" + b"0," * 5_000_000 + b"0]",
        b"[" + b'{"a":1,"b":"some text"},' * 200_000 + b"0]",
        b'"' + b'{\\"a\\":[1,2],\\"b\\":[]},' * 200_000 + b'"',
        b'["\xf0\x9f\x98\x80' + b"x" * 5_000_000 + b'"]',
    ],
)
def test_whatever_is_written_can_be_read_again_however_repetitive_it_is(body: bytes) -> None:
    """What would look like a bomb is squeezed less, so that only what is forged is refused."""
    budget = Budget()
    for _ in range(3):
        stored = pack(body)
        assert unpack(stored, zlib.crc32(stored), what="it", budget=budget) == body


def test_a_run_of_repetitive_values_is_saved_and_loaded(tmp_path: Path) -> None:
    """The same of the file of `save`."""
    dbg = Debugger(run().graph, {f"k{i}": "x" * 1_000_000 for i in range(60)})
    dbg.run()
    dbg.save(tmp_path / "one.lellm")
    assert Debugger.load(tmp_path / "one.lellm").state == dbg.state


def test_what_a_text_weighs_is_about_what_it_takes() -> None:
    """Never far too little: for lists, dicts, numbers and texts."""
    for body in (DENSE, b"[" + b'{"a":{}},' * 100_000 + b"0]", b"[" + b"1.5," * 500_000 + b"0]"):
        tracemalloc.start()
        made = json.loads(body)
        took = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert made
        assert took / 1.5 < weight(body) < took * 8
