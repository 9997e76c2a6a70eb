"""What goes into a table can be read, compared and spelled by pandas (SEMANTICS S10)."""

from __future__ import annotations

import numpy
import pandas
from hypothesis import given

from lellm_nb.errors.safe_value import safe_value, safe_values
from lellm_nb.state import freeze
from tests.strategies_hostile import hostile_values


class Detached:
    """A row whose session is gone."""

    def __repr__(self):
        raise RuntimeError("detached")


def test_a_quiet_value_is_handed_out_as_it_is():
    """The very object: a table holds values, not texts of them."""
    quiet = [1, "a", None, freeze({"a": [1, (2,)]}), object(), numpy.arange(3), pandas.Series([1])]

    assert all(a is b for a, b in zip(safe_values(quiet), quiet, strict=True))


def test_only_what_refuses_is_replaced():
    """The container around it keeps its shape and its other items."""
    made = safe_value(freeze({"bad": [Detached(), 2], "fine": (1, 10**5000)}))

    assert made == {
        "bad": ["<Detached: repr raised RuntimeError>", 2],
        "fine": (1, "<int of 5,001 digits>"),
    }


@given(value=hostile_values())
def test_pandas_can_show_whatever_is_left(value):
    """A column of it has a text and a page, alone and in a table."""
    column = numpy.empty(1, dtype=object)
    column[0] = safe_value(value.value)
    table = pandas.DataFrame({"n": [1], "value": pandas.Series(column, dtype=object)})

    assert "value" in repr(table)
    assert "value" in table.to_html()
