"""A victim: runs every kind of command while SIGINT comes at random instructions.

Prints one line: how many interrupts came, and what was found to be wrong, or ``nothing``.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import sys
import threading
import time
from pathlib import Path

from lellm_nb import Debugger, GraphBuilder, StopReason
from lellm_nb.errors import BusyError
from tests.waiting import until

FINE = {StopReason.STEP, StopReason.PAUSED, StopReason.CANCELLED, StopReason.LIMIT}


async def later(ctx):
    return {"n": ctx.state.get("n", 0) + 1}


def plain(ctx):
    ctx.append("log", len(ctx.state.get("log", ())))


def graph():
    g = GraphBuilder("g").node("a", plain).node("b", later).edge("a", "b").edge("b", "a")
    return g.node("end", plain).edge_fallback("b", "end").start("a").end("end").build()


def interrupts(wanted, armed, sent, done, rnd):
    """Send them while they may come, at times that nothing knows of."""
    while not done and sent[0] < wanted:
        time.sleep(rnd.random() * 0.002)
        if armed:
            os.kill(os.getpid(), signal.SIGINT)
            sent[0] += 1


def main(folder, wanted, number):
    rnd, file = random.Random(number), Path(folder) / "runs.db"
    dbg = Debugger(graph(), {}, store=file, max_steps=50)
    free = Debugger(graph(), {}, max_steps=50)
    commands = [
        lambda: dbg.run(),
        lambda: dbg.step(5),
        lambda: dbg.note(0, "a note"),
        lambda: dbg.rewind(rnd.randrange(len(dbg.frames))),
        lambda: dbg.patch({"a": plain}),
        lambda: dbg.back(),
        lambda: dbg.pin(0),
        lambda: free.run(),
        lambda: free.step(),
        lambda: free.fork(at=0).step(),
        lambda: free.break_at("a", ignore=10**9) and None,
        lambda: free.post("step").result(30),
        lambda: free.rewind(0),
    ]
    # lists, for what an Event does inside may be interrupted for good as well
    armed: list[bool] = []
    done: list[bool] = []
    sent = [0]
    sender = threading.Thread(target=interrupts, args=(wanted, armed, sent, done, rnd), daemon=True)
    sender.start()
    wrong = None
    while sent[0] < wanted and wrong is None:
        command = rnd.choice(commands)
        try:
            armed.append(True)
            for _ in range(5):
                command()
        except KeyboardInterrupt:
            pass
        except BusyError:
            pass  # looked at below, where nothing is interrupted
        finally:
            try:
                armed.clear()
            except KeyboardInterrupt:
                armed.clear()
        try:
            time.sleep(0.004)  # one may still be on its way
            wrong = found(dbg, free, file)
        except KeyboardInterrupt:
            pass
    done.append(True)
    sender.join()
    if wrong is None:
        dbg.rewind(len(dbg.frames) - 1)
        count = len(dbg.frames)
        dbg.close()
        again = Debugger.open(file, graph=graph())
        wrong = None if len(again.frames) == count else f"{len(again.frames)} of {count} reopened"
    print(sent[0], wrong or "nothing")


def found(dbg, free, file):
    """Return what is wrong now, where nothing is interrupted: every command works again."""
    for one in (dbg, free):
        until(lambda one=one: not one.busy, f"{one} to be free")  # a posted command may go on
        stop = one.step()
        if stop.reason not in FINE:
            return f"{one} came back with {stop}"
    on_disk = sqlite3.connect(file).execute("select count(*) from frames").fetchone()[0]
    if on_disk < len(dbg.frames):
        return f"{on_disk} frames on disk of {len(dbg.frames)}"
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return "the handler of the signal was left exchanged"
    return None


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
