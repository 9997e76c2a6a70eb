"""The law of time travel, case by case, against plain LangGraph."""

from __future__ import annotations

import pytest

from tests.adapters.langgraph.corpus import CASES
from tests.adapters.langgraph.law import check_law


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", CASES)
def test_every_frame_leads_to_the_end_that_plain_langgraph_has(name, long_form, record_property):
    """Rewound to any frame and gone on from there, nothing that was committed runs again."""
    rewinds = check_law(CASES[name], long=long_form)
    record_property("rewinds", rewinds)

    assert rewinds >= (8 if long_form else 4)  # start and end at least, stepped to and run to
