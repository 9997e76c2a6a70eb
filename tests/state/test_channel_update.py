"""Several values for one key, folded at once."""

from __future__ import annotations

import json
import pickle

import pytest

from lellm_nb.errors import ReadOnlyStateError, ReducerError, StateError
from lellm_nb.record.codec.positions import PositionReader, PositionWriter
from lellm_nb.record.codec.values import Codec
from lellm_nb.record.log.mutation_form import looked_at, mutation_json, read_mutation
from lellm_nb.record.redaction.redactor import Redactor
from lellm_nb.records.json_form import to_json
from lellm_nb.state import ChannelUpdate, FrozenList, KeyLens, Put, Reduce, Reducer, fold
from lellm_nb.state.compact import MISSING
from lellm_nb.state.frozen import freeze


def longest(old, values):
    """A rule that no folding one by one would come to: it looks at all values."""
    return max([*([] if old is MISSING else [old]), *values], key=len)


LONGEST = Reducer("longest", longest)


def test_the_rule_is_given_the_list_of_values():
    """Once, with what is there or with nothing."""
    seen = []

    def rule(old, values):
        seen.append((old, list(values)))
        return values[-1]

    fold({}, [ChannelUpdate("log", ["a", "b"], Reducer("last", rule))])
    fold({"log": "z"}, [ChannelUpdate("log", ["a"], Reducer("last", rule))])

    assert seen == [(MISSING, ["a", "b"]), ("z", ["a"])]


def test_the_values_are_kept_frozen():
    """What was given may change afterwards, what is read may not."""
    given = [["a"], {"b": 1}]
    update = ChannelUpdate("log", given, LONGEST)
    given[0].append("later")
    with pytest.raises(ReadOnlyStateError):
        update.values.append("read")

    assert type(update.kept) is FrozenList
    assert update.values == update.value == [["a"], {"b": 1}]
    assert repr(update) == "ChannelUpdate('log', [['a'], {'b': 1}])"


def test_it_is_a_reduce_and_equals_its_own_kind_alone():
    """With the same parts a Reduce is another mutation."""
    one = ChannelUpdate("log", ["a"], LONGEST)

    assert isinstance(one, Reduce)
    assert one == ChannelUpdate("log", ["a"], LONGEST) == one.holding(["a"])
    assert one != Reduce("log", ["a"], LONGEST)
    assert one != ChannelUpdate("log", ["b"], LONGEST)
    assert ChannelUpdate("log", ["a"]).resolved({"log": LONGEST}) == one


def test_a_rule_that_gives_nothing_leaves_nothing():
    """A channel that got no value is not there."""
    gone = Reducer("gone", lambda old, values: MISSING)

    assert fold({"log": 1, "n": 1}, [ChannelUpdate("log", [], gone)]) == {"n": 1}
    assert fold({"n": 1}, [ChannelUpdate("log", [], gone)]) == {"n": 1}


def test_a_rule_that_refuses_names_the_key():
    """As with any reducer."""

    def refuse(old, values):
        raise ReducerError("wants one value")

    with pytest.raises(ReducerError, match="State key 'log': wants one value"):
        fold({}, [ChannelUpdate("log", [1, 2], Reducer("one", refuse))])


def test_a_lens_lifts_it_as_it_is():
    """It stays one update of all its values."""
    [lifted] = KeyLens("box").lift({"box": {}}, [ChannelUpdate("log", ["a"], LONGEST)])

    assert lifted == ChannelUpdate(("box", "log"), ["a"], LONGEST)


def test_it_goes_through_json_and_pickle():
    """With a rule that is known by its name, or that the graph has."""
    update = ChannelUpdate("log", [freeze({"a": (1, 2)}), "b"], LONGEST)
    form = json.loads(json.dumps(mutation_json(update)))

    assert ChannelUpdate("n", [1], Reducer.SUM).to_json() == {"ChannelUpdate": ["n", [1], "sum"]}
    assert form["ChannelUpdate"][0::2] == ["log", "longest"]
    assert read_mutation(form, {"log": LONGEST}) == update
    assert type(read_mutation(form, {"log": LONGEST})) is ChannelUpdate
    with pytest.raises(ReducerError, match="longest"):
        read_mutation(form)
    plain = ChannelUpdate("n", [1], Reducer.SUM)
    assert pickle.loads(pickle.dumps(plain)) == plain


def test_it_is_stored_and_read_back_as_what_it_is():
    """Without the graph its rule is unknown, and says so when it is asked."""
    update = ChannelUpdate("log", ["a", "b"], LONGEST)
    form = json.loads(json.dumps(PositionWriter(Codec()).mutation(update)))
    known = PositionReader(Codec(), reducers=lambda name, key: LONGEST).mutation(form)
    unknown = PositionReader(Codec()).mutation(form)

    assert known == update
    assert (type(unknown), unknown.values) == (ChannelUpdate, ["a", "b"])
    with pytest.raises(ReducerError, match="'longest' is not known here"):
        fold({}, [unknown])
    assert PositionReader(Codec()).mutation(["k", [1], "sum"]) == Reduce("k", [1], Reducer.SUM)


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("log[*].pin", [[{"pin": "s3cret"}]]),
        ("log[0].pin", [[{}], [{"pin": "s3cret"}]]),
        ("box.pin", [{"a": 1}, {"pin": "s3cret"}]),
        ("box", ["s3cret"]),
    ],
)
def test_what_is_secret_by_its_place_is_so_in_each_of_the_values(path, values):
    """Which of the values it is in says nothing of its place."""
    key = path.partition(".")[0].partition("[")[0]
    update = ChannelUpdate(key, values, LONGEST)
    codec = Codec(redactor=Redactor(paths=[path]))
    forms = [
        codec.written(lambda: PositionWriter(codec).mutation(update))[0].decode(),
        codec.written(lambda: looked_at(mutation_json(update), codec))[0].decode(),
        json.dumps(to_json(update, redact=codec.redactor)),
    ]

    assert not [form for form in forms if "s3cret" in form]
    assert all('"longest"' in form for form in forms)


def test_what_is_no_form_of_it_is_refused():
    """A form is a list of key, values and name."""
    with pytest.raises(StateError):
        read_mutation({"ChannelUpdate": "log"})
    assert fold({"n": 1}, [Put("n", 2)]) == {"n": 2}
