"""The node functions of LangGraph's fanout_to_subgraph, shared by all libraries.

Per subject: one edit, one generate, ten bumps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["bump", "edit", "enough", "generate"]


async def edit(state: Mapping[str, Any]) -> dict[str, Any]:
    """Change the subject."""
    return {"subject": f"{state['subject']} - hohoho"}


async def generate(state: Mapping[str, Any]) -> dict[str, Any]:
    """Make a joke of it."""
    return {"jokes": [f"Joke about {state['subject']}"]}


async def bump(state: Mapping[str, Any]) -> dict[str, Any]:
    """Make it a little longer."""
    return {"jokes": [state["jokes"][0] + " a"]}


def enough(state: Mapping[str, Any]) -> bool:
    """Tell whether it was bumped ten times."""
    ended: bool = state["jokes"][0].endswith(" a" * 10)
    return ended
