"""How long the import takes that a script needs before its first graph."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from benchmarks.figures import Column, Figure
from benchmarks.subjects import PEERS, SUBJECTS
from benchmarks.timing import median

KEY = "import"
TITLE = "Import time: what a script pays before its first graph"
HOW = "fresh interpreters with warm byte code, the clock read around the import alone; median of 7"
COLUMNS = (Column("us", "import", "us"), Column("cpu", "processor time", "us"))

PROGRAM = """
import time
begun, worked = time.perf_counter(), time.process_time()
{statement}
print(time.perf_counter() - begun, time.process_time() - worked)
"""


def figures(short: bool) -> list[Figure]:
    """One per library; of lellm_nb also the bare name, which loads nothing yet."""
    runs = 3 if short else 7
    made = [Figure(KEY, "bare loop", "asyncio alone", {"runs": runs})]
    for case, statement in OWN.items():
        options = {"runs": runs, "statement": statement}
        made.append(Figure(KEY, "lellm_nb session", case, options))
    return made + [Figure(KEY, name, "", {"runs": runs}) for name in PEERS]


OWN = {"import lellm_nb": "import lellm_nb", "GraphBuilder and Debugger": ""}


def measure(subject: str, runs: int, statement: str = "") -> dict[str, float]:
    """Import it in interpreters of their own."""
    program = PROGRAM.format(statement=statement or SUBJECTS[subject].load().IMPORT)
    clean = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    wall, cpu = [], []
    with tempfile.TemporaryDirectory() as cache:  # warm byte code, wherever Python may write
        clean["PYTHONPYCACHEPREFIX"] = cache
        for i in range(runs + 1):
            done = subprocess.run(
                [sys.executable, "-c", program],
                capture_output=True,
                text=True,
                check=True,
                env=clean,
            )
            if i:
                took = [float(text) * 1e6 for text in done.stdout.split()]
                wall.append(took[0])
                cpu.append(took[1])
    return {"us": median(wall), "cpu": median(cpu)}
