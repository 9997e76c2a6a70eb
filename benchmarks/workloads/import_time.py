"""How long the import takes that a script needs before its first graph."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.figures import Column, Figure
from benchmarks.subjects import PEERS, SUBJECTS
from benchmarks.timing import median

KEY = "import"
TITLE = "Import time: what a script pays before its first graph"
HOW = "fresh interpreters with warm byte code, the clock read around the import alone; median of 7"
COLUMNS = (Column("us", "import", "us"),)

PROGRAM = """
import time
begun = time.perf_counter()
{statement}
print(time.perf_counter() - begun)
"""


def figures(short: bool) -> list[Figure]:
    """One per library."""
    runs = 3 if short else 7
    names = ["bare loop", "lellm_nb session", *PEERS]
    return [Figure(KEY, name, SHOWN.get(name, ""), {"runs": runs}) for name in names]


SHOWN = {"bare loop": "asyncio alone", "lellm_nb session": "lellm_nb"}


def measure(subject: str, runs: int) -> dict[str, float]:
    """Import it in interpreters of their own."""
    program = PROGRAM.format(statement=SUBJECTS[subject].load().IMPORT)
    took = []
    for _ in range(runs + 1):
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        )
        took.append(float(done.stdout) * 1e6)
    return {"us": median(took[1:])}
