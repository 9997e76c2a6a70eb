"""What ends a stream of events: a client may close it there, before its bytes end (K13)."""

from __future__ import annotations

import re

from lellm_nb.calls.exchange import Exchange
from lellm_nb.calls.formats.content_encoding import unpacked

__all__ = ["has_end_mark"]

_MARK = re.compile(
    rb"(?:^|\n)(?:data: ?\[DONE\]"
    rb"|event: ?(?:message_stop|response\.(?:completed|incomplete|failed))\r?\ndata:[^\n]*"
    # litellm reads an answer of Anthropic's to the reason why it ends, and no further
    rb'|data:[^\n]*"message_delta"[^\n]*"stop_reason": ?"[^\n]*)\r?\n'
)


def has_end_mark(exchange: Exchange) -> bool:
    r"""Tell whether an answer in events has come to its end mark.

    Example:
        >>> one = Exchange("POST", "http://m/v1", (), b"")
        >>> one.response_headers = (("content-type", "text/event-stream"),)
        >>> one.chunks = [(0.1, b'data: {"n": 1}\n\nda'), (0.2, b"ta: [DONE]\n\n")]
        >>> has_end_mark(one)
        True
        >>> one.chunks.pop()
        (0.2, b'ta: [DONE]\n\n')
        >>> has_end_mark(one)
        False
    """
    if "event-stream" not in exchange.header("content-type"):
        return False
    body = unpacked(exchange.content, exchange.header("content-encoding"))
    return _MARK.search(body) is not None
