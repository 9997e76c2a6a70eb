"""The command line: ``lellm-nb runs FILE …`` looks into stores without a notebook."""

from __future__ import annotations

import argparse
import datetime
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from lellm_nb.errors import LellmError
from lellm_nb.errors.error_words import error_words
from lellm_nb.errors.key_patterns import without_keys
from lellm_nb.errors.safe_text import printable, safe_repr

__all__ = ["main"]

_RUNS = """\
Look into a file or folder of runs, as Debugger(graph, state, store=FILE) or Debugger.save wrote it.
Nothing of a run is ever executed here, and no graph is needed.

  lellm-nb runs runs.db                         list the runs, newest first
  lellm-nb runs runs.db show                    the newest run: its lines and frames
  lellm-nb runs runs.db show 3f2a --frames 50   another one, by the beginning of its id or its name
  lellm-nb runs runs.db show --frame 12         one frame: what was written, and the state after
  lellm-nb runs runs.db export 3f2a one.lellm   one run as one file, to give away
  lellm-nb runs runs.db prune --keep 20         drop all but the newest 20 (asks before)

To go on with a run: Debugger.open("runs.db", "3f2a", graph=my_graph).
"""


_MAIN = """\
Look into stored runs without a notebook; the debugger itself is for Python: see the README.

  lellm-nb runs runs.db            list the runs of a store
  lellm-nb runs runs.db show       the newest one: its lines and frames
  lellm-nb runs --help             everything that can be done with them
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status.

    Example:
        >>> main(["runs", "no such file"])
        1
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given and not given[0].startswith("-") and given[0] != "runs":
        given.insert(0, "runs")  # a file's name alone is clear enough
    options = _parser().parse_args(given)
    try:
        _ACTIONS[options.action or "list"](options)
    except LellmError as error:
        notes = "".join(f"\n  {note}" for note in getattr(error, "__notes__", ()))
        sys.stderr.write(printable(f"lellm-nb: {error}{notes}") + "\n")
        return 1
    except BrokenPipeError:  # the reader of a pipe has seen enough
        return 0
    return 0


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="lellm-nb", description=_MAIN, formatter_class=raw)
    parser.add_argument("--version", action="version", version=f"lellm-nb {version('lellm-nb')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="runs")
    runs = commands.add_parser(
        "runs",
        help="list, show, export and prune stored runs",
        description=_RUNS,
        formatter_class=raw,
    )
    runs.add_argument(
        "file",
        metavar="FILE",
        help="a store (a SQLite file or a folder), or a file that save() wrote",
    )
    actions = runs.add_subparsers(dest="action", metavar="show | export | prune")
    show = actions.add_parser("show", help="show a run's lines and frames")
    show.add_argument("run", nargs="?", help="its id, how the id begins, or its name; the newest")
    show.add_argument("--line", help="another line than the one the run stands on")
    show.add_argument("--frames", type=int, default=20, metavar="N", help="the last N frames (20)")
    show.add_argument("--frame", type=int, metavar="I", help="one frame in full")
    export = actions.add_parser("export", help="write one run to one file")
    export.add_argument("run", nargs="?", help="its id, how the id begins, or its name; the newest")
    export.add_argument("to", metavar="OUT", help="the file to write; Debugger.load reads it")
    prune = actions.add_parser(
        "prune",
        help="drop old runs",
        description="Drop whole runs. Those that are being written, or have a pinned frame, stay.",
    )
    prune.add_argument("--keep", type=int, metavar="N", help="keep the newest N")
    prune.add_argument("--days", type=float, metavar="D", help="keep what is younger than D days")
    prune.add_argument("--yes", action="store_true", help="do not ask")
    return parser


def _say(text: str) -> None:
    sys.stdout.write(printable(without_keys(text)) + "\n")


def _is_store(file: str) -> bool:
    from lellm_nb.store.store_at import PathKind, kind_of_path

    return kind_of_path(file) is not PathKind.ARCHIVE


def _open(options: Any, run: str | None = None) -> Any:
    from lellm_nb.debug import Debugger

    if _is_store(options.file):
        return Debugger.open(options.file, run)
    return Debugger.load(options.file)


def _list(options: Any) -> None:
    from lellm_nb.debug.persist.run_table import run_summaries

    rows = [("ID", "NAME", "BEGUN", "FRAMES", "GRAPH", "STATUS", "WRITTEN BY")]
    for one in run_summaries(options.file):
        begun = "" if one.when is None else _when(one.when)
        frames = "" if one.frames is None else str(one.frames)
        graph = one.graph or ("(damaged)" if one.status == "damaged" else "")
        rows.append((one.run[:8], one.name, begun, frames, graph, one.status, one.owner))
    if len(rows) == 1:
        _say("There are no runs in it.")
        return
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        _say("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip())


def _when(seconds: float) -> str:
    try:
        return datetime.datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):  # of a forged file
        return "(no time)"


def _show(options: Any) -> None:
    dbg = _open(options, options.run)
    if options.line:
        dbg = dbg.branch(options.line)
    if options.frame is not None:
        _show_frame(dbg.frames[options.frame])
        return
    _say(f"{dbg.trace_id}  {dbg.name}")
    _say(dbg.status_line)
    for line in dbg.tree:
        begins = f", from frame {line.at} of {line.base}" if line.base else ""
        _say(f"  line {line.name}: {line.frames} frames{begins}")
        for mark in line.marks:
            _say(f"    {mark}")
    frames = dbg.frames
    first = max(0, len(frames) - max(options.frames, 0))
    if first:
        _say(f"  … {first} frames before (--frames {len(frames)} shows all)")
    for frame in frames[first:]:
        mark = ">" if frame.index == dbg.head else " "
        to = f" -> {frame.next_node or '(end)'}" if frame.route is not None else ""
        said = "" if frame.error is None else f"  {type(frame.error).__name__}"
        keys = ", ".join(frame.changed_keys)
        _say(f"{mark} {frame.index:5} {frame.kind:9} {frame.path or '(start)'}{to}  {keys}{said}")


def _show_frame(frame: Any) -> None:
    _say(repr(frame))
    _say(
        f"  began {_when(frame.started)}, took {frame.duration * 1000:.3f} ms, visit {frame.visit}"
    )
    for mutation in frame.mutations:
        _say(f"  {safe_repr(mutation, 300)}")
    if frame.error is not None:
        _say(f"  {error_words(frame.error)}")
    if frame.output:
        _say("  output:\n    " + frame.output.rstrip("\n").replace("\n", "\n    "))
    _say("  state:")
    state = frame.state
    for key, value in state.items() if isinstance(state, dict) else [("", state)]:
        _say(f"    {key} = {safe_repr(value, 300)}")


def _export(options: Any) -> None:
    _open(options, options.run).save(options.to)
    _say(f"Wrote {options.to}")


def _prune(options: Any) -> None:
    from lellm_nb.errors import CheckpointStoreError
    from lellm_nb.store.store_at import store_at

    if options.keep is None and options.days is None:
        raise CheckpointStoreError("Say what to keep: --keep N, --days D, or both.")
    if not _is_store(options.file):
        raise CheckpointStoreError("This file holds one run; delete it if you do not want it.")
    store_at(options.file, readonly=True).close()  # a wrong name is no reason to make a file
    store = store_at(options.file)
    now = datetime.datetime.now().timestamp()
    dropped = []
    for i, info in enumerate(store.runs()):
        too_many = options.keep is not None and i >= options.keep
        too_old = options.days is not None and now - info.created > options.days * 86_400
        rows = store.run_rows(info.trace_id)
        pinned = any(kind == "pin" for kind, _, _ in rows.marks())
        if (too_many or too_old) and not info.owner and not pinned:
            dropped.append(info)
    if not dropped:
        _say("There is nothing to drop.")
        return
    for info in dropped:
        _say(f"{info.trace_id[:8]}  {info.name}  {_when(info.created)}  {info.frames} frames")
    if not options.yes:
        sys.stdout.write(f"Drop these {len(dropped)} runs for good? [y/N] ")
        sys.stdout.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            _say("Nothing was dropped.")
            return
    for info in dropped:
        store.drop_run(info.trace_id)
    store.compact()
    _say(f"Dropped {len(dropped)} runs.")


_ACTIONS = {"list": _list, "show": _show, "export": _export, "prune": _prune}

if __name__ == "__main__":
    sys.exit(main())
