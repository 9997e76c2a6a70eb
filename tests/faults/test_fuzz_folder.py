"""Thousands of mutated folders: an error by name, in time, and no code run (C9, C12)."""

from __future__ import annotations

import json
import random
import zlib
from pathlib import Path

import pytest

from lellm_nb import Checkpoint, Debugger, FolderStore
from lellm_nb.store.folder.commit import sealed
from tests.faults import test_fuzz
from tests.faults.mutations import mutated, text
from tests.faults.test_fuzz import expect, keep_nest, look

_watch_for_code = test_fuzz._watch_for_code
little_memory = test_fuzz.little_memory


def commits(data: bytes) -> tuple[bytes, list[list[bytes]]]:
    """The first line of a file, and its commits: the rows of each, without their ends."""
    head, *lines = data.splitlines(keepends=True)
    found: list[list[bytes]] = [[]]
    for line in lines:
        row, _, end = line.rpartition(b',"')
        found[-1].append(row)
        if not end.startswith(b"+"):
            found.append([])
    return head, found[:-1]


def file_of(head: bytes, all_rows: list[list[bytes]]) -> bytes:
    """A file with checksums that fit."""
    made = bytearray(head)
    for rows in all_rows:
        made += sealed(rows, len(made))
    return bytes(made)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a nested run of a hundred frames and all that can stand beside them."""
    folder = tmp_path_factory.mktemp("kept")
    keep_nest(folder)
    FolderStore(folder).save("run", Checkpoint("b", "a", {"t": (1, {2}), "log": ["x"]}, 7))
    return folder


def test_a_file_is_put_together_again_as_it_was(kept: Path) -> None:
    data = (kept / "run-000001.jsonl").read_bytes()
    assert file_of(*commits(data)) == data


@pytest.mark.timeout(900)
@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("name", ["run-000001.jsonl", "checkpoints.jsonl"])
def test_mutated_folders(kept: Path, name: str, tmp_path: Path, long_form: bool) -> None:
    """Rows with parts exchanged, dropped and doubled, and their checksums made to fit again."""
    head, whole = commits((kept / name).read_bytes())
    chance = random.Random(name)
    counts = {"fine": 0, "refused": 0}
    for i in range(10_000 if long_form else 1_000):
        bad = [list(rows) for rows in whole]
        rows = chance.choice(bad)
        at = chance.randrange(len(rows))
        if i % 10 == 0:
            bad.insert(chance.randrange(len(bad)), list(rows))
        elif i % 10 == 1:
            del rows[at]
            bad = [each for each in bad if each]
        else:
            form = mutated(json.loads(rows[at] + b"]"), chance)
            rows[at] = text(form).encode().removesuffix(b"]")
        (tmp_path / name).write_bytes(file_of(head, bad))
        store = FolderStore(tmp_path, readonly=True)
        if name.startswith("run"):
            expect(lambda store=store: look(Debugger.open(store)), counts)
        else:
            expect(lambda store=store: store.load_latest("run"), counts)
    assert min(counts.values()) > 0


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("little_memory")
def test_mutated_first_lines(kept: Path, tmp_path: Path, long_form: bool) -> None:
    """What is noted of a run, with a checksum that fits."""
    head, whole = commits((kept / "run-000001.jsonl").read_bytes())
    form = {key: value for key, value in json.loads(head).items() if key != "sum"}
    chance = random.Random(3)
    counts = {"fine": 0, "refused": 0}
    for _ in range(3_000 if long_form else 300):
        body = text(mutated(form, chance)).encode().removesuffix(b"}")
        line = b'%b,"sum":"%08x"}\n' % (body, zlib.crc32(body))
        (tmp_path / "run-000001.jsonl").write_bytes(file_of(line, whole))
        expect(lambda: look(Debugger.open(FolderStore(tmp_path, readonly=True))), counts)
    assert min(counts.values()) > 0
