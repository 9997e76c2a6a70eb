"""A step over recorded calls, outside of any run: nothing is sent (CALLS.md, K10)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lellm_nb.calls.call_form import StoredCalls
from lellm_nb.calls.exchange import Exchange
from lellm_nb.calls.matching import key_maker, without_host
from lellm_nb.calls.redacting import without_secrets
from lellm_nb.calls.request_diff import differs
from lellm_nb.calls.serving import Serving
from lellm_nb.calls.tape import Tape
from lellm_nb.calls.wire.install import install, uninstall
from lellm_nb.engine.output_capture import RUNNING, OutputCapture, running_tape
from lellm_nb.errors import CallDiffersError
from lellm_nb.record.codec.values import Codec
from lellm_nb.record.redaction.redactor import Redactor

__all__ = ["serving_calls"]


@contextmanager
def serving_calls(forms: Any, path: str) -> Iterator[None]:
    """Have what is asked in this block answered by recorded calls, each once, at any host.

    Args:
        forms: Calls as JSON data, their texts in their places.
        path: Of the node that is meant.

    Raises:
        CallDiffersError: Something else was asked than what was recorded.
    """
    redactor = Redactor()

    def clean(value: Any) -> Any:
        return without_secrets(redactor, value)

    def how(new: Exchange, old: Exchange | None) -> str:
        if old is not None and without_host(new.url) == without_host(old.url):
            new = Exchange(new.method, old.url, new.headers, new.body)
        return differs(new, old, clean=clean)

    recorded = StoredCalls(forms, read=Codec().value, get=str)
    serving = Serving(recorded, onwards=False, differs=how)
    node = OutputCapture()
    tape = node.tape = Tape(path, key=key_maker(clean, any_host=True), serving=serving)
    install(running_tape, RUNNING.get)
    before = RUNNING.set(node)
    try:
        yield
    except BaseException:
        if tape.stopped is None:
            raise
    finally:
        RUNNING.reset(before)
        uninstall()
    if tape.stopped is not None:
        way = "Nothing was sent; if it is to ask that, write the test of a newer step."
        raise CallDiffersError(str(tape.stopped), path, way) from None
