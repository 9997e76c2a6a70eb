"""A child that runs graphs into one store while SIGINT comes at random moments, and goes on.

    python -m tests.faults.survivor STORE RUNS INTERRUPTS SEED

Prints one line: how many interrupts came, how many frames were reported, and what was found to
be wrong, or ``nothing``. It looks after every interrupt, through a reader of its own.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import threading
import time
from typing import Any

from lellm_nb import Debugger
from lellm_nb.store.store_at import store_at
from tests.faults.victim import begin, change, graph

FINE = ("STEP", "BARRIER", "PAUSED", "CANCELLED")


class Survivor:
    """Some runs in one store, and what was reported of each."""

    def __init__(self, where: str, kind: str, runs: int) -> None:
        self.where, self.kind = where, kind
        self.runs = begin(where, kind, runs)
        self.reported: set[tuple[int, str, int]] = set()
        self.reader = store_at(where, readonly=True)
        self.rows = [self.reader.run_rows(dbg.trace_id) for dbg in self.runs]

    def work(self, seen: int) -> None:
        """Move every run by a few steps."""
        for number, dbg in enumerate(self.runs):
            stop = dbg.approve(dbg.pending[0].id) if dbg.pending else dbg.step(2)
            if stop.reason.name not in FINE:
                raise AssertionError(f"run {number} came back with {stop}")
            if stop.reason.name == "STEP":
                self.reported.add((number, dbg.line, dbg.head))
            change(dbg, seen)

    def wrong(self) -> str:
        """Say what is wrong now, where nothing is interrupted; nothing, as a rule."""
        for number, (dbg, rows) in enumerate(zip(self.runs, self.rows, strict=True)):
            if dbg.busy:
                return f"run {number} is busy"
            db = getattr(dbg.session.history.writer.rows, "store", None)
            if db is not None and db.db.in_transaction:
                return "a transaction is open"
            lines = {line.name: line for line in rows.lines()}
            for of, name, index in self.reported:
                if of == number:
                    line = lines.get(name)
                    if line is None or line.first + rows.length(line.number) <= index:
                        return f"frame {index} of line {name} of run {number} is not on disk"
        self.reported.clear()
        if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            return "the handler of the signal was left exchanged"
        return ""

    def reopened(self) -> str:
        """Close the runs and open them again; say what is not there."""
        for dbg in self.runs:
            there = {n: len(line) for n, line in dbg.session.history.lines.items()}
            position, state = dbg.position, dbg.state
            dbg.close()
            again = Debugger.open(self.where, dbg.name, graph=graph(self.kind))
            found = {n: len(line) for n, line in again.session.history.lines.items()}
            if (found, again.position, again.state) != (there, position, state):
                return f"run {dbg.name} came back as another one"
            if any(frame.position is None for frame in again.frames):
                return f"run {dbg.name} has a frame that leads nowhere"
            again.close()
        return ""


def send(wanted: int, armed: list[bool], sent: list[int], over: list[bool], chance: Any) -> None:
    """Send interrupts while they may come, at times that nothing knows of."""
    while not over and sent[0] < wanted:
        time.sleep(chance.random() * 0.004)
        if armed:
            os.kill(os.getpid(), signal.SIGINT)
            sent[0] += 1


def main(where: str, runs: int, wanted: int, seed: int) -> None:
    """Run until so many interrupts came, or something is wrong."""
    # who is started in the background by a shell does not hear it otherwise
    signal.signal(signal.SIGINT, signal.default_int_handler)
    chance = random.Random(seed)
    survivor = Survivor(where, ("chain", "nest", "fan")[seed % 3], runs)
    armed: list[bool] = []
    over: list[bool] = []
    sent = [0]
    sender = threading.Thread(target=send, args=(wanted, armed, sent, over, chance), daemon=True)
    sender.start()
    seen = reported = 0
    wrong = ""
    while sent[0] < wanted and not wrong:
        try:
            armed.append(True)
            for _ in range(10):
                seen += 1
                survivor.work(seen)
        except KeyboardInterrupt:
            pass
        finally:
            try:
                armed.clear()
            except KeyboardInterrupt:
                armed.clear()
        with contextlib.suppress(KeyboardInterrupt):
            time.sleep(0.01)  # one may still be on its way
        reported += len(survivor.reported)
        wrong = survivor.wrong()
    over.append(True)
    sender.join()
    print(sent[0], reported, wrong or survivor.reopened() or "nothing")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:5]))
