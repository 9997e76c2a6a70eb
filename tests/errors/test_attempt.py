"""What may raise anything is asked, and a person's interrupt goes through (SEMANTICS S10)."""

from __future__ import annotations

import gc
import os
import signal
import threading

import pytest

from lellm_nb.errors.attempt import attempt, is_interrupt
from lellm_nb.errors.safe_text import safe_repr


@pytest.fixture(autouse=True)
def no_collection():
    """A signal that comes while Python collects is lost in whatever listens to that."""
    gc.disable()
    yield
    gc.enable()


def raises(kind):
    def ask():
        raise kind

    return ask


@pytest.mark.parametrize("kind", [ValueError, SystemExit, GeneratorExit, KeyboardInterrupt])
def test_what_raises_is_missing(kind):
    """Whatever it raises by itself."""
    assert attempt(raises(kind), "missing") == "missing"
    assert attempt(lambda: 3, "missing") == 3


def test_an_interrupt_of_a_person_goes_through():
    """It ends the look; a KeyboardInterrupt that a repr raises by itself is shown."""

    class Long:
        def __repr__(self):
            os.kill(os.getpid(), signal.SIGINT)
            return "never" * 1_000

    class Raises:
        def __repr__(self):
            raise KeyboardInterrupt

    assert safe_repr(Raises()) == "<Raises: repr raised KeyboardInterrupt>"
    assert not is_interrupt(SystemExit())
    with pytest.raises(KeyboardInterrupt):
        safe_repr([Long()])


def test_nobody_interrupts_another_thread():
    """A signal comes to the main thread, so what is raised elsewhere was raised by code."""
    told = []

    def ask():
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as error:
            told.append(is_interrupt(error))

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()

    assert told == [False]


def test_a_handler_of_another_kind_is_a_person_too():
    """Whoever raises in the handler of the signal speaks for the person who sent it."""

    def handler(_number, _frame):
        raise KeyboardInterrupt

    old = signal.signal(signal.SIGINT, handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            attempt(lambda: os.kill(os.getpid(), signal.SIGINT))
    finally:
        signal.signal(signal.SIGINT, old)
