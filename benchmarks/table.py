"""The table, as Markdown."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from typing import Any

from benchmarks.figures import Column, Result
from benchmarks.subjects import SUBJECTS
from benchmarks.targets import targets_of

__all__ = ["heading", "open_gaps", "section"]


def heading(processes: int, setting: str, short: bool) -> str:
    """Return what was measured, on what, and how."""
    versions = {s.distribution: s.version for s in SUBJECTS.values() if s.version}
    shown = ", ".join(f"{name} {version}" for name, version in versions.items())
    form = "the short form: small sizes, few repetitions" if short else "the long form"
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return "\n".join(
        [
            f"Python {platform.python_version()} on {platform.system()} {platform.machine()},"
            f" {os.cpu_count()} cores, load {load:.1f} at the end; {shown}.",
            f"This is {form}. Every figure is the median of {processes} fresh"
            f" process{'es' if processes > 1 else ''}, the processes of all subjects in turn;"
            f" garbage collector as Python sets it ({setting}), one full collection before each"
            " timed run. *Made* is processes x runs in each. **x bare** is the"
            " ratio to the bare loop `state.update(await node(state))`, timed in the same"
            " process just before and after.",
        ]
    )


def show(value: Any, kind: str) -> str:
    """Return one value as people read it."""
    if value is None or value == "":
        return "-"
    if kind == "text":
        return str(value)
    if kind == "count":
        return f"{value:.0f}"
    if kind == "x":
        if 0 < value < 0.1:
            return f"{value:.2g}"
        return (
            f"{value:,.2f}" if value < 10 else f"{value:,.1f}" if value < 100 else f"{value:,.0f}"
        )
    if kind == "bytes":
        for unit, size in (("MB", 1e6), ("kB", 1e3)):
            if abs(value) >= size:
                return (
                    f"{value / size:,.3g} {unit}" if value < 1e8 else f"{value / size:,.0f} {unit}"
                )
        return f"{value:.0f} B"
    if value >= 1000:
        return f"{value / 1000:,.3g} ms" if value < 1e6 else f"{value / 1e6:,.3g} s"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def section(workload: Any, results: Iterable[Result]) -> str:
    """Return one workload's table."""
    columns: tuple[Column, ...] = workload.COLUMNS
    heads = ["", *(column.head for column in columns), "made", "target", "reached"]
    lines = [f"### {workload.TITLE}", "", _row(heads), _row(["---"] * len(heads))]
    for result in results:
        name = f"{result.figure.subject}{', ' if result.figure.case else ''}{result.figure.case}"
        if result.problem:
            lines.append(_row([name, result.problem, *[""] * (len(heads) - 2)]))
            continue
        cells = [show(result.values.get(column.key), column.kind) for column in columns]
        wanted, reached = _targets(result, columns)
        made = f"{len(result.runs)} x {result.figure.options.get('runs', 1)}"
        lines.append(_row([name, *cells, made, wanted, reached]))
    return "\n".join([*lines, "", f"*{workload.HOW}.*"])


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _limits(result: Result) -> dict[str, float]:
    figure = result.figure
    return targets_of(figure.workload, figure.subject, figure.case)


def _missed(result: Result) -> list[str]:
    limits = _limits(result)
    return [key for key, limit in limits.items() if _rounded(result.values.get(key, 0)) > limit]


def _rounded(value: float) -> float:
    """As exact as the table shows it: three digits."""
    return float(f"{value:.3g}")


def _targets(result: Result, columns: Iterable[Column]) -> tuple[str, str]:
    by_key = {column.key: column for column in columns}
    limits = _limits(result)
    if not limits:
        return "", ""
    texts = [
        f"{by_key[key].head} <= {show(limit, by_key[key].kind)}" for key, limit in limits.items()
    ]
    missed = [by_key[key].head for key in _missed(result)]
    return "; ".join(texts), f"**no: {', '.join(missed)}**" if missed else "yes"


def open_gaps(results: Iterable[tuple[Any, Result]]) -> list[str]:
    """Return one line for each target that was not reached."""
    lines = []
    for workload, result in results:
        kinds = {column.key: column for column in workload.COLUMNS}
        for key in _missed(result) if not result.problem else ():
            column = kinds[key]
            got = show(result.values[key], column.kind)
            limit = show(_limits(result)[key], column.kind)
            figure = result.figure
            case = f", {figure.case}" if figure.case else ""
            lines.append(
                f"- {figure.workload}, {figure.subject}{case}: {column.head} {got}, not {limit}"
            )
    return lines
