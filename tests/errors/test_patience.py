"""S10: a look that takes long is given up on the main thread, and nobody is asked a third time."""

from __future__ import annotations

import signal
import threading
from typing import Any

import pytest

from lellm_nb import Debugger
from lellm_nb.errors import patience
from lellm_nb.errors.safe_text import safe_repr, safe_str
from tests.strategies import chain

# the other method takes the alarm, which is then left alone
pytestmark = pytest.mark.timeout(60, method="thread")


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up soon."""
    monkeypatch.setattr(patience, "MOST", 0.05)
    monkeypatch.setattr(patience, "_counts", {})


def busy(_: Any) -> str:
    """Never end, and let nothing out."""
    while True:
        try:
            while True:
                pass
        except Exception:
            continue


def waiting(_: Any) -> str:
    """Never end, in C code."""
    threading.Event().wait()
    raise AssertionError("it ended")


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("hang", [busy, waiting])
@pytest.mark.parametrize("ask", ["__repr__", "__str__"])
def test_a_text_that_never_ends_is_shown_as_such(hang: Any, ask: str) -> None:
    value = type("Client", (), {ask: hang})()
    text = safe_repr(value) if ask == "__repr__" else safe_str(value)
    assert text == f"<Client: {ask.strip('_')} takes long>"


@pytest.mark.usefixtures("hurried")
def test_what_stands_beside_it_is_shown_and_the_container_is_not_to_blame() -> None:
    hangs = type("Client", (), {"__repr__": waiting})()
    value = {"a": [1, hangs], "b": 2}
    assert safe_repr(value) == "{'a': [1, <Client: repr takes long>], 'b': 2}"
    assert safe_repr(value, 60) == "{'a': [1, <Client: repr takes long>], 'b': 2}"
    assert safe_repr({"a": 1}) == "{'a': 1}"


@pytest.mark.usefixtures("hurried")
def test_every_look_at_a_run_ends() -> None:
    hangs = type("Client", (), {"__repr__": waiting})

    def node(ctx: Any) -> dict[str, Any]:
        return {"client": hangs(), "n": 1}

    dbg = Debugger(chain(node))
    dbg.run()
    looks = (
        repr(dbg.state),
        dbg.history("client").to_string(),
        dbg.frames.to_pandas(keys=["client"])._repr_html_(),
        str(dbg.diff(0, 1)),
    )
    assert all("takes long" in look for look in looks)


def test_who_took_long_twice_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "LONG", 0.0)
    monkeypatch.setattr(patience, "_counts", {})
    asked = []

    class Slow:
        def __repr__(self) -> str:
            asked.append(1)
            return "slow"

    texts: list[str] = []
    thread = threading.Thread(target=lambda: texts.extend(safe_repr(Slow()) for _ in range(4)))
    thread.start()
    thread.join()
    assert texts == ["slow", "slow", "<Slow: repr takes long>", "<Slow: repr takes long>"]
    assert len(asked) == 2


def test_who_was_slow_once_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_counts", {})
    value = type("Client", (), {"__repr__": lambda self: "client"})()
    for limit in (0.0, 1e9, 0.0, 1e9):
        monkeypatch.setattr(patience, "LONG", limit)
        assert safe_repr(value) == "client"


def test_an_alarm_of_the_program_s_own_stays_its_own() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, frame: heard.append(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, 3600)
        mine = signal.getsignal(signal.SIGALRM)
        assert safe_repr(type("Client", (), {"__repr__": lambda self: "client"})()) == "client"
        assert signal.getsignal(signal.SIGALRM) is mine
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_nothing_of_ours_is_left_behind() -> None:
    assert safe_repr(type("Client", (), {"__repr__": lambda self: "client"})()) == "client"
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    assert not any(signal.getitimer(signal.ITIMER_REAL))
