"""What a call costs: by your prices, by those that are listed, or nobody knows (CALLS.md, K6)."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from lellm_nb.calls.call import Call
from lellm_nb.calls.prices import Prices, cost_of
from lellm_nb.errors import DebuggerError
from tests.calls.formats.samples import ANSWERED, TALKS, answered, call, exchange

COUNTS = {"tokens_in": 1_000_000, "tokens_out": 100_000}


@pytest.mark.parametrize("kind", [*TALKS, "embeddings"])
def test_listed_models_cost_what_is_listed(kind):
    """Without a network, and without being asked for."""
    cost = call(kind).cost

    assert cost is not None
    assert 0 < cost < 0.01


def test_cached_input_costs_less():
    """As the list has it."""
    full = cost_of("openai", "gpt-4o-mini", 1000, 0)
    kept = cost_of("openai", "gpt-4o-mini", 1000, 0, cached=1000)

    assert full is not None
    assert kept is not None
    assert 0 < kept < full


@pytest.mark.parametrize("model", ["claude-sonnet-4-5", "anthropic/claude-sonnet-4-5"])
def test_a_gateway_passes_models_of_others_on(model):
    """It speaks as OpenAI does, and its host says nothing."""
    theirs = cost_of("anthropic", "claude-sonnet-4-5", 10, 10)

    assert cost_of("openai", model, 10, 10) == theirs is not None


@pytest.mark.parametrize(
    ("provider", "model", "tokens"),
    [
        ("openai", "my-own-llama", 10),
        ("", "", 10),
        ("openai", None, 10),
        ("openai", "gpt-4o", None),
        ("openai", "gpt-4o", 0),
    ],
)
def test_what_nobody_knows_is_none_and_never_0(provider, model, tokens):
    """A sum that counts an unknown price as nothing is a wrong sum."""
    assert cost_of(provider, model, tokens, tokens) is None


def test_own_prices_win():
    """In dollars per million tokens, of input and of output."""
    prices = Prices({"gpt-4o-mini": (1.0, 10.0)})

    assert prices.cost_of("openai", ["gpt-4o-mini"], **COUNTS) == pytest.approx(2.0)
    assert cost_of("openai", "gpt-4o-mini", 1_000_000, 100_000, prices=prices) == pytest.approx(2.0)


@pytest.mark.parametrize(
    "model",
    ["llama", "llama-2024-08-06", "llama-20250929", "llama@20250514", "llama-0613", "llama-latest"],
)
def test_a_price_holds_for_the_dated_names_of_its_model(model):
    """The name that an API answers with has a day at its end."""
    assert Prices({"llama": (1, 1)}).cost_of("", [model], **COUNTS) == pytest.approx(1.1)


@pytest.mark.parametrize("model", ["llama-mini", "llama-3", "ollama", "llam"])
def test_a_price_holds_for_no_other_model(model):
    """A name that only begins alike is another model."""
    assert Prices({"llama": (1, 1)}).cost_of("", [model], **COUNTS) is None


def test_the_price_of_a_dated_name_holds_for_it_alone():
    """What is more exact is meant."""
    prices = Prices({"llama": (1, 1), "llama-20250101": (2, 2)})

    assert prices.cost_of("", ["llama-20250101"], **COUNTS) == pytest.approx(2.2)
    assert prices.cost_of("", ["llama-20250102"], **COUNTS) == pytest.approx(1.1)


def test_a_third_price_is_for_cached_input():
    """Without it all input costs the same."""
    two, three = Prices({"m": (1, 0)}), Prices({"m": (1, 0, 0.1)})

    assert two.cost_of("", ["m"], **COUNTS, cached=500_000) == pytest.approx(1.0)
    assert three.cost_of("", ["m"], **COUNTS, cached=500_000) == pytest.approx(0.55)


def test_prices_that_are_added_change_what_recorded_calls_cost():
    """A call asks whenever it is looked at."""
    prices = Prices()
    body = json.dumps({**ANSWERED["chat"], "model": "mine-20250101"}).encode()
    one = Call(0, [answered(exchange("chat", model="mine"), body)], prices=prices)
    assert one.cost is None

    prices.add({"mine": (1.0, 2.0)})
    assert one.cost == pytest.approx((812 + 2 * 40) / 1_000_000)

    one.cost_with(Prices({"mine": (2.0, 4.0)}))
    assert one.cost == pytest.approx(2 * (812 + 2 * 40) / 1_000_000)


@pytest.mark.parametrize("price", [(1,), "ab", (1, "2"), (1, -1), (1, float("nan")), None, 3])
def test_what_is_no_price_is_refused(price):
    """With the form that one has."""
    with pytest.raises(DebuggerError, match=r"dollars per million.*'gpt-4o': \(2.5, 10.0\)"):
        Prices({"m": price})


def test_without_the_package_only_own_prices_are_known(monkeypatch):
    """It is an extra."""
    monkeypatch.setitem(sys.modules, "genai_prices", None)

    assert cost_of("openai", "gpt-4o", 10, 10) is None
    assert Prices({"m": (1, 1)}).cost_of("", ["m"], **COUNTS) is not None

    monkeypatch.undo()  # and it may be installed while the kernel runs
    assert cost_of("openai", "gpt-4o", 10, 10) is not None


def test_the_list_is_loaded_where_a_cost_is_looked_at():
    """A run that looks at none does not pay for it."""
    code = (
        "import sys, lellm_nb.calls.call, lellm_nb.calls.call_table;"
        "print({'genai_prices', 'pandas', 'httpx'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout.strip() == "set()"
