"""Law: no sequence of debugger commands loses a committed frame, or moves what it should not.

Every verb at any time, on a debugger and on its forks, over random graphs, against a simple
model: every frame ever seen with what a reader sees of it and the frame before it, and where
each debugger stands.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import seed, settings
from hypothesis.stateful import RuleBasedStateMachine

from tests.laws.machine_changes import Changes
from tests.laws.machine_inputs import Inputs
from tests.laws.machine_moves import Moves
from tests.laws.machine_rules import Rules

LONG = os.environ.get("LELLM_LONG", "") not in ("", "0")
EXAMPLES = 5_000 if LONG else 100 if os.environ.get("CI") else 50


class Commands(Moves, Changes, Inputs, Rules, RuleBasedStateMachine):
    """Any verb at any time; the world may break and mend."""


@pytest.mark.timeout(120 if not LONG else 300)
class TestCommands(Commands.TestCase):
    """The machine, as pytest finds it."""

    settings = settings(max_examples=EXAMPLES, stateful_step_count=40, deadline=None)


if LONG:
    TestCommands = seed(20261120)(TestCommands)
