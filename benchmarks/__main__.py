"""`python -m benchmarks`: measure everything and print the table."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import workloads
from benchmarks.figures import Figure, Result
from benchmarks.subjects import SUBJECTS
from benchmarks.table import heading, open_gaps, section
from benchmarks.timing import collector

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 600
"""Seconds that one process may take."""


def main() -> int:
    """Measure in rounds, so that a noisy minute hits every subject, and print."""
    told = _arguments()
    begun = time.monotonic()
    plan = [
        (name, workloads.load(name), figure)
        for name in told.workloads or workloads.NAMES
        for figure in workloads.load(name).figures(told.short)
        if told.libraries is None or any(figure.subject.startswith(n) for n in told.libraries)
    ]
    results = [Result(figure) for _, _, figure in plan]
    for turn in range(told.processes):
        for (name, _, _), result in zip(plan, results, strict=True):
            _measure(name, result, turn, told.processes)
        _say(f"round {turn + 1} of {told.processes} after {time.monotonic() - begun:.0f} s")
    for result in results:
        result.values = _medians(result.runs)
    text = _text(told, plan, results)
    print(text)
    _say(f"took {time.monotonic() - begun:.0f} s")
    if told.markdown:
        _write(told.markdown, text)
    if told.json:
        told.json.write_text(json.dumps([asdict(r) for r in results], indent=1), encoding="utf-8")
    failed = [r for r in results if r.problem and r.problem != "not installed"]
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--short", action="store_true", help="small sizes, once; under a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every value there")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table there")
    parser.add_argument("--processes", type=int, default=0, help="per figure; 3, short 1")
    parser.add_argument("--workloads", nargs="+", choices=workloads.NAMES, metavar="NAME")
    parser.add_argument("--libraries", nargs="+", metavar="NAME", help="beginnings of names")
    told = parser.parse_args()
    told.processes = told.processes or (1 if told.short else 3)
    return told


def _measure(name: str, result: Result, turn: int, turns: int) -> None:
    figure = result.figure
    if not SUBJECTS[figure.subject].installed:
        result.problem = "not installed"
    if result.problem or turn >= (figure.processes or turns):
        return
    if sys.stderr.isatty():
        _say(f"{figure.workload} {figure.subject} {figure.case}", end="\r")
    command = [sys.executable, "-m", "benchmarks.measure", name, figure.subject]
    try:
        done = subprocess.run(
            [*command, json.dumps(figure.options)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            env={**os.environ, "PYTHONWARNINGS": "ignore", "BURR_TELEMETRY_DISABLED": "1"},
        )
        result.runs.append(json.loads(done.stdout.strip().rpartition("\n")[2]))
    except subprocess.TimeoutExpired:
        result.problem = f"took more than {PATIENCE} s"
    except json.JSONDecodeError:
        lines = done.stderr.strip().splitlines() or [f"ended with code {done.returncode}"]
        result.problem = f"failed: {lines[-1][:200]}"


def _medians(runs: list[dict[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key in runs[0] if runs else ():
        found = [run[key] for run in runs if key in run]
        plain = isinstance(found[0], str)
        values[key] = found[0] if plain else statistics.median(found)
    return values


def _text(
    told: argparse.Namespace, plan: list[tuple[str, Any, Figure]], results: list[Result]
) -> str:
    parts = [heading(told.processes, collector(), told.short)]
    pairs = [(module, result) for (_, module, _), result in zip(plan, results, strict=True)]
    for module in dict.fromkeys(module for module, _ in pairs):
        parts.append(section(module, [result for at, result in pairs if at is module]))
    gaps = open_gaps(pairs)
    parts.append("### Not reached\n\n" + ("\n".join(gaps) if gaps else "Nothing."))
    return "\n\n".join(parts)


def _write(file: Path, text: str) -> None:
    """Write the table; in a page that has the mark, below the mark."""
    page = file.read_text(encoding="utf-8") if file.exists() else ""
    before, mark, rest = page.partition("<!-- the table")
    kept = f"{before}{mark}{rest.partition('-->')[0]}-->\n\n" if mark else ""
    file.write_text(kept + text + "\n", encoding="utf-8")


def _say(text: str, end: str = "\n") -> None:
    print(f"\033[K{text}" if sys.stderr.isatty() else text, file=sys.stderr, end=end, flush=True)


if __name__ == "__main__":
    sys.exit(main())
