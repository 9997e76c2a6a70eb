"""What is made from Python's tables: the panel's verbs and tabs, and the README's list of verbs.

``python -m lellm_nb.notebook.widget.generated`` writes the files; a test says when one of them is
behind its table.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lellm_nb.debug.core.verb_table import TOPICS, VERBS, Verb
from lellm_nb.notebook.tabs.registry import TABS
from lellm_nb.notebook.widget.assets import STATIC

README = STATIC.parents[2] / "README.md"

_BEGINS = "<!-- the verbs: written by `make generated` -->"
_ENDS = "<!-- /the verbs -->"
_HEAD = "// @ts-check\n// generated from {source} by `make generated`: not to be edited here\n\n"


def verb_table() -> str:
    """Return the module with the verbs that have a button, in the order of the toolbar.

    Example:
        >>> "Step back" in verb_table(), "evaluate" in verb_table()
        (True, False)
    """
    rows = [_verb_row(verb) for verb in VERBS.values() if verb.label]
    return (
        _HEAD.format(source="lellm_nb/debug/core/verb_table.py")
        + "/** Every verb that has a button. @type {Verb[]} */\n"
        + f"export const VERB_ROWS = {_listed(rows)};\n"
    )


def _verb_row(verb: Verb) -> str:
    said = _entries(
        name=verb.name,
        label=verb.label,
        key=verb.key,
        group=verb.group,
        icon=verb.icon,
        filled=verb.filled,
        main=verb.main,
        takes=verb.takes,
        live=bool(verb.going),
        away=verb.away,
        onlyAway=verb.only_away,
    )
    return f"{{ {said} }}"


def tab_registry() -> str:
    """Return the module with every tab: its name, and what its own module gives.

    Example:
        >>> 'import { tab as state } from "./state.js";' in tab_registry()
        True
    """
    brought = [f'import {{ tab as {tab.id} }} from "./{tab.id}.js";\n' for tab in TABS]
    rows = [f"{{ {_entries(id=tab.id, name=tab.name)}, ...{tab.id} }}" for tab in TABS]
    return (
        _HEAD.format(source="lellm_nb/notebook/tabs/registry.py")
        + "".join(brought)
        + "\n/** Every tab, in order. @type {Tab[]} */\n"
        + f"export const TABS = {_listed(rows)};\n"
    )


def _entries(**entries: Any) -> str:
    return ", ".join(f"{name}: {json.dumps(value)}" for name, value in entries.items())


def _listed(rows: list[str]) -> str:
    return "[\n" + "".join(f"  {row},\n" for row in rows) + "]"


def verb_list() -> str:
    """Return the README's table of verbs: a row for each topic.

    Example:
        >>> print(verb_list().splitlines()[2])
        | forward | `step(n=1)` makes one commit, `run(until=None)` goes on to the next stop, ...
    """
    said = {topic: [first] if first else [] for topic, first in TOPICS.items()}
    for verb in VERBS.values():
        said[verb.topic] += [verb.says] if verb.says else []
    rows = (f"| {topic} | {', '.join(parts)} |\n" for topic, parts in said.items())
    return "| | |\n|---|---|\n" + "".join(rows)


def generated() -> dict[Path, str]:
    """Return the text of each file that is made from a table, or has a part that is."""
    made = {
        STATIC / "core" / "verb_table.js": verb_table(),
        STATIC / "tabs" / "registry.js": tab_registry(),
    }
    if README.exists():  # where the package is developed, and not where it is installed
        text = README.read_text(encoding="utf-8")
        before, after = text[: text.index(_BEGINS)], text[text.index(_ENDS) :]
        made[README] = f"{before}{_BEGINS}\n\n{verb_list()}\n{after}"
    return made


def main() -> None:
    """Write the files."""
    for path, text in generated().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
