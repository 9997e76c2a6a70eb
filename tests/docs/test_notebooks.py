"""The notebooks, run whole without a browser: what they leave behind is looked at here.

That no cell raises is also checked cell by cell (`--nbval-lax`, see pyproject.toml).
"""

from __future__ import annotations

import ast
import json
import os
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

OFFLINE = """
import socket
def _refuse(self, address):
    if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1"):
        raise OSError(f"this notebook shall run offline, and connects to {address}")
    return _connect(self, address)
_connect, socket.socket.connect = socket.socket.connect, _refuse
"""


def run(path: Path, then: str, tmp_path: Path) -> tuple[Any, float, nbformat.NotebookNode]:
    """Run a notebook offline; give what an expression is at its end, the seconds, the cells."""
    notebook = nbformat.read(path, as_version=4)
    last = len(notebook.cells)
    notebook.cells.append(
        nbformat.v4.new_code_cell(f"print(__import__('json').dumps({then}, default=repr))")
    )
    notebook.cells.insert(0, nbformat.v4.new_code_cell(OFFLINE))
    client = NotebookClient(
        notebook,
        timeout=60,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    )
    before = time.monotonic()
    client.execute(env=os.environ | {"IPYTHONDIR": str(tmp_path / "ipython")})
    seconds = time.monotonic() - before
    printed = "".join(o.get("text", "") for o in notebook.cells[last + 1].outputs)
    return json.loads(printed), seconds, notebook


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_committed_without_outputs(path):
    """What a notebook shows depends on the machine, so it is not in the repository."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


def test_the_first_run_works_unattended(tmp_path):
    """Notebook 01 runs top to bottom, offline, in seconds, through the barrier verbs."""
    summary = """{
        "status": dbg.status,
        "verdicts": sorted(set(table["verdict"])),
        "rows": len(table),
        "packages": len(dbg.state["versions"]),
        "refused": list(dbg.state["refused"]),
        "doubtful": doubtful,
        "lenient": sorted(set(pd.DataFrame(lenient.state["report"])["verdict"])),
        "panel": [p.id for p in audit.pending],
        "yours": [p.id for p in yours.pending],
    }"""

    left, seconds, _ = run(FOLDER / "01_first_run.ipynb", summary, tmp_path)

    assert left["status"] == "completed"
    assert left["rows"] == left["packages"] > 20
    assert left["refused"] == [left["doubtful"]]
    assert "refused" in left["verdicts"]
    assert "refused" not in left["lenient"]
    assert left["panel"] == left["yours"] == ["accept#1"]
    assert seconds < 30


def test_the_agent_that_counted_wrong_is_found_mended_and_proved(tmp_path):
    """Notebook 02: the total is wrong, `bisect` names the step, and the mended run is right."""
    summary = """{
        "claimed": dbg.state["agent"]["total"],
        "true": lines(every),
        "broken": broken.path,
        "mended": mended.state["agent"]["total"],
        "published": mended.state["published"],
        "moved": dbg.status,
        "files": sorted(path.suffix for path in folder.iterdir()),
    }"""

    left, seconds, _ = run(FOLDER / "02_an_agent_counted_wrong.ipynb", summary, tmp_path)

    assert left["claimed"] > left["true"] == left["mended"]
    assert left["broken"] == "agent/count"
    assert left["published"] == f"{left['true']:,} lines"
    assert left["moved"] == "waiting"
    assert left["files"] == [".html", ".lellm"]
    assert seconds < 30


def test_the_agent_that_paid_the_wrong_order_is_gone_back_into_and_mended(tmp_path):
    """Notebook 03: LangGraph's agent, unchanged; only what comes after a rewind runs again."""
    summary = """{
        "careless": dbg.branch("main").state["reply"],
        "said_by": dbg.branch("main").find("order 19")[0].frame.path,
        "edited": dbg.state["reply"],
        "asked_again": [calls[asked_before:][0], asked_before],
        "told": told.pending[0].value["action_requests"][0]["args"],
        "mended": mended.state["reply"],
        "paid": paid,
        "differs_at": dbg.branch("main").compare(mended).first_difference.left.path,
        "checkpointer": repr(desk.checkpointer),
        "files": sorted(path.suffix for path in folder.iterdir()),
    }"""

    left, seconds, _ = run(FOLDER / "03_a_langgraph_agent.ipynb", summary, tmp_path)

    assert left["careless"] == "Dear customer, We have paid back 4.50 for order 19."
    assert left["said_by"] == left["differs_at"] == "agent/tools"
    assert left["edited"] == "Dear customer, We have paid back 39.00 for order 17."
    assert left["mended"] == left["edited"]
    assert left["asked_again"] == [5, 3]
    assert left["told"] == {"order": 17}
    assert left["paid"] == [19, 17, 17]
    assert left["checkpointer"] == "None"
    assert left["files"] == [".html", ".lellm"]
    assert seconds < 30


def test_the_call_that_was_not_told_is_found_asked_again_and_mended(tmp_path):
    """Notebook 04: what the model saw; no call is paid twice, and the test that is written runs."""
    summary = """{
        "careless": dbg.state["letter"],
        "roles": [[message["role"] for message in one.messages][:1] for one in dbg.calls[:3]],
        "told": [json.loads(one.tool_calls[0]["arguments"]) for one in answers],
        "served": [[one.served for one in line.calls] for line in (fork, mended)],
        "letters": [fork.state["letter"], mended.state["letter"]],
        "missed": missed.last_stop.error.path,
        "stopped": [one.served for one in slow.calls],
        "budget": careful.last_stop.reason.name,
        "tested": len(paid) - before - 3 - 1,
        "plain": [plain.result, other.result],
    }"""

    left, seconds, _ = run(FOLDER / "04_what_the_model_saw.ipynb", summary, tmp_path)

    assert left["careless"] == "Dear guest, room 41 is held for you."
    assert left["roles"] == [["system"], ["system"], ["user"]]
    assert left["told"] == [{"room": 3}] * 3
    assert left["letters"] == ["Dear guest, room 3 is held for you."] * 2
    assert left["served"] == [[True, True, False, False, False], [True] * 5]
    assert left["missed"] == "book"
    assert left["stopped"] == [True, True, True, False, False]
    assert left["budget"] == "BUDGET"
    assert left["tested"] == 0  # the plain function and its fork have asked since
    assert left["plain"] == [3, 41]
    assert seconds < 30


VERBS = set(
    "step run back rewind break_at pending approve reject modify reroute preview fork retry "
    "state position frames to_pandas at diff who arun start".split()
)


def test_the_first_run_shows_every_verb():
    """Each verb of the debugger is met once, in a cell that runs."""
    cells = nbformat.read(FOLDER / "01_first_run.ipynb", as_version=4).cells
    used = {
        node.attr
        for cell in cells
        if cell.cell_type == "code"
        for node in ast.walk(
            compile(cell.source, "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST)
        )
        if isinstance(node, ast.Attribute)
    }

    assert VERBS - used == set()
