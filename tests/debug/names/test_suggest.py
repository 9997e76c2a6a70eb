"""A name that is nowhere: what may have been meant by it is said, wherever it lies."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger
from lellm_nb.errors import MissingKeyError, NoSuchNodeError
from tests.strategies import nested, order_desk, priced

BOTH = "Did you mean 'agent:total' or ('job', 'total')?"


@pytest.mark.parametrize("verb", ["who", "history"])
@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("total", BOTH),
        ("job.totl", "Nothing on"),
        ("agent.total", "Did you mean 'agent:total'?"),
        (("total", 0), "has a key 'total'. Did you mean 'agent:total'?"),
        ("totl", "Did you mean 'agent:total'?"),
        ("costumer", "Did you mean 'customer'?"),
        ("agent:customer", "in level 'agent'. Did you mean 'customer'?"),
        ("agent", "'agent' is a level; ask for one of its keys, such as 'agent:priced'."),
        ("nonsense", "has a key 'nonsense'. Keys: customer"),
    ],
)
def test_a_key_of_another_level_is_pointed_to(verb, path, says):
    """Bad input: names mean the root state, and a value inside is found by its name."""
    dbg = priced()

    with pytest.raises(MissingKeyError) as caught:
        getattr(dbg, verb)(path)

    assert says in str(caught.value)


@pytest.mark.parametrize("verb", ["who", "history"])
def test_what_is_pointed_to_can_be_asked_for(verb):
    """A hint is typed as it stands."""
    dbg = priced()

    assert len(getattr(dbg, verb)("agent:total"))
    assert len(getattr(dbg, verb)(("job", "total")))


@pytest.mark.parametrize("verb", ["who", "history"])
def test_the_key_of_a_level_is_no_level(verb):
    """Bad input: a lens' key before the colon leads to the level behind it."""
    dbg = priced()

    with pytest.raises(NoSuchNodeError) as caught:
        getattr(dbg, verb)("job:total")

    assert str(caught.value) == (
        "There is no level 'job' in 'job:total'. 'job' is the key of level 'agent'."
        f" {BOTH} Levels: agent, checks/limit, checks/stock."
    )


def test_a_level_without_a_key_of_its_own_points_to_the_root():
    """A level that works on the state around it has the same keys: they are named once."""
    dbg = Debugger(nested(), {"plan": {"steps": []}})
    dbg.run()

    with pytest.raises(MissingKeyError, match=r"Did you mean \('plan', 'steps'\)\?"):
        dbg.who("steps")


@pytest.mark.parametrize("verb", ["who", "history"])
def test_a_level_that_no_step_has_entered_says_so(verb):
    """Its keys are not known, and what the state around it has is pointed to."""
    dbg = Debugger(order_desk(), {"lines": [1]})
    dbg.step()

    says = (
        r"a key 'total' in level 'agent#2', for no step has entered it\."
        r" Did you mean \('job', 'total'\)\? Keys: \(none\)\."
    )
    with pytest.raises(MissingKeyError, match=says):
        getattr(dbg, verb)("agent#2:total")


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda dbg: dbg.break_at("pik"), "Did you mean 'agent/pick'? Nodes: start,"),
        (lambda dbg: dbg.run(until="discuont"), "Did you mean 'agent/discount'?"),
        (lambda dbg: dbg.break_on(("pick", "done")), "Did you mean 'pick -> price'? Edges: pick"),
        (lambda dbg: dbg.bisect("True", level="job"), "Did you mean 'agent'? Levels: agent,"),
        (lambda dbg: dbg.bisect("True", level="stok"), "Did you mean 'checks/stock'?"),
    ],
)
def test_a_name_inside_is_near_as_well(ask, says):
    """What is asked for and what there is are called what they are: nodes, levels, edges."""
    with pytest.raises(NoSuchNodeError) as caught:
        ask(priced())

    assert says in str(caught.value)


def test_what_a_value_holds_is_said_in_words():
    """No class of this package's own."""
    with pytest.raises(MissingKeyError, match=r"'job\.priced' holds a list of 2"):
        priced().who(("job", "priced", "x"))
    with pytest.raises(MissingKeyError, match=r"'job' holds a mapping\. Did you mean 'total'"):
        priced().who(("job", "totl"))


def test_the_hint_is_a_fact_of_the_error():
    """So that a view can show it apart."""
    with pytest.raises(MissingKeyError) as caught:
        priced().who("total")

    assert caught.value.hint == BOTH
